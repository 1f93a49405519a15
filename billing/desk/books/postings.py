"""The table of the ledger. A posting is never changed."""

from typing import Any

from django.contrib import admin
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from billing import audit
from billing.desk.base import TenantAdmin
from billing.desk.detail import amount, moment
from billing.desk.lists.ranges import amounts, days
from billing.models import Posting


@admin.register(Posting)
class PostingAdmin(TenantAdmin):
    provider_path = "provider"
    list_display = ("happened", "invoice", "kind", "account", "euros", "by")
    values_behind = {"happened": "transaction.occurred_at", "booked": "transaction.created_at", "euros": "amount"}
    also_in_files = ("booked",)
    sums = ((_("amount"), Sum("amount")),)
    list_filter = (
        "transaction__kind",
        "account",
        days("transaction__created_at", _("booked")),
        amounts("amount", _("amount")),
    )
    list_select_related = ("invoice", "transaction")
    ordering = ("-pk",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("kind", "account", "euros"),
                    ("happened", "booked"),
                    ("invoice", "by"),
                    ("external_id", "reverses"),
                )
            },
        ),
    )
    readonly_fields = ("kind", "euros", "happened", "booked", "by", "external_id", "reverses")

    @admin.display(description=_("happened"))
    def happened(self, obj: Posting) -> str:
        return moment(obj.transaction.occurred_at)

    @admin.display(description=_("booked"))
    def booked(self, obj: Posting) -> str:
        return moment(obj.transaction.created_at)

    @admin.display(description=_("kind"))
    def kind(self, obj: Posting) -> str:
        return obj.transaction.get_kind_display()

    @admin.display(description=_("by"))
    def by(self, obj: Posting) -> str:
        return audit.actor(obj.transaction.by)

    @admin.display(description=_("external id"))
    def external_id(self, obj: Posting) -> str:
        return obj.transaction.external_id

    @admin.display(description=_("reverses"))
    def reverses(self, obj: Posting) -> str:
        mirrored = obj.transaction.reverses
        return f"{mirrored} {moment(mirrored.occurred_at)}" if mirrored else "–"

    @admin.display(description=_("amount"))
    def euros(self, obj: Posting) -> Any:
        return amount(obj.amount)
