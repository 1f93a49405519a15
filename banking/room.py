"""What the bank announces to the rest of the product."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import Announcement, Room


class BankingRoom(Room):
    """Statements of our bank come in, orders to it go out, and practices are paid."""

    name = "banking"

    def announce(self) -> Announcement:
        from banking import importing
        from banking.statements import chain

        return Announcement(
            audit_labels={"bank_account_added": gettext_noop("bank account of ours added")},
            staff_tasks={
                chain.GAP: _("lines are missing between two bank statements: hand in the statement of those days"),
                importing.REFUSED: _("a bank statement was refused"),
            },
        )
