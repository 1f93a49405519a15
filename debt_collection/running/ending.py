"""A claim stops being at an agency: its hold ends, and what is left to pay has a new last day."""

from collections.abc import Sequence
from datetime import date, datetime

from billing import audit, ledger
from billing.invoices import schedule
from billing.invoices.holds import release_hold
from billing.ledger import lock_invoices
from billing.models import Invoice
from billing.transitions import advance
from debt_collection.handing_over import HOLD
from debt_collection.models import Claim, HandOver

Status = HandOver.Status


def lock_case(case_id: int, *, also_closed: bool = False) -> tuple[HandOver, list[Claim]]:
    """Lock the invoices of a case and then the case; return it with its open claims, all freshly read.

    `also_closed`: with all that were not recalled.
    """
    keys = Claim.objects.filter(hand_over=case_id).values_list("invoice_id", flat=True)
    invoices = {invoice.pk: invoice for invoice in lock_invoices(keys)}
    rows = HandOver.objects.select_for_update(no_key=True, of=("self",)).select_related("agency", "provider", "patient")
    case = rows.get(pk=case_id)
    chosen = {"recalled_at": None} if also_closed else {"closed_at": None}
    claims = list(Claim.objects.filter(hand_over=case, **chosen).order_by("pk"))
    for claim in claims:
        claim.hand_over, claim.invoice = case, invoices[claim.invoice_id]
    return case, claims


def close(case: HandOver, claims: Sequence[Claim], to: HandOver.Status, *, by: str, now: datetime, reason: str) -> None:
    """End a locked case as a whole, without releasing anything."""
    advance(case, to, closed_at=now, reason=reason[:40])
    Claim.objects.filter(pk__in=[claim.pk for claim in claims]).update(closed_at=now)
    for claim in claims:
        audit.record(f"hand_over_{to}", by=by, invoice=claim.invoice, number=case.number, reason=reason[:40])


def release(invoice: Invoice, *, by: str, today: date, least: date | None = None) -> None:
    """End the rest of a locked invoice; what is left to pay has a last day of `least` or two weeks ahead, the later."""
    due_on = None
    if ledger.balance(invoice.pk) > 0:
        due_on = max(schedule.time_to_pay(invoice, today=today), least or today)
    release_hold(invoice, HOLD, by=by, due_on=due_on, today=today)
    if due_on:
        invoice.due_on = due_on
