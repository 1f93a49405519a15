"""The link in a mail: looking uses nothing up, a button opens the invoice, and its day comes."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import links
from billing.dunning import planning
from billing.invoices import open_links
from billing.models import Invoice, OutboxMessage
from billing.outbox import delivery
from tests import factories
from tests.billing.invoices.schedule_walk import new_invoice
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def sink(settings):
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        yield sink


@pytest.fixture
def invoice() -> Invoice:
    return factories.invoice()


def address(invoice: Invoice, *, days: int = 90) -> str:
    return factories.link(invoice, days=days)


def bare(invoice: Invoice, *, days: int) -> str:
    return address(invoice, days=days).split("/")[-2]


def body_of(mail) -> str:
    return mail.get_body(("plain",)).get_content()


class TestItEndsWithWhatItRestsOn:
    """A link in a mail ends with the mail address, the one on paper with the postal address, all with the patient."""

    CORRECTED = ({"email": "nieuw@post.example"}, {"email": ""})

    @pytest.mark.parametrize("corrected", CORRECTED)
    def test_and_so_does_the_page_that_it_opened(self, client, invoice, corrected):
        link = address(invoice)
        assert client.post(link).status_code == 303
        page = reverse("invoice", args=[invoice.token])
        assert client.get(page).status_code == 200
        type(invoice.patient).objects.filter(pk=invoice.patient_id).update(**corrected)
        assert client.get(page).status_code == 303
        assert Client().post(link).status_code == 404
        type(invoice.patient).objects.filter(pk=invoice.patient_id).update(email=invoice.patient.email)
        assert client.get(page).status_code == 303, "what ended stays so"

    def test_the_one_on_paper_with_the_postal_address(self, invoice):
        paper = urlsplit(open_links.on_paper(invoice, until=timezone.localdate())).path
        type(invoice.patient).objects.update(email="nieuw@post.example")
        assert Client().post(paper).status_code == 303
        type(invoice.patient).objects.update(house_number="99")
        assert Client().post(paper).status_code == 404

    def test_a_page_by_the_reference_rests_on_neither(self, client, invoice):
        client.post("/", {"reference": invoice.payment_reference})
        type(invoice.patient).objects.update(email="nieuw@post.example", house_number="99")
        assert client.get(reverse("invoice", args=[invoice.token])).status_code == 200

    def test_of_an_erased_patient_nothing_opens(self, invoice):
        link = address(invoice)
        type(invoice.patient).objects.update(email="", street="", house_number="", postcode="", city="")
        assert Client().post(link).status_code == 404


def test_a_link_that_was_over_stays_so_when_the_clock_goes_back(invoice, monkeypatch):
    link = address(invoice, days=3)
    assert Client().post(link).status_code == 303
    today = timezone.localdate()
    monkeypatch.setattr("portal.pages.lookup.timezone.localdate", lambda *_: today + timedelta(days=4))
    assert Client().get(link).status_code == 404
    monkeypatch.undo()
    assert Client().post(link).status_code == 404
    assert Client().post(address(invoice, days=30)).status_code == 303, "a later one is none of that"


def test_a_placeholder_in_a_text_opens_no_invoice_of_somebody_else(invoice):
    other = factories.invoice()
    text = open_links.placeholder(other, until=timezone.localdate())
    with pytest.raises(ValueError, match="another patient"):
        open_links.filled_in(f"zie {text}", email="x@post.example", about=invoice.pk)


def test_a_scanner_that_opens_the_link_changes_nothing_and_uses_nothing_up(client, invoice, django_assert_num_queries):
    link = address(invoice)
    with django_assert_num_queries(9):  # what it rests on and the language of our mail, and nothing written
        for method in ("get", "head", "get"):
            response = getattr(Client(), method)(link)
            assert response.status_code == 200
            assert "Set-Cookie" not in response or "zorgrekening" not in str(response.headers["Set-Cookie"])
    assert client.post(link).status_code == 303


def test_the_button_opens_the_invoice_at_its_clean_address_again_and_again(invoice):
    for _visit in range(2):
        client = Client()
        before = client.session.session_key
        response = client.post(address(invoice))
        assert (response.status_code, response["Location"]) == (303, reverse("invoice", args=[invoice.token]))
        assert client.get(response["Location"]).status_code == 200
        assert client.session.session_key != before


def test_the_pages_go_on_in_the_language_of_our_mail():
    invoice = factories.invoice(patient=factories.patient(language="en"))
    client = Client()
    page = client.get(address(invoice))
    assert page["Content-Language"] == "en"
    assert b'<html lang="en"' in page.content
    assert "language" not in client.cookies, "looking changes nothing"
    cookie = client.post(address(invoice)).cookies["language"]
    assert (cookie.value, bool(cookie["httponly"]), cookie["samesite"]) == ("en", True, "Lax")
    assert client.get(reverse("invoice", args=[invoice.token]))["Content-Language"] == "en"


def test_a_language_that_was_chosen_stays():
    invoice = factories.invoice(patient=factories.patient(language="en"))
    client = Client()
    client.cookies["language"] = "nl"
    assert client.get(address(invoice))["Content-Language"] == "nl"
    assert "language" not in client.post(address(invoice)).cookies


def test_it_is_a_form_that_only_our_own_page_can_send(invoice):
    client = Client(enforce_csrf_checks=True)
    assert client.post(address(invoice)).status_code == 403
    page = client.get(address(invoice)).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
    assert client.post(address(invoice), {"csrfmiddlewaretoken": token}).status_code == 303


def test_the_link_of_a_withdrawn_invoice_opens_the_page_that_says_so(client, invoice):
    Invoice.objects.filter(pk=invoice.pk).update(withdrawn_at=timezone.now())
    response = client.post(address(invoice), follow=True)
    assert "U hoeft deze rekening niet te betalen." in response.content.decode()


def test_over_forged_erased_and_unknown_get_one_answer(client, invoice):
    good = bare(invoice, days=0)
    mail = open_links.on_mail(invoice.patient.email)
    stranger = links.sign(links.new_token(), until=timezone.localdate(), rests_on=mail)
    assert client.post(reverse("link", args=[good])).status_code == 303
    Invoice.objects.filter(pk=invoice.pk).update(erased_at=timezone.now())
    over = bare(invoice, days=-1)
    later = f"{int(good[24:29], 16) + 1:05x}"
    answers = {
        re.sub(r'value="[^"]+"', "", Client().post(reverse("link", args=[link])).content.decode()).replace(link, "")
        for link in (good, over, stranger, good[:24] + later + good[29:], good[:-1] + "_", invoice.token)
    }
    assert len(answers) == 1
    assert Client().get(reverse("link", args=[over])).status_code == 404


def test_a_link_has_at_least_128_secret_bits_and_is_no_part_of_a_page(client, invoice):
    link = bare(invoice, days=0)
    assert len(link) - 29 >= 128 / 6
    client.post(reverse("link", args=[link]))
    assert link[29:] not in client.get(reverse("invoice", args=[invoice.token])).content.decode()


def test_the_mail_about_a_new_invoice_carries_a_link_that_works(client, sink):
    invoice = new_invoice(on=timezone.localdate())
    planning.sweep()
    delivery.sweep()
    row = OutboxMessage.objects.get(invoice=invoice)
    assert "/openen/" not in row.text + row.html, "who reads the row can't be the patient with it"
    text = body_of(sink.mails[0])
    link = re.search(r"/openen/[A-Za-z0-9_-]+/", text.replace("\n", "")).group(0)
    assert client.post(link).status_code == 303
    assert invoice.payment_reference not in text
    assert "controle" not in text.lower()
