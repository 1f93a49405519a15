"""The patient's pages of coulance: the state of the case, sending and taking back files, a message, withdrawing."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.documents.attachment import attachment
from billing.errors import Refused
from billing.invoices.state import InvoiceView
from billing.models import AccessEvent
from coulance import cases, specifications
from coulance.models import CoulanceCase, Specification
from coulance.pages.forms import MessageForm
from guests import gate, kept, medical
from guests.files import again, storage
from guests.files.forms import FilesForm
from guests.files.limits import CodeFirst, is_known, sender_of
from guests.files.receiving import Upload
from guests.pages import posted_to, session_ended, visible_invoice
from guests.uploads import takes_files

PAGE = "coulance page"  # its name in the access log


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
    """Render the page of the case; `more` overrides its context.

    Names of files and texts of messages are shown after the code, and those of this browser also without. The access
    log says so first: raises, and shows nothing, when it can't be written.
    """
    view, case = found
    seen = cases.look_at(case, today=timezone.localdate())
    passed = gate.passed(request, view.token, now=timezone.now())
    own = again.sent_from(request)
    everything: list[Any] = [*seen.files, *seen.messages]
    readable = {row.token for row in everything if passed or row.token in own}
    if readable:
        grounds = passed.grounds if passed else medical.OWN_BROWSER
        medical.record_look(request, AccessEvent.Act.READ, invoice=case.invoice, data=PAGE, grounds=grounds)
    names = [row.name if row.token in readable else "" for row in seen.files]
    context = {
        "view": view,
        "invoice": case.invoice,
        "seen": seen,
        "sent": [
            (row, name or _label(i, row)) for i, (row, name) in enumerate(zip(seen.files, names, strict=True), start=1)
        ],
        "readable": readable,
        "case": case,
        "today": timezone.localdate(),
        "passed": passed,
        "known": is_known(request, view.token),
        "files_form": FilesForm(),
        "again": again.offered(request, case.invoice, to=Specification) if seen.can_send else [],
        "message_form": MessageForm(initial=kept.initial(request)),
        "form": None,  # the one of the two that was refused
        "refusal": "",
        "code_first": False,
        "code_address": gate.address_of_code(view.token, then=reverse("coulance", args=[view.token])),
    }
    return render(request, "coulance/case.html", context | more, status=status)


def _label(number: int, row: Specification) -> str:
    """Return the name of a file shown before the code by SMS: its own name may say something about health."""
    facts = {"number": number, "kind": row.get_kind_display(), "size": filesizeformat(row.size)}
    return _("File %(number)d (%(kind)s, %(size)s)") % facts


def _to_case(token: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("coulance", args=[token]), status=303)


@takes_files()
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show the case. POST uploads files, all at once, or one by one from the script that shows their progress."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    if request.method != "POST":
        return _page(request, found)
    by_script, code_first = again.by_script(request), False
    form = FilesForm(request.POST, request.FILES)
    form.fields["files"].required = not request.POST.getlist(again.FIELD)
    if form.is_valid():
        uploads = [Upload(file.name, file) for file in form.cleaned_data["files"]]
        try:
            uploads += again.chosen(request, found[1].invoice, to=Specification)
            rows = specifications.receive(found[1].pk, uploads, sender=sender_of(request, token))
        except Refused as refusal:
            form.add_error("files", str(refusal))
            code_first = isinstance(refusal, CodeFirst)
        else:
            again.remember(request, *(row.token for row in rows))
            if by_script and "last" not in request.POST:
                return again.answer()
            messages.success(request, _("We have received your files. Now we check them."))
            return again.answer() if by_script else _to_case(token)
    if by_script:
        return again.answer(" ".join(map(str, form.errors["files"])))
    return _page(request, found, status=409, files_form=form, form=form, code_first=code_first)


@posted_to("coulance")
def message(request: HttpRequest, token: str) -> HttpResponse:
    """Send a message to the care provider."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    form, code_first = MessageForm(request.POST), False
    if form.is_valid():
        try:
            row = cases.write_message(found[1].pk, form.cleaned_data["message"], sender=sender_of(request, token))
        except Refused as refusal:
            form.add_error("message", str(refusal))
            code_first = isinstance(refusal, CodeFirst)
        else:
            again.remember(request, row.token)
            messages.success(request, _("Your message is with your care provider."))
            return _to_case(token)
    return _page(request, found, status=409, message_form=form, form=form, code_first=code_first)


@require_safe
def state(request: HttpRequest, token: str) -> HttpResponse:
    """Return whether files are still being checked, as JSON for the script that waits."""
    found = _case(request, token)
    if found is None:
        raise Http404
    seen = cases.look_at(found[1], today=timezone.localdate())
    return JsonResponse({"state": "waiting" if seen.is_checking else "checked"})


@require_safe
def download(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """Send a checked file, after the code by SMS. Without an entry in the access log nothing is shown."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    row = get_object_or_404(found[1].specifications, token=name, status=Specification.Status.CLEAN)
    look: dict[str, Any] = {"invoice": found[1].invoice, "data": row.served_name}
    granted = gate.passed(request, token, now=timezone.now())
    if granted is None:
        then = reverse("coulance", args=[token])
        return medical.refuse_look(request, AccessEvent.Act.DOWNLOAD, **look, then=then)
    medical.record_look(request, AccessEvent.Act.DOWNLOAD, **look, grounds=granted.grounds)
    return attachment(storage.get(row), name=row.served_name, content_type=row.content_type)


@posted_to("coulance")
def take_back(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """Erase a file at the patient's request."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    row = get_object_or_404(found[1].specifications, token=name)
    passed = gate.passed(request, token, now=timezone.now())
    if passed is None and row.token not in again.sent_from(request):
        # The reference opens an invoice for whoever has it, and erasing a file can't be undone.
        return medical.ask_for_code(token, then=reverse("coulance", args=[token]))
    try:
        specifications.take_back(row, today=timezone.localdate())
    except Refused as refusal:
        return _page(request, found, status=409, refusal=str(refusal))
    messages.success(request, _("The file is removed."))
    return _to_case(token)


@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Withdraw from the scheme, after the code: GET shows a page that says what that means, POST does it."""
    found = _case(request, token)
    if found is None:
        return session_ended(request)
    view, case = found
    if request.method != "POST" and case.status not in CoulanceCase.OPEN:
        return _to_case(token)
    if gate.passed(request, token, now=timezone.now()) is None:  # it can't be undone
        return medical.ask_for_code(token, then=reverse("coulance_stop", args=[token]))
    if request.method != "POST":
        facts = {"view": view, "invoice": case.invoice, "decided_before": case.standing is not None}
        return render(request, "coulance/stop.html", facts)
    try:
        cases.withdraw(case.pk, today=timezone.localdate())
    except Refused as refusal:
        return _page(request, found, status=409, refusal=str(refusal))
    if case.standing:
        messages.success(request, _("You stopped. The earlier decision stands."))
    else:
        messages.success(request, _("You pay the full amount. We keep no files that you sent."))
    return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
