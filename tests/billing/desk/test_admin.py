"""The tables of /beheer/: what staff see, what is waiting, and the few things they can do."""

import re
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from billing import audit, ledger
from billing.desk import timeline
from billing.desk.worklist import waiting_for
from billing.invoices import holds
from billing.invoices.state import look_at
from billing.links import new_token
from billing.models import AuditEvent, Hold, Invoice, LedgerTransaction, OutboxMessage, Payment, Staff, StaffTask
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Status = OutboxMessage.Status


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def practice():
    return factories.provider()


@pytest.fixture
def approver(practice):
    return factories.staff(provider=practice, role=Staff.Role.APPROVER)


@pytest.fixture
def desk(approver):
    return signed_in(approver)


@pytest.fixture
def operations():
    return signed_in(factories.staff(role=Staff.Role.OPERATIONS))


def message_of(invoice: Invoice, status: str = Status.FAILED, **fields) -> OutboxMessage:
    return OutboxMessage.objects.create(
        kind="receipt",
        invoice=invoice,
        language="nl",
        recipient="a@post.example",
        subject="Wij hebben uw betaling ontvangen",
        text="Goedendag",
        html="<p>",
        dedupe_key=new_token(),
        status=status,
        **fields,
    )


def payment_of(invoice: Invoice, **fields) -> Payment:
    return Payment.objects.create(
        **{
            "invoice": invoice,
            "amount": Decimal("100.00"),
            "status": Payment.Status.OPEN,
            "mollie_id": f"tr_{new_token()[:10]}",
            "token": new_token(),
            "webhook_token": new_token(),
            "idempotency_key": str(uuid.uuid4()),
            "request_body": "{}",
        }
        | fields
    )


def act(client, table: str, action: str, row, **extra):
    body = {"action": action, "_selected_action": row.pk, "index": "0", **extra}
    return client.post(f"/beheer/billing/{table}/", body)


def page(client, table: str, row=None, query: str = "") -> str:
    where = f"/beheer/billing/{table}/" + (f"{row.pk}/change/" if row else "") + query
    response = client.get(where)
    assert response.status_code == 200, where
    return response.content.decode()


# --- what waits -------------------------------------------------------------------------------------


def test_the_first_page_counts_what_waits(desk, practice, approver):
    for _number in range(3):
        invoice = factories.invoice(provider=practice)
        message_of(invoice)
        message_of(invoice, Status.IN_DOUBT)
        payment_of(invoice, quarantined_at=timezone.now())
        audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key=str(invoice.pk), invoice=invoice)
    message_of(factories.invoice())  # of another practice
    waiting = waiting_for(approver)
    assert (waiting.open_items, waiting.failed_messages, waiting.messages_in_doubt) == (3, 3, 3)
    assert waiting.quarantined_payments == 3
    shown = desk.get("/beheer/").content.decode()
    assert re.findall(r'class="count">(\d+)<', shown) == ["3", "3", "3", "3"]


@pytest.mark.parametrize("table", ["invoice", "payment", "outboxmessage", "stafftask", "posting", "auditevent"])
def test_a_list_costs_the_same_however_long(desk, practice, table, django_assert_max_num_queries):
    for _number in range(12):
        invoice = factories.invoice(provider=practice)
        message_of(invoice)
        payment_of(invoice)
        holds.place_hold(invoice, Hold.STAFF, by="x")
        audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key=str(invoice.pk), invoice=invoice)
    with django_assert_max_num_queries(9):
        page(desk, table)


def test_the_page_of_an_invoice_costs_the_same_however_long(desk, practice, django_assert_max_num_queries):
    """One query for each of its tables: entries, payments, holds, plans, reminders, messages, events and tasks.

    And what the access log takes to write the look down.
    """

    def lengthen(times):
        for _ in range(times):
            message_of(invoice)
            payment_of(invoice, status=Payment.Status.EXPIRED)
            audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key=str(uuid.uuid4()), invoice=invoice)

    invoice = factories.invoice(provider=practice)
    lengthen(1)
    with CaptureQueriesContext(connection) as short:
        page(desk, "invoice", invoice)
    lengthen(11)
    with django_assert_max_num_queries(len(short)):
        page(desk, "invoice", invoice)


# --- invoices ---------------------------------------------------------------------------------------


def test_the_status_of_an_invoice_is_the_one_the_patient_sees(desk, practice):
    today = timezone.localdate()
    of = {
        "open": factories.invoice(provider=practice, number="N-open"),
        "overdue": factories.invoice(provider=practice, number="N-overdue", issued_on=today - timedelta(days=60)),
        "on_hold": factories.invoice(provider=practice, number="N-held"),
        "paid": factories.invoice(provider=practice, number="N-paid", insurer_paid="100.00"),
        "withdrawn": factories.invoice(provider=practice, number="N-withdrawn", withdrawn_at=timezone.now()),
    }
    holds.place_hold(of["on_hold"], Hold.STAFF, by="x")
    everything = page(desk, "invoice")
    for status, invoice in of.items():
        listed = page(desk, "invoice", query=f"?status={status}")
        assert re.findall(r">(N-\w+)</a>", listed) == [invoice.number]
        assert invoice.number in everything
        if status != "withdrawn":
            seen = look_at(invoice.token, today=today)
            assert seen is not None
            assert seen.status == status


def test_the_page_of_an_invoice_shows_its_books_and_nothing_sealed(desk, practice):
    invoice = factories.invoice(provider=practice, amount="80.00", lines=[factories.line(description="Wortelkanaal")])
    ledger.post(
        invoice,
        LedgerTransaction.Kind.PAYMENT,
        Decimal("-30.00"),
        external_id="x1",
        occurred_at=timezone.now(),
        by="mollie",
    )
    payment_of(invoice)
    message_of(invoice)
    shown = page(desk, "invoice", invoice).replace("\xa0", " ")
    assert "€ 50,00" in shown
    assert "€ −30,00" in shown
    for private in (
        "Wortelkanaal",
        "123456789",
        "1980-02-29",
        "29-02-1980",
        "29 februari 1980",
        invoice.token,
        invoice.patient.email,
    ):
        assert private not in shown


def test_the_list_of_patients_shows_the_least(desk, practice):
    patient = factories.patient(provider=practice)
    listed, shown = page(desk, "patient"), page(desk, "patient", patient)
    assert patient.number in listed
    assert patient.email in shown
    for private in (patient.email, "+31", "1980-02-29", "29-02-1980", "29 februari 1980", "123456789"):
        assert private not in listed
    assert "1980" in shown  # staff ask for it to know who is on the phone
    assert "123456789" not in shown


def test_the_timeline_is_in_the_order_of_time(practice):
    invoice = factories.invoice(provider=practice)
    payment_of(invoice, called_at=timezone.now(), paid_at=timezone.now())
    holds.place_hold(invoice, Hold.STAFF, by="staff:anna")
    message_of(invoice, Status.SENT, sent_at=timezone.now())
    events = timeline.of_invoice(invoice)
    assert [e.at for e in events] == sorted(e.at for e in events)
    assert "staff:anna" in {e.by for e in events}
    assert len(events) == 9  # with the mail that tells of the pause


# --- what staff do ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "action", "after"),
    [
        (Status.FAILED, "send_again", Status.QUEUED),
        (Status.IN_DOUBT, "send_again", Status.QUEUED),
        (Status.IN_DOUBT, "mark_delivered", Status.SENT),
        (Status.FAILED, "mark_delivered", Status.FAILED),
        (Status.SENT, "send_again", Status.SENT),
    ],
)
def test_a_person_decides_about_a_message(desk, approver, practice, before, action, after):
    message = message_of(factories.invoice(provider=practice), before, claimed_at=timezone.now())
    if action == "mark_delivered":  # nobody can undo it, so a question comes first
        asked = act(desk, "outboxmessage", action, message, from_page=message.pk).content.decode()
        assert f'name="_selected_action" value="{message.pk}"' in asked
        assert f'href="/beheer/billing/outboxmessage/{message.pk}/change/"' in asked
        message.refresh_from_db()
        assert message.status == before
    response = act(desk, "outboxmessage", action, message, from_page=message.pk, sure="1")
    assert response.headers["Location"] == f"/beheer/billing/outboxmessage/{message.pk}/change/"
    message.refresh_from_db()
    assert message.status == after
    recorded = AuditEvent.objects.filter(by=f"staff:{approver.username}").count()
    assert recorded == (1 if before != after else 0)


def test_only_what_makes_sense_now_has_a_button(desk, practice):
    invoice = factories.invoice(provider=practice)
    buttons = {status: page(desk, "outboxmessage", message_of(invoice, status)) for status in Status}
    offered = {status: re.findall(r'name="action" value="(\w+)"', shown) for status, shown in buttons.items()}
    assert {status: names for status, names in offered.items() if names} == {
        Status.FAILED: ["send_again"],
        Status.IN_DOUBT: ["mark_delivered", "send_again"],
        Status.SENT: ["came_back"],
    }


def test_a_closed_item_stays_closed_with_a_name(desk, approver, practice):
    invoice = factories.invoice(provider=practice)
    audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key="1", invoice=invoice, note="credit")
    item = StaffTask.objects.get()
    assert 'value="close"' in page(desk, "stafftask", item)
    act(desk, "stafftask", "close", item, note="terugbetaald")
    item.refresh_from_db()
    assert item.closed_by == approver
    closed_at = item.closed_at
    act(desk, "stafftask", "close", item, note="terugbetaald")
    item.refresh_from_db()
    assert item.closed_at == closed_at
    assert AuditEvent.objects.filter(action="task_closed", invoice=invoice).count() == 1
    assert 'value="close"' not in page(desk, "stafftask", item)


def test_open_items_stand_first(desk, approver, practice):
    for number in range(3):
        invoice = factories.invoice(provider=practice)
        audit.open_task(StaffTask.Kind.SURPLUS, dedupe_key=str(number), invoice=invoice, note=f"note{number}")
    audit.close_task(StaffTask.objects.get(note="note0"), staff=approver, reason="klaar")
    assert re.findall(r"note\d", page(desk, "stafftask")) == ["note1", "note2", "note0"]
    assert re.findall(r"note\d", page(desk, "stafftask", query="?state=open")) == ["note1", "note2"]


@pytest.mark.parametrize(("field", "status"), [("", 200), ("number", 400)])
def test_an_odd_field_in_the_address_is_no_error_of_ours(desk, practice, field, status):
    address = f"/beheer/billing/invoice/{factories.invoice(provider=practice).pk}/change/"
    assert desk.get(address, {"_to_field": field}).status_code == status


def test_a_gateway_that_does_not_answer_is_said_and_changes_nothing(desk, practice, settings):
    settings.MOLLIE_API_URL = "http://127.0.0.1:9"  # no server listens there
    payment = payment_of(factories.invoice(provider=practice))
    assert 'value="ask_gateway"' in page(desk, "payment", payment)
    response = act(desk, "payment", "ask_gateway", payment, from_page=payment.pk)
    assert response.status_code == 302
    assert 'class="error"' in page(desk, "payment", payment)
    payment.refresh_from_db()
    assert payment.status == Payment.Status.OPEN


def test_operations_alone_release_a_payment_that_was_set_apart(desk, operations, practice):
    payment = payment_of(factories.invoice(provider=practice), quarantined_at=timezone.now())
    assert 'value="release"' not in page(desk, "payment", payment)
    act(desk, "payment", "release", payment, note="mine")
    payment.refresh_from_db()
    assert payment.quarantined_at
    assert 'value="release"' in page(operations, "payment", payment)
    act(operations, "payment", "release", payment, note="checked with the bank", from_page=payment.pk)
    payment.refresh_from_db()
    assert payment.quarantined_at is None
    shown = page(operations, "payment", payment)
    assert 'value="release"' not in shown
    assert 'class="success"' in shown
    assert "checked with the bank" in page(operations, "invoice", payment.invoice)
    act(operations, "payment", "release", payment, note="again")
    assert 'class="error"' in page(operations, "payment", payment)


# --- staff ------------------------------------------------------------------------------------------


def staff_form(**changes) -> dict:
    return {"username": "anna", "password1": factories.PASSWORD, "password2": factories.PASSWORD} | changes


def test_operations_add_and_change_staff_of_any_provider(operations, practice):
    added = operations.post("/beheer/billing/staff/add/", staff_form(provider=practice.pk, role="clerk"))
    assert added.status_code == 302
    anna = Staff.objects.get(username="anna")
    assert anna.is_staff
    assert anna.check_password(factories.PASSWORD)
    change = {"role": "approver", "first_name": "Anna", "is_active": "on", "provider": factories.provider().pk}
    assert operations.post(f"/beheer/billing/staff/{anna.pk}/change/", change).status_code == 302
    anna.refresh_from_db()
    assert (anna.role, anna.provider, anna.first_name) == ("approver", practice, "Anna")
    assert AuditEvent.objects.filter(action__in=["staff_added", "staff_changed"]).count() == 2


@pytest.mark.parametrize(("role", "with_provider"), [("operations", True), ("clerk", False)])
def test_role_and_provider_go_together(operations, practice, role, with_provider):
    form = staff_form(role=role, provider=practice.pk if with_provider else "")
    assert operations.post("/beheer/billing/staff/add/", form).status_code == 200
    assert not Staff.objects.filter(username="anna").exists()


@pytest.mark.parametrize("provider", ["9999", "00000000000000000000", "/", "½"])
def test_a_provider_that_there_is_not_is_a_sentence(operations, provider):
    response = operations.post("/beheer/billing/staff/add/", staff_form(provider=provider, role="clerk"))
    assert response.status_code == 200
    assert "provider" in response.context["adminform"].form.errors


def test_a_clerk_does_not_become_operations_by_the_form(operations, practice):
    clerk = factories.staff(provider=practice)
    form = {"role": "operations", "is_active": "on"}
    assert operations.post(f"/beheer/billing/staff/{clerk.pk}/change/", form).status_code == 200
    clerk.refresh_from_db()
    assert clerk.role == "clerk"


def test_a_new_password_for_somebody_is_written_down(operations, practice):
    clerk = factories.staff(provider=practice)
    form = {"password1": "kwartel-lantaarn-9", "password2": "kwartel-lantaarn-9", "usable_password": "true"}
    assert operations.post(f"/beheer/billing/staff/{clerk.pk}/password/", form).status_code == 302
    clerk.refresh_from_db()
    assert clerk.check_password("kwartel-lantaarn-9")
    assert AuditEvent.objects.filter(action="staff_changed").count() == 1


def test_who_leaves_is_out_at_once(practice):
    member = factories.staff(provider=practice)
    client = signed_in(member)
    assert client.get("/beheer/").status_code == 200
    Staff.objects.filter(pk=member.pk).update(is_active=False)
    assert client.get("/beheer/").status_code == 302


def test_a_superuser_flag_gives_nothing(practice):
    client = signed_in(factories.staff(provider=practice, is_superuser=True))
    assert client.get("/beheer/billing/staff/").status_code == 403
    foreign = factories.invoice()
    assert client.get(f"/beheer/billing/invoice/{foreign.pk}/change/").status_code == 404


def test_nothing_at_the_staff_site_is_inline(operations, practice):
    """The headers would refuse it; here it is not even written."""
    invoice = factories.invoice(provider=practice)
    paths = ["/beheer/", "/beheer/billing/staff/add/", f"/beheer/billing/invoice/{invoice.pk}/change/"]
    paths += [f"/beheer/billing/{model._meta.model_name}/" for model in admin.site._registry]
    for path in paths:
        shown = operations.get(path).content.decode()
        assert " style=" not in shown, path
        assert "<style" not in shown, path
        assert not re.search(r"<script(?![^>]*\bsrc=)", shown), path
        assert not re.search(r"\son\w+=", shown), path
