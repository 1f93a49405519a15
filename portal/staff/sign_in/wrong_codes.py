"""Who is told that somebody knows a password and does not know the code."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from billing import audit
from billing.models import Staff
from billing.outbox.queue import queue_message

TASK = "password_known"  # a staff task, of operations
MESSAGE = "staff_wrong_code"


def tell(member: Staff, *, used_up: bool, now: datetime) -> None:
    """Tell the owner of an account, at most once a day, that its password and a wrong code came from a strange browser.

    Operations get a task when nothing more may be guessed (`used_up`), or when the owner has no address.
    """
    with transaction.atomic():
        audit.record("staff_wrong_code", by="anonymous", staff=member.pk)
        day = timezone.localdate(now)
        if member.email:
            queue_message(
                MESSAGE,
                invoice=None,
                recipient=member.email,
                context={"username": member.username, "at": now},
                dedupe_key=f"{MESSAGE}:{member.pk}:{day}",
                now=now,
            )
        if used_up or not member.email:
            audit.open_alarm(TASK, cause=f"staff:{member.pk}", note=audit.name_of(member), now=now)
