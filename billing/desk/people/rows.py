"""How an invoice stands in the lists of the desk."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet, prefetch_related_objects
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.desk.detail import badge
from billing.invoices.state import status_of
from billing.ledger import with_balance
from billing.ledger.entries import with_postings
from billing.models import (
    AllocationNote,
    Hold,
    Invoice,
    OutboxMessage,
    Payment,
    PaymentPlan,
    PaymentShare,
    RefundRequest,
    ReminderStep,
    StaffNote,
    StaffTask,
)  # fmt: skip
from billing.money import ZERO

STATUS_LABELS = {
    "open": _("open"),
    "overdue": _("overdue"),
    "on_hold": _("on hold"),
    "paid": _("paid"),
    "withdrawn": _("withdrawn"),
}

# What most invoices have nothing of, with what their page reads of it.
SELDOM: dict[str, Any] = {
    "holds": Hold.objects,
    "payments": Payment.objects,
    "allocation_notes": AllocationNote.objects,
    "payment_shares": PaymentShare.objects.select_related("payment"),
    "staff_tasks": StaffTask.objects,
    "plans": PaymentPlan.objects.prefetch_related("installments"),
}


def with_state(invoices: QuerySet[Invoice]) -> QuerySet[Any]:
    """Annotate what `state_badge` needs: the balance, and whether a hold is active."""
    held = Hold.objects.filter(invoice=OuterRef("pk"), released_at=None)
    return with_balance(invoices).annotate(held=Exists(held))


def with_page(invoices: QuerySet[Any]) -> QuerySet[Any]:
    """Add what the page of an invoice reads, each table in one query; of messages without their bodies.

    `has_notes`, `has_refunds` and those of SELDOM tell whether there are any; `load_seldom` comes after it.
    """
    kinds = {"notes": StaffNote.objects, "refunds": RefundRequest.objects, **SELDOM}
    has = {f"has_{name}": Exists(rows.filter(invoice=OuterRef("pk"))) for name, rows in kinds.items()}
    return (
        invoices.annotate(**has)
        .select_related("provider", "patient__payer", "own_payer")
        .prefetch_related(
            with_postings(),
            Prefetch("messages", OutboxMessage.objects.defer("text", "html")),
            "audit_events",
            Prefetch("reminder_steps", ReminderStep.objects.select_related("letter").order_by("pk")),
        )
    )


def load_seldom(invoice: Any) -> None:
    """Load what an invoice of `with_page` seldom has, and ask no table of which it has nothing."""
    has = {name: getattr(invoice, f"has_{name}") for name in SELDOM}
    prefetch_related_objects(
        [invoice], *(Prefetch(name, rows.all() if has[name] else rows.none()) for name, rows in SELDOM.items())
    )


def state_badge(row: Any) -> SafeString:
    """Return the state of an invoice of `with_state`: computed, for there is no column."""
    name = "withdrawn"
    if row.withdrawn_at is None:
        name = status_of(row.balance or ZERO, row.due_on, on_hold=bool(row.held), today=timezone.localdate())
    return badge(name, STATUS_LABELS[name])
