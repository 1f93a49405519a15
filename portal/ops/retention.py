"""Data retention for all rooms, and of what the project itself stores: sessions, sign-ins, files of practices."""

import logging
from collections import Counter
from datetime import date, timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.module_loading import import_string

from billing import audit, rooms, rows
from billing.colleagues import invitations
from billing.law.calendar import begin_of
from billing.models import LastRun
from billing.submission import uploads
from portal.api import once
from portal.webhooks import delivery, events

log = logging.getLogger(__name__)
SANDBOX = "sandbox.retention.delete_expired"  # by name, because the sandbox is not always installed


def run_day(today: date) -> None:
    """Erase everything whose retention term is over; log the counts, and record them in the audit trail if any.

    A day in the future, as `run_daily --today` may ask for, counts as today: planning can be undone, this can't.
    """
    today = min(today, timezone.localdate())
    counts: Counter[str] = Counter()
    for room in rooms.announcements():
        if room.retention:
            counts.update(room.retention(today))  # two rooms may count the same thing
    found: dict[str, Any] = {name: count for name, count in counts.items() if count}
    if found:
        audit.record("data_erased", by="system", **found)
    log.info("erased: %s", ", ".join(f"{name} {count}" for name, count in found.items()) or "nothing")
    LastRun.record(LastRun.RETENTION, at=timezone.now())


def delete_expired(today: date) -> dict[str, int]:
    """Delete expired sessions, old invitations, old sign-ins and files of practices; return how many of each."""
    sign_ins = begin_of(today - timedelta(days=settings.RETAIN_SIGN_IN_DAYS))
    return {
        "sessions": rows.delete(Session.objects.filter(expire_date__lt=timezone.now())),
        "sign_ins": sum(
            model.objects.filter(attempt_time__lt=sign_ins).delete()[0]
            for model in (AccessAttempt, AccessFailureLog, AccessLog)
        ),
        "invitations": invitations.delete_old(begin_of(today)),
        "sandbox_rows": _delete_sandbox_rows(today),
        "api_answers": once.delete_old(before=begin_of(today - timedelta(days=once.KEPT_DAYS))),
        "webhook_deliveries": delivery.delete_old(before=begin_of(today - timedelta(days=delivery.KEPT_DAYS))),
        "api_events": events.delete_old(before=begin_of(today - timedelta(days=events.KEPT_DAYS))),
        **uploads.erase_expired(today),
    }


def _delete_sandbox_rows(today: date) -> int:
    if not settings.SANDBOX:
        return 0
    return import_string(SANDBOX)(before=begin_of(today - timedelta(days=settings.RETAIN_SANDBOX_DAYS)))
