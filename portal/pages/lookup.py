"""The front door: one field for the payment reference."""

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
        token, wait = open_by_reference(request, form)
        if wait:
            return errors.too_many(request, wait_seconds=wait)
        if token:
            page, left = reverse("invoice", args=[token]), kept.waiting_at(request)
            return HttpResponseRedirect(left if left.startswith(page) else page, status=303)
    return render(request, "pages/lookup.html", {"form": form, "kept": kept.waiting_at(request) not in ("", "/")})


def open_by_reference(request: HttpRequest, form: LookupForm) -> tuple[str, int]:
    """Let this browser see the invoice whose reference is in the valid `form`; return its token, and seconds to wait.

    An empty token and no wait: the reference is unknown, and the form says so.
    """
    now = timezone.now()
    if wait := access.consume_attempt(request, now=now):
        return "", wait
    token = references.find_by_reference(form.cleaned_data["reference"])
    access.report_result(request, found=token is not None, now=now)
    if token is None:
        form.add_unknown()
        return "", 0
    if wait := access.take_session(request, token, now=now):
        return "", wait
    access.open_invoice(request, token, now=now)
    return token, 0
