"""The page of a file: what was promised and kept, who has the ball, what stops meanwhile, and every message.

A file without an invoice opens for whoever has its link, which went to the address that they gave. One about an invoice
shows its texts in the browser that sent it, and elsewhere after the code by SMS; without it only how it stands.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.documents import pdf
from billing.documents.attachment import attachment
from billing.errors import Refused
from billing.models import AccessEvent
from billing.rooms import Text
from complaints import deadlines, freeze, handling
from complaints.file import mandates, proof
from complaints.models import Complaint, ComplaintFile, ComplaintMessage
from complaints.pages.forms import WISHES, WordsForm
from complaints.pages.intake import FILED
from guests import access, gate, kept, medical, throttle
from guests.files.forms import FilesForm
from guests.pages import session_ended, visible_row

PAGE = "complaint page"
Status = Complaint.Status
# What whoever made the complaint may read without a permission of the patient: their words, and what we ask of them.
_FOR_ALL = (*ComplaintMessage.FROM_PATIENT, ComplaintMessage.Kind.MANDATE, ComplaintMessage.Kind.FILE_REFUSED)
_DRAWN = throttle.Limit("complaint-pdf", 30, 3600)


@dataclass(frozen=True, slots=True)
class Promise:
    """A date that was promised, and whether it was kept; `kept` is None while it lies ahead."""

    what: Text
    by: date
    done: date | None
    kept: bool | None


def promises(complaint: Complaint, *, today: date) -> list[Promise]:
    """Return what was promised in a file, in the order of the days."""
    received = deadlines.received_on(complaint.received_at)
    told = [Promise(_("We received your complaint"), received, received, True)]
    steps: list[tuple[str, date | None, Any]] = [
        (_("An employee confirms it, by name"), complaint.acknowledge_by, complaint.acknowledged_at),
        (_("You hear whether we can answer it"), complaint.admissible_by, complaint.admitted_at),
        (_("You get our answer"), complaint.answer_by, complaint.answered_at),
    ]
    for what, by, at in steps:
        if by is not None:
            done = timezone.localtime(at).date() if at else None
            told.append(Promise(what, by, done, _kept(by, done, complaint, today)))
    return told


def _kept(by: date, done: date | None, complaint: Complaint, today: date) -> bool | None:
    if done is not None:
        return done <= by
    return None if today <= by or complaint.status not in Complaint.OPEN else False


def broken(complaint: Complaint, *, today: date) -> int:
    """Return how many promises of a file were broken by `today`."""
    return sum(promise.kept is False for promise in promises(complaint, today=today))


def found_file(request: HttpRequest, token: str) -> Complaint:
    complaint = Complaint.objects.filter(token=token).select_related("invoice__provider").first()
    if complaint is None or not complaint.sealed_facts:
        raise Http404
    return complaint


def may_read(request: HttpRequest, complaint: Complaint) -> str:
    """Return on what grounds this browser may read the texts; empty when it may not."""
    if complaint.invoice is None:
        return "link"
    if passed := gate.passed(request, complaint.invoice.token, now=timezone.now()):
        return passed.grounds
    return medical.OWN_BROWSER if complaint.token in request.session.get(FILED, []) else ""


def is_patient(request: HttpRequest, complaint: Complaint) -> bool:
    """Tell whether this browser showed a code that went to the patient's own telephone."""
    invoice = complaint.invoice
    return invoice is not None and gate.passed(request, invoice.token, now=timezone.now()) is not None


def may_be_told(request: HttpRequest, complaint: Complaint, *, today: date) -> bool:
    """Tell whether whoever may open the file may read what we write: the patient, or who may speak for them."""
    return is_patient(request, complaint) or mandates.may_receive(complaint, today=today)


def may_decide(request: HttpRequest, complaint: Complaint, *, today: date) -> bool:
    """Tell whether whoever may open the file may disagree with an answer, or take the complaint back."""
    return is_patient(request, complaint) or mandates.may_settle(complaint, today=today)


def render_file(request: HttpRequest, complaint: Complaint, *, status: int = 200, **more: Any) -> HttpResponse:
    grounds, today = may_read(request, complaint), timezone.localdate()
    told = bool(grounds) and may_be_told(request, complaint, today=today)
    invoice = complaint.invoice
    if grounds and invoice:
        medical.record_look(request, AccessEvent.Act.READ, invoice=invoice, data=PAGE, grounds=grounds)
    facts = complaint.facts if grounds else {}
    given = complaint.answers.exclude(given_at=None)
    context = {
        "complaint": complaint,
        "invoice": invoice,
        "readable": bool(grounds),
        "facts": facts,
        "wishes": [label for value, label in WISHES if value in facts.get("wishes", ())],
        "told": told,
        "messages_": [row for row in complaint.messages.all() if told or row.kind in _FOR_ALL] if grounds else [],
        "points": list(complaint.points.all()) if told else [],
        "answers": list(given) if told else [],
        "remedies": list(complaint.remedies.all()) if told else [],
        "referrals": list(complaint.referrals.filter(ended_on=None)) if told else [],
        "mandate": mandates.of(complaint) if grounds else None,
        "may_settle": bool(grounds) and may_decide(request, complaint, today=today),
        "files": list(complaint.files.exclude(status=ComplaintFile.Status.WITHDRAWN)) if grounds else [],
        "can_send": bool(grounds) and complaint.status in proof.OPEN,
        "files_form": FilesForm(),
        "promises": promises(complaint, today=today),
        "broken": broken(complaint, today=today),
        "rests": bool(invoice and freeze.rests(invoice)),
        "is_open": complaint.status in Complaint.OPEN,
        "can_escalate": _can_escalate(complaint, today),
        "escalate_until": handling.escalate_until(complaint) if complaint.status == Status.ANSWERED else None,
        "from_patient": ComplaintMessage.FROM_PATIENT,
        "code_address": code_address(complaint),
        "form": None,
        "words": WordsForm(initial=kept.initial(request) if grounds else None),
        "refusal": "",
        "today": today,
    }
    return render(request, "complaints/file.html", context | more, status=status)


def _can_escalate(complaint: Complaint, today: date) -> bool:
    return complaint.status == Status.ANSWERED and today <= handling.escalate_until(complaint)


def code_address(complaint: Complaint) -> str:
    if complaint.invoice is None:
        return ""
    token = complaint.invoice.token
    return gate.address_of_code(token, then=reverse("complaints_of_invoice", args=[token]))


@require_safe
def show(request: HttpRequest, complaint: str) -> HttpResponse:
    return render_file(request, found_file(request, complaint))


@require_safe
def of_invoice(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the newest file about an invoice, or to making one."""
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    newest = Complaint.objects.filter(invoice=invoice).order_by("pk").last()
    if newest is None:
        return HttpResponseRedirect(reverse("complain", args=[token]), status=303)
    return HttpResponseRedirect(reverse("complaint", args=[newest.token]), status=303)


@require_safe
def receipt_pdf(request: HttpRequest, complaint: str) -> HttpResponse:
    """Send the confirmation of receipt as PDF: number and dates, nothing of what was said."""
    found = found_file(request, complaint)
    if throttle.take(_DRAWN, access.client_network(request), now=timezone.now()):
        refusal = _("You downloaded this many times. Try again in an hour.")
        return render_file(request, found, refusal=refusal, status=429)
    language = translation.get_language() or settings.LANGUAGE_CODE
    facts = {"complaint": found, "promises": promises(found, today=timezone.localdate()), "invoice": found.invoice}
    facts["operator"] = settings.OPERATOR
    source = pdf.html(facts, language=language, template="complaints/receipt.html")
    return attachment(pdf.from_html(source), name="klacht-ontvangen.pdf", content_type="application/pdf")


def _act(request: HttpRequest, token: str, act: Any, *, settles: bool = False) -> HttpResponse:
    """Do what a form on the page asks, for whoever may read the file; what `settles` needs more than to read it."""
    complaint = found_file(request, token)
    if request.method != "POST":  # somebody opened the address of a form
        return HttpResponseRedirect(reverse("complaint", args=[token]), status=303)
    if not may_read(request, complaint):
        response = HttpResponseRedirect(code_address(complaint), status=303)
        kept.keep(response, reverse("complaint", args=[token]), kept.filled_in(request.POST))
        return response
    try:
        if settles and not may_decide(request, complaint, today=timezone.localdate()):
            raise Refused(_("For this you need the permission of the patient."))
        act(complaint)
    except Refused as refused:
        form = WordsForm(request.POST)
        return render_file(request, found_file(request, token), words=form, refusal=str(refused), status=422)
    return HttpResponseRedirect(reverse("complaint", args=[token]), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: HttpRequest, complaint: str) -> HttpResponse:
    text = request.POST.get("text", "")
    return _act(request, complaint, lambda row: handling.reply(row.pk, text=text, today=timezone.localdate()))


@require_http_methods(["GET", "HEAD", "POST"])
def escalate(request: HttpRequest, complaint: str) -> HttpResponse:
    text, today = request.POST.get("text", ""), timezone.localdate()
    return _act(request, complaint, lambda row: handling.escalate(row.pk, text=text, today=today), settles=True)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, complaint: str) -> HttpResponse:
    today = timezone.localdate()
    return _act(request, complaint, lambda row: handling.withdraw(row.pk, today=today), settles=True)


@require_http_methods(["GET", "HEAD", "POST"])
def permission(request: HttpRequest, complaint: str) -> HttpResponse:
    """Let the patient, after a code on their own telephone, say whether somebody may speak for them, or end that."""
    found = found_file(request, complaint)
    here = reverse("complaint_permission", args=[complaint])
    if found.invoice is None:
        return HttpResponseRedirect(reverse("complaint", args=[complaint]), status=303)
    if not is_patient(request, found):
        return HttpResponseRedirect(gate.address_of_code(found.invoice.token, then=here), status=303)
    refusal = ""
    if request.method == "POST":
        try:
            if request.POST.get("answer") == "yes":
                settle = "settle" in request.POST
                mandates.agree(found.pk, may_settle=settle, today=timezone.localdate())
            else:
                mandates.end(found.pk, by=mandates.PATIENT)
        except Refused as refused:
            refusal = str(refused)
        else:
            return HttpResponseRedirect(here, status=303)
    grounds = may_read(request, found)
    medical.record_look(request, AccessEvent.Act.READ, invoice=found.invoice, data=PAGE, grounds=grounds)
    context = {
        "complaint": found,
        "invoice": found.invoice,
        "mandate": mandates.of(found),
        "refusal": refusal,
        "form": None,
    }
    return render(request, "complaints/permission.html", context, status=422 if refusal else 200)
