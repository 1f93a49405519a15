"""The page of a practice's first day: every step, what is done, what waits on whom, and what can be skipped."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from billing import rights
from billing.desk.practice.own import practice_of
from billing.errors import Refused
from billing.practices import first_day, readiness


@never_cache
def show(request: HttpRequest, provider_id: int | None = None) -> HttpResponse:
    """Show the steps; POST skips one, or closes the list."""
    if request.method not in ("GET", "HEAD", "POST"):
        return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
    member: Any = request.user
    provider = practice_of(member, provider_id)
    may_act = rights.may(member, "practice")
    if request.method == "POST":
        if not may_act:
            raise PermissionDenied
        try:
            if "finish" in request.POST:
                first_day.finish(provider, staff=member)
                messages.success(request, _("Your practice is set up. What you chose can be changed at any time."))
                return HttpResponseRedirect(reverse("admin:index"), status=303)
            first_day.skip(provider, request.POST.get("skip", ""), staff=member)
        except Refused as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(request.path, status=303)
    steps = first_day.todo(provider, member)
    context = {
        **admin.site.each_context(request),
        "title": _("The first day"),
        "practice": provider,
        "steps": [(step, skipped, _address(step.address, provider, member)) for step, skipped in steps],
        "left": sum(not (step.done or skipped) for step, skipped in steps),
        "lacks": list(readiness.lacks(provider)),
        "may_act": may_act,
    }
    return render(request, "admin/practice/first_day.html", context)


def _address(name: str, provider: Any, member: Any) -> str:
    """Return the page of a step; operations see the settings of this practice."""
    if not name:
        return ""
    if name == "admin:practice" and member.is_operations:
        return reverse("admin:practice_of", args=[provider.pk])
    return reverse(name)
