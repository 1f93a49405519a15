"""What happened on an invoice, read as columns of one query on either database."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.invoices.state import look_at
from billing.models import LedgerTransaction, Letter, OutboxMessage, Payment, ReminderStep
from billing.money import ZERO
from tests import factories
from tests.portal.pages.test_invoice_page import book

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
Kind = LedgerTransaction.Kind


def seen(invoice):
    return look_at(invoice.token, today=timezone.localdate())


def letter_about(invoice, step, *, sent_on, status=ReminderStep.Status.TAKEN, principal=None, **fields):
    """A letter of the schedule as `letters.follow` leaves it."""
    owed = ledger.outstanding(invoice.pk)
    letter = Letter.objects.create(
        patient=invoice.patient, step=step, made_on=sent_on, sent_on=sent_on, principal=principal or owed, **fields
    )
    ReminderStep.objects.create(
        invoice=invoice, step=step, due_on=invoice.due_on, planned_on=sent_on, status=status, letter=letter,
        amount=owed, principal=owed,
    )  # fmt: skip
    return letter


def test_a_new_invoice_has_nothing_to_explain():
    view = seen(factories.invoice(amount="100.00"))
    assert (view.history.sent, view.history.under_way) == ([], None)
    assert [(b.kind, b.amount) for b in view.history.booked] == [("invoiced", Decimal("100.00"))]
    assert view.history.sums.is_plain


def test_the_sums_add_up_to_what_is_owed_whatever_was_booked(django_assert_num_queries):
    invoice = factories.invoice(amount="1000.00", insurer_paid="400.00")
    for kind, amount in [
        (Kind.REDUCTION, "-100.00"),
        (Kind.PAYMENT, "-200.00"),
        (Kind.CHARGEBACK, "50.00"),
        (Kind.REFUND, "20.00"),
        (Kind.COSTS, "40.00"),
        (Kind.INTEREST, "1.50"),
    ]:
        book(invoice, kind, amount)
    with django_assert_num_queries(1):
        view = seen(invoice)
    sums = view.history.sums
    assert (sums.invoiced, sums.insurer, sums.lowered) == (Decimal(1000), Decimal(400), Decimal(100))
    assert (sums.paid, sums.costs, sums.interest) == (Decimal(130), Decimal(40), Decimal("1.50"))
    assert sums.now == view.outstanding == Decimal("411.50")
    assert view.history.booked[-1].at.tzinfo is not None


def test_what_was_reversed_is_left_out_with_its_reversal():
    invoice = factories.invoice(amount="100.00")
    book(invoice, Kind.COSTS, "40.00")
    booked = LedgerTransaction.objects.get(kind=Kind.COSTS)
    ledger.reverse(ledger.lock_invoice(invoice.pk), booked, external_id="waived", occurred_at=timezone.now(), by="test")
    view = seen(invoice)
    assert [b.kind for b in view.history.booked] == ["invoiced"]
    assert (view.history.sums.costs, view.history.sums.now) == (ZERO, view.outstanding)


def test_letters_that_left_are_told_with_what_they_said():
    invoice = factories.invoice(amount="100.00")
    day = date(2026, 11, 2)
    void = ReminderStep.Status.VOID
    letter_about(invoice, ReminderStep.Step.REMINDER, sent_on=day, status=void)
    letter_about(
        invoice, ReminderStep.Step.FINAL_NOTICE, sent_on=day + timedelta(days=9), principal=Decimal(250),
        costs_announced=Decimal("42.00"),
    )  # fmt: skip
    first, second = seen(invoice).history.sent
    assert (first.step, first.stands, first.sent_on, first.shared) == (2, False, day, False)
    assert (second.step, second.stands, second.costs_announced, second.shared) == (3, True, Decimal("42.00"), True)


def test_a_letter_is_told_at_the_moment_when_its_mail_left():
    invoice = factories.invoice(amount="100.00")
    left = datetime(2026, 11, 2, 8, 15, tzinfo=UTC)
    mail = OutboxMessage.objects.create(
        kind="reminder", invoice=invoice, status=OutboxMessage.Status.SENT, sent_at=left, dedupe_key="left"
    )
    letter_about(invoice, ReminderStep.Step.REMINDER, sent_on=left.date(), message=mail)
    assert [letter.sent_at for letter in seen(invoice).history.sent] == [left]


def test_only_a_payment_that_can_still_come_is_under_way():
    invoice = factories.invoice(amount="100.00")
    common = {"invoice": invoice, "amount": Decimal("100.00"), "request_body": "{}"}
    for number, (status, superseded) in enumerate(
        [("expired", None), ("open", timezone.now()), ("pending", None), ("paid", None)]
    ):
        Payment.objects.create(
            status=status, superseded_at=superseded, token=f"t{number}" * 6, webhook_token=f"w{number}" * 6,
            idempotency_key=str(number), **common,
        )  # fmt: skip
    under_way = seen(invoice).history.under_way
    assert (under_way.status, under_way.amount, under_way.token) == ("pending", Decimal("100.00"), "t2" * 6)
