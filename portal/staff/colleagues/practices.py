"""For which of their practices somebody works: chosen in the header, kept in the session, applied to each request."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from billing import audit
from billing.tenancy import work_for
from billing.text import posted

_CHOSEN = "practice"  # in the session: the key of a provider


def begin(request: HttpRequest) -> None:
    """Let this request work for the practice that was chosen in this session; for the first one when that is over."""
    chosen = request.session.get(_CHOSEN)
    if chosen is None or not request.user.is_authenticated:
        return
    member: Any = request.user
    if not work_for(member, chosen):
        del request.session[_CHOSEN]
        messages.info(request, _("You no longer work for the practice that you had chosen."))


@never_cache
@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Work for another practice from now on.

    Forms that are still open in other tabs were made for the other practice: they get a new token, so that none of them
    can be sent for the wrong one.
    """
    member: Any = request.user
    practice = posted.key(request, "practice")
    if not work_for(member, practice):
        raise Http404
    request.session[_CHOSEN] = practice
    rotate_token(request)
    audit.record("staff_switched_practice", by=audit.name_of(member), staff=member.pk, provider=practice)
    return HttpResponseRedirect(reverse("admin:index"), status=303)
