"""Files at the desk: opened by staff, and added by whoever opens the post and the mail."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from billing import audit
from billing.documents import desk, moment
from billing.errors import Refused
from billing.models import AccessEvent
from billing.privacy import access_log
from complaints.desk.base import FILE, files
from complaints.file import letter, proof
from complaints.models import Answer, Complaint, ComplaintFile
from guests.files import handing_out
from guests.files.forms import FilesForm
from guests.files.receiving import Upload
from guests.uploads import takes_files_of_staff


def _found(request: HttpRequest, object_id: int) -> Complaint:
    complaint = files(request.user).filter(pk=object_id).first()
    if complaint is None or not complaint.sealed_facts:
        raise Http404
    return complaint


@takes_files_of_staff
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, object_id: int) -> HttpResponse:
    """Add what came by post or mail to a file. It is checked as what patients send themselves."""
    complaint = _found(request, object_id)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("admin:complaints_complaint_file", args=[object_id]), status=303)
    form = FilesForm(request.POST, request.FILES)
    if form.is_valid():
        given = [Upload(file.name, file) for file in form.cleaned_data["files"]]
        try:
            proof.receive(complaint.pk, given, by=audit.name_of(request.user))
        except Refused as refused:
            form.add_error("files", str(refused))
        else:
            messages.success(request, _("The files are being checked."))
    for sentence in form.errors.get("files", ()):
        messages.error(request, str(sentence))
    return HttpResponseRedirect(reverse("admin:complaints_complaint_file", args=[object_id]), status=303)


@never_cache
@require_safe
def answer_letter(request: HttpRequest, object_id: int, answer_id: int) -> HttpResponse:
    """Send a given answer as a letter to print; the look is written down before."""
    complaint = _found(request, object_id)
    row = Answer.objects.filter(pk=answer_id, complaint=complaint).exclude(given_at=None).first()
    if row is None:
        raise Http404
    access_log.record_staff(request, AccessEvent.Act.READ, invoice=complaint.invoice, data=FILE)
    try:
        source = letter.to_print(complaint, row)
    except Refused as refused:
        messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("admin:complaints_complaint_file", args=[object_id]), status=303)
    return moment.order(request, source, name="antwoord-klacht.pdf", invoice=complaint.invoice, page=desk.PAGE)


@never_cache
@require_safe
def download(request: HttpRequest, object_id: int, file_id: int) -> HttpResponse:
    """Send a checked file as an attachment; the look is written down before, also one that is refused."""
    row = ComplaintFile.objects.filter(pk=file_id, complaint=object_id).select_related("complaint__invoice").first()
    if row is None:
        raise Http404
    return handing_out.to_staff(request, row, is_theirs=files(request.user).filter(pk=object_id).exists())
