"""The desk's page for who writes the FAQ: questions without an answer, and entries to look at again."""

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from billing.errors import Refused
from billing.text import posted
from helpdesk.assistant import faq, unanswered

SHOWN = 100


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def index(request: HttpRequest) -> HttpResponse:
    """List the questions, the oldest first; POST notes that one was read."""
    if request.method == "POST":
        try:
            unanswered.read(posted.key(request, "question"), staff=request.user)
        except Refused as refused:
            messages.error(request, str(refused))
        return HttpResponseRedirect(reverse("admin:unanswered"), status=303)
    context = {
        **admin.site.each_context(request),
        "title": _("Questions without an answer"),
        "rows": unanswered.unread()[:SHOWN],
        "overdue": faq.overdue(timezone.localdate()),
    }
    return render(request, "admin/helpdesk/unanswered.html", context)
