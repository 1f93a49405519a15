"""Paying a part that the patient chooses: on the page, without JavaScript, with the stand-in bank over real HTTP."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from billing import ledger
from billing.invoices import holds
from billing.ledger.breakdown import parts_of
from billing.models import Hold, Invoice, OutboxMessage, Payment, PaymentPlan
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


def pay_at_the_bank(guest, invoice, typed):
    """Pay a part, and come back from the bank."""
    pay_part(guest, invoice, typed)
    payment = Payment.objects.latest("pk")
    bank.end(payment, "paid")
    attempts.sync_payment(payment.pk)
    return text_of(guest.get(reverse("payment_return", args=[payment.token])))


def test_after_paying_the_page_and_the_mail_say_what_is_left_and_until_when(guest, invoice):
    page = pay_at_the_bank(guest, invoice, "300")
    day = date_format(invoice.due_on)
    assert f"U moet nog € 1.000,00 van deze rekening betalen, uiterlijk op <strong>{day}</strong>." in page
    assert "Wat u hiermee heeft betaald" not in page, "there is nothing to explain"
    assert f"U moet nog € 1.000,00 betalen, uiterlijk op {day}." in receipt()


def test_after_the_last_day_neither_names_a_day_that_is_over_as_one_to_come(guest, invoice):
    Invoice.objects.update(issued_on=in_days(-31), due_on=in_days(-1))
    assert f"De laatste dag daarvoor was <strong>{date_format(in_days(-1))}</strong>" in pay_at_the_bank(
        guest, invoice, "300"
    )
    assert f"De laatste dag daarvoor was {date_format(in_days(-1))}." in receipt()


def test_in_a_plan_they_name_the_next_installment(guest, invoice):
    three_times(invoice)
    page = pay_at_the_bank(guest, invoice, "500")
    second = PaymentPlan.objects.get().installments.all()[1]
    day = date_format(second.due_on)
    assert f"Nog te betalen: € 800,00. Uw volgende termijn is € 366,67, uiterlijk op <strong>{day}</strong>." in page
    assert f"De volgende is € 366,67, uiterlijk op {day}." in receipt()


def test_costs_and_interest_are_paid_first_and_both_say_so(guest, invoice):
    charge(invoice, "costs", "40.00")
    charge(invoice, "interest", "2.50")
    page = pay_at_the_bank(guest, invoice, "100")
    for line in (
        "<dt>Incassokosten</dt><dd>€ 40,00</dd>",
        "<dt>Wettelijke rente</dt><dd>€ 2,50</dd>",
        "<dt>De rekening zelf</dt><dd>€ 57,50</dd>",
    ):
        assert line in page
    said = receipt()
    for line in ("incassokosten: € 40,00", "rente: € 2,50", "de rekening: € 57,50"):
        assert f"Daarvan voor {line}" in said
    parts = parts_of(invoice)
    assert (parts.costs, parts.interest, parts.principal) == (0, 0, Decimal("1242.50"))


def test_what_failed_is_asked_for_again_and_not_all_of_it(guest, invoice):
    pay_part(guest, invoice, "20")
    payment = Payment.objects.get()
    bank.end(payment, "failed")
    attempts.sync_payment(payment.pk)
    page = text_of(guest.get(reverse("payment_return", args=[payment.token])))
    assert '<input type="hidden" name="part" value="20.00">' in page


def charge(invoice, kind, amount):
    with transaction.atomic():
        locked = ledger.lock_invoice(invoice.pk)
        when = timezone.now() - timedelta(days=1)
        ledger.post(locked, kind, Decimal(amount), external_id=f"{kind}:{invoice.pk}", occurred_at=when, by="test")


def receipt():
    return " ".join(OutboxMessage.objects.get(kind="receipt").text.split())
