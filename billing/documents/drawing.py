"""Documents that a worker draws, so that no page waits for one: begun when somebody asks for the code that opens them.

An order is a row, as a message is: written first, claimed by one worker, and deleted when its document is stored. The
claim of a worker that died ends, and the sweep finds the order again. What fails is tried again, and operations see it.
A file of a moment (`moment`) is drawn in the same way.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Q, QuerySet
from django.utils import timezone

from billing import failures
from billing.documents import credit_note, full_invoice, pdf
from billing.encryption import Unreadable
from billing.models import CreditNote, DrawingOrder, FailedTry, Invoice, InvoiceDocument
from billing.outbox import wakeup

TASK = "billing.draw_document"
RULE = "draw document"
CLAIMED_FOR = timedelta(seconds=30)  # drawing takes less than a second, the first of a process two
SLOW_AFTER = timedelta(seconds=30)  # then the page stops asking by itself, and says so
FILE_KEPT_FOR = timedelta(hours=1)
SWEEP_BATCH = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the documents of an invoice are. `notes`: the keys of the credit notes that are ready.

    `slow`: what is missing takes longer than a worker needs.
    """

    invoice: bool
    notes: frozenset[int]
    waits: bool
    slow: bool = False


def begin(invoice: Invoice, *, language: str) -> None:
    """Have the full invoice and its credit notes drawn in `language`; what is drawn already a worker only reads."""
    for note in (None, *CreditNote.objects.filter(invoice=invoice).defer("sealed_content")):
        _order(invoice, note, language)


def find(invoice: Invoice, *, language: str, note: CreditNote | None = None) -> InvoiceDocument | None:
    """Return the full invoice, or one of its credit notes, as it is now; None when it has to be drawn: that begins.

    So it does when what is printed can't be read: the worker that fails on it opens a task.
    """
    found = None
    with suppress(Unreadable):
        if note:
            version = credit_note.version_of(note, language=language)
        else:
            version = full_invoice.version_of(invoice, language=language)
        found = full_invoice.find(invoice, version, language=language)
    if found is None:
        _order(invoice, note, language)
    return found


def progress(invoice: Invoice, *, language: str, now: datetime) -> Progress:
    """Tell which of the full invoice and its credit notes can be downloaded now; what is missing is drawn."""
    has_invoice = find(invoice, language=language) is not None
    notes = CreditNote.objects.filter(invoice=invoice).select_related("invoice", "provider")
    ready = {note.pk: find(invoice, language=language, note=note) is not None for note in notes}
    waits = not (has_invoice and all(ready.values()))
    drawn = frozenset(key for key, is_ready in ready.items() if is_ready)
    return Progress(has_invoice, drawn, waits, slow=waits and is_slow(invoice, language=language, now=now))


def is_slow(invoice: Invoice, *, language: str, now: datetime) -> bool:
    """Tell whether a document of an invoice takes longer than a worker needs, so that nobody should wait for it."""
    orders = DrawingOrder.objects.filter(invoice=invoice, language=language, token="", asked_at__lt=now - SLOW_AFTER)
    return orders.exists()


def _order(invoice: Invoice, note: CreditNote | None, language: str) -> None:
    order, is_new = DrawingOrder.objects.get_or_create(invoice=invoice, note=note, language=language, token="")
    if is_new:
        wake(order)


def wake(order: DrawingOrder) -> None:
    """Wake a worker for an order, when the transaction that wrote it is committed."""
    wakeup.enqueue_on_commit(TASK, order.pk)


def draw(order_id: int, *, now: datetime | None = None) -> None:
    """Draw what was ordered, unless another worker does or did. A failure is tried again by `sweep`."""
    now = now or timezone.now()
    rows = DrawingOrder.objects.select_related("invoice__provider", "note__invoice", "note__provider")
    order = rows.filter(pk=order_id).first()
    if order is None or not _free(now).filter(pk=order_id).update(claimed_until=now + CLAIMED_FOR):
        return
    about = Invoice.objects.filter(drawing_orders=order)
    failures.isolated(partial(_draw, order), rule=RULE, row=order.pk, about=about, now=now)


def sweep(*, now: datetime | None = None) -> None:
    """Draw what waits because its task was lost, its worker died, or it failed and its next try has come.

    A failure of an order that is gone is forgotten: another worker drew it, or the invoice was erased. Files of which
    the moment is over go first; the task of one that could not be drawn waits for a person, since nobody got that file.
    """
    now = now or timezone.now()
    over = DrawingOrder.objects.exclude(token="").filter(asked_at__lt=now - FILE_KEPT_FOR)
    FailedTry.objects.filter(rule=RULE, row__in=over.values("pk")).delete()
    over.delete()
    for gone in FailedTry.objects.filter(rule=RULE).exclude(row__in=DrawingOrder.objects.values("pk")):
        failures.succeeded(rule=RULE, row=gone.row)
    waiting = failures.due(_free(now), rule=RULE, now=now).order_by("pk")
    for order_id in list(waiting.values_list("pk", flat=True)[:SWEEP_BATCH]):
        draw(order_id, now=now)


def _free(now: datetime) -> QuerySet[DrawingOrder]:
    return DrawingOrder.objects.filter(Q(claimed_until=None) | Q(claimed_until__lte=now), sealed_pdf=b"")


def _draw(order: DrawingOrder) -> None:
    if order.token:
        order.pdf = pdf.from_html(order.source)
        order.sealed_source = b""
        order.save(update_fields=["sealed_source", "sealed_pdf"])
        return
    if order.note:
        credit_note.credit_note_pdf(order.note, language=order.language)
    elif order.invoice:
        full_invoice.invoice_pdf(order.invoice, language=order.language)
    order.delete()
