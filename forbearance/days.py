"""The day's work on forbearance: what has a last day ends by itself after it."""

from datetime import date
from functools import partial

from django.db import transaction
from django.utils import timezone

from billing import audit
from billing.failures import isolated
from billing.invoices import intake
from billing.models import Invoice
from billing.patients import registration
from forbearance import rests
from forbearance.models import Forbearance

BY = "system"


def run_day(today: date) -> None:
    """End what lasted until before `today`. Running it again changes nothing."""
    over = Forbearance.objects.filter(ended_at=None, until__lt=today).order_by("pk")
    for row_id, patient_id in list(over.values_list("pk", "patient_id")):
        about = Invoice.objects.filter(patient=patient_id, settled_at=None)
        act = partial(end, row_id, by=BY, today=today, only_over=True)
        isolated(act, rule="forbearance that ends", row=row_id, about=about)


def end(row_id: int, *, by: str, today: date, only_over: bool = False, written: str = "") -> bool:
    """End a forbearance: what rested because of it goes on, with a new last day to pay; return False when it had ended.

    `only_over`: unless its last day has not passed, because somebody extended it meanwhile.
    """
    provider_id = Forbearance.objects.values_list("patient__provider_id", flat=True).get(pk=row_id)
    with transaction.atomic():
        intake.lock_provider(provider_id)
        row = Forbearance.objects.select_related("patient__provider").get(pk=row_id)
        if row.ended_at or (only_over and (row.until is None or row.until >= today)):
            return False
        row.ended_at, row.ended_by = timezone.now(), by
        row.save(update_fields=["ended_at", "ended_by"])
        invoice = Invoice.objects.filter(patient=row.patient_id).order_by("pk").last()
        audit.record("forbearance_ended", by=by, invoice=invoice, written=written, kind=row.kind)
        if row.kind in rests.RELATIONS:
            registration.represent(row.patient, None, by=by)
        rests.lift(row, by=by, today=today)
    return True
