"""The state of an invoice as people see it."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.db.models import FilteredRelation, Q, QuerySet

from billing import rooms
from billing.ledger import with_balance
from billing.ledger.breakdown import Parts, parts_of
from billing.models import Hold, Invoice, LedgerEntry, PaymentPlan, ReminderStep
from billing.money import ZERO
from billing.rooms import Stops


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """What anybody who holds the reference may know about an invoice: no name, no care, no contact details."""

    invoice: Invoice
    status: str  # open | overdue | plan | on_hold | paid
    outstanding: Decimal
    credit: Decimal
    paid_at: object
    paid_how: str
    hold: Hold | None
    plan: PaymentPlan | None
    parts: Parts | None  # only when costs or interest are open

    @property
    def can_pay(self) -> bool:
        return self.status in ("open", "overdue", "plan")


def look_at(token: str, *, today: date, **also: Any) -> InvoiceView | None:
    """Return the invoice of a URL token as a guest may see it; None when unknown, withdrawn or erased.

    One query, two for a paid invoice: this is the page that everybody opens. `also` are annotations that the caller
    wants on the invoice.
    """
    invoice = _shown(**also).filter(token=token).first()
    if invoice is None:
        return None
    hold: Hold | None = getattr(invoice, "hold", None)  # Django leaves it out when the join found none
    owed: Decimal = invoice.balance or ZERO  # type: ignore[attr-defined]
    plan: PaymentPlan | None = getattr(invoice, "plan", None)
    status = status_of(invoice, owed, hold, today)
    if status in ("open", "overdue") and plan and plan.kind == PaymentPlan.Kind.INSTALLMENTS:
        status = "plan"
    paid_at, paid_how = None, ""
    if status == "paid":
        paid_at, paid_how = _how_paid(invoice)
    parts = _parts(invoice, owed)
    return InvoiceView(invoice, status, max(owed, ZERO), max(-owed, ZERO), paid_at, paid_how, hold, plan, parts)


@cache  # the same for every request: building it again costs more than the query itself
def _shown(**also: Any) -> QuerySet[Invoice]:
    """Return the query of the invoices that a guest may see, each with its balance, active hold and running plan."""
    stopping = rooms.reasons_stopping(Stops.PAYMENT)
    active = FilteredRelation("holds", condition=Q(holds__released_at=None, holds__reason__in=stopping))
    running = FilteredRelation("plans", condition=Q(plans__status=PaymentPlan.Status.ACTIVE))
    invoices = with_balance(Invoice.objects.filter(withdrawn_at=None, erased_at=None)).annotate(
        hold=active, plan=running, **also
    )
    # The stubs don't know that a FilteredRelation can be selected and ordered by.
    return invoices.select_related("provider", "hold", "plan").order_by("hold__placed_at")  # type: ignore[misc]


def _parts(invoice: Invoice, owed: Decimal) -> Parts | None:
    """Return the breakdown of the amount when it holds costs or interest; computed only where that is possible."""
    if owed <= 0 or invoice.next_step <= ReminderStep.Step.FINAL_NOTICE:
        return None
    parts = parts_of(invoice)
    return parts if parts.costs or parts.interest else None


def status_of(invoice: Invoice, owed: Decimal, hold: Hold | None, today: date) -> str:
    """Return the status of an invoice: paid, on_hold, overdue or open. The only place that computes it."""
    if owed <= 0:
        return "paid"
    if hold:
        return "on_hold"
    return "overdue" if invoice.due_on < today else "open"


def _how_paid(invoice: Invoice) -> tuple[object, str]:
    """Return when the invoice was settled and by which kind of ledger entry."""
    last = (
        LedgerEntry.objects.filter(invoice=invoice, amount__lt=ZERO, reverses=None, reversed_by=None)
        .order_by("-occurred_at")
        .first()
    )
    if last is None:
        return invoice.settled_at, ""
    return last.occurred_at, last.kind
