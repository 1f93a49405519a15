"""The pages at /beheer/aanleveren/: upload a file, see what is wrong with it, hand it in, and fetch the answer."""

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from billing import audit, rights
from billing.documents.attachment import attachment
from billing.dunning import sending_hours
from billing.errors import Refused
from billing.models import AccessEvent, ReminderStep, Staff, SubmittedFile
from billing.money import from_cents
from billing.privacy import access_log
from billing.rooms import DeskPage
from billing.submission import uploads
from billing.templatetags.money import euro
from guests.uploads import takes_files_of_staff
from portal.intake import handing_in
from portal.intake.desk import answers, mapping, telling
from portal.intake.desk.rows import file_of, files_of, practice_of

SHOWN = 25
ACT, CHOOSE = "hand_in", "hand_in_choice"
Status, Step = SubmittedFile.Status, ReminderStep.Step
_ANSWERED = (Status.DONE, Status.CHECKED, Status.REFUSED)
_ROLES = frozenset((str(Staff.Role.CLERK), str(Staff.Role.APPROVER)))


def pages() -> tuple[DeskPage, ...]:
    """Return the pages that the project announces for staff of practices."""
    routes = (
        ("aanleveren/", show, "hand_in", gettext_lazy("hand in")),
        ("aanleveren/keuze/", choose, "hand_in_choice", ""),
        ("aanleveren/<int:file_id>/", one, "hand_in_file", ""),
        ("aanleveren/<int:file_id>/kolommen/", mapping.show, "hand_in_columns", ""),
        ("aanleveren/<int:file_id>/stand.json", state, "hand_in_state", ""),
        ("aanleveren/<int:file_id>/antwoord.<str:ending>", answer, "hand_in_answer", ""),
    )
    return tuple(
        DeskPage(route, view, name=name, roles=_ROLES, act=CHOOSE if name == CHOOSE else ACT, label=label)
        for route, view, name, label in routes
    )


@never_cache
@takes_files_of_staff
def show(request: HttpRequest) -> HttpResponse:
    """Show the form and the files of before; POST takes the file that it brings and shows what is found in it."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    if request.method == "POST":
        return _take(request)
    page = Paginator(files_of(request), SHOWN).get_page(request.GET.get("pagina"))
    context = {
        **admin.site.each_context(request),
        "title": _("Hand in invoices"),
        "page": page,
        "choice": uploads.choice_of(practice_of(request)),
        "may_choose": rights.may(request.user, CHOOSE),
        "most": settings.UPLOAD_MAX_BYTES // 1024**2,
        "days": settings.RETAIN_SUBMITTED_DAYS,
    }
    return render(request, "admin/hand_in/list.html", context)


def _take(request: HttpRequest) -> HttpResponse:
    """Take one file; the script of the page wants to hear of it as JSON."""
    by_script = "application/json" in request.headers.get("Accept", "")
    given: list[Any] = request.FILES.getlist("files")
    try:
        row = _taken(request, given)
    except Refused as refusal:
        if by_script:
            return JsonResponse({"error": str(refusal)}, status=422)
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:hand_in"), status=303)
    there = reverse("admin:hand_in_file", args=[row.pk])
    return JsonResponse({"sent": True, "go": there}) if by_script else HttpResponseRedirect(there, status=303)


def _taken(request: HttpRequest, given: list[Any]) -> SubmittedFile:
    if len(given) != 1:
        raise Refused(_("Choose one file first."))
    file = given[0]
    if file.lost:
        raise Refused(_("Our disk is full. Nothing was changed. Tell the operator."))
    if file.size > settings.UPLOAD_MAX_BYTES:
        most = {"most": settings.UPLOAD_MAX_BYTES // 1024**2}
        raise Refused(_("This file is larger than %(most)d MB. Hand in fewer invoices at a time.") % most)
    if not file.size:
        raise Refused(_("This file is empty."))
    by = audit.name_of(request.user)
    return handing_in.take(practice_of(request), file.read(), name=str(file.name)[-100:], by=by)


@never_cache
def one(request: HttpRequest, file_id: int) -> HttpResponse:
    """Show one file with what was found; POST hands it in, checks it again, or throws it away."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    row = file_of(request, file_id)
    if request.method == "POST":
        return _act(request, row)
    if row.status == Status.COLUMNS:
        return HttpResponseRedirect(reverse("admin:hand_in_columns", args=[row.pk]))
    facts = row.facts
    found = facts.get("found", {})
    wrong = telling.items(facts)
    context = {
        **admin.site.each_context(request),
        "title": facts.get("name") or _("File with invoices"),
        "file": row,
        "found": found,
        "counts": list(telling.sentences_of_counts(row)),
        "items": wrong,
        "announcements": _announcements(row),
        "more_errors": max(0, found.get("error_count", 0) - len(found.get("errors", ()))),
        "total": euro(from_cents(found["cents"])) if found.get("cents") else "",
        "says_no_insurer": row.kind in (SubmittedFile.Kind.MZ301, SubmittedFile.Kind.GDS801),
        "answered": row.status in (Status.CHECKED, Status.REFUSED) and not found.get("file_errors"),
        "at_work": row.status in SubmittedFile.AT_WORK,
        "done": handing_in.progress(row),
        "is_open": Status.WITHDRAWN in SubmittedFile.TRANSITIONS[Status(row.status)],
        "days": settings.RETAIN_SUBMITTED_DAYS,
    }
    return render(request, "admin/hand_in/file.html", context)


def _announcements(row: SubmittedFile) -> dict[str, Any] | None:
    """Return how many announcements of a file wait, and until when; None when they all left, or nobody can tell."""
    waiting = answers.announcements_waiting(row) if row.status == Status.DONE and row.stored_name else 0
    if not waiting:
        return None
    now = timezone.now()
    at_once = sending_hours.may_be_sent(Step.NOTICE, now, row.provider)
    return {"count": waiting, "from": None if at_once else sending_hours.next_moment(Step.NOTICE, now, row.provider)}


def _act(request: HttpRequest, row: SubmittedFile) -> HttpResponse:
    act, by = request.POST.get("act", ""), audit.name_of(request.user)
    there = reverse("admin:hand_in_file", args=[row.pk])
    try:
        if act == "hand_in":
            if request.POST.get("sha256") != row.sha256:
                raise Refused(_("This file has changed meanwhile. Look at it again."))
            uploads.order(row, by=by)
            handing_in.begin(row)
        elif act == "again":
            uploads.check_again(row)
            handing_in.begin(row)
        elif act == "withdraw":
            uploads.withdraw(row, by=by)
            messages.success(request, _("Thrown away. Nothing was changed."))
            there = reverse("admin:hand_in")
        else:
            raise Refused(_("Choose one of the buttons."))
    except Refused as refusal:
        messages.error(request, str(refusal))
    return HttpResponseRedirect(there, status=303)


@never_cache
def state(request: HttpRequest, file_id: int) -> HttpResponse:
    """Return how far the work on a file is, for the script of its page."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    row = file_of(request, file_id)
    done, of = handing_in.progress(row)
    return JsonResponse({"at_work": row.status in SubmittedFile.AT_WORK, "done": done, "of": of})


@never_cache
def answer(request: HttpRequest, file_id: int, ending: str) -> HttpResponse:
    """Return what became of each invoice of a file, with payment reference and link, as JSON or CSV."""
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])
    row = file_of(request, file_id)
    is_broken = row.facts.get("found", {}).get("file_errors")  # nobody can name what is in it
    if ending not in ("json", "csv") or row.status not in _ANSWERED or not row.stored_name or is_broken:
        raise Http404
    about, otherwise = answers.patients_in(row), f"answer to file {row.pk}"
    access_log.record_leaving(
        request, AccessEvent.Act.DOWNLOAD, patients=about, data=access_log.ANSWERED, otherwise=otherwise
    )
    name = f"antwoord-{row.pk}.{ending}"
    if ending == "csv":
        return attachment(answers.as_csv(row), name=name, content_type="text/csv; charset=utf-8")
    content = JsonResponse(answers.of_file(row), json_dumps_params={"ensure_ascii": False, "indent": 1}).content
    return attachment(content, name=name, content_type="application/json")


def choose(request: HttpRequest) -> HttpResponse:
    """Choose for the practice what happens to a file with errors."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    wanted = request.POST.get("good_ones", "")
    if "forget" in request.POST:
        uploads.forget_columns(practice_of(request))
        messages.success(request, _("Forgotten. At the next spreadsheet you say what its columns are."))
    elif wanted not in ("yes", "no"):
        messages.error(request, _("Choose one of the two."))
    elif uploads.choose(practice_of(request), good_ones=wanted == "yes", by=audit.name_of(request.user)):
        messages.success(request, _("Saved. It counts for files that are checked from now on."))
    return HttpResponseRedirect(reverse("admin:hand_in"), status=303)
