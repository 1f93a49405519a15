"""Refunds of credit by an order to our bank: booked when it is approved, undone when the money stays or comes back."""

from decimal import Decimal

from django.utils import timezone
from django.utils.translation import gettext as _

from billing import audit, ledger
from billing.errors import Refused
from billing.models import Invoice, LedgerTransaction
from billing.models.ledger import Account

Kind = LedgerTransaction.Kind


def order(invoice: Invoice, amount: Decimal, *, event: str, by: str) -> None:
    """Book that the credit of a locked invoice was ordered at the bank. Raises Refused when there is less of it."""
    if -ledger.balance(invoice.pk) < amount:
        raise Refused(_("There is less credit on the invoice than this order pays back. Refuse the order."))
    ledger.post(
        invoice, Kind.REFUND, amount, external_id=event, occurred_at=timezone.now(), by=by, through=Account.UNDER_WAY
    )
    audit.record("refund_ordered", by=by, invoice=invoice, amount=str(amount))


def undo(invoice: Invoice, *, event: str, by: str, reason: str) -> None:
    """Give a locked invoice its credit back by the mirror of what `order` booked."""
    booked = LedgerTransaction.objects.get(kind=Kind.REFUND, external_id=event, reverses=None)
    mirror = ledger.reverse(invoice, booked, external_id=f"{event}:undone", occurred_at=timezone.now(), by=by)
    if mirror is not None:
        audit.record("refund_not_paid", by=by, invoice=invoice, reason=reason)
