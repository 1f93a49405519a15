"""The search field on every page of the desk, and the page of what it found.

What was typed identifies somebody, so it is in no address and in no log: it is posted, and waits sealed in the session
together with the keys of what was found, under an id that is good for a quarter of an hour.
"""

import base64
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from billing.desk.detail import amount
from billing.desk.people.rows import state_badge
from billing.encryption import seal, unseal
from billing.links import new_token
from billing.models import Patient, Staff
from billing.money import ZERO
from billing.privacy import access_log
from billing.rooms import DeskPage
from billing.search import finding, reading
from billing.search.finding import MAX_SHOWN, Hit, Match

_IN_SESSION = "searches"
_REMEMBERED = 5  # searches of one session
_GOOD_SECONDS = 15 * 60


def pages() -> tuple[DeskPage, ...]:
    """Return the addresses under /beheer/, for staff of every role."""
    everybody = frozenset(Staff.Role)
    return (
        DeskPage("zoeken/", find, "find", everybody),
        DeskPage("zoeken/<slug:search_id>/", show, "found", everybody),
    )


@never_cache
@sensitive_post_parameters("sought")
@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Find what was typed: one row opens at once, several have a page of their own.

    GET redirects to the first page: it happens when the session ended before the search.
    """
    if request.method != "POST":
        return redirect("admin:index")
    typed = request.POST.get("sought", "")
    sought = reading.read(typed, today=timezone.localdate())
    if not sought:
        return _page(request, typed=typed, too_short=True)
    hits = finding.find(request.user, sought)
    if len(hits) == 1:
        return _open(request, hits[0])
    if not hits:
        access_log.record_found(request, [])
        return _page(request, typed=typed)
    return redirect("admin:found", _remember(request, typed, hits))


@never_cache
@require_safe
def show(request: HttpRequest, search_id: str) -> HttpResponse:
    """Show what was found, grouped by patient; the list is written down first, patient by patient."""
    kept = request.session.get(_IN_SESSION, {}).get(search_id)
    if kept is None or kept["until"] < timezone.now().timestamp():
        return redirect("admin:index")
    hits = [Hit(patient, tuple(invoices)) for patient, invoices in kept["hits"]]
    matches = finding.load(request.user, hits[:MAX_SHOWN])
    access_log.record_found(request, [match.patient for match in matches])
    typed = unseal(base64.b64decode(kept["typed"]), bound_to=_bound_to(search_id)).decode()
    return _page(request, typed=typed, matches=matches, more=len(hits) > MAX_SHOWN)


def _open(request: HttpRequest, hit: Hit) -> HttpResponse:
    """Redirect to the only row that was found; its page writes its own look."""
    access_log.record_found(request, list(Patient.objects.select_related("provider").filter(pk=hit.patient)))
    if len(hit.invoices) == 1:
        return redirect("admin:billing_invoice_change", hit.invoices[0])
    return redirect("admin:billing_patient_change", hit.patient)


def _remember(request: HttpRequest, typed: str, hits: list[Hit]) -> str:
    """Keep what was found in the session, and return its id."""
    search_id = new_token()
    sealed = seal(typed.encode(), bound_to=_bound_to(search_id))
    kept = {
        "until": timezone.now().timestamp() + _GOOD_SECONDS,
        "typed": base64.b64encode(sealed).decode(),
        "hits": [(hit.patient, hit.invoices) for hit in hits],
    }
    before = list(request.session.get(_IN_SESSION, {}).items())
    request.session[_IN_SESSION] = dict([*before, (search_id, kept)][-_REMEMBERED:])
    return search_id


def _bound_to(search_id: str) -> str:
    return f"search:{search_id}"


def _page(
    request: HttpRequest,
    *,
    typed: str,
    matches: list[Match] | None = None,
    more: bool = False,
    too_short: bool = False,
) -> HttpResponse:
    context = {
        **admin.site.each_context(request),
        "title": _("Find a patient or an invoice"),
        "typed": typed[: reading.MAX_CHARACTERS],
        "found": [(match, [_line(row) for row in match.invoices]) for match in matches or ()],
        "more": more,
        "too_short": too_short,
    }
    return render(request, "admin/found.html", context)


def _line(row: Any) -> dict[str, Any]:
    """Return an invoice as the list shows it."""
    return {
        "number": row.number,
        "address": reverse("admin:billing_invoice_change", args=[row.pk]),
        "day": row.issued_on,
        "owed": amount(row.balance or ZERO),
        "status": state_badge(row),
    }
