"""The page on which several invoices are paid at once."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.invoices.holds import place_hold
from billing.models import Hold, Letter, Payment, ReminderStep
from billing.money import from_cents
from billing.payments import attempts
from billing.plans import agreements
from tests import factories
from tests.billing.payments import bank

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("sandbox")]
PAGE = "/samen-betalen/"


@pytest.fixture
def three():
    practice = factories.provider(name="Tandarts De Linde")
    return [factories.invoice(provider=practice, amount=amount) for amount in ("50.00", "60.00", "70.00")]


def look_up(client, invoice):
    assert client.post("/", {"reference": invoice.payment_reference}).status_code == 303


def page(client):
    response = client.get(PAGE)
    assert response.status_code == 200
    return response.content.decode()


def ticked(html):
    return re.findall(r'name="invoice" value="([^"]+)" checked', html)


def pay(client, invoices, total):
    return client.post(PAGE, {"invoice": [i.token for i in invoices], "total": total})


def test_the_references_that_this_browser_proved(client, three):
    for invoice in three[:2]:
        look_up(client, invoice)
    html = page(client)
    assert ticked(html) == [i.token for i in three[:2]]
    assert "Betaal € 110,00 samen" in html.replace("\xa0", " ")
    assert three[2].token not in html
    for name in ("Vries", "controle"):
        assert name not in html, "nothing of the person or the care"


@pytest.mark.parametrize(
    ("amount", "said"), [("60.00", "staat nu in de lijst"), ("0.00", "hoeft u nu niet te betalen")]
)
def test_what_became_of_a_reference_that_was_added_is_said(client, three, amount, said):
    look_up(client, three[0])
    added = three[1] if amount != "0.00" else bank.paid(three[1]).invoice
    client.post(PAGE, {"reference": added.payment_reference})
    html = page(client)
    assert f"{added.number}" in html
    assert said in html.partition('role="status"')[2].partition("</p>")[0]
    assert said not in page(client), "once"


def test_one_more_is_added_by_its_reference(client, three):
    look_up(client, three[0])
    assert client.post(PAGE, {"reference": three[1].payment_reference}).status_code == 303
    assert ticked(page(client)) == [i.token for i in three[:2]]
    wrong = client.post(PAGE, {"reference": "1234 5678 9012 3456"})
    assert wrong.status_code == 200
    assert 'role="alert"' in wrong.content.decode()
    assert ticked(wrong.content.decode()) == [i.token for i in three[:2]], "what was there is still there"


def test_one_button_pays_all_of_them(client, three):
    for invoice in three:
        look_up(client, invoice)
    response = pay(client, three, "180.00")
    payment = Payment.objects.get()
    assert response["Location"] == reverse("payment_bank", args=[payment.token])
    assert [(s.invoice, s.amount) for s in payment.shares.all()] == list(
        zip(three, map(Decimal, ("50.00", "60.00", "70.00")), strict=True)
    )
    bank.end(payment, "paid")
    attempts.sync_payment(payment.pk)
    paid = client.get(reverse("payment_return", args=[payment.token])).content.decode().replace("\xa0", " ")
    assert [f"rekening {i.number}" in paid for i in three] == [True] * 3
    assert all(amount in paid for amount in ("€ 180,00", "€ 50,00", "€ 60,00", "€ 70,00"))
    assert ticked(page(client)) == [], "nothing is left to pay"


def test_without_one_the_new_sum_is_shown_before_anything_begins(client, three):
    for invoice in three:
        look_up(client, invoice)
    response = pay(client, three[:2], "180.00")
    html = response.content.decode().replace("\xa0", " ")
    assert ticked(html) == [i.token for i in three[:2]]
    assert "samen € 110,00" in html
    assert not Payment.objects.exists()
    assert pay(client, three[:2], "110.00").status_code == 303
    assert Payment.objects.get().amount == 110


def test_one_alone_is_a_payment_as_any(client, three):
    for invoice in three[:2]:
        look_up(client, invoice)
    assert pay(client, three[1:2], "60.00").status_code == 303
    payment = Payment.objects.get()
    assert (payment.invoice, payment.shares.count()) == (three[1], 0)


@pytest.mark.parametrize("total", ["", "180", "180,00", "1e2", "180.000", "-180.00", "٢٠.٠٠"])
def test_a_sum_that_the_page_never_showed_begins_nothing(client, three, total):
    for invoice in three:
        look_up(client, invoice)
    assert pay(client, three, total).status_code == 200
    assert not Payment.objects.exists()


def test_nothing_ticked_is_said(client, three):
    look_up(client, three[0])
    response = pay(client, [], "0.00")
    assert response.status_code == 409
    assert "Vink ten minste" in response.content.decode()
    assert "€ 0,00" not in response.content.decode().replace("\xa0", " ")


def test_after_the_end_of_the_session_it_says_so(client, three):
    answer = pay(client, three[:1], "50.00").content.decode()
    assert "Voor uw privacy hebben wij de pagina van uw rekening gesloten" in answer
    assert "Vink ten minste" not in answer


def test_what_was_paid_in_another_tab_is_not_asked_for_again(client, three):
    look_up(client, three[0])
    look_up(client, three[1])
    bank.paid(three[0])
    assert "hoeft niet meer betaald te worden" in pay(client, three[:1], "50.00").content.decode()
    assert Payment.objects.count() == 1


def test_of_somebody_else_nothing_is_paid_or_shown(client, three):
    look_up(client, three[0])
    response = pay(client, three, "180.00")
    assert three[1].number not in response.content.decode()
    assert not Payment.objects.exists()


def test_only_what_may_be_paid_is_there(client, three):
    for invoice in three:
        look_up(client, invoice)
    place_hold(three[0], Hold.STAFF, by="test")
    bank.paid(three[1])
    assert ticked(page(client)) == [three[2].token]


def test_a_stranger_gets_an_empty_page(client):
    html = page(client)
    assert ticked(html) == []
    assert 'name="reference"' in html


class TestJointLetter:
    @pytest.fixture
    def letter(self, three):
        mother = {"email": "moeder@post.example", "surname": "Bakker"}
        for invoice in three:
            type(invoice.patient).objects.filter(pk=invoice.patient_id).update(**mother)
            invoice.patient.refresh_from_db()
        yesterday = timezone.localdate() - timedelta(days=1)
        letter = Letter.objects.create(
            patient=three[0].patient, step=3, made_on=yesterday, sent_on=yesterday, principal=Decimal("110.00")
        )
        for invoice in three[:2]:
            ReminderStep.objects.create(
                invoice=invoice, step=letter.step, due_on=invoice.due_on, planned_on=letter.sent_on,
                status=ReminderStep.Status.TAKEN, letter=letter,
            )  # fmt: skip
        return letter

    def test_its_link_offers_all_its_invoices_at_once(self, client, three, letter):
        link = factories.link(three[0]) + "samen/"
        shown = client.get(link).content.decode()
        assert three[0].number not in shown, "looking opens nothing"
        assert client.post(link)["Location"] == PAGE
        assert set(ticked(page(client))) == {i.token for i in three[:2]}, "and no other of the same mother"
        assert pay(client, three[:2], "110.00").status_code == 303

    def test_an_invoice_whose_mail_address_was_corrected_is_left_out(self, client, three, letter):
        type(three[1].patient).objects.filter(pk=three[1].patient_id).update(email="ander@post.example")
        link = factories.link(three[0]) + "samen/"
        assert client.post(link)["Location"] == reverse("invoice", args=[three[0].token])
        assert ticked(page(client)) == [three[0].token]


def test_a_plan_is_paid_by_its_next_installment(client, three):
    today = timezone.localdate()
    invoice = factories.invoice(amount="300.00", issued_on=today, due_on=today + timedelta(days=30))
    agreements.agree_installments(
        invoice.pk, count=3, first_on=today + timedelta(days=20), amount=from_cents(30000), by="patient", today=today
    )
    for row in (three[0], invoice):
        look_up(client, row)
    assert "Betaal € 150,00 samen" in page(client).replace("\xa0", " ")
    assert pay(client, [three[0], invoice], "150.00").status_code == 303
    assert sorted(Payment.objects.get().shares.values_list("amount", flat=True)) == [50, 100]
