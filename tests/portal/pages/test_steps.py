"""The page of the steps: what came, what may come, what it costs, what stops it and who asks to pay."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override

from billing.dunning.forecast import forecast_of
from billing.invoices import schedule
from billing.invoices.holds import place_hold
from billing.law import interest
from billing.models import ReminderStep
from billing.templatetags.money import euro
from tests import factories
from tests.billing.invoices.test_history import letter_about
from tests.portal.pages.test_invoice_page import open_in, page
from tests.portal.pages.test_where_it_stands import plain

pytestmark = pytest.mark.django_db
Step = ReminderStep.Step


def steps_page(client: Client, invoice, language: str = "nl") -> str:
    open_in(client, invoice)
    address = reverse("steps", args=[invoice.token])
    return plain(client.get(address, headers={"accept-language": language}).content.decode())


def announce(invoice):
    """Leave the invoice as on the day on which its announcement left: all steps are still to come."""
    today = timezone.localdate()
    letter_about(invoice, Step.NOTICE, sent_on=today)
    note_on = schedule.first_note_on(invoice.due_on)
    type(invoice).objects.filter(pk=invoice.pk).update(next_step=Step.NOTE, next_step_on=note_on)
    return invoice


@pytest.fixture
def announced():
    today = timezone.localdate()
    return announce(factories.invoice(issued_on=today, due_on=today + timedelta(days=30), amount="250.00"))


@pytest.mark.parametrize("language", ["nl", "en"])
def test_each_step_stands_there_with_its_earliest_day_and_its_euros(client, announced, language):
    found = forecast_of(announced.pk, now=timezone.now())
    text = steps_page(client, announced, language)
    assert [step.step for step in found.steps] == list(Step)[1:]
    with override(language):
        for step in found.steps:
            assert date_format(step.earliest, "DATE_FORMAT") in text
        amount, added = (euro(sum_).replace("\xa0", " ") for sum_ in (Decimal("250.00"), found.added))
    assert found.added >= Decimal("40.00")
    if language == "nl":
        assert f"Betaalt u vandaag {amount} ? Dan stopt alles. Dan komen deze kosten nooit: {added} ." in text
    else:
        assert f"If you pay {amount} today, all of this stops. Then these costs never come: {added} ." in text
    assert announced.provider.name in text
    assert "Lindelaan 12, 1234 AB Utrecht" in text


def test_it_names_no_patient_and_no_care(client, announced):
    text = steps_page(client, announced)
    for private in ("Vries", "Dorpsstraat", "Periodieke controle", "C002", announced.patient.email):
        assert private not in text


def test_in_a_rest_no_steps_come_but_paying_stays_possible(client, announced):
    place_hold(announced, "breathing_space", by="patient", until=timezone.localdate() + timedelta(days=30))
    text = steps_page(client, announced)
    assert "Uw rekening staat stil. Zolang dat zo is, krijgt u geen brieven en komt er niets bij." in text
    assert "Dit zijn de eerste dagen" not in text
    assert "nooit:" not in text
    assert "Naar betalen" in text


def test_while_nothing_may_be_paid_it_asks_for_nothing_and_says_why(client, announced):
    place_hold(announced, "awaiting_decision", by="test", until=timezone.localdate())
    text = steps_page(client, announced)
    assert "Betaal nog niet" in text
    for asking in (
        "Als u vandaag betaalt",
        "Naar betalen",
        "Wat er komt als u niet betaalt",
        "Dit zijn de eerste dagen",
    ):
        assert asking not in text


def test_of_a_day_later_it_says_only_what_is_true(client, announced, monkeypatch):
    today = timezone.localdate()
    later, no_more = "Een dag later kost iets meer.", "Over de tijd na die dag rekenen wij nu geen rente."
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", date(2026, 6, 30))
    text = steps_page(client, announced)
    assert (later in text, no_more in text) == (False, True)
    monkeypatch.setattr(interest, "RATES_CONFIRMED_THROUGH", today + timedelta(days=365))
    text = steps_page(client, announced)
    assert any(step.interest for step in forecast_of(announced.pk, now=timezone.now()).steps)
    assert (later in text, no_more in text) == (True, False)


def test_the_page_of_the_invoice_leads_there_and_who_owes_nothing_goes_back(client, announced):
    address = reverse("steps", args=[announced.token])
    assert address in page(client, announced)
    paid = factories.invoice(amount="10.00", insurer_paid="10.00")
    open_in(client, paid)
    response = client.get(reverse("steps", args=[paid.token]))
    assert (response.status_code, response.url) == (303, reverse("invoice", args=[paid.token]))
    assert Client().get(address).status_code == 303, "a browser that did not open the invoice"


def test_whose_claim_it_is_and_the_number_in_the_register(client, announced, settings):
    settings.OPERATOR = settings.OPERATOR | {"name": "Rekeningdienst B.V.", "wki": "WKI-0042", "kvk": "87654321"}
    text = steps_page(client, announced)
    assert f"Wij schrijven namens {announced.provider.name}." in text
    assert "Nummer in het register voor incassodienstverlening (Wki): WKI-0042" in text
    type(announced.provider).objects.update(creditor="operator")
    assert "heeft de vordering aan ons overgedragen" in steps_page(client, announced)
