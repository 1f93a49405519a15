"""Retention of forbearance: a ground goes some years after it ended, and with the last invoice of the patient."""

from datetime import date

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from billing import rows
from billing.law.calendar import anniversary, begin_of
from billing.models import Invoice
from forbearance.models import Forbearance


def run_day(today: date) -> dict[str, int]:
    """Delete what is past its term on `today`; return how many there were. Running it again finds nothing."""
    over = begin_of(anniversary(today, -settings.FORBEARANCE_KEPT_YEARS))
    has_invoice = Exists(Invoice.objects.filter(patient=OuterRef("patient"), erased_at=None))
    return {"forbearances": rows.delete(Forbearance.objects.filter(Q(ended_at__lt=over) | ~has_invoice))}
