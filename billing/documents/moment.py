"""Files of a moment: a statement, a proof of payment, a letter to print. For who asked, and gone within an hour.

The view says what stands in the file, a worker draws it, and an address of its own gives it out, so that no web process
draws. Whoever knows that address gets nothing: the session has to know it too, and for no longer than the page is open
from which the file was asked.
"""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from billing import links
from billing.documents import drawing
from billing.documents.attachment import attachment
from billing.models import DrawingOrder, Invoice

PAGE = "file_of_a_moment"  # for guests
_ASKED_FOR = "files"  # in the session: token → [the page that gives it out, until when (seconds since 1970)]
_MAX = 10


def order(
    request: HttpRequest,
    source: str,
    *,
    name: str,
    invoice: Invoice | None = None,
    page: str = PAGE,
    until: datetime | None = None,
) -> HttpResponse:
    """Have a worker draw `source` (HTML), and lead to the address `page`, which gives it out as `name`.

    What is about an `invoice` is erased with it. Who may read it and the access log are the caller's: `until` is when
    this browser may no longer. No other page gives it out, because each asks something else of its reader.
    """
    asked = DrawingOrder(token=links.new_token(), file_name=name, invoice=invoice)
    asked.source = source
    asked.save()
    drawing.wake(asked)
    kept_until = asked.asked_at + drawing.FILE_KEPT_FOR
    ends = min(until or kept_until, kept_until)
    newest = dict(list(request.session.get(_ASKED_FOR, {}).items())[1 - _MAX :])
    request.session[_ASKED_FOR] = newest | {asked.token: [page, ends.timestamp()]}
    return HttpResponseRedirect(reverse(page, args=[asked.token]), status=303)


def find(request: HttpRequest, token: str, *, page: str = PAGE) -> DrawingOrder | None:
    """Return the file if this browser asked `page` for it; None for any other, and when its moment is over."""
    of, until = request.session.get(_ASKED_FOR, {}).get(token, ("", 0))
    if of != page or timezone.now().timestamp() >= until:
        return None
    return DrawingOrder.objects.filter(token=token).first()


def give(order: DrawingOrder) -> HttpResponse | None:
    """Return the file as a download; None as long as it is not drawn."""
    if not order.sealed_pdf:
        return None
    return attachment(order.pdf, name=order.file_name, content_type="application/pdf")


def is_slow(order: DrawingOrder) -> bool:
    """Tell whether it takes longer than a worker needs, so that nobody should wait for it."""
    return order.asked_at < timezone.now() - drawing.SLOW_AFTER
