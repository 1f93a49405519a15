"""A part that is paid after the 14-day letter: collection costs are over the rest only (ECLI:NL:HR:2016:2704).

The letter of Thursday 23 April 2026 counts as delivered on the 24th. The law's fourteen days end on 8 May, the fifteen
that the letter gives on the 9th, a Saturday, so that it promises Monday 11 May. Costs are booked on 18 May.
"""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.ledger.breakdown import parts_of
from billing.models import Letter, OutboxMessage
from tests import factories
from tests.billing.adjustments.test_taken_off import learn
from tests.billing.invoices.schedule_walk import COSTS_ON, NOTICED, Step, charged, live, new_invoice, pay, until

pytestmark = pytest.mark.django_db
D = Decimal
DAY_14, DAY_15, PROMISED = date(2026, 5, 8), date(2026, 5, 9), date(2026, 5, 11)


@pytest.fixture(autouse=True)
def _by_day(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def noticed(amount: str, **fields):
    """An invoice whose 14-day letter was sent."""
    return until(new_invoice(amount=amount, **fields), NOTICED)


def letter_text() -> str:
    return " ".join(OutboxMessage.objects.get(kind="final_notice").text.replace("\xa0", " ").split())


# By hand from art. 2 of the decree: 15% of the first € 2.500, 10% of the next, at least € 40.
VECTORS = [
    ("1000.00", "400.00", "150.00", "90.00"),
    ("3000.00", "500.00", "425.00", "375.00"),
    ("3000.00", "600.00", "425.00", "360.00"),
    ("500.00", "400.00", "75.00", "40.00"),
    ("300.00", "5.00", "45.00", "44.25"),
    ("300.00", "295.00", "45.00", "40.00"),
    ("300.00", "297.51", "45.00", "0.00"),
]


@pytest.mark.parametrize("on", [DAY_14, DAY_15, PROMISED])
@pytest.mark.parametrize(("owed", "part", "announced", "costs"), VECTORS)
def test_a_part_within_the_days_of_the_letter_lowers_the_base(owed, part, announced, costs, on):
    invoice = noticed(owed)
    assert Letter.objects.get(step=Step.FINAL_NOTICE).costs_announced == D(announced)
    pay(invoice, part, on)
    until(invoice, COSTS_ON)
    assert charged(invoice).get("costs", D(0)) == D(costs)


def test_less_than_five_euros_left_costs_nothing():
    invoice = noticed("300.00")
    pay(invoice, "295.01", DAY_15)
    until(invoice, COSTS_ON)
    assert charged(invoice) == {}


@pytest.mark.parametrize("on", [DAY_14, DAY_15, PROMISED])
def test_also_when_we_learn_of_it_after_the_costs_were_booked(on):
    invoice = noticed("1000.00")
    until(invoice, COSTS_ON)
    assert charged(invoice)["costs"] == D("150.00")
    learn(invoice, on, "400.00", COSTS_ON + timedelta(days=1))
    assert charged(invoice)["costs"] == D("90.00")
    parts = parts_of(invoice)
    assert (parts.costs, parts.principal) == (D("90.00"), D("600.00")), "there were no costs yet when it was paid"


def test_after_the_promised_day_but_before_the_booking_it_lowers_them_too():
    """The law would not ask it: whoever pays before costs exist pays none over that part."""
    invoice = noticed("1000.00")
    pay(invoice, "400.00", PROMISED + timedelta(days=1))
    until(invoice, COSTS_ON)
    assert charged(invoice)["costs"] == D("90.00")


def test_on_the_day_of_the_booking_it_pays_the_costs_and_lowers_nothing():
    invoice = noticed("1000.00")
    until(invoice, COSTS_ON)
    learn(invoice, COSTS_ON, "400.00", COSTS_ON)
    assert charged(invoice)["costs"] == D("150.00")
    parts, interest = parts_of(invoice), charged(invoice)["interest"]
    assert (parts.costs, parts.interest, parts.principal) == (0, 0, D("750.00") + interest)


def test_in_a_joint_letter_the_base_is_the_rest_of_all_of_it():
    first = new_invoice(amount="600.00")
    second = new_invoice(amount="400.00", patient=first.patient)
    until(first, NOTICED)
    pay(second, "400.00", DAY_14)
    until(first, COSTS_ON)
    live(COSTS_ON)
    assert charged(first)["costs"] == D("90.00")
    assert charged(second) == {}


def test_the_letter_promises_it_with_the_least_that_the_law_allows():
    noticed("1000.00")
    assert (
        "Kunt u niet alles betalen? U mag ook een deel betalen, vanaf € 5,00. Is dat deel uiterlijk op 11 mei 2026 bij"
        " ons binnen? Dan rekenen wij de incassokosten alleen over de rest. Ze zijn dan minstens € 40,00, zoals in de"
        " wet staat. Is er minder dan € 2,50 over? Dan komen er geen kosten bij." in letter_text()
    )


def test_a_practice_that_cannot_deduct_vat_names_the_least_with_it():
    noticed("1000.00", patient=factories.patient(provider=factories.provider(vat_on_costs=True)))
    assert "Ze zijn dan minstens € 48,40" in letter_text()


def test_a_part_paid_before_the_letter_is_in_its_sums():
    invoice = until(new_invoice(amount="1000.00"), date(2026, 4, 8))
    pay(invoice, "400.00", date(2026, 4, 10))
    until(invoice, NOTICED)
    text = letter_text()
    assert "€ 1.000,00 Al betaald: € 400,00 Nog open: € 600,00" in text
    assert "Betaal € 600,00 binnen vijftien dagen" in text
    assert "€ 90,00 incassokosten" in text


def test_the_page_says_the_same_as_the_letter(client):
    invoice = noticed("1000.00")
    Letter.objects.update(sent_on=date.today())  # noqa: DTZ011  the page looks at the clock
    client.post("/", {"reference": invoice.payment_reference})
    page = " ".join(client.get(f"/rekening/{invoice.token}/").content.decode().replace("\xa0", " ").split())
    assert "Dan rekenen wij de incassokosten alleen over de rest." in page
    assert "Volgens de wet zijn ze minstens € 40,00, behalve als er bijna niets over is." in page
