"""Signals: what somebody wants us to know without an answer, and without saying who they are.

There are no anonymous complaints, because nobody could answer them. A signal has no number, no clock and no file.
"""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.law.calendar import begin_of
from complaints.handling import LONGEST
from complaints.models import Signal


def give(text: str) -> Signal:
    """Keep what somebody wants us to know. Raises Refused when it is empty or too long."""
    text = text.strip()
    if not text:
        raise Refused(_("Write something first."))
    if len(text) > LONGEST:
        raise Refused(_("This is too long: at most %(max)d characters.") % {"max": LONGEST})
    row = Signal()
    row.text = text
    row.save(force_insert=True)
    return row


def unread() -> QuerySet[Signal]:
    """Return the signals that nobody has read yet, the oldest first."""
    return Signal.objects.filter(read_at=None)


def read(signal_id: int, *, staff: Any) -> None:
    """Note that a signal was read. Raises Refused when it was, or is not there."""
    with transaction.atomic():
        by = audit.name_of(staff)
        if not unread().filter(pk=signal_id).update(read_at=timezone.now(), read_by=by):
            raise Refused(_("Somebody else read this one already."))
        audit.record("complaint_signal_read", by=by)


def erase(today: date) -> int:
    """Delete what was read long ago; return how many there were."""
    over = begin_of(today - timedelta(days=settings.COMPLAINTS_SIGNALS_DAYS))
    return Signal.objects.filter(read_at__lt=over).delete()[0]
