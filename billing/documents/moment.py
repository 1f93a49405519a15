"""Files of a moment: a statement, a proof of payment, a letter to print. For who asked, and gone within an hour.

The view says what stands in the file, a worker draws it, and an address of its own gives it out, so that no web process
draws. Whoever knows that address gets nothing: the session has to know it too.
"""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from billing import links
from billing.documents import drawing
from billing.documents.attachment import attachment
from billing.models import DrawingOrder, Invoice

_ASKED_FOR = "files"  # in the session: the tokens, the newest last
_MAX = 10


def order(
    request: HttpRequest, source: str, *, name: str, invoice: Invoice | None = None, page: str = "file_of_a_moment"
) -> HttpResponse:
    """Have a worker draw `source` (HTML), and lead to the address `page`, which gives it out as `name`.

    What is about an `invoice` is erased with it. Who may read it and the access log are the caller's.
    """
    asked = DrawingOrder(token=links.new_token(), file_name=name, invoice=invoice)
    asked.source = source
    asked.save()
    drawing.wake(asked)
    request.session[_ASKED_FOR] = [*request.session.get(_ASKED_FOR, []), asked.token][-_MAX:]
    return HttpResponseRedirect(reverse(page, args=[asked.token]), status=303)


def find(request: HttpRequest, token: str) -> DrawingOrder | None:
    """Return the file if this browser asked for it; None for any other, and when its moment is over."""
    if token not in request.session.get(_ASKED_FOR, []):
        return None
    return DrawingOrder.objects.filter(token=token, asked_at__gte=timezone.now() - drawing.FILE_KEPT_FOR).first()


def give(order: DrawingOrder) -> HttpResponse | None:
    """Return the file as a download; None as long as it is not drawn."""
    if not order.sealed_pdf:
        return None
    return attachment(order.pdf, name=order.file_name, content_type="application/pdf")


def is_slow(order: DrawingOrder) -> bool:
    """Tell whether it takes longer than a worker needs, so that nobody should wait for it."""
    return order.asked_at < timezone.now() - drawing.SLOW_AFTER
