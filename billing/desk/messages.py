"""Messages to patients: sent, failed, and in doubt."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.audit import name_of
from billing.desk.base import TenantAdmin, desk_action
from billing.desk.detail import moment, status_badge
from billing.desk.lists.ranges import days
from billing.dunning.blockers import REASONS
from billing.errors import Refused
from billing.invoices import open_links
from billing.models import OutboxMessage, Patient
from billing.outbox import delivery

Status = OutboxMessage.Status
_LANGUAGES = dict(Patient._meta.get_field("language").flatchoices)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(TenantAdmin):
    provider_path = "invoice__provider"
    actions = ("send_again", "mark_delivered", "came_back")
    list_display = ("queued", "about", "invoice", "state", "tries", "trouble")
    values_behind = {"queued": "created_at"}
    also_in_files = ("sent_at",)
    list_filter = ("status", days("created_at", _("queued")))
    list_select_related = ("invoice",)
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("about", "state"),
                    ("recipient", "spoken"),
                    ("created_at", "sent_at"),
                    ("tries", "next_try_at"),
                    ("bounced_at", "erased_at"),
                    ("invoice", "trouble"),
                    "words",
                )
            },
        ),
    )
    readonly_fields = ("about", "state", "spoken", "trouble", "words")
    medical = "message text"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        return super().get_queryset(request).defer("html")

    @admin.display(description=_("queued"))
    def queued(self, obj: OutboxMessage) -> str:
        return moment(obj.created_at)

    @admin.display(description=_("subject"))
    def about(self, obj: OutboxMessage) -> str:
        """Return what the reader saw first: the name of the kind is for us."""
        return obj.subject or gettext("erased")

    @admin.display(description=_("language"))
    def spoken(self, obj: OutboxMessage) -> str:
        return str(_LANGUAGES.get(obj.language, obj.language))

    @admin.display(description=_("why it did not leave"))
    def trouble(self, obj: OutboxMessage) -> str:
        """Return why it did not leave: our own reasons in words, a mail server's as it said it."""
        return str(REASONS.get(obj.error, obj.error)) or "–"

    @admin.display(description=_("text"))
    def words(self, obj: OutboxMessage) -> str:
        """Return the text without what would open the invoice: whoever reads it here is not the patient."""
        return open_links.blanked(obj.text)

    def medical_data(self, obj: OutboxMessage) -> str:
        return "" if obj.erased_at else self.medical

    @admin.display(description=_("status"))
    def state(self, obj: OutboxMessage) -> Any:
        return status_badge(obj)

    asks = {
        "mark_delivered": _("Only when you know that it arrived. It then counts as read, and is never sent again."),
        "came_back": _("What it said does not count any more. Reminders wait for a new one. That can't be undone."),
    }

    @desk_action("resend", _("Send again"))
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        self._decide(request, queryset, delivery.send_again, gettext("The message is queued and will be sent again."))

    @desk_action("settle_message", _("Mark as delivered"))
    def mark_delivered(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        self._decide(request, queryset, delivery.mark_delivered, gettext("The message is marked as delivered."))

    @desk_action("settle_message", _("It came back"))
    def came_back(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        for message in queryset:
            if delivery.report_bounce(message, by=name_of(request.user)):
                self.message_user(request, gettext("Written down. What it said does not count."), messages.SUCCESS)
            else:
                self.message_user(request, gettext("That is known already, or it was never sent."), messages.INFO)

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[OutboxMessage], rule: Callable[..., None], done: str
    ) -> None:
        """Apply `rule` to each; a refusal is shown and does not stop the others."""
        for message in queryset:
            try:
                rule(message, by=name_of(request.user))
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self.message_user(request, done, messages.SUCCESS)

    def acts(self, obj: OutboxMessage) -> tuple[str, ...]:
        if obj.status == Status.SENT and obj.bounced_at is None:
            return ("came_back",)
        return {Status.FAILED: ("send_again",), Status.IN_DOUBT: ("mark_delivered", "send_again")}.get(
            Status(obj.status), ()
        )
