"""How an invoice stands in the lists of the desk."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.desk.detail import badge
from billing.invoices.state import status_of
from billing.ledger import with_balance
from billing.models import Hold, Invoice
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


def state_badge(row: Any) -> SafeString:
    """Return the state of an invoice of `with_state`: computed, for there is no column."""
    name = "withdrawn"
    if row.withdrawn_at is None:
        name = status_of(row.balance or ZERO, row.due_on, on_hold=bool(row.held), today=timezone.localdate())
    return badge(name, STATUS_LABELS[name])
