"""Medical data on a patient's page: written in the access log before it is shown; or refused, and written down too."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from billing.models import AccessEvent, Invoice
from billing.privacy import access_log
from guests import access, gate, throttle

OWN_BROWSER = "own-browser"  # grounds: this browser wrote it itself, a moment ago
_REFUSED_WRITTEN = throttle.Limit("refused-look", 10, 3600)  # for one invoice: a list of thousands tells nobody more


def record_look(request: HttpRequest, act: AccessEvent.Act, *, invoice: Invoice, data: str, grounds: str) -> None:
    """Record that the patient of `invoice` gets to see `data`. Call this before it is read.

    Raises what the database raises when it can't be written down: then nothing is shown.
    """
    access_log.record_patient(request, act, invoice=invoice, data=data, grounds=grounds)


def refuse_look(
    request: HttpRequest, act: AccessEvent.Act, *, invoice: Invoice, data: str, then: str = ""
) -> HttpResponse:
    """Redirect to the code, with the attempt written down: this browser may see the amount, but did not show who asks.

    `then` is the path to which the right code leads; without one it leads to the full invoice.
    """
    if not throttle.take(_REFUSED_WRITTEN, str(invoice.pk), now=timezone.now()):
        access_log.record(
            act,
            invoice=invoice,
            who="guest",
            role=AccessEvent.Role.GUEST,
            data=data,
            grounds="none",
            organisation=invoice.provider.agb_code,
            address=access.client_address(request),
            outcome=AccessEvent.Outcome.REFUSED,
            request_id=request.META["HTTP_X_REQUEST_ID"],
        )
    return ask_for_code(invoice.token, then=then)


def ask_for_code(token: str, *, then: str = "") -> HttpResponse:
    """Redirect to the page of the code, which leads on to `then` (a page of this invoice) once the code is right."""
    return HttpResponseRedirect(gate.address_of_code(token, then=then), status=303)
