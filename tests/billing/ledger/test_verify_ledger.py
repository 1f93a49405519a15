"""`verify_ledger` detects every kind of contradiction."""

from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from billing import ledger
from billing.adjustments import credit_notes
from billing.adjustments.credit_notes import NewCreditNote
from billing.ledger.verification import discrepancies
from billing.models import Chargeback, Invoice, LedgerTransaction, Payment, Posting, Refund
from billing.models.ledger import THROUGH, Account
from tests import factories

Kind = LedgerTransaction.Kind
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db]


@pytest.fixture
def paid():
    """Create an invoice of 100.00 paid by a booked payment."""
    invoice = factories.invoice(amount=Decimal("100.00"))
    payment = Payment.objects.create(
        invoice=invoice,
        amount=Decimal("100.00"),
        status=Payment.Status.PAID,
        token="a",
        webhook_token="b",
        idempotency_key="c",
        mollie_id="tr_paid01",
    )
    _post(invoice, Kind.PAYMENT, "-100.00", "tr_paid01")
    return payment


def _post(invoice, kind, amount, event):
    ledger.post(invoice, kind, Decimal(amount), external_id=event, occurred_at=timezone.now(), by="test")


def test_true_books_are_proven(paid):
    out = StringIO()
    call_command("verify_ledger", stdout=out)
    assert "proven: 2 transactions" in out.getvalue()


def test_a_false_book_exits_non_zero(paid):
    Invoice.objects.update(settled_at=None)
    errors = StringIO()
    with pytest.raises(CommandError, match="NOT proven"):
        call_command("verify_ledger", stderr=errors)
    assert "settled_at contradicts" in errors.getvalue()


def test_a_payment_that_was_never_booked(paid):
    Payment.objects.filter(pk=paid.pk).update(mollie_id="tr_other1")
    assert list(discrepancies()) == [f"payment {paid.pk}: paid, but not booked as it was paid"]


def test_a_payment_booked_at_another_amount(paid):
    Payment.objects.filter(pk=paid.pk).update(amount=Decimal("99.99"))
    assert "not booked as it was paid" in next(discrepancies())


def test_a_booking_of_a_payment_that_is_not_paid(paid):
    Payment.objects.filter(pk=paid.pk).update(status=Payment.Status.OPEN)
    assert list(discrepancies()) == [f"payment {paid.pk}: booked, but not paid"]


def test_refunds_and_chargebacks(paid):
    refund = Refund.objects.create(payment=paid, refund_id="re_1", amount=Decimal("5.00"), status="queued")
    back = Chargeback.objects.create(payment=paid, chargeback_id="chb_1", amount=Decimal("9.00"))
    assert list(discrepancies()) == [
        f"refund {refund.pk}: paid out, but not booked",
        f"chargeback {back.pk}: taken back, but not booked",
    ]
    _post(paid.invoice, Kind.REFUND, "5.00", "re_1")
    _post(paid.invoice, Kind.CHARGEBACK, "9.00", "chb_1")
    assert list(discrepancies()) == []
    Refund.objects.update(status="failed")
    Chargeback.objects.update(reversed_at=timezone.now())
    assert list(discrepancies()) == [
        f"refund {refund.pk}: undone, but still booked",
        f"chargeback {back.pk}: given back, but still booked",
    ]


def test_an_invoice_without_its_amount():
    invoice = factories.invoice(amount=Decimal("1.00"))
    bare = Invoice.objects.create(
        provider=invoice.provider,
        patient=invoice.patient,
        number="bare",
        payment_reference="9000000000000001",
        token="bare",
        issued_on=invoice.issued_on,
        due_on=invoice.due_on,
        settled_at=timezone.now(),
        fingerprint=b"",
    )
    assert f"invoice {bare.pk}: it must be invoiced exactly once" in list(discrepancies())


@pytest.mark.parametrize(
    "trigger", ["billing_ledgertransaction_no_update", "billing_posting_no_delete", "billing_auditevent_no_delete"]
)
def test_a_guard_that_is_gone(trigger):
    table = trigger.rsplit("_no_", 1)[0]
    drop = f"DROP TRIGGER {trigger}" + _on(table)
    with connection.cursor() as cursor:
        cursor.execute(drop)
    assert f"table {table}: the guard against {trigger.rsplit('_', 1)[1]} is missing" in list(discrepancies())


def _forge(paid, account, amount, kind=Kind.PAYMENT):
    """Write postings past the writer, as a person at the database could."""
    forged = LedgerTransaction.objects.create(kind=kind, external_id="forged", occurred_at=timezone.now(), by="x")
    for on, euros in zip(account, amount, strict=True):
        provider = None if on in THROUGH else paid.invoice.provider
        Posting.objects.create(
            transaction=forged, account=on, amount=Decimal(euros), invoice=paid.invoice, provider=provider
        )
    return forged


def test_a_transaction_with_one_side(paid):
    forged = _forge(paid, [Account.CREDIT], ["-5.00"])
    assert f"transaction {forged.pk}: its postings do not add up to nothing" in list(discrepancies())


def test_money_that_nobody_is_owed(paid):
    _forge(paid, [Account.GATEWAY, Account.CLAIMS], ["5.00", "-5.00"])
    found = list(discrepancies())
    assert f"invoice {paid.invoice_id}: claims differ from what is owed" in found
    assert f"invoice {paid.invoice_id}: money differs from what is owed to practice and payer" in found


def test_a_part_paid_beyond_nothing(paid):
    _forge(paid, [Account.COSTS, Account.PRINCIPAL], ["-5.00", "5.00"], Kind.ALLOCATION)
    assert list(discrepancies()) == [f"invoice {paid.invoice_id}: a part is paid beyond nothing"]


def test_a_payment_that_adds_to_the_debt(paid):
    forged = _forge(paid, [Account.PRINCIPAL, Account.CLAIMS], ["5.00", "-5.00"])
    assert f"transaction {forged.pk}: its sign does not fit its kind" in list(discrepancies())


def test_a_mirror_that_leaves_a_side_out(paid):
    payment = LedgerTransaction.objects.get(kind=Kind.PAYMENT)
    mirror = _forge(paid, [Account.PRINCIPAL, Account.CLAIMS], ["100.00", "-100.00"])
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER billing_ledgertransaction_no_update" + _on("billing_ledgertransaction"))
    LedgerTransaction.objects.filter(pk=mirror.pk).update(reverses=payment)
    left_out = Posting.objects.get(transaction=payment, account=Account.GATEWAY)
    assert f"posting {left_out.pk}: its transaction is reversed without it" in list(discrepancies())


def test_a_credit_note_that_was_changed_or_is_gone():
    """The document that explains a booking: no trigger guards it, for retention empties it."""
    given = {"issued_on": timezone.localdate(), "reason": "Fout", "amount": Decimal("10.00")}
    invoice = factories.invoice()
    notes = [credit_notes.take(invoice, NewCreditNote(number=number, **given), by="test") for number in ("C-1", "C-2")]
    assert list(discrepancies()) == []
    type(notes[0]).objects.filter(pk=notes[0].pk).update(amount=Decimal("1.00"))
    notes[1].delete()
    found = list(discrepancies())
    assert found[0] == f"credit note {notes[0].pk}: not booked over its amount"
    assert found[1].endswith("its credit note is gone")
    assert len(found) == 2


def _on(table):
    return f" ON {table}" if connection.vendor == "postgresql" else ""
