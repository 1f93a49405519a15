"""The desk of complaints at /beheer/klachten/: what is due, a file with its acts, and one that came by telephone.

Staff of a practice see the files about their care and prices; what is about us only operations see. Whom a complaint is
about never sees it here.
"""

import re
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import audit, rights, rooms
from billing.adjustments import reductions
from billing.errors import Refused
from billing.invoices.addressee import addressee
from billing.links import new_token
from billing.models import AccessEvent, Hold, Invoice
from billing.outbox.explaining import letter_language
from billing.privacy import access_log
from billing.templatetags.money import euro
from billing.text import posted
from complaints import answers, filing, freeze, remedies
from complaints.desk import sentences
from complaints.desk.acts import ACTS, WHY
from complaints.desk.base import FILE, files, open_files, owners, proposals
from complaints.desk.forms import SHARE, AnswerForm, ReceivedForm
from complaints.file import bodies, lessons, mandates, proof, signals
from complaints.models import Answer, Complaint, ComplaintFile, Lesson, Mandate, Referral
from complaints.number import read_number
from complaints.pages.file import broken, promises
from complaints.pages.forms import NEEDS, WISHES
from guests.files.forms import FilesForm

SHOWN = 100
LONG_REST_DAYS = 26 * 7
METHODS = ["GET", "HEAD", "POST"]


@never_cache
@require_http_methods(METHODS)
def index(request: HttpRequest) -> HttpResponse:
    """List what is open, the oldest promise first; or find a file by its number."""
    today, asked = timezone.localdate(), request.POST.get("nummer", "")
    if asked:
        found = files(request.user).filter(number=read_number(asked) or "").first()
        if found:
            return HttpResponseRedirect(reverse("admin:complaints_complaint_file", args=[found.pk]))
    rows: list[Any] = list(open_files(request.user)[:SHOWN])  # with `due`
    context = {
        **admin.site.each_context(request),
        "title": _("Complaints"),
        "rows": [(row, (row.due - today).days, broken(row, today=today)) for row in rows],
        "closed": files(request.user).exclude(status__in=Complaint.OPEN).order_by("-answered_at", "-pk")[:20],
        "asked": asked,
        "to_learn": lessons.to_learn(files(request.user)).order_by("answered_at")[:SHOWN],
        "to_ask": _to_ask(request.user, today),
        "proposals": proposals(request.user),
        "signals": signals.unread()[:SHOWN] if answers.is_ours(request.user) else [],
        "long_rest": _long_rest(request.user),
        "today": today,
    }
    return render(request, "admin/complaints/list.html", context)


def _long_rest(staff: Any) -> list[Complaint]:
    """Return the open files whose invoice rests for half a year: a person looks whether it still should."""
    since = timezone.now() - timedelta(days=LONG_REST_DAYS)
    resting = Hold.objects.filter(reason=freeze.HOLD, released_at=None, placed_at__lt=since)
    return list(open_files(staff).filter(invoice__in=resting.values("invoice"))[:SHOWN])


@never_cache
@require_http_methods(["POST"])
def read_signal(request: HttpRequest) -> HttpResponse:
    """Note that a signal was read, by whoever works for us."""
    if not answers.is_ours(request.user):
        raise Http404
    try:
        signals.read(posted.key(request, "signal"), staff=request.user)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("Noted."))
    return HttpResponseRedirect(reverse("admin:complaints"), status=303)


@never_cache
@require_http_methods(METHODS)
def show(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show a file with what can be done; POST does one of these."""
    complaint = files(request.user).filter(pk=object_id).first()
    if complaint is None or not complaint.sealed_facts:
        raise Http404
    if request.method != "POST":
        return _page(request, complaint)
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        return _page(request, complaint, refusal=_("Choose one of the buttons."))
    form = AnswerForm(request.POST, complaint=complaint) if act is ACTS["answer"] else None
    if form is not None and not form.is_valid():
        return _page(request, complaint, form=form)
    try:
        rights.require(request.user, "complaint")
        said = act(request, complaint, form)
    except Refused as refusal:
        return _page(request, complaint, form=form, refusal=str(refusal))
    messages.success(request, said)
    return HttpResponseRedirect(reverse("admin:complaints_complaint_file", args=[object_id]), status=303)


def _answers(complaint: Complaint) -> dict[str, Any]:
    """Return each answer that was given with its points, and the points of one that still needs a second person."""
    points = list(complaint.points.all())
    given = complaint.answers.exclude(given_at=None).select_related("written_by", "confirmed_by").order_by("line")
    answered = {answer: [point for point in points if point.line == answer.line] for answer in given}
    lines = {answer.line for answer in answered}
    return {"given": list(answered.items()), "points": [point for point in points if point.line not in lines]}


def _page(
    request: HttpRequest, complaint: Complaint, *, form: AnswerForm | None = None, refusal: str = ""
) -> HttpResponse:
    """Render the file. Raises, and shows nothing, when the access log can't be written."""
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=complaint.invoice, data=FILE)
    today, facts, staff = timezone.localdate(), complaint.facts, request.user
    proposed = Answer.objects.filter(complaint=complaint, given_at=None).select_related("written_by").first()
    invoice = complaint.invoice
    context = {
        **admin.site.each_context(request),
        **_parts(complaint),
        "title": _("Complaint %(number)s") % {"number": complaint.number},
        "complaint": complaint,
        "invoice": invoice,
        "facts": facts,
        "wishes": [label for value, label in WISHES if value in facts.get("wishes", ())],
        "birth": _birth(complaint),
        "needs": [label for value, label in NEEDS if value in facts.get("needs", ())],
        "promises": promises(complaint, today=today),
        "file_messages": [(message, audit.actor(message.by)) for message in complaint.messages.all()],
        **_answers(complaint),
        "remedies": list(complaint.remedies.all()),
        "proposed": proposed,
        "less": remedies.worth(invoice, draft_of(proposed).wanted) if proposed else None,
        "wanted": draft_of(proposed).wanted if proposed else None,
        "moved": _moved(draft_of(proposed)) if proposed else "",
        "own_proposal": proposed is not None and (proposed.written_by_id == staff.pk or not answers.is_ours(staff)),
        "is_ours": answers.is_ours(staff),
        "register": bodies.REGISTER,
        "no_mail": not facts.get("email") and (invoice is None or not addressee(invoice).email),
        "can_escalate": complaint.status in (Complaint.Status.ANSWERED, Complaint.Status.INADMISSIBLE),
        "what": request.POST.get("what", ""),
        "form": form or AnswerForm(initial=_begun(complaint, proposed), complaint=complaint),
        "share": reductions.patient_share(invoice) - reductions.reduced(invoice) if invoice else None,
        "charges": reductions.charged(invoice) if invoice else None,
        "next_body": bodies.after(complaint, today=today),
        "today": today,
        "can_answer": complaint.status in answers.ANSWERABLE,
        "why": WHY.items(),
        "hello": _hello(request, complaint),
        "refusal": refusal,
        # What was typed when it could not be done: nobody types it twice.
        "act": request.POST.get("act", ""),
        "typed": request.POST.get("text", ""),
        "why_given": request.POST.get("why", ""),
    }
    wrong = bool(refusal or (form is not None and form.errors))
    return render(request, "admin/complaints/file.html", context, status=422 if wrong else 200)


def _parts(complaint: Complaint) -> dict[str, Any]:
    """Return what the page shows of the file besides its words, and what can be chosen there."""
    return {
        "bodies": [(key, body.label) for key, body in bodies.BODIES.items()],
        "subjects": [choice for choice in Complaint.Subject.choices if choice[0] != complaint.subject],
        "is_open": complaint.status in Complaint.OPEN,
        "helps": rooms.what_helps(complaint.invoice, today=timezone.localdate()) if complaint.invoice else [],
        "handed_over": complaint.invoice is not None and rooms.is_handed_over(complaint.invoice),
        "channels": Complaint.Channel.choices[1:],
        "to_confirm_again": complaint.status == Complaint.Status.SECOND_LINE and not complaint.second_acknowledged_at,
        "referrals": list(complaint.referrals.all()),
        "mandate": mandates.of(complaint),
        "mandate_kinds": Mandate.Kind.choices,
        "lesson": Lesson.objects.filter(complaint=complaint).select_related("owner").first(),
        "causes": Lesson.Cause.choices,
        "can_learn": complaint.status in lessons.LEARNT_FROM,
        "owners": owners(complaint),
        "files_form": FilesForm(),
        "can_add": complaint.status in proof.OPEN,
        "files": list(complaint.files.exclude(status=ComplaintFile.Status.WITHDRAWN)),
    }


def _begun(complaint: Complaint, proposed: Answer | None) -> dict[str, Any]:
    """Return what the form of an answer begins with: the proposal, or the points that were restated to the patient."""
    if proposed is None:
        points = answers.restated(complaint) or sentences.points_of(complaint.facts.get("story", ""))
        with override(complaint.language):
            looked_at, apology = str(sentences.looked_at(complaint.subject)), str(sentences.APOLOGY)
        said = {f"said_{number}": point for number, point in enumerate(points, start=1)}
        return said | {"looked_at": looked_at, "apology": apology}
    draft = draft_of(proposed)
    begun: dict[str, Any] = {"looked_at": draft.looked_at, "apology": draft.apology} | asdict(draft.wanted)
    begun |= {f"{SHARE}{pk}": amount for pk, amount in draft.wanted.shares}
    for number, point in enumerate(draft.points, start=1):
        begun |= {f"{name}_{number}": getattr(point, name) for name in ("said", "found", "decision", "why")}
    return begun


def draft_of(proposed: Answer) -> answers.Draft:
    """Return a proposed answer as it was written."""
    return answers.Draft.from_facts(proposed.facts)


def _moved(draft: answers.Draft) -> str:
    """Return what each invoice gets of a payment, in words; empty when this one gets all of it."""
    numbers = dict(Invoice.objects.filter(pk__in=draft.wanted.amounts).values_list("pk", "number"))
    return ", ".join(f"{numbers[pk]}: {euro(amount)}" for pk, amount in draft.wanted.amounts.items() if pk in numbers)


def _to_ask(staff: Any, today: date) -> list[Referral]:
    """Return what other bodies have and nobody has asked about for three months."""
    rows = Referral.objects.filter(complaint__in=files(staff), ended_on=None, ask_on__lte=today)
    return list(rows.select_related("complaint").order_by("ask_on")[:SHOWN])


def _birth(complaint: Complaint) -> str:
    """Tell whether the date of birth that was given is the patient's; empty when none was given, or none is known."""
    given = re.findall(r"\d+", complaint.facts.get("date_of_birth", ""))
    known = complaint.invoice.patient.identity.get("date_of_birth", "") if complaint.invoice else ""
    if len(given) != 3 or not known:
        return ""
    year, month, day = given if len(given[0]) == 4 else reversed(given)
    return str(_("as we know it") if f"{year}-{month:0>2}-{day:0>2}" == known else _("another than we know"))


def _hello(request: HttpRequest, complaint: Complaint) -> str:
    """Return the confirmation as it can be sent: by name, in the language of the patient, to be completed."""
    staff: Any = request.user
    name = staff.get_full_name() or staff.username
    points = "\n".join(f"- {point}" for point in sentences.points_of(complaint.facts.get("story", "")))
    with override(complaint.language):
        begins = _("My name is %(name)s, and I look into your complaint. As I read it, you say:") % {"name": name}
        ends = _("Is something missing, or wrong? Then write it in your file.")
    return f"{begins}\n{points}\n{ends}"


@never_cache
@require_http_methods(METHODS)
def receive(request: HttpRequest) -> HttpResponse:
    """Enter a complaint that came by telephone, mail or post."""
    initial = {"received_at": timezone.localtime().replace(second=0, microsecond=0), "form": new_token()}
    form = ReceivedForm(request.POST if request.method == "POST" else None, initial=initial, staff=request.user)
    refusal = ""
    if form.is_valid():
        given = form.cleaned_data
        invoice = given["reference"]
        names = [name for name in filing.Said.__dataclass_fields__ if name in given]
        try:
            rights.require(request.user, "complaint")  # the invoice rests from here on
            complaint = filing.file(
                filing.Said(**{name: given[name] for name in names}),
                subject=given["subject"],
                invoice_id=invoice.pk if invoice else None,
                channel=given["channel"],
                language=given["language"]
                or (letter_language(invoice.patient.language) if invoice else settings.LANGUAGE_CODE),
                form=given["form"],
                by=audit.name_of(request.user),
                received_at=given["received_at"],
            )
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("Complaint %(number)s was entered.") % {"number": complaint.number})
            return _to(request, complaint)
    context = {
        **admin.site.each_context(request),
        "title": _("Enter a complaint"),
        "form": form,
        "refusal": refusal,
    }
    wrong = bool(refusal or form.errors)
    return render(request, "admin/complaints/receive.html", context, status=422 if wrong else 200)


def _to(request: HttpRequest, complaint: Complaint) -> HttpResponse:
    """Lead to the file; to the list when it is about us and this person may not see it."""
    if files(request.user).filter(pk=complaint.pk).exists():
        return HttpResponseRedirect(reverse("admin:complaints_complaint_file", args=[complaint.pk]), status=303)
    return HttpResponseRedirect(reverse("admin:complaints"), status=303)
