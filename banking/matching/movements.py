"""The money of lines on the accounts that are no invoice's: where it stands until it is decided, and where it goes."""

from django.utils import timezone
from django.utils.translation import gettext as _

from banking import details
from banking.models import BankLine, LineDecision, OutgoingOrder, Settlement
from banking.orders import agreeing, payees
from banking.orders.followers import Follower
from billing import ledger
from billing.errors import Refused
from billing.law.calendar import begin_of
from billing.ledger.events import Side
from billing.models import LedgerTransaction, Staff
from billing.models.ledger import Account
from billing.money import ZERO
from billing.transitions import advance

Kind, What = LedgerTransaction.Kind, LineDecision.What
# Where the money of a line goes that is for no invoice. Own transfers meet their other half on UNDER_WAY.
_GOES_TO = {
    What.CHARGES: (Kind.BANK_OTHER, Account.FEES),
    What.INTEREST: (Kind.BANK_OTHER, Account.FEES),
    What.OWN_TRANSFER: (Kind.BANK_OTHER, Account.UNDER_WAY),
    What.SETTLEMENT: (Kind.SETTLEMENT, Account.GATEWAY),
}


def book_other(decision: LineDecision, line: BankLine, *, by: str) -> None:
    """Move the money of a line from UNMATCHED to what it is."""
    kind, account = _GOES_TO[What(decision.what)]
    sides = [Side(Account.UNMATCHED, line.amount), Side(account, -line.amount)]
    ledger.transfer(kind, sides, external_id=decision.event, occurred_at=begin_of(line.booked_on), by=by)


def refuse_unless_returnable(line: BankLine) -> None:
    """Raise Refused when money can't be sent back: it went out, or the bank did not say from where it came."""
    if line.amount < ZERO:
        raise Refused(_("This money went out. There is nothing to send back."))
    if not details.of_line(line).iban:
        raise Refused(_("The bank did not say from which account this came, so it can't be sent back."))


def send_back(line: BankLine, *, by: Staff) -> None:
    """Propose an order that sends the money of a line back to the account that it came from; a second person agrees.

    It goes to whom the bank named, never to an account that somebody mails in (6:203 BW). Raises Refused when that
    account can't be paid.
    """
    said = details.of_line(line)
    payee = payees.right(said.name, said.iban, f"Terugbetaling van uw overboeking van {line.booked_on:%d-%m-%Y}")
    source = f"bank_line:{line.pk}"
    agreeing.propose(
        OutgoingOrder.Purpose.RETURN, line.amount, payee, source=source, by=by, line=line, account=line.account
    )


def not_sent(order: OutgoingOrder, by: str) -> None:
    """Let a line, locked with its order, wait for another decision: its money was not sent back."""
    line = order.line
    if line is None:
        return
    done = LineDecision.objects.filter(line=line, kind=LineDecision.Kind.SEND_BACK, status=LineDecision.Status.DONE)
    for decision in done:
        advance(decision, LineDecision.Status.UNDONE, undone_at=timezone.now())
    if line.status == BankLine.Status.SENT_BACK:
        advance(line, BankLine.Status.UNMATCHED)


def undo(decision: LineDecision, line: BankLine, *, by: str) -> None:
    """Mirror what a decision booked that is about no invoice. Raises Refused while an order sends the money back."""
    if decision.kind == LineDecision.Kind.SEND_BACK:
        raise Refused(_("An order to the bank sends it back. Refuse that order, and the line waits again."))
    if decision.what == What.ORDERS:
        raise Refused(_("Orders of ours count as paid by this line. That can't be undone."))
    kind, _account = _GOES_TO[What(decision.what)]
    decision.line = line
    booked = LedgerTransaction.objects.get(kind=kind, external_id=decision.event)
    ledger.reverse_transfer(booked, external_id=f"{decision.event}:undone", occurred_at=timezone.now(), by=by)
    Settlement.objects.filter(line=line).update(line=None)


FOLLOWER = Follower(lambda _order: None, approved=lambda _order: None, paid=lambda _order: None, failed=not_sent)
