"""A forgotten password: a mail with a link that works once and for an hour; the code app is asked as ever."""

import re
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse

from billing import audit, links
from billing.models import OutboxMessage, Staff
from billing.outbox.queue import queue_message

LINK, CHANGED = "staff_password_link", "staff_password_changed"  # messages
_PLACEHOLDER = re.compile(r"password-link:(\d+)")
_NOBODY = "niemand@example.invalid"


def queue_link(username: str, *, may_send: bool, now: datetime) -> None:
    """Queue a mail with a link for the account of this name, if there is one with an address.

    Whoever asks can't tell whether there is: for no account, and when `may_send` is false, the same work is done and
    undone.
    """
    found = Staff.objects.filter(username=username, is_active=True).exclude(email="").first()
    member = found if may_send else None
    with transaction.atomic():
        key = member.pk if member else 0
        audit.record("staff_password_link_asked", by="anonymous", staff=key)
        context = {"username": member.username if member else "…", "link": f"password-link:{key}"}
        queue_message(
            LINK, invoice=None, recipient=member.email if member else _NOBODY, context=context,
            dedupe_key=f"{LINK}:{key}:{now.isoformat()}", now=now,
        )  # fmt: skip
        if member is None:
            transaction.set_rollback(True)


def with_link(_message: OutboxMessage, body: str) -> str:
    """Return the body of the mail with the link in it, made as it leaves: the row of the mail holds none."""

    def link(found: re.Match[str]) -> str:
        member = Staff.objects.get(pk=int(found[1]))
        return links.absolute(reverse("admin:new_password", args=[link_of(member)]))

    return _PLACEHOLDER.sub(link, body)


def link_of(member: Staff) -> str:
    """Return the part of the address that lets this person choose a new password: good for PASSWORD_RESET_TIMEOUT.

    It ends with the next sign-in and with any change of the password.
    """
    return f"{member.pk}.{default_token_generator.make_token(member)}"


def read(link: str) -> Staff | None:
    """Return whose link it is; None when it is not ours, was used, or is too old."""
    key, _dot, token = link.partition(".")
    member = Staff.objects.filter(pk=int(key), is_active=True).first() if re.fullmatch(r"[0-9]{1,18}", key) else None
    return member if member is not None and default_token_generator.check_token(member, token) else None


def check(member: Staff, password: str) -> None:
    """Raise ValidationError with what is wrong with a password for this person."""
    validate_password(password, member)


def choose(member: Staff, password: str, *, now: datetime) -> None:
    """Give an account the password that its owner chose, tell them, and end all of its sessions.

    The caller has looked at link and code. Raises ValidationError with what is wrong with the password.
    """
    check(member, password)
    with transaction.atomic():
        member.set_password(password)
        member.password_given = False
        member.save(update_fields=["password", "password_given"])  # the password is a part of every session
        audit.record("staff_password_chosen_anew", by=audit.name_of(member), staff=member.pk)
        queue_message(
            CHANGED, invoice=None, recipient=member.email, context={"username": member.username, "at": now},
            dedupe_key=f"{CHANGED}:{member.pk}:{now.isoformat()}", now=now,
        )  # fmt: skip
