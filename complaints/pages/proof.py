"""Files in the file of a complaint: sent later, opened again, taken back."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from billing.documents.attachment import attachment
from billing.errors import Refused
from billing.models import AccessEvent
from complaints.file import proof as rules
from complaints.models import Complaint, ComplaintFile
from complaints.pages.file import code_address, found_file, may_read, render_file
from guests import medical, uploads
from guests.files import storage
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
    form = FilesForm(request.POST, request.FILES)
    if form.is_valid():
        given = [Upload(file.name, file) for file in form.cleaned_data["files"]]
        try:
            rules.receive(found.pk, given)
        except Refused as refused:
            form.add_error("files", str(refused))
        else:
            messages.success(request, _("We have received your files. Now we check them."))
            return _page(found)
    return render_file(request, found, files_form=form, form=form, status=422)


@require_safe
def download(request: HttpRequest, complaint: str, name: str) -> HttpResponse:
    """Send a checked file to whoever may read this one. Without an entry in the access log nothing is shown."""
    found = found_file(request, complaint)
    grounds = may_read(request, found)
    if not grounds:
        return HttpResponseRedirect(code_address(found), status=303)
    row = get_object_or_404(found.files, token=name, status=ComplaintFile.Status.CLEAN)
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
        rules.take_back(get_object_or_404(found.files, token=name).pk)
    except Refused as refused:
        return render_file(request, found, refusal=str(refused), status=422)
    messages.success(request, _("The file is removed."))
    return _page(found)
