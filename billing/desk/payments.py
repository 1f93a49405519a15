"""Attempts to pay, with what the gateway reported about them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, Q, QuerySet, Sum
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.audit import name_of
from billing.desk import timeline
from billing.desk.base import OPERATIONS, TenantAdmin, desk_action
from billing.desk.detail import Section, amount, badge, link_to, moment, status_badge
from billing.desk.invoices import timeline_section
from billing.desk.lists.ranges import amounts, days
from billing.errors import GatewayRefused, GatewayUnknown, Refused
from billing.models import Payment, PaymentShare
from billing.payments import attempts, webhooks


class QuarantineFilter(admin.SimpleListFilter):
    title, parameter_name = _("quarantined"), "quarantined"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("yes", _("does not match the gateway's report"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(quarantined_at__isnull=False) if self.value() == "yes" else queryset


@admin.register(Payment)
class PaymentAdmin(TenantAdmin):
    provider_path = "invoice__provider"
    actions = ("ask_gateway", "release")
    reasoned = ("release",)
    list_display = ("started", "invoice", "euros", "state", "mollie_id")
    values_behind = {"started": "created_at", "euros": "amount"}
    also_in_files = ("paid_at",)
    sums = ((_("amount"), Sum("amount")), (_("of it paid"), Sum("amount", filter=Q(paid_at__isnull=False))))
    list_filter = ("status", QuarantineFilter, days("created_at", _("started")), amounts("amount", _("amount")))
    list_select_related = ("invoice",)
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("euros", "state"),
                    ("invoice", "mollie_id"),
                    ("created_at", "expires_at"),
                    ("paid_at", "superseded_at"),
                    ("quarantined_at", "next_check"),
                )
            },
        ),
    )
    readonly_fields = ("euros", "state", "next_check")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Return the payments, to a practice without those that are for invoices of other practices too.

        What such a payment is of their own invoice stands on the page of that invoice.
        """
        rows = super().get_queryset(request)
        member: Any = request.user
        if member.is_operations:
            return rows
        others = PaymentShare.objects.exclude(invoice__provider=F("payment__invoice__provider"))
        return rows.exclude(pk__in=others.values("payment"))

    @admin.display(description=_("started"))
    def started(self, obj: Payment) -> str:
        return moment(obj.created_at)

    @admin.display(description=_("amount"))
    def euros(self, obj: Payment) -> Any:
        return amount(obj.amount)

    @admin.display(description=_("status"))
    def state(self, obj: Payment) -> Any:
        return badge("quarantined", gettext("quarantined")) if obj.quarantined_at else status_badge(obj)

    @admin.display(description=_("asked again at"))
    def next_check(self, obj: Payment) -> str:
        return moment(obj.next_check_at)

    @desk_action("ask_gateway", _("Ask the gateway now"))
    def ask_gateway(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        for payment in queryset:
            before = payment.status
            try:
                attempts.sync_payment(payment.pk)
            except (GatewayRefused, GatewayUnknown) as error:
                self.message_user(
                    request,
                    gettext("The gateway gave no answer (%(why)s). Nothing was changed.") % {"why": error},
                    messages.ERROR,
                )
                continue
            payment.refresh_from_db()
            result = gettext("The gateway was asked. The payment is: %(status)s.")
            changed = messages.SUCCESS if payment.status != before else messages.INFO
            self.message_user(request, result % {"status": payment.get_status_display()}, changed)

    def has_release_permission(self, request: HttpRequest) -> bool:
        return self._is_one_of(OPERATIONS, request)

    @admin.action(description=_("Release: it is ours after all"), permissions=["release"])
    def release(self, request: HttpRequest, queryset: QuerySet[Payment]) -> None:
        for payment in queryset:
            try:
                webhooks.release(payment.pk, by=name_of(request.user), note=request.POST.get("note", ""))
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                done = gettext(
                    "The payment is released. The gateway is asked again in a moment; if its report still does not"
                    " match, the payment is quarantined again."
                )
                self.message_user(request, done, messages.SUCCESS)

    def acts(self, obj: Payment) -> tuple[str, ...]:
        asked = ("ask_gateway",) if obj.mollie_id else ()
        return (*asked, "release") if obj.quarantined_at else asked

    def sections(self, request: HttpRequest, obj: Payment) -> list[Section]:
        return [
            *_shares(obj),
            _refunds(obj),
            _chargebacks(obj),
            _webhooks(obj),
            timeline_section(timeline.of_payment(obj)),
        ]


def _shares(payment: Payment) -> list[Section]:
    """Return the invoices of a payment for several, each with its part."""
    shares = payment.shares.select_related("invoice__provider")
    lines = [(link_to(s.invoice, s.invoice.number), s.invoice.provider.name, amount(s.amount)) for s in shares]
    return [Section(gettext("For these invoices"), (_("invoice"), _("provider"), _("amount")), lines)] if lines else []


def _refunds(payment: Payment) -> Section:
    lines = [(moment(r.reported_at), amount(r.amount), status_badge(r), r.refund_id) for r in payment.refunds.all()]
    columns = (_("first reported"), _("amount"), _("status"), _("Mollie id"))
    return Section(gettext("Refunds"), columns, lines, gettext("Nothing was refunded."))


def _chargebacks(payment: Payment) -> Section:
    lines = [
        (moment(c.reported_at), amount(c.amount), moment(c.reversed_at), c.chargeback_id)
        for c in payment.chargebacks.all()
    ]
    columns = (_("first reported"), _("amount"), _("given back"), _("Mollie id"))
    return Section(gettext("Chargebacks"), columns, lines, gettext("The bank took nothing back."))


def _webhooks(payment: Payment) -> Section:
    lines = [(moment(w.received_at), moment(w.done_at), w.tries, w.error or "–") for w in payment.webhook_calls.all()]
    columns = (_("received"), _("done"), _("tries"), _("error"))
    return Section(gettext("Webhook calls"), columns, lines, gettext("The gateway has not called."))
