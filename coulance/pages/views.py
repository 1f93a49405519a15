"""The patient's pages of coulance: the state of the case, sending and taking back files, a message, withdrawing."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from billing.documents.attachment import attachment
from billing.errors import Refused
from billing.invoices.state import InvoiceView
from billing.models import AccessEvent
from billing.privacy import access_log
from coulance import cases, storage
from coulance.files import specifications
from coulance.models import CoulanceCase, Specification
from coulance.pages.forms import FilesForm, MessageForm
from guests import gate
from guests.pages import session_ended, visible_invoice
from guests.uploads import takes_files

_SENT = "sent"  # in the session: the tokens of the files that were sent from this browser
CONTENT_TYPES = {"pdf": "application/pdf", "jpeg": "image/jpeg", "png": "image/png"}


def _case(request: HttpRequest, token: str) -> tuple[InvoiceView, CoulanceCase] | None:
    """Return the invoice and its case, or None when this browser may not see it. Raises Http404 without a case."""
    view = visible_invoice(request, token)
    if view is None:
        return None
    case = cases.of_invoice(view.invoice_id)
    if case is None:
        raise Http404
    return view, case


def _page(request: HttpRequest, found: tuple[InvoiceView, CoulanceCase], *, status: int = 200, **more: Any) -> Any:
    """Render the page of the case; `more` overrides its context."""
    view, case = found
    seen = cases.look_at(case, today=timezone.localdate())
    passed = gate.passed(request, view.token, now=timezone.now())
    context = {
        "view": view,
        "invoice": case.invoice,
        "seen": seen,
        "sent": [(row, (passed and row.name) or _label(i, row)) for i, row in enumerate(seen.files, start=1)],
        "case": case,
        "today": timezone.localdate(),
        "passed": passed,
        "files_form": FilesForm(),
        "message_form": MessageForm(),
        "form": None,  # the one of the two that was refused
        "refusal": "",
    }
    return render(request, "coulance/case.html", context | more, status=status)


def _erasable(request: HttpRequest, case: CoulanceCase) -> set[int]:
    """Return the keys of the files that this browser may erase: those sent from it, and after the code all of them.

    The link in a mail opens an invoice for whoever has it, and erasing a file can't be undone.
    """
    rows = case.specifications.all()
    if gate.passed(request, case.invoice.token, now=timezone.now()) is None:
        rows = rows.filter(token__in=request.session.get(_SENT, []))
    return set(rows.values_list("pk", flat=True))


def _erases_all(case: CoulanceCase, erasable: set[int]) -> bool:
    """Tell whether withdrawing leaves no file behind but those on which a decision is based."""
    stored = case.specifications.exclude(stored_name="")
    rows = list(stored.exclude(status__in=Specification.PENDING))  # files being checked are erased in any case
    return {row.pk for row in rows} <= erasable | storage.decided_with(rows, case.standing)


def _label(number: int, row: Specification) -> str:
    """Return the name of a file shown before the code by SMS: its own name may say something about health."""
    facts = {"number": number, "kind": row.get_kind_display(), "size": filesizeformat(row.size)}
    return _("File %(number)d (%(kind)s, %(size)s)") % facts


def _to_case(token: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("coulance", args=[token]), status=303)


@takes_files
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show the case. POST uploads files, all at once, or one by one from the script that shows their progress."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    if request.method != "POST":
        return _page(request, found)
    by_script = "application/json" in request.headers.get("Accept", "")
    form = FilesForm(request.POST, request.FILES)
    if form.is_valid():
        uploads = [specifications.Upload(file.name, file.read()) for file in form.cleaned_data["files"]]
        try:
            rows = specifications.receive(found[1].pk, uploads)
        except Refused as refusal:
            form.add_error("files", str(refusal))
        else:
            request.session[_SENT] = request.session.get(_SENT, []) + [row.token for row in rows]
            if by_script and "last" not in request.POST:
                return JsonResponse({"sent": True})
            messages.success(request, _("We have received your files. Now we check them."))
            return JsonResponse({"sent": True}) if by_script else _to_case(token)
    if by_script:
        return JsonResponse({"error": " ".join(map(str, form.errors["files"]))}, status=409)
    return _page(request, found, status=409, files_form=form, form=form)


@require_POST
def message(request: HttpRequest, token: str) -> HttpResponse:
    """Send a message to the care provider."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    form = MessageForm(request.POST)
    if form.is_valid():
        try:
            cases.write_message(found[1].pk, form.cleaned_data["message"])
        except Refused as refusal:
            form.add_error("message", str(refusal))
        else:
            messages.success(request, _("Your message is with your care provider."))
            return _to_case(token)
    return _page(request, found, status=409, message_form=form, form=form)


@require_safe
def state(request: HttpRequest, token: str) -> HttpResponse:
    """Return whether files are still being checked, as JSON for the script that waits."""
    found = _case(request, token)
    if found is None:
        raise Http404
    seen = cases.look_at(found[1], today=timezone.localdate())
    return JsonResponse({"state": "waiting" if seen.is_checking else "checked"})


def _file(case: CoulanceCase, name: str) -> Specification:
    row = case.specifications.filter(token=name).first()
    if row is None:
        raise Http404
    return row


@require_safe
def download(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """Send a checked file, after the code by SMS. Without an entry in the access log nothing is shown."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    granted = gate.passed(request, token, now=timezone.now())
    if granted is None:
        return HttpResponseRedirect(reverse("code", args=[token]), status=303)
    row = _file(found[1], name)
    if row.status != Specification.Status.CLEAN:
        raise Http404
    access_log.record_patient(
        request, AccessEvent.Act.DOWNLOAD, invoice=found[1].invoice, data=row.served_name, grounds=granted.grounds
    )
    return attachment(storage.get(row), name=row.served_name, content_type=CONTENT_TYPES[row.kind])


@require_POST
def take_back(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """Erase a file at the patient's request."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    row = _file(found[1], name)
    if row.pk not in _erasable(request, found[1]):
        return HttpResponseRedirect(reverse("code", args=[token]), status=303)
    try:
        specifications.take_back(row, today=timezone.localdate())
    except Refused as refusal:
        return _page(request, found, status=409, refusal=str(refusal))
    messages.success(request, _("The file is removed."))
    return _to_case(token)


@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Withdraw from the scheme: GET shows a page that says what that means, POST does it."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    view, case = found
    erasable = _erasable(request, case)
    erases = _erases_all(case, erasable)
    if request.method != "POST":
        if case.status not in CoulanceCase.OPEN:
            return _to_case(token)
        facts = {"decided_before": case.standing is not None, "erases": erases}
        return render(request, "coulance/stop.html", {"view": view, "invoice": case.invoice} | facts)
    try:
        cases.withdraw(case.pk, today=timezone.localdate(), erasable=erasable)
    except Refused as refusal:
        return _page(request, found, status=409, refusal=str(refusal))
    if case.standing:
        messages.success(request, _("You stopped. The earlier decision stands."))
    elif erases:
        messages.success(request, _("You pay the full amount. We keep no files that you sent."))
    else:
        messages.success(request, _("You pay the full amount."))
    return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
