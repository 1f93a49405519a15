"""Handing a checked file to staff."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from billing.documents.attachment import attachment
from billing.models import AccessEvent
from billing.privacy import access_log
from guests.files import storage


def to_staff(request: HttpRequest, row: Any, *, is_theirs: bool) -> HttpResponse:
    """Return a checked file as an attachment; the look is written down before, also one that is refused.

    Raises Http404 for a file of somebody else (`is_theirs` says no), and for one that is not checked yet.
    """
    look: dict[str, Any] = {"invoice": row.about, "data": row.served_name}
    if not is_theirs:
        access_log.record_staff(request, AccessEvent.Act.DOWNLOAD, **look, outcome=AccessEvent.Outcome.REFUSED)
        raise Http404
    if row.status != row.Status.CLEAN:
        raise Http404
    access_log.record_staff(request, AccessEvent.Act.DOWNLOAD, **look)
    return attachment(storage.get(row), name=row.served_name, content_type=row.content_type)
