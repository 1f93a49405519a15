"""To the bank and back, through our own pages, with the stand-in bank over real HTTP."""

from datetime import timedelta

import pytest
import requests
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.invoices import holds
from billing.links import new_token
from billing.models import Hold, Payment, WebhookCall
from billing.payments import attempts
from sandbox import faults
from tests import factories
from tests.billing.payments import bank

FORM = "application/x-www-form-urlencoded"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def invoice():
    return factories.invoice(amount="100.00")


@pytest.fixture
def guest(client, invoice):
    """A browser in which the invoice is open."""
    assert client.post("/", {"reference": invoice.payment_reference}).status_code == 303
    return client


def text_of(response):
    return response.content.decode().replace("\xa0", " ")


def pay(guest, invoice):
    response = guest.post(reverse("pay", args=[invoice.token]))
    assert response.status_code == 303
    return Payment.objects.latest("pk"), response["Location"]


def at_the_bank(payment, status):
    """It ended there, and the two seconds are over in which we don't ask again."""
    bank.end(payment, status)
    Payment.objects.update(fetched_at=None)


class TestStart:
    def test_the_button_leads_to_the_bank_over_a_page_that_forwards(self, guest, invoice):
        payment, address = pay(guest, invoice)
        assert address == f"/betaling/{payment.token}/naar-uw-bank/"
        page = text_of(guest.get(address))
        assert f'<a class="button" href="{payment.checkout_url}" rel="noopener">Verder naar uw bank' in page
        assert f'<meta http-equiv="refresh" content="0; url={payment.checkout_url}">' in page
        assert "€ 100,00" in page
        assert f"/rekening/{invoice.token}/" in page
        payment.refresh_from_db()
        assert payment.next_check_at == payment.went_to_bank_at + timedelta(minutes=1)

    def test_a_second_click_gets_the_same_payment(self, guest, invoice):
        assert pay(guest, invoice) == pay(guest, invoice)

    def test_opening_the_address_of_the_button_pays_nothing(self, guest, invoice):
        response = guest.get(reverse("pay", args=[invoice.token]))
        assert (response.status_code, response["Location"]) == (303, f"/rekening/{invoice.token}/")
        assert not Payment.objects.exists()

    def test_without_the_reference_nobody_starts_a_payment(self, client, invoice):
        assert client.post(reverse("pay", args=[invoice.token]))["Location"] == "/"
        assert not Payment.objects.exists()

    def test_another_site_cannot_press_the_button(self, invoice):
        strict = Client(enforce_csrf_checks=True)
        response = strict.post(reverse("pay", args=[invoice.token]))
        assert response.status_code == 403
        assert "Deze pagina stond te lang open" in text_of(response)

    def test_a_refusal_is_shown_on_the_page_of_the_invoice(self, guest, invoice):
        holds.place_hold(invoice, Hold.STAFF, by="test")
        response = guest.post(reverse("pay", args=[invoice.token]))
        assert response.status_code == 409
        page = text_of(response)
        assert 'role="alert"' in page
        assert "Betaal nog niet" in page
        assert "<title>Fout: " in page

    def test_the_bank_page_has_no_dead_link(self, guest, invoice):
        payment, address = pay(guest, invoice)
        bank.end(payment, "expired")
        attempts.sync_payment(payment.pk)
        assert guest.get(address)["Location"] == f"/betaling/{payment.token}/"


class TestReturn:
    def test_it_needs_no_session_and_tells_nothing_of_the_care(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        page = text_of(Client().get(f"/betaling/{payment.token}/"))
        assert "Wij wachten op uw bank" in page
        assert "€ 100,00" in page
        for secret in (invoice.provider.name, invoice.number, invoice.payment_reference, invoice.token):
            assert secret not in page

    def test_while_waiting_it_asks_again_by_itself_with_and_without_javascript(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        page = text_of(guest.get(f"/betaling/{payment.token}/"))
        refresh = f"5; url=/betaling/{payment.token}/?opnieuw"
        assert f'<noscript><meta http-equiv="refresh" content="{refresh}"></noscript>' in page
        assert f'data-status-url="/betaling/{payment.token}/status.json"' in page
        assert 'role="status"' in page
        assert "<p data-still-waiting hidden>" in page, (
            "who comes back from the bank this moment is not sent there again"
        )
        page = text_of(guest.get(f"/betaling/{payment.token}/?opnieuw"))
        assert "<p data-still-waiting>" in page
        assert f'href="/betaling/{payment.token}/naar-uw-bank/"' in page, "who did not pay yet can still go on"

    def test_who_comes_back_a_second_later_sees_fresh_news(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        bank.end(payment, "paid")
        Payment.objects.update(fetched_at=timezone.now() - timedelta(seconds=1))
        assert "uw betaling is binnen" in text_of(Client().get(f"/betaling/{payment.token}/"))

    def test_it_does_not_refresh_for_ever(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        Payment.objects.update(created_at=timezone.now() - timedelta(hours=1))
        assert "http-equiv" not in text_of(guest.get(f"/betaling/{payment.token}/"))

    def test_it_turns_to_paid_without_a_webhook(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        at_the_bank(payment, "paid")
        page = text_of(Client().get(f"/betaling/{payment.token}/"))
        assert "Dank u wel, uw betaling is binnen" in page
        assert "http-equiv" not in page
        assert bank.balance(invoice) == 0
        assert "Niets meer te betalen" in text_of(guest.get(f"/rekening/{invoice.token}/"))

    @pytest.mark.parametrize(
        ("status", "words"),
        [
            ("canceled", "U heeft de betaling gestopt"),
            ("expired", "Het duurde te lang, daarom is de betaling gestopt"),
            ("failed", "De betaling is niet gelukt"),
        ],
    )
    def test_what_did_not_succeed_can_be_tried_again(self, guest, invoice, status, words):
        payment, _address = pay(guest, invoice)
        at_the_bank(payment, status)
        page = text_of(guest.get(f"/betaling/{payment.token}/"))
        assert words in page
        assert f'action="/rekening/{invoice.token}/betalen/"' in page
        again, _address = pay(guest, invoice)
        assert again.pk != payment.pk
        assert 'href="/"' in text_of(Client().get(f"/betaling/{payment.token}/"))

    def test_a_bank_that_is_silent_leaves_the_page_waiting(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        faults.configure({"get": "503"})
        page = text_of(guest.get(f"/betaling/{payment.token}/"))
        assert "Wij wachten op uw bank" in page

    def test_a_payment_whose_creation_is_in_doubt_is_being_prepared(self, guest, invoice):
        faults.configure({"create": "503"})
        payment, address = pay(guest, invoice)
        assert payment.status == Payment.Status.CREATE_UNKNOWN
        response = guest.get(address, follow=True)
        assert response.redirect_chain == [(f"/betaling/{payment.token}/", 303)]
        assert "Wij maken uw betaling klaar" in text_of(response)

    def test_the_status_for_the_script(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        address = reverse("payment_status", args=[payment.token])
        answer = Client().get(address)
        assert answer.json() == {"state": "waiting"}
        assert answer["Cache-Control"] == "no-store"
        at_the_bank(payment, "paid")
        assert Client().get(address).json() == {"state": "paid"}

    def test_it_asks_the_gateway_at_most_once_in_two_seconds(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        address = reverse("payment_status", args=[payment.token])
        Client().get(address)
        bank.end(payment, "paid")
        assert Client().get(address).json() == {"state": "waiting"}

    @pytest.mark.parametrize("name", ["payment_return", "payment_bank", "payment_status"])
    def test_an_unknown_token_is_no_page(self, client, name):
        assert client.get(reverse(name, args=[new_token()])).status_code == 404


class TestWebhook:
    def call(self, token, body="id=tr_AbCdEf1234", **extra):
        strict = Client(enforce_csrf_checks=True)
        return strict.post(
            f"/mollie/{token}/", body, content_type=extra.pop("content_type", "application/x-www-form-urlencoded")
        )

    def test_it_is_written_down_and_answered(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        response = self.call(payment.webhook_token, f"id={payment.mollie_id}")
        assert (response.status_code, response.content) == (200, b"")
        assert WebhookCall.objects.filter(payment=payment, mollie_id=payment.mollie_id).exists()

    @pytest.mark.parametrize("body", ["id=", "id=tr_../../methods", "id=" + "9" * 900])
    def test_strangers_learn_nothing(self, guest, invoice, body):
        payment, _address = pay(guest, invoice)
        for token in (payment.webhook_token, new_token(), payment.token, "a"):
            response = self.call(token, body)
            assert (response.status_code, response.content) == (200, b"")
        assert not WebhookCall.objects.exists()

    @pytest.mark.parametrize(
        ("content_type", "body"),
        [
            ("multipart/form-data", b"id=tr_AbCdEf1234"),
            ("multipart/form-data; boundary=", b"id=tr_AbCdEf1234"),
            ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data"),
            ("multipart/form-data; boundary=\xe9", b"id=tr_AbCdEf1234"),
            ("application/x-www-form-urlencoded; charset=latin-1", b"id=\xe9"),
            ("application/x-www-form-urlencoded", b"id=tr_x%00y"),
            ("application/x-www-form-urlencoded", b"id=\xff\xfe"),
            ("application/x-www-form-urlencoded", b"&".join(b"a=" for _ in range(300))),
            ("application/json", b'{"id": "tr_AbCdEf1234"'),
            ("", b"id=tr_AbCdEf1234"),
        ],
    )
    def test_a_body_that_is_no_form_gets_the_same_answer_everywhere(self, guest, invoice, settings, content_type, body):
        settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 250
        payment, _address = pay(guest, invoice)
        addresses = [f"/mollie/{token}/" for token in (payment.webhook_token, new_token())]
        answers = [Client().generic("POST", address, body, content_type=content_type) for address in addresses]
        assert [answer.status_code for answer in answers] == [400, 400]
        assert WebhookCall.objects.count() == 0

    def test_what_was_not_read_is_never_answered_with_200(self, guest, invoice):
        payment, _address = pay(guest, invoice)
        call = f"id={payment.mollie_id}"
        assert self.call(payment.webhook_token, f"{call}&x=" + "x" * 1024).status_code == 413
        assert self.call(payment.webhook_token, "").status_code == 400
        assert not WebhookCall.objects.exists()

    @pytest.mark.parametrize("address", ["/mollie/{}/", "/", "/rekening/{}/betalen/", "/language/", "/sandbox/sms"])
    def test_a_body_in_chunks_is_refused_everywhere(self, sandbox, guest, invoice, address):
        payment, _address = pay(guest, invoice)
        chunks = iter([b"id=", payment.mollie_id.encode()])
        url = sandbox.url + address.format(payment.webhook_token)
        answer = requests.post(url, data=chunks, headers={"Content-Type": FORM}, timeout=30)
        assert answer.status_code == 411
        assert not WebhookCall.objects.exists()

    def test_only_post(self, client):
        assert client.get("/mollie/whatever-token/").status_code == 405


@pytest.mark.both_databases
@pytest.mark.parametrize("address", ["/mollie/%00/", "/betaling/%00%00%00%00%00%00%00%00%00%00%00/", "/rekening/%00/"])
def test_no_token_breaks_the_database(client, address):
    assert client.post(address, "id=tr_AbCdEf1234", content_type="application/x-www-form-urlencoded").status_code < 500
