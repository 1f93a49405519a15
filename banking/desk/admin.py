"""The tables of the bank at /beheer/: the transfers booked on invoices, a practice's own alone; terms of payout."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, Sum
from django.db.models.functions import Least
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from banking.desk.tables import BankLineAdmin, PayoutAdmin
from banking.desk.terms import PayoutTermsAdmin
from banking.models import LineDecision, LineMatch
from billing.desk.base import OfferedFilter, TenantAdmin
from billing.desk.detail import amount, status_badge
from billing.desk.lists.ranges import amounts, days

__all__ = ["BankLineAdmin", "LineMatchAdmin", "PayoutAdmin", "PayoutTermsAdmin"]


@admin.register(LineMatch)
class LineMatchAdmin(TenantAdmin):
    """Amounts and days only: what the payer wrote stays with the operator."""

    provider_path = "invoice__provider"
    list_display = ("day", "invoice", "provider", "euros", "rule", "state")
    values_behind = {"day": "line.paid_on", "euros": "amount", "state": "decision.status"}
    sums = ((_("amount"), Sum("amount", filter=Q(decision__status=LineDecision.Status.DONE))),)
    list_filter = (
        ("invoice__provider", OfferedFilter),
        "rule",
        days("paid_on", _("received on"), is_moment=False),
        amounts("amount", _("amount")),
    )
    list_select_related = ("invoice__provider", "line", "decision")
    ordering = ("-pk",)
    fields = readonly_fields = ("day", "invoice", "euros", "rule", "state")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return what is booked or was undone; what waits for a second person is no transfer yet."""
        shown = (LineDecision.Status.DONE, LineDecision.Status.UNDONE)
        rows = super().get_queryset(request).filter(decision__status__in=shown).defer("line__sealed_facts")
        return rows.annotate(paid_on=Least("line__booked_on", "line__value_on"))  # as BankLine.paid_on

    @admin.display(description=_("received on"))
    def day(self, obj: LineMatch) -> str:
        """Return the day that counts for the payer."""
        return date_format(obj.line.paid_on, "SHORT_DATE_FORMAT")

    @admin.display(description=_("provider"))
    def provider(self, obj: LineMatch) -> str:
        """Return the provider's name."""
        return obj.invoice.provider.name

    @admin.display(description=_("amount"))
    def euros(self, obj: LineMatch) -> Any:
        """Return the amount."""
        return amount(obj.amount)

    @admin.display(description=_("status"))
    def state(self, obj: LineMatch) -> Any:
        """Return the status of the decision as a badge."""
        return status_badge(obj.decision)
