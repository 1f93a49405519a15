"""What helps a patient: noted with their consent, for twelve months, seen and removed by them, and acted on.

More time gives a later last day to pay; paper and large print make a task for staff to print and post each letter. The
others are shown to staff where they act. Nobody asks why.
"""

from collections.abc import Collection, Iterator
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.invoices import intake, schedule
from billing.invoices.letter_steps import LETTERS
from billing.law.calendar import DAY, anniversary, begin_of
from billing.ledger import lock_invoice
from billing.models import Invoice, OutboxMessage, Patient
from billing.rooms import Text
from forbearance.models import Need

Kind = Need.Kind
LASTS_YEARS = 1
PRINTED = (Kind.PAPER, Kind.LARGE_PRINT)
TO_PRINT = "letter_to_print"  # a task for staff
LOOKS_BACK = timedelta(days=14)  # for letters that left while the day's work did not run
_LETTERS = [
    *{letter.message for letter in LETTERS.values()},
    "hold_ended",
    "forbearance_over",
    "forbearance_begun",
    "forbearance_represented",
]


def of(patient_id: int, *, today: date) -> QuerySet[Need]:
    """Return what helps a patient now."""
    return Need.objects.filter(patient=patient_id, until__gte=today)


def keep(patient_id: int, kinds: Collection[str], *, by: str, today: date) -> None:
    """Keep what the patient wants from today for a year, and remove what they no longer want.

    Raises Refused for what is no wish.
    """
    if not set(kinds) <= set(Kind.values):
        raise Refused(_("Choose what helps you."))
    with transaction.atomic():
        intake.lock_provider(Patient.objects.values_list("provider_id", flat=True).get(pk=patient_id))
        Need.objects.filter(patient=patient_id).exclude(kind__in=kinds).delete()
        until = anniversary(today, LASTS_YEARS) - DAY
        for kind in kinds:
            defaults = {"since": today, "until": until, "noted_by": by}
            Need.objects.update_or_create(patient_id=patient_id, kind=kind, defaults=defaults)
        newest = Invoice.objects.filter(patient=patient_id, erased_at=None).order_by("pk").last()
        audit.record("needs_kept", by=by, invoice=newest)  # not which: the list itself says it


def in_words(invoice: Invoice, today: date) -> list[Text]:
    """Return what helps the patient of an invoice, in words for staff."""
    return [need.get_kind_display() for need in of(invoice.patient_id, today=today)]


def more_time(patient_id: int, *, today: date) -> timedelta:
    """Return how much later than others this patient pays: nothing, unless they asked for more time."""
    wants = of(patient_id, today=today).filter(kind=Kind.MORE_TIME).exists()
    return timedelta(days=settings.MORE_TIME_DAYS if wants else 0)


def give_time(invoices: Collection[Invoice], *, today: date) -> None:
    """Give new invoices of patients who asked for it a later last day to pay; called in their transaction."""
    patients = {invoice.patient_id for invoice in invoices}
    wants = Need.objects.filter(patient__in=patients, kind=Kind.MORE_TIME, until__gte=today)
    asked = set(wants.values_list("patient_id", flat=True))
    for invoice in invoices:
        if invoice.patient_id in asked:
            locked = lock_invoice(invoice.pk)
            later = locked.due_on + timedelta(days=settings.MORE_TIME_DAYS)
            schedule.interrupt(locked, due_on=later, today=today)


def run_day(today: date) -> None:
    """Leave the letters of who wants paper to staff to print, and forget what is over."""
    Need.objects.filter(until__lt=today).delete()
    for message in _to_print(today):
        audit.open_task(TO_PRINT, dedupe_key=str(message.pk), invoice=message.invoice)


def _to_print(today: date) -> Iterator[OutboxMessage]:
    sent = OutboxMessage.objects.filter(kind__in=_LETTERS, status=OutboxMessage.Status.SENT).select_related("invoice")
    for need in Need.objects.filter(kind__in=PRINTED).order_by("pk"):
        since = begin_of(max(need.since, today - LOOKS_BACK))
        yield from sent.filter(invoice__patient=need.patient_id, sent_at__gte=since).order_by("pk")
