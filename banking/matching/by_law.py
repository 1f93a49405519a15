"""Lines whose payer named no invoice: divided over what is open, as the law says, when it is known who paid (6:43 BW).

A person presses the button: who had the account before may have lent it to somebody else.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from banking.matching.decide import Proposal, Why
from banking.models import BankLine, LineMatch
from billing.adjustments.allocation import ByLaw, by_law, open_to_same
from billing.errors import Refused
from billing.models import AllocationNote, Invoice
from billing.money import ZERO

Rule = AllocationNote.Rule
# Why a match is for its invoice, where the law did not decide it.
_RULES = dict.fromkeys((LineMatch.Rule.EXACT, LineMatch.Rule.SLIP, LineMatch.Rule.NUMBER), Rule.DESIGNATED)


def division(line: BankLine, proposals: Sequence[Proposal]) -> ByLaw | None:
    """Return how the law divides a line over what its payer has open; None when it is not known whose debts these are.

    That is so when a number in the text may mean an invoice, and when the account paid for several payers or creditors.
    """
    if not proposals or any(proposal.why != Why.PAYER for proposal in proposals):
        return None
    open_ = open_of([proposals[0].invoice.invoice_id])
    if not {proposal.invoice.invoice_id for proposal in proposals} <= {invoice.pk for invoice in open_}:
        return None
    return by_law(open_, line.amount, on=line.paid_on)


def open_of(invoice_ids: Sequence[int]) -> list[Invoice]:
    """Return what the payer of the first of these invoices has open at its creditor; empty without invoices."""
    first = Invoice.objects.select_related("provider", "patient").filter(pk__in=invoice_ids[:1]).first()
    return open_to_same(first) if first else []


def amounts_of(divided: ByLaw) -> dict[int, Decimal]:
    """Return what each invoice gets, in euros, by its key; what is more than all that is open is credit on the last."""
    amounts = {share.invoice.pk: -share.amount for share in divided.shares}
    if divided.surplus and amounts:
        amounts[next(reversed(amounts))] += divided.surplus
    return amounts


def rules(line: BankLine, matches: Sequence[LineMatch], open_: Sequence[Invoice]) -> Mapping[int, AllocationNote.Rule]:
    """Return by which rule each match is for its invoice, by its key; `open_`: the locked invoices of the payer.

    Raises Refused when the law divides the line otherwise by now.
    """
    found = {match.invoice_id: _RULES.get(LineMatch.Rule(match.rule), Rule.STAFF) for match in matches}
    if all(match.rule != LineMatch.Rule.LAW for match in matches):
        return found
    divided = by_law(open_, line.amount, on=line.paid_on)
    if amounts_of(divided) != {match.invoice_id: match.amount for match in matches} or not line.amount > ZERO:
        raise Refused(_("What is open has changed. Look at the new division, and book it again."))
    return {share.invoice.pk: share.rule for share in divided.shares}
