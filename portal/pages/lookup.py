"""The front door: one field for the payment reference."""

from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing.invoices import references
from guests import access, kept
from portal.pages import errors
from portal.pages.forms import LookupForm


@require_http_methods(["GET", "HEAD", "POST"])
def lookup(request: HttpRequest) -> HttpResponse:
    form = LookupForm(request.POST or None, initial=kept.initial(request))
    if form.is_valid():
        now = timezone.now()
        found = access.look_up(request, partial(references.find_by_reference, form.cleaned_data["reference"]), now=now)
        if found.wait:
            return errors.too_many(request, wait_seconds=found.wait)
        if found.token:
            access.open_invoice(request, found.token, now=now)
            page, left = reverse("invoice", args=[found.token]), kept.waiting_at(request)
            return HttpResponseRedirect(left if left.startswith(page) else page, status=303)
        form.add_unknown()
    return render(request, "pages/lookup.html", {"form": form, "kept": kept.waiting_at(request) not in ("", "/")})
