"""Letting go, for all rooms together: what each room lets go of, and what the front door itself remembers."""

import logging
from datetime import date, timedelta
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.module_loading import import_string

from billing import audit, rows
from billing.law.calendar import begin_of
from billing.privacy import retention
from coulance import retention as coulance_retention
from guests import throttle
from guests.models import SmsDevice

log = logging.getLogger(__name__)
SANDBOX = "sandbox.retention.forget"  # named and not imported: that room is not always there


def run_day(today: date) -> None:
    """Everything whose time is over. Logged with counts; one line in the audit trail when there was any.

    Never for a day that lies ahead, as `run_daily --today` may ask: planning can be undone, this can't.
    """
    today = min(today, timezone.localdate())
    counts = retention.run_day(today) | coulance_retention.run_day(today) | delete_expired(today)
    found: dict[str, Any] = {name: count for name, count in counts.items() if count}
    if found:
        audit.record("data_erased", by="system", **found)
    log.info("forgotten: %s", ", ".join(f"{name} {count}" for name, count in found.items()) or "nothing")


def delete_expired(today: date) -> dict[str, int]:
    """What the front door remembers of visitors and of staff who signed in."""
    now = timezone.now()
    codes = begin_of(today - timedelta(days=settings.RETAIN_CODE_DAYS))
    sign_ins = begin_of(today - timedelta(days=settings.RETAIN_SIGN_IN_DAYS))
    throttle.delete_idle(now=now)
    return {
        "sessions": rows.delete(Session.objects.filter(expire_date__lt=now)),
        "codes": rows.delete(SmsDevice.objects.filter(valid_until__lt=codes)),
        "sign_ins": sum(
            model.objects.filter(attempt_time__lt=sign_ins).delete()[0]
            for model in (AccessAttempt, AccessFailureLog, AccessLog)
        ),
        "sandbox_rows": _delete_sandbox_rows(today),
    }


def _delete_sandbox_rows(today: date) -> int:
    if not settings.SANDBOX:
        return 0
    return import_string(SANDBOX)(before=begin_of(today - timedelta(days=settings.RETAIN_SANDBOX_DAYS)))
