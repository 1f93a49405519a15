"""A patient says that an invoice is not right: staff get a task, and meanwhile the invoice rests.

Whoever holds the reference may say so, and may take it back, so that nobody can keep the patient from paying. The pause
is the one of staff (`Hold.STAFF`), and staff end it as any other.
"""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit
from billing.errors import Refused
from billing.invoices import schedule
from billing.invoices.holds import place_hold, release_hold
from billing.ledger import lock_invoice
from billing.models import Hold, Invoice, Objection, StaffTask

BY = "patient"


def standing(invoice_id: int) -> Objection | None:
    """Return the objection that was not taken back and still pauses the invoice; None without one."""
    found = Objection.objects.filter(invoice=invoice_id, withdrawn_at=None).first()
    if found is None or not _own_pause(invoice_id):
        return None
    return found


def _own_pause(invoice_id: int) -> bool:
    return Hold.objects.filter(invoice=invoice_id, reason=Hold.STAFF, released_at=None, placed_by=BY).exists()


def object_to(invoice_id: int, *, reason: str, text: str) -> Objection:
    """Record what is not right, open a task for staff and pause an unpaid invoice; return the objection.

    Raises Refused when the invoice was withdrawn, or when an objection is being looked into already.
    """
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        if invoice.withdrawn_at:
            raise Refused(_("This invoice was withdrawn. You do not have to pay it."))
        if standing(invoice_id):
            raise Refused(_("We are looking into this invoice already. You will hear from us."))
        Objection.objects.filter(invoice=invoice, withdrawn_at=None).update(withdrawn_at=timezone.now())
        objection = Objection(invoice=invoice, reason=reason)
        objection.text = text
        objection.save(force_insert=True)
        if invoice.settled_at is None:
            place_hold(invoice, Hold.STAFF, by=BY)
        audit.record("objection_received", by=BY, invoice=invoice, reason=reason)
        audit.open_task(
            StaffTask.Kind.OBJECTION, dedupe_key=f"{objection.pk}", invoice=invoice, note=str(objection)[:200]
        )
    return objection


def take_back(invoice_id: int, *, today: date) -> None:
    """End the patient's own pause, because they want to pay after all; the last day to pay lies ahead.

    Raises Refused when there is no such pause: staff ended it, or placed one of their own.
    """
    with transaction.atomic():
        invoice = lock_invoice(invoice_id)
        if not _own_pause(invoice_id):
            raise Refused(_("There is nothing to take back any more. See below how your invoice stands."))
        Objection.objects.filter(invoice=invoice, withdrawn_at=None).update(withdrawn_at=timezone.now())
        release_hold(invoice, Hold.STAFF, by=BY, due_on=schedule.time_to_pay(invoice, today=today), today=today)
        audit.record("objection_taken_back", by=BY, invoice=invoice)
        tasks = StaffTask.objects.filter(invoice=invoice, kind=StaffTask.Kind.OBJECTION, closed_at=None)
        audit.close_superseded(tasks, by=BY, reason=_("taken back by the patient"))


def of(invoice: Invoice) -> list[Objection]:
    """Return the objections to an invoice, oldest first."""
    return list(Objection.objects.filter(invoice=invoice).order_by("pk"))
