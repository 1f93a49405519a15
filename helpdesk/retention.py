"""Retention of the helpdesk: what was written goes some years after it came; that it came, and when, stays.

Questions without an answer and call-backs go whole, after weeks.
"""

from datetime import date

from django.conf import settings

from billing.law.calendar import anniversary, begin_of
from helpdesk import callbacks
from helpdesk.assistant import unanswered
from helpdesk.models import InvoiceMessage


def run_day(today: date) -> dict[str, int]:
    """Erase what is past its term on `today`; return how many there were. Running it again finds nothing."""
    over = begin_of(anniversary(today, -settings.MESSAGES_KEPT_YEARS))
    past = InvoiceMessage.objects.filter(at__lt=over).exclude(staff=None, ended_at=None).exclude(sealed_text=b"")
    return {
        "invoice_messages": past.update(sealed_text=b""),
        "unanswered_questions": unanswered.erase(today),
        "callbacks": callbacks.erase(today),
    }
