"""Money booked on the wrong invoice: the booking is mirrored and booked anew, and what followed from it goes."""

from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from billing import ledger
from billing.adjustments import reallocation
from billing.errors import Refused
from billing.ledger.breakdown import parts_of
from billing.ledger.events import Share
from billing.ledger.verification import BOOKS
from billing.models import AllocationNote, LedgerTransaction, OutboxMessage, Reallocation, RefundRequest, StaffTask
from billing.money import ZERO
from tests import factories
from tests.books import booked
from tests.portal.staff.staff_client import signed_in

Kind = LedgerTransaction.Kind

pytestmark = pytest.mark.django_db


@pytest.fixture
def practice():
    return factories.provider()


@pytest.fixture
def staff(practice):
    return [factories.staff(provider=practice) for _ in range(2)]


def at(days_ago):
    day = timezone.localdate() - timedelta(days=days_ago)
    return timezone.make_aware(datetime.combine(day, time(12)))


def late_invoice(mother, amount, *, days=120):
    issued = timezone.localdate() - timedelta(days=days)
    return factories.invoice(patient=mother, amount=amount, issued_on=issued)


def paid(amounts, *, days_ago=60, key="tr_1", words=""):
    shares = [Share(invoice, -Decimal(amount), words=words) for invoice, amount in amounts.items()]
    return ledger.post_shares(shares, Kind.PAYMENT, external_id=key, occurred_at=at(days_ago), by="mollie")


def charge(invoice, costs="40.00", interest="0.52"):
    for kind, amount in ((Kind.COSTS, costs), (Kind.INTEREST, interest)):
        ledger.post(invoice, kind, Decimal(amount), external_id=f"{kind}:{invoice.pk}", occurred_at=at(20), by="system")


def ask(booking, amounts, by, **more):
    wanted = {invoice.pk: Decimal(amount) for invoice, amount in amounts.items()}
    return reallocation.ask(booking, wanted, **{"reason": "verkeerde maand", "by": by, "key": "k" * 32} | more)


def test_the_money_goes_to_the_right_invoice_on_its_own_day(practice, staff):
    mother = factories.patient(provider=practice)
    wrong, right = late_invoice(mother, "100.00"), late_invoice(mother, "100.00")
    booking = paid({wrong: "100.00"}, words="rekening van Sem")
    charge(right)
    asked = ask(booking, {right: "100.00"}, staff[0])
    assert asked.status == "booked"
    assert (ledger.balance(wrong.pk), ledger.balance(right.pk)) == (Decimal("100.00"), ZERO)
    assert booked(right, Kind.COSTS, Kind.INTEREST)[-1].transaction.reverses_id, "they followed from the mistake"
    again = [e for e in booked(right, Kind.PAYMENT) if e.stands]
    assert [(e.amount, e.occurred_at) for e in again] == [(Decimal("-100.00"), at(60))]
    note = AllocationNote.objects.get(transaction=again[0].transaction)
    assert (note.rule, note.text) == ("designated", "rekening van Sem")
    wrong.refresh_from_db()
    assert wrong.due_on >= timezone.localdate() + timedelta(days=14), "nobody is late by our mistake"
    told = OutboxMessage.objects.filter(kind="payment_moved").order_by("invoice")
    assert [m.invoice for m in told] == [wrong, right]
    assert [found for check in BOOKS for found in check()] == []


def test_a_cent_takes_no_costs_off_that_were_due_before_it_came(practice, staff):
    """Only what followed from the mistake goes; a waiver is another act, with another reason."""
    mother = factories.patient(provider=practice)
    wrong, right = late_invoice(mother, "50.00"), late_invoice(mother, "100.00")
    charge(right)
    booking = paid({wrong: "50.00"}, days_ago=10)
    ask(booking, {wrong: "49.99", right: "0.01"}, staff[0])
    assert (parts_of(right).costs, parts_of(right).interest) == (Decimal("39.99"), Decimal("0.52"))
    text = OutboxMessage.objects.get(kind="payment_moved", invoice=right).text
    assert "gratis herinnering" not in text, "dunning does not begin again"
    assert not OutboxMessage.objects.filter(kind="charges_taken_off").exists()


@pytest.mark.parametrize("went", ["back", "to another invoice", "soon"])
def test_money_of_which_a_part_went_back_stays_where_it_is(practice, staff, went):
    """A transfer of 100 on an invoice of 60: the 40 too much are gone, so the payer would owe 100 for 60."""
    mother = factories.patient(provider=practice)
    small, large, other = (late_invoice(mother, amount) for amount in ("60.00", "100.00", "40.00"))
    booking = paid({small: "100.00"}, key="bank:1")
    if went == "back":
        ledger.post(small, Kind.REPAID, Decimal("40.00"), external_id="b", occurred_at=at(1), by="t")
    elif went == "soon":
        RefundRequest.objects.create(invoice=small, amount=Decimal("40.00"), asked_by="patient", status="sending")
    else:
        shares = [Share(small, Decimal("40.00")), Share(other, Decimal("-40.00"))]
        ledger.post_shares(shares, Kind.CREDIT_MOVED, external_id="c", occurred_at=at(1), by="t")
    with pytest.raises(Refused):
        ask(booking, {large: "100.00"}, staff[0])
    ask(booking, {small: "40.00", large: "60.00"}, staff[0])
    assert ledger.balance(small.pk) == Decimal("20.00" if went == "soon" else "60.00"), "what covers it may go"


def test_a_part_of_a_shared_payment_moves_and_what_is_too_much_is_credit(practice, staff):
    mother = factories.patient(provider=practice)
    one, two, three = (late_invoice(mother, amount) for amount in ("50.00", "60.00", "30.00"))
    booking = paid({one: "50.00", two: "60.00"})
    ask(booking, {one: "50.00", two: "20.00", three: "40.00"}, staff[0])
    assert [ledger.balance(i.pk) for i in (one, two, three)] == [ZERO, Decimal("40.00"), Decimal("-10.00")]
    assert not OutboxMessage.objects.filter(kind="payment_moved", invoice=one).exists(), "nothing changed there"
    assert StaffTask.objects.filter(kind="surplus", invoice=three).exists()
    assert [found for check in BOOKS for found in check()] == []


def test_above_the_limit_a_second_person_confirms(practice, staff):
    mother = factories.patient(provider=practice)
    wrong, right = late_invoice(mother, "300.00"), late_invoice(mother, "300.00")
    asked = ask(paid({wrong: "300.00"}), {right: "300.00"}, staff[0])
    assert (asked.status, ledger.balance(right.pk)) == ("proposed", Decimal("300.00"))
    with pytest.raises(Refused):
        reallocation.confirm(asked, by=staff[0])
    reallocation.confirm(asked, by=staff[1])
    assert (ledger.balance(wrong.pk), ledger.balance(right.pk)) == (Decimal("300.00"), ZERO)
    with pytest.raises(Refused):
        reallocation.confirm(asked, by=staff[1])
    assert not StaffTask.objects.filter(kind="realloc_to_confirm", closed_at=None).exists()


def test_all_of_a_practice_move_no_more_than_ten_times_the_limit_in_a_day_alone(practice, staff, settings):
    settings.REALLOCATION_SECOND_PERSON_ABOVE = Decimal("20.00")
    mother, moved = factories.patient(provider=practice), []
    for number in range(11):
        wrong, right = late_invoice(mother, "20.00"), late_invoice(mother, "20.00")
        by = staff[number % 2]
        moved.append(ask(paid({wrong: "20.00"}, key=f"tr_{number}"), {right: "20.00"}, by, key=f"{number:032}").status)
    assert moved == ["booked"] * 10 + ["proposed"]


def test_what_waits_can_be_refused(practice, staff):
    mother = factories.patient(provider=practice)
    wrong, right = late_invoice(mother, "300.00"), late_invoice(mother, "300.00")
    asked = ask(paid({wrong: "300.00"}), {right: "300.00"}, staff[0])
    reallocation.refuse(asked, by=staff[1])
    assert (ledger.balance(wrong.pk), ledger.balance(right.pk)) == (ZERO, Decimal("300.00"))
    with pytest.raises(Refused):
        reallocation.confirm(asked, by=staff[1])


def test_a_doubled_click_moves_once(practice, staff):
    mother = factories.patient(provider=practice)
    wrong, right = late_invoice(mother, "100.00"), late_invoice(mother, "100.00")
    booking = paid({wrong: "100.00"})
    assert ask(booking, {right: "100.00"}, staff[0]) == ask(booking, {right: "100.00"}, staff[0])
    assert Reallocation.objects.count() == 1


@pytest.mark.parametrize("case", ["no reason", "too little", "too much", "nothing", "the same", "another creditor"])
def test_what_makes_no_sense_is_refused_and_changes_nothing(practice, staff, case):
    mother = factories.patient(provider=practice)
    wrong, right = late_invoice(mother, "100.00"), late_invoice(mother, "100.00")
    booking = paid({wrong: "100.00"})
    amounts = {
        "too little": {right: "99.99"}, "too much": {right: "100.01"}, "nothing": {right: "0.00", wrong: "100.00"},
        "the same": {wrong: "100.00"}, "another creditor": {factories.invoice(): "100.00"},
    }.get(case, {right: "100.00"})  # fmt: skip
    with pytest.raises(Refused):
        ask(booking, amounts, staff[0], **({"reason": " "} if case == "no reason" else {}))
    assert (ledger.balance(wrong.pk), Reallocation.objects.count()) == (ZERO, 0)


def test_what_was_moved_already_is_moved_from_where_it_is(practice, staff):
    mother = factories.patient(provider=practice)
    one, two, three = (late_invoice(mother, "100.00") for _ in range(3))
    booking = paid({one: "100.00"})
    ask(booking, {two: "100.00"}, staff[0])
    with pytest.raises(Refused):
        ask(booking, {three: "100.00"}, staff[0], key="m" * 32)
    standing = next(e for e in booked(two, Kind.PAYMENT) if e.stands).transaction
    ask(standing, {three: "100.00"}, staff[0], key="n" * 32)
    assert [ledger.balance(i.pk) for i in (one, two, three)] == [100, 100, 0]
    assert [found for check in BOOKS for found in check()] == []


class TestTheRuling:
    """Payments for later months booked on arbitrary ones; an arrear of EUR 676.05 handed over with costs and interest.

    Decided (Zeist, 18 May 2026): the claim is called back, its costs and interest lapse, there is a reasonable term to
    pay EUR 676.05. See `tests/billing/law/test_law_several.py` for the figures and the slips in the ruling.
    """

    ARREARS = ("43.65", "157.70", "199.85", "199.85", "75.00")

    def test_costs_and_interest_lapse_and_exactly_the_arrear_is_left(self, practice, staff):
        woman = factories.patient(provider=practice)
        owed = [late_invoice(woman, amount) for amount in self.ARREARS]
        others = [late_invoice(woman, "199.85") for _ in range(2)]
        for invoice in owed[1:3]:
            charge(invoice)
        # Booked on two months at random: by designation it belonged to the third and the fourth of what was owed.
        for place, other in enumerate(others):
            paid({other: "199.85"}, key=f"tr_{place}")
        for place in range(2):
            booking = LedgerTransaction.objects.get(kind=Kind.PAYMENT, external_id=f"tr_{place}")
            ask(booking, {owed[2 + place]: "199.85"}, staff[0], key=str(place) * 32)
        assert [ledger.balance(i.pk) for i in owed[2:4]] == [ZERO, ZERO]
        assert parts_of(owed[2]).costs == ZERO
        opened = [owed[0], owed[1], owed[4], *others]
        from_charges = ledger.balance(owed[1].pk) - Decimal("157.70")
        assert from_charges == Decimal("40.52"), "not touched by the mistake, so not by its mending"
        assert sum(ledger.balance(i.pk) for i in opened) - from_charges == Decimal("676.05")
        assert [found for check in BOOKS for found in check()] == []


class TestTheDesk:
    def page(self, invoice):
        return f"/beheer/billing/invoice/{invoice.pk}/toerekenen/"

    def test_a_practice_moves_a_payment_to_another_invoice_of_the_payer(self, practice, staff):
        mother = factories.patient(provider=practice)
        wrong, right = late_invoice(mother, "100.00"), late_invoice(mother, "100.00")
        booking = paid({wrong: "100.00"})
        client = signed_in(factories.staff(provider=practice, role="approver"))
        shown = client.get(self.page(wrong)).content.decode()
        assert f'name="amount_{wrong.pk}" value="100.00"' in shown
        assert f'name="amount_{right.pk}" value=""' in shown
        form = {"booking": booking.pk, "key": "d" * 32, "reason": "verkeerd kenmerk", f"amount_{right.pk}": "100,00"}
        assert client.post(self.page(wrong), form | {f"amount_{right.pk}": "99,00"}).status_code == 422
        assert ledger.balance(right.pk) == Decimal("100.00")
        assert client.post(self.page(wrong), form).status_code == 303
        assert (ledger.balance(wrong.pk), ledger.balance(right.pk)) == (Decimal("100.00"), ZERO)

    def test_of_another_practice_nothing_is_moved(self, practice):
        stranger = factories.invoice(amount="100.00")
        paid({stranger: "100.00"})
        client = signed_in(factories.staff(provider=practice, role="approver"))
        assert client.get(self.page(stranger)).status_code in (302, 403, 404)
        own = late_invoice(factories.patient(provider=practice), "50.00")
        booking = paid({own: "50.00", factories.invoice(amount="10.00"): "10.00"}, key="tr_both")
        assert str(booking.pk) not in client.get(self.page(own)).content.decode().split("<main")[-1].split("booking")
        form = {"booking": booking.pk, "key": "e" * 32, "reason": "x", f"amount_{own.pk}": "60,00"}
        assert client.post(self.page(own), form).status_code == 404
