"""What the assistant answers about coulance: what is waited for, and until when."""

from datetime import date

from django.utils.translation import gettext_lazy as _

from billing.invoices.state import InvoiceView
from billing.rooms import Answer
from coulance.models import CoulanceCase


def state(view: InvoiceView, today: date) -> Answer | None:
    """Answer how the coulance of the invoice stands; nothing when it has none."""
    case = CoulanceCase.objects.filter(invoice=view.invoice_id).first()
    if case is None:
        return None
    facts = {
        "status": case.status,
        "send_by": case.specification_due_on,
        "is_over": case.specification_due_on < today,
        "outstanding": view.outstanding,
    }
    actions = [("coulance", _("See what happened with coulance for this invoice"))]
    return Answer("coulance/answers/state", facts, _("your invoice"), actions)


ANSWERS = {"coulance-state": state, "coulance-send": state}
