"""Money that staff report: booked by the day on which it came, by two people above a limit, once, and undone whole."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import formats, timezone, translation

from billing import ledger
from billing.adjustments import reallocation, undesignated
from billing.errors import Refused
from billing.ledger import verification
from billing.links import new_token
from billing.models import AllocationNote, Invoice, LedgerTransaction, OutboxMessage, Payment, Receipt, Staff, StaffTask
from billing.payments import receipts
from billing.payments.receipts import Received
from billing.practices import providers
from tests import factories
from tests.billing.payments import bank
from tests.billing.payments.test_payment_races import at_once
from tests.books import accounts, booked
from tests.portal.staff.staff_client import signed_in

Kind, Status = LedgerTransaction.Kind, Receipt.Status
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
TODAY = timezone.localdate()


@pytest.fixture
def invoice():
    return factories.invoice(amount="300.00")


def member(invoice, role=Staff.Role.APPROVER):
    return factories.staff(provider=invoice.provider, role=role)


def report(invoice, amount="100.00", **given):
    facts = {
        "received_on": TODAY - timedelta(days=3), "road": Receipt.Road.TRANSFER, "reference": "Implantaat Bakker",
        "reason": "afschrift 112", "key": new_token(), "by": given.pop("by", None) or member(invoice),
    }  # fmt: skip
    return receipts.report(invoice, Received(Decimal(amount), **facts | given), today=TODAY)


def test_it_is_booked_on_its_day_and_the_patient_gets_a_receipt(invoice):
    report(invoice)
    (entry,) = booked(invoice, Kind.RECEIPT)
    assert entry.amount == Decimal("-100.00")
    assert timezone.localtime(entry.occurred_at).date() == TODAY - timedelta(days=3)
    # The practice has the money itself: neither we nor the gateway hold any of it.
    assert accounts(invoice) == {"principal": Decimal("200.00"), "claims": Decimal("-200.00")}
    assert "200,00" in OutboxMessage.objects.get(kind="receipt").text


def test_what_people_wrote_on_their_transfer_is_sealed(invoice):
    receipt = report(invoice)
    assert b"Implantaat" not in bytes(receipt.sealed_words)
    assert Receipt.objects.get().words == {"reference": "Implantaat Bakker", "reason": "afschrift 112"}


def test_above_the_limit_nothing_is_booked_until_somebody_else_confirms(invoice):
    first, second = member(invoice), member(invoice)
    receipt = report(invoice, "250.01", by=first)
    assert receipt.status == Status.PROPOSED
    assert ledger.balance(invoice.pk) == 300
    assert StaffTask.objects.get(closed_at=None).kind == StaffTask.Kind.RECEIPT_TO_CONFIRM
    with pytest.raises(Refused):
        receipts.confirm(receipt, by=first)
    assert ledger.balance(invoice.pk) == 300
    receipts.confirm(receipt, by=second)
    assert ledger.balance(invoice.pk) == Decimal("49.99")
    assert not StaffTask.objects.filter(closed_at=None).exists()
    with pytest.raises(Refused):
        receipts.confirm(receipt, by=second)


def test_at_the_limit_one_person_is_enough(invoice):
    assert report(invoice, "250.00").status == Status.BOOKED


@pytest.mark.parametrize(("limit", "amount", "status"), [("0", "0.01", "proposed"), ("300", "300.00", "booked")])
def test_a_practice_has_its_own_limit(invoice, limit, amount, status):
    providers.change(invoice.provider.agb_code, {"receipts_confirmed_above": limit}, by="command:anna")
    invoice.provider.refresh_from_db()
    assert report(invoice, amount).status == status


def test_refused_it_books_nothing_and_can_not_be_confirmed(invoice):
    receipt = report(invoice, "300.00")
    receipts.refuse(receipt, by=member(invoice))
    with pytest.raises(Refused):
        receipts.confirm(receipt, by=member(invoice))
    assert ledger.balance(invoice.pk) == 300


def test_undone_it_is_owed_again_by_the_mirror_of_the_whole(invoice):
    receipt = report(invoice)
    receipts.undo(receipt, by=member(invoice))
    assert accounts(invoice) == {"principal": Decimal("300.00"), "claims": Decimal("-300.00")}
    with pytest.raises(Refused):
        receipts.undo(receipt, by=member(invoice))


def test_undone_the_patient_is_told_and_has_time_to_pay_again():
    """Nobody is late by our mistake: the page had said that nothing was left to pay."""
    invoice = factories.invoice(amount="100.00", issued_on=TODAY - timedelta(days=60))
    receipt = report(invoice)
    receipts.undo(receipt, by=member(invoice))
    invoice.refresh_from_db()
    assert invoice.due_on >= TODAY + timedelta(days=14)
    told = OutboxMessage.objects.get(kind="payment_moved").text.replace("\xa0", " ")
    assert "Van die betaling stond hier eerst: € 100,00" in told
    assert f"uiterlijk op {formats.date_format(invoice.due_on)}" in told


def test_what_two_people_booked_two_people_undo(invoice):
    first, second = member(invoice), member(invoice)
    receipt = report(invoice, "300.00", by=first)
    receipts.confirm(receipt, by=second)
    receipts.undo(receipt, by=first)
    assert ledger.balance(invoice.pk) == 0
    with pytest.raises(Refused):
        receipts.undo(receipt, by=first)
    receipts.undo(receipt, by=second)
    assert ledger.balance(invoice.pk) == 300
    assert not StaffTask.objects.filter(kind="receipt_to_confirm", closed_at=None).exists()


def test_nobody_books_a_large_sum_alone_in_parts(invoice):
    alone = member(invoice)
    made = [report(invoice, amount, by=alone).status for amount in ("200.00", "50.00", "0.01")]
    assert made == [Status.BOOKED, Status.BOOKED, Status.PROPOSED]
    assert report(invoice, "0.01").status == Status.PROPOSED, "nor with a second account, or a colleague"


def test_all_accounts_of_a_practice_book_alone_no_more_than_ten_times_the_limit_in_a_day(settings):
    practice, settings.RECEIPT_SECOND_PERSON_ABOVE = factories.provider(), Decimal("20.00")
    made = []
    for _number in range(11):
        invoice = factories.invoice(provider=practice, amount="100.00")
        made.append(report(invoice, "20.00", by=factories.staff(provider=practice)).status)
    assert made == [Status.BOOKED] * 10 + [Status.PROPOSED]
    assert report(factories.invoice(amount="100.00"), "20.00").status == Status.BOOKED, "another practice"
    Receipt.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert report(factories.invoice(provider=practice, amount="100.00"), "20.00").status == Status.BOOKED, "a day later"


def test_a_receipt_that_was_moved_and_moved_back_is_undone_like_any_other(invoice):
    by, other = member(invoice), factories.invoice(amount="300.00", patient=invoice.patient, provider=invoice.provider)
    receipt = report(invoice)
    for place, target in enumerate((other, invoice)):
        standing = LedgerTransaction.objects.get(kind=Kind.RECEIPT, reverses=None, reversed_by=None)
        reallocation.ask(standing, {target.pk: Decimal("100.00")}, reason="x", by=by, key=str(place))
        if target == other:
            with pytest.raises(Refused):
                receipts.undo(receipt, by=by)
    receipts.undo(receipt, by=by)
    assert [ledger.balance(row.pk) for row in (invoice, other)] == [300, 300]
    assert list(verification.discrepancies()) == []


def test_what_went_back_to_the_payer_is_not_undone(invoice, settings):
    """Otherwise the payer would owe more than the invoice."""
    settings.RECEIPT_SECOND_PERSON_ABOVE = Decimal("300.00")
    receipt, now = report(invoice), timezone.now()
    report(invoice, "200.00")
    ledger.post(invoice, Kind.REDUCTION, Decimal("-40.00"), external_id="r", occurred_at=now, by="t")
    ledger.post(invoice, Kind.REPAID, Decimal("40.00"), external_id="b", occurred_at=now, by="t")
    receipts.undo(receipt, by=member(invoice))
    assert ledger.balance(invoice.pk) == 100, "the other payment covers what went back"
    with pytest.raises(Refused):
        receipts.undo(Receipt.objects.get(amount=Decimal("200.00")), by=member(invoice))


def test_money_that_came_before_costs_were_booked_takes_them_off(invoice):
    """The rule of late news (6:114 BW) is asked: here only that it is asked with the transaction."""
    ledger.post(invoice, Kind.COSTS, Decimal("40.00"), external_id="c", occurred_at=timezone.now(), by="test")
    report(invoice, "10.00", received_on=TODAY)
    assert accounts(invoice)["costs"] == Decimal("30.00")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"received_on": TODAY + timedelta(days=1)}, "future"),
        ({"received_on": TODAY - timedelta(days=6 * 365)}, "five years"),
        ({"received_on": TODAY - timedelta(days=365)}, "before the invoice"),
        ({"reason": "  "}, "where"),
    ],
)
def test_what_can_not_be_is_refused_and_changes_nothing(invoice, wrong, words):
    with translation.override("en"), pytest.raises(Refused, match=words):
        report(invoice, **wrong)
    assert not Receipt.objects.exists()
    assert ledger.balance(invoice.pk) == 300


def test_more_than_is_owed_is_refused(invoice):
    with pytest.raises(Refused):
        report(invoice, "300.01")


def test_a_doubled_click_reports_once(invoice):
    by, key = member(invoice), new_token()
    results = at_once([lambda: report(invoice, "50.00", by=by, key=key)] * 4, threads=4)
    assert {result.pk for result in results} == {Receipt.objects.get().pk}
    assert ledger.balance(invoice.pk) == 250


def test_an_open_payment_of_the_old_amount_is_no_longer_offered(invoice, sandbox):
    payment = bank.start(invoice)
    report(invoice, "50.00")
    assert Payment.objects.get(pk=payment.pk).superseded_at is not None


def test_a_form_that_was_sent_before_reports_nothing_else(invoice):
    by, key = member(invoice), new_token()
    report(invoice, "50.00", by=by, key=key)
    with pytest.raises(Refused):
        report(invoice, "60.00", by=by, key=key)
    assert ledger.balance(invoice.pk) == 250


class TestUndesignated:
    """What the payer did not say is divided by the law (6:43 BW): due, most onerous, oldest, pro rata."""

    @pytest.fixture
    def three(self, invoice):
        """Of one payer: `invoice` is not due; one is due and plain; one is due and has costs."""
        plain, onerous = (
            factories.invoice(amount="40.00", patient=invoice.patient, provider=invoice.provider, issued_on=day)
            for day in (TODAY - timedelta(days=60), TODAY - timedelta(days=45))
        )
        ledger.post(onerous, Kind.COSTS, Decimal("10.00"), external_id="c", occurred_at=timezone.now(), by="test")
        return invoice, plain, onerous

    def report(self, invoice, amount, *, seen=None, **given):
        facts = {"received_on": TODAY, "road": "transfer", "reference": "voor alles", "reason": "afschrift 9"}
        facts |= {"key": new_token(), "by": given.pop("by", None) or member(invoice)}
        received = Received(Decimal(amount), **facts | given)
        seen = seen or undesignated.amounts_of(undesignated.division(invoice, received.amount, received_on=TODAY))
        return undesignated.report(invoice, received, seen=seen, today=TODAY)

    @pytest.mark.parametrize(
        ("decide", "status"), [(receipts.confirm, Status.BOOKED), (receipts.refuse, Status.REFUSED)]
    )
    def test_a_sum_that_waits_is_decided_as_a_whole(self, three, decide, status):
        invoice = three[0]
        made = self.report(invoice, "340.00")
        assert {row.status for row in made} == {Status.PROPOSED}
        decide(made[1], by=member(invoice))
        assert {row.status for row in Receipt.objects.all()} == {status}
        assert not StaffTask.objects.filter(kind=StaffTask.Kind.RECEIPT_TO_CONFIRM, closed_at=None).exists()
        with pytest.raises(Refused):
            receipts.refuse(made[0], by=member(invoice))

    def test_each_invoice_has_its_receipt_with_the_rule_and_the_words(self, three):
        invoice, plain, onerous = three
        made = self.report(invoice, "95.00")
        assert [(row.invoice, row.amount, row.rule) for row in made] == [
            (onerous, 50, "onerous"), (plain, 40, "due"), (invoice, 5, "only"),
        ]  # fmt: skip
        notes = AllocationNote.objects.order_by("pk")
        assert [(note.rule, note.text) for note in notes] == [(row.rule, "voor alles") for row in made]
        assert [ledger.balance(row.pk) for row in three] == [295, 0, 0]
        assert list(verification.discrepancies()) == []

    def test_the_limit_counts_for_all_of_it(self, three):
        made = self.report(three[0], "260.00")
        assert {row.status for row in made} == {Status.PROPOSED}

    def test_once_by_form_and_never_another_division_than_was_seen(self, three):
        key, by = new_token(), member(three[0])
        made = self.report(three[0], "60.00", key=key, by=by)
        seen = {row.invoice_id: row.amount for row in made}
        assert self.report(three[0], "60.00", key=key, by=by, seen=seen) == made
        for wrong in ({"seen": {three[0].pk: Decimal("60.00")}, "key": key}, {"seen": seen}):
            with pytest.raises(Refused):
                self.report(three[0], "60.00", **wrong)
        with pytest.raises(Refused):
            self.report(three[0], "500.00")
        assert Receipt.objects.count() == 2

    def test_the_desk_shows_the_division_before_it_books(self, three):
        client, page = signed_in(member(three[0])), f"/beheer/billing/invoice/{three[0].pk}/ontvangst/"
        given = {"amount": "95,00", "received_on": str(TODAY), "road": "transfer", "reference": "", "reason": "x"}
        given |= {"key": new_token(), "meant_for": "law"}
        shown = client.post(page, given).content.decode()
        assert "de schuld met kosten of rente gaat voor" in shown
        assert not Receipt.objects.exists()
        divided = re.search(r'name="divided" value="([^"]+)"', shown)[1]
        assert client.post(page, given | {"divided": divided}).status_code == 303
        assert [ledger.balance(row.pk) for row in three] == [295, 0, 0]


class TestTheDesk:
    def page(self, invoice):
        return f"/beheer/billing/invoice/{invoice.pk}/ontvangst/"

    def form(self, **given):
        facts = {"amount": "12,50", "received_on": str(TODAY), "road": "cash", "reference": "", "reason": "kasboek"}
        return facts | {"key": new_token()} | given

    def test_a_practice_books_what_it_received(self, invoice):
        client = signed_in(member(invoice))
        assert client.get(self.page(invoice)).status_code == 200
        assert client.post(self.page(invoice), self.form()).status_code == 303
        assert ledger.balance(invoice.pk) == Decimal("287.50")
        assert "kasboek" in client.get(self.page(invoice)).content.decode()

    @pytest.mark.parametrize("amount", ["", "0", "-5", "1,234", "12.5.0", "\u0663\u0664", "1e3", "12,50,00", "NaN"])
    def test_what_is_no_amount_is_refused(self, invoice, amount):
        response = signed_in(member(invoice)).post(self.page(invoice), self.form(amount=amount))
        assert response.status_code == 422
        assert ledger.balance(invoice.pk) == 300

    def test_after_a_part_the_rest_is_not_booked_by_the_same_two_clicks(self, invoice):
        client = signed_in(member(invoice))
        form = self.form()
        assert client.post(self.page(invoice), form).status_code == 303
        assert client.post(self.page(invoice), form).status_code == 303, "the same form again does nothing"
        again = client.get(self.page(invoice)).content.decode()
        assert 'value="287,50"' not in again, "the rest is not filled in"
        assert client.post(self.page(invoice), self.form()).status_code == 422, "it asks whether it is other money"
        assert ledger.balance(invoice.pk) == Decimal("287.50")
        assert client.post(self.page(invoice), self.form(another="on")).status_code == 303
        assert ledger.balance(invoice.pk) == 275

    def test_only_who_decides_and_only_of_the_own_practice(self, invoice):
        clerk = signed_in(member(invoice, Staff.Role.CLERK))
        assert clerk.post(self.page(invoice), self.form()).status_code == 403
        stranger = signed_in(factories.staff(role=Staff.Role.APPROVER))
        assert stranger.post(self.page(invoice), self.form()).status_code in (302, 404)
        assert not Receipt.objects.exists()

    def test_a_colleague_confirms_and_undoes(self, invoice):
        receipt = report(invoice, "299.00")
        one, other = signed_in(member(invoice)), signed_in(member(invoice))
        for client, decide, owed in ((one, "confirm", "1.00"), (one, "undo", "1.00"), (other, "undo", "300.00")):
            given = {"decide": decide, "receipt": receipt.key}
            if decide == "undo":  # a question comes first, which promises no mail while it only asks a colleague
                asked = client.post(self.page(invoice), given).content.decode()
                assert 'name="sure"' in asked
                assert ("Tot dan verandert er niets" in asked) == (client is one)
                given["sure"] = "1"
            assert client.post(self.page(invoice), given).status_code == 303
            assert ledger.balance(invoice.pk) == Decimal(owed)
        for sure in ({}, {"sure": "1"}):  # nobody is asked about what can't be done
            again = {"decide": "undo", "receipt": receipt.key, **sure}
            assert one.post(self.page(invoice), again).status_code == 422
        assert Invoice.objects.get(pk=invoice.pk).settled_at is None


def test_the_page_of_the_invoice_and_the_proof_of_payment_say_it(invoice):
    report(invoice, "250.00")
    report(invoice, "50.00")
    client = Client()
    client.post("/", {"reference": invoice.payment_reference})
    page = client.get(f"/rekening/{invoice.token}/").content.decode().replace("\xa0", " ")
    assert "€ 300,00" in page
    assert "Uw zorgaanbieder heeft uw betaling ontvangen" in page
    proof = client.get(reverse("proof", args=[invoice.token])).content.decode().replace("\xa0", " ")
    assert "€ 250,00" in proof
    assert "€ 50,00" in proof
