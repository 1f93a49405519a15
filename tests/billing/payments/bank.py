"""The patient's side of a payment, for tests: what happens at the stand-in bank."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from billing import ledger
from billing.channels import mollie
from billing.ledger import lock_invoice
from billing.models import Invoice, LedgerTransaction, OutboxMessage, Payment, StaffTask
from billing.money import to_cents
from billing.payments import attempts
from sandbox import payments as bank
from sandbox.models import Chargeback, Refund
from sandbox.models import Payment as BankPayment


@contextmanager
def impatient() -> Iterator[None]:
    """Wait a second for each answer of the gateway, and no longer. Only around the call whose answer is to be lost:
    on a busy machine the others need more.
    """
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(mollie, "READ_SECONDS", 1)
        yield


def start(invoice: Invoice) -> Payment:
    return attempts.start_payment(invoice.pk, language="nl", by="patient")


def start_part(invoice: Invoice, amount: Decimal) -> Payment:
    """Start a payment of an amount that the patient chose."""
    return attempts.start_payment(invoice.pk, language="nl", by="patient", amount=amount, chosen=True)


def start_shared(*invoices: Invoice, amounts: dict[int, Decimal] | None = None) -> Payment:
    """Start one payment of all that is outstanding on these invoices, or of `amounts` by their keys."""
    owed = amounts or {invoice.pk: ledger.outstanding(invoice.pk) for invoice in invoices}
    return attempts.start_shared(owed, language="nl", by="patient")


def paid_shared(*invoices: Invoice, amounts: dict[int, Decimal] | None = None) -> Payment:
    """Pay these invoices together, and settle the payment with us."""
    payment = start_shared(*invoices, amounts=amounts)
    end(payment, "paid")
    return attempts.sync_payment(payment.pk)


def row(payment: Payment) -> BankPayment:
    return BankPayment.objects.get(reference=payment.mollie_id)


def end(payment: Payment, status: str, *, late: bool = False) -> None:
    """Let the patient pay or cancel, or let the payment expire."""
    assert bank.close(row(payment), status=status, now=timezone.now(), late=late)


def paid(invoice: Invoice) -> Payment:
    """Pay all that is outstanding, and settle the payment with us."""
    payment = start(invoice)
    end(payment, "paid")
    return attempts.sync_payment(payment.pk)


def refund(payment: Payment, amount: str) -> Refund:
    return bank.refund(row(payment), cents=to_cents(Decimal(amount)), now=timezone.now())


def settle_refund(refund: Refund, status: str) -> None:
    assert bank.settle_refund(refund, status=status, now=timezone.now())


def charge_back(payment: Payment, amount: str) -> Chargeback:
    return bank.charge_back(row(payment), cents=to_cents(Decimal(amount)), now=timezone.now())


def reverse_chargeback(chargeback: Chargeback) -> None:
    assert bank.reverse_chargeback(chargeback, now=timezone.now())


def balance(invoice: Invoice) -> Decimal:
    return ledger.balance(invoice.pk)


def staff_tasks() -> list[str]:
    return sorted(StaffTask.objects.values_list("kind", flat=True))


def receipts() -> int:
    return OutboxMessage.objects.filter(kind="receipt").count()


def reduce(invoice: Invoice, amount: str) -> None:
    """Reduce what is owed, as a decision in another room does."""
    with transaction.atomic():
        locked = lock_invoice(invoice.pk)
        ledger.post(
            locked,
            LedgerTransaction.Kind.REDUCTION,
            -Decimal(amount),
            external_id=f"reduction:{invoice.pk}:{amount}",
            occurred_at=timezone.now(),
            by="test",
        )
        attempts.supersede_live(locked)
