"""A credit that can't go back through Mollie goes by bank, to the account that the money came from."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import timezone

from banking import export
from banking.matching.lines import match_new
from banking.models import OutgoingOrder
from banking.orders import agreeing, credits, outcome, payees
from billing import ledger
from billing.models import RefundRequest
from tests import factories
from tests.banking import lines
from tests.banking.orders import made

Status = RefundRequest.Status
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def _asked(euros="20.00"):
    """A refund to be paid by bank, of an invoice that a transfer paid with so much too much."""
    invoice = factories.invoice(amount=Decimal("50.00"))
    told = replace(made.PAYER, text=invoice.payment_reference)
    lines.line(told, amount=Decimal("50.00") + Decimal(euros))
    assert match_new().booked == 1
    approver = factories.staff(role="operations")
    return RefundRequest.objects.create(
        invoice=invoice, amount=Decimal(euros), status=Status.BY_BANK, asked_by="system",
        approved_by=f"staff:{approver.username}", approved_at=timezone.now(),
    )  # fmt: skip


def _exported(request):
    assert credits.take_over(request)
    order = OutgoingOrder.objects.get()
    assert agreeing.approve(order, by=factories.staff(role="operations"))
    return made.hand_out(order)


def test_it_goes_to_the_account_that_it_came_from_and_is_paid_when_the_statement_says_so():
    request = _asked()
    batch, order = _exported(request)
    assert payees.of(order).iban == made.PAYER.iban
    assert "tandarts" not in batch.text
    request.refresh_from_db()
    assert (request.status, ledger.balance(request.invoice_id)) == (Status.SENT, Decimal("0.00"))
    assert outcome.carried_out(*made.debit(batch.reference, Decimal("20.00")))
    request.refresh_from_db()
    assert request.status == Status.PAID_OUT
    assert made.wrong() == []


def test_a_rejected_refund_gives_the_credit_back_and_is_proposed_again():
    request = _asked()
    _batch, order = _exported(request)
    assert outcome.rejected(order, reason="AC04")
    request.refresh_from_db()
    assert (request.status, ledger.balance(request.invoice_id)) == (Status.FAILED, Decimal("-20.00"))
    again = RefundRequest.objects.get(invoice=request.invoice, status=Status.ASKED)
    assert again.amount == Decimal("20.00")
    assert made.wrong() == []


def test_an_order_that_is_refused_before_it_is_booked_leaves_the_credit_to_staff_again():
    request = _asked()
    assert credits.take_over(request)
    agreeing.refuse(OutgoingOrder.objects.get(), by=factories.staff(role="operations"), reason="the payer called")
    request.refresh_from_db()
    assert (request.status, ledger.balance(request.invoice_id)) == (Status.WITHDRAWN, Decimal("-20.00"))
    assert RefundRequest.objects.get(invoice=request.invoice, status=Status.ASKED).amount == Decimal("20.00")
    assert made.wrong() == []


def test_without_a_transfer_it_is_left_to_staff():
    invoice = made.invoice_with_credit()
    request = RefundRequest.objects.create(
        invoice=invoice, amount=Decimal("20.00"), status=Status.BY_BANK, asked_by="system"
    )
    assert not credits.take_over(request)
    assert not OutgoingOrder.objects.exists()


def test_the_patient_gets_the_refund_in_the_export():
    request = _asked()
    assert export.of_invoice(request.invoice) is None
    _exported(request)
    (told,) = export.of_invoice(request.invoice)["orders"]
    assert (told["amount"], told["iban"]) == ("20.00", made.PAYER.iban)
    assert list(export.documents(request.invoice)) == []
