"""Paying a part that the patient chooses: on the page, without JavaScript, with the stand-in bank over real HTTP."""

from decimal import Decimal

import pytest
from django.urls import reverse

from billing import ledger
from billing.invoices import holds
from billing.models import Hold, Payment
from billing.payments import attempts
from tests import factories
from tests.billing.payments import bank
from tests.portal.pages.test_arrangement_pages import in_days, three_times
from tests.portal.pages.test_payment_pages import text_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]


@pytest.fixture
def invoice():
    return factories.invoice(amount="1300.00")


@pytest.fixture
def guest(client, invoice):
    """A browser in which the invoice is open."""
    assert client.post("/", {"reference": invoice.payment_reference}).status_code == 303
    return client


def pay_part(guest, invoice, typed):
    return guest.post(reverse("pay", args=[invoice.token]), {"part": typed})


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("20", "20.00"), ("20,-", "20.00"), ("\u20ac 1.234,50", "1234.50"), ("5", "5.00"), ("1300", "1300.00")],
)
def test_an_amount_as_people_type_it_goes_to_the_bank(guest, invoice, typed, amount):
    response = pay_part(guest, invoice, typed)
    payment = Payment.objects.get()
    assert (response.status_code, payment.amount) == (303, Decimal(amount))
    assert f'<a class="button" href="{payment.checkout_url}"' in text_of(guest.get(response["Location"]))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("63,165", "Dit is geen bedrag in euro's"),
        ("twintig", "Dit is geen bedrag in euro's"),
        ("-20", "Dit is geen bedrag in euro's"),
        ("9" * 200, "Dit is geen bedrag in euro's"),
        ("", "Vul het bedrag in dat u nu wilt betalen"),
        ("4,99", "Vul minstens € 5,00 in"),
        ("0", "Vul minstens € 5,00 in"),
        ("1300,01", "Dit is meer dan u nog moet betalen. Vul € 1.300,00 in, of minder"),
    ],
)
def test_a_wrong_amount_gets_a_sentence_and_changes_nothing(guest, invoice, typed, sentence):
    page = text_of(pay_part(guest, invoice, typed)).replace("&#39;", "'")
    assert sentence in page
    assert "<title>Fout: " in page
    assert '<details class="part" open>' in page, "the field that was wrong is in sight"
    assert f'value="{typed}"' in page or not typed, "what was typed is still there"
    assert not Payment.objects.exists()
    assert bank.balance(invoice) == 1300


def test_less_than_the_least_part_is_paid_whole_or_not_at_all(client):
    small = factories.invoice(amount="4.50")
    client.post("/", {"reference": small.payment_reference})
    assert 'name="part"' not in text_of(client.get(reverse("invoice", args=[small.token])))
    assert "Vul minstens € 4,50 in" in text_of(pay_part(client, small, "2"))
    assert pay_part(client, small, "4,50").status_code == 303


def test_the_least_part_is_a_house_rule(guest, invoice, settings):
    settings.PART_FROM_AMOUNT = Decimal("25.00")
    assert "Van € 25,00 tot en met € 1.300,00." in text_of(guest.get(reverse("invoice", args=[invoice.token])))
    assert "Vul minstens € 25,00 in" in text_of(pay_part(guest, invoice, "20"))


def test_a_doubled_click_is_one_payment(guest, invoice):
    assert pay_part(guest, invoice, "20")["Location"] == pay_part(guest, invoice, "20,00")["Location"]
    assert Payment.objects.count() == 1


def test_another_amount_replaces_the_first_and_what_still_comes_is_booked(guest, invoice):
    pay_part(guest, invoice, "20")
    first = Payment.objects.get()
    pay_part(guest, invoice, "30")
    second = Payment.objects.latest("pk")
    first.refresh_from_db()
    assert (first.superseded_at is None, second.amount) == (False, Decimal("30.00"))
    for payment in (first, second):
        bank.end(payment, "paid")
        attempts.sync_payment(payment.pk)
    assert bank.balance(invoice) == 1250


def test_on_hold_nothing_is_paid(guest, invoice):
    holds.place_hold(invoice, Hold.STAFF, by="test")
    response = pay_part(guest, invoice, "20")
    assert response.status_code == 409
    assert 'name="part"' not in text_of(response)
    assert not Payment.objects.exists()


def test_an_amount_of_an_old_page_is_not_taken_for_a_chosen_part(guest, invoice):
    """A button offers what was due then; only who types an amount means just that."""
    response = guest.post(reverse("pay", args=[invoice.token]), {"amount": "433.34"})
    assert response.status_code == 409
    assert "Het bedrag is veranderd" in text_of(response)


def test_in_a_plan_a_part_pays_the_next_installments_and_the_page_says_so(guest, invoice):
    plan = three_times(invoice)
    address = reverse("invoice", args=[invoice.token])
    page = text_of(guest.get(address))
    assert "Uw deel betaalt eerst uw volgende termijnen: eerst de € 433,34 van" in page
    pay_part(guest, invoice, "500")
    bank.end(Payment.objects.get(), "paid")
    attempts.sync_payment(Payment.objects.get().pk)
    page = text_of(guest.get(address))
    assert "1 van 3 termijnen betaald" in page
    assert "nog € 366,67" in page
    assert ledger.outstanding(invoice.pk) == 800
    plan.refresh_from_db()
    assert plan.status == plan.Status.ACTIVE
    assert plan.installments.first().due_on == in_days(10)
