"""The table of what practices agreed about being paid."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from banking.models import PayoutTerms
from billing import audit
from billing.desk.base import OPERATIONS, TenantAdmin


@admin.register(PayoutTerms)
class PayoutTermsAdmin(TenantAdmin):
    """Terms of payout, for operations; each change is in the audit trail."""

    provider_path = "provider"
    about_patients = False
    readers = OPERATIONS
    writers = OPERATIONS
    list_display = ("provider", "rhythm", "minimum", "fee_per_invoice", "charges_to")
    list_select_related = ("provider",)
    ordering = ("provider",)

    def save_model(self, request: HttpRequest, obj: PayoutTerms, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        audit.record(
            "payout_terms_set", by=audit.name_of(request.user), provider=obj.provider.agb_code,
            fields=sorted(form.changed_data),
        )  # fmt: skip
