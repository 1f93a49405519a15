"""What staff see of the ladder of an invoice, and what their buttons do."""

import pytest
from django.urls import reverse

from billing.models import Hold, Invoice, OutboxMessage, ReminderStep, Staff
from tests import factories
from tests.billing.ladder_walk import MONDAY, live, new_invoice
from tests.portal.staff_client import signed_in
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
    press(approver, invoice, "pause", note="klacht")
    assert "de rekening staat stil" in page(approver, invoice)


def test_pausing_and_resuming_ask_for_a_reason(approver, invoice):
    press(approver, invoice, "pause")
    assert not Hold.objects.exists()
    press(approver, invoice, "pause", note="klacht over het bedrag")
    assert Hold.objects.get(released_at=None).note == "klacht over het bedrag"
    assert "Herinneringen hervatten" in page(approver, invoice)
    press(approver, invoice, "resume", note="uitgezocht")
    assert not Hold.objects.filter(released_at=None).exists()


def test_a_clerk_may_not_pause(invoice):
    clerk = signed_in(factories.staff(role=Staff.Role.CLERK, provider=invoice.provider))
    assert "Stilzetten" not in page(clerk, invoice)
    press(clerk, invoice, "pause", note="klacht")
    assert not Hold.objects.exists()


def test_a_mail_that_came_back_makes_the_invoice_undelivered_until_somebody_says_otherwise(approver, invoice):
    message = OutboxMessage.objects.get(kind="invoice_notice")
    data = {"action": "came_back", "_selected_action": message.pk, "index": "0"}
    approver.post(reverse("admin:billing_outboxmessage_changelist"), data)
    assert ReminderStep.objects.get(step=0).status == "void"
    assert "de rekening kwam nooit bij de patiënt aan" in page(approver, invoice)
    press(approver, invoice, "delivered", note="per post gestuurd")
    assert ReminderStep.objects.filter(step=0, status="taken", reason="by_hand").exists()
