"""The desk of forbearance at /beheer/ontzien/: who is spared and until when, a report, and what can be done.

Whoever may see a patient's invoices may report: everything stops at once, and a colleague can end it with a reason.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing import audit, rights, rooms
from billing.desk.base import unsure
from billing.errors import Refused
from billing.models import AccessEvent, Patient
from billing.privacy import access_log
from billing.tenancy import visible_to
from billing.text.addresses import is_one_address
from forbearance import days, reports, rests
from forbearance.desk.forms import ReportForm
from forbearance.models import CounsellorLetter, Forbearance
from guests.files import handing_out

PAGE, LIST = "forbearance", "forbearances"  # their names in the access log
SHOWN = 200
METHODS = ["GET", "HEAD", "POST"]


def grounds(staff: Any) -> Any:
    """Return what this person may see."""
    rows = visible_to(staff, Forbearance.objects.all(), provider_path="patient__provider")
    return rows.select_related("patient__provider")


def of_patient(staff: Any, patient: Patient) -> Iterator[rooms.Case]:
    """Yield the grounds on which a patient is spared, for the patient's page."""
    for row in grounds(staff).filter(patient=patient):
        state = _("ended") if row.ended_at else _("is spared now")
        address = reverse("admin:forbearance_forbearance_ground", args=[row.pk])
        yield rooms.Case(row.reported_at, row.get_kind_display(), state, address)


@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List who is spared now, what ends first on top. The access log calls it a search."""
    access_log.record_staff(request, AccessEvent.Act.SEARCH, invoice=None, data=LIST)
    rows = grounds(request.user)
    context = {
        **admin.site.each_context(request),
        "title": _("Spared patients"),
        "rows": rows.filter(ended_at=None).order_by("until", "-pk")[:SHOWN],
        "ended": rows.exclude(ended_at=None).order_by("-ended_at")[:20],
    }
    return render(request, "admin/forbearance/list.html", context)


@never_cache
@require_http_methods(METHODS)
def receive(request: HttpRequest) -> HttpResponse:
    """Enter a report: from here on nothing is sent to the patient and nothing is charged."""
    form = ReportForm(request.POST if request.method == "POST" else None, staff=request.user)
    refusal = ""
    if form.is_valid():
        invoice, said = form.cleaned_data["reference"], form.said()
        try:
            rights.require(request.user, "spare")
            if said.name or said.email:
                rights.require(request.user, "payer")  # letters go there from now on
            by, may_waive = audit.name_of(request.user), rights.may(request.user, "waive")
            row = reports.report(invoice.patient_id, said, by=by, may_waive=may_waive)
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, _("Reported. Letters to this patient have stopped."))
            if row.facts.get("charges_wait"):
                messages.info(request, _("Costs and interest stay until a colleague who may waive them has looked."))
            return _to(row.pk)
    context = {
        **admin.site.each_context(request),
        "title": _("Report a patient to spare"),
        "form": form,
        "refusal": refusal,
    }
    wrong = bool(refusal or form.errors)
    return render(request, "admin/forbearance/report.html", context, status=422 if wrong else 200)


@never_cache
@require_http_methods(METHODS)
def show(request: HttpRequest, object_id: int) -> HttpResponse:
    """Show a ground with what can be done; POST does one of these."""
    row = grounds(request.user).filter(pk=object_id).first()
    if row is None:
        _record_refusal(request, object_id)
        raise Http404
    refusal = ""
    if request.method == "POST":
        act = ACTS.get(request.POST.get("act", ""))
        try:
            if act is None:
                raise Refused(_("Choose one of the buttons."))
            rights.require(request.user, RIGHT_TO[request.POST["act"]])
            said = act(request, row)
            if isinstance(said, HttpResponse):
                return said
        except Refused as refused:
            refusal = str(refused)
        else:
            messages.success(request, said)
            return _to(object_id)
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=None, patient=row.patient, data=PAGE)
    context = {
        **admin.site.each_context(request),
        "title": row.get_kind_display(),
        "row": row,
        "facts": row.facts,
        "letters": list(row.letters.exclude(status=CounsellorLetter.Status.WITHDRAWN)),
        "invoices": rests.open_invoices(one.patient_id for one in rests.group_of(row)),
        "can_extend": row.kind == Forbearance.Kind.DEBT_HELP and not row.extended,
        "can_take_off": row.facts.get("charges_wait") and rights.may(request.user, "waive"),
        "can_answer": row.kind in reports.ANSWERED,
        "can_represent": row.kind in (*rests.RELATIONS, Forbearance.Kind.OF_PARENTS) and not row.facts.get("accepted"),
        "is_estate": row.kind == Forbearance.Kind.DECEASED,
        "is_parents": row.kind == Forbearance.Kind.OF_PARENTS,
        "is_guardian": row.kind == Forbearance.Kind.GUARDIANSHIP,
        "by": audit.actor(row.reported_by),
        "refusal": refusal,
        "typed": request.POST,
    }
    return render(request, "admin/forbearance/ground.html", context, status=422 if refusal else 200)


@never_cache
@require_safe
def letter(request: HttpRequest, object_id: int, file_id: int) -> HttpResponse:
    """Send a checked letter as an attachment; the look is written down before, also one that is refused."""
    row = CounsellorLetter.objects.filter(pk=file_id, forbearance=object_id).select_related("forbearance").first()
    if row is None:
        raise Http404
    return handing_out.to_staff(request, row, is_theirs=grounds(request.user).filter(pk=object_id).exists())


def _record_refusal(request: HttpRequest, object_id: int) -> None:
    """Write down that somebody asked for a ground that is there and not theirs."""
    row = Forbearance.objects.filter(pk=object_id).select_related("patient__provider").first()
    if row is not None:
        look, outcome = AccessEvent.Act.READ, AccessEvent.Outcome.REFUSED
        access_log.record_staff(request, look, invoice=None, patient=row.patient, data=PAGE, outcome=outcome)


def _to(row_id: int) -> HttpResponse:
    return HttpResponseRedirect(reverse("admin:forbearance_forbearance_ground", args=[row_id]), status=303)


def _end(request: HttpRequest, row: Forbearance) -> str:
    why = request.POST.get("why", "").strip()
    if not why:
        raise Refused(_("Say why. Your colleagues read it on the timeline."))
    if not days.end(row.pk, by=audit.name_of(request.user), today=timezone.localdate(), written=why[:1000]):
        raise Refused(_("This has ended already."))
    return _("Ended. Who has something to pay gets a new last day by e-mail.")


def _extend(request: HttpRequest, row: Forbearance) -> str:
    until = reports.extend(row.pk, by=audit.name_of(request.user))
    return _("Extended until %(day)s.") % {"day": date_format(until, "DATE_FORMAT")}


def _answer(request: HttpRequest, row: Forbearance) -> str:
    email, reference = _typed_address(request), request.POST.get("reference", "").strip()[:60]
    reports.answer(row.pk, by=audit.name_of(request.user), email=email, reference=reference)
    return _("The debt counsellor gets an e-mail with what is open.")


def _typed_address(request: HttpRequest) -> str:
    """Return the e-mail address that was typed; raise Refused for what can't be one."""
    email = request.POST.get("email", "").strip()
    if email and not is_one_address(email):
        raise Refused(_("This is not an e-mail address. Look for an @ and a point."))
    return email


def _represent(request: HttpRequest, row: Forbearance) -> str:
    email = _typed_address(request)
    name = request.POST.get("name", "").strip()[:100]
    reports.represent(row.pk, name=name, email=email, by=audit.name_of(request.user))
    return _("Noted. They get a new last day to pay by e-mail.")


def _take_off(request: HttpRequest, row: Forbearance) -> str | HttpResponse:
    does = _("They are off the invoices for good, and nobody can undo that.")
    if row.facts.get("charges_wait") and (asked := unsure(request, _("Take off costs and interest?"), does)):
        return asked
    reports.take_off(row.pk, by=audit.name_of(request.user))
    return _("Costs and interest were taken off.")


ACTS: dict[str, Callable[[HttpRequest, Forbearance], str | HttpResponse]] = {
    "take_off": _take_off,
    "end": _end,
    "extend": _extend,
    "answer": _answer,
    "represent": _represent,
}
# What one has to be allowed, by the table of the practice: whoever is named gets letters about money.
RIGHT_TO = {
    "take_off": "waive", "end": "spare_end", "extend": "spare_end", "answer": "payer", "represent": "payer"
}  # fmt: skip
