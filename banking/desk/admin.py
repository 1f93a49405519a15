"""The tables of the bank at /beheer/: the transfers booked on invoices, a practice's own alone; terms of payout."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from banking.desk.terms import PayoutTermsAdmin
from banking.models import LineDecision, LineMatch
from billing.desk.base import OfferedFilter, TenantAdmin
from billing.desk.detail import amount, status_badge

__all__ = ["LineMatchAdmin", "PayoutTermsAdmin"]


@admin.register(LineMatch)
class LineMatchAdmin(TenantAdmin):
    """Amounts and days only: what the payer wrote stays with the operator."""

    provider_path = "invoice__provider"
    list_display = ("day", "invoice", "provider", "euros", "rule", "state")
    list_filter = (("invoice__provider", OfferedFilter), "rule")
    list_select_related = ("invoice__provider", "line", "decision")
    ordering = ("-pk",)
    fields = readonly_fields = ("day", "invoice", "euros", "rule", "state")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return what is booked or was undone; what waits for a second person is no transfer yet."""
        shown = (LineDecision.Status.DONE, LineDecision.Status.UNDONE)
        return super().get_queryset(request).filter(decision__status__in=shown).defer("line__sealed_facts")

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
