"""Paying several invoices at once: those that this browser has opened, of one person or of a whole family."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.invoices.state import InvoiceView, look_at, look_at_several
from billing.invoices.typed_references import LookupForm
from billing.money import ZERO
from billing.payments import attempts
from billing.plans.progress import installments_of, progress_of
from guests import access
from portal.pages import errors
from portal.pages.lookup import open_by_reference

_EUROS = re.compile(r"[0-9]{1,10}\.[0-9]{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Row:
    """One invoice on the page: what is paid of it now, in euros, and whether it is ticked."""

    invoice: InvoiceView
    amount: Decimal
    ticked: bool

    @property
    def is_installment(self) -> bool:
        """Tell whether the amount is what its payment plan asks now, and not all that is open."""
        return self.amount != self.invoice.outstanding


@require_http_methods(["GET", "HEAD", "POST"])
def basket(request: HttpRequest) -> HttpResponse:
    """Show the invoices that this browser opened, open one more by its reference, or pay those that are ticked.

    Whoever changed the ticks first sees the new sum on the button: nobody pays an amount that the button did not say.
    """
    views = look_at_several(access.opened(request, now=timezone.now()), today=timezone.localdate())
    if request.method == "POST" and "reference" in request.POST:
        return _add(request, views)
    ticked = set(request.POST.getlist("invoice")) if request.method == "POST" else None
    rows = _rows(views, ticked)
    if ticked is None:
        return _page(request, rows)
    chosen = {row.invoice.invoice_id: row.amount for row in rows if row.ticked}
    if not chosen:
        return _page(request, rows, refusal=_nothing_chosen(opened=bool(views), ticked=bool(ticked)))
    if _shown_total(request.POST) != sum(chosen.values(), ZERO):
        return _page(request, rows, changed=True)
    return _pay(request, rows, chosen)


def _nothing_chosen(*, opened: bool, ticked: bool) -> str:
    """Say why nothing can be paid: the session is over, what was ticked is settled by now, or nothing was ticked."""
    if not opened:
        return _("For your privacy we closed the page of your invoice. Enter the payment reference to open it again.")
    if ticked:
        return _("What you ticked does not have to be paid any more.")
    return _("Tick at least one invoice that you want to pay.")


def _rows(views: Sequence[InvoiceView], ticked: set[str] | None) -> list[Row]:
    """Return the invoices that may be paid; `ticked`: the tokens that were sent, None on a first look."""
    payable = [view for view in views if view.can_pay]
    return [Row(view, _amount(view), ticked is None or view.token in ticked) for view in payable]


def _amount(view: InvoiceView) -> Decimal:
    """Return what is paid of an invoice: the next installment of its plan, else all."""
    if view.status != "plan" or view.plan_id is None:
        return view.outstanding
    progress = progress_of(installments_of(view.plan_id), view.outstanding, today=timezone.localdate())
    return progress.next.open if progress and progress.next else view.outstanding


def _shown_total(posted: Mapping[str, str]) -> Decimal | None:
    shown = posted.get("total", "")
    return Decimal(shown) if _EUROS.fullmatch(shown) else None


def _add(request: HttpRequest, views: Sequence[InvoiceView]) -> HttpResponse:
    form = LookupForm(request.POST)
    if form.is_valid():
        found = open_by_reference(request, form)
        if found.wait:
            return errors.too_many(request, wait_seconds=found.wait, failed=found.failed)
        if token := found.token:
            _say_what_became(request, token)
            return HttpResponseRedirect(reverse("pay_together"), status=303)
    return _page(request, _rows(views, None), form=form)


def _say_what_became(request: HttpRequest, token: str) -> None:
    """Tell the reader whether the invoice of `token` stands in the list now, or why it does not."""
    view = look_at(token, today=timezone.localdate())
    if view and view.can_pay:
        messages.info(request, _("Invoice %(number)s is in the list now.") % {"number": view.number})
    elif view:
        said = _("Invoice %(number)s does not have to be paid now, so it is not in the list.")
        messages.info(request, said % {"number": view.number})


def _pay(request: HttpRequest, rows: list[Row], chosen: Mapping[int, Decimal]) -> HttpResponse:
    language = translation.get_language()
    try:
        if len(chosen) == 1:
            invoice_id, amount = next(iter(chosen.items()))
            payment = attempts.start_payment(invoice_id, amount=amount, language=language, by="patient")
        else:
            payment = attempts.start_shared(chosen, language=language, by="patient")
    except Refused as refusal:
        return _page(request, rows, refusal=str(refusal))
    return HttpResponseRedirect(reverse("payment_bank", args=[payment.token]), status=303)


def _page(
    request: HttpRequest, rows: list[Row], *, form: LookupForm | None = None, refusal: str = "", changed: bool = False
) -> HttpResponse:
    ticked = [row for row in rows if row.ticked]
    context = {
        "rows": rows,
        "total": sum((row.amount for row in ticked), ZERO),
        "count": len(ticked),
        "form": form or LookupForm(),
        "refusal": refusal,
        "changed": changed,
    }
    return render(request, "pages/together.html", context, status=409 if refusal else 200)
