"""Where the money of an order comes from: moved to UNDER_WAY when it is approved, mirrored when the order failed."""

from decimal import Decimal

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from banking.models import BankLine, OutgoingOrder
from billing import ledger
from billing.errors import Refused
from billing.ledger import lock_invoice
from billing.ledger.events import Side
from billing.models import Invoice, LedgerTransaction, Posting, Provider
from billing.models.ledger import Account
from billing.money import ZERO
from billing.payments.refunds import by_bank

Kind, Purpose = LedgerTransaction.Kind, OutgoingOrder.Purpose
_KINDS = {Purpose.RETURN: Kind.SENT_BACK, Purpose.PAYOUT: Kind.PAYOUT, Purpose.CREDIT: Kind.REFUND}


def lock(order: OutgoingOrder) -> Invoice | None:
    """Lock what the order is paid from, before the order itself; return its invoice, if it has one."""
    if order.purpose == Purpose.CREDIT:
        return lock_invoice(order.invoice_id or 0)
    if order.purpose == Purpose.PAYOUT:
        Provider.objects.select_for_update(no_key=True).get(pk=order.provider_id or 0)
    if order.purpose == Purpose.RETURN:
        BankLine.objects.select_for_update(no_key=True).get(pk=order.line_id or 0)
    return None


def reserve(order: OutgoingOrder, invoice: Invoice | None, *, by: str) -> None:
    """Move the money of a locked order to UNDER_WAY. Raises Refused when it is not there any more."""
    if order.purpose == Purpose.CREDIT:
        by_bank.order(_there(invoice), order.amount, event=order.event, by=by)
        return
    if order.purpose == Purpose.PAYOUT:
        if owed_to(order.provider) < order.amount:
            raise Refused(_("The practice has less on its account than this order pays. Refuse the order."))
        source = Side(Account.PRACTICE, order.amount, order.provider)
    else:
        if order.line is None or order.line.amount != order.amount or order.line.status != BankLine.Status.SENT_BACK:
            raise Refused(_("Something else was decided about this line of the statement. Refuse the order."))
        source = Side(Account.UNMATCHED, order.amount)
    sides = [source, Side(Account.UNDER_WAY, -order.amount)]
    kind = _KINDS[Purpose(order.purpose)]
    ledger.transfer(kind, sides, external_id=order.event, occurred_at=timezone.now(), by=by)


def release(order: OutgoingOrder, invoice: Invoice | None, *, by: str, reason: str) -> None:
    """Move the money of a locked order back to where it came from, by the mirror of `reserve`."""
    if order.purpose == Purpose.CREDIT:
        by_bank.undo(_there(invoice), event=order.event, by=by, reason=reason)
        return
    booked = LedgerTransaction.objects.get(kind=_KINDS[Purpose(order.purpose)], external_id=order.event, reverses=None)
    ledger.reverse_transfer(booked, external_id=f"{order.event}:undone", occurred_at=timezone.now(), by=by)


def owed_to(provider: Provider | None) -> Decimal:
    """Return the balance of the practice's account with us in euros: positive is owed to the practice."""
    own = Posting.objects.filter(provider=provider, account=Account.PRACTICE)
    return -(own.aggregate(sum=Sum("amount"))["sum"] or ZERO)


def _there(invoice: Invoice | None) -> Invoice:
    if invoice is None:
        raise ValueError("an order of this purpose has an invoice")
    return invoice
