"""The page on which a patient sends the letter of a debt counsellor."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from forbearance import letters
from forbearance.models import CounsellorLetter
from guests import access, throttle, uploads
from guests.files import limits
from guests.files.forms import FilesForm
from guests.files.receiving import Upload
from guests.pages import session_ended, visible_invoice, visible_row

SENT = "counsellor_letters"  # in the session: the files that this browser sent
_POSTS = throttle.Limit("counsellor-letters", 60, 24 * 3600)  # posts with files, of a network


@uploads.takes_files()
@require_http_methods(["GET", "HEAD", "POST"])
def send(request: HttpRequest, token: str) -> HttpResponse:
    """Take the letter; afterwards the same page says until when everything rests, and what became of the file."""
    invoice, view = visible_row(request, token), visible_invoice(request, token)
    if invoice is None or view is None:
        return session_ended(request)
    form = FilesForm(request.POST, request.FILES) if request.method == "POST" else FilesForm()
    if request.method == "POST" and form.is_valid():
        try:
            if throttle.take(_POSTS, access.client_network(request), now=timezone.now()):
                raise Refused(translation.gettext("Many files came from here today. Try again tomorrow, or call us."))
            given = [Upload(file.name, file) for file in form.cleaned_data["files"]]
            new = letters.receive(invoice.pk, given, sender=limits.sender_of(request, token))
        except Refused as refused:
            form.add_error("files", str(refused))
        else:
            request.session[SENT] = [*request.session.get(SENT, []), *(row.token for row in new)][-20:]
            return HttpResponseRedirect(reverse("counsellor_letter", args=[token]), status=303)
    # Only in the browser that sent it: that there is help with debts is nobody else's to know.
    own = CounsellorLetter.objects.filter(forbearance__patient=invoice.patient_id, forbearance__ended_at=None)
    files = list(own.filter(token__in=request.session.get(SENT, [])).select_related("forbearance"))
    context = {
        "view": view,
        "invoice": invoice,
        "form": form,
        "files": files,
        "until": files[0].forbearance.until if files else None,
        "months": settings.DEBT_HELP_MONTHS,
    }
    return render(request, "forbearance/letter.html", context, status=422 if form.errors else 200)
