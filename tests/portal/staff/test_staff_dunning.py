"""What staff see of the dunning schedule of an invoice, and what their buttons do."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.desk.invoices import InvoiceAdmin
from billing.models import (
    AuditEvent,
    Hold,
    Installment,
    Invoice,
    OutboxMessage,
    Patient,
    PaymentPlan,
    ReminderStep,
    Staff,
)
from billing.plans import agreements
from billing.plans.options import Choice
from tests import factories
from tests.billing.invoices.schedule_walk import MONDAY, live, new_invoice
from tests.portal.staff.staff_client import signed_in
from tests.smtp_sink import Sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice(settings) -> Invoice:
    with Sink() as sink:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port
        row = new_invoice()
        live(MONDAY)
        yield row


@pytest.fixture
def approver(invoice):
    return signed_in(factories.staff(role=Staff.Role.APPROVER, provider=invoice.provider))


def page(client, invoice) -> str:
    return client.get(reverse("admin:billing_invoice_change", args=[invoice.pk])).content.decode()


def press(client, invoice, action: str, **fields: str) -> str:
    data = {"action": action, "_selected_action": invoice.pk, "from_page": invoice.pk, "index": "0", **fields}
    return client.post(reverse("admin:billing_invoice_changelist"), data, follow=True).content.decode()


def test_the_page_tells_what_was_sent_and_what_comes_next_or_why_not(approver, invoice):
    seen = page(approver, invoice)
    assert "rekening aangekondigd" in seen
    assert "02-03-2026" in seen
    assert "komt hierna" in seen
    assert "01-04-2031" in seen, "the day after which nobody may be asked for it"
    press(approver, invoice, "pause", note="klacht")
    assert "de rekening staat stil" in page(approver, invoice)


def test_pausing_and_resuming_ask_for_a_reason(approver, invoice):
    press(approver, invoice, "pause")
    assert not Hold.objects.exists()
    press(approver, invoice, "pause", note="klacht over het bedrag")
    assert Hold.objects.get(released_at=None).reason == Hold.STAFF
    assert "klacht over het bedrag" in page(approver, invoice)
    assert "Herinneringen hervatten" in page(approver, invoice)
    press(approver, invoice, "resume", note="uitgezocht")
    assert not Hold.objects.filter(released_at=None).exists()


def test_a_clerk_pauses_and_does_not_resume(invoice):
    clerk = signed_in(factories.staff(role=Staff.Role.CLERK, provider=invoice.provider))
    press(clerk, invoice, "pause", note="klacht")
    press(clerk, invoice, "resume", note="opgelost")
    assert Hold.objects.filter(released_at=None).count() == 1


def test_a_mail_that_came_back_makes_the_invoice_undelivered_until_somebody_says_otherwise(approver, invoice):
    message = OutboxMessage.objects.get(kind="invoice_notice")
    data = {"action": "came_back", "_selected_action": message.pk, "index": "0", "sure": "1"}
    approver.post(reverse("admin:billing_outboxmessage_changelist"), data)
    assert ReminderStep.objects.get(step=0).status == "void"
    assert "de rekening kwam nooit bij de patiënt aan" in page(approver, invoice)
    press(approver, invoice, "delivered", note="per post gestuurd")
    assert ReminderStep.objects.filter(step=0, status="taken", reason="by_hand").exists()


# --- a payment plan whose reminder could not be delivered --------------------------------------------


@pytest.fixture
def unreminded(invoice) -> PaymentPlan:
    """A plan whose first installment was missed long ago; no mail could say so."""
    today = timezone.localdate()
    terms = [Choice(number, today + timedelta(days=30 * (number - 3)), Decimal("50.00")) for number in (1, 2)]
    plan = PaymentPlan.objects.create(invoice=invoice, kind="installments", total=Decimal("100.00"), agreed_by="guest")
    for term in terms:
        Installment.objects.create(plan=plan, number=term.number, due_on=term.due_on, amount=term.amount)
    Patient.objects.update(email="")
    agreements.run_day(today - timedelta(days=20))
    return plan


def status_of(plan: PaymentPlan) -> str:
    return PaymentPlan.objects.get(pk=plan.pk).status


def test_the_button_stands_on_the_page_only_while_no_mail_can_remind(approver, invoice, unreminded):
    assert "De betalingsregeling beëindigen" in page(approver, invoice)
    press(approver, invoice, "end_plan")
    assert status_of(unreminded) == "active"
    seen = press(approver, invoice, "end_plan", note="twee keer gebeld, brief gestuurd")
    assert "De betalingsregeling is gestopt." in seen
    assert "twee keer gebeld, brief gestuurd" in seen, "it stands on the timeline"
    assert status_of(unreminded) == "broken"
    assert "De betalingsregeling beëindigen" not in seen


def test_what_the_rule_refuses_is_said(approver, invoice):
    assert "niet kan worden bezorgd" in press(approver, invoice, "end_plan", note="klaar ermee")


# --- who may do what: every button on an invoice, every role -----------------------------------------


def everybody(invoice: Invoice) -> dict[str, Client]:
    password_only = Client()
    password_only.force_login(factories.staff(role=Staff.Role.APPROVER, provider=invoice.provider))
    return {
        "anonymous": Client(),
        "password only": password_only,
        "clerk": signed_in(factories.staff(role=Staff.Role.CLERK, provider=invoice.provider)),
        "approver elsewhere": signed_in(factories.staff(role=Staff.Role.APPROVER, provider=factories.provider())),
        "approver": signed_in(factories.staff(role=Staff.Role.APPROVER, provider=invoice.provider)),
        "operations": signed_in(factories.staff(role=Staff.Role.OPERATIONS)),
    }


@pytest.mark.parametrize("action", [action for action in InvoiceAdmin.actions if action != "send_link"])
def test_only_who_decides_here_may_press_a_button(action, invoice, unreminded):
    """Without a reason every rule refuses with the same sentence: it is seen by those whose press reached the rule."""
    may = ["clerk", "approver", "operations"] if action in ("write_note", "pause") else ["approver", "operations"]
    reached = []
    for role, client in everybody(invoice).items():
        before = AuditEvent.objects.filter(invoice=invoice).count()
        if "Schrijf op waarom" in press(client, invoice, action):
            reached.append(role)
        else:
            press(client, invoice, action, note=role)
        assert AuditEvent.objects.filter(invoice=invoice).count() == before
    assert reached == may


def test_every_colleague_and_nobody_else_sends_the_link_again(invoice):
    other = factories.invoice(provider=invoice.provider)
    for role, client in everybody(other).items():
        if role == "clerk":
            continue
        press(client, other, "send_link")
        assert OutboxMessage.objects.filter(kind="invoice_again").exists() == (role in ("approver", "operations")), role
    another = factories.invoice(provider=invoice.provider)
    press(everybody(another)["clerk"], another, "send_link")
    assert OutboxMessage.objects.get(kind="invoice_again", invoice=another)
