"""What the bank announces to the rest of the product."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from billing.rooms import Announcement, Beat, Daily, Demo, Desk, DeskPage, Export, Payouts, Room, Watched

LINE_LABELS = {
    "bank_line_proposed": gettext_noop("line of a bank statement: decided, a second person has to agree"),
    "bank_line_refused": gettext_noop("line of a bank statement: a second person did not agree"),
    "bank_line_decided": gettext_noop("line of a bank statement: decided"),
    "bank_line_undo_asked": gettext_noop(
        "line of a bank statement: one person wants to undo it, a second one has to agree"
    ),
    "bank_line_undone": gettext_noop("line of a bank statement: decision undone"),
}

ORDER_LABELS = {
    "order_proposed": gettext_noop("order to the bank proposed"),
    "order_agreed_first": gettext_noop("order to the bank: one person agrees, a second one has to"),
    "order_approved": gettext_noop("order to the bank approved"),
    "order_refused": gettext_noop("order to the bank refused"),
    "order_rejected": gettext_noop("order rejected by the bank"),
    "order_paid": gettext_noop("order paid by the bank, a statement proves it"),
    "order_returned": gettext_noop("payment came back"),
    "order_cancel_asked": gettext_noop("order to the bank: one person wants to cancel it, a second one has to agree"),
    "order_cancelled": gettext_noop("order to the bank cancelled, statements prove that it was not paid"),
    "batch_made": gettext_noop("file for the bank made"),
    "batch_exported": gettext_noop("file for the bank handed out"),
    "payee_unblock_asked": gettext_noop("blocked account: one person wants to unblock it, a second one has to agree"),
    "payee_unblocked": gettext_noop("blocked account unblocked"),
    "payout_made": gettext_noop("payout of a practice made"),
    "payout_failed": gettext_noop("payout of a practice not paid"),
    "payout_terms_set": gettext_noop("terms of payout of a practice set"),
}


def watched() -> Watched:
    """Return that statements of our bank come in, where we have an account."""
    from django.conf import settings

    from banking.models import BankAccount

    return Watched(
        _("since the last statement of the bank was read"),
        lambda: settings.BANK_STATEMENTS_SILENT_SECONDS,
        BankAccount.objects.exists,
    )


class BankingRoom(Room):
    """Statements of our bank come in, orders to it go out, and practices are paid."""

    name = "banking"
    house_rules = {
        "BANK_SECOND_PERSON_ABOVE": Decimal("250.00"),  # of a line that is booked by hand
        "BANK_GATEWAY_IBANS": (),  # accounts from which Mollie pays out what it collected
        "BANK_SEND_BACK_AFTER_DAYS": 14,  # what nobody claimed goes back to the account that it came from
        "BANK_STATEMENTS_SILENT_SECONDS": 5 * 24 * 60 * 60,  # over Easter a bank has no statement for four days
        "BANK_ABSENT_AFTER_TARGET_DAYS": 5,  # on which the bank would have executed an order
    }

    def ready(self) -> None:
        from banking.matching import movements
        from banking.models import OutgoingOrder
        from banking.orders import credits, followers
        from banking.payouts import run

        super().ready()
        followers.follow(OutgoingOrder.Purpose.CREDIT, credits.FOLLOWER)
        followers.follow(OutgoingOrder.Purpose.PAYOUT, run.FOLLOWER)
        followers.follow(OutgoingOrder.Purpose.RETURN, movements.FOLLOWER)

    def announce(self) -> Announcement:
        from banking import demo, export, importing, proof, settlements
        from banking.desk import pages
        from banking.matching import waiting
        from banking.orders import agreeing, credits, outcome
        from banking.payouts import fees, run, told
        from banking.statements import chain

        return Announcement(
            desk=self._desk(),
            access_labels={pages.DATA: _("what you wrote on a bank transfer")},
            daily=[Daily(60, run.run_day), Daily(82, settlements.run_day), Daily(85, proof.run_day)],
            watched={importing.STATEMENTS: watched()},
            credit_payout=credits.take_over,
            proof=proof.contradictions,
            payouts=Payouts(told.listed, told.lines),
            kept_back=waiting.kept_back,
            demo=Demo(lambda _number: {}, {}, demo.seed),
            export=Export(_("refunds by bank"), export.of_invoice, export.documents),
            beat={
                "watch-statements": Beat("banking.watch_folder", 60.0, expires=60),
                "match-lines": Beat("banking.match_lines", 30.0, expires=30),
            },
            audit_labels=LINE_LABELS
            | ORDER_LABELS
            | {"bank_account_added": gettext_noop("bank account of ours added")},
            staff_tasks={
                chain.GAP: _("lines are missing between two bank statements: hand in the statement of those days"),
                importing.REFUSED: _("a bank statement was refused"),
                agreeing.ORDER_WAITS: _("an order to the bank waits for two persons"),
                outcome.ORDER_ALARM: _("an order to the bank went otherwise than it should"),
                run.CARRIED: _("a practice is not paid: its account is below zero, or its IBAN is not settled"),
                fees.NOT_INVOICED: _("a practice's fee waits: its invoice needs our VAT number and both addresses"),
                proof.NOT_PROVEN: _("the books are not what the bank says"),
            },
        )

    @staticmethod
    def _desk() -> Desk:
        from banking.desk import figures, pages, payouts, statements, waiting
        from billing.desk.base import OPERATIONS

        roles = frozenset(map(str, OPERATIONS))
        own = (
            DeskPage("bank/", pages.show, "bank", roles, _("bank")),
            DeskPage("bank/afschriften/", statements.show, "bank_statements", roles),
            DeskPage("bank/regel/<int:line_id>/", pages.line, "bank_line", roles),
        )
        tables = ("Payout", "LineMatch", "BankLine", "PayoutTerms")
        every = (*own, *payouts.pages())
        return Desk(tables, "admin/banking/panel.html", waiting.facts, every, figures=figures.FIGURES)
