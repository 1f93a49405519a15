"""How an invoice stands in the lists of the desk."""

from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.desk.detail import badge
from billing.invoices.state import status_of
from billing.ledger import with_balance
from billing.ledger.entries import with_postings
from billing.models import Hold, Invoice, OutboxMessage, RefundRequest, ReminderStep, StaffNote
from billing.money import ZERO

STATUS_LABELS = {
    "open": _("open"),
    "overdue": _("overdue"),
    "on_hold": _("on hold"),
    "paid": _("paid"),
    "withdrawn": _("withdrawn"),
}


def with_state(invoices: QuerySet[Invoice]) -> QuerySet[Any]:
    """Annotate what `state_badge` needs: the balance, and whether a hold is active."""
    held = Hold.objects.filter(invoice=OuterRef("pk"), released_at=None)
    return with_balance(invoices).annotate(held=Exists(held))


def with_page(invoices: QuerySet[Any]) -> QuerySet[Any]:
    """Add what the page of an invoice reads, each table in one query; of messages without their bodies.

    `has_notes` and `has_refunds` tell whether there are any.
    """
    of_invoice = {"invoice": OuterRef("pk")}
    noted, refunded = StaffNote.objects.filter(**of_invoice), RefundRequest.objects.filter(**of_invoice)
    return (
        invoices.annotate(has_notes=Exists(noted), has_refunds=Exists(refunded))
        .select_related("provider", "patient")
        .prefetch_related(
            with_postings(),
            "holds",
            "payments",
            "allocation_notes",
            "payment_shares__payment",
            Prefetch("messages", OutboxMessage.objects.defer("text", "html")),
            "staff_tasks",
            "audit_events",
            "plans__installments",
            Prefetch("reminder_steps", ReminderStep.objects.select_related("letter").order_by("pk")),
        )
    )


def state_badge(row: Any) -> SafeString:
    """Return the state of an invoice of `with_state`: computed, for there is no column."""
    name = "withdrawn"
    if row.withdrawn_at is None:
        name = status_of(row.balance or ZERO, row.due_on, on_hold=bool(row.held), today=timezone.localdate())
    return badge(name, STATUS_LABELS[name])
