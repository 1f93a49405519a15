"""The desk's table of what patients say is not right. Their words are shown after the look was written down."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.desk.base import TenantAdmin
from billing.desk.detail import Section, link_to, moment
from billing.models import AccessEvent, Objection
from billing.privacy import access_log


@admin.register(Objection)
class ObjectionAdmin(TenantAdmin):
    provider_path = "invoice__provider"
    list_display = ("since", "invoice", "reason", "taken_back")
    list_filter = ("reason",)
    list_select_related = ("invoice",)
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": (("reason", "of_invoice"), ("created_at", "withdrawn_at"))}),)
    readonly_fields = ("of_invoice",)

    @admin.display(description=_("since"))
    def since(self, obj: Objection) -> str:
        return moment(obj.created_at)

    @admin.display(description=_("taken back"))
    def taken_back(self, obj: Objection) -> str:
        return moment(obj.withdrawn_at)

    @admin.display(description=_("invoice"))
    def of_invoice(self, obj: Objection) -> Any:
        return link_to(obj.invoice)

    def sections(self, request: HttpRequest, obj: Objection) -> list[Section]:
        """Return what the patient wrote. Raises, and shows nothing, when the access log can't be written."""
        if not obj.sealed_text:
            return [Section(gettext("What the patient wrote"), (), (), gettext("Nothing."))]
        access_log.record_staff(request, AccessEvent.Act.READ, invoice=obj.invoice, data="objection")
        return [Section(gettext("What the patient wrote"), (_("text"),), [(obj.text,)])]
