"""What an answer puts right by itself: charges off, a lower price, an invoice taken back, a new last day to pay.

Idempotent: each kind moves once for each answer of a file. Undone only by a new decision, never by deleting.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from billing import ledger, rooms
from billing.adjustments import credit_notes, reductions, taken_off
from billing.errors import Refused
from billing.invoices import schedule
from billing.models import Invoice
from billing.money import ZERO
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
    due_on: str = ""  # ISO
    action: str = ""

    def __bool__(self) -> bool:
        moves = self.charges_off or self.lower_to is not None or self.withdraw or self.look_again
        return bool(moves or self.action.strip())


def check(invoice: Invoice | None, wanted: Wanted) -> None:
    """Raise Refused, with a sentence for staff, when what they chose can't be done."""
    moves = wanted.charges_off or wanted.lower_to is not None or wanted.withdraw or wanted.look_again
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
    charges_go = wanted.charges_off or wanted.lower_to is not None  # a lower price takes them off as well
    return max(less, ZERO) + (reductions.charged(invoice) if charges_go else ZERO)


def apply(complaint: Complaint, wanted: Wanted, *, line: int, by: str, now: datetime) -> None:
    """Do what was chosen on the locked invoice of a locked file, each once, and keep what it changed."""
    invoice, today = complaint.invoice, timezone.localdate(now)
    if invoice is not None:
        if wanted.due_on:  # first: what is told of the others names this day
            kept = {"due_on": date.fromisoformat(wanted.due_on), "done_at": now}
            found = Remedy.objects.get_or_create(complaint=complaint, line=line, kind=Kind.NEW_DUE_DATE, defaults=kept)
            if found[1]:
                schedule.interrupt(invoice, due_on=kept["due_on"], today=today)
        if wanted.charges_off and (row := _begin(complaint, Kind.CHARGES_OFF, line, invoice)):
            taken_off.waive(invoice, by=by, written="", today=today, start_again=True)
            _done(row, invoice, now)
        if wanted.lower_to is not None and (row := _begin(complaint, Kind.LOWERED, line, invoice)):
            total = reductions.patient_share(invoice) - wanted.lower_to
            reductions.reduce_to(invoice, total, external_id=_event(complaint, line), by=by, now=now)
            _done(row, invoice, now)
        if wanted.withdraw and (row := _begin(complaint, Kind.WITHDRAWN, line, invoice)):
            note = credit_notes.NewCreditNote(
                number=credit_notes.next_number(invoice), issued_on=today, reason=_("We agree with your complaint.")
            )
            credit_notes.take(invoice, note, by=by, now=now)
            _done(row, invoice, now)
        if wanted.look_again and (row := _begin(complaint, Kind.LOOKED_AGAIN, line, invoice)):
            if not rooms.look_again(invoice, by=by, now=now):
                raise Refused(_("Nothing was decided about coulance for this invoice."))
            _done(row, invoice, now)
    if wanted.action.strip():
        Remedy.objects.get_or_create(complaint=complaint, line=line, kind=Kind.ACTION)


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
