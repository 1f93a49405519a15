"""The tables of staff tasks and of the audit trail."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import audit, rooms
from billing.desk.base import TenantAdmin, desk_action
from billing.desk.detail import badge, moment
from billing.desk.lists.ranges import days
from billing.desk.timeline import action_label
from billing.models import AuditEvent, StaffTask


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = _("state"), "state"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("open", _("open")), ("closed", _("closed"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("open", "closed"):
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


@admin.register(StaffTask)
class StaffTaskAdmin(TenantAdmin):
    provider_path = "invoice__provider"
    actions = ("close",)
    list_display = ("what", "invoice", "note", "since", "state")
    values_behind = {"since": "created_at"}
    also_in_files = ("closed_at", "closer")
    list_filter = (StateFilter, "kind", days("created_at", _("since")))
    list_select_related = ("invoice",)
    ordering = (F("closed_at").desc(nulls_first=True), "created_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("what", "state"),
                    ("invoice", "payment"),
                    ("created_at", "closed_at"),
                    ("closer", "note"),
                    "decide",
                )
            },
        ),
    )
    readonly_fields = ("what", "state", "closer", "decide")

    @admin.display(description=_("kind"))
    def what(self, obj: StaffTask) -> str:
        label = str(obj.get_kind_display())
        return label[:1].upper() + label[1:]

    @admin.display(description=_("since"))
    def since(self, obj: StaffTask) -> str:
        return moment(obj.created_at)

    @admin.display(description=_("state"))
    def state(self, obj: StaffTask) -> Any:
        return badge("closed", gettext("closed")) if obj.closed_at else badge("overdue", gettext("open"))

    @admin.display(description=_("decide"))
    def decide(self, obj: StaffTask) -> Any:
        """Return the link to the page where it is decided; a dash when it is decided here."""
        page = rooms.task_pages().get(obj.kind)
        if page is None or obj.invoice_id is None or obj.closed_at:
            return "–"
        return format_html(
            '<a href="{}">{}</a>', reverse(f"admin:{page}", args=[obj.invoice_id]), gettext("to the page")
        )

    @admin.display(description=_("closed by"))
    def closer(self, obj: StaffTask) -> str:
        return obj.closed_by.username if obj.closed_by else "–"

    @desk_action("close_task", _("Close: this is settled"))
    def close(self, request: HttpRequest, queryset: QuerySet[StaffTask]) -> None:
        closed = sum(audit.close_task(task, staff=request.user) for task in queryset)
        if closed:
            self.message_user(request, gettext("Closed: %(number)d.") % {"number": closed}, messages.SUCCESS)
        else:
            self.message_user(request, gettext("Somebody else has closed this already."), messages.WARNING)

    def acts(self, obj: StaffTask) -> tuple[str, ...]:
        return () if obj.closed_at else ("close",)


@admin.register(AuditEvent)
class AuditEventAdmin(TenantAdmin):
    """The audit trail. Events without an invoice (signing in, staff) have no provider, so only operations see them."""

    provider_path = "invoice__provider"
    medical = "staff notes"
    list_display = ("when", "act", "actor", "invoice")
    values_behind = {"when": "at"}
    list_filter = (days("at", _("at")),)
    list_select_related = ("invoice",)
    ordering = ("-pk",)
    fieldsets = ((None, {"fields": (("act", "when"), ("actor", "invoice"), "facts")}),)
    readonly_fields = ("act", "when", "actor", "facts")

    @admin.display(description=_("at"))
    def when(self, obj: AuditEvent) -> str:
        return moment(obj.at)

    @admin.display(description=_("action"))
    def act(self, obj: AuditEvent) -> str:
        return action_label(obj.action)

    @admin.display(description=_("by"), ordering="by")
    def actor(self, obj: AuditEvent) -> str:
        return audit.actor(obj.by)

    @admin.display(description=_("details"))
    def facts(self, obj: AuditEvent) -> str:
        return audit.in_words(obj, audit.words_of([obj])) or "–"

    def medical_data(self, obj: AuditEvent) -> str:
        return "staff notes" if audit.NOTE in obj.details else ""
