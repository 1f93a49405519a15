"""What the bank announces to the rest of the product."""

from billing.rooms import Announcement, Room


class BankingRoom(Room):
    """Statements of our bank come in, orders to it go out, and practices are paid."""

    name = "banking"

    def announce(self) -> Announcement:
        return Announcement()
