"""Credit notes: taking back an invoice, whole (it is withdrawn) or in part. The only writer of `withdrawn_at`.

One act under the lock of the invoice: the amount is booked, costs and interest that rest on it are taken off, open
payments, letters, a plan and what rooms have under way end, money paid too much becomes a task for staff, and the
patient is told. A payment that comes afterwards is credit.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, rooms
from billing.adjustments import charges, credit
from billing.errors import Refused
from billing.invoices import schedule
from billing.invoices.addressee import addressee
from billing.invoices.holds import release_hold
from billing.ledger import lock_invoice
from billing.ledger.entries import entries_of
from billing.models import (
    CareDetail,
    CreditNote,
    Hold,
    Invoice,
    LedgerTransaction,
    OutboxMessage,
    PaymentPlan,
    ReminderStep,
    StaffTask,
)
from billing.money import ZERO, round_euro, to_cents
from billing.outbox.facts import open_link_context
from billing.outbox.queue import look_again, queue_message
from billing.payments.attempts import supersede_live
from billing.plans import agreements
from billing.templatetags.money import euro

Lines = Iterable[dict[str, Any]]  # as in the batch format
Kind, Task = LedgerTransaction.Kind, StaffTask.Kind
MAX_NUMBER = 40
# What an invoice asks of the patient before payments, costs and interest.
_ASKED = (Kind.INVOICED, Kind.INSURER_PAID, Kind.REDUCTION, Kind.CREDITED, Kind.WRITTEN_OFF)
# Tasks whose cause ends with the invoice.
_POINTLESS = (Task.INVOICE_UNDELIVERED, Task.READY_FOR_HAND_OVER, Task.RULE_FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCreditNote:
    """A credit note as a practice or staff give it: of the `lines` (as in the batch format), of an `amount`, or whole.

    Whole is what has neither lines nor an amount. The patient reads the reason.
    """

    number: str
    issued_on: date
    reason: str
    lines: tuple[dict[str, Any], ...] | None = None
    amount: Decimal | None = None

    @property
    def is_whole(self) -> bool:
        return self.lines is None and self.amount is None

    @property
    def total(self) -> Decimal | None:
        """Return the amount in euros; None for the whole invoice."""
        if self.lines is not None:
            amounts = (round_euro(Decimal(line["unit_price"]) * line["quantity"]) for line in self.lines)
            return sum(amounts, ZERO)
        return self.amount

    def fingerprint(self, invoice_number: str) -> bytes:
        """Return the SHA-256 of what the note means, whatever the spaces and the way in which an amount is written."""
        lines = [
            line | {"unit_price": to_cents(Decimal(line["unit_price"])), "quantity": str(line["quantity"])}
            for line in self.lines or ()
        ]
        total = None if self.total is None else to_cents(self.total)
        meaning = [invoice_number, self.issued_on, " ".join(self.reason.split()), self.is_whole, total, lines]
        return hashlib.sha256(json.dumps(meaning, sort_keys=True, default=str).encode()).digest()


class LineRefused(Refused):
    """A line of a credit note that is not on its invoice. `index`: its place on the note, from 0."""

    def __init__(self, sentence: str, index: int) -> None:
        super().__init__(sentence)
        self.index = index


@dataclass(frozen=True, slots=True)
class Effect:
    """What a credit note would change, for whoever is about to confirm it. Amounts in euros."""

    amount: Decimal  # which the patient owes less
    is_whole: bool
    charges: Decimal  # costs and interest that are taken off
    outstanding: Decimal  # afterwards
    credit: Decimal  # afterwards: the patient's money, to be paid out
    ends_plan: bool
    tells: bool  # whether a mail goes to the patient

    @property
    def seen(self) -> str:
        """Return what a confirmation refers to: when it has changed, the person has to look again."""
        return f"{self.amount}:{self.charges}:{self.outstanding}:{self.credit}:{self.ends_plan:d}"


def creditable(invoice: Invoice) -> Decimal:
    """Return what can still be credited, in euros: what the invoice asks of the patient, without costs and interest."""
    return _sum_of(invoice, *_ASKED)


def known(provider_id: int, numbers: Iterable[str]) -> dict[str, bytes]:
    """Return the fingerprints, by number, of those credit notes that the provider has submitted before."""
    rows = CreditNote.objects.filter(provider=provider_id, number__in=numbers).values_list("number", "fingerprint")
    return {number: bytes(fingerprint) for number, fingerprint in rows}


def next_number(invoice: Invoice) -> str:
    """Return a free number for a credit note that staff make."""
    used = set(CreditNote.objects.filter(provider=invoice.provider_id).values_list("number", flat=True))
    count = 1
    while (number := f"{invoice.number[: MAX_NUMBER - 6]}-C{count}") in used:
        count += 1
    return number


def preview(invoice: Invoice, note: NewCreditNote, *, beside: Decimal = ZERO, lines_beside: Lines = ()) -> Effect:
    """Return what `note` would change now, after other notes over `beside` euros. Raises Refused as `take` does."""
    amount, is_whole = _checked(invoice, note, beside, lines_beside)
    off = _sum_of(invoice, Kind.COSTS, Kind.INTEREST)
    balance = ledger.balance(invoice.pk) - amount - off
    plan = PaymentPlan.objects.filter(invoice=invoice, status=PaymentPlan.Status.ACTIVE).exists()
    told = bool(addressee(invoice).email) and _was_told(invoice)
    return Effect(amount, is_whole, off, max(balance, ZERO), max(-balance, ZERO), plan and is_whole, told)


def take(invoice: Invoice, note: NewCreditNote, *, by: str, now: datetime | None = None) -> CreditNote:
    """Book the credit note and everything that follows from it; return its row, or that of the same note taken before.

    Raises Refused, with a sentence for whoever hands it in, when the number was used for another content, when the
    invoice was withdrawn, or when more would be credited than the invoice still asks of the patient.
    """
    now = now or timezone.now()
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        fingerprint = note.fingerprint(locked.number)
        before = CreditNote.objects.filter(provider=locked.provider_id, number=note.number).first()
        if before:
            if bytes(before.fingerprint) == fingerprint:
                return before
            raise Refused(_("This credit note was handed in before with other content. It can't be changed."))
        amount, is_whole = _checked(locked, note)
        row = CreditNote(
            provider_id=locked.provider_id, invoice=locked, number=note.number, issued_on=note.issued_on, amount=amount,
            is_whole=is_whole, fingerprint=fingerprint, created_at=now, by=by,
        )  # fmt: skip
        row.content = {"reason": " ".join(note.reason.split()), "lines": list(note.lines or ())}
        row.save(force_insert=True)
        _apply(locked, row, now=now)
    return row


def _checked(
    invoice: Invoice, note: NewCreditNote, beside: Decimal = ZERO, lines_beside: Lines = ()
) -> tuple[Decimal, bool]:
    """Return the amount of the note and whether it takes back the whole invoice. Raises Refused."""
    left, total = creditable(invoice) - beside, note.total
    if invoice.withdrawn_at or invoice.erased_at or (beside and left <= ZERO):
        raise Refused(_("This invoice was withdrawn already. Nothing is left to credit."))
    if not note.reason.strip():
        raise Refused(_("Say why. The patient reads it on the credit note."))
    if note.issued_on < invoice.issued_on:
        raise Refused(_("A credit note can't be older than the invoice that it credits."))
    if total is None:
        return left, True
    if total <= ZERO:
        raise Refused(_("The amount of a credit note is more than zero."))
    if total > left:
        raise Refused(
            _("This invoice asks %(left)s of the patient. A credit note of %(total)s is more than that.")
            % {"left": euro(left), "total": euro(total)}
        )
    if note.lines:
        _refuse_foreign_lines(invoice, note, lines_beside)
    # A note over everything that was invoiced takes the invoice back; what the insurer paid or was reduced stays.
    return total, total == _sum_of(invoice, Kind.INVOICED, Kind.CREDITED) - beside


def _refuse_foreign_lines(invoice: Invoice, note: NewCreditNote, lines_beside: Lines) -> None:
    """Raise LineRefused for the first line that does not stand on the invoice, or over more than is left of it.

    A line is the same by its day, code and tooth: the words may be others, and the price may be a part.
    """
    left = Counter[tuple[Any, ...]]()
    for line in CareDetail.objects.select_related("invoice").get(invoice=invoice).lines:
        left[_place_of(line)] += _cents_of(line)
    on_invoice = set(left)
    earlier = [line for row in invoice.credit_notes.all() for line in row.content["lines"]]
    for line in [*earlier, *lines_beside]:
        left[_place_of(line)] -= _cents_of(line)
    for index, line in enumerate(note.lines or ()):
        if _place_of(line) not in on_invoice:
            sentence = _("Line %d of this credit note is not on the invoice: none there has this day, code and tooth.")
            raise LineRefused(sentence % (index + 1), index)
        left[_place_of(line)] -= _cents_of(line)
        if left[_place_of(line)] < 0:
            sentence = _("Line %d of this credit note takes more off than is left of that line on the invoice.")
            raise LineRefused(sentence % (index + 1), index)


def _place_of(line: dict[str, Any]) -> tuple[Any, ...]:
    return line["performed_on"], line["code"], line.get("tooth")


def _cents_of(line: dict[str, Any]) -> int:
    return to_cents(round_euro(Decimal(line["unit_price"]) * line["quantity"]))


def _sum_of(invoice: Invoice, *kinds: LedgerTransaction.Kind) -> Decimal:
    return sum((entry.amount for entry in entries_of(invoice) if entry.kind in kinds), ZERO)


def _was_told(invoice: Invoice) -> bool:
    """Tell whether the patient may know of this invoice: else a mail about its end would only puzzle."""
    told = ReminderStep.objects.filter(invoice=invoice, status=ReminderStep.Status.TAKEN).exists()
    status = OutboxMessage.Status
    left = OutboxMessage.objects.filter(invoice=invoice, status__in=(status.SENT, status.SENDING, status.IN_DOUBT))
    return told or left.exists()


def _apply(invoice: Invoice, row: CreditNote, *, now: datetime) -> None:
    today = timezone.localtime(now).date()
    look_again(invoice)
    told = _was_told(invoice)
    off = charges.reverse_charges(invoice, by=row.by, note=row.number)
    if row.amount:
        event = f"credit_note:{row.pk}"
        ledger.post(invoice, Kind.CREDITED, -row.amount, external_id=event, occurred_at=now, by=row.by)
    supersede_live(invoice, now=now)
    if row.is_whole:
        _withdraw(invoice, by=row.by, now=now)
    else:
        schedule.void_final_notice(invoice, "credited")
        owed = ledger.outstanding(invoice.pk) > ZERO
        schedule.interrupt(invoice, due_on=schedule.time_to_pay(invoice, today=today) if owed else None, today=today)
    act = "invoice_withdrawn" if row.is_whole else "invoice_credited"
    audit.record(act, by=row.by, invoice=invoice, credit_note=row.number, amount=str(row.amount))
    surplus = credit.leave_to_staff(
        invoice, cause=f"credit_note:{row.pk}", by=row.by, reason=f"credit note {row.number}"
    )
    if told:
        _tell(invoice, row, charges_off=off, surplus=surplus, today=today)


def _withdraw(invoice: Invoice, *, by: str, now: datetime) -> None:
    """End everything that is under way about a locked invoice."""
    today = timezone.localtime(now).date()
    invoice.withdrawn_at = now
    Invoice.objects.filter(pk=invoice.pk).update(withdrawn_at=now)
    agreements.cancel_running(invoice, by=by)
    rooms.end_for_withdrawn(invoice, by=by, today=today)
    release_hold(invoice, Hold.STAFF, by=by, today=today)
    schedule.stop_for_good(invoice, "withdrawn")
    pointless = StaffTask.objects.filter(invoice=invoice, kind__in=_POINTLESS, closed_at=None)
    audit.close_superseded(pointless, by=by, reason="withdrawn")


def _tell(invoice: Invoice, row: CreditNote, *, charges_off: Decimal, surplus: Decimal, today: date) -> None:
    queue_message(
        "invoice_withdrawn" if row.is_whole else "invoice_credited",
        invoice=invoice,
        context={
            "amount": row.amount,
            "charges_off": charges_off,
            "outstanding": ledger.outstanding(invoice.pk),
            "credit": surplus,
            "due_on": invoice.due_on,
            **agreements.due_facts(invoice, today=today),
            **open_link_context(invoice, until=today),
        },
        dedupe_key=f"credit_note:{row.pk}",
    )


def may_send(message: OutboxMessage, now: datetime) -> str | None:
    """Return why a mail about a part is withdrawn: the whole invoice was taken back since."""
    return "withdrawn" if message.invoice and message.invoice.withdrawn_at else None
