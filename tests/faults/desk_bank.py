"""What the operator's desk does with the bank: each act may be asked for again, and changes nothing then."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from banking.matching import deciding
from banking.models import BankAccount, BankLine, LineDecision, OutgoingBatch, OutgoingOrder
from banking.orders import agreeing, batches
from billing.errors import Refused
from billing.models import Staff
from billing.money import ZERO

Status = OutgoingOrder.Status


def order_payments(*, folder: str) -> str:
    """Send back what names no invoice, agree to what waits, and write the files for the bank, all of them again."""
    first, second = _person("bank-first"), _person("bank-second")
    waiting = BankLine.objects.filter(status__in=deciding.Waits, amount__gt=ZERO, decisions=None)
    for line in waiting.order_by("pk"):
        _if_allowed(
            partial(
                deciding.decide_other, line, LineDecision.Kind.SEND_BACK, what="", by=first, reason="unknown",
                key=f"faults{line.pk}",
            )
        )  # fmt: skip
    for order in OutgoingOrder.objects.filter(status=Status.PROPOSED).order_by("pk"):
        for person in (first, second):
            _if_allowed(partial(agreeing.approve, order, by=person))
    for account in BankAccount.objects.order_by("pk"):
        batches.make(account, by="staff:bank-first")
    for batch in OutgoingBatch.objects.order_by("pk"):
        Path(folder, f"{batch.reference}.xml").write_bytes(batches.export(batch, by="staff:bank-first"))
    return ""


def _person(name: str) -> Staff:
    known = Staff.objects.filter(username=name).first()
    return known or Staff.objects.create_user(
        username=name, email=f"{name}@bank.example", role=Staff.Role.OPERATIONS, is_staff=True
    )


def _if_allowed(act: Callable[[], object]) -> None:
    """Do what the rules allow: an account may be blocked, or somebody else was first."""
    try:
        act()
    except Refused:
        return


WORK = {"order_payments": order_payments}
