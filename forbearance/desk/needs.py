"""At the desk: noting what helps a patient who said so by telephone or at the counter, and letters to print."""

import re

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing import audit, rights
from billing.documents import desk, moment, pdf
from billing.errors import Refused
from billing.invoices import open_links
from billing.models import AccessEvent, Invoice, OutboxMessage
from billing.privacy import access_log
from billing.tenancy import visible_to
from forbearance import needs
from forbearance.models import Need

LARGE = Need.Kind.LARGE_PRINT
LISTED = "needs"  # its name in the access log


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def note(request: HttpRequest) -> HttpResponse:
    """Find a patient by a payment reference and keep what they said helps them, with their consent."""
    sent, refusal = request.POST, ""
    invoice = _invoice(request)
    if request.method == "POST":
        try:
            rights.require(request.user, "spare")
            if invoice is None:
                raise Refused(_("No invoice has this payment reference."))
            if "agreed" not in sent:
                raise Refused(_("Only with the consent of the patient. Ask, and tick it."))
            kinds, by = sent.getlist("needs"), audit.name_of(request.user)
            needs.keep(invoice.patient_id, kinds, by=by, today=timezone.localdate())
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("Noted. The patient can see and change it on their own page."))
            page = reverse("admin:forbearance_needs")
            return HttpResponseRedirect(f"{page}?rekening={invoice.pk}", status=303)
    kept = set()
    if invoice is not None:
        access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data=LISTED)
        kept = {need.kind for need in needs.of(invoice.patient_id, today=timezone.localdate())}
    context = {
        **admin.site.each_context(request),
        "title": _("What helps a patient"),
        "invoice": invoice,
        "reference": invoice.payment_reference if invoice else sent.get("reference", ""),
        "boxes": [(value, label, value in kept) for value, label in Need.Kind.choices],
        "refusal": refusal,
    }
    return render(request, "admin/forbearance/needs.html", context, status=422 if refusal else 200)


def _invoice(request: HttpRequest) -> Invoice | None:
    """Return the invoice of the reference that was posted, or of the key in the address, which holds no reference."""
    rows = visible_to(request.user, Invoice.objects.filter(erased_at=None), provider_path="provider")
    key, digits = request.GET.get("rekening", ""), re.sub(r"\D", "", request.POST.get("reference", ""))
    if digits:
        rows = rows.filter(payment_reference=digits)
    elif re.fullmatch(r"[0-9]{1,18}", key):
        rows = rows.filter(pk=int(key))
    else:
        return None
    return rows.select_related("patient").first()


@never_cache
@require_safe
def letter(request: HttpRequest, message_id: int) -> HttpResponse:
    """Send a letter that left by e-mail as PDF, to print and post; the look is written down before."""
    rows = visible_to(request.user, OutboxMessage.objects.all(), provider_path="invoice__provider")
    message = (
        rows.filter(pk=message_id, erased_at=None).exclude(invoice=None).select_related("invoice__patient").first()
    )
    if message is None or message.invoice is None:
        raise Http404
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=message.invoice, data="message text")
    wants = needs.of(message.invoice.patient_id, today=timezone.localdate())
    facts = {
        "subject": message.subject,
        "paragraphs": [part for part in open_links.blanked(message.text).split("\n\n") if part.strip()],
        "patient": message.invoice.patient,
        "large": wants.filter(kind=LARGE).exists(),
    }
    source = pdf.html(facts, language=message.language, template="forbearance/printed.html")
    return moment.order(request, source, name="brief.pdf", invoice=message.invoice, page=desk.PAGE)
