"""Costs and interest that come off again: waived by staff, or shown to be undue by a payment that we learnt of late."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing import ledger
from billing.dunning import staff_acts
from billing.law import interest
from billing.models import Letter, OutboxMessage, Receipt, StaffTask
from billing.money import ZERO
from billing.payments import receipts, settlement
from billing.payments.receipts import Received
from tests import factories
from tests.billing.invoices.schedule_walk import (
    COSTS_ON,
    FINAL_ON,
    LAST_DAY,
    NOTICED,
    Step,
    at,
    charged,
    kinds,
    live,
    live_through,
    new_invoice,
    pay,
    sent,
    until,
)
from tests.billing.payments.test_payments_settlement import attempt, report

pytestmark = pytest.mark.django_db
D = Decimal
STAFF = "staff:els"


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def text_of(kind: str) -> str:
    return " ".join(OutboxMessage.objects.filter(kind=kind).latest("pk").text.replace("\xa0", " ").split())


# --- waived interest --------------------------------------------------------------------------------


def test_interest_that_was_waived_never_comes_back():
    """€ 1.234,56: 185,18 of costs and the interest waived on 22 May; the last letter counts from that day on."""
    invoice = until(new_invoice(amount="1234.56"), COSTS_ON)
    assert charged(invoice) == {"costs": D("185.18"), "interest": D("3.65")}
    staff_acts.waive_charges(invoice, by=STAFF, note="verzoek praktijk", today=date(2026, 5, 22))
    live(FINAL_ON)
    assert charged(invoice)["interest"] == D("1.62")  # 12 days from 22 May, not 44 from 20 April
    assert ledger.balance(invoice.pk) == D("1236.18")


def test_a_waiver_is_told():
    invoice = until(new_invoice(), COSTS_ON)
    staff_acts.waive_charges(invoice, by=STAFF, note="verzoek praktijk", today=COSTS_ON)
    told = text_of("charges_taken_off")
    assert "Er is afgegaan: € 40,30" in told
    assert "U moet nog € 100,00 betalen. Wat eraf is, komt niet terug." in told


def test_costs_that_were_paid_and_waived_are_credit_and_the_mail_says_so():
    invoice = until(new_invoice(), COSTS_ON)
    pay(invoice, "140.30", COSTS_ON)
    staff_acts.waive_charges(invoice, by=STAFF, note="verzoek praktijk", today=COSTS_ON)
    assert StaffTask.objects.get(kind=StaffTask.Kind.SURPLUS).note == "40.30"
    assert "U heeft € 40,30 te veel betaald." in text_of("charges_taken_off")


def test_when_the_patient_was_right_dunning_begins_again_with_the_reminder():
    invoice = until(new_invoice(), COSTS_ON)
    staff_acts.waive_and_start_again(invoice, by=STAFF, note="had gelijk", today=COSTS_ON)
    invoice.refresh_from_db()
    assert invoice.due_on == COSTS_ON + timedelta(days=14)
    assert "uiterlijk op 1 juni 2026" in text_of("charges_taken_off")
    live_through(COSTS_ON, COSTS_ON + timedelta(days=75))
    after = [kind for kind, day in sent() if day > str(COSTS_ON)]
    assert after[:4] == ["friendly_note", "reminder", "final_notice", "notice_of_costs"]
    assert charged(invoice)["costs"] == D("40.00")


# --- from when interest counts, and at which rate -----------------------------------------------------


@pytest.mark.parametrize(("agreed", "booked"), [("", "0.30"), ("betaalvoorwaarden 2026, artikel 4", "0.50")])
def test_interest_counts_from_the_end_of_the_reminder_unless_a_term_was_agreed(agreed, booked):
    provider = factories.provider(term_agreed_in=agreed)
    invoice = until(new_invoice(patient=factories.patient(provider=provider)), COSTS_ON)
    assert charged(invoice)["interest"] == D(booked)
    first = "2 april 2026" if agreed else "21 april 2026"
    assert f"De rente telt vanaf {first}." in text_of("final_notice")


def test_nothing_is_booked_past_the_half_year_that_somebody_confirmed(monkeypatch):
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", date(2026, 4, 30))
    invoice = until(new_invoice(amount="1000.00"), COSTS_ON)
    assert charged(invoice)["interest"] == D("1.10")  # 21 to 30 April
    assert "was op 30 april 2026 4% per jaar" not in text_of("final_notice")  # the letter left before that day


# --- a payment that we learn of late ------------------------------------------------------------------


def learn(invoice, paid_on: date, amount: str, on: date) -> None:
    payment = attempt(invoice, mollie_id=f"tr_{paid_on}", amount=amount)
    settlement.settle(payment, report(payment, created_at=at(paid_on), paid_at=at(paid_on)), now=at(on))


def test_paid_on_the_last_day_and_learnt_eight_days_later_costs_nothing():
    invoice = until(new_invoice(), COSTS_ON)
    assert charged(invoice) == {"costs": D("40.00"), "interest": D("0.30")}
    learn(invoice, LAST_DAY, "100.00", COSTS_ON + timedelta(days=1))
    assert charged(invoice) == {"costs": D("0.00"), "interest": D("0.00")}
    assert ledger.balance(invoice.pk) == D("0.00")
    told = text_of("charges_taken_off")
    assert "U betaalde op 8 mei 2026. Dat was op tijd" in told
    assert "Er is afgegaan: € 40,30" in told
    assert "Nog te betalen: € 0,00" in text_of("receipt")
    live_through(COSTS_ON + timedelta(days=1), COSTS_ON + timedelta(days=40), every=3)
    assert "final" not in kinds()


def test_a_part_that_came_in_time_lowers_costs_and_interest_and_never_raises_them():
    """Of € 1.000 came € 600 in time: 15% of the rest is € 60, and the interest falls with it."""
    invoice = until(new_invoice(amount="1000.00"), COSTS_ON)
    before = charged(invoice)
    assert before == {"costs": D("150.00"), "interest": D("2.96")}
    learn(invoice, LAST_DAY, "600.00", COSTS_ON + timedelta(days=8))
    after = charged(invoice)
    assert after["costs"] == D("60.00")
    assert D("1.80") < after["interest"] < before["interest"]
    assert Letter.objects.get(step=Step.FINAL_NOTICE).costs_base == D("400.00")
    assert ledger.balance(invoice.pk) == D("400.00") + after["costs"] + after["interest"]


def test_what_was_paid_after_the_costs_changes_nothing():
    invoice = until(new_invoice(), COSTS_ON)
    learn(invoice, COSTS_ON, "100.00", COSTS_ON + timedelta(days=3))
    assert charged(invoice) == {"costs": D("40.00"), "interest": D("0.30")}
    assert "charges_taken_off" not in kinds()


def test_costs_paid_in_the_meantime_come_back_as_credit():
    """Paid by two ways: in time (learnt late), and once more with the costs."""
    invoice = until(new_invoice(), COSTS_ON)
    learn(invoice, COSTS_ON, "140.30", COSTS_ON)
    learn(invoice, LAST_DAY, "100.00", COSTS_ON + timedelta(days=3))
    assert ledger.balance(invoice.pk) == D("-140.30")
    assert "U heeft € 140,30 te veel betaald." in text_of("charges_taken_off")


# --- small rests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", ["0.01", "4.99"])
def test_under_five_euros_no_letters_leave_and_a_person_decides(amount):
    invoice = until(new_invoice(amount=amount), COSTS_ON)
    assert kinds() == ["invoice_notice"]
    assert charged(invoice) == {}
    assert StaffTask.objects.get().kind == StaffTask.Kind.SMALL_REST


def test_five_euros_are_asked_for():
    until(new_invoice(amount="5.00"), COSTS_ON)
    assert kinds() == ["invoice_notice", "friendly_note", "reminder", "final_notice", "notice_of_costs"]


def test_a_cent_that_is_left_after_paying_in_time_costs_nothing():
    invoice = until(new_invoice(), NOTICED)
    pay(invoice, "99.99", LAST_DAY)
    until(invoice, COSTS_ON)
    live(FINAL_ON)
    assert charged(invoice) == {}
    assert not {"notice_of_costs", "final"} & set(kinds())


def test_in_a_joint_letter_a_small_rest_pays_no_share(settings):
    settings.DUNNING_FROM_AMOUNT = D(0)
    first = new_invoice()
    second = new_invoice(patient=first.patient)
    until(first, NOTICED)
    pay(second, "97.51", LAST_DAY)  # € 2,49 is left
    until(first, COSTS_ON)
    assert charged(first)["costs"] == D("40.00")
    assert charged(second) == {}


def test_a_transfer_of_the_last_day_that_staff_book_after_the_costs_takes_them_off():
    invoice = until(new_invoice(), COSTS_ON)
    assert charged(invoice) == {"costs": D("40.00"), "interest": D("0.30")}
    received = Received(
        D("100.00"), received_on=LAST_DAY, road=Receipt.Road.TRANSFER, reference="", reason="afschrift",
        by=factories.staff(provider=invoice.provider), key="a",
    )  # fmt: skip
    receipts.report(invoice, received, today=COSTS_ON)
    assert charged(invoice) == {"costs": ZERO, "interest": ZERO}
    assert ledger.balance(invoice.pk) == ZERO
    assert "Er is afgegaan: € 40,30" in text_of("charges_taken_off")


def test_a_payment_after_the_costs_of_which_we_learn_after_the_last_letter_stops_the_interest_on_its_day():
    invoice = until(new_invoice(amount="1000.00"), COSTS_ON)
    before = charged(invoice)
    live_through(COSTS_ON + timedelta(days=1), FINAL_ON)
    wrong = charged(invoice)["interest"]
    received = Received(
        D("1000.00"), received_on=COSTS_ON + timedelta(days=1), road=Receipt.Road.TRANSFER, reference="", reason="x",
        by=factories.staff(provider=invoice.provider), key="a",
    )  # fmt: skip
    invoice.provider.receipts_confirmed_above = D("2500.00")
    invoice.provider.save()
    receipts.report(invoice, received, today=FINAL_ON)
    after = charged(invoice)
    assert after["costs"] == before["costs"], "they were due before it came"
    # It paid costs and interest first, so that 152.96 of the principal bore interest from then on.
    assert before["interest"] < after["interest"] < before["interest"] + (wrong - before["interest"]) / 4
