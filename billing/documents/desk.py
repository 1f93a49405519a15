"""A file that a worker draws for a member of staff: the page that looks again by itself, and then the file."""

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
_BY_ITSELF = "vanzelf"  # as in `billing.desk.base`: what the page asks by itself is no work of whoever may have left it


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
    context = {
        **admin.site.each_context(request),
        "title": _("The document is being made"),
        "slow": moment.is_slow(order),
        "by_itself": _BY_ITSELF,
    }
    return moment.give(order) or render(request, "admin/being_drawn.html", context)
