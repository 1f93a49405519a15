"""The front door: one field for the payment reference, and the link in a mail.

A link is looked at as often as anybody likes, and used by pressing a button.
"""

from functools import partial

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods

from billing.invoices import open_links, references
from billing.invoices.addressee import addressee
from billing.invoices.typed_references import LookupForm
from billing.models import Invoice
from guests import access, kept
from portal.pages import errors
from portal.pages.language import remember


@require_http_methods(["GET", "HEAD", "POST"])
def lookup(request: HttpRequest) -> HttpResponse:
    form = LookupForm(request.POST or None, initial=kept.initial(request))
    if form.is_valid():
        found = open_by_reference(request, form)
        if found.wait:
            return errors.too_many(request, wait_seconds=found.wait, failed=found.failed)
        if token := found.token:
            page, left = reverse("invoice", args=[token]), kept.waiting_at(request)
            return HttpResponseRedirect(left if left.startswith(page) else page, status=303)
    return render(request, "pages/lookup.html", {"form": form, "kept": kept.waiting_at(request) not in ("", "/")})


def open_by_reference(request: HttpRequest, form: LookupForm) -> access.LookedUp:
    """Let this browser see the invoice whose reference is in the valid `form`; return what was found.

    Without a token and a wait the reference is unknown, and the form says so.
    """
    now = timezone.now()
    found = access.look_up(request, partial(references.find_by_reference, form.cleaned_data["reference"]), now=now)
    if found.token:
        access.open_invoice(request, found.token, now=now)
    elif not found.wait:
        form.add_unknown()
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, link: str, *, together: bool = False) -> HttpResponse:
    """GET shows one button and opens nothing: mail scanners open every link. POST opens the invoice.

    The link then leaves the address bar, and whoever presses again before its last day gets in again. A link that
    is over, never was ours, whose invoice was erased, or that went to an address that was corrected since gets one
    and the same answer. The page speaks the language of our mail, unless this browser chose one. `together`: the link
    of a letter about several invoices opens all of them, on the page that pays them at once.
    """
    opened = open_links.read(link, today=timezone.localdate())
    token = opened.token if opened else None
    language = _language_of_mail(request, token)
    if language:
        translation.activate(language)
        request.LANGUAGE_CODE = language
    if request.method != "POST":
        return render(request, "pages/link.html" if token else "pages/link_over.html", status=200 if token else 404)
    if opened is None or token is None:
        return render(request, "pages/link_over.html", status=404)
    others = open_links.in_same_letters(token, rests_on=opened.rests_on) if together else []
    for each in (*others, token):
        access.open_invoice(request, each, now=timezone.now(), rests_on=opened.rests_on)
    page = reverse("pay_together") if others else reverse("invoice", args=[token])
    response = HttpResponseRedirect(page, status=303)
    if language:
        remember(response, language)
    return response


def _language_of_mail(request: HttpRequest, token: str | None) -> str | None:
    """The language in which we write to this patient; None when the browser chose one, or the link opens nothing."""
    if token is None or request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME) in dict(settings.READERS):
        return None
    invoice = Invoice.objects.filter(token=token).select_related("patient").first()
    language = addressee(invoice).language if invoice else None
    return language if language in dict(settings.LANGUAGES) else None
