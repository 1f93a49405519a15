"""The money of a line as the bank booked it: at the bank, and not matched yet."""

from django.utils import timezone

from banking.models import BankLine
from billing import ledger
from billing.law.calendar import begin_of
from billing.ledger import Side
from billing.models import LedgerTransaction
from billing.models.ledger import Account

Kind = LedgerTransaction.Kind


def receive(line: BankLine) -> None:
    """Book a locked line as the bank did, once: money at the bank, that is not matched yet."""
    sides = [Side(Account.BANK, line.amount), Side(Account.UNMATCHED, -line.amount)]
    moment = begin_of(line.booked_on)
    ledger.transfer(Kind.UNMATCHED, sides, external_id=line.event, occurred_at=moment, by="bank")


def take_back(line: BankLine) -> None:
    """Mirror `receive` for a locked line that waits no more, because its parts came in its place."""
    received = LedgerTransaction.objects.filter(kind=Kind.UNMATCHED, external_id=line.event).first()
    if received is not None:
        ledger.reverse_transfer(received, external_id=f"{line.event}:replaced", occurred_at=timezone.now(), by="bank")
