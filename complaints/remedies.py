"""What an answer puts right by itself: charges off, a lower price, an invoice taken back, a new last day to pay, money
booked on the right invoice, an invoice taken back from an agency.

Idempotent: each kind moves once for each answer of a file. Undone only by a new decision, never by deleting.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger, rooms
from billing.adjustments import credit_notes, reallocation, reductions, taken_off
from billing.errors import Refused
from billing.house_rules import rule_of
from billing.invoices import schedule
from billing.models import Invoice, LedgerTransaction
from billing.money import ZERO
from complaints.file import misbooked
from complaints.models import Complaint, Remedy

Kind = Remedy.Kind
MOST_DAYS = 365  # ahead of today, for a new last day to pay


@dataclass(frozen=True, slots=True)
class Wanted:
    """What staff choose. `lower_to` is what the patient's share becomes, in euros; `action` what a person does."""

    charges_off: bool = False
    lower_to: Decimal | None = None
    withdraw: bool = False
    look_again: bool = False  # at coulance
    recall: bool = False  # from whoever it was handed over to
    booking: int = 0  # the key of a payment that was booked wrong
    shares: tuple[tuple[int, str], ...] = ()  # and what each invoice gets of it, in euros; none: this one gets all
    due_on: str = ""  # ISO
    action: str = ""

    def __bool__(self) -> bool:
        return self.moves or bool(self.action.strip())

    @property
    def moves(self) -> bool:
        """Tell whether something about the invoice changes by itself."""
        chosen = (self.charges_off, self.lower_to is not None, self.withdraw, self.look_again, self.recall)
        return any(chosen) or bool(self.booking)

    @property
    def amounts(self) -> dict[int, Decimal]:
        """Return what each invoice gets of the payment, in euros by key."""
        return {pk: Decimal(amount) for pk, amount in self.shares}


def check(invoice: Invoice | None, wanted: Wanted) -> None:
    """Raise Refused, with a sentence for staff, when what they chose can't be done."""
    moves = wanted.moves
    if moves and invoice is None:
        raise Refused(_("This complaint is about no invoice, so no amount can change."))
    if wanted.withdraw and wanted.lower_to is not None:
        raise Refused(_("An invoice is taken back or lowered, not both."))
    if invoice is None:
        return
    if moves and invoice.withdrawn_at:
        raise Refused(_("This invoice was withdrawn. Nothing is left to put right."))
    now_asked = reductions.patient_share(invoice) - reductions.reduced(invoice)
    if wanted.lower_to is not None and not ZERO <= wanted.lower_to < now_asked:
        raise Refused(_("The new amount lies between nothing and what the invoice asks now."))
    if wanted.charges_off and not reductions.charged(invoice):
        raise Refused(_("No costs and no interest stand on this invoice."))
    if wanted.recall and not rooms.is_handed_over(invoice):
        raise Refused(_("This invoice was not handed over, so nothing can be taken back."))
    if wanted.booking:
        if wanted.withdraw:
            raise Refused(_("An invoice that is taken back gets no payment."))
        misbooked.division(invoice, wanted.booking, wanted.amounts)
    if wanted.due_on and date.fromisoformat(wanted.due_on) < schedule.least_time_to_pay(timezone.localdate()):
        raise Refused(_("The new last day to pay lies at least two weeks ahead."))
    if wanted.due_on and date.fromisoformat(wanted.due_on) > timezone.localdate() + timedelta(days=MOST_DAYS):
        raise Refused(_("The new last day to pay lies at most a year ahead."))
    if wanted.due_on and date.fromisoformat(wanted.due_on) < invoice.due_on:
        raise Refused(_("The new last day to pay is not before the present one."))


def worth(invoice: Invoice | None, wanted: Wanted) -> Decimal:
    """Return how much less the patient will owe, in euros."""
    if invoice is None:
        return ZERO
    share = reductions.patient_share(invoice) - reductions.reduced(invoice)
    if wanted.withdraw:
        return share + reductions.charged(invoice)
    less = share - wanted.lower_to if wanted.lower_to is not None else ZERO
    # A lower price takes them off as well, and so does taking an invoice back from an agency.
    charges_go = wanted.charges_off or wanted.lower_to is not None or wanted.recall
    return max(less, ZERO) + (reductions.charged(invoice) if charges_go else ZERO)


def needs_second_person(invoice: Invoice | None, wanted: Wanted) -> bool:
    """Tell whether so much moves, or is booked elsewhere, that one person may not decide it alone."""
    if invoice is not None and wanted.booking:
        _booking, amounts = misbooked.division(invoice, wanted.booking, wanted.amounts)
        if reallocation.needs_second_person(amounts):
            return True
    if invoice is None:
        return False
    return worth(invoice, wanted) > rule_of(invoice.provider, "COMPLAINTS_SECOND_PERSON_ABOVE")


def touched(invoice: Invoice | None, wanted: Wanted) -> set[int]:
    """Return the keys of the invoices that move, so that all of them are locked in one order."""
    if invoice is None or not wanted.booking:
        return set()
    booking = LedgerTransaction.objects.filter(pk=wanted.booking).first()
    return reallocation.concerned(booking, wanted.amounts) if booking else set()


@dataclass(frozen=True, slots=True)
class Decided:
    """Who decided what moves: the writer of the answer, and the second person if one agreed."""

    by: Any
    confirmed_by: Any = None

    @property
    def name(self) -> str:
        """Return the writer as the trail names them."""
        return audit.name_of(self.by)


def apply(complaint: Complaint, wanted: Wanted, *, line: int, decided: Decided, now: datetime) -> None:
    """Do what was chosen on the locked invoice of a locked file, each once, and keep what it changed."""
    invoice, today = complaint.invoice, timezone.localdate(now)
    if invoice is not None:
        if wanted.due_on:  # first: what is told of the others names this day
            kept = {"due_on": date.fromisoformat(wanted.due_on), "done_at": now}
            found = Remedy.objects.get_or_create(complaint=complaint, line=line, kind=Kind.NEW_DUE_DATE, defaults=kept)
            if found[1]:
                schedule.interrupt(invoice, due_on=kept["due_on"], today=today)
        chosen = {
            Kind.RECALLED: wanted.recall,  # before the rest: an agency gets no correction of what it no longer has
            Kind.MONEY_MOVED: bool(wanted.booking),
            Kind.CHARGES_OFF: wanted.charges_off,
            Kind.LOWERED: wanted.lower_to is not None,
            Kind.WITHDRAWN: wanted.withdraw,
            Kind.LOOKED_AGAIN: wanted.look_again,
        }
        for kind in [kind for kind, is_wanted in chosen.items() if is_wanted]:
            if row := _begin(complaint, kind, line, invoice):
                _ACTS[kind](invoice, wanted, _event(complaint, line), decided, now)
                _done(row, invoice, now)
    if wanted.action.strip():
        Remedy.objects.get_or_create(complaint=complaint, line=line, kind=Kind.ACTION)


def _recall(invoice: Invoice, wanted: Wanted, event: str, decided: Decided, now: datetime) -> None:
    # The trail of the invoice is its practice's too: no number of a file stands there.
    reason = _("The patient was right.")
    if not rooms.recall([invoice], reason=reason, by=decided.name, today=timezone.localdate(now)):
        raise Refused(_("This invoice was not handed over, so nothing can be taken back."))


def _move_money(invoice: Invoice, wanted: Wanted, event: str, decided: Decided, now: datetime) -> None:
    booking, amounts = misbooked.division(invoice, wanted.booking, wanted.amounts)
    key, today = event.removeprefix("complaint:"), timezone.localdate(now)
    reason = _("The patient was right.")
    reallocation.mend(
        booking, amounts, reason=reason, by=decided.by, confirmed_by=decided.confirmed_by, key=key, today=today
    )


def _take_charges_off(invoice: Invoice, wanted: Wanted, event: str, decided: Decided, now: datetime) -> None:
    taken_off.waive(invoice, by=decided.name, written="", today=timezone.localdate(now), start_again=True)


def _lower(invoice: Invoice, wanted: Wanted, event: str, decided: Decided, now: datetime) -> None:
    total = reductions.patient_share(invoice) - (wanted.lower_to or ZERO)
    reductions.reduce_to(invoice, total, external_id=event, by=decided.name, now=now)


def _withdraw(invoice: Invoice, wanted: Wanted, event: str, decided: Decided, now: datetime) -> None:
    note = credit_notes.NewCreditNote(
        number=credit_notes.next_number(invoice),
        issued_on=timezone.localdate(now),
        reason=_("We agree with your complaint."),
    )
    credit_notes.take(invoice, note, by=decided.name, now=now)


def _look_again(invoice: Invoice, wanted: Wanted, event: str, decided: Decided, now: datetime) -> None:
    if not rooms.look_again(invoice, by=decided.name, now=now):
        raise Refused(_("Nothing was decided about coulance for this invoice."))


_ACTS: dict[str, Callable[[Invoice, Wanted, str, Decided, datetime], None]] = {
    Kind.RECALLED: _recall,
    Kind.MONEY_MOVED: _move_money,
    Kind.CHARGES_OFF: _take_charges_off,
    Kind.LOWERED: _lower,
    Kind.WITHDRAWN: _withdraw,
    Kind.LOOKED_AGAIN: _look_again,
}


def _event(complaint: Complaint, line: int) -> str:
    return f"complaint:{complaint.number}:{line}"


def _begin(complaint: Complaint, kind: Remedy.Kind, line: int, invoice: Invoice) -> Remedy | None:
    """Return the row of a remedy that is to be done; None when it was done before."""
    row, new = Remedy.objects.get_or_create(
        complaint=complaint, line=line, kind=kind, defaults={"before": ledger.balance(invoice.pk)}
    )
    return row if new else None


def _done(row: Remedy, invoice: Invoice, now: datetime) -> None:
    row.after = ledger.balance(invoice.pk)
    row.amount = (row.before or ZERO) - row.after
    row.done_at = now
    row.save(update_fields=["after", "amount", "done_at"])
