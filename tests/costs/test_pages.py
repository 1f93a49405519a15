"""What the pages of patients, of the desk and of programs cost."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from billing.invoices import holds
from billing.models import Hold, Invoice, Payment, Provider, Staff
from billing.plans import agreements
from sandbox.models import Message
from tests import factories
from tests.benchmarks.volume import reference_of, token_of
from tests.billing.desk.test_invoice_page_cost import filled
from tests.billing.payments import bank
from tests.costs.agreed import DESK, GUEST
from tests.costs.measuring import Meter, differences, freeze
from tests.portal.api.program import Program
from tests.portal.staff.staff_client import signed_in

NAME, LISTED = "Tandartspraktijk De Linde", 20
pytestmark = pytest.mark.both_databases


def invoice_of(practice: Provider, number: int, **fields: Any) -> Invoice:
    """An invoice with the same texts in each run."""
    patient = factories.patient(provider=practice, number=f"P-{number:03d}", email=f"p{number:03d}@post.example")
    known = {"number": f"2026-{number:05d}", "issued_on": factories.TODAY}
    known |= {"payment_reference": reference_of(number + 1), "token": token_of(number + 1)}
    return factories.invoice(patient=patient, amount="100.00", **known | fields)


def guest_walk(meter: Meter, practice: Provider, number: int) -> None:
    """One patient, from the front page to a payment and the statement, with three invoices."""
    invoice, other, resting = (invoice_of(practice, number + place) for place in range(3))
    client = Client()
    meter.page("front page", client, "/")
    meter.page("lookup", client, "/", {"reference": invoice.payment_reference})
    shown = meter.page("invoice page", client, of(invoice, "invoice"))
    assert "100,00" in shown.content.decode()
    meter.page("page for more time", client, of(invoice, "deferral"))
    meter.page("page for instalments", client, of(invoice, "plan"))
    meter.page("page of a complaint", client, of(invoice, "complain"))
    meter.page("page of the steps", client, of(invoice, "steps"))
    meter.page("help about an invoice", client, of(invoice, "assistant_of_invoice"))
    meter.page("help", client, reverse("assistant"))
    for one in (other, resting):
        assert client.post("/", {"reference": one.payment_reference}).status_code == 303
    meter.page("several invoices together", client, reverse("pay_together"))
    pays(meter, client, invoice)
    let_in(client, other)
    meter.page("statement of account", client, of(other, "statement"))
    agreements.agree_installments(other.pk, count=3, first_on=factories.TODAY + timedelta(days=10), by="patient")
    meter.page("invoice page, in instalments", client, of(other, "invoice"))
    holds.place_hold(resting, Hold.STAFF, by="test")
    meter.page("invoice page, on hold", client, of(resting, "invoice"))


def of(invoice: Invoice, name: str) -> str:
    return reverse(name, args=[invoice.token])


def pays(meter: Meter, client: Client, invoice: Invoice) -> None:
    started = meter.page("payment started", client, of(invoice, "pay"), {})
    meter.page("page to the bank", client, started["Location"])
    payment = Payment.objects.latest("pk")
    bank.end(payment, "paid")
    Payment.objects.update(fetched_at=None)
    meter.page("page after a payment", client, reverse("payment_return", args=[payment.token]))
    meter.page("invoice page, paid", client, of(invoice, "invoice"))


def let_in(client: Client, invoice: Invoice) -> None:
    """Pass the gate before medical data."""
    client.post(of(invoice, "code"), {"send": "first"})
    code = re.search(r"\b\d{6}\b", Message.objects.latest("pk").text)
    assert code
    assert client.post(of(invoice, "code"), {"code": code[0]}).status_code == 303


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("sandbox")
def test_pages_of_patients_cost_what_was_agreed(monkeypatch):
    freeze(monkeypatch)
    meter, practice = Meter(), factories.provider(name=NAME)
    for number in (1, 11):
        guest_walk(meter, practice, number)
    assert not (told := differences(GUEST, meter.found)), told


def desk_walk(meter: Meter, desk: Client, program: Program, invoice: Invoice) -> None:
    """What a day at the desk begins with, and the list that a program of the practice asks for."""
    meter.page("start page of the desk", desk, "/beheer/")
    meter.page("list of invoices", desk, "/beheer/billing/invoice/")
    meter.page("list of patients", desk, "/beheer/billing/patient/")
    meter.page("invoice at the desk", desk, f"/beheer/billing/invoice/{invoice.pk}/change/")
    meter.page("patient at the desk", desk, f"/beheer/billing/patient/{invoice.patient_id}/change/")
    found = meter.page("search of the desk", desk, "/beheer/zoeken/", {"sought": "de Vries"})
    meter.page("what the search found", desk, found["Location"])
    listed = meter.page("list of invoices for a program", program.client, "/api/v1/invoices", headers=program.headers())
    assert len(listed.json()["items"]) == LISTED


@pytest.mark.django_db
def test_pages_of_the_desk_and_of_programs_cost_what_was_agreed(monkeypatch):
    freeze(monkeypatch)
    meter, practice = Meter(), factories.provider(name=NAME)
    for number in range(LISTED - 1):
        invoice_of(practice, number)
    invoice = filled("2026-00099", 1, provider=practice, issued_on=factories.TODAY)
    desk = signed_in(factories.staff(provider=practice, role=Staff.Role.APPROVER, username="an"))
    program = Program(practice)
    for _time in range(2):
        desk_walk(meter, desk, program, invoice)
    assert not (told := differences(DESK, meter.found)), told
