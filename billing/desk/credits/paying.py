"""The page on which staff decide what happens with the credit of one invoice."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import audit, rights
from billing.desk.receiving import Receiving
from billing.errors import Refused
from billing.ledger.entries import standing_entries
from billing.links import new_token
from billing.models import Invoice, LedgerTransaction, RefundRequest
from billing.money import ZERO, read_euros
from billing.payments import credit, moves, refunds
from billing.text.typed_days import TypedDay


class ActForm(forms.Form):
    """One act of the page: what, on which row, over which amount as it was shown, and why."""

    act = forms.CharField(max_length=10)
    seen = forms.CharField(max_length=20, required=False)
    row = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    key = forms.CharField(max_length=32, required=False)
    on = TypedDay(required=False)
    reason = forms.CharField(max_length=200, required=False)

    def clean_seen(self) -> Decimal:
        """Return the amount that was shown; what is none is zero, which nobody was shown."""
        try:
            return read_euros(self.cleaned_data["seen"] or "0")
        except ValueError:
            return Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Target:
    """Another open invoice of the same payer, and how much of the credit would pay it, in euros."""

    invoice: Invoice
    amount: Decimal


class CreditPaying(Receiving):
    """The part of the table of invoices that refunds and moves credit."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.refund)
        return [path("<int:object_id>/tegoed/", page, name="billing_invoice_refund"), *super().get_urls()]

    def page_links(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Return the links of the page of an invoice beside its buttons."""
        links: list[tuple[str, Any]] = super().page_links(request, obj)
        moved = any(entry.kind == LedgerTransaction.Kind.CREDIT_MOVED for entry in standing_entries(obj))
        has_history = (obj.balance or ZERO) < ZERO or obj.has_refunds or moved
        if has_history and not obj.erased_at and rights.may(request.user, "refund"):
            links.append((reverse("admin:billing_invoice_refund", args=[obj.pk]), _("Credit: refund or move…")))
        return links

    def refund(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show where the credit is, and do what was decided."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        invoice = self.to_act_on(request, object_id, "refund")
        if invoice.erased_at:
            raise Http404
        if request.method != "POST":
            return self._credit_state(request, invoice)
        form = ActForm(request.POST)
        if not form.is_valid() or form.cleaned_data["act"] not in _ACTS:
            said = gettext("Fill in the day as 2026-12-31, and try again.")
            return self._credit_state(request, invoice, refusal=said)
        act, done = _ACTS[form.cleaned_data["act"]]
        try:
            act(invoice, request.user, form.cleaned_data)
        except Refused as refusal:
            return self._credit_state(request, invoice, refusal=str(refusal))
        self.message_user(request, str(done), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:billing_invoice_refund", args=[invoice.pk]), status=303)

    def _credit_state(self, request: HttpRequest, invoice: Invoice, *, refusal: str = "") -> HttpResponse:
        free, now = credit.free(invoice), timezone.now()
        requests = list(invoice.refund_requests.select_related("payment").order_by("-pk"))
        others = refunds.others_open(invoice) if free else ()
        waiting = next((row for row in requests if row.status == RefundRequest.Status.ASKED), None)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Credit of invoice %(number)s") % {"number": invoice.number},
            "opts": self.opts,
            "invoice": invoice,
            "refusal": refusal,
            "free": free,
            "since": credit.since(invoice),
            "legs": credit.legs(invoice, free, now=now) if free else [],
            "waiting": waiting,
            "two_people": refunds.needs_two(invoice, free, waiting=waiting, now=now),
            "requests": [row for row in requests if row.status != RefundRequest.Status.ASKED],
            "by_hand": {row.pk for row in requests if credit.by_hand_task(row).exists()},
            "targets": [Target(other, moves.movable(invoice, other)) for other in others],
            "moves": [(moved, moves.amount_on(invoice, moved)) for moved in moves.moves_of(invoice)],
            "key": new_token(),
            "today": timezone.localdate(),
        }
        return render(request, "admin/credit_of_invoice.html", context, status=422 if refusal else 200)


def _approve(invoice: Invoice, member: Any, given: dict[str, Any]) -> None:
    refunds.approve(invoice.pk, by=member, seen=given["seen"])


def _refuse(invoice: Invoice, member: Any, given: dict[str, Any]) -> None:
    refunds.refuse(invoice.pk, by=member, reason=given["reason"])


def _move(invoice: Invoice, member: Any, given: dict[str, Any]) -> None:
    if not given["reason"].strip():
        raise Refused(gettext("Say where the payer chose this. Without consent credit is not moved."))
    target = refunds.others_open(invoice).filter(pk=given["row"] or 0).first()
    if target is None:
        raise Refused(gettext("Choose the invoice that the credit pays."))
    moves.move(
        invoice.pk, target.pk, seen=given["seen"], key=given["key"] or new_token(), by=audit.name_of(member),
        written=given["reason"].strip(),
    )  # fmt: skip


def _paid(invoice: Invoice, member: Any, given: dict[str, Any]) -> None:
    if given["on"] is None:
        raise Refused(gettext("Fill in the day on which it was paid."))
    refunds.paid_by_hand(_request(invoice, given).pk, by=member, on=given["on"], written=given["reason"])


def _withdraw(invoice: Invoice, member: Any, given: dict[str, Any]) -> None:
    refunds.withdraw_by_bank(_request(invoice, given).pk, by=member, reason=given["reason"])


def _undo(invoice: Invoice, member: Any, given: dict[str, Any]) -> None:
    moved: LedgerTransaction | None = moves.moves_of(invoice).filter(pk=given["row"] or 0).first()
    if moved is None:
        raise Refused(gettext("This was undone already."))
    moves.undo(moved, by=member, written=given["reason"])


def _request(invoice: Invoice, given: dict[str, Any]) -> RefundRequest:
    row = invoice.refund_requests.filter(pk=given["row"] or 0).first()
    if row is None:
        raise Refused(gettext("This refund does not wait for a member of staff any more."))
    return row


_ACTS: dict[str, tuple[Callable[[Invoice, Any, dict[str, Any]], None], Any]] = {
    "approve": (_approve, _("Approved. Below you see whether a second person is needed.")),
    "refuse": (_refuse, _("Refused. The credit stays with this invoice.")),
    "move": (_move, _("The credit paid the other invoice, and the patient is told.")),
    "paid": (_paid, _("Booked as paid back, and the patient is told.")),
    "withdraw": (_withdraw, _("Withdrawn. The credit is free again.")),
    "undo": (_undo, _("Undone. Both invoices are as before, and the patient is told.")),
}
