"""The full invoice: the code that opens it, the download, and who looked at it; files that are drawn for a moment."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from billing import rooms
from billing.documents import drawing, full_invoice, moment
from billing.documents.attachment import attachment
from billing.errors import Refused
from billing.invoices import open_links
from billing.models import AccessEvent, CreditNote, Invoice
from billing.privacy import access_log
from guests import access, gate, kept, medical, sms_code
from guests.pages import posted_to, session_ended, visible_row
from portal.pages.forms import CodeForm
from portal.pages.language import own_path

EVENTS_SHOWN = 200


@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest, token: str) -> HttpResponse:
    """Ask for a code, enter it, and then find what it opens: all at one address."""
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    now = timezone.now()
    if held := gate.passed(request, token, now=now):
        if then := gate.leads_to(request, token):
            return HttpResponseRedirect(then, status=303)
        notes = CreditNote.objects.filter(invoice=invoice).defer("sealed_content")
        drawn = drawing.progress(invoice, language=_language(), now=now)
        context = {"invoice": invoice, "until": held.until, "credit_notes": notes, "drawn": drawn}
        return render(request, "pages/document.html", context)
    if gate.usable(invoice) is None:
        return render(request, "pages/code_impossible.html", {"invoice": invoice})
    if request.method == "POST":
        return _check(request, invoice, now) if "code" in request.POST else _send(request, invoice, now)
    return _page(request, invoice, CodeForm())


def _language() -> str:
    return translation.get_language() or settings.LANGUAGE_CODE


def _send(request: HttpRequest, invoice: Invoice, now: datetime) -> HttpResponse:
    asker = _asker(request, invoice)
    try:
        sent = sms_code.send_code(invoice, holder=gate.holder_of(request), now=now, **asker)
    except sms_code.TooOften as refusal:
        response = _page(request, invoice, CodeForm(), refusal=str(refusal), status=429)
        response.headers["Retry-After"] = str(refusal.wait_seconds)
        return response
    except Refused as refusal:
        return _page(request, invoice, CodeForm(), refusal=str(refusal), status=503)
    if not gate.leads_to(request, invoice.token):
        drawing.begin(invoice, language=_language())
    digits = {"digits": sms_code.last_digits(invoice)}
    if sent:
        messages.success(request, _("We sent an SMS to the number that ends in %(digits)s.") % digits)
    else:
        messages.warning(
            request, _("We asked for an SMS to the number that ends in %(digits)s. It may take a few minutes.") % digits
        )
    return HttpResponseRedirect(request.get_full_path(), status=303)


def _check(request: HttpRequest, invoice: Invoice, now: datetime) -> HttpResponse:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, invoice, form)
    holder, by_link = gate.holder_of(request), access.came_by_link(request, invoice.token)
    try:
        right = sms_code.verify_code(invoice, holder=holder, code=form.cleaned_data["code"], by_link=by_link, now=now)
    except sms_code.TooOften as refusal:
        response = _page(request, invoice, CodeForm(), refusal=str(refusal), status=429)
        response.headers["Retry-After"] = str(refusal.wait_seconds)
        return response
    if not right:
        form.add_wrong(used_up=sms_code.is_used_up(invoice, holder=holder))
        return _page(request, invoice, form)
    rests_on = open_links.on_mobile(invoice)
    gate.let_through(request, invoice.token, gate=gate.SMS, rests_on=rests_on, now=now)
    messages.success(request, _("The code is right."))
    return HttpResponseRedirect(request.get_full_path(), status=303)


def _asker(request: HttpRequest, invoice: Invoice) -> dict[str, Any]:
    """Where this browser is and whether it came by our link: what the limits on codes count."""
    by_link = access.came_by_link(request, invoice.token)
    return {"network": access.client_network(request), "by_link": by_link}


def _page(
    request: HttpRequest, invoice: Invoice, form: CodeForm, *, refusal: str = "", status: int = 200
) -> HttpResponse:
    under_way = sms_code.open_code(invoice, holder=gate.holder_of(request))
    context: dict[str, Any] = {
        "invoice": invoice,
        "form": form,
        "under_way": under_way,
        "digits": sms_code.last_digits(invoice),
        "refusal": refusal,
        "leads_on": bool(gate.leads_to(request, invoice.token)),
        "next_code": "" if refusal else sms_code.next_code(invoice, now=timezone.now(), **_asker(request, invoice)),
    }
    return render(request, "pages/code.html", context, status=status)


@require_GET
def pdf(request: HttpRequest, token: str) -> HttpResponse:
    """Return the full invoice, once a worker has drawn it; until then the page before says so.

    What can't be recorded in the access log is not shown: then this raises.
    """
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    granted = gate.passed(request, token, now=timezone.now())
    if granted is None:
        return medical.refuse_look(request, AccessEvent.Act.DOWNLOAD, invoice=invoice, data="invoice.pdf")
    drawn = drawing.find(invoice, language=_language())
    if drawn is None:
        return HttpResponseRedirect(gate.address_of_code(token), status=303)
    medical.record_look(request, AccessEvent.Act.DOWNLOAD, invoice=invoice, data="invoice.pdf", grounds=granted.grounds)
    return attachment(full_invoice.content_of(drawn), name="rekening.pdf", content_type="application/pdf")


@require_GET
def credit_note(request: HttpRequest, token: str, note_id: int) -> HttpResponse:
    """Return a credit note of the invoice, behind the same gate as the invoice itself."""
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    note = CreditNote.objects.filter(pk=note_id, invoice=invoice).select_related("invoice", "provider").first()
    if note is None:
        raise Http404
    granted, act = gate.passed(request, token, now=timezone.now()), AccessEvent.Act.DOWNLOAD
    if granted is None:
        return medical.refuse_look(request, act, invoice=invoice, data="credit-note.pdf")
    drawn = drawing.find(invoice, language=_language(), note=note)
    if drawn is None:
        return HttpResponseRedirect(gate.address_of_code(token), status=303)
    medical.record_look(request, act, invoice=invoice, data="credit-note.pdf", grounds=granted.grounds)
    return attachment(full_invoice.content_of(drawn), name="creditnota.pdf", content_type="application/pdf")


@require_GET
def access_list(request: HttpRequest, token: str) -> HttpResponse:
    """Who looked at this invoice, when and in which role; for the patient, so behind the same gate."""
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    if gate.passed(request, token, now=timezone.now()) is None:
        then = reverse("access_list", args=[token])
        return medical.refuse_look(request, AccessEvent.Act.READ, invoice=invoice, data="access-log", then=then)
    events = list(access_log.of_invoice(invoice)[: EVENTS_SHOWN + 1])
    context = {
        "invoice": invoice,
        "events": events[:EVENTS_SHOWN],
        "more": len(events) > EVENTS_SHOWN,
        "labels": rooms.access_labels(),
    }
    return render(request, "pages/access_list.html", context)


@posted_to("invoice")
def extend_session(request: HttpRequest, token: str) -> HttpResponse:
    """Stay longer: back to the page with its new time and what was filled in, or the time alone for the script."""
    now = timezone.now()
    gate.extend_pass(request, token, now=now)
    closes = access.closes_at(request, token)
    if "application/json" in request.headers.get("Accept", ""):
        left = max(0, int((closes - now).total_seconds())) if closes else 0
        return JsonResponse({"seconds": left})
    if closes is None:
        return session_ended(request)
    back = own_path(request.POST.get("next", ""), otherwise=reverse("invoice", args=[token]))
    response = HttpResponseRedirect(back, status=303)
    kept.keep(request, response, back, kept.filled_in(request.POST))
    return response


@require_safe
def file(request: HttpRequest, file: str) -> HttpResponse:
    """Return a file that this browser asked for, or say that it is being made: then the page looks again by itself."""
    order = moment.find(request, file)
    if order is None:
        return session_ended(request)
    about = order.invoice.token if order.invoice else ""
    if not access.may_see(request, about, now=timezone.now()):
        about = ""  # who speaks for a patient may have a file of their complaint, and not their invoice
    context = {"file": file, "slow": moment.is_slow(order), "shares": (), "invoice_token": about}
    return moment.give(order) or render(request, "pages/file.html", context)
