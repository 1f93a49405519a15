"""Lines that belong to what the books know already: money that the bank took back, orders that it names not."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from banking.details import Details
from banking.matching import deciding, pairs
from banking.models import BankLine, LineDecision, OutgoingOrder
from banking.orders import outcome
from billing import ledger
from billing.adjustments import reallocation
from billing.errors import Refused
from billing.models import LedgerTransaction, OutboxMessage, RefundRequest
from billing.payments import refunds
from tests import factories
from tests.banking import lines
from tests.banking.matching.payments import DAY, PAYER, held, owed, paid, settled
from tests.banking.orders import made

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
Kind, What = LineDecision.Kind, LineDecision.What


def staff():
    return factories.staff(role="operations")


def decision_on(line: BankLine) -> LineDecision:
    return LineDecision.objects.get(line=line, status="done")


def decide(line: BankLine, what: str, *, kind: str = "other", by=None) -> LineDecision:
    return deciding.decide_other(line, Kind(kind), what=what, by=by or staff(), reason="bank", key=f"{line.pk}{what}")


def test_a_line_whose_money_was_moved_is_undone_where_it_is_now():
    first = factories.invoice(amount="100.00")
    second = factories.invoice(amount="100.00", patient=first.patient)
    line = paid("100.00", first.payment_reference)
    settled(line)
    booking = LedgerTransaction.objects.get(kind="payment")
    reallocation.ask(booking, {second.pk: Decimal(100)}, reason="wrong invoice", by=staff(), key="a")
    with pytest.raises(Refused):
        deciding.undo(decision_on(line), by=staff(), reason="wrong")
    assert (owed(first), owed(second), held()["bank"]) == (100, 0, 100)
    moved = LedgerTransaction.objects.filter(kind="payment", reverses=None, reversed_by=None).get()
    reallocation.ask(moved, {first.pk: Decimal(100)}, reason="it was right", by=staff(), key="b")
    deciding.undo(decision_on(line), by=staff(), reason="wrong")
    assert (owed(first), owed(second), held()["unmatched"]) == (100, 100, -100)
    assert made.wrong() == []


def test_a_line_of_which_a_part_went_back_is_not_undone():
    invoice = factories.invoice(amount="60.00")
    line = paid("100.00", invoice.payment_reference)
    settled(line)
    assert RefundRequest.objects.filter(invoice=invoice).count() == 1, "the surplus is proposed to go back"
    _batch, (order,) = made.exported(invoice)
    with pytest.raises(Refused):
        deciding.undo(decision_on(line), by=staff(), reason="wrong")
    assert owed(invoice) == 0
    assert outcome.rejected(order, reason="AC04")
    deciding.undo(decision_on(line), by=staff(), reason="wrong")
    assert owed(invoice) == Decimal("60.00")
    assert made.wrong() == []


def test_above_the_limit_two_people_undo():
    invoice = factories.invoice(amount="900.00")
    line = paid("900.00", invoice.payment_reference)
    settled(line)
    first = staff()
    assert not deciding.undo(decision_on(line), by=first, reason="wrong")
    with pytest.raises(Refused, match="Somebody else"):
        deciding.undo(decision_on(line), by=first, reason="wrong")
    assert owed(invoice) == 0
    assert deciding.undo(decision_on(line), by=staff(), reason="wrong")
    assert owed(invoice) == 900


def test_whoever_owes_again_gets_time_and_is_told():
    invoice = factories.invoice(amount="60.00", issued_on=date(2026, 9, 1), due_on=date(2026, 10, 1))
    line = paid("60.00", invoice.payment_reference)
    settled(line)
    deciding.undo(decision_on(line), by=staff(), reason="wrong person")
    invoice.refresh_from_db()
    assert invoice.due_on > timezone.localdate()
    told = OutboxMessage.objects.get(kind="payment_moved")
    assert told.subject == "Een betaling op uw rekening is teruggedraaid"
    assert "60,00" in told.text


def test_what_the_bank_took_back_and_what_brought_it_are_nothing_together():
    invoice = factories.invoice(amount="100.00")
    line = paid("100.00", invoice.payment_reference)
    back = paid("-100.00", kind="returned", told={"return_code": "FOCR"}, booked_on=DAY + timedelta(days=1))
    settled(line, back)
    with pytest.raises(Refused, match="Undo what was booked"):
        decide(back, What.TAKEN_BACK)
    deciding.undo(decision_on(line), by=staff(), reason="taken back")
    with pytest.raises(Refused, match="look there first"):
        decide(line, "", kind="send_back")
    decide(back, What.TAKEN_BACK)
    assert {one.status for one in BankLine.objects.all()} == {"not_ours"}
    assert held() == {}
    assert made.wrong() == []
    with pytest.raises(Refused, match="went out"):
        deciding.undo(decision_on(line), by=staff(), reason="no")
    deciding.undo(decision_on(back), by=staff(), reason="no")
    assert {one.status for one in BankLine.objects.all()} == {"unmatched"}
    assert made.wrong() == []


def test_a_batch_that_the_bank_books_without_ids_is_not_absent_and_a_person_says_what_it_is(monkeypatch):
    monkeypatch.setattr(outcome.chain, "is_unbroken", lambda *_told: True)
    _batch, orders = made.exported(made.unclaimed("25.00"), made.unclaimed("30.00"))
    assert outcome.absence_is_proven(orders[0])
    today = timezone.localdate()
    line = lines.line(Details(text="VERZAMELBETALING 2 POSTEN"), amount=Decimal("-55.00"), booked_on=today)
    settled(line)
    assert line.status == "unmatched"
    assert not outcome.absence_is_proven(orders[0])
    decide(line, What.ORDERS)
    assert set(OutgoingOrder.objects.values_list("status", flat=True)) == {"debited"}
    assert made.sums().get("under_way") is None
    assert made.wrong() == []
    with pytest.raises(Refused, match="can't be undone"):
        deciding.undo(decision_on(line), by=staff(), reason="no")


def test_a_debit_of_another_sum_is_of_no_orders():
    made.exported(made.unclaimed("25.00"), made.unclaimed("30.00"))
    line = lines.line(Details(text="?"), amount=Decimal("-54.00"), booked_on=timezone.localdate())
    settled(line)
    with pytest.raises(Refused, match="Not just one"):
        decide(line, What.ORDERS)
    assert pairs.orders_of(lines.line(Details(), amount=Decimal("-30.00"), booked_on=timezone.localdate()))


def test_an_account_becomes_mollies_by_two_people_and_an_exact_reference_from_it_still_counts():
    line = paid("45.00", "thanks")
    settled(line)
    waiting = decide(line, What.SETTLEMENT)
    assert waiting.status == "waiting"
    deciding.confirm(waiting, by=staff())
    invoice = factories.invoice(amount="50.00")
    named, other = paid("50.00", invoice.payment_reference), paid("70.00", "settlement 1")
    settled(named, other)
    assert (named.status, other.status, owed(invoice)) == ("booked", "not_ours", 0)
    assert PAYER


def test_our_payment_that_came_back_in_part_is_told():
    invoice = made.invoice_with_credit("40.00")
    _batch, (order,) = made.exported(invoice)
    assert outcome.carried_out(*made.debit(order.reference, Decimal("40.00")))
    back = lines.line(Details(end_to_end=order.reference, return_code="AC04"), amount=Decimal("39.50"))
    settled(back)
    assert back.status == "unmatched"
    assert outcome.audit.open_alarms(outcome.ORDER_ALARM, order.reference)
    assert ledger.balance(invoice.pk) == 0
    assert refunds
