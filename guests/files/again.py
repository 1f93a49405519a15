"""A file that a patient sent in one room, used again in another: nobody has to take the same photo twice.

Its bytes go the same way as those of any upload: they are scanned and rewritten again, and belong to the new row alone.
Who may read it there follows the rules of that room; who may take it along is whoever may read it here.
"""

from collections.abc import Sequence

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import rooms
from billing.errors import Refused
from billing.models import AccessEvent, Invoice
from guests import gate, medical
from guests.files import storage
from guests.files.receiving import Upload
from guests.files.row import GuestFile

LISTED = "files sent before"  # its name in the access log
FIELD = "again"  # of a form: the keys of what was ticked
_SENT = "sent"  # in the session: the keys of what was sent from this browser
MAX_REMEMBERED = 60


def remember(request: HttpRequest, *tokens: str) -> None:
    """Remember what this browser sent, so that it may read and take that back without a code."""
    request.session[_SENT] = [*request.session.get(_SENT, []), *tokens][-MAX_REMEMBERED:]


def sent_from(request: HttpRequest) -> set[str]:
    """Return the keys of what was sent from this browser."""
    return set(request.session.get(_SENT, []))


def offered(request: HttpRequest, invoice: Invoice | None, *, to: type[GuestFile]) -> Sequence[GuestFile]:
    """Return the checked files of other rooms about an invoice that this browser may read: after the code, or its own.

    Their names are medical data: raises, and shows nothing, when the access log can't be written.
    """
    if invoice is None:
        return []
    passed, own = gate.passed(request, invoice.token, now=timezone.now()), sent_from(request)
    rows = [row for row in rooms.patient_files(invoice) if not isinstance(row, to)]
    seen = [row for row in rows if passed or row.token in own]
    if seen:
        grounds = passed.grounds if passed else medical.OWN_BROWSER
        medical.record_look(request, AccessEvent.Act.READ, invoice=invoice, data=LISTED, grounds=grounds)
    return seen


def chosen(request: HttpRequest, invoice: Invoice | None, *, to: type[GuestFile]) -> list[Upload]:
    """Return what was ticked in a form that was sent, as uploads. Raises Refused when it is not there any more."""
    wanted = request.POST.getlist(FIELD)
    if not wanted:
        return []
    rows = {row.token: row for row in offered(request, invoice, to=to)}
    if invoice is None or not rows.keys() >= set(wanted):
        raise Refused(_("A file that you chose is not with us any more. Choose it from your own device."))
    passed = gate.passed(request, invoice.token, now=timezone.now())
    uploads = []
    for row in (rows[token] for token in dict.fromkeys(wanted)):
        grounds = passed.grounds if passed else medical.OWN_BROWSER
        medical.record_look(request, AccessEvent.Act.DOWNLOAD, invoice=invoice, data=row.served_name, grounds=grounds)
        uploads.append(Upload(row.name, storage.get(row)))
    return uploads


def by_script(request: HttpRequest) -> bool:
    """Tell whether static/js/upload.js sends the files one by one: it wants JSON for each."""
    return "application/json" in request.headers.get("Accept", "")


def answer(error: str = "") -> JsonResponse:
    """Return what that script wants to hear: that the file came, or why not, as a sentence."""
    return JsonResponse({"error": error}, status=409) if error else JsonResponse({"sent": True})
