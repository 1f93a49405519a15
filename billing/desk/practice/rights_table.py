"""The table of what clerks and approvers may do: an approver changes it, everybody of the practice reads it."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import audit, rights
from billing.models import Staff
from billing.rooms import DeskPage

OF_PRACTICE = frozenset({Staff.Role.CLERK, Staff.Role.APPROVER})
_CLERKS, _SEEN = "clerks", "seen"


def pages() -> tuple[DeskPage, ...]:
    """Return the address under /beheer/, for staff of a practice."""
    return (DeskPage("rechten/", show, "rights", OF_PRACTICE),)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show the table of the practice for which this person works; save it for who may change it.

    Each line that was shown is posted under `seen`, those that are ticked under `clerks` too: a line that was not
    shown stays as it is.
    """
    member: Any = request.user
    may_change = rights.may(member, rights.CHANGE)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        return _save(request, member)
    context = {
        **admin.site.each_context(request),
        "title": _("Who may do what"),
        "practice": member.provider,
        "lines": [(right, audit.actor(right.by)) for right in rights.table(member.provider)],
        "may_change": may_change,
    }
    return render(request, "admin/practice/rights.html", context)


def _save(request: HttpRequest, member: Any) -> HttpResponse:
    ticked = set(request.POST.getlist(_CLERKS))
    decided = {right.name for right in rights.table(member.provider) if not right.act.fixed}
    wanted = {name: name in ticked for name in request.POST.getlist(_SEEN) if name in decided}
    changed = len(rights.decide(member.provider, wanted, by=member))
    if changed:
        said = ngettext(
            "%(number)d line was changed. It counts at once.",
            "%(number)d lines were changed. They count at once.",
            changed,
        )
        messages.success(request, said % {"number": changed})
    else:
        messages.info(request, _("Nothing was changed."))
    return HttpResponseRedirect(reverse("admin:rights"), status=303)
