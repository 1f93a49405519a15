"""New lines become bookings by themselves where the payer named the invoice, and wait with proposals where not."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from banking.matching import known, lines
from banking.models import BankLine, LineDecision, LineMatch
from billing.invoices import holds
from billing.models import AllocationNote, Hold, LedgerTransaction, OutboxMessage, StaffTask
from tests import factories
from tests.banking.lines import IBAN, account
from tests.banking.matching.payments import PAYER, held, owed, paid, settled
from tests.banking.orders import made

pytestmark = pytest.mark.django_db
Status = BankLine.Status


def euros(**amounts: str) -> dict[str, Decimal]:
    return {account: Decimal(amount) for account, amount in amounts.items()}


def test_an_exact_reference_books_by_itself_and_the_patient_hears_of_it():
    invoice = factories.invoice(amount="50.00")
    line = paid("50.00", f"tandarts {invoice.payment_reference}", value_on=date(2026, 11, 22))
    counts = settled(line)
    assert (counts.booked, counts.proposed, counts.unmatched, counts.other) == (1, 0, 0, 0)
    assert (line.status, owed(invoice)) == (Status.BOOKED, 0)
    assert held() == euros(bank="50.00", practice="-50.00")
    booked = LedgerTransaction.objects.get(kind="payment")
    assert booked.occurred_at.astimezone().date() == date(2026, 11, 22), "the earlier of booking and value date"
    match = LineMatch.objects.get()
    assert (match.invoice, match.amount, match.rule) == (invoice, Decimal("50.00"), LineMatch.Rule.EXACT)
    note = AllocationNote.objects.get()
    assert (note.rule, note.text) == ("designated", f"tandarts {invoice.payment_reference}")
    assert OutboxMessage.objects.filter(kind="receipt", invoice=invoice).count() == 1
    assert made.wrong() == []


def test_it_is_booked_once_however_often_it_is_looked_at():
    invoice = factories.invoice(amount="50.00")
    line = paid("50.00", invoice.payment_reference)
    settled(line)
    BankLine.objects.filter(pk=line.pk).update(status=Status.NEW)
    with pytest.raises(Exception, match=r"(?i)unique"):
        lines._settle({line.pk: lines.read_line(line)}, lines.Counts(), [line.pk])
    assert settled(line).booked == 0
    assert owed(invoice) == 0


def test_too_much_becomes_credit_and_a_person_hears_of_it():
    invoice = factories.invoice(amount="50.00")
    settled(paid("70.00", invoice.payment_reference))
    assert held() == euros(bank="70.00", practice="-50.00", credit="-20.00")
    assert StaffTask.objects.filter(kind="surplus", invoice=invoice).exists()


def test_too_little_is_a_part():
    invoice = factories.invoice(amount="50.00")
    settled(paid("20.00", invoice.payment_reference))
    assert owed(invoice) == Decimal("30.00")


def test_money_on_hold_is_booked_and_a_person_hears_of_it():
    invoice = factories.invoice(amount="50.00")
    holds.place_hold(invoice, Hold.STAFF, by="test")
    settled(paid("50.00", invoice.payment_reference))
    assert owed(invoice) == 0
    assert StaffTask.objects.filter(kind="paid_on_hold", invoice=invoice).exists()


def test_two_references_for_exactly_what_is_open_are_one_transaction_on_both():
    first, second = factories.invoice(amount="50.00"), factories.invoice(amount="30.00")
    line = paid("80.00", f"{first.payment_reference} {second.payment_reference}")
    settled(line)
    assert (line.status, owed(first), owed(second)) == (Status.BOOKED, 0, 0)
    booked = LedgerTransaction.objects.get(kind="payment")
    assert set(booked.postings.values_list("invoice", flat=True)) == {first.pk, second.pk}
    assert made.wrong() == []


def test_two_references_and_another_sum_wait_with_proposals():
    first, second = factories.invoice(amount="50.00"), factories.invoice(amount="30.00")
    line = paid("79.00", f"{first.payment_reference} {second.payment_reference}")
    assert settled(line).proposed == 1
    assert (line.status, held()) == (Status.PROPOSED, euros(bank="79.00", unmatched="-79.00"))


def test_a_slip_waits_with_a_proposal():
    invoice = factories.invoice(amount="50.00")
    line = paid("50.00", invoice.payment_reference[:15])
    assert settled(line).proposed == 1
    read = lines.read_line(line)
    assert [(p.invoice.invoice_id, p.same_amount) for p in read.proposals] == [(invoice.pk, True)]
    assert owed(invoice) == Decimal("50.00")


def test_an_account_that_paid_before_proposes_what_that_person_has_open():
    who = factories.patient()
    old = factories.invoice(patient=who, amount="10.00")
    settled(paid("10.00", old.payment_reference))
    later, sooner = (factories.invoice(patient=who, amount="20.00", issued_on=date(2026, m, 1)) for m in (10, 9))
    elsewhere = factories.invoice(amount="20.00")
    line = paid("20.00", "nota")
    assert settled(line).proposed == 1
    read = lines.read_line(line)
    assert [p.invoice.invoice_id for p in read.proposals] == [sooner.pk, later.pk]
    assert elsewhere.pk not in [p.invoice.invoice_id for p in read.proposals]
    other = paid("20.00", "nota", told={"iban": "NL02ABNA0123456789"})
    assert settled(other).unmatched == 1


def test_money_that_nobody_knows_stands_on_an_account_of_its_own():
    line = paid("25.00", "bedankt")
    assert settled(line).unmatched == 1
    assert (line.status, held()) == (Status.UNMATCHED, euros(bank="25.00", unmatched="-25.00"))
    assert made.wrong() == []


def test_our_own_refund_that_comes_back_is_no_payment():
    invoice = factories.invoice(amount="50.00")
    line = paid("50.00", invoice.payment_reference, kind="returned", told={"return_code": "AC04"})
    settled(line)
    assert (line.status, owed(invoice)) == (Status.UNMATCHED, Decimal("50.00"))


def test_costs_interest_settlements_and_own_transfers_settle_themselves(settings):
    settings.BANK_GATEWAY_IBANS = ("NL02ABNA0123456789",)
    other = "NL44RABO0123456789"
    account(other)
    rows = [
        paid("-5.00", "kosten", kind="charges", told={"iban": ""}),
        paid("2.00", "rente", kind="interest", told={"iban": ""}),
        paid("100.00", "settlement 1", told={"iban": "NL02ABNA0123456789"}),
        paid("-30.00", "naar spaarrekening", told={"iban": other}),
        paid("30.00", "van rekening", told={"iban": IBAN}),
    ]
    assert settled(*rows).other == 5
    assert {row.status for row in rows} == {Status.NOT_OURS}
    assert held() == euros(bank="97.00", fees="3.00", gateway="-100.00")
    assert LineDecision.objects.filter(by=None, kind="other").count() == 5
    assert made.wrong() == ["money at Mollie: it paid out 100.00 more than came in there"], "no patient paid there"


def test_a_debit_that_nobody_ordered_waits():
    line = paid("-30.00", "incasso", kind="direct_debit")
    settled(line)
    assert (line.status, held()) == (Status.UNMATCHED, euros(bank="-30.00", unmatched="30.00"))


def test_one_that_fails_keeps_no_other_from_being_booked(monkeypatch):
    first, second = factories.invoice(amount="50.00"), factories.invoice(amount="30.00")
    rows = [paid("50.00", first.payment_reference), paid("30.00", second.payment_reference)]
    BankLine.objects.filter(pk=rows[0].pk).update(sealed_facts=rows[1].sealed_facts)  # moved: it can't be opened
    counts = settled(*rows)
    assert counts.booked == 1
    assert [row.status for row in rows] == [Status.NEW, Status.BOOKED]


def test_a_thousand_numbers_are_looked_up_in_one_query():
    invoices = [factories.invoice(amount="1.00") for _ in range(3)]
    wanted = [*(i.payment_reference for i in invoices), *(f"{n:016d}" for n in range(900))]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(known.by_reference(wanted)) == 3
    assert len(queries) == 1


def test_what_the_payer_wrote_is_in_no_log(caplog, canaries):
    invoice = factories.invoice(amount="50.00")
    settled(paid("50.00", f"implantaat KANARIEPIET {invoice.payment_reference}"), paid("1.00", "KANARIEPIET"))
    assert "KANARIEPIET" not in caplog.text
    assert PAYER not in caplog.text
