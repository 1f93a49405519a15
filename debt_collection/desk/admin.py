"""The table of what went to agencies; the page of a case is one of its own."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.desk.base import OfferedFilter, TenantAdmin
from billing.desk.detail import amount, moment, status_badge
from billing.desk.lists.ranges import amounts, days
from billing.money import ZERO, EuroField
from debt_collection.desk.pages import LIST, PAGE
from debt_collection.models import Claim, HandOver


@admin.register(HandOver)
class HandOverAdmin(TenantAdmin):
    """One row a case: the claims of a practice on one debtor."""

    provider_path = "provider"
    row_page, medical, searched = "collection_handover_case", PAGE, LIST
    list_title = _("all cases at agencies")
    list_display = ("number", "agency", "provider", "patient", "euros", "state", "asked", "closed_at")
    values_behind = {"asked": "created_at", "euros": "principal", "state": "status"}
    also_in_files = ("offered_at",)
    sums = ((_("open principal"), Sum("principal")),)
    list_filter = (
        "status",
        days("created_at", _("asked")),
        amounts("principal", _("open principal")),
        ("provider", OfferedFilter),
    )
    list_select_related = ("agency", "provider", "patient")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        claims = Claim.objects.filter(hand_over=OuterRef("pk")).order_by().values("hand_over")
        principal = Subquery(claims.annotate(sum=Sum("principal")).values("sum"), output_field=EuroField())
        return super().get_queryset(request).annotate(principal=principal)

    @admin.display(description=_("open principal"))
    def euros(self, obj: Any) -> Any:
        """Return what was open when it was handed over."""
        return amount(obj.principal or ZERO)

    @admin.display(description=_("status"))
    def state(self, obj: HandOver) -> Any:
        """Return the status as a badge."""
        return status_badge(obj)

    @admin.display(description=_("asked"))
    def asked(self, obj: HandOver) -> str:
        """Return when somebody asked for it."""
        return moment(obj.created_at)
