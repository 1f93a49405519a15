"""The switch between the languages: back to the page it was pressed on, with what was filled in there."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import Resolver404, resolve
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from billing.patients import reading
from guests import kept
from guests.pages import visible_row
from portal.languages import as_tag

_KEPT = "kept."  # how the switch names the fields of the form beside it


def remember(response: HttpResponse, language: str) -> None:
    """Let this browser ask for `language` from now on."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )


def own_path(path: str, *, otherwise: str = "/") -> str:
    """Return `path` when it is an address of this site, else `otherwise`."""
    own = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return path if own else otherwise


def _keep_on_the_patient(request: HttpRequest, page: str, language: str) -> None:
    """Write in this language too, when it was chosen on the page of an invoice that this browser may see."""
    try:
        token = resolve(page.partition("?")[0]).kwargs.get("token", "")
    except Resolver404:
        return
    if invoice := visible_row(request, token):
        reading.keep(invoice, language)


@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Remember the language that was chosen, and what was filled in on the page that is left for it."""
    sent = request.POST if request.method == "POST" else request.GET
    back = own_path(sent.get("next", ""))
    response = HttpResponseRedirect(back)
    if request.method != "POST":
        return response
    language = request.POST.get("language", "")
    if language in dict(settings.READERS):
        remember(response, language)
        _keep_on_the_patient(request, back, as_tag(language))
    kept.keep(request, response, back.partition("?")[0], kept.filled_in(request.POST, prefix=_KEPT))
    return response
