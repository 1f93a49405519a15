"""From a proposal to the proof by a statement: two persons, money reserved once, one file, mirrors when it fails."""

import hashlib
import sys
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from banking.details import Details
from banking.matching import deciding
from banking.matching import lines as matching_lines
from banking.matching.lines import match_new
from banking.models import AccountDay, BankLine, LineDecision, OutgoingBatch, OutgoingOrder, PayeeAccount
from banking.orders import agreeing, batches, outcome, payees
from billing import ledger
from billing.errors import Refused
from billing.models import AuditEvent, LedgerTransaction, StaffTask
from tests import factories
from tests.banking import lines
from tests.banking.orders import made

Status = OutgoingOrder.Status
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def test_two_persons_agree_and_the_money_is_reserved():
    line = made.unclaimed()
    first, second = made.people()
    order = made.order_for(line, by=first)
    with pytest.raises(Refused, match="Somebody else"):
        agreeing.approve(order, by=first)
    assert made.sums() == {"bank": Decimal("25.00"), "unmatched": Decimal("-25.00")}
    assert agreeing.approve(order, by=second)
    assert made.sums() == {"bank": Decimal("25.00"), "under_way": Decimal("-25.00")}
    with pytest.raises(Refused, match="already"):
        agreeing.approve(order, by=factories.staff(role="operations"))
    assert not StaffTask.objects.filter(kind=agreeing.ORDER_WAITS, closed_at=None).exists()
    assert made.wrong() == []


def test_what_a_rule_proposes_needs_two_persons_still():
    order = made.order_for(made.unclaimed(), by=None)
    first, second = made.people()
    assert not agreeing.approve(order, by=first)
    with pytest.raises(Refused, match="Somebody else"):
        agreeing.approve(order, by=first)
    assert agreeing.approve(order, by=second)


def test_the_database_refuses_one_person_for_both_and_two_orders_for_one_source():
    line = made.unclaimed()
    first, _second = made.people()
    order = made.order_for(line, by=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingOrder.objects.filter(pk=order.pk).update(approved_by=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        OutgoingOrder.objects.filter(pk=order.pk).update(status=Status.APPROVED)
    twin = OutgoingOrder.objects.get(pk=order.pk)
    twin.pk, twin.reference = None, "ZR-O-TWIN"
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save(force_insert=True)
    assert made.order_for(line, by=None).pk == order.pk


def test_a_refused_order_leaves_the_money_where_it_was_and_may_be_proposed_anew():
    line = made.unclaimed()
    order = made.approved(line)
    with pytest.raises(Refused, match="Say why"):
        agreeing.refuse(order, by=factories.staff(role="operations"), reason=" ")
    agreeing.refuse(order, by=factories.staff(role="operations"), reason="the payer called")
    assert made.sums() == {"bank": Decimal("25.00"), "unmatched": Decimal("-25.00")}
    assert made.order_for(line, by=None).pk != order.pk
    assert made.wrong() == []


def test_an_order_is_not_approved_for_money_that_is_gone():
    invoice = made.invoice_with_credit("20.00")
    first, second = made.people()
    order = made.order_for(invoice, by=first)
    ledger.post(
        invoice, LedgerTransaction.Kind.COSTS, Decimal("0.01"), external_id="c", occurred_at=timezone.now(), by="t"
    )
    with pytest.raises(Refused, match="less credit"):
        agreeing.approve(order, by=second)
    line = made.unclaimed()
    returned = made.order_for(line, by=first)
    BankLine.objects.filter(pk=line.pk).update(status=BankLine.Status.BOOKED)
    with pytest.raises(Refused, match="decided about this line"):
        agreeing.approve(returned, by=second)


def test_a_batch_is_made_once_and_has_the_same_bytes_for_ever():
    batch, orders = made.exported(made.unclaimed("25.00"), made.invoice_with_credit("20.00"))
    content = batches.export(batch, by="staff:b")
    assert content == batches.export(batch, by="staff:c")
    assert hashlib.sha256(content).hexdigest() == batch.sha256
    assert b"ZR-O" in content
    assert (batch.count, batch.total) == (2, Decimal("45.00"))
    assert {order.status for order in orders} == {Status.EXPORTED}
    assert AuditEvent.objects.filter(action="batch_exported").count() == 3
    assert batches.make(lines.account(), by="test") is None
    OutgoingBatch.objects.filter(pk=batch.pk).update(sha256="0" * 64)
    with pytest.raises(Refused, match="damaged"):
        batches.export(batch, by="staff:d")


def test_the_file_and_the_rows_are_sealed():
    batch, (order,) = made.exported(made.unclaimed())
    for sealed in (batch.sealed_text, order.sealed_facts):
        assert b"Vries" not in bytes(sealed)
        assert b"ABNA" not in bytes(sealed)
    event = AuditEvent.objects.filter(action__startswith="order").values_list("details", flat=True)
    assert "Vries" not in str(list(event))
    assert "0123456789" not in str(list(event))


def test_the_command_writes_the_file_once_per_name(tmp_path):
    batch, _orders = made.exported(made.unclaimed())
    out = tmp_path / "payments.xml"
    call_command("export_payments", batch.reference, "--out", str(out))
    again = tmp_path / "again.xml"
    call_command("export_payments", batch.reference, "--out", str(again))
    assert out.read_bytes() == again.read_bytes()
    assert out.stat().st_mode & 0o077 == 0
    with pytest.raises(CommandError, match="can't be written"):
        call_command("export_payments", batch.reference, "--out", str(out))
    with pytest.raises(CommandError, match="no batch"):
        call_command("export_payments", "ZR-B-NONE", "--out", str(tmp_path / "none.xml"))
    assert not (tmp_path / "none.xml").exists()


def test_a_debit_of_the_batch_proves_all_its_orders():
    batch, _orders = made.exported(made.unclaimed("25.00"), made.invoice_with_credit("20.00"))
    line, said = made.debit(batch.reference, Decimal("45.00"))
    assert outcome.carried_out(line, said)
    assert set(OutgoingOrder.objects.values_list("status", flat=True)) == {Status.DEBITED}
    assert made.sums() == {"bank": Decimal("50.00"), "practice": Decimal("-50.00")}
    assert made.wrong() == []


def test_a_debit_of_another_sum_books_nothing_and_asks_a_person():
    batch, _orders = made.exported(made.unclaimed("25.00"), made.unclaimed("5.00"))
    line, said = made.debit(batch.reference, Decimal("29.99"))
    assert not outcome.carried_out(line, said)
    assert StaffTask.objects.filter(kind=outcome.ORDER_ALARM).count() == 1
    assert set(OutgoingOrder.objects.values_list("status", flat=True)) == {Status.EXPORTED}


def test_a_payment_that_comes_back_is_mirrored_and_blocks_the_account():
    invoice = made.invoice_with_credit("20.00")
    _batch, (order,) = made.exported(invoice)
    line, said = made.debit(order.reference, Decimal("20.00"))
    assert outcome.carried_out(line, said)
    back = lines.line(Details(end_to_end=order.reference, return_code="AC04"), amount=Decimal("20.00"))
    made.book_line(back)
    assert outcome.came_back(back, Details(end_to_end=order.reference, return_code="AC04"))
    assert not outcome.came_back(back, Details(end_to_end=order.reference, return_code="AC04"))
    assert ledger.balance(invoice.pk) == Decimal("-20.00")
    assert made.sums()["bank"] == Decimal("70.00")
    assert "under_way" not in made.sums()
    assert made.wrong() == []
    with pytest.raises(Refused, match="blocked"):
        made.order_for(invoice, by=None)
    account = PayeeAccount.objects.get()
    first, second = made.people()
    assert not payees.unblock(account, by=first)
    with pytest.raises(Refused, match="Somebody else"):
        payees.unblock(account, by=first)
    assert payees.unblock(account, by=second)
    assert made.order_for(invoice, by=None).status == Status.PROPOSED


def test_a_return_that_is_read_before_the_debit_is_settled_once_the_debit_comes():
    _batch, (order,) = made.exported(made.unclaimed())
    said = Details(end_to_end=order.reference, iban=payees.of(order).iban)
    back = lines.line(said, amount=order.amount, kind=BankLine.Kind.RETURNED)
    match_new()
    back.refresh_from_db()
    assert back.status == BankLine.Status.UNMATCHED
    asked = {"by": made.people()[0], "reason": "onbekend", "key": "once"}
    with pytest.raises(Refused, match="payment of ours"):
        deciding.decide_other(back, LineDecision.Kind.SEND_BACK, what="", **asked)
    with pytest.raises(Refused, match="payment of ours"):
        deciding.book(back, [deciding.Part(factories.invoice().pk, back.amount)], **asked)
    lines.line(said, amount=-order.amount)
    match_new()
    back.refresh_from_db()
    order.refresh_from_db()
    assert (back.status, order.status) == (BankLine.Status.NOT_OURS, Status.RETURNED)
    assert PayeeAccount.objects.get().blocked_at
    assert made.wrong() == []


def test_a_return_is_settled_by_the_next_run_when_the_one_of_the_debit_was_killed(monkeypatch):
    """The debit is committed, and the process is gone before it looked for returns: nothing new ever comes."""
    _batch, (order,) = made.exported(made.unclaimed())
    said = Details(end_to_end=order.reference, iban=payees.of(order).iban)
    lines.line(said, amount=order.amount, kind=BankLine.Kind.RETURNED)
    match_new()
    lines.line(said, amount=-order.amount)
    with monkeypatch.context() as killed:
        killed.setattr(matching_lines, "_settle_returns", lambda now: sys.exit(9))
        with pytest.raises(SystemExit):
            match_new()
    match_new()
    order.refresh_from_db()
    assert order.status == Status.RETURNED
    assert made.wrong() == []


def test_a_rejection_releases_the_money_once():
    invoice = made.invoice_with_credit("20.00")
    _batch, (order,) = made.exported(invoice)
    assert outcome.rejected(order, reason="AC01")
    assert not outcome.rejected(order, reason="AC01")
    assert ledger.balance(invoice.pk) == Decimal("-20.00")
    assert made.wrong() == []


def _chain(first, last, *, gap=None):
    days = AccountDay.objects.filter(day__gte=first)
    days.delete()
    day = first
    while day <= last:
        moved = Decimal("1.00") if day == gap else Decimal("25.00")
        AccountDay.objects.create(account=lines.account(), day=day, opening=moved, closing=moved)
        day += timedelta(days=1)


def test_absence_is_proven_only_by_statements_without_a_gap():
    _batch, (order,) = made.exported(made.unclaimed())
    AccountDay.objects.update(day=timezone.localdate() - timedelta(days=1))
    today, first, second = timezone.localdate(), *made.people()
    with pytest.raises(Refused, match="not proven"):
        outcome.cancel_absent(order, by=first)
    _chain(today, today + timedelta(days=3))
    with pytest.raises(Refused, match="not proven"):
        outcome.cancel_absent(order, by=first)
    _chain(today, today + timedelta(days=20), gap=today + timedelta(days=2))
    with pytest.raises(Refused, match="not proven"):
        outcome.cancel_absent(order, by=first)
    _chain(today, today + timedelta(days=20))
    assert not outcome.cancel_absent(order, by=first)
    with pytest.raises(Refused, match="Somebody else"):
        outcome.cancel_absent(order, by=first)
    assert outcome.cancel_absent(order, by=second)
    assert made.sums() == {"bank": Decimal("25.00"), "unmatched": Decimal("-25.00")}
    assert made.wrong() == []


@pytest.mark.parametrize(
    ("iban", "sentence"),
    [
        ("NL02ABNA0123456780", "right IBAN"),
        ("", "right IBAN"),
        ("GB33BUKB20201555555555", "European Economic Area"),
        ("CH9300762011623852957", "European Economic Area"),
    ],
)
def test_accounts_that_we_do_not_pay_to(iban, sentence):
    with pytest.raises(Refused, match=sentence):
        payees.right("A. de Vries", iban, "")


def test_nobody_without_a_name_is_paid():
    with pytest.raises(Refused, match="name"):
        payees.right(" // ", made.PAYER.iban, "")
