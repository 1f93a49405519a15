"""The page of a file: what was promised and kept, who has the ball, what stops meanwhile, and every message.

A file without an invoice opens for whoever has its link, which went to the address that they gave. One about an invoice
shows its texts in the browser that sent it, and elsewhere after the code by SMS; without it only how it stands.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.documents import moment, pdf
from billing.errors import Refused
from billing.invoices import schedule
from billing.models import AccessEvent
from billing.rooms import Text
from complaints import deadlines, freeze, handling
from complaints.file import bodies, mandates, proof
from complaints.models import Complaint, ComplaintFile, ComplaintMessage
from complaints.pages.forms import WISHES, WordsForm
from complaints.pages.intake import FILED
from guests import access, gate, kept, medical, throttle
from guests.files import again
from guests.files.forms import FilesForm
from guests.pages import session_ended, visible_row

PAGE = "complaint page"
MANDATE = "mandate"  # grounds: the patient, or a document, says that this person may read it
SPOKEN_FOR = "complaints_spoken_for"  # in the session: the tokens of files that were opened so
Status = Complaint.Status
# What whoever made the complaint may read without a permission of the patient, besides their own words.
_FOR_ALL = (ComplaintMessage.Kind.MANDATE, ComplaintMessage.Kind.FILE_REFUSED)
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
    # A later step keeps what was promised of an earlier one too.
    admitted = complaint.admitted_at or complaint.answered_at
    acknowledged = complaint.acknowledged_at or admitted
    told = [Promise(_("We received your complaint"), received, received, True)]
    steps: list[tuple[str, date | None, Any]] = [
        (_("An employee confirms it, by name"), complaint.acknowledge_by, acknowledged),
        (_("You hear whether we can answer it"), complaint.admissible_by, admitted),
    ]
    given: list[tuple[str, date | None, Any]] = [
        (_("You get our answer"), row.promised_by, row.given_at) for row in complaint.answers.all() if row.given_at
    ]
    if not given or complaint.status in Complaint.OPEN:
        given.append((_("You get our answer"), complaint.answer_by, complaint.answered_at))
    if complaint.second_acknowledge_by and given:
        again = complaint.second_acknowledged_at or complaint.answered_at
        given.insert(
            len(given) - 1, (_("Somebody else confirms that they look again"), complaint.second_acknowledge_by, again)
        )
    steps += given
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
    return complaint.broken_before + sum(promise.kept is False for promise in promises(complaint, today=today))


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
    if speaks(request, complaint):
        return MANDATE
    return medical.OWN_BROWSER if complaint.token in request.session.get(FILED, []) else ""


def is_patient(request: HttpRequest, complaint: Complaint) -> bool:
    """Tell whether this browser showed a code that went to the patient's own telephone."""
    invoice = complaint.invoice
    return invoice is not None and gate.passed(request, invoice.token, now=timezone.now()) is not None


def speaks(request: HttpRequest, complaint: Complaint) -> bool:
    """Tell whether this browser came by the link that goes to who speaks for the patient, and they still may."""
    came = complaint.token in request.session.get(SPOKEN_FOR, [])
    return came and mandates.may_receive(complaint, today=timezone.localdate())


def may_be_told(request: HttpRequest, complaint: Complaint, *, today: date) -> bool:
    """Tell whether whoever may open the file may read what we write, which may name care.

    About an invoice: after the code, or who may speak for the patient. The browser that sent a complaint reads its own
    words, no more: whoever knows a payment reference can send one.
    """
    if complaint.invoice is None:
        return mandates.may_receive(complaint, today=today)
    return is_patient(request, complaint) or speaks(request, complaint)


def may_decide(request: HttpRequest, complaint: Complaint, *, today: date) -> bool:
    """Tell whether whoever may open the file may disagree with an answer, or take the complaint back."""
    return is_patient(request, complaint) or mandates.may_settle(complaint, today=today)


def writer(request: HttpRequest, complaint: Complaint) -> str:
    """Return who writes: the patient, or whoever made the complaint for them."""
    own = is_patient(request, complaint) or not mandates.speaks_for_another(complaint)
    return handling.BY if own else handling.REPRESENTATIVE


def refuse_after_the_end(request: HttpRequest, complaint: Complaint) -> None:
    """Raise Refused for whoever spoke for the patient until that was ended."""
    if mandates.was_ended(complaint) and not is_patient(request, complaint):
        raise Refused(_("You do not speak for the patient in this complaint any more."))


def files_for(request: HttpRequest, complaint: Complaint) -> QuerySet[ComplaintFile]:
    """Return the files that this browser may open: all, or what was sent from that side while nothing is told to it."""
    rows = complaint.files.exclude(status=ComplaintFile.Status.WITHDRAWN)
    if not may_read(request, complaint):
        return rows.none()
    if may_be_told(request, complaint, today=timezone.localdate()):
        return rows
    return rows.filter(token__in=again.sent_from(request))


def _messages_for(request: HttpRequest, complaint: Complaint, *, told: bool) -> list[ComplaintMessage]:
    rows, own = complaint.messages.all(), again.sent_from(request)
    return [row for row in rows if told or row.kind in _FOR_ALL or row.token in own]


def render_file(request: HttpRequest, complaint: Complaint, *, status: int = 200, **more: Any) -> HttpResponse:
    grounds, today = may_read(request, complaint), timezone.localdate()
    told = bool(grounds) and may_be_told(request, complaint, today=today)
    invoice = complaint.invoice
    if grounds and invoice:
        medical.record_look(request, AccessEvent.Act.READ, invoice=invoice, data=PAGE, grounds=grounds)
    facts = complaint.facts if grounds else {}
    given = complaint.answers.exclude(given_at=None)
    ended = mandates.was_ended(complaint) and not is_patient(request, complaint)
    is_open = complaint.status in Complaint.OPEN
    context = {
        "complaint": complaint,
        "invoice": invoice,
        "readable": bool(grounds),
        "facts": facts,
        "wishes": [label for value, label in WISHES if value in facts.get("wishes", ())],
        "told": told,
        "messages_": _messages_for(request, complaint, told=told) if grounds else [],
        "points": list(complaint.points.all()) if told else [],
        "answers": list(given) if told else [],
        "remedies": list(complaint.remedies.all()) if told else [],
        "referrals": list(complaint.referrals.filter(ended_on=None)) if told else [],
        "mandate": mandates.of(complaint) if grounds else None,
        "ended": ended,
        "is_patient": is_patient(request, complaint),
        "may_settle": bool(grounds) and may_decide(request, complaint, today=today),
        "files": list(files_for(request, complaint)),
        "own": proof.OF_PATIENT,
        "can_send": bool(grounds) and complaint.status in proof.OPEN and not ended,
        "files_form": FilesForm(),
        "again": again.offered(request, invoice, to=ComplaintFile) if grounds and not ended else [],
        "promises": promises(complaint, today=today),
        "broken": broken(complaint, today=today),
        "rests": bool(invoice and freeze.rests(invoice)),
        "is_open": is_open,
        "need_not_wait": bodies.need_not_wait(complaint, today=today) if is_open and told else None,
        "can_escalate": _can_escalate(complaint, today),
        "escalate_until": handling.escalate_until(complaint) if _can_escalate(complaint, today) else None,
        "elsewhere": complaint.referrals.filter(ended_on=None, keeps_rest=True).exists(),
        "from_patient": ComplaintMessage.FROM_PATIENT,
        "code_address": code_address(complaint),
        "form": None,
        "words": WordsForm(initial=kept.initial(request) if grounds else None),
        "refusal": "",
        "today": today,
        "new_day": schedule.least_time_to_pay(today),
    }
    return render(request, "complaints/file.html", context | more, status=status)


def _can_escalate(complaint: Complaint, today: date) -> bool:
    missing = complaint.why_inadmissible in handling.MISSING  # what would help is to send it
    ended = complaint.status == Status.ANSWERED or (complaint.status == Status.INADMISSIBLE and not missing)
    return ended and today <= handling.escalate_until(complaint)


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
    invoice = visible_row(request, token, withdrawn=True)
    if invoice is None:
        return session_ended(request)
    newest = Complaint.objects.filter(invoice=invoice).exclude(sealed_facts=b"").order_by("pk").last()
    if newest is None:
        return HttpResponseRedirect(reverse("complain", args=[token]), status=303)
    return HttpResponseRedirect(reverse("complaint", args=[newest.token]), status=303)


@require_safe
def spoken_for(request: HttpRequest, complaint: str, name: str) -> HttpResponse:
    """Open the file to whoever may speak for the patient, by the link that went to the address which they gave."""
    found = found_file(request, complaint)
    mandate = mandates.of(found)
    if mandate is not None and mandate.token == name and mandates.may_receive(found, today=timezone.localdate()):
        request.session[SPOKEN_FOR] = [*request.session.get(SPOKEN_FOR, []), found.token][-20:]
    return HttpResponseRedirect(reverse("complaint", args=[found.token]), status=303)


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
    return moment.order(request, source, name="klacht-ontvangen.pdf", invoice=found.invoice)


def _act(request: HttpRequest, token: str, act: Any, *, settles: bool = False) -> HttpResponse:
    """Do what a form on the page asks, for whoever may read the file; what `settles` needs more than to read it."""
    complaint = found_file(request, token)
    if request.method != "POST":  # somebody opened the address of a form
        return HttpResponseRedirect(reverse("complaint", args=[token]), status=303)
    if not may_read(request, complaint):
        response = HttpResponseRedirect(code_address(complaint), status=303)
        kept.keep(request, response, reverse("complaint", args=[token]), kept.filled_in(request.POST))
        return response
    try:
        if settles and not may_decide(request, complaint, today=timezone.localdate()):
            raise Refused(_("For this you need the permission of the patient."))
        refuse_after_the_end(request, complaint)
        act(complaint)
    except Refused as refused:
        form = WordsForm(request.POST)
        return render_file(request, found_file(request, token), words=form, refusal=str(refused), status=422)
    return HttpResponseRedirect(reverse("complaint", args=[token]), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def reply(request: HttpRequest, complaint: str) -> HttpResponse:
    text = request.POST.get("text", "")
    today = timezone.localdate()

    def act(row: Complaint) -> None:
        handling.reply(row.pk, text=text, today=today, by=writer(request, row))
        if written := row.messages.order_by("pk").last():
            again.remember(request, written.token)

    return _act(request, complaint, act)


@require_http_methods(["GET", "HEAD", "POST"])
def escalate(request: HttpRequest, complaint: str) -> HttpResponse:
    text, today = request.POST.get("text", ""), timezone.localdate()

    def act(row: Complaint) -> None:
        handling.escalate(row.pk, text=text, today=today, by=writer(request, row))

    return _act(request, complaint, act, settles=True)


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, complaint: str) -> HttpResponse:
    today = timezone.localdate()

    def act(row: Complaint) -> None:
        handling.withdraw(row.pk, today=today, by=writer(request, row))

    return _act(request, complaint, act, settles=True)


@require_safe
def permission_of_invoice(request: HttpRequest, token: str, complaint: str) -> HttpResponse:
    """Lead on to the page of the permission, once the code was right."""
    found = get_object_or_404(Complaint, token=complaint, invoice__token=token)
    return HttpResponseRedirect(reverse("complaint_permission", args=[found.token]), status=303)


@require_http_methods(["GET", "HEAD", "POST"])
def permission(request: HttpRequest, complaint: str) -> HttpResponse:
    """Let the patient, after a code on their own telephone, say whether somebody may speak for them, or end that."""
    found = found_file(request, complaint)
    here = reverse("complaint_permission", args=[complaint])
    if found.invoice is None:
        return HttpResponseRedirect(reverse("complaint", args=[complaint]), status=303)
    if not is_patient(request, found):
        token = found.invoice.token
        then = reverse("complaint_permission_of_invoice", args=[token, complaint])
        return HttpResponseRedirect(gate.address_of_code(token, then=then), status=303)
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
