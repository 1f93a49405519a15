"""What the bank announces to the rest of the product."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import Announcement, Beat, Desk, DeskPage, Room

AUDIT_LABELS = {
    "bank_line_proposed": gettext_noop("line of a bank statement: decided, a second person has to agree"),
    "bank_line_refused": gettext_noop("line of a bank statement: a second person did not agree"),
    "bank_line_decided": gettext_noop("line of a bank statement: decided"),
    "bank_line_undone": gettext_noop("line of a bank statement: decision undone"),
}


class BankingRoom(Room):
    """Statements of our bank come in, orders to it go out, and practices are paid."""

    name = "banking"
    house_rules = {
        "BANK_SECOND_PERSON_ABOVE": Decimal("250.00"),  # of a line that is booked by hand
        "BANK_GATEWAY_IBANS": (),  # accounts from which Mollie pays out what it collected
        "BANK_SEND_BACK_AFTER_DAYS": 14,  # what nobody claimed goes back to the account that it came from
    }

    def announce(self) -> Announcement:
        from banking.desk import pages, waiting
        from banking.matching import movements
        from billing.desk.base import OPERATIONS

        roles = frozenset(map(str, OPERATIONS))
        return Announcement(
            desk=Desk(
                ("LineMatch",),
                "admin/banking/panel.html",
                waiting.facts,
                (
                    DeskPage("bank/", pages.show, "bank", roles, _("bank")),
                    DeskPage("bank/regel/<int:line_id>/", pages.line, "bank_line", roles),
                ),
            ),
            access_labels={pages.DATA: _("what you wrote on a bank transfer")},
            beat={"match-lines": Beat("banking.match_lines", 30.0, expires=30)},
            audit_labels=AUDIT_LABELS,
            staff_tasks={movements.TO_SEND_BACK: _("send money back to the account that it came from")},
        )
