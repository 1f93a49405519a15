"""The page for whoever wants us to know something, and wants no answer."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from complaints.file import signals
from complaints.pages.forms import WordsForm
from guests import access, throttle

_PER_NETWORK = throttle.Limit("complaint-signal", 5, 24 * 3600)
THANKS = "gezien"  # in the address of the page that says thanks


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """Ask for a text and nothing else; POST keeps it."""
    form = WordsForm(request.POST if request.method == "POST" else None)
    refusal = ""
    if form.is_valid():
        try:
            if throttle.take(_PER_NETWORK, access.client_network(request), now=timezone.now()):
                raise Refused(_("You sent many messages today. Call us, or try again tomorrow."))
            signals.give(form.cleaned_data["text"])
        except Refused as refused:
            refusal = str(refused)
        else:
            return HttpResponseRedirect(f"{reverse('complaint_signal')}?{THANKS}", status=303)
    wrong = bool(refusal or form.errors)
    facts = {"form": form, "refusal": refusal, "thanks": THANKS in request.GET, "invoice": None}
    return render(request, "complaints/signal.html", facts, status=422 if wrong else 200)
