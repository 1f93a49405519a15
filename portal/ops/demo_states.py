"""Invoices of the demo in every state that an invoice can have, brought there by the same rules as everything else."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from billing.adjustments import credit_notes
from billing.dunning import staff_acts
from billing.models import Invoice
from billing.plans import agreements

BY = "demo"


class State(NamedTuple):
    """What the invoice whose number ends so shows, and what was done with it on the day of the demo."""

    shows: object
    bring: Callable[[Invoice, date], object]


def seed(stored: dict[int, Invoice], today: date) -> None:
    """Bring the invoices, by the end of their number, into their states; and what a daily run does with them."""
    for ending, state in STATES.items():
        state.bring(stored[ending], today)
    agreements.run_day(today)


def _overdue(invoice: Invoice, today: date) -> None:
    """Given on paper when it was made: a mail of today would give another fourteen days to pay."""
    staff_acts.mark_announced(invoice, by=BY, note="Op papier meegegeven.", today=invoice.issued_on)


def _missed(invoice: Invoice, today: date) -> None:
    """Agreed on from the paper: a first mail of today would come weeks after the plan that it is about."""
    _overdue(invoice, today)
    agreed = today - timedelta(days=25)
    agreements.agree_installments(invoice.pk, count=3, first_on=today - timedelta(days=8), by=BY, today=agreed)


def _plan(invoice: Invoice, today: date) -> None:
    agreements.agree_installments(invoice.pk, count=3, first_on=today + timedelta(days=7), by=BY, today=today)


def _deferral(invoice: Invoice, today: date) -> None:
    agreements.agree_deferral(invoice.pk, until=invoice.due_on + timedelta(days=14), by=BY, today=today)


def _pause(invoice: Invoice, today: date) -> None:
    staff_acts.pause(invoice, by=BY, note="De patiënt vraagt of de behandeling op de juiste dag staat.")


def _withdrawn(invoice: Invoice, today: date) -> None:
    _credit(invoice, today, "Deze behandeling staat ook op een andere rekening.")


def _credited(invoice: Invoice, today: date) -> None:
    _credit(invoice, today, "Er is één foto te veel op de rekening gezet.", amount=Decimal("21.00"))


def _credit(invoice: Invoice, today: date, reason: str, *, amount: Decimal | None = None) -> None:
    number = credit_notes.next_number(invoice)
    note = credit_notes.NewCreditNote(number=number, issued_on=today, reason=reason, amount=amount)
    credit_notes.take(invoice, note, by=BY)


STATES = {
    101: State(_("past its due date"), _overdue),
    102: State(_("a payment plan with a missed instalment"), _missed),
    123: State(_("a payment plan"), _plan),
    124: State(_("paying later, agreed"), _deferral),
    125: State(_("on hold: staff look into it"), _pause),
    126: State(_("withdrawn by a credit note"), _withdrawn),
    127: State(_("partly credited"), _credited),
}
