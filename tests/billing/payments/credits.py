"""Invoices with credit, and what becomes of their refunds at the stand-in gateway, for tests."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.models import Invoice, OutboxMessage, Payment, Provider, RefundRequest, Staff, StaffTask
from billing.payments import attempts, refunds
from billing.payments.refunds import calls as refund_calls
from sandbox.models import Refund as BankRefund
from tests import factories
from tests.billing.payments import bank


def paid_twice(invoice: Invoice) -> list[Payment]:
    """Let the patient pay in two tabs, so that all of the second payment is credit; return both."""
    first = bank.start(invoice)
    Payment.objects.filter(pk=first.pk).update(expires_at=timezone.now() + timedelta(seconds=60))
    both = [first, bank.start(invoice)]
    for payment in both:
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
    return [Payment.objects.get(pk=payment.pk) for payment in both]


def asked(invoice: Invoice, seen: str = "100.00") -> RefundRequest:
    """Let the patient ask for the credit, and return the request."""
    request = refunds.ask(invoice.pk, seen=Decimal(seen))
    assert request is not None
    return request


def send(request: RefundRequest, **given: Any) -> RefundRequest:
    """Send it as a worker does, and return it as it is then."""
    refund_calls.send(request.pk, **given)
    return RefundRequest.objects.get(pk=request.pk)


def at_bank() -> list[BankRefund]:
    return list(BankRefund.objects.order_by("pk"))


def mails() -> list[str]:
    about_credit = OutboxMessage.objects.filter(kind__startswith="refund_") | OutboxMessage.objects.filter(
        kind="credit_moved"
    )
    return list(about_credit.order_by("pk").values_list("kind", flat=True))


def member(invoice: Invoice, **fields: Any) -> Staff:
    """Somebody of the practice who may approve."""
    return factories.staff(provider=invoice.provider, role=Staff.Role.APPROVER, **fields)


def practice(invoice: Invoice, **limits: Any) -> Invoice:
    """Set limits of the practice, and return the invoice as it is then."""
    Provider.objects.filter(pk=invoice.provider_id).update(**limits)
    return Invoice.objects.get(pk=invoice.pk)


def open_tasks() -> list[str]:
    return sorted(StaffTask.objects.filter(closed_at=None).values_list("kind", flat=True))
