"""What becomes of an order, told to what it pays: a payout, the refund of a credit, a line that goes back.

`room.py` says who follows.
"""

from collections.abc import Callable
from dataclasses import dataclass

from banking.models import OutgoingOrder


@dataclass(frozen=True, slots=True)
class Follower:
    """What an order of one purpose changes elsewhere; each is called in the transaction that changes the order.

    `refuse_if_wrong` raises Refused when what the order pays has changed since it was proposed.
    """

    refuse_if_wrong: Callable[[OutgoingOrder], object]
    approved: Callable[[OutgoingOrder], object]
    paid: Callable[[OutgoingOrder], object]
    failed: Callable[[OutgoingOrder, str], object]


_FOLLOWERS: dict[str, Follower] = {}


def follow(purpose: OutgoingOrder.Purpose, follower: Follower) -> None:
    """Let `follower` hear of the orders of this purpose."""
    _FOLLOWERS[purpose] = follower


def refuse_if_wrong(order: OutgoingOrder) -> None:
    """Raise Refused when what the order pays has changed since it was proposed."""
    if follower := _FOLLOWERS.get(order.purpose):
        follower.refuse_if_wrong(order)


def approved(order: OutgoingOrder) -> None:
    """Follow an order that both persons agreed to."""
    if follower := _FOLLOWERS.get(order.purpose):
        follower.approved(order)


def paid(order: OutgoingOrder) -> None:
    """Follow an order that a statement proves."""
    if follower := _FOLLOWERS.get(order.purpose):
        follower.paid(order)


def failed(order: OutgoingOrder, *, by: str) -> None:
    """Follow an order that was refused, rejected, cancelled or came back, in the same transaction."""
    if follower := _FOLLOWERS.get(order.purpose):
        follower.failed(order, by)
