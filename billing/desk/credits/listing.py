"""The list of all credit by age, and how much of it a practice refunds without being asked."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from billing import audit, rights
from billing.models import Invoice, Provider, RefundRequest
from billing.money import read_euros
from billing.payments import credit
from billing.submission import providers
from billing.tenancy import visible_to


@dataclass(frozen=True, slots=True)
class Line:
    """The credit of one invoice in euros: since when it is there, and how much of it no refund has reserved."""

    invoice: Invoice
    amount: Decimal
    free: Decimal
    since: date
    is_late: bool
    under_way: str


class LimitsForm(forms.Form):
    """Up to which amount a practice refunds without approval, and above which amount two people approve."""

    refund_automatically_up_to = forms.CharField(
        label=_("refund without approval up to"),
        required=False,
        help_text=_("In euros, such as 25,00. With 0 somebody approves each refund."),
    )
    refund_second_person_above = forms.CharField(
        label=_("two people approve above"), required=False, help_text=_("In euros, such as 250,00.")
    )

    def clean(self) -> dict[str, Any]:
        """Read both amounts; empty is the rule of the house. The one that needs nobody must not be above the other."""
        cleaned = super().clean() or {}
        for name in list(cleaned):
            try:
                cleaned[name] = read_euros(cleaned[name]) if cleaned[name].strip() else None
            except ValueError:
                self.add_error(name, gettext("Type an amount in euros, such as 25,00."))
        alone = cleaned.get("refund_automatically_up_to")
        both = cleaned.get("refund_second_person_above")
        limit = settings.REFUND_SECOND_PERSON_ABOVE if both is None else both
        if alone is not None and not self.errors and alone > limit:
            self.add_error("refund_automatically_up_to", gettext("This is more than one person may approve alone."))
        return cleaned


@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """Show the credit that this person may see, the oldest first; take other limits for the own practice."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    member: Any = request.user
    provider = member.provider if rights.may(member, "limits") else None
    given = request.POST if request.method == "POST" else None
    form = LimitsForm(given, initial=_limits(provider)) if provider else None
    if request.method == "POST":
        if provider is None or form is None:
            raise PermissionDenied
        if form.is_valid():
            providers.set_refund_limits(provider, form.cleaned_data, by=audit.name_of(member))
            messages.success(request, gettext("The amounts are changed. They count for credit from now on."))
            return HttpResponseRedirect(reverse("admin:credits"), status=303)
    lines = _lines(member)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Credit of patients"),
        "lines": lines,
        "total": sum((line.amount for line in lines), Decimal("0.00")),
        "term": settings.CREDIT_TERM_DAYS,
        "form": form,
        "house": (settings.REFUND_AUTOMATICALLY_UP_TO, settings.REFUND_SECOND_PERSON_ABOVE),
    }
    return render(request, "admin/credits.html", context, status=422 if form and form.errors else 200)


def _limits(provider: Provider | None) -> dict[str, Any]:
    names = ("refund_automatically_up_to", "refund_second_person_above")
    values = {name: getattr(provider, name) for name in names} if provider else {}
    return {name: "" if value is None else f"{value:.2f}".replace(".", ",") for name, value in values.items()}


def _lines(member: Any) -> list[Line]:
    today, found = timezone.localdate(), []
    for invoice in visible_to(member, credit.standing(), provider_path="provider"):
        begin = timezone.localdate(credit.since(invoice) or invoice.settled_at)
        running = invoice.refund_requests.filter(status__in=RefundRequest.RESERVING, refund=None, order_event="")
        found.append(
            Line(
                invoice=invoice,
                amount=-invoice.balance,
                free=credit.free(invoice),
                since=begin,
                is_late=begin <= today - timedelta(days=settings.CREDIT_TERM_DAYS),
                under_way=", ".join(str(row.get_status_display()) for row in running),
            )
        )
    return sorted(found, key=lambda line: line.since)
