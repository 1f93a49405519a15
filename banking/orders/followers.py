"""What becomes of an order, told to what it pays: the payout, the refund of a credit, the line that goes back."""

from django.utils import timezone

from banking.models import BankLine, LineDecision, OutgoingOrder
from billing.transitions import advance


def refuse_if_wrong(order: OutgoingOrder) -> None:
    """Raise Refused when what the order pays has changed since it was proposed."""


def approved(order: OutgoingOrder) -> None:
    """Follow an order that both persons agreed to, in the same transaction."""


def paid(order: OutgoingOrder) -> None:
    """Follow an order that a statement proves, in the same transaction."""


def failed(order: OutgoingOrder, *, by: str) -> None:
    """Follow an order that was refused, rejected, cancelled or came back, in the same transaction."""
    if order.purpose == OutgoingOrder.Purpose.RETURN and order.line is not None:
        _wait_again(order.line)


def _wait_again(line: BankLine) -> None:
    """Let a line, locked with its order, wait for another decision: its money was not sent back."""
    done = LineDecision.objects.filter(line=line, kind=LineDecision.Kind.SEND_BACK, status=LineDecision.Status.DONE)
    for decision in done:
        advance(decision, LineDecision.Status.UNDONE, undone_at=timezone.now())
    if line.status == BankLine.Status.SENT_BACK:
        advance(line, BankLine.Status.UNMATCHED)
