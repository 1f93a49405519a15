"""What is left to pay after a payment, and until when: for the receipt and for the page after paying."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing import ledger
from billing.invoices import schedule
from billing.invoices.holds import is_on_hold
from billing.ledger.entries import SideRow, balance_of, paid_by
from billing.models import Invoice, LedgerTransaction
from billing.money import ZERO
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.plans import agreements


@dataclass(frozen=True, slots=True)
class Rest:
    """What is left in euros. `until`: the last day for it, or for the next installment (`next_part`) of a plan.

    `on_hold`: nothing need be paid now, and there is no last day.
    """

    outstanding: Decimal
    credit: Decimal
    until: date | None
    next_part: Decimal | None
    on_hold: bool
    is_over: bool
    withdrawn: bool

    def facts(self) -> dict[str, Any]:
        """Return the same for the texts of a receipt."""
        return {
            "outstanding": self.outstanding,
            "credit": self.credit,
            "left_until": self.until,
            "next_part": self.next_part,
            "on_hold": self.on_hold,
            "is_over": self.is_over,
            "withdrawn": self.withdrawn,
        }


def receipt_facts(
    received: LedgerTransaction, invoice: Invoice, sides: Sequence[SideRow], *, amount: Decimal
) -> dict[str, Any]:
    """Return what the receipt for `amount` euros says: when it came, what it paid, what is left and until when.

    `sides` are those of the invoice now.
    """
    paid = [(str(part), share) for part, share in paid_by(received, sides).items()]
    rest = rest_of(invoice, balance=balance_of(sides))
    return {"amount": amount, "received_at": received.occurred_at, "went_to": paid, **rest.facts()}


def after_undoing(invoice: Invoice, *, was: Decimal, paid_on: date | datetime, key: str) -> None:
    """Tell the patient that money of `paid_on` no longer counts on a locked invoice, where it paid `was` euros.

    Nobody is late by our mistake: there is a new last day to pay, and dunning begins with the free reminder. `key` is
    of this undoing on this invoice.
    """
    today, balance = timezone.localdate(), ledger.balance(invoice.pk)
    due_on = schedule.time_to_pay(invoice, today=today) if balance > ZERO else None
    schedule.interrupt(invoice, due_on=due_on, today=today, remind_again=True)
    context: dict[str, Any] = {"was": was, "now": ZERO, "paid_on": paid_on, "undone": True, "start_again": True}
    context |= {"outstanding": max(balance, ZERO), "credit": max(-balance, ZERO), "due_on": invoice.due_on}
    context |= agreements.due_facts(invoice, today=today)
    context |= open_link_context(invoice, until=max(today, invoice.due_on))
    queue_message("payment_moved", invoice=invoice, context=context, dedupe_key=f"undone:{key}")


def rest_of(invoice: Invoice, *, today: date | None = None, balance: Decimal | None = None) -> Rest:
    """Return what is left to pay on the invoice as the ledger stands, and until when; `balance` when it is known."""
    today = today or timezone.localdate()
    balance = ledger.balance(invoice.pk) if balance is None else balance
    until, next_part, on_hold = None, None, False
    if balance > ZERO:
        on_hold = is_on_hold(invoice.pk)
        plan = agreements.progress(invoice.pk, today=today)
        if on_hold:
            pass
        elif plan and plan.next:
            waits = plan.next.installment
            until = waits.grace_until if waits.missed_on else waits.due_on
            next_part = None if plan.is_deferral else plan.next.open
        else:
            until = schedule.last_day(invoice)
    return Rest(
        outstanding=max(balance, ZERO),
        credit=max(-balance, ZERO),
        until=until,
        next_part=next_part,
        on_hold=on_hold,
        is_over=until is not None and until < today,
        withdrawn=invoice.withdrawn_at is not None,
    )
