"""Why a claim may not go to an agency: one list, for the page and for the transaction that hands over.

Whatever another room knows of a person or an invoice it announces (`rooms.kept_back`).
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing import ledger, rooms
from billing.dunning.blockers import PAYMENT_IN_PROGRESS, REASONS, is_of_parents
from billing.invoices import limitation, schedule
from billing.ledger.breakdown import parts_of
from billing.models import (
    Hold,
    Invoice,
    OutboxMessage,
    Patient,
    Payer,
    PaymentPlan,
    Receipt,
    ReminderStep,
    StaffTask,
)
from billing.patients import age
from billing.payments import shares
from debt_collection.models import Claim

Step, Status, Task = ReminderStep.Step, ReminderStep.Status, StaffTask.Kind
Text = str | Promise
# Somebody has to look at these first: each may mean that less is owed, or that the patient was never told.
UNSETTLED = (
    Task.SURPLUS, Task.PAYMENT_MISMATCH, Task.RECEIPT_TO_CONFIRM, Task.REALLOCATION_TO_CONFIRM, Task.CHARGEBACK,
    Task.REFUNDED, Task.PAID_ON_HOLD, Task.MESSAGE_FAILED, Task.MESSAGE_IN_DOUBT, Task.INVOICE_UNDELIVERED,
    Task.SMALL_REST, Task.MINOR_WITHOUT_PAYER,
)  # fmt: skip


def is_ready(invoice: Invoice) -> bool:
    """Tell whether the last letter of an invoice has passed, and it was left to staff."""
    taken = ReminderStep.objects.filter(invoice=invoice, step=Step.HAND_OVER, status=Status.TAKEN)
    return invoice.next_step == Step.HAND_OVER and taken.exists()


def of_claim(invoice: Invoice, *, now: datetime, today: date) -> Iterator[Text]:
    """Yield why this invoice may not be handed over now, in words for staff."""
    if invoice.withdrawn_at:
        yield _("the invoice was withdrawn")
    if not is_ready(invoice):
        yield _("the last letter about it has not passed")
    if Claim.objects.filter(invoice=invoice, closed_at=None, hand_over__offered_at__isnull=False).exists():
        yield _("an agency has it already")
    if Hold.objects.filter(invoice=invoice, released_at=None).exists():
        yield _("the invoice is on hold")
    if PaymentPlan.objects.filter(invoice=invoice, status=PaymentPlan.Status.ACTIVE).exists():
        yield _("the patient pays later or in parts, as agreed")
    if is_of_parents(invoice):
        yield REASONS["minor"]
    parts = parts_of(invoice)
    if parts.principal < settings.HAND_OVER_FROM_PRINCIPAL or parts.total < settings.HAND_OVER_FROM_REST:
        yield _("too little is left to pay")
    if limitation.is_over(invoice, today=today):
        yield REASONS["limitation"]
    if any(payment.created_at > now - PAYMENT_IN_PROGRESS for payment in shares.live([invoice.pk])):
        yield _("somebody is paying right now")
    yield from _letters(invoice)
    yield from rooms.kept_back(invoice)


def _letters(invoice: Invoice) -> Iterator[Text]:
    """Yield what is wrong with the letters on which the claim rests: one that never arrived was never sent."""
    standing = ReminderStep.objects.filter(invoice=invoice, status__in=schedule.STANDING).select_related(
        "letter__message"
    )
    rows = [row for row in standing if row.step not in (Step.NOTE, Step.HAND_OVER)]
    messages = [row.letter.message for row in rows if row.letter and row.letter.message]
    failed = (OutboxMessage.Status.FAILED, OutboxMessage.Status.IN_DOUBT)
    if any(message.bounced_at or message.status in failed for message in messages):
        yield _("a letter about it did not arrive")
    if not any(row.step == Step.FINAL_NOTICE and row.status == Status.TAKEN for row in rows):
        yield _("no 14-day letter stands")


def of_debtor(patients: Sequence[Patient], *, today: date) -> Iterator[Text]:
    """Yield why nothing of this debtor may be handed over now, whichever invoice it is."""
    keys = [patient.pk for patient in patients]
    payers = {payer.patient_id: payer for payer in Payer.objects.filter(patient__in=keys)}
    if any(payer.relation in Payer.APART for payer in payers.values()):
        yield _("somebody else answers for this patient by law")
    if any(age.is_minor(patient, today=today) and patient.pk not in payers for patient in patients):
        yield _("the patient is a minor, and nobody who pays is known")
    invoices = Invoice.objects.filter(patient__in=keys, erased_at=None)
    rows: Any = ledger.with_balance(invoices)
    if any(row.balance is not None and row.balance < 0 for row in rows):
        yield _("this debtor has credit on another invoice")
    if Receipt.objects.filter(invoice__in=invoices, status=Receipt.Status.PROPOSED).exists():
        yield _("a payment of this debtor waits for a second person")
    about = Q(invoice__in=invoices) | Q(payment__invoice__in=invoices)
    if StaffTask.objects.filter(about, kind__in=UNSETTLED, closed_at=None).exists():
        yield _("a task about an invoice of this debtor is open: settle it first")
