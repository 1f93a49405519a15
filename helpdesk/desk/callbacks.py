"""The desk's page of who waits to be called, at /beheer/terugbellen/: today's with number, of later days how many."""

from itertools import groupby

from django.contrib import admin
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.law.calendar import DAY, begin_of
from billing.models import AccessEvent
from billing.privacy import access_log
from billing.text import posted
from helpdesk import callbacks

LIST, CALLBACK = "call-back list", "callback"  # their names in the access log


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """List who is called today, what is late first; POST notes how a call went. A number shows on its day only."""
    if request.method == "POST":
        return _called(request)
    now = timezone.now()
    tomorrow = begin_of(timezone.localdate(now) + DAY)
    rows = list(callbacks.waiting().filter(slot__begins__lt=tomorrow))
    later = callbacks.waiting().filter(slot__begins__gte=tomorrow).values_list("slot__begins", flat=True)
    access_log.record_staff(request, AccessEvent.Act.SEARCH, invoice=None, data=LIST)
    for row in rows:
        if row.invoice:
            access_log.record_staff_once(request, invoice=row.invoice, data=[CALLBACK])
    context = {
        **admin.site.each_context(request),
        "title": _("Call back"),
        "rows": rows,
        "late": now - callbacks.SLOT,
        "later": [(day, len(list(of_day))) for day, of_day in groupby(later, key=timezone.localdate)],
        "last": callbacks.TRIES - 1,
    }
    return render(request, "admin/helpdesk/callbacks.html", context)


def _called(request: HttpRequest) -> HttpResponse:
    reached = request.POST.get("act") == "reached"
    try:
        row = callbacks.called(
            posted.key(request, "callback"),
            reached=reached,
            seen=posted.key(request, "seen"),
            staff=request.user,
        )
    except Refused as refused:
        notices.error(request, str(refused))
    else:
        over = _("Noted. This call is over.") if row.ended_at else _("Noted. Try once more.")
        notices.success(request, over)
    return HttpResponseRedirect(reverse("admin:callbacks"), status=303)
