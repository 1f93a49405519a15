"""For machines: is this process alive, can it serve, and where to report a hole."""

from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from billing.links import absolute
from portal.staff.metrics import CONTENT_TYPE, exposition, readings

PLAIN = "text/plain; charset=utf-8"
SECURITY_TXT_VALID_DAYS = 180


def alive(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type=PLAIN)


def ready(request: HttpRequest) -> HttpResponse:
    """Requests can be served: the database answers. 503 otherwise, without detail."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database\n", content_type=PLAIN, status=503)
    return HttpResponse("ok\n", content_type=PLAIN)


def metrics(request: HttpRequest) -> HttpResponse:
    """Everything in `portal/staff/metrics.py`, for whoever shows the token; no page at all for others."""
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not settings.METRICS_TOKEN or not constant_time_compare(request.headers.get("Authorization", ""), wanted):
        raise Http404
    return HttpResponse(exposition(readings(timezone.now())), content_type=CONTENT_TYPE)


def security_txt(request: HttpRequest) -> HttpResponse:
    """RFC 9116."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    expires = (timezone.now() + timedelta(days=SECURITY_TXT_VALID_DAYS)).strftime("%Y-%m-%dT00:00:00Z")
    lines = (
        f"Contact: mailto:{address}",
        f"Expires: {expires}",
        "Preferred-Languages: nl, en",
        f"Canonical: {absolute(request.path)}",
        f"Policy: {absolute(reverse('security'))}",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type=PLAIN)
