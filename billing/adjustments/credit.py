"""Credit that a patient has once less is owed: proposed as a refund, and a task for staff until it moves."""

from decimal import Decimal

from billing import audit, ledger
from billing.models import Invoice, StaffTask
from billing.money import ZERO
from billing.payments import refunds

Kind = StaffTask.Kind


def leave_to_staff(invoice: Invoice, *, cause: str, by: str, reason: str) -> Decimal:
    """Propose to refund the credit of a locked invoice, with a task once for each `cause`; return it in euros, or zero.

    An open task of an earlier cause is closed with `reason`, because its amount is outdated. Tasks about one payment
    are separate and stay.
    """
    outdated = StaffTask.objects.filter(kind=Kind.SURPLUS, invoice=invoice, payment=None, closed_at=None)
    audit.close_superseded(outdated, by=by, reason=reason)
    credit = max(-ledger.balance(invoice.pk), ZERO)
    if credit:
        audit.open_task(Kind.SURPLUS, dedupe_key=cause, invoice=invoice, note=str(credit))
    refunds.propose(invoice, by=refunds.BY_SYSTEM, reason=reason)
    return credit
