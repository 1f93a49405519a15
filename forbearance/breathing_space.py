"""A breathing space: for some weeks no letters, costs or interest, taken by whoever pays, once in twelve months.

Nobody has to say why, and paying stays possible. It covers all invoices of one practice for which the same person
answers, so that a mother of three takes one and not three.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.errors import Refused
from billing.invoices import intake, limitation, schedule
from billing.invoices.debtors import patients_of_debtor
from billing.law.calendar import anniversary
from billing.models import Hold, Invoice
from forbearance import notices, rests
from forbearance.models import Forbearance

KIND = Forbearance.Kind.BREATHING_SPACE


@dataclass(frozen=True, slots=True)
class Offer:
    """What is possible today. `running_until`: the last day of the one that runs.

    `no_space` says why another is not possible; empty: it is. `lasts_until`: the last day of one that begins today.
    """

    running_until: date | None
    no_space: str
    lasts_until: date


def offer(invoice: Invoice, *, today: date) -> Offer:
    """Return what whoever pays this invoice may take today."""
    last = _last(patients_of_debtor(invoice.patient))
    running = last.until if last and last.ended_at is None else None
    return Offer(running, _why_not(invoice, last, today), today + timedelta(days=settings.BREATHING_SPACE_DAYS))


def take(invoice_id: int, *, by: str = "patient", today: date | None = None) -> Forbearance:
    """Begin a breathing space for whoever pays this invoice, and confirm it by mail; return the patient's own row.

    Asked again while it runs, it is the same one. Raises Refused, with a sentence for the patient, when nothing is left
    to pay, when the invoice rests on another ground, or when the last one began less than twelve months ago.
    """
    today = today or timezone.localdate()
    with transaction.atomic():
        intake.lock_provider(Invoice.objects.values_list("provider_id", flat=True).get(pk=invoice_id))
        invoice = Invoice.objects.select_related("provider", "patient").get(pk=invoice_id)
        patients = patients_of_debtor(invoice.patient)
        if running := Forbearance.objects.filter(patient=invoice.patient_id, kind=KIND, ended_at=None).first():
            return running
        if refusal := _why_not(invoice, _last(patients), today):
            raise Refused(refusal)
        until = today + timedelta(days=settings.BREATHING_SPACE_DAYS)
        invoices = rests.open_invoices(patients)
        rows = [Forbearance(patient_id=pk, kind=KIND, since=today, until=until, reported_by=by) for pk in patients]
        voided = [day for day in map(schedule.running_final_notice, invoices) if day]
        for row in rows:
            row.save(force_insert=True)
            rests.place(row, invoices, by=by)
        audit.record_each("breathing_space_taken", by=by, invoices=invoices, on=str(until))
        notices.begun(invoice, invoices, until=until, voided=max(voided, default=None))
    return next(row for row in rows if row.patient_id == invoice.patient_id)


def _last(patients: list[int]) -> Forbearance | None:
    return Forbearance.objects.filter(patient__in=patients, kind=KIND).order_by("since", "pk").last()


def _why_not(invoice: Invoice, last: Forbearance | None, today: date) -> str:
    if invoice.withdrawn_at or not ledger.outstanding(invoice.pk):
        return _("Nothing is left to pay on this invoice.")
    if limitation.is_over(invoice, today=today):
        return _("This invoice is so old that you do not have to pay it any more.")
    others = [reason for reason in rests.HOLDS.values() if reason != rests.HOLDS[KIND]]
    if Hold.objects.filter(invoice=invoice, reason__in=others, released_at=None).exists():
        return _("This invoice rests already. You get no letters, and no costs are added.")
    if last is None or anniversary(last.since, 1) <= today:
        return ""
    return _("You can have a breathing space once in twelve months. The next one is possible from %(day)s.") % {
        "day": date_format(anniversary(last.since, 1), "DATE_FORMAT")
    }
