"""Files in the file of a complaint: sent later, opened again, taken back."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.documents.attachment import attachment
from billing.errors import Refused
from billing.models import AccessEvent
from complaints.file import proof as rules
from complaints.models import Complaint, ComplaintFile
from complaints.pages.file import (
    code_address,
    files_for,
    found_file,
    may_be_told,
    may_read,
    refuse_after_the_end,
    render_file,
    writer,
)
from guests import medical, uploads
from guests.files import again, limits, storage
from guests.files.forms import FilesForm
from guests.files.receiving import Upload

METHODS = ["GET", "HEAD", "POST"]


def _may_send(request: HttpRequest, named: Mapping[str, Any]) -> bool:
    complaint = Complaint.objects.filter(token=named.get("complaint", "")).select_related("invoice").first()
    return complaint is not None and bool(may_read(request, complaint))


def _page(complaint: Complaint) -> HttpResponse:
    return HttpResponseRedirect(reverse("complaint", args=[complaint.token]), status=303)


@uploads.takes_files(_may_send)
@require_http_methods(METHODS)
def add(request: HttpRequest, complaint: str) -> HttpResponse:
    """Send files to a file that is open."""
    found = found_file(request, complaint)
    if request.method != "POST":
        return _page(found)
    if not may_read(request, found):
        return HttpResponseRedirect(code_address(found), status=303)
    form, by_script = FilesForm(request.POST, request.FILES), again.by_script(request)
    form.fields["files"].required = not request.POST.getlist(again.FIELD)
    if form.is_valid():
        given = [Upload(file.name, file) for file in form.cleaned_data["files"]]
        try:
            refuse_after_the_end(request, found)
            given += again.chosen(request, found.invoice, to=ComplaintFile)
            rows = rules.receive(found.pk, given, by=writer(request, found), sender=_sender(request, found))
        except Refused as refused:
            form.add_error("files", str(refused))
        else:
            again.remember(request, *(row.token for row in rows))
            if by_script and "last" not in request.POST:
                return again.answer()
            messages.success(request, _("We have received your files. Now we check them."))
            return again.answer() if by_script else _page(found)
    if by_script:
        return again.answer(" ".join(map(str, form.errors["files"])))
    return render_file(request, found, files_form=form, form=form, status=422)


def _sender(request: HttpRequest, complaint: Complaint) -> limits.Sender:
    """Return who sends: somebody known once they may read what we write, and else by what they showed."""
    if complaint.invoice is None or may_be_told(request, complaint, today=timezone.localdate()):
        return limits.KNOWN
    return limits.sender_of(request, complaint.invoice.token)


@require_safe
def download(request: HttpRequest, complaint: str, name: str) -> HttpResponse:
    """Send a checked file to whoever may read this one. Without an entry in the access log nothing is shown."""
    found = found_file(request, complaint)
    grounds = may_read(request, found)
    if not grounds:
        return HttpResponseRedirect(code_address(found), status=303)
    row = get_object_or_404(files_for(request, found), token=name, status=ComplaintFile.Status.CLEAN)
    if found.invoice:
        act = AccessEvent.Act.DOWNLOAD
        medical.record_look(request, act, invoice=found.invoice, data=row.served_name, grounds=grounds)
    return attachment(storage.get(row), name=row.served_name, content_type=row.content_type)


@require_http_methods(METHODS)
def take_back(request: HttpRequest, complaint: str, name: str) -> HttpResponse:
    """Erase a file at the wish of whoever sent it."""
    found = found_file(request, complaint)
    if request.method != "POST":
        return _page(found)
    if not may_read(request, found):
        return HttpResponseRedirect(code_address(found), status=303)
    try:
        refuse_after_the_end(request, found)
        rules.take_back(get_object_or_404(files_for(request, found), token=name).pk)
    except Refused as refused:
        return render_file(request, found, refusal=str(refused), status=422)
    messages.success(request, _("The file is removed."))
    return _page(found)
