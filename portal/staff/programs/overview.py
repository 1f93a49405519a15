"""The keys of all practices, for operations: who made which, what it opens, and ending one that leaked."""

from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing import audit
from billing.desk.base import unsure
from portal.api import keys
from portal.models import ApiKey

SHOWN = 50
_LONGEST = 60  # of what is looked for


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show the keys of all practices, or of those that are looked for; POST revokes one."""
    sought = request.GET.get("practice", "").strip()[:_LONGEST]
    if request.method == "POST":
        return _revoke(request, sought)
    now = timezone.now()
    page = Paginator(_found(sought), SHOWN).get_page(request.GET.get("pagina"))
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Keys of programs"),
        "sought": sought,
        "page": page,
        "keys": [(key, key.is_valid(now)) for key in page],
    }
    return render(request, "admin/keys.html", context)


def _found(sought: str) -> QuerySet[ApiKey]:
    rows = ApiKey.objects.select_related("provider").order_by("-pk")
    if not sought:
        return rows
    of_practice = Q(provider__name__icontains=sought) | Q(provider__agb_code=sought)
    return rows.filter(of_practice | Q(public_id=sought.lower()))


def _revoke(request: HttpRequest, sought: str) -> HttpResponse:
    key = ApiKey.objects.select_related("provider").filter(public_id=request.POST.get("key", "")[:12]).first()
    if key is None:
        raise Http404
    does = _("Software of %s that uses it stops at once. That can't be undone: the practice makes another key.")
    if asked := unsure(request, _("Revoke the key “%s”?") % key.name, does % key.provider.name):
        return asked
    if keys.revoke(key, by=audit.name_of(request.user)):
        messages.success(request, _("The key opens nothing any more. Tell %s.") % key.provider.name)
    else:
        messages.warning(request, _("This key was revoked before."))
    there = reverse("admin:keys") + (f"?{urlencode({'practice': sought})}" if sought else "")
    return HttpResponseRedirect(there, status=303)
