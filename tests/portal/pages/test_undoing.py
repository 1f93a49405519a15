"""What was arranged by mistake can be undone the same day, and only what is possible is offered."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from billing.errors import Refused
from billing.models import OutboxMessage, PaymentPlan
from billing.plans import agreements, undoing
from tests import factories
from tests.portal.pages.test_arrangement_pages import enter, get, in_days, text_of, three_times

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice():
    return factories.invoice(amount="100.00")


@pytest.mark.parametrize("kind", ["plan", "deferral"])
def test_what_was_made_today_is_undone_by_the_button_on_its_page(kind, client, invoice):
    due_on = invoice.due_on
    if kind == "plan":
        three_times(invoice)
    else:
        agreements.agree_deferral(invoice.pk, until=due_on + timedelta(days=9), by="patient")
    page = text_of(get(client, kind, invoice))
    assert 'name="undo"' in page
    response = client.post(reverse(kind, args=[invoice.token]), {"undo": "1"})
    assert (response.status_code, response["Location"]) == (303, reverse("invoice", args=[invoice.token]))
    invoice.refresh_from_db()
    assert invoice.due_on == due_on
    assert PaymentPlan.objects.get().status == "undone"
    assert "ongedaan gemaakt" in OutboxMessage.objects.get(kind="plan_undone").subject
    three_times(invoice)  # and everything can be chosen again


def test_the_next_day_it_stands(client, invoice):
    three_times(invoice)
    PaymentPlan.objects.update(agreed_at=timezone.now() - timedelta(days=1))
    assert 'name="undo"' not in text_of(get(client, "plan", invoice))
    response = client.post(reverse("plan", args=[invoice.token]), {"undo": "1"})
    assert response.status_code == 409
    assert "alleen ongedaan maken op de dag" in text_of(response)
    assert PaymentPlan.objects.get().status == "active"


def test_it_can_be_undone_twice_and_no_more_or_no_letter_would_ever_leave(invoice):
    for _turn in range(settings.PLAN_UNDO_TIMES):
        three_times(invoice)
        undoing.undo(invoice.pk, by="patient")
    three_times(invoice)
    with pytest.raises(Refused):
        undoing.undo(invoice.pk, by="patient")


def test_when_the_former_day_has_passed_there_are_two_weeks(invoice):
    late = factories.invoice(issued_on=in_days(-60), patient=invoice.patient)
    three_times(late)
    undoing.undo(late.pk, by="patient")
    late.refresh_from_db()
    assert late.due_on == in_days(settings.LATE_INVOICE_TERM_DAYS)


def test_only_what_is_possible_is_offered(client, invoice):
    ways = {name: reverse(name, args=[invoice.token]) for name in ("deferral", "plan")}
    page = text_of(get(client, "invoice", invoice))
    assert all(f'href="{way}"' in page for way in ways.values())
    PaymentPlan.objects.create(
        invoice=invoice, kind="deferral", total=Decimal("100.00"), agreed_by="patient", status="broken"
    )
    page = text_of(client.get(reverse("invoice", args=[invoice.token])))
    assert f'href="{ways["deferral"]}"' not in page
    assert f'href="{ways["plan"]}"' in page
    PaymentPlan.objects.create(
        invoice=invoice, kind="installments", total=Decimal("100.00"), agreed_by="patient", status="broken"
    )
    page = text_of(client.get(reverse("invoice", args=[invoice.token])))
    assert not any(f'href="{way}"' in page for way in ways.values())
    assert "U regelt het hier zelf" not in page
    assert invoice.provider.phone.as_national in page


def test_a_refusal_names_the_phone_of_the_practice(client):
    small = factories.invoice(amount="20.00")
    enter(client, small)
    page = text_of(client.get(reverse("plan", args=[small.token])))
    assert small.provider.phone.as_national in page
    assert small.provider.email in page


@pytest.mark.parametrize("kind", ["plan", "deferral"])
def test_undone_twice_the_second_press_gets_a_sentence(kind, client, invoice):
    get(client, kind, invoice)
    response = client.post(reverse(kind, args=[invoice.token]), {"undo": "1"})
    assert response.status_code == 409
    assert "Er is niets om ongedaan te maken" in text_of(response)


def test_the_sentence_says_why_it_cannot_be_undone_again(client, invoice):
    for _turn in range(settings.PLAN_UNDO_TIMES):
        three_times(invoice)
        undoing.undo(invoice.pk, by="patient")
    three_times(invoice)
    get(client, "plan", invoice)
    response = client.post(reverse("plan", args=[invoice.token]), {"undo": "1"})
    assert response.status_code == 409
    assert "al een paar keer veranderd" in text_of(response)


def test_a_day_in_the_digits_of_another_script_is_none(client, invoice):
    get(client, "deferral", invoice)
    day = in_days(20).isoformat().translate({ord("0") + n: 0x0660 + n for n in range(10)})
    response = client.post(reverse("deferral", args=[invoice.token]), {"until": day})
    assert response.status_code == 200
    assert not PaymentPlan.objects.exists()
