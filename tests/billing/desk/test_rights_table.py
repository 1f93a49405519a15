"""The page of what clerks and approvers may do, and that the desk asks it everywhere."""

import re

import pytest
from django.urls import reverse

from billing import rights, rooms
from billing.models import Hold, OutboxMessage
from complaints.models import Complaint
from tests import factories
from tests.complaints.test_files import filed
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
PAGE = "/beheer/rechten/"


@pytest.fixture
def invoice():
    return factories.invoice()


def client(invoice, role):
    return signed_in(factories.staff(provider=invoice.provider, role=role))


def pause(who, invoice):
    fields = {"action": "pause", "_selected_action": invoice.pk, "note": "belt maandag", "index": "0"}
    return who.post("/beheer/billing/invoice/", fields)


def test_an_approver_ticks_and_a_clerk_reads(invoice):
    approver, clerk = client(invoice, "approver"), client(invoice, "clerk")
    page = approver.get(PAGE).content.decode()
    offered = re.findall(r'name="seen" value="(\w+)"', page)
    assert offered == [name for name, act in rooms.acts().items() if not act.fixed]
    assert "<input" not in re.sub(
        r'<input type="hidden"[^>]*>', "", clerk.get(PAGE).content.decode().split("content-main")[1]
    )
    assert clerk.post(PAGE, {"seen": offered, "clerks": offered}).status_code == 403

    ticked = [*re.findall(r'name="clerks" value="(\w+)"[^>]* checked', page), "waive"]
    assert approver.post(PAGE, {"seen": offered, "clerks": ticked}).status_code == 303
    member = factories.staff(provider=invoice.provider)
    assert [name for name in offered if rights.may(member, name)] == [n for n in offered if n in ticked]


def test_a_line_that_was_not_shown_stays(invoice):
    client(invoice, "approver").post(PAGE, {"seen": ["note"], "clerks": ["waive", "second_person"]})
    member = factories.staff(provider=invoice.provider)
    assert [rights.may(member, name) for name in ("note", "pause", "waive", "second_person")] == [
        False, True, False, False,
    ]  # fmt: skip


def test_the_buttons_and_the_acts_follow_the_table(invoice):
    clerk, address = client(invoice, "clerk"), f"/beheer/billing/invoice/{invoice.pk}/change/"
    assert 'value="pause"' in clerk.get(address).content.decode()
    rights.decide(
        invoice.provider,
        {"pause": False, "receipt": True},
        by=factories.staff(provider=invoice.provider, role="approver"),
    )
    page = clerk.get(address).content.decode()
    assert 'value="pause"' not in page
    assert f"/beheer/billing/invoice/{invoice.pk}/ontvangst/" in page
    pause(clerk, invoice)
    assert not Hold.objects.exists()
    assert clerk.get(f"/beheer/billing/invoice/{invoice.pk}/ontvangst/").status_code == 200
    assert clerk.get(f"/beheer/billing/invoice/{invoice.pk}/creditnota/").status_code == 403
    pause(client(invoice, "approver"), invoice)
    assert Hold.objects.count() == 1


def test_with_no_right_at_all_nothing_of_a_patient_leaves_and_nothing_is_written(invoice):
    complaint = filed(invoice, subject="price")
    boss = factories.staff(provider=invoice.provider, role="approver")
    rights.decide(invoice.provider, {name: False for name, act in rooms.acts().items() if not act.fixed}, by=boss)
    clerk, row = client(invoice, "clerk"), f"/beheer/billing/invoice/{invoice.pk}"
    statement = reverse("admin:billing_invoice_statement", args=[invoice.pk])
    assert clerk.get(statement).status_code == 200, "they may look"
    assert clerk.get(f"{row}/rekening.pdf").status_code == 403
    for name in ("billing_invoice_statement_pdf", "billing_invoice_statement_csv"):
        assert clerk.get(reverse(f"admin:{name}", args=[invoice.pk])).status_code == 403
    before = OutboxMessage.objects.count()
    assert clerk.post(statement).status_code == 403
    page = reverse("admin:complaints_complaint_file", args=[complaint.pk])
    assert clerk.post(page, {"act": "ask", "text": "Wanneer?"}).status_code == 422
    given = {"reference": invoice.payment_reference, "subject": "price", "story": "Te duur.", "channel": "phone"}
    assert clerk.post(reverse("admin:complaint_receive"), given).status_code == 422
    assert (Complaint.objects.count(), OutboxMessage.objects.count()) == (1, before)
