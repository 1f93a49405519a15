"""Receipts: staff book money that came by transfer, in cash or by card, on the day on which it came.

It is booked by value date (6:114 BW): reminders, costs and interest that the day of payment makes untrue are undone by
what rooms announce for money received, and the patient gets a receipt as for any payment.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, rooms
from billing.errors import FormUsed, Refused
from billing.invoices.holds import is_on_hold
from billing.law.calendar import begin_of
from billing.ledger import lock_invoice, lock_invoices
from billing.ledger.entries import balance_of, sides_of
from billing.ledger.events import Share
from billing.models import AllocationNote, Invoice, LedgerTransaction, Receipt, Staff, StaffTask
from billing.money import ZERO
from billing.outbox.queue import queue_message
from billing.payments import refunds
from billing.payments.attempts import supersede_live
from billing.payments.credit import stays_covered
from billing.payments.rest import after_undoing, receipt_facts
from billing.payments.shares import MOVED
from billing.rights import by_two
from billing.transitions import advance

Status, Kind, Task = Receipt.Status, LedgerTransaction.Kind, StaffTask.Kind
_MAY_BE_THE_SAME = timedelta(days=1)
_BEFORE_INVOICE = timedelta(days=182)  # an advance is not paid longer before; a mistyped year is
_LATEST = timedelta(days=5 * 365)  # a claim on it is barred after five years (3:309 BW)


@dataclass(frozen=True, slots=True)
class Received:
    """Money that came another way, as a member of staff reports it; `amount` in euros.

    `reference`: what the payer had written. `reason`: where the money was seen. `key`: that of the form, so that a
    doubled click reports once.
    """

    amount: Decimal
    received_on: date
    road: Receipt.Road
    reference: str
    reason: str
    by: Staff
    key: str


def report(
    invoice: Invoice,
    received: Received,
    *,
    today: date,
    rule: AllocationNote.Rule = AllocationNote.Rule.DESIGNATED,
    whole: Decimal | None = None,
) -> Receipt:
    """Report money that the practice received; book it at once, or, above the limit, let a second person confirm it.

    `rule`: why it is for this invoice. `whole`: the amount of which this is a part, which counts for the limit. Raises
    Refused, in the reader's words, for a day in the future or over five years ago, for more than what is owed, without
    a reason, and for a form that was used for something else.
    """
    amount, by = received.amount, received.by
    with transaction.atomic():
        by_two.lock_practices([invoice.pk])
        locked = lock_invoice(invoice.pk)
        known = Receipt.objects.filter(key=received.key, invoice=locked).first()
        if known:
            if (known.amount, known.received_on, known.road) != (amount, received.received_on, received.road):
                raise FormUsed
            return known
        _refuse_if_wrong(locked, received, today)
        receipt = Receipt(
            invoice=locked, amount=amount, received_on=received.received_on, road=received.road, reported_by=by,
            key=received.key, rule=rule,
        )  # fmt: skip
        receipt.words = {"reference": received.reference.strip(), "reason": received.reason.strip()}
        receipt.save(force_insert=True)
        if _is_too_much(locked, whole or amount, key=received.key):
            audit.record("receipt_reported", by=audit.name_of(by), invoice=locked, amount=str(amount))
            audit.open_task(Task.RECEIPT_TO_CONFIRM, dedupe_key=receipt.key, invoice=locked)
        else:
            _book(receipt, locked, by=by)
    return receipt


def latest(invoice: Invoice, *, now: datetime) -> Receipt | None:
    """Return the last receipt of an invoice when it was reported so shortly ago that the next may be the same money."""
    standing = Receipt.objects.filter(invoice=invoice, status__in=(Status.PROPOSED, Status.BOOKED))
    return standing.filter(created_at__gt=now - _MAY_BE_THE_SAME).order_by("-pk").first()


def confirm(receipt: Receipt, *, by: Staff) -> None:
    """Book a receipt that waits, with all parts of the same sum: one sum is one decision.

    Raises Refused for the one who reported it, and when it does not wait any more.
    """
    with transaction.atomic():
        for locked, waiting in _waiting(receipt):
            if waiting.reported_by_id == by.pk:
                raise Refused(_("Somebody else has to confirm what you reported."))
            by_two.refuse_new(waiting.reported_by, by, practice=locked.provider_id)
            waiting.confirmed_by = by
            waiting.save(update_fields=["confirmed_by"])
            _book(waiting, locked, by=by)


def refuse(receipt: Receipt, *, by: Staff) -> None:
    """Refuse a receipt that waits, with all parts of the same sum: nothing is booked.

    Raises Refused when it does not wait any more.
    """
    with transaction.atomic():
        for locked, waiting in _waiting(receipt):
            advance(waiting, Status.REFUSED)
            audit.record("receipt_refused", by=audit.name_of(by), invoice=locked, amount=str(waiting.amount))
            _close_task(waiting, by=by)


def undo(receipt: Receipt, *, by: Staff) -> None:
    """Undo a booked receipt by the mirror of its transaction, and tell the patient: the amount is owed again.

    Nobody is late by our mistake: there is a new last day to pay, and dunning begins with the free reminder. What two
    people booked two people undo: the first only asks for it. Raises Refused when it is not booked, when the money is
    on another invoice or went back to the payer, and for the one who asked.
    """
    with transaction.atomic():
        locked = lock_invoice(receipt.invoice_id)
        booked = Receipt.objects.select_for_update(no_key=True).get(pk=receipt.pk)
        original = _to_undo(booked, locked, by=by)
        if asks_for_second(booked):
            Receipt.objects.filter(pk=booked.pk).update(undo_asked_by=by)
            audit.record("receipt_undo_asked", by=audit.name_of(by), invoice=locked, amount=str(booked.amount))
            audit.open_task(Task.RECEIPT_TO_CONFIRM, dedupe_key=f"{booked.key}:undo", invoice=locked)
            return
        advance(booked, Status.UNDONE)
        who, now = audit.name_of(by), timezone.now()
        ledger.reverse(locked, original, external_id=f"{original.external_id}:undone", occurred_at=now, by=who)
        audit.record("receipt_undone", by=who, invoice=locked, amount=str(booked.amount))
        _close_task(booked, by=by)
        refunds.propose(locked, by=refunds.BY_SYSTEM, reason="a receipt was undone")
        supersede_live(locked)
        after_undoing(locked, was=booked.amount, paid_on=booked.received_on, key=booked.event)


def _standing(receipt: Receipt) -> LedgerTransaction | None:
    """Return the booking of a receipt that stands; it has another id once staff moved the money, and moved it back."""
    own = Q(external_id=receipt.event) | Q(external_id__startswith=f"{receipt.event}{MOVED}")
    return LedgerTransaction.objects.filter(own, kind=Kind.RECEIPT, reverses=None, reversed_by=None).first()


def refuse_to_undo(receipt: Receipt, *, by: Staff) -> None:
    """Raise Refused when `undo` would, so that nobody is asked whether they are sure of what can't be done."""
    _to_undo(receipt, receipt.invoice, by=by)


def asks_for_second(receipt: Receipt) -> bool:
    """Tell whether undoing a receipt only asks somebody else to agree: two people booked it, and nobody asked yet."""
    return receipt.confirmed_by_id is not None and receipt.undo_asked_by_id is None


def _to_undo(receipt: Receipt, invoice: Invoice, *, by: Staff) -> LedgerTransaction:
    """Return the booking that undoing a receipt mirrors. Raises Refused as `undo`."""
    if receipt.status != Status.BOOKED:
        raise Refused(_("This receipt is not booked, so there is nothing to undo."))
    original = _standing(receipt)
    if original is None or original.postings.exclude(invoice=invoice).exists():
        raise Refused(_("This money was booked on another invoice meanwhile. Move it back first."))
    if not stays_covered(invoice, receipt.amount):
        raise Refused(_("A part of this money went back to the payer. Ask the operator to look at it."))
    if receipt.undo_asked_by_id == by.pk:
        raise Refused(_("Somebody else has to confirm what you asked."))
    if receipt.undo_asked_by_id:
        by_two.refuse_new(receipt.undo_asked_by, by, practice=invoice.provider_id)
    return original


def _is_too_much(invoice: Invoice, amount: Decimal, *, key: str) -> bool:
    """Tell whether a second person has to confirm so much more than was booked alone within a day.

    What anybody booked on the invoice counts, so that a large sum is not booked in parts. A part of the same form is in
    its whole.
    """
    alone = Receipt.objects.filter(confirmed_by=None, status=Status.BOOKED, invoice__provider=invoice.provider_id)
    alone = alone.filter(created_at__gt=timezone.now() - by_two.ALONE_WITHIN)
    alone = alone.exclude(key__startswith=f"{key.partition(':')[0]}:")
    sums = alone.aggregate(here=Sum("amount", filter=Q(invoice=invoice)), in_a_day=Sum("amount"))
    here, in_a_day = ((sums[name] or ZERO) + amount for name in ("here", "in_a_day"))
    return by_two.is_too_much(invoice.provider, "RECEIPT_SECOND_PERSON_ABOVE", here=here, in_a_day=in_a_day)


def _refuse_if_wrong(invoice: Invoice, received: Received, today: date) -> None:
    if not received.reason.strip():
        raise Refused(_("Say where the money was seen, such as the bank statement."))
    if received.received_on > today:
        raise Refused(_("The day on which the money came can't lie in the future."))
    if received.received_on < today - _LATEST:
        raise Refused(_("The day on which the money came lies more than five years ago. Is the year right?"))
    if received.received_on < invoice.issued_on - _BEFORE_INVOICE:
        raise Refused(_("The day on which the money came lies half a year before the invoice. Is the year right?"))
    if received.amount > ledger.outstanding(invoice.pk):
        raise Refused(
            _("More than what is owed can't be booked here. Book what is owed, and pay the rest back to who paid it.")
        )


def _waiting(receipt: Receipt) -> list[tuple[Invoice, Receipt]]:
    """Lock the receipt and what else waits of its sum, each with its invoice. Raises Refused when it waits no more.

    The parts of a sum that was divided over several invoices have one form: their keys begin alike.
    """
    form, part, _number = receipt.key.partition(":")
    parts = Q(key__startswith=f"{form}:") if part else Q(pk=receipt.pk)
    invoices = {
        row.pk: row for row in lock_invoices(Receipt.objects.filter(parts).values_list("invoice_id", flat=True))
    }
    rows = Receipt.objects.select_for_update(no_key=True).filter(parts, status=Status.PROPOSED).order_by("pk")
    waiting = [(invoices[row.invoice_id], row) for row in rows]
    if receipt.pk not in {row.pk for _invoice, row in waiting}:
        raise Refused(_("Somebody decided about this receipt already."))
    return waiting


def _book(receipt: Receipt, invoice: Invoice, *, by: Staff) -> None:
    who = audit.name_of(by)
    advance(receipt, Status.BOOKED)
    received = ledger.post_shares(
        [Share(invoice, -receipt.amount, AllocationNote.Rule(receipt.rule), receipt.words["reference"])],
        Kind.RECEIPT,
        external_id=receipt.event,
        occurred_at=begin_of(receipt.received_on),
        by=who,
    )
    if received is None:
        raise Refused(_("Somebody decided about this receipt already."))
    supersede_live(invoice)
    audit.record("receipt_booked", by=who, invoice=invoice, amount=str(receipt.amount), on=str(receipt.received_on))
    _close_task(receipt, by=by)
    rooms.booked([(invoice, received)])
    sides = sides_of(invoice)
    balance = balance_of(sides)
    if balance < ZERO:
        audit.open_task(Task.SURPLUS, dedupe_key=receipt.event, invoice=invoice, note=str(-balance))
        refunds.propose(invoice, by=refunds.BY_SYSTEM, reason="another receipt was booked")
    if is_on_hold(invoice.pk):
        audit.open_task(Task.PAID_ON_HOLD, dedupe_key=receipt.event, invoice=invoice)
    queue_message(
        "receipt",
        invoice=invoice,
        context=receipt_facts(received, invoice, sides, amount=receipt.amount),
        dedupe_key=receipt.event,
    )


def _close_task(receipt: Receipt, *, by: Staff) -> None:
    waiting = audit.open_alarms(Task.RECEIPT_TO_CONFIRM, receipt.key)
    audit.close_superseded(waiting, by=audit.name_of(by), reason=str(receipt.get_status_display()))
