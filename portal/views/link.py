"""The link in a mail about an invoice: looked at as often as anybody likes, used by pressing a button."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from billing import invoices, links
from portal import access


@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, link: str) -> HttpResponse:
    """GET shows one button and changes nothing: mail scanners open every link. POST opens the invoice.

    The link then leaves the address bar, and whoever presses again before its last day gets in again. A link that
    is over, never was ours, or whose invoice was withdrawn gets one and the same answer.
    """
    token = links.read(link, today=timezone.localdate())
    if request.method != "POST":
        return render(request, "portal/link.html" if token else "portal/link_over.html", status=200 if token else 404)
    if token is None or not invoices.is_open_to_guests(token):
        return render(request, "portal/link_over.html", status=404)
    access.open_invoice(request, token, now=timezone.now(), by_link=True)
    return HttpResponseRedirect(reverse("invoice", args=[token]), status=303)
