"""The pages on which staff book money that came another way, and move money that was booked on the wrong invoice."""

from collections.abc import Mapping
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

from billing import ledger, rights
from billing.adjustments import allocation, reallocation, undesignated
from billing.adjustments.allocation import ByLaw
from billing.desk.base import unsure
from billing.desk.crediting import Crediting
from billing.desk.detail import short_day
from billing.errors import Refused
from billing.ledger.entries import standing_entries
from billing.links import new_token
from billing.models import AccessEvent, Invoice, LedgerTransaction, Reallocation, Receipt
from billing.money import ZERO, read_euros
from billing.payments import receipts
from billing.payments.receipts import Received
from billing.privacy import access_log
from billing.templatetags.money import euro
from billing.text.typed_days import TypedDay

THIS, BY_LAW = "this", "law"


class ReceiptForm(forms.Form):
    """What came, when and how, and where it was seen."""

    amount = forms.CharField(
        label=_("amount"),
        help_text=_("In euros, such as 25,00."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    received_on = TypedDay(
        label=_("received on"),
        help_text=_("The day on the bank statement or in the till. This day counts, not today."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    road = forms.ChoiceField(label=_("how it came"), choices=Receipt.Road.choices)
    reference = forms.CharField(label=_("reference on the bank statement"), max_length=140, required=False)
    reason = forms.CharField(label=_("where it was seen"), max_length=200, help_text=_("Such as: statement 2026-112."))
    key = forms.CharField(widget=forms.HiddenInput, max_length=24)

    def __init__(self, *args: Any, others: bool, latest: Receipt | None, **kwargs: Any) -> None:
        """Ask what it is for when the payer has `others` open, and whether it is other money than `latest`."""
        super().__init__(*args, **kwargs)
        if others:
            choices = [
                (THIS, _("this invoice: the payer said so")),
                (BY_LAW, _("the payer did not say: the law decides")),
            ]
            self.fields["meant_for"] = forms.ChoiceField(label=_("what it is for"), choices=choices)
        if latest:
            was = {"amount": euro(latest.amount), "day": short_day(latest.received_on)}
            label = gettext("this is other money than the %(amount)s of %(day)s") % was
            sentence = _("A payment was reported a short while ago. Tick this when it is another one.")
            self.fields["another"] = forms.BooleanField(label=label, error_messages={"required": sentence})

    def clean_amount(self) -> Decimal:
        """Return the amount in euros. Raises ValidationError for anything but euros and cents."""
        try:
            euros = read_euros(self.cleaned_data["amount"])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
        if not euros:
            raise forms.ValidationError(gettext("Type an amount in euros, such as 25,00."))
        return euros


class Receiving(Crediting):
    """The part of the table of invoices that books receipts."""

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.receive)
        move = self.admin_site.admin_view(self.move)
        return [
            path("<int:object_id>/ontvangst/", page, name="billing_invoice_receive"),
            path("<int:object_id>/toerekenen/", move, name="billing_invoice_move"),
            *super().get_urls(),
        ]

    def page_links(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Return the links of the page of an invoice beside its buttons."""
        links: list[tuple[str, Any]] = super().page_links(request, obj)
        if not obj.erased_at:
            links.append((reverse("admin:billing_invoice_statement", args=[obj.pk]), _("Statement for the patient")))
        if not obj.erased_at and rights.may(request.user, "receipt"):
            links.append((reverse("admin:billing_invoice_receive", args=[obj.pk]), _("Book a payment…")))
        if not obj.erased_at and rights.may(request.user, "move_money"):
            links.append((reverse("admin:billing_invoice_move", args=[obj.pk]), _("Move a payment…")))
        return links

    def receive(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show what was reported, and report, confirm, refuse or undo."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        invoice = self.to_act_on(request, object_id, "receipt")
        if invoice.erased_at:
            raise Http404
        if request.method == "POST" and "decide" in request.POST:
            return self._decide(request, invoice)
        form = self._form(invoice, request.POST or None)
        if not form.is_valid():
            return self._page(request, invoice, form)
        return self._report(request, invoice, form)

    def _form(self, invoice: Invoice, posted: Any = None) -> ReceiptForm:
        """Return the form of a receipt. The amount is only filled in when nothing was reported: nobody books twice."""
        initial = {"key": new_token(), "received_on": timezone.localdate()}
        if not invoice.receipts.exists():
            initial["amount"] = number_format(ledger.outstanding(invoice.pk), 2)
        latest = receipts.latest(invoice, now=timezone.now())
        if latest and posted and latest.key.partition(":")[0] == posted.get("key"):
            latest = None  # the same form again: it reports nothing new
        others = len(allocation.open_to_same(invoice)) > 1
        return ReceiptForm(posted, initial=initial, others=others, latest=latest)

    def _report(self, request: HttpRequest, invoice: Invoice, form: ReceiptForm) -> HttpResponse:
        member: Any = request.user
        facts = ("amount", "received_on", "road", "reference", "reason", "key")
        received = Received(**{name: form.cleaned_data[name] for name in facts}, by=member)
        today = timezone.localdate()
        try:
            if form.cleaned_data.get("meant_for") == BY_LAW:
                divided = undesignated.division(invoice, received.amount, received_on=received.received_on)
                amounts = undesignated.amounts_of(divided)
                if request.POST.get("divided") != _shown(amounts):
                    return self._page(request, invoice, form, divided=divided)
                receipt = undesignated.report(invoice, received, seen=amounts, today=today)[0]
            else:
                receipt = receipts.report(invoice, received, today=today)
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
            if act == receipts.confirm:
                rights.require(member, "second_person")
            if act == receipts.undo:
                receipts.refuse_to_undo(receipt, by=member)
                if asked := self._unsure_to_undo(request, receipt):
                    return asked
            act(receipt, by=member)
        except Refused as refusal:
            return self._page(request, invoice, self._form(invoice), refusal=str(refusal))
        receipt.refresh_from_db()
        if act == receipts.undo and receipt.status == Receipt.Status.BOOKED:
            return self._done(request, invoice, gettext("The undoing waits for a second person."))
        return self._done(request, invoice, gettext("Done: %(status)s.") % {"status": receipt.get_status_display()})

    def _done(self, request: HttpRequest, invoice: Invoice, said: str) -> HttpResponse:
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:billing_invoice_change", args=[invoice.pk]), status=303)

    def _page(
        self,
        request: HttpRequest,
        invoice: Invoice,
        form: ReceiptForm,
        *,
        refusal: str = "",
        divided: ByLaw | None = None,
    ) -> HttpResponse:
        reported = list(invoice.receipts.select_related("reported_by", "confirmed_by").order_by("-pk"))
        if reported:  # what the bank statement says may name care
            access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data="receipts")
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Book a payment on invoice %(number)s") % {"number": invoice.number},
            "opts": self.opts,
            "invoice": invoice,
            "form": form,
            "divided": divided,
            "shares": [(row.invoice, -row.amount, row.rule.label) for row in divided.shares] if divided else [],
            "shown": _shown(undesignated.amounts_of(divided)) if divided else "",
            "refusal": refusal,
            "outstanding": ledger.outstanding(invoice.pk),
            "receipts": reported,
        }
        wrong = refusal or (form.is_bound and form.errors)
        return render(request, "admin/receive.html", context, status=422 if wrong else 200)

    @staticmethod
    def _unsure_to_undo(request: HttpRequest, receipt: Receipt) -> HttpResponse | None:
        if receipts.asks_for_second(receipt):
            does = gettext("Two people booked it. So somebody else has to agree; until then nothing changes.")
        else:
            does = gettext("The amount is owed again. The patient gets a mail about it, and a new last day to pay.")
        return unsure(request, gettext("Undo the booking of %(amount)s?") % {"amount": euro(receipt.amount)}, does)

    # --- money on the wrong invoice ---------------------------------------------------------------

    def move(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show how the payments of this invoice are divided; divide one anew, or decide what a colleague asked."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        invoice = self.to_act_on(request, object_id, "move_money")
        if invoice.erased_at:
            raise Http404
        bookings = self._movable(request, invoice)
        if request.method != "POST":
            return self._move_page(request, invoice, bookings)
        try:
            said = self._move(request, bookings)
        except Refused as refusal:
            return self._move_page(request, invoice, bookings, refusal=str(refusal))
        return self._done(request, invoice, said)

    def _movable(self, request: HttpRequest, invoice: Invoice) -> list[LedgerTransaction]:
        """Return the standing bookings of money on this invoice of which this person may see every invoice."""
        received = [e.transaction for e in standing_entries(invoice) if e.kind in LedgerTransaction.RECEIVED]
        seen = set(self.get_queryset(request).values_list("pk", flat=True).filter(provider=invoice.provider_id))
        return [booking for booking in received if set(reallocation.of_booking(booking)) <= seen]

    def _move(self, request: HttpRequest, bookings: list[LedgerTransaction]) -> str:
        """Do what was posted and return what to say. Raises Refused, and Http404 for what is not of this invoice."""
        member: Any = request.user
        if "decide" in request.POST:
            key = request.POST.get("asked", "")
            rows = Reallocation.objects.filter(booking__in=bookings, key=key if key.isascii() else "")
            asked, act = rows.first(), {"confirm": reallocation.confirm, "refuse": reallocation.refuse}
            if asked is None or request.POST["decide"] not in act:
                raise Http404
            if request.POST["decide"] == "confirm":
                rights.require(member, "second_person")
            act[request.POST["decide"]](asked, by=member)
            return gettext("Done.")
        named = request.POST.get("booking", "")
        booking = next((row for row in bookings if str(row.pk) == named), None)
        if booking is None:
            raise Http404
        key, reason = request.POST.get("key", "")[:32], request.POST.get("reason", "")[:200]
        asked = reallocation.ask(booking, self._amounts(request, booking), reason=reason, by=member, key=key)
        if asked.status == Reallocation.Status.BOOKED:
            return gettext("The payment is booked anew, and the patient is told.")
        return gettext("The new allocation waits for a second person.")

    def _amounts(self, request: HttpRequest, booking: LedgerTransaction) -> dict[int, Decimal]:
        """Return what was typed for each invoice that the page offers. Raises Refused for what is no amount."""
        amounts: dict[int, Decimal] = {}
        for row in _candidates(booking):
            typed = request.POST.get(f"amount_{row.pk}", "").strip()
            try:
                euros = read_euros(typed) if typed else ZERO
            except ValueError as error:
                raise Refused(str(error)) from None
            if euros:
                amounts[row.pk] = euros
        return amounts

    def _move_page(
        self, request: HttpRequest, invoice: Invoice, bookings: list[LedgerTransaction], *, refusal: str = ""
    ) -> HttpResponse:
        waiting = Reallocation.objects.filter(booking__in=bookings, status=Reallocation.Status.PROPOSED)
        asked = {row.booking_id: row for row in waiting.select_related("asked_by").prefetch_related("shares__invoice")}
        cards = []
        for booking in bookings:
            now = reallocation.of_booking(booking)
            lines = [(row, ledger.outstanding(row.pk), now.get(row.pk)) for row in _candidates(booking)]
            card = {"booking": booking, "sum": sum(now.values(), ZERO), "lines": lines, "asked": asked.get(booking.pk)}
            cards.append(card | {"key": new_token()})
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Payments of invoice %(number)s on another invoice") % {"number": invoice.number},
            "opts": self.opts,
            "invoice": invoice,
            "cards": cards,
            "refusal": refusal,
        }
        return render(request, "admin/move.html", context, status=422 if refusal else 200)


def _shown(amounts: Mapping[int, Decimal]) -> str:
    """Return a division as the form sends it back, so that nobody books another one than was shown."""
    return " ".join(f"{pk}:{amount}" for pk, amount in sorted(amounts.items()))


def _candidates(booking: LedgerTransaction) -> list[Invoice]:
    """Return the invoices that a booking may be divided over: those that have it, and what its payer has open."""
    has = list(Invoice.objects.filter(pk__in=reallocation.of_booking(booking)).select_related("provider", "patient"))
    found = {row.pk: row for row in (*has, *(other for row in has for other in allocation.open_to_same(row)))}
    return [row for row in found.values() if not row.erased_at]
