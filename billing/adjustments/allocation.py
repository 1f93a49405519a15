"""Which invoices money pays that nobody designated: the order of the law among the debts to one creditor (6:43 BW).

What the payer designated is not allocated here: it pays that invoice or nothing, also when it is not due yet, and what
is too much of it belongs to the payer (6:203 BW). One creditor is one practice, or the operator for all practices that
assigned their claims to it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.utils import timezone

from billing.invoices.debtors import patients_of_debtor
from billing.invoices.holds import is_on_hold
from billing.law.allocation import Bucket, Credit, Debt, allocate
from billing.ledger.breakdown import parts_of
from billing.ledger.events import Share
from billing.models import AllocationNote, Invoice, Provider
from billing.money import ZERO
from billing.plans import agreements

_MONEY = "money"
_LATER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ByLaw:
    """The shares of a sum by the law, and what is left of it when nothing more is open, in euros: the payer's."""

    shares: list[Share]
    surplus: Decimal


def creditor_of(invoice: Invoice) -> str:
    """Return who owns the claim of this invoice: equal for claims of one creditor."""
    provider = invoice.provider
    return "operator" if provider.creditor == Provider.Creditor.OPERATOR else f"practice:{provider.pk}"


def open_to_same(invoice: Invoice) -> list[Invoice]:
    """Return what is open of the payer of this invoice to its creditor, the invoice itself included, the oldest first.

    Between practices nobody knows who is the same person; so also for the operator only the payer as this practice
    knows them.
    """
    of_payer = Invoice.objects.filter(patient__in=patients_of_debtor(invoice.patient), settled_at=None)
    found = of_payer.filter(withdrawn_at=None).select_related("provider", "patient").order_by("issued_on", "pk")
    return [other for other in found if creditor_of(other) == creditor_of(invoice)]


def by_law(invoices: Iterable[Invoice], amount: Decimal, *, on: date | None = None, words: str = "") -> ByLaw:
    """Divide `amount` euros, which nobody designated, over locked `invoices` of one payer; `on` is the day it came.

    First what is due, then the most onerous (with collection costs before with interest before plain), then the oldest,
    then in proportion (6:43 lid 2 BW). An invoice on hold is not due, and one with a plan when its next installment is.
    Raises ValueError for invoices of different creditors.
    """
    by_key = {f"{invoice.pk:012d}": invoice for invoice in invoices}
    if len({creditor_of(invoice) for invoice in by_key.values()}) > 1:
        raise ValueError("money pays debts to one creditor")
    on = on or timezone.localdate()
    debts = [debt for key, invoice in by_key.items() for debt in _debts(key, invoice, on)]
    result = allocate(debts, [Credit(_MONEY, amount, max([on, *(debt.on for debt in debts)]))])
    shares: dict[str, Share] = {}
    for row in result.rows:
        before = shares.get(row.obligation)
        paid = (before.amount if before else ZERO) - row.amount
        rule = before.rule if before else AllocationNote.Rule(row.rule.value)
        shares[row.obligation] = Share(by_key[row.obligation], paid, rule, words)
    return ByLaw(list(shares.values()), result.surplus.get(_MONEY, ZERO))


def _debts(key: str, invoice: Invoice, on: date) -> Sequence[Debt]:
    """Return what is open of an invoice now, by part, as debts since its own day: the oldest is the oldest invoice."""
    due_on = _due_on(invoice, on)
    parts = parts_of(invoice)
    amounts = {Bucket.COSTS: parts.costs, Bucket.INTEREST: parts.interest, Bucket.PRINCIPAL: parts.principal}
    return [Debt(key, part, open_, invoice.issued_on, due_on) for part, open_ in amounts.items() if open_]


def _due_on(invoice: Invoice, on: date) -> date:
    if is_on_hold(invoice.pk):
        return max(invoice.due_on, on + _LATER)
    plan = agreements.progress(invoice.pk, today=on)
    return plan.next.installment.due_on if plan and plan.next else invoice.due_on
