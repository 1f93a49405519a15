"""The page on which a practice lets its software in: keys, each shown once, and webhooks."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from django.contrib import admin, messages
from django.core.exceptions import BadRequest
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import audit
from billing.desk.base import unsure
from billing.encryption import Unreadable, seal_facts, unseal_facts
from billing.errors import Refused
from billing.models import Provider, Staff
from billing.rooms import Act, DeskPage
from billing.text import posted
from portal.api import keys
from portal.models import ApiKey, WebhookDelivery, WebhookEndpoint
from portal.models.keys import Scope
from portal.staff.programs import overview
from portal.webhooks import endpoints

ACT = "programs"
ACTS = {
    ACT: Act(
        gettext_lazy("let software of the practice in, by keys"),
        operations=False,
        fixed=gettext_lazy("A key reads and changes what all of the practice can, and nobody signs in for it."),
    )
}
_SHOWN = 20  # deliveries of a webhook, the newest first
_AGAIN = timedelta(days=7)
_KEPT = "shown_once"  # in the session


class Shown(NamedTuple):
    """What is on the page this one time: what it is, and the secret itself."""

    what: str
    text: str


class Hook(NamedTuple):
    """A webhook with its last deliveries."""

    endpoint: WebhookEndpoint
    deliveries: list[WebhookDelivery]


def pages() -> tuple[DeskPage, ...]:
    """Return the addresses under /beheer/: for approvers of a practice, and for operations over all of them."""
    roles, operations = frozenset({str(Staff.Role.APPROVER)}), frozenset({str(Staff.Role.OPERATIONS)})
    return (
        DeskPage("programmas/", show, "programs", roles, gettext_lazy("links with software"), ACT, seldom=True),
        DeskPage("sleutels/", overview.show, "keys", operations, gettext_lazy("keys of programs"), seldom=True),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show keys and webhooks, or act on one."""
    if request.method != "POST":
        return _page(request, shown=_kept(request))
    act = _ACTS.get(request.POST.get("act", ""))
    if act is None:
        raise BadRequest
    try:
        done = act(request)
    except Refused as refusal:
        return _page(request, refused=str(refusal))
    if isinstance(done, HttpResponse):
        return done
    if isinstance(done, Shown):
        _keep(request, done)
    else:
        messages.success(request, done)
    return HttpResponseRedirect(reverse("admin:programs"), status=303)


def _keep(request: HttpRequest, shown: Shown) -> None:
    """Keep a secret for the page that comes next, sealed: loading that one again makes no other secret."""
    request.session[_KEPT] = base64.b64encode(seal_facts(shown._asdict(), bound_to=_bound_to(request))).decode()


def _kept(request: HttpRequest) -> Shown | None:
    """Return the secret that is shown this one time."""
    sealed = request.session.pop(_KEPT, "") if request.method == "GET" else ""
    if not sealed:
        return None
    try:
        return Shown(**unseal_facts(base64.b64decode(sealed), bound_to=_bound_to(request)))
    except Unreadable:  # the key was changed in that second
        return None


def _bound_to(request: HttpRequest) -> str:
    member: Any = request.user
    return f"portal.staff.programs:{member.pk}:{member.provider_id}"


def _page(request: HttpRequest, *, shown: Shown | None = None, refused: str = "") -> HttpResponse:
    provider, now = _practice(request), timezone.now()
    made = ApiKey.objects.filter(provider=provider).order_by("-pk")
    context = {
        **admin.site.each_context(request),
        "title": _("Links with software"),
        "shown": shown,
        "refused": refused,
        "name": request.POST.get("name", "") if refused else "",
        "url": request.POST.get("url", "") if refused else "",
        "chosen": request.POST.getlist("scope"),
        "scopes": Scope.choices,
        "keys": [(key, key.is_valid(now), [Scope(scope).label for scope in key.scopes]) for key in made],
        "hooks": [_hook(endpoint) for endpoint in endpoints.standing(provider)],
        "overlap": keys.OVERLAP.days,
        "is_test": keys.mode() == keys.TEST,
    }
    return render(request, "admin/programs.html", context, status=422 if refused else 200)


def _hook(endpoint: WebhookEndpoint) -> Hook:
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).select_related("event", "event__invoice")
    return Hook(endpoint, list(rows.order_by("-pk")[:_SHOWN]))


def _practice(request: HttpRequest) -> Provider:
    member: Any = request.user
    provider: Provider = member.provider
    return provider


def _own(request: HttpRequest, model: type[Model]) -> Any:
    """Return the row that was meant if it is this practice's; raise 404 for any other."""
    found = model._default_manager.filter(provider=_practice(request), pk=posted.key(request, "row"))
    row = found.select_related("provider").first()
    if row is None:
        raise Http404
    return row


def _by(request: HttpRequest) -> str:
    return audit.name_of(request.user)


def _make_key(request: HttpRequest) -> Shown:
    scopes = request.POST.getlist("scope")
    row, text = keys.make(_practice(request), request.POST.get("name", ""), by=_by(request), scopes=scopes)
    return Shown(_("The key for %s") % row.name, text)


def _rotate_key(request: HttpRequest) -> Shown:
    row, text = keys.rotate(_own(request, ApiKey), by=_by(request))
    return Shown(_("The new key for %s") % row.name, text)


def _revoke_key(request: HttpRequest) -> str | HttpResponse:
    row = _own(request, ApiKey)
    does = _("Software that uses it stops at once. That can't be undone: you can make another key.")
    if asked := unsure(request, _("Revoke the key “%s”?") % row.name, does):
        return asked
    keys.revoke(row, by=_by(request))
    return _("The key opens nothing any more.")


def _add_hook(request: HttpRequest) -> Shown:
    endpoint, secret = endpoints.add(_practice(request), request.POST.get("url", ""), by=_by(request))
    return Shown(_("The secret of %s") % endpoint.url, secret)


def _rotate_hook(request: HttpRequest) -> Shown:
    endpoint = _own(request, WebhookEndpoint)
    return Shown(_("The new secret of %s") % endpoint.url, endpoints.rotate(endpoint, by=_by(request)))


def _test_hook(request: HttpRequest) -> str:
    endpoints.test(_own(request, WebhookEndpoint))
    return _("A test is on its way. In a minute you see below whether it arrived.")


def _resume_hook(request: HttpRequest) -> str:
    endpoints.resume(_own(request, WebhookEndpoint), by=_by(request))
    return _("The webhook sends again.")


def _replay_hook(request: HttpRequest) -> str | HttpResponse:
    endpoint = _own(request, WebhookEndpoint)
    does = _("Everything of the last seven days goes there once more. Can your software take the same news twice?")
    if asked := unsure(request, _("Send the last seven days again to %s?") % endpoint.url, does):
        return asked
    count = endpoints.send_again(endpoint, since=timezone.now() - _AGAIN)
    return ngettext("%d event is sent again.", "%d events are sent again.", count) % count


def _remove_hook(request: HttpRequest) -> str | HttpResponse:
    endpoint = _own(request, WebhookEndpoint)
    does = _("We tell nothing there any more, and what waits is not sent. That can't be undone.")
    if asked := unsure(request, _("Remove the webhook %s?") % endpoint.url, does):
        return asked
    endpoints.remove(endpoint, by=_by(request))
    return _("The webhook is removed.")


_ACTS: dict[str, Callable[[HttpRequest], Shown | str | HttpResponse]] = {
    "make_key": _make_key,
    "rotate_key": _rotate_key,
    "revoke_key": _revoke_key,
    "add_hook": _add_hook,
    "rotate_hook": _rotate_hook,
    "test_hook": _test_hook,
    "resume_hook": _resume_hook,
    "replay_hook": _replay_hook,
    "remove_hook": _remove_hook,
}
