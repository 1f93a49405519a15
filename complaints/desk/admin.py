"""The table of complaints, with what it can be narrowed and added up by; the file of one is a page of its own."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.desk.base import OfferedFilter, TenantAdmin
from billing.desk.detail import moment
from billing.desk.lists.ranges import amounts, days
from complaints.desk.base import FILE
from complaints.models import Complaint


@admin.register(Complaint)
class ComplaintAdmin(TenantAdmin):
    """Whom a complaint is about never sees it here either."""

    provider_path = "provider"
    row_page, medical = "complaints_complaint_file", FILE
    list_title = _("all complaints")
    list_display = ("number", "subject", "invoice", "provider", "state", "received", "answer_by", "handler")
    values_behind = {"received": "received_at"}
    also_in_files = ("answered_at", "closed_at", "disputed")
    sums = ((_("amount not agreed with"), Sum("disputed")),)
    list_filter = (
        "status",
        "subject",
        days("received_at", _("received")),
        amounts("disputed", _("amount not agreed with")),
        ("provider", OfferedFilter),
    )
    list_select_related = ("invoice", "provider", "handler")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).exclude(about=request.user.pk).defer("sealed_facts")

    @admin.display(description=_("status"))
    def state(self, obj: Complaint) -> str:
        """Return the status as staff read it."""
        return obj.status_at_the_desk

    @admin.display(description=_("received"))
    def received(self, obj: Complaint) -> str:
        """Return the moment at which it came."""
        return moment(obj.received_at)
