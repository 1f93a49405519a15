"""Credit: what a patient has paid too much once less is owed. A person pays it back."""

from decimal import Decimal

from billing import audit, ledger
from billing.models import Invoice, StaffTask
from billing.money import ZERO

Kind = StaffTask.Kind


def leave_to_staff(invoice: Invoice, *, cause: str, by: str, reason: str) -> Decimal:
    """Ask staff to pay back the credit of a locked invoice, once for each `cause`; returns it in euros, or zero.

    An open item that an earlier cause left is closed, with `reason`: the credit in it is no longer true. Items about
    one payment stand apart and stay.
    """
    overtaken = StaffTask.objects.filter(kind=Kind.SURPLUS, invoice=invoice, payment=None, closed_at=None)
    audit.close_superseded(overtaken, by=by, reason=reason)
    credit = max(-ledger.balance(invoice.pk), ZERO)
    if credit:
        audit.open_task(Kind.SURPLUS, dedupe_key=cause, invoice=invoice, note=str(credit))
    return credit
