"""The tables of staff tasks and of the audit trail."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from billing import audit, rights, rooms
from billing.colleagues import asked
from billing.desk.base import TenantAdmin, desk_action
from billing.desk.detail import ReasonForm, badge, link_to, moment, short_day
from billing.desk.lists.ranges import days
from billing.desk.timeline import action_label
from billing.desk.words import in_words
from billing.desk.words.notes import note_in_words
from billing.errors import Refused
from billing.models import AuditEvent, StaffTask


class StateFilter(admin.SimpleListFilter):
    title, parameter_name = _("state"), "state"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("open", _("open")), ("closed", _("closed"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() in ("open", "closed"):
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


class WhoseFilter(admin.SimpleListFilter):
    """Whose task it is, and what should have been done already."""

    title, parameter_name = _("whose"), "whose"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("mine", _("mine")), ("nobodys", _("nobody's yet")), ("late", _("late")), ("asked", _("of colleagues"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {
            "mine": lambda: queryset.filter(owner=request.user),
            "nobodys": lambda: queryset.filter(owner=None),
            "late": lambda: asked.late(queryset, timezone.localdate()),
            "asked": lambda: queryset.filter(kind__in=asked.ASKED),
        }.get(self.value() or "")
        return chosen() if chosen else queryset


@admin.register(StaffTask)
class StaffTaskAdmin(TenantAdmin):
    provider_path = "provider"
    actions = ("close", "take")
    reasoned = ("close",)
    action_form = ReasonForm
    list_display = ("what", "about", "said", "since", "for_whom", "day", "state")
    values_behind = {"since": "created_at", "day": "due_on", "said": "note"}
    also_in_files = ("closed_at", "closer")
    list_filter = (StateFilter, WhoseFilter, "kind", days("created_at", _("since")))
    list_select_related = ("invoice", "patient", "owner")
    ordering = (F("closed_at").desc(nulls_first=True), F("due_on").asc(nulls_last=True), "created_at")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("what", "state"),
                    ("about", "payment"),
                    ("for_whom", "day"),
                    ("since", "asker"),
                    ("closed_at", "closer"),
                    ("said", "decide"),
                    "words",
                )
            },
        ),
    )
    readonly_fields = (
        "what",
        "state",
        "closer",
        "decide",
        "about",
        "for_whom",
        "day",
        "asker",
        "since",
        "words",
        "said",
    )

    def medical_data(self, obj: StaffTask) -> str:
        """Return what is looked at: only a colleague's words, which may say something about somebody's health."""
        return "staff notes" if obj.sealed_text else ""

    @admin.display(description=_("about"))
    def about(self, obj: StaffTask) -> Any:
        return link_to(obj.invoice or obj.patient)

    @admin.display(description=pgettext_lazy("whose task", "for"))
    def for_whom(self, obj: StaffTask) -> str:
        return obj.owner.username if obj.owner else gettext("whoever takes it")

    @admin.display(description=_("to be done on"))
    def day(self, obj: StaffTask) -> Any:
        if obj.due_on and obj.due_on < timezone.localdate() and not obj.closed_at:
            return badge("overdue", short_day(obj.due_on))
        return short_day(obj.due_on)

    @admin.display(description=_("asked by"))
    def asker(self, obj: StaffTask) -> str:
        return audit.actor(obj.made_by) if obj.made_by else gettext("the portal")

    @admin.display(description=_("what is to be done"))
    def words(self, obj: StaffTask) -> str:
        return obj.text or "–"

    @admin.display(description=_("note"))
    def said(self, obj: StaffTask) -> str:
        return note_in_words(obj.note)

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

    @desk_action("task", _("I do this"))
    def take(self, request: HttpRequest, queryset: QuerySet[StaffTask]) -> None:
        member: Any = request.user
        for task in queryset:
            self._try(
                request, partial(asked.assign, task, by=member, owner=member, due_on=task.due_on), gettext("Yours.")
            )

    @desk_action("task", _("Close: this is settled"))
    def close(self, request: HttpRequest, queryset: QuerySet[StaffTask]) -> None:
        """Close one task. Each has its own reason, so several at once are refused."""
        member: Any = request.user
        if queryset.count() > 1:
            said = gettext("Close one task at a time: each says how it was settled.")
            self.message_user(request, said, messages.ERROR)
            return
        for task in queryset:
            rule = partial(asked.close, task, by=member, reason=request.POST.get("note", ""))
            self._try(request, rule, gettext("Closed."))

    def _try(self, request: HttpRequest, rule: Callable[[], None], done: str) -> None:
        """Apply a rule; show its refusal, or that it is done."""
        try:
            rule()
        except Refused as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, done, messages.SUCCESS)

    def acts(self, obj: StaffTask) -> tuple[str, ...]:
        return () if obj.closed_at else ("take", "close")

    def acts_for(self, request: HttpRequest, obj: StaffTask) -> tuple[str, ...]:
        member: Any = request.user
        return tuple(name for name in self.acts(obj) if name != "close" or asked.may_close(obj, member))

    def page_links(self, request: HttpRequest, obj: StaffTask) -> list[tuple[str, Any]]:
        """Return the link beside the buttons: to give the task to a colleague."""
        if obj.closed_at or obj.provider_id is None or not rights.may(request.user, "task"):
            return []
        return [(reverse("admin:billing_stafftask_give", args=[obj.pk]), _("Give it to a colleague…"))]


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
        return in_words(obj, audit.words_of([obj])) or "–"

    def medical_data(self, obj: AuditEvent) -> str:
        return "staff notes" if audit.NOTE in obj.details else ""
