"""The assistant's page: what a visitor asks, and what stands in no address and no log."""

import re
from html import unescape

import pytest
from django.conf import settings
from django.urls import reverse

from billing.models import OutboxMessage
from forbearance import breathing_space
from helpdesk.models import UnansweredQuestion
from tests import factories
from tests.portal.pages.test_invoice_page import open_in

pytestmark = pytest.mark.django_db


def ask(client, question, address="/hulp/"):
    response = client.post(address, {"question": question})
    return unescape(response.content.decode()), response.status_code


def test_it_says_that_it_is_a_computer_and_how_to_reach_a_person(client):
    page = client.get("/hulp/").content.decode()
    assert re.search(r"Ik ben een computer\. Ik ken \d+ vragen\.", page)
    assert 'href="#contact"' in page
    assert "tel:" in page


def test_a_question_of_the_faq_is_answered_with_a_way_on(client):
    response = client.post("/hulp/", {"question": "Kan ik in termijnen betalen?"})
    page = unescape(response.content.decode())
    assert response.status_code == 200
    assert "U betaalt elke maand een deel" in page
    assert b"&lt;" not in response.content, "a reader sees no markup"
    assert reverse("lookup") in page
    assert not UnansweredQuestion.objects.exists()


def test_the_invoice_answers_before_the_faq(client):
    invoice = factories.invoice(amount="123.45")
    open_in(client, invoice)
    own = reverse("assistant_of_invoice", args=[invoice.token])
    page, _status = ask(client, "Hoeveel moet ik nog betalen?", own)
    assert "€ 123,45" in page.replace("\xa0", " ")
    assert "Uit uw rekening, zoals het is op" in page


def test_who_did_not_open_the_invoice_gets_no_answer_about_it(client):
    invoice = factories.invoice(amount="123.45")
    response = client.post(reverse("assistant_of_invoice", args=[invoice.token]), {"question": "Hoeveel?"})
    assert (response.status_code, response["Location"]) == (303, "/")


def test_from_the_invoice_and_every_footer_it_is_one_link_away(client):
    invoice = factories.invoice(amount="10.00")
    page = client.get(open_in(client, invoice)).content.decode()
    assert reverse("assistant_of_invoice", args=[invoice.token]) in page
    assert 'href="/hulp/">Hulp</a>' in client.get("/").content.decode()


@pytest.mark.parametrize("given", ["", "x" * 301])
def test_what_is_no_question_gets_a_sentence(client, given):
    _page, status = ask(client, given)
    assert status == 422


def test_an_unknown_entry_is_no_answer(client):
    assert client.post("/hulp/", {"entry": "../etc"}).status_code == 200


def test_it_is_there_in_english(client):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page, _status = ask(client, "Can I pay in instalments?")
    assert "I am a computer" in page
    assert "You pay a part each month" in page


def test_who_asks_without_end_is_asked_to_call(client):
    for _ in range(60):
        client.post("/hulp/", {"entry": "pay-how"})
    _page, status = ask(client, "Kan ik later betalen?")
    assert status == 429
    page, status = ask(client, "ik wil dood")
    assert status == 200
    assert 'href="tel:113"' in page


def test_despair_is_heard_also_in_what_is_too_long(client):
    page, _status = ask(client, f"ik wil dood {'x' * 400}")
    assert 'href="tel:113"' in page


def test_who_clicked_and_paid_is_led_to_the_rest(client):
    page, _status = ask(client, "ik heb op link geklikt en betaald")
    assert "/echt/betaald/" in page
    assert f'href="{reverse("genuine_paid")}"' in page
    assert f"{settings.FRAUD_REST_DAYS} dagen laten rusten" in page


def test_mails_about_an_invoice_say_where_the_help_is():
    invoice = factories.invoice(amount="70.00")
    breathing_space.take(invoice.pk)
    mail = OutboxMessage.objects.get(invoice=invoice)
    address = settings.PUBLIC_URL.partition("://")[2]
    assert f"Of kijk op {address}/hulp." in mail.text.replace("\n", " ")


@pytest.mark.parametrize(
    ("spoken", "says"),
    [(["nl", "tr"], "Çalışanlarımız sizin dilinizi de konuşuyor."),
     (["nl", "en"], "Çalışanlarımız şu dilleri konuşuyor: Felemenkçe ve İngilizce."), ([], "")],
)  # fmt: skip
def test_who_asks_in_turkish_reads_that_answers_are_dutch_and_who_speaks_their_language(client, settings, spoken, says):
    settings.OFFICE_LANGUAGES = spoken
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "tr"
    page = client.post(reverse("assistant"), {"question": "Faturayı taksitle ödeyebilir miyim?"}).content.decode()
    reply = page.partition('id="reply"')[2].partition("</section>")[0]
    assert "Bu sayfadaki sorular ve yanıtlar Felemenkçedir." in reply
    assert says in page
    assert ("Çalışanlarımız" in page) is bool(says)
