"""The page on which staff withdraw or lower an invoice: a form, what would happen, and the button that does it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import audit, rights
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.desk.base import TenantAdmin
from billing.desk.detail import Section, amount, short_day
from billing.documents import desk, drawing, full_invoice
from billing.documents.attachment import attachment
from billing.errors import Refused
from billing.models import AccessEvent, CreditNote, Invoice
from billing.money import read_euros
from billing.outbox.explaining import letter_language
from billing.privacy import access_log

WHOLE, PART = "whole", "part"


class CreditForm(forms.Form):
    """What is taken back, and why."""

    what = forms.ChoiceField(
        label=_("what"),
        choices=((WHOLE, _("Withdraw the whole invoice")), (PART, _("Lower it by an amount"))),
        widget=forms.RadioSelect,
    )
    lowered_by = forms.CharField(
        label=_("lower by"),
        required=False,
        help_text=_("In euros, such as 25,00. Only when you lower it by an amount."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    reason = forms.CharField(
        label=_("reason"),
        max_length=500,
        help_text=_("The patient reads it on the credit note."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    number = forms.CharField(widget=forms.HiddenInput, max_length=credit_notes.MAX_NUMBER)

    def clean(self) -> dict[str, Any]:
        """Read the amount. It is wanted for a part, and must be left out for a whole invoice."""
        cleaned = super().clean() or {}
        text = cleaned.get("lowered_by", "")
        if cleaned.get("what") == WHOLE and text.strip("€ \u00a0"):
            self.add_error("lowered_by", gettext("Leave this empty when you withdraw the whole invoice."))
        elif cleaned.get("what") == PART:
            try:
                cleaned["amount"] = read_euros(text)
            except ValueError as error:
                self.add_error("lowered_by", str(error))
        return cleaned

    def note(self) -> NewCreditNote:
        """Return what the valid form asks for."""
        given = self.cleaned_data
        return NewCreditNote(
            number=given["number"], issued_on=timezone.localdate(), reason=given["reason"], amount=given.get("amount")
        )


class Crediting(TenantAdmin):
    """The part of the table of invoices that withdraws and lowers them."""

    def get_urls(self) -> list[URLPattern]:
        own = [
            path("<int:object_id>/creditnota/", self.admin_site.admin_view(self.credit), name="billing_invoice_credit"),
            path(
                "<int:object_id>/creditnota/<int:note_id>.pdf",
                self.admin_site.admin_view(self.credit_note),
                name="billing_invoice_credit_note",
            ),
        ]
        return [*own, *super().get_urls()]

    def to_act_on(self, request: HttpRequest, object_id: int, act: str) -> Invoice:
        """Return an invoice that this person may see and do `act` on.

        Raises PermissionDenied for who may not do that, and Http404 for an invoice of somebody else.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        invoice: Invoice = self.get_object(request, str(object_id))
        if not rights.may(request.user, act):
            raise PermissionDenied
        return invoice

    def credit(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Ask what to take back and why, show what would happen, and do it when that was confirmed as it is now."""
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        invoice = self.to_act_on(request, object_id, "credit_note")
        form = CreditForm(request.POST or None, initial={"number": credit_notes.next_number(invoice)})
        context: dict[str, Any] = {"form": form, "left": credit_notes.creditable(invoice), "refusal": ""}
        if form.is_valid():
            try:
                effect = credit_notes.preview(invoice, form.note())
                if request.POST.get("seen") == effect.seen:
                    credit_notes.take(invoice, form.note(), by=audit.name_of(request.user))
                    return self._show_credited(request, invoice, effect.is_whole)
            except Refused as refusal:
                context["refusal"] = str(refusal)
            else:
                context |= {"effect": effect, "changed": "seen" in request.POST}
        return self._credit_page(request, invoice, context)

    def _show_credited(self, request: HttpRequest, invoice: Invoice, is_whole: bool) -> HttpResponse:
        done = gettext("The invoice is withdrawn.") if is_whole else gettext("The invoice is lowered.")
        self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:billing_invoice_change", args=[invoice.pk]), status=303)

    def _credit_page(self, request: HttpRequest, invoice: Invoice, context: dict[str, Any]) -> HttpResponse:
        title = gettext("Withdraw or lower invoice %(number)s") % {"number": invoice.number}
        wrong = context["refusal"] or context["form"].errors
        frame = self.admin_site.each_context(request)
        context = {**frame, "title": title, "invoice": invoice, "opts": self.opts, **context}
        return render(request, "admin/credit.html", context, status=422 if wrong else 200)

    def credit_note(self, request: HttpRequest, object_id: int, note_id: int) -> HttpResponse:
        """Return a credit note to whoever may see the invoice. Raises when the access can't be logged."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        if not self.has_view_permission(request):
            raise PermissionDenied
        invoice: Invoice = self.get_object(request, str(object_id))
        note = CreditNote.objects.filter(pk=note_id, invoice=invoice).select_related("invoice", "provider").first()
        if note is None or invoice.erased_at:
            raise Http404
        drawn = drawing.find(invoice, language=letter_language(invoice.patient.language), note=note)
        if drawn is None:
            return self.being_drawn(request, invoice)
        access_log.record_staff(request, AccessEvent.Act.DOWNLOAD, invoice=invoice, data="credit-note.pdf")
        return attachment(full_invoice.content_of(drawn), name="creditnota.pdf", content_type="application/pdf")

    def being_drawn(self, request: HttpRequest, invoice: Invoice) -> HttpResponse:
        """Say that a worker is drawing a document of an invoice."""
        language = letter_language(invoice.patient.language)
        slow = drawing.is_slow(invoice, language=language, now=timezone.now())
        return desk.being_drawn(request, slow=slow, invoice=invoice, opts=self.opts)

    def page_links(self, request: HttpRequest, obj: Any) -> list[tuple[str, Any]]:
        """Return the links of the page of an invoice beside its buttons."""
        links = super().page_links(request, obj)
        if obj.withdrawn_at or obj.erased_at or not rights.may(request.user, "credit_note"):
            return links
        return [*links, (reverse("admin:billing_invoice_credit", args=[obj.pk]), _("Withdraw or lower…"))]


def credit_section(invoice: Invoice) -> Section:
    """Return the credit notes of an invoice, each with the link to its document."""
    lines = [
        (
            _document(note),
            short_day(note.issued_on),
            amount(note.amount),
            _("yes") if note.is_whole else _("no"),
            audit.actor(note.by),
        )
        for note in invoice.credit_notes.defer("sealed_content")
    ]
    columns = (_("number"), _("date"), _("amount"), _("whole invoice"), _("by"))
    return Section(gettext("Credit notes"), columns, lines, gettext("Nothing was taken back."))


def _document(note: CreditNote) -> Any:
    url = reverse("admin:billing_invoice_credit_note", args=[note.invoice_id, note.pk])
    return format_html('<a href="{}">{}</a>', url, note.number)
