"""What becomes of the money of one line: booked by itself only on what the payer designated (6:43 lid 1 BW)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from banking.matching.references import Numbers, Slip
from billing.money import ZERO


@dataclass(frozen=True, slots=True)
class Known:
    """An invoice that a number may mean, as it stands now. `balance`: above zero it is owed, below zero credit."""

    invoice_id: int
    reference: str
    balance: Decimal
    number: str = ""
    provider: str = ""
    withdrawn: bool = False
    erased: bool = False  # nobody knows any more whose it was

    @property
    def owed(self) -> Decimal:
        return max(self.balance, ZERO)

    @property
    def open(self) -> bool:
        return self.balance > ZERO and not self.withdrawn and not self.erased


class Why(StrEnum):
    """Why an invoice is proposed."""

    SLIP = "slip"  # the number that was written is nearly this reference
    NUMBER = "number"  # its invoice number is written, which another practice may have given, too
    NAMED = "named"  # its reference is written exactly, beside others or for a second decision
    PAYER = "payer"  # the same account paid for this person before
    ERASED = "erased"  # its reference is written exactly, but it is so old that the person was erased


@dataclass(frozen=True, slots=True)
class Proposal:
    """One invoice that a person may book a line on. Nothing is chosen beforehand."""

    invoice: Known
    why: Why
    slip: Slip | None = None
    same_amount: bool = False  # as what is owed on it
    paid_before: int = 0  # how many invoices of this person the account paid


@dataclass(frozen=True, slots=True)
class Designation:
    """A part of a line, for one invoice."""

    invoice: Known
    amount: Decimal


_FEW_DIGITS = 6  # a number with fewer stands in a text by chance
_MOST_NUMBERED = 5


def designated(amount: Decimal, exact: Iterable[str], known: Mapping[str, Known]) -> list[Designation]:
    """Return how a line is booked by itself; empty when a person has to decide.

    One invoice that exists gets all of it, whatever the amount: the payer named it. Several get what is owed on each
    when that is exactly what came; any other amount leaves open what was meant for which.
    """
    named = [known[reference] for reference in exact if reference in known]
    if any(invoice.erased for invoice in named):
        return []
    if len(named) == 1:
        return [Designation(named[0], amount)]
    if named and all(invoice.open for invoice in named) and sum(invoice.owed for invoice in named) == amount:
        return [Designation(invoice, invoice.owed) for invoice in named]
    return []


def proposed(
    amount: Decimal,
    numbers: Numbers,
    known: Mapping[str, Known],
    of_payer: Sequence[tuple[Known, int]] = (),
    numbered: Sequence[Known] = (),
) -> list[Proposal]:
    """Return which invoices a person may book a line on, the likeliest first.

    `of_payer` are open invoices of the persons for whom the same account paid before, in the order of 6:43 lid 2 BW,
    each with how many it paid. They are proposed only where no payment reference says anything. `numbered` are the
    invoices whose invoice number is written.
    """
    named = [known[reference] for reference in numbers.exact if reference in known]
    if named:
        return [_proposal(amount, invoice, Why.ERASED if invoice.erased else Why.NAMED) for invoice in named]
    meant = [(known[reference], slip) for reference, slip in numbers.meant().items() if reference in known]
    near = [_proposal(amount, invoice, Why.SLIP, slip=slip) for invoice, slip in meant if invoice.open]
    taken = {proposal.invoice.invoice_id for proposal in near}
    by_number = _by_number(amount, [one for one in numbered if one.invoice_id not in taken], of_payer)
    if near:
        return sorted([*near, *by_number], key=lambda proposal: not proposal.same_amount)
    taken = {proposal.invoice.invoice_id for proposal in by_number}
    return by_number + [
        _proposal(amount, invoice, Why.PAYER, paid_before=paid)
        for invoice, paid in of_payer
        if invoice.open and invoice.invoice_id not in taken
    ]


def _by_number(amount: Decimal, numbered: Sequence[Known], of_payer: Sequence[tuple[Known, int]]) -> list[Proposal]:
    """Return the open invoices whose number is written, the likeliest first and only a few.

    One with few digits must have the amount, too: such a number is also a house number, or part of a date.
    """
    paid = {invoice.invoice_id: count for invoice, count in of_payer}
    found = [
        _proposal(amount, one, Why.NUMBER, paid_before=paid.get(one.invoice_id, 0)) for one in numbered if one.open
    ]
    likely = [one for one in found if one.same_amount or sum(map(str.isdigit, one.invoice.number)) >= _FEW_DIGITS]
    return sorted(likely, key=lambda one: (not one.same_amount, -one.paid_before))[:_MOST_NUMBERED]


def _proposal(amount: Decimal, invoice: Known, why: Why, *, slip: Slip | None = None, paid_before: int = 0) -> Proposal:
    return Proposal(invoice, why, slip, same_amount=invoice.owed == amount, paid_before=paid_before)
