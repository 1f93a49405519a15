"""The table of who is or was spared; the page of one ground is one of its own."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.desk.base import OfferedFilter, TenantAdmin
from billing.desk.detail import moment, short_day
from billing.desk.lists.ranges import days
from forbearance.desk.pages import LIST, PAGE
from forbearance.models import Forbearance


@admin.register(Forbearance)
class ForbearanceAdmin(TenantAdmin):
    """One row a ground; what was said about it stays on its page."""

    provider_path = "patient__provider"
    row_page, medical, searched = "forbearance_forbearance_ground", PAGE, LIST
    list_title = _("all spared patients")
    list_display = ("who", "kind", "from_day", "until_day", "reported", "ended_at")
    values_behind = {"from_day": "since", "until_day": "until", "reported": "reported_at"}
    list_filter = ("kind", days("reported_at", _("reported")), ("patient__provider", OfferedFilter))
    list_select_related = ("patient__provider",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("sealed_facts")

    @admin.display(description=_("patient"))
    def who(self, obj: Forbearance) -> str:
        """Return the patient by number."""
        return str(obj.patient)

    @admin.display(description=_("since"))
    def from_day(self, obj: Forbearance) -> str:
        """Return the first day."""
        return short_day(obj.since)

    @admin.display(description=_("until"))
    def until_day(self, obj: Forbearance) -> str:
        """Return the last day; a dash when there is none yet."""
        return short_day(obj.until)

    @admin.display(description=_("reported"))
    def reported(self, obj: Forbearance) -> str:
        """Return when it was reported."""
        return moment(obj.reported_at)
