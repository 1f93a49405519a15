"""What becomes of an order, told to what it pays: the payout, the refund of a credit, the line that goes back."""

from banking.models import OutgoingOrder


def refuse_if_wrong(order: OutgoingOrder) -> None:
    """Raise Refused when what the order pays has changed since it was proposed."""


def approved(order: OutgoingOrder) -> None:
    """Follow an order that both persons agreed to, in the same transaction."""


def paid(order: OutgoingOrder) -> None:
    """Follow an order that a statement proves, in the same transaction."""


def failed(order: OutgoingOrder, *, by: str) -> None:
    """Follow an order that was refused, rejected, cancelled or came back, in the same transaction."""
