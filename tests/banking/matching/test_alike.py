"""Lines that are settled together leave just what they leave when each is settled alone: money, mails, tasks, trail."""

import random
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from banking.matching import lines
from banking.models import BankLine, LineDecision, LineMatch
from billing import ledger
from billing.invoices import holds
from billing.models import (
    AllocationNote,
    AuditEvent,
    FailedTry,
    Hold,
    Invoice,
    LedgerTransaction,
    Letter,
    OutboxMessage,
    RefundRequest,
    ReminderStep,
    StaffTask,
)
from tests import factories
from tests.banking.matching.payments import DAY, paid
from tests.banking.orders import made

pytestmark = pytest.mark.django_db
Kind, Step = LedgerTransaction.Kind, ReminderStep.Step
BOOKED_AT = datetime(2026, 11, 26, 9, tzinfo=timezone.get_default_timezone())  # costs and interest: in time for some
CODE = re.compile(r"\b[A-Z0-9]{4}[- ][A-Z0-9]{4}\b")  # of a mail
LETTER_ON = DAY - timedelta(days=20)


def charge(invoices: list[Invoice], *, interest: bool) -> None:
    """Book the costs of one letter about these invoices, and interest."""
    owed = {invoice: ledger.balance(invoice.pk) for invoice in invoices}
    letter = Letter.objects.create(
        patient=invoices[0].patient, step=Step.FINAL_NOTICE, made_on=LETTER_ON, principal=sum(owed.values()),
        costs_announced=Decimal("40.00"), costs_booked_at=BOOKED_AT, costs_base=sum(owed.values()), sent_on=LETTER_ON,
        delivered_on=LETTER_ON, last_day=DAY, book_costs_on=DAY,
    )  # fmt: skip
    for invoice, principal in owed.items():
        ReminderStep.objects.create(
            invoice=invoice, step=Step.FINAL_NOTICE, due_on=invoice.due_on, planned_on=DAY,
            status=ReminderStep.Status.TAKEN, letter=letter, principal=principal,
        )  # fmt: skip
        booked: list[tuple[Any, str, str]] = [(Kind.COSTS, "20.00", f"letter:{letter.pk}:costs:{invoice.pk}")]
        booked += [(Kind.INTEREST, "0.80", f"interest:{invoice.pk}:2026-11-26")] if interest else []
        for kind, amount, event in booked:
            ledger.post(invoice, kind, Decimal(amount), external_id=event, occurred_at=BOOKED_AT, by="dunning")


def month(seed: int) -> None:
    """Make invoices of two practices, and lines that name one of them, several or none, with too little or too much."""
    pick = random.Random(seed)
    practices = [factories.provider(), factories.provider()]
    invoices: list[Invoice] = []
    for _patient in range(4):
        patient = factories.patient(provider=pick.choice(practices))
        own = [
            factories.invoice(patient=patient, amount=pick.choice(["10.00", "45.00"]), issued_on=date(2026, 9, 1))
            for _ in range(pick.randint(1, 3))
        ]
        if pick.random() < 0.6:
            charge(own, interest=pick.random() < 0.5)
        invoices += own
    holds.place_hold(pick.choice(invoices), Hold.STAFF, by="test")
    Invoice.objects.filter(pk=pick.choice(invoices).pk).update(withdrawn_at=timezone.now())
    for _line in range(10):
        named = pick.sample(invoices, pick.choice([0, 1, 1, 1, 1, 2, 3]))
        owed = sum((max(ledger.balance(invoice.pk), Decimal(0)) for invoice in named), Decimal(0))
        amount = pick.choice([owed, owed, owed + 5, Decimal("10.00")]) or Decimal("1.00")
        kind = pick.choice([*[BankLine.Kind.TRANSFER] * 8, BankLine.Kind.REVERSAL, BankLine.Kind.CHARGES])
        words = " ".join(invoice.payment_reference for invoice in named)
        booked_on = DAY + timedelta(days=pick.randint(0, 4))
        amount = amount if kind == BankLine.Kind.TRANSFER else -amount
        line = paid(f"{amount:.2f}", words, booked_on=booked_on, value_on=DAY, kind=kind)
        if pick.random() < 0.08:  # it fails: it can't be decided twice
            LineDecision.objects.create(line=line, kind=LineDecision.Kind.INVOICE, status=LineDecision.Status.DONE)


def without_keys(text: Any) -> str:
    return re.sub(r"\d+", "#", str(text))


def left() -> dict[str, Any]:
    """Return all that the lines left, without the keys of what was made meanwhile."""
    booked = [
        (one.kind, str(one.occurred_at.date()), without_keys(one.external_id), one.reverses_id is not None,
         sorted(one.postings.values_list("account", "amount", "invoice", "provider"), key=str))
        for one in LedgerTransaction.objects.all()
    ]  # fmt: skip
    mails = [(one.kind, one.invoice_id, one.recipient, CODE.sub("", one.text)) for one in _all(OutboxMessage)]
    return {
        "lines": sorted(BankLine.objects.values_list("pk", "status")),
        "matches": sorted(LineMatch.objects.values_list("line", "invoice", "amount", "rule", "decision__status")),
        "booked": sorted(booked, key=str),
        "invoices": [
            (one.pk, one.settled_at is None, one.next_step, one.next_step_on, one.due_on, ledger.balance(one.pk))
            for one in _all(Invoice)
        ],
        "letters": sorted(Letter.objects.values_list("pk", "costs_base")),
        "rules": sorted((one.invoice_id, one.rule, one.text) for one in _all(AllocationNote)),
        "refunds": sorted(RefundRequest.objects.values_list("invoice", "amount", "status")),
        "mails": sorted(mails, key=str),
        "tasks": sorted((one.kind, str(one.invoice_id), without_keys(one.note)) for one in _all(StaffTask)),
        "trail": sorted((one.action, str(one.invoice_id), without_keys(one.details)) for one in _all(AuditEvent)),
        "failed": sorted(FailedTry.objects.values_list("row", "error")),
        "wrong": made.wrong(),
    }


def _all(model: Any) -> Any:
    return model.objects.order_by("pk")


def undone(act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `act` does, and undo it."""
    with transaction.atomic():
        found = act()
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("seed", [3, 9])  # of the second two lines fail
def test_lines_leave_together_what_they_leave_alone(seed, monkeypatch):
    month(seed)

    def settled(together: int) -> dict[str, Any]:
        monkeypatch.setattr(lines, "TOGETHER", together)
        lines.match_new()
        return left()

    alone, together = undone(lambda: settled(1)), undone(lambda: settled(100))
    assert alone["wrong"] == []
    assert {name: rows for name, rows in together.items() if rows != alone[name]} == {}
