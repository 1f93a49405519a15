"""The desk of messages at /beheer/berichten/: what waits, the oldest promise first, and the thread of one invoice."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib import messages as notices
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing import rights, rooms
from billing.errors import Refused
from billing.invoices.addressee import addressee
from billing.models import AccessEvent, Invoice
from billing.privacy import access_log
from billing.tenancy import visible_to
from billing.text import posted
from billing.text.addresses import is_one_address
from helpdesk import messages
from helpdesk.models import InvoiceMessage

LIST, THREAD = "message list", "messages"  # their names in the access log
SHOWN, COUNTED_DAYS = 200, 30


def rows(staff: Any) -> QuerySet[InvoiceMessage]:
    """Return the messages that this person may see."""
    return visible_to(staff, InvoiceMessage.objects.all(), provider_path="invoice__provider")


def waiting(staff: Any) -> QuerySet[InvoiceMessage]:
    """Return those of them that wait for an answer, the oldest promise first."""
    return rows(staff).filter(pk__in=messages.waiting().values("pk")).order_by("answer_by", "pk")


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List what waits, and what was answered lately. The access log calls it a search."""
    access_log.record_staff(request, AccessEvent.Act.SEARCH, invoice=None, data=LIST)
    today = timezone.localdate()
    lately = rows(request.user).filter(at__gte=timezone.now() - timedelta(days=COUNTED_DAYS))
    context = {
        **admin.site.each_context(request),
        "title": _("Messages of patients"),
        "rows": _first_of_each(waiting(request.user).select_related("invoice__provider")),
        "answered": lately.exclude(staff=None).select_related("invoice", "staff").order_by("-pk")[:20],
        "broken": messages.broken(lately, today=today),
        "days": COUNTED_DAYS,
        "today": today,
    }
    return render(request, "admin/helpdesk/messages.html", context)


def _first_of_each(found: QuerySet[InvoiceMessage]) -> list[InvoiceMessage]:
    """Return the oldest message of each invoice, which has its oldest promise."""
    first: dict[int, InvoiceMessage] = {}
    for row in found[:SHOWN]:
        before = first.setdefault(row.invoice_id, row)
        before.sounds_like_complaint |= row.sounds_like_complaint
    return list(first.values())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: HttpRequest, invoice_id: int) -> HttpResponse:
    """Show what was written about an invoice; POST answers, closes, or makes a complaint of it."""
    invoice = _invoice(request, invoice_id)
    refusal = ""
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""))
        try:
            if act is None:
                raise Refused(_("Choose one of the buttons."))
            return act(request, invoice)
        except Refused as refused:
            refusal = str(refused)
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data=THREAD)
    found, today, intake = messages.of_invoice(invoice), timezone.localdate(), rooms.complaint_intake()
    waits = [row for row in found if row.staff is None and row.ended_at is None]
    context = {
        **admin.site.each_context(request),
        "title": _("Messages about invoice %(number)s") % {"number": invoice.number},
        "invoice": invoice,
        "rows": found,
        "waits": waits,
        "due": min((row.answer_by for row in waits if row.answer_by), default=None),
        "today": today,
        "broken": messages.broken(InvoiceMessage.objects.filter(invoice=invoice), today=today),
        "sounds": any(row.sounds_like_complaint for row in waits),
        "subjects": intake.subjects if intake and rights.may(request.user, "complaint") else (),
        "no_mail": not is_one_address(addressee(invoice).email),
        "seen": messages.newest(invoice),
        "may_answer": rights.may(request.user, "message"),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "admin/helpdesk/thread.html", context, status=422 if refusal else 200)


def _invoice(request: HttpRequest, invoice_id: int) -> Invoice:
    """Return an invoice with messages. Raises Http404, with the look written down when it is another practice's."""
    found = Invoice.objects.filter(pk=invoice_id, messages_about_it__isnull=False).select_related("provider")
    invoice = found.first()
    if invoice is None:
        raise Http404
    if not visible_to(request.user, Invoice.objects.all(), provider_path="provider").filter(pk=invoice_id).exists():
        outcome = AccessEvent.Outcome.REFUSED
        access_log.record_staff(request, AccessEvent.Act.READ, invoice=invoice, data=THREAD, outcome=outcome)
        raise Http404
    return invoice


def _answer(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    rights.require(request.user, "message")
    messages.answer(invoice.pk, request.POST.get("text", ""), staff=request.user, seen=posted.key(request, "seen"))
    notices.success(request, _("Answered. The patient gets an e-mail that says that there is an answer."))
    return HttpResponseRedirect(reverse("admin:helpdesk_messages"), status=303)


def _close(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    rights.require(request.user, "message")
    messages.close(invoice.pk, staff=request.user, seen=posted.key(request, "seen"))
    notices.success(request, _("Nothing waits there any more."))
    return HttpResponseRedirect(reverse("admin:helpdesk_messages"), status=303)


def _complaint(request: HttpRequest, invoice: Invoice) -> HttpResponse:
    rights.require(request.user, "complaint")  # the invoice rests from here on
    subject = request.POST.get("subject", "")
    file = messages.make_complaint(invoice.pk, subject, staff=request.user, seen=posted.key(request, "seen"))
    notices.success(request, _("It is a complaint now. Its days count from the message."))
    return HttpResponseRedirect(file or reverse("admin:helpdesk_messages"), status=303)


ACTS: dict[str, Callable[[HttpRequest, Invoice], HttpResponse]] = {
    "answer": _answer,
    "close": _close,
    "complaint": _complaint,
}
