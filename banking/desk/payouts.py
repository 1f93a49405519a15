"""The page of payouts: a practice sees its balance and statements, operations agree to orders and hand out files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from banking.models import BankAccount, OutgoingBatch, OutgoingOrder, PayeeAccount, Payout, PayoutTerms
from banking.orders import agreeing, batches, outcome, payees
from banking.payouts import due, files, run
from billing import audit
from billing.desk.base import EVERYBODY, OPERATIONS
from billing.documents import desk, moment
from billing.documents.attachment import attachment
from billing.errors import Refused
from billing.models import Provider, Staff
from billing.money import ZERO
from billing.rooms import DeskPage
from billing.tenancy import visible_to
from billing.text import posted

SHOWN = 50
_OPEN = (OutgoingOrder.Status.PROPOSED, *OutgoingOrder.UNDER_WAY)


@dataclass(frozen=True, slots=True)
class PracticeRow:
    """What the page says of one practice, in euros."""

    provider: Provider
    balance: Decimal
    not_firm: Decimal
    under_way: Decimal


@never_cache
def show(request: HttpRequest) -> HttpResponse:
    """Show what waits and what was paid; run, agree, refuse, cancel, unblock or make a file."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    if request.method == "POST":
        return _act(request)
    member: Any = request.user
    providers = visible_to(member, Provider.objects.filter(payout_terms__isnull=False), provider_path="pk")
    made = visible_to(member, Payout.objects.select_related("provider", "fee_invoice"), provider_path="provider")
    context = {
        **admin.site.each_context(request),
        "title": _("Payouts"),
        "balances": _rows(list(providers.order_by("name")[:SHOWN])),
        "payouts": list(made.order_by("-pk")[:SHOWN]),
        "may_act": member.is_operations,
    }
    if member.is_operations:
        context |= _for_operations(member)
    return render(request, "admin/banking/payouts.html", context)


@never_cache
def statement(request: HttpRequest, payout_id: int, kind: str) -> HttpResponse:
    """Return the statement of one payout as PDF, CSV or CAMT.053."""
    made = visible_to(request.user, Payout.objects.select_related("provider", "order"), provider_path="provider")
    payout = get_object_or_404(made, pk=payout_id, closed_at__isnull=False)
    name = f"uitbetaling-{payout.number}.{kind}"
    if kind == "pdf":
        return moment.order(request, files.to_print(payout), name=name, page=desk.PAGE)
    if kind not in files.KINDS:
        raise Http404
    write, content_type = files.KINDS[kind]
    return attachment(write(payout), name=name, content_type=content_type)


@never_cache
def batch_file(request: HttpRequest, reference: str) -> HttpResponse:
    """Hand out the payment file of a batch; by POST, because the first time counts."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    batch = get_object_or_404(OutgoingBatch, reference=reference)
    try:
        content = batches.export(batch, by=audit.name_of(request.user))
    except Refused as refusal:
        return _back(request, str(refusal), messages.ERROR)
    return attachment(content, name=f"{batch.reference.lower()}.xml", content_type="application/xml")


def _rows(providers: Sequence[Provider]) -> list[PracticeRow]:
    keys = [provider.pk for provider in providers]
    ordered = OutgoingOrder.objects.filter(provider__in=keys, purpose="payout", status__in=OutgoingOrder.UNDER_WAY)
    under_way = dict(ordered.order_by().values_list("provider").annotate(sum=Sum("amount")))
    balances, not_firm = due.balances(keys), due.not_firm(keys)
    return [
        PracticeRow(provider, balances[provider.pk], not_firm[provider.pk], under_way.get(provider.pk, ZERO))
        for provider in providers
    ]


def _for_operations(member: Staff) -> dict[str, Any]:
    orders = OutgoingOrder.objects.filter(status__in=_OPEN).select_related("provider", "invoice", "batch")
    return {
        "orders": [
            (order, payees.of(order), order.proposed_by_id != member.pk) for order in orders.order_by("pk")[:SHOWN]
        ],
        "approved": OutgoingOrder.objects.filter(status=OutgoingOrder.Status.APPROVED).exists(),
        "batches": list(OutgoingBatch.objects.order_by("-pk")[:SHOWN]),
        "blocked": list(PayeeAccount.objects.filter(blocked_at__isnull=False)[:SHOWN]),
        "without_terms": not PayoutTerms.objects.exists(),
    }


def _act(request: HttpRequest) -> HttpResponse:
    member: Any = request.user
    if not member.is_operations:
        raise PermissionDenied
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise Http404
    try:
        return _back(request, act(request, member), messages.SUCCESS)
    except Refused as refusal:
        return _back(request, str(refusal), messages.ERROR)


def _back(request: HttpRequest, said: str, level: int) -> HttpResponse:
    messages.add_message(request, level, said)
    return HttpResponseRedirect(reverse("admin:payouts"), status=303)


def _named(request: HttpRequest, model: Any) -> Any:
    """Return the row that the form names. Raises 404 for none."""
    return get_object_or_404(model, pk=posted.key(request, "row"))


def _approve(request: HttpRequest, member: Staff) -> str:
    both = agreeing.approve(_named(request, OutgoingOrder), by=member)
    return _("The order is approved.") if both else _("You agreed. A second person has to agree, too.")


def _refuse(request: HttpRequest, member: Staff) -> str:
    agreeing.refuse(_named(request, OutgoingOrder), by=member, reason=request.POST.get("reason", ""))
    return _("The order is refused.")


def _cancel(request: HttpRequest, member: Staff) -> str:
    done = outcome.cancel_absent(_named(request, OutgoingOrder), by=member)
    return _("The order is cancelled.") if done else _("You agreed. A second person has to agree, too.")


def _unblock(request: HttpRequest, member: Staff) -> str:
    done = payees.unblock(_named(request, PayeeAccount), by=member)
    return _("The account is no longer blocked.") if done else _("You agreed. A second person has to agree, too.")


def _run(request: HttpRequest, member: Staff) -> str:
    payout = run.run(_named(request, Provider), today=timezone.localdate(), by=member)
    return _("Payout %(number)s: %(status)s.") % {"number": payout.number, "status": payout.get_status_display()}


def _make_batch(request: HttpRequest, member: Staff) -> str:
    made = [batches.make(account, by=audit.name_of(member)) for account in BankAccount.objects.order_by("pk")]
    return _("The file is ready to be downloaded.") if any(made) else _("No approved order waits.")


_ACTS: dict[str, Callable[[HttpRequest, Staff], str]] = {
    "approve": _approve,
    "refuse": _refuse,
    "cancel": _cancel,
    "unblock": _unblock,
    "run": _run,
    "batch": _make_batch,
}


def pages() -> tuple[DeskPage, ...]:
    """Return the pages with who may open them."""
    everybody = frozenset(str(role) for role in EVERYBODY)
    operations = frozenset(str(role) for role in OPERATIONS)
    return (
        DeskPage("uitbetalingen/", show, "payouts", everybody, gettext_lazy("Payouts")),
        DeskPage("uitbetalingen/bestand/<str:reference>/", batch_file, "payment_file", operations),
        DeskPage("uitbetalingen/<int:payout_id>.<str:kind>", statement, "payout_statement", everybody),
    )
