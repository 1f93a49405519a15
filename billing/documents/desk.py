"""A file that a worker draws for a member of staff: the page that looks again by itself, and then the file."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.documents import moment
from billing.models import Staff
from billing.rooms import DeskPage

PAGE = "admin:billing_file"
BY_ITSELF = "vanzelf"  # in an address: the page asks it by itself, which is no work of whoever may have left it


def pages() -> tuple[DeskPage, ...]:
    """Return the address under /beheer/, for staff of every role: whoever asked for the file may have it."""
    return (DeskPage("bestand/<token:file>/", show, "billing_file", frozenset(Staff.Role)),)


@never_cache
@require_safe
def show(request: HttpRequest, file: str) -> HttpResponse:
    """Give out the file that this person asked for, or say that it is being made."""
    order = moment.find(request, file, page=PAGE)
    if order is None:
        raise Http404
    return moment.give(order) or being_drawn(request, slow=moment.is_slow(order))


def being_drawn(request: HttpRequest, *, slow: bool, **facts: Any) -> HttpResponse:
    """Say that a worker is drawing a document; the page asks again for the same address by itself, unless it is slow.

    What it asks by itself is no work of the person who may have left it (`BY_ITSELF`).
    """
    context = {
        **admin.site.each_context(request),
        "title": _("The document is being made"),
        "slow": slow,
        "by_itself": BY_ITSELF,
        **facts,
    }
    return render(request, "admin/being_drawn.html", context)
