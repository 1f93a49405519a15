"""The tables of payouts, for practices too, and of the lines of the bank, for operations."""

from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from banking.models import BankLine, Payout
from billing.desk.base import OPERATIONS, OfferedFilter, TenantAdmin
from billing.desk.detail import amount, short_day, status_badge
from billing.desk.lists.ranges import amounts, days
from billing.money import ZERO


@admin.register(Payout)
class PayoutAdmin(TenantAdmin):
    """What was paid to practices. The statements of each are on the page of payouts."""

    provider_path = "provider"
    about_patients = False
    list_title = _("all payouts")
    list_display = ("number", "provider", "day", "euros", "state", "fee", "vat")
    values_behind = {"day": "run_on", "euros": "amount", "state": "status", "fee": "fee_net", "vat": "fee_vat"}
    sums = (
        (_("amount"), Sum("amount")),
        (_("of it paid"), Sum("amount", filter=Q(status=Payout.Status.PAID))),
        (_("fee without VAT"), Sum("fee_net")),
        (_("VAT"), Sum("fee_vat")),
    )
    list_filter = (
        "status",
        days("run_on", _("day of the run"), is_moment=False),
        amounts("amount", _("amount")),
        ("provider", OfferedFilter),
    )
    list_select_related = ("provider",)
    ordering = ("-pk",)
    fields = readonly_fields = ("number", "provider", "day", "euros", "state", "fee", "vat")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        fees = {"fee_net": F("fee_invoice__net"), "fee_vat": F("fee_invoice__vat")}
        return super().get_queryset(request).annotate(**fees)

    @admin.display(description=_("day of the run"))
    def day(self, obj: Payout) -> str:
        """Return the day of the run."""
        return short_day(obj.run_on)

    @admin.display(description=_("amount"))
    def euros(self, obj: Payout) -> Any:
        """Return the amount."""
        return amount(obj.amount)

    @admin.display(description=_("status"))
    def state(self, obj: Payout) -> Any:
        """Return the status as a badge."""
        return status_badge(obj)

    @admin.display(description=_("fee without VAT"))
    def fee(self, obj: Any) -> Any:
        """Return our fee."""
        return "–" if obj.fee_net is None else amount(obj.fee_net)

    @admin.display(description=_("VAT"))
    def vat(self, obj: Any) -> Any:
        """Return the VAT on our fee."""
        return "–" if obj.fee_vat is None else amount(obj.fee_vat)


@admin.register(BankLine)
class BankLineAdmin(TenantAdmin):
    """Every line of the bank, without what was written on it: that is on its page, which the access log has."""

    provider_path = "matches__invoice__provider"  # never asked: operations see all, and others none
    readers = OPERATIONS
    row_page = "bank_line"
    list_title = _("all lines of the bank")
    list_display = ("day", "euros", "kind", "state", "statement")
    values_behind = {"day": "booked_on", "euros": "amount", "state": "status"}
    also_in_files = ("bank_reference",)
    sums = (
        (_("came in"), Sum("amount", filter=Q(amount__gt=ZERO))),
        (_("went out"), Sum("amount", filter=Q(amount__lt=ZERO))),
    )
    list_filter = (
        "status",
        "kind",
        days("booked_on", _("booked"), is_moment=False),
        amounts("amount", _("amount")),
    )
    list_select_related = ("statement",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("sealed_facts")

    @admin.display(description=_("booked"))
    def day(self, obj: BankLine) -> str:
        """Return the day on which the bank booked it."""
        return short_day(obj.booked_on)

    @admin.display(description=_("amount"))
    def euros(self, obj: BankLine) -> Any:
        """Return the amount; what went out is below zero."""
        return amount(obj.amount)

    @admin.display(description=_("status"))
    def state(self, obj: BankLine) -> Any:
        """Return the status as a badge."""
        return status_badge(obj)
