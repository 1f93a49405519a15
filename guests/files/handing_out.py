"""Handing a checked file to staff: whole, or a page of it as a picture."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from billing.documents.attachment import attachment
from billing.models import AccessEvent
from billing.privacy import access_log
from guests.files import pages, storage


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


def page_to_staff(request: HttpRequest, row: Any, number: int) -> HttpResponse:
    """Return a page of a checked file of their own as a picture; that they look at the file is written down once.

    Raises Http404 for a page that it does not have.
    """
    if number not in row.page_numbers:
        raise Http404
    access_log.record_staff_once(request, invoice=row.about, data=(row.served_name,))
    content = pages.picture(storage.get(row), row.kind, number)
    kind = pages.content_type(row.kind)
    return attachment(content, name=f"{row.CALLED}-{row.pk}-{number}.{kind.rpartition('/')[2]}", content_type=kind)
