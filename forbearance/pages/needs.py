"""The page on which a patient says what helps them with our letters, sees it, and removes it; after the code by SMS."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.models import AccessEvent
from forbearance import needs
from forbearance.models import Need
from guests import gate, medical
from guests.pages import session_ended, visible_row

PAGE = "needs"  # its name in the access log
BY = "patient"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show what helps this patient; POST keeps what is ticked for a year, and removes the rest."""
    invoice = visible_row(request, token)
    if invoice is None:
        return session_ended(request)
    here, today = reverse("needs", args=[token]), timezone.localdate()
    passed = gate.passed(request, token, now=timezone.now())
    if passed is None:
        return HttpResponseRedirect(gate.address_of_code(token, then=here), status=303)
    refusal = ""
    if request.method == "POST":
        try:
            needs.keep(invoice.patient_id, request.POST.getlist("needs"), by=BY, today=today)
        except Refused as refused:
            refusal = str(refused)
        else:
            return HttpResponseRedirect(f"{here}?bewaard", status=303)
    medical.record_look(request, AccessEvent.Act.READ, invoice=invoice, data=PAGE, grounds=passed.grounds)
    kept = list(needs.of(invoice.patient_id, today=today))
    context = {
        "invoice": invoice,
        "kept": {need.kind: need for need in kept},
        "choices": Need.Kind.choices,
        "until": max((need.until for need in kept), default=None),
        "saved": "bewaard" in request.GET,
        "refusal": refusal,
    }
    return render(request, "forbearance/needs.html", context, status=422 if refusal else 200)
