"""The page on which staff book money that came another way, confirm what a colleague reported, and undo a booking."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import ledger
from billing.desk.crediting import Crediting, typed_euros
from billing.errors import Refused
from billing.links import new_token
from billing.models import AccessEvent, Invoice, Receipt
from billing.payments import receipts
from billing.privacy import access_log


class ReceiptForm(forms.Form):
    """What came, when and how, and where it was seen."""

    amount = forms.CharField(
        label=_("amount"),
        help_text=_("In euros, such as 25,00."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    received_on = forms.DateField(
        label=_("received on"),
        help_text=_("The day on the bank statement or in the till. This day counts, not today."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    road = forms.ChoiceField(label=_("how it came"), choices=Receipt.Road.choices)
    reference = forms.CharField(label=_("reference on the bank statement"), max_length=140, required=False)
    reason = forms.CharField(label=_("where it was seen"), max_length=200, help_text=_("Such as: statement 2026-112."))
    key = forms.CharField(widget=forms.HiddenInput, max_length=32)

    def clean_amount(self) -> Decimal:
        """Return the amount in euros. Raises ValidationError for anything but euros and cents."""
        euros = typed_euros(self.cleaned_data["amount"])
        if not euros:
            raise forms.ValidationError(gettext("Type an amount in euros, such as 25,00."))
        return euros


class Receiving(Crediting):
    """The part of the table of invoices that books receipts."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.receive)
        return [path("<int:object_id>/ontvangst/", page, name="billing_invoice_receive"), *super().get_urls()]

    def page_links(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Return the links of the page of an invoice beside its buttons."""
        links: list[tuple[str, Any]] = super().page_links(request, obj)
        if not obj.erased_at:
            links.append((reverse("admin:billing_invoice_statement", args=[obj.pk]), _("Statement of account")))
        if not obj.erased_at and self.has_act_permission(request):
            links.append((reverse("admin:billing_invoice_receive", args=[obj.pk]), _("Book a payment…")))
        return links

    def receive(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what was reported, and report, confirm, refuse or undo."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        invoice = self.to_act_on(request, object_id)
        if invoice.erased_at:
            raise Http404
        if request.method == "POST" and "decide" in request.POST:
            return self._decide(request, invoice)
        initial = {
            "key": new_token(),
            "received_on": timezone.localdate(),
            "amount": number_format(ledger.outstanding(invoice.pk), 2),
        }
        form = ReceiptForm(request.POST or None, initial=initial)
        if not form.is_valid():
            return self._page(request, invoice, form)
        return self._report(request, invoice, form)

    def _report(self, request: HttpRequest, invoice: Invoice, form: ReceiptForm) -> HttpResponse:
        member: Any = request.user
        given: dict[str, Any] = form.cleaned_data
        try:
            receipt = receipts.report(invoice, **given, by=member, today=timezone.localdate())
        except Refused as refusal:
            return self._page(request, invoice, form, refusal=str(refusal))
        if receipt.status == Receipt.Status.BOOKED:
            said = gettext("The payment is booked, and the patient gets a receipt.")
        else:
            said = gettext("The payment waits for a second person.")
        return self._done(request, invoice, said)

    def _decide(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        """Confirm, refuse or undo the receipt of this invoice that was named."""
        acts = {"confirm": receipts.confirm, "refuse": receipts.refuse, "undo": receipts.undo}
        act, key = acts.get(request.POST["decide"]), request.POST.get("receipt", "")
        receipt = Receipt.objects.filter(invoice=invoice, key=key).first() if key.isascii() else None
        if act is None or receipt is None:
            raise Http404
        member: Any = request.user
        try:
            act(receipt, by=member)
        except Refused as refusal:
            return self._page(request, invoice, ReceiptForm(initial={"key": new_token()}), refusal=str(refusal))
        receipt.refresh_from_db()
        return self._done(request, invoice, gettext("Done: %(status)s.") % {"status": receipt.get_status_display()})

    def _done(self, request: HttpRequest, invoice: Invoice, said: str) -> HttpResponse:
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:billing_invoice_change", args=[invoice.pk]), status=303)

    def _page(self, request: HttpRequest, invoice: Invoice, form: ReceiptForm, *, refusal: str = "") -> HttpResponse:
        reported = list(invoice.receipts.select_related("reported_by", "confirmed_by").order_by("-pk"))
        if reported:  # what the bank statement says may name care
            access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data="receipts")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Book a payment on invoice %(number)s") % {"number": invoice.number},
            "opts": self.opts,
            "invoice": invoice,
            "form": form,
            "refusal": refusal,
            "outstanding": ledger.outstanding(invoice.pk),
            "receipts": reported,
        }
        wrong = refusal or (form.is_bound and form.errors)
        return render(request, "admin/receive.html", context, status=422 if wrong else 200)
