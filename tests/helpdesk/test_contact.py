"""The contact card: on every page, at the same place and in the same order; and what the operator has to set."""

import re

import pytest
from django.urls import reverse

from helpdesk.contact import checks
from portal.settings import office
from tests import factories

pytestmark = pytest.mark.django_db
OURS = {"name": "Rekeningdienst B.V.", "phone": "+31 30 123 45 67", "email": "hulp@bedrijf.example"}
CARD = re.compile(r'<aside id="contact".*?</aside>', re.DOTALL)


@pytest.fixture(autouse=True)
def operator(settings):
    settings.OPERATOR = settings.OPERATOR | OURS
    settings.OFFICE_WEEK = office.week("ma-zo 0:00-23:59")


def opened(client, **fields):
    provider = factories.provider(name="Praktijk Linde", phone="+31201234567", phone_hours="ma-vr 8-12 uur")
    invoice = factories.invoice(provider=provider, **fields)
    client.post("/", {"reference": invoice.payment_reference})
    return invoice


def card(response):
    text = response.content.decode()
    found = CARD.findall(text)
    assert len(found) == 1, response.request["PATH_INFO"]
    assert text.index("</main>") < text.index('<aside id="contact"') < text.index("<footer")
    assert 'href="#contact"' in text.partition("<main")[0]
    return found[0]


PAGES_OF_AN_INVOICE = (
    "invoice", "code", "steps", "statement", "deferral", "plan", "cannot_pay_invoice", "complain",
)  # fmt: skip


def test_every_page_of_an_invoice_names_the_practice_first_and_then_us(client):
    invoice = opened(client, amount="100.00")
    for name in PAGES_OF_AN_INVOICE:
        shown = card(client.get(reverse(name, args=[invoice.token]), follow=True))
        parts = ["Praktijk Linde", "020 123 4567", "ma-vr 8-12 uur", "Rekeningdienst B.V.", "+31 30 123 45 67"]
        places = [shown.find(part) for part in (*parts, "Nu open, tot 23:59 uur", "hulp@", reverse("contact"))]
        assert -1 not in places, (name, places)
        assert places == sorted(places), name


def test_pages_about_no_invoice_have_the_same_card_without_a_practice(client):
    opened(client)
    for path in (
        "/",
        "/contact/",
        "/privacy/",
        "/klaar/",
        "/nee/",
        "/niet-kunnen-betalen/",
        "/api/",
        "/samen-betalen/",
    ):
        shown = card(client.get(path))
        assert "Praktijk Linde" not in shown, path
        places = [shown.find(part) for part in ("Het nummer staat op uw rekening", "+31 30 123 45 67", "hulp@bedrijf")]
        assert -1 not in places, path
        assert places == sorted(places), path


def test_whoever_may_not_see_an_invoice_does_not_learn_whose_it_is(client):
    invoice = factories.invoice(provider=factories.provider(name="Praktijk Linde"))
    for name in ("invoice", "code", "plan"):
        assert "Praktijk Linde" not in client.get(reverse(name, args=[invoice.token]), follow=True).content.decode()


def test_the_card_costs_no_query(client, settings, django_assert_num_queries):
    invoice = opened(client)
    client.get(reverse("invoice", args=[invoice.token]))
    with django_assert_num_queries(2):  # the session and the invoice
        client.get(reverse("invoice", args=[invoice.token]))


def test_contact_tells_hours_languages_costs_and_text_relay(client, settings):
    settings.OFFICE_WEEK = office.week("ma-vr 9:00-17:00")
    settings.OFFICE_LANGUAGES = ["nl", "tr"]
    text = client.get("/contact/").content.decode()
    for fact in (
        "Maandag tot en met vrijdag van 09:00 tot 17:00 uur", "Nederlands en Turks",
        "U betaalt alleen de gewone kosten", "KPN Teletolk", "https://www.kpnteletolk.nl/",
    ):  # fmt: skip
        assert fact in text, fact
    settings.OPERATOR = settings.OPERATOR | {"phone": "0800 1234"}
    assert "Bellen is gratis" in client.get("/contact/").content.decode()


@pytest.mark.parametrize(
    ("phone", "ids"),
    [
        ("0900 1234", ["helpdesk.E001"]), ("0906 123456", ["helpdesk.E001"]), ("+31 900 1234", ["helpdesk.E001"]),
        ("030 123 45 67", []), ("088 123 45 67", []), ("0800 1234", []), ("", []),
    ],
)  # fmt: skip
def test_no_number_that_costs_more_than_the_basic_rate(settings, phone, ids):
    settings.OPERATOR = settings.OPERATOR | {"phone": phone}
    assert [message.id for message in checks.check_contact()] == ids


def test_languages_exist_and_hours_are_asked_for(settings):
    settings.OFFICE_LANGUAGES = ["nl", "xx"]
    assert [message.id for message in checks.check_contact()] == ["helpdesk.E002"]
    assert checks.check_hours() == []
    settings.OFFICE_WEEK = {}
    assert [message.id for message in checks.check_hours()] == ["helpdesk.W001"]
