"""What the assistant answers about a complaint: whose turn it is, and by which day. Nothing of what was said."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from billing.invoices.state import InvoiceView
from billing.rooms import Answer
from complaints import freeze
from complaints.models import Complaint


def state(view: InvoiceView, today: date) -> Answer | None:
    """Answer how the newest complaint about the invoice stands; nothing when there is none."""
    newest = Complaint.objects.filter(invoice=view.invoice_id).exclude(sealed_facts=b"").order_by("pk").last()
    if newest is None:
        return None
    waits = newest.status == Complaint.Status.WAITING_FOR_PATIENT
    facts = {
        "number": newest.number,
        "is_open": newest.status in Complaint.OPEN,
        "waits_until": newest.waits_until if waits else None,
        "answer_by": newest.answer_by,
        "is_late": newest.answer_by is not None and newest.answer_by < today,
        "rests": freeze.HOLD in view.rests,
    }
    actions = [("complaints_of_invoice", _("See how your complaint stands"))]
    return Answer("complaints/answers/state", facts, _("your complaint"), actions)


ANSWERS = {"complaint-state": state}
