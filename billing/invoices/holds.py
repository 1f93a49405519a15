"""Holds: placing, extending and releasing what suspends an invoice."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing import audit, rooms
from billing.invoices.schedule import interrupt, running_final_notice
from billing.ledger import lock_invoice
from billing.models import Hold, Invoice
from billing.rooms import Stops
from billing.rows import insert_rows


def stopping(what: Stops, **of: Any) -> QuerySet[Hold]:
    """Return the active holds that stop `what`; `of` narrows them, to an invoice for instance."""
    return Hold.objects.filter(released_at=None, reason__in=rooms.reasons_stopping(what), **of)


def active_hold(invoice_id: int, *, stops: Stops = Stops.PAYMENT) -> Hold | None:
    """Return the oldest hold that stops something on an invoice; None when nothing does."""
    return stopping(stops, invoice_id=invoice_id).order_by("placed_at").first()


def is_on_hold(invoice_id: int) -> bool:
    """Tell whether a hold stops the payment of an invoice."""
    return bool(on_hold([invoice_id]))


def on_hold(invoice_ids: Collection[int]) -> set[int]:
    """Return the keys of those of these invoices whose payment a hold stops."""
    active = Hold.objects.filter(invoice__in=invoice_ids, released_at=None).values_list("invoice", "reason")
    return {invoice_id for invoice_id, reason in active if reason in rooms.reasons_stopping(Stops.PAYMENT)}


def place_hold(
    invoice: Invoice, reason: str, *, by: str, until: date | None = None, written: str = "", tell: bool = True
) -> Hold:
    """Put the invoice on hold for `reason`; return the new hold, or the active one for the same reason.

    `written` is what a member of staff typed about it. The patient is told as the reason says, unless the caller tells
    them more (`tell`).
    """
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        hold, placed = Hold.objects.get_or_create(
            invoice=invoice,
            reason=reason,
            released_at=None,
            defaults={"placed_by": by, "until": until},
        )
        if placed:
            voided = running_final_notice(locked)
            interrupt(locked)
            audit.record("hold_placed", by=by, invoice=invoice, written=written, reason=reason)
            placed_mail = rooms.hold_reasons()[reason].placed
            if tell and placed_mail:
                placed_mail(locked, voided)
    return hold


def place_holds(invoices: Sequence[Invoice], reason: str, *, by: str, until: date | None = None) -> None:
    """Put invoices on hold that were created in this transaction, so that nobody else can hold them yet."""
    insert_rows(Hold(invoice=invoice, reason=reason, placed_by=by, until=until) for invoice in invoices)
    audit.record_each("hold_placed", by=by, invoices=invoices, reason=reason)


def release_hold(
    invoice: Invoice,
    reason: str,
    *,
    by: str,
    due_on: date | None = None,
    today: date | None = None,
    tell: bool = True,
) -> bool:
    """End the hold; `due_on` gives the invoice a new last day to pay. Return False when no hold was active.

    Dunning starts again with the free reminder, and the patient is told as the reason says, unless the caller does so
    in a mail about more (`tell`; see `dunning.told_together`).
    """
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        released = Hold.objects.filter(invoice=invoice, reason=reason, released_at=None).update(
            released_at=timezone.now(), released_by=by
        )
        if released:
            interrupt(locked, due_on=due_on, today=today, remind_again=True)
            audit.record("hold_released", by=by, invoice=invoice, reason=reason, due_on=str(due_on or ""))
            ended_mail = rooms.hold_reasons()[reason].ended
            if tell and ended_mail:
                ended_mail(locked, today or timezone.localdate())
    return bool(released)


def extend_hold(invoice: Invoice, reason: str, *, until: date | None) -> None:
    """Make the active hold of a locked invoice last until `until`; None when that day is unknown."""
    Hold.objects.filter(invoice=invoice, reason=reason, released_at=None).update(until=until)
