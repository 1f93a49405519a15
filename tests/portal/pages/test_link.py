"""The link in a mail: looking uses nothing up, a button opens the invoice, and its day comes."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import links
from billing.dunning import planning
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
    until = timezone.localdate() + timedelta(days=days)
    return reverse("link", args=[links.sign(invoice.token, until=until)])


def test_a_scanner_that_opens_the_link_changes_nothing_and_uses_nothing_up(client, invoice, django_assert_num_queries):
    link = address(invoice)
    with django_assert_num_queries(3):  # the language of our mail, and nothing written
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
    response = client.post(reverse("link", args=[links.sign(invoice.token, until=timezone.localdate())]), follow=True)
    assert "U hoeft deze rekening niet te betalen." in response.content.decode()


def test_over_forged_erased_and_unknown_get_one_answer(client, invoice):
    good = links.sign(invoice.token, until=timezone.localdate())
    stranger = links.sign(links.new_token(), until=timezone.localdate())
    assert client.post(reverse("link", args=[good])).status_code == 303
    Invoice.objects.filter(pk=invoice.pk).update(erased_at=timezone.now())
    over = links.sign(invoice.token, until=timezone.localdate() - timedelta(days=1))
    later = f"{int(good[24:29], 16) + 1:05x}"
    answers = {
        re.sub(r'value="[^"]+"', "", Client().post(reverse("link", args=[link])).content.decode()).replace(link, "")
        for link in (good, over, stranger, good[:24] + later + good[29:], good[:-1] + "_", invoice.token)
    }
    assert len(answers) == 1
    assert Client().get(reverse("link", args=[over])).status_code == 404


def test_a_link_has_at_least_128_secret_bits_and_is_no_part_of_a_page(client, invoice):
    link = links.sign(invoice.token, until=timezone.localdate())
    assert len(link) - 29 >= 128 / 6
    client.post(reverse("link", args=[link]))
    assert link[29:] not in client.get(reverse("invoice", args=[invoice.token])).content.decode()


def test_the_mail_about_a_new_invoice_carries_a_link_that_works(client, sink):
    invoice = new_invoice(on=timezone.localdate())
    planning.sweep()
    delivery.sweep()
    text = OutboxMessage.objects.get(invoice=invoice).text
    link = re.search(r"/openen/[A-Za-z0-9_-]+/", text.replace("\n", "")).group(0)
    assert client.post(link).status_code == 303
    assert invoice.payment_reference not in text
    assert "controle" not in text.lower()
