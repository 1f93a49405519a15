"""The list of all credit by age, and how much of it a practice refunds without being asked."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache

from billing.house_rules import rule_of
from billing.models import Invoice, Provider, RefundRequest
from billing.payments import credit
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


@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """Show the credit that this person may see, the oldest first."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    member: Any = request.user
    lines = _lines(member)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Credit of patients"),
        "lines": lines,
        "total": sum((line.amount for line in lines), Decimal("0.00")),
        "term": settings.CREDIT_TERM_DAYS,
        "limits": _limits(member.provider) if member.provider_id else None,
    }
    return render(request, "admin/credits.html", context)


def _limits(provider: Provider) -> tuple[Decimal, Decimal]:
    """Return up to which amount nobody approves a refund of this practice, and above which two people do."""
    return rule_of(provider, "REFUND_AUTOMATICALLY_UP_TO"), rule_of(provider, "REFUND_SECOND_PERSON_ABOVE")


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
