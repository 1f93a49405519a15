"""The money of a line as the bank booked it: at the bank, and not matched yet."""

from collections.abc import Iterable

from django.utils import timezone

from banking.models import BankLine
from billing import ledger
from billing.law.calendar import begin_of
from billing.ledger.events import Side, Transfer
from billing.models import LedgerTransaction
from billing.models.ledger import Account

Kind = LedgerTransaction.Kind


def receive(lines: Iterable[BankLine]) -> None:
    """Book locked lines as the bank did, each once: money at the bank, that is not matched yet."""
    ledger.transfer_each(Kind.UNMATCHED, [_received(line) for line in lines], by="bank")


def _received(line: BankLine) -> Transfer:
    sides = [Side(Account.BANK, line.amount), Side(Account.UNMATCHED, -line.amount)]
    return Transfer(sides, line.event, begin_of(line.booked_on))


def take_back(line: BankLine) -> None:
    """Mirror `receive` for a locked line that waits no more, because its parts came in its place."""
    received = LedgerTransaction.objects.filter(kind=Kind.UNMATCHED, external_id=line.event).first()
    if received is not None:
        ledger.reverse_transfer(received, external_id=f"{line.event}:replaced", occurred_at=timezone.now(), by="bank")
