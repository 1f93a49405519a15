"""The page on which a patient writes to us about an invoice and reads our answer, after the code by SMS."""

from datetime import datetime

from django import forms
from django.conf import settings
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.links import new_token
from billing.models import AccessEvent, Invoice
from billing.text import posted
from billing.text.fields import WholeText
from guests import gate, kept, medical, throttle
from guests.pages import session_ended, visible_row
from helpdesk import messages

SHOWN = "messages"  # their name in the access log
_WRITTEN = throttle.Limit("invoice-messages", 10, 24 * 3600)  # about one invoice


class MessageForm(forms.Form):
    """What the patient wants to say."""

    text = WholeText(
        label=gettext_lazy("Your message"),
        max_length=messages.LONGEST,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy(
            "Please write no more about your treatment than needed. Never write a code or a password."
        ),
        error_messages={
            "required": gettext_lazy("Write something first."),
            "max_length": gettext_lazy(
                "This is too long: at most %(limit_value)d characters. Yours has %(show_value)d."
            ),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show what was written, and take a message; POST without a valid code keeps what was typed."""
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    now = timezone.now()
    granted = gate.passed(request, token, now=now)
    if granted is None:
        return _after_the_code(request, invoice)
    form = MessageForm(request.POST if request.method == "POST" else None, initial=kept.initial(request) or None)
    refusal = ""
    if form.is_valid():
        try:
            return _write(request, invoice, form.cleaned_data["text"], now)
        except Refused as refused:
            refusal = str(refused)
    rows = messages.of_invoice(invoice)
    if rows:
        medical.record_look(request, AccessEvent.Act.READ, invoice=invoice, data=SHOWN, grounds=granted.grounds)
    context = {
        "invoice": invoice,
        "rows": rows,
        "promised": next((row.answer_by for row in rows if row.staff is None and row.ended_at is None), None),
        "today": timezone.localdate(now),
        "would_be": messages.promised_for(now),
        "form": form,
        "form_token": new_token(),
        "refusal": refusal,
        "kept_years": settings.MESSAGES_KEPT_YEARS,
    }
    status = 409 if refusal else 422 if form.errors else 200
    return render(request, "helpdesk/messages.html", context, status=status)


def _after_the_code(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    page = reverse("message", args=[invoice.token])
    if request.method != "POST" and messages.of_invoice(invoice):
        return medical.refuse_look(request, AccessEvent.Act.READ, invoice=invoice, data=SHOWN, then=page)
    response = medical.ask_for_code(invoice.token, then=page)
    if request.method == "POST":
        kept.keep(request, response, page, kept.filled_in(request.POST))
    return response


def _write(request: HttpRequest, invoice: Invoice, text: str, now: datetime) -> HttpResponse:
    if throttle.take(_WRITTEN, str(invoice.pk), now=now):
        raise Refused(_("You wrote many messages today. We read them all. Write again tomorrow, or call us."))
    form = posted.form_token(request)
    # That of the reader, which the page itself may lack; of easy Dutch it is nl.
    language = str(request.LANGUAGE_CODE).partition("-")[0]
    message = messages.write(invoice.pk, text, form=form, language=language, now=now)
    assert message.answer_by is not None  # that of a patient has one
    day = date_format(message.answer_by, "l j F")
    notices.success(request, _("We have your message. You get an answer on %(day)s at the latest.") % {"day": day})
    return HttpResponseRedirect(reverse("message", args=[invoice.token]), status=303)
