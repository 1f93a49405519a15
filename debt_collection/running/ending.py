"""A claim stops being at an agency: its hold ends, and what is left to pay has a new last day."""

from collections.abc import Sequence
from datetime import date, datetime

from django.conf import settings
from django.utils import timezone

from billing import audit, ledger
from billing.invoices import schedule
from billing.invoices.holds import release_hold
from billing.ledger import lock_invoices
from billing.models import Invoice, StaffTask
from billing.money import ZERO
from billing.transitions import advance
from debt_collection.exchange import orders
from debt_collection.handing_over import HOLD
from debt_collection.models import Claim, HandOver, Order

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


def is_over(claims: Sequence[Claim]) -> bool:
    """Tell whether so little is left of a case that nobody collects it: the bound that holds for a hand-over, too."""
    rest = sum((ledger.outstanding(claim.invoice_id) for claim in claims), ZERO)
    return rest == ZERO or rest < settings.HAND_OVER_FROM_REST


def close_as_paid(case: HandOver, claims: Sequence[Claim], *, by: str, now: datetime, is_known: bool = False) -> None:
    """End a locked case that `is_over`; a small rest is left to staff, who write it off or ask for it.

    `is_known`: the agency says itself that it is paid. Else it is ordered to stop when a rest is left.
    """
    close(case, claims, HandOver.Status.PAID, by=by, now=now, reason="paid")
    today, owing = timezone.localdate(now), []
    for claim in claims:
        release(claim.invoice, by=by, today=today)
        if ledger.outstanding(claim.invoice_id):
            owing.append(claim.invoice.number)
            schedule.suspend(claim.invoice)
            audit.open_task(StaffTask.Kind.SMALL_REST, dedupe_key=f"agency:{claim.pk}", invoice=claim.invoice)
    if owing and not is_known and not orders.take_back_unsent(case):
        orders.queue(case, Order.Kind.RECALL, {"whole_case": True, "invoices": owing})


def release(invoice: Invoice, *, by: str, today: date, least: date | None = None) -> None:
    """End the rest of a locked invoice; what is left to pay has a last day of `least` or two weeks ahead, the later."""
    due_on = None
    if ledger.balance(invoice.pk) > 0:
        due_on = max(schedule.time_to_pay(invoice, today=today), least or today)
    release_hold(invoice, HOLD, by=by, due_on=due_on, today=today)
    if due_on:
        invoice.due_on = due_on
