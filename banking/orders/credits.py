"""Refunds of credit by bank: to the account that the money came from, as a statement says (6:203 BW)."""

from banking import details
from banking.models import BankLine, OutgoingOrder
from banking.orders import agreeing, payees
from banking.orders.followers import Follower
from billing.errors import Refused
from billing.models import LedgerTransaction, RefundRequest, Staff
from billing.payments.refunds import by_bank

_SOURCE = "refund:"


def take_over(request: RefundRequest) -> bool:
    """Propose an order for a refund that can't go through the gateway; return whether we do.

    Not when no transfer of that size paid the invoice, or its account can't be paid to: then staff ask the payer.
    """
    line = _came_by(request)
    if line is None:
        return False
    said = details.of_line(line)
    text = f"Terugbetaling rekening {request.invoice.number} {request.invoice.provider.name}"
    try:
        payee = payees.right(said.name or "Ontvanger", said.iban, text)
        agreeing.propose(
            OutgoingOrder.Purpose.CREDIT, request.amount, payee, source=f"{_SOURCE}{request.token}",
            by=_approver(request), provider=request.invoice.provider, invoice=request.invoice,
        )  # fmt: skip
    except Refused:
        return False
    return True


def _came_by(request: RefundRequest) -> BankLine | None:
    """Return the newest transfer that paid the invoice and was at least as much as the refund."""
    paid = LedgerTransaction.objects.filter(
        kind=LedgerTransaction.Kind.PAYMENT, postings__invoice=request.invoice_id, external_id__startswith="bank:",
        reverses=None, reversed_by=None,
    )  # fmt: skip
    events = paid.order_by("-occurred_at", "-pk").values_list("external_id", flat=True).distinct()
    marks = [event.removeprefix("bank:").partition("/")[0] for event in events]
    lines = BankLine.objects.in_bulk(marks, field_name="fingerprint")
    return next((lines[mark] for mark in marks if mark in lines and lines[mark].amount >= request.amount), None)


def _approver(request: RefundRequest) -> Staff | None:
    """Return who of the staff approved the refund: the first of the two persons of its order."""
    return Staff.objects.filter(username=request.approved_by.removeprefix("staff:")).first()


def _request(order: OutgoingOrder) -> RefundRequest | None:
    return RefundRequest.objects.filter(token=order.source.removeprefix(_SOURCE)).first()


def _paid(order: OutgoingOrder) -> None:
    if order.invoice:
        by_bank.paid(order.invoice, event=order.event)


def _failed(order: OutgoingOrder, by: str) -> None:
    request = _request(order)
    if request and request.status == RefundRequest.Status.BY_BANK:  # refused before its money was ordered
        by_bank.not_ordered(request, by=by)


FOLLOWER = Follower(lambda _order: None, approved=lambda _order: None, paid=_paid, failed=_failed)
