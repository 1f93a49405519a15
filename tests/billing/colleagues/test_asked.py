"""Tasks between colleagues and notes on patients: given, taken, closed with a reason, sealed, exported, erased."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from billing import audit
from billing.colleagues import asked
from billing.desk.words import in_words
from billing.errors import Refused
from billing.models import AccessEvent, AuditEvent, StaffNote, StaffTask
from billing.privacy import export, retention
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Kind = StaffTask.Kind
WORDS = "bel mevrouw over haar kunstgebit"


@pytest.fixture
def invoice():
    return factories.invoice()


@pytest.fixture
def clerk(invoice):
    return factories.staff(provider=invoice.provider)


def ask(about, by, **given):
    asked.ask(about, Kind.ASKED_CALL, WORDS, by=by, **{"owner": None, "due_on": None, "key": "k"} | given)
    return StaffTask.objects.get()


def page(client: Client, task: StaffTask) -> str:
    return client.get(f"/beheer/billing/stafftask/{task.pk}/change/").content.decode()


def act(client: Client, name: str, *tasks: StaffTask, note: str = "") -> str:
    fields = {"action": name, "_selected_action": [task.pk for task in tasks], "note": note, "index": "0"}
    return client.post("/beheer/billing/stafftask/", fields, follow=True).content.decode()


def test_what_is_asked_is_sealed_and_said_once(invoice, clerk):
    task = ask(invoice, clerk)
    ask(invoice, clerk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_text, note FROM billing_stafftask")
        assert "kunstgebit" not in str(
            [bytes(cell) if not isinstance(cell, str) else cell for cell in cursor.fetchone()]
        )
    assert (task.text, task.provider) == (WORDS, invoice.provider)
    assert "kunstgebit" not in str(AuditEvent.objects.get(action="task_asked").details)


@pytest.mark.parametrize("of", ["invoice", "patient"])
def test_the_page_writes_the_look_and_then_shows_the_words(of, invoice, clerk):
    task = ask(invoice if of == "invoice" else invoice.patient, clerk)
    assert WORDS in page(signed_in(clerk), task)
    look = AccessEvent.objects.get(data="staff notes")
    assert (look.invoice or look.patient) == (invoice if of == "invoice" else invoice.patient)
    elsewhere = signed_in(factories.staff(role="approver"))
    assert elsewhere.get(f"/beheer/billing/stafftask/{task.pk}/change/").status_code == 404
    assert WORDS not in elsewhere.get("/beheer/billing/stafftask/").content.decode()


@pytest.mark.parametrize(
    "given",
    [
        {"due_on": timezone.localdate() - timedelta(days=1)},
        {"due_on": timezone.localdate() + timedelta(days=400)},
        {"owner": "stranger"},
        {"owner": "blocked"},
    ],
)
def test_only_colleagues_and_days_ahead(given, invoice, clerk):
    people = {
        "stranger": factories.staff(),
        "blocked": factories.staff(provider=invoice.provider, is_active=False),
    }
    with pytest.raises(Refused):
        ask(invoice, clerk, **{name: people.get(value, value) for name, value in given.items()})
    assert not StaffTask.objects.exists()


def test_it_is_asked_taken_given_and_closed_at_the_desk(invoice, clerk):
    colleague = factories.staff(provider=invoice.provider)
    first, second = signed_in(clerk), signed_in(colleague)
    form = {"kind": "asked_call", "words": WORDS, "owner": "", "due_on": "", "key": "abc"}
    assert first.post(f"/beheer/rekening/{invoice.pk}/taak/", form | {"words": " "}).status_code == 422
    assert first.post(f"/beheer/rekening/{invoice.pk}/taak/", form).status_code == 303
    task = StaffTask.objects.get()
    act(second, "take", task)
    assert f"/stafftask/{task.pk}/" in second.get("/beheer/").content.decode()
    assert f"/stafftask/{task.pk}/" not in first.get("/beheer/").content.decode()
    tomorrow = timezone.localdate() + timedelta(days=1)
    second.post(f"/beheer/taak/{task.pk}/", {"owner": clerk.pk, "due_on": tomorrow.isoformat()})
    task.refresh_from_db()
    assert (task.owner, task.due_on) == (clerk, tomorrow)
    act(second, "close", task, note="niet van mij")
    act(first, "close", task)
    task.refresh_from_db()
    assert task.closed_at is None  # somebody else's; without a reason
    act(first, "close", task, note="gebeld, ze betaalt maandag")
    task.refresh_from_db()
    assert task.closed_by == clerk
    closed = AuditEvent.objects.get(action="task_closed")
    assert in_words(closed, audit.words_of([closed])).endswith("gebeld, ze betaalt maandag")


def test_one_at_a_time(invoice):
    approver = signed_in(factories.staff(provider=invoice.provider, role="approver"))
    for number in ("1", "2"):
        audit.open_task(Kind.SURPLUS, dedupe_key=number, invoice=invoice)
    act(approver, "close", *StaffTask.objects.all(), note="alles weg")
    assert StaffTask.objects.filter(closed_at=None).count() == 2


def test_a_note_on_a_patient(invoice, clerk):
    patient, client = invoice.patient, signed_in(clerk)
    fields = {"action": "write_note", "_selected_action": patient.pk, "note": WORDS, "index": "0"}
    client.post("/beheer/billing/patient/", fields)
    assert StaffNote.objects.get().patient == patient
    assert WORDS in client.get(f"/beheer/billing/patient/{patient.pk}/change/").content.decode()
    assert AccessEvent.objects.filter(data="staff notes", patient=patient).count() == 1


def test_all_of_it_is_in_the_export(invoice, clerk):
    ask(invoice.patient, clerk)
    asked.write_note(invoice.patient, by=clerk, note="een notitie")
    facts = str(export.of_patient(invoice.patient))
    assert WORDS in facts
    assert "een notitie" in facts
    assert WORDS not in str(export.of_invoice(invoice))


def test_all_of_it_is_erased_with_the_last_invoice(invoice, clerk):
    ask(invoice.patient, clerk)
    asked.write_note(invoice.patient, by=clerk, note="een notitie")
    type(invoice).objects.filter(pk=invoice.pk).update(erased_at=timezone.now())
    assert retention._erase_patients([invoice.pk]) == 1
    task = StaffTask.objects.get()
    assert (task.text, StaffNote.objects.count()) == ("", 0)
    assert task.closed_at is not None


def test_what_nobody_has_to_decide_any_more_is_closed(invoice):
    audit.open_task(Kind.SMALL_REST, dedupe_key="1", invoice=invoice)
    audit.open_task(Kind.SURPLUS, dedupe_key="2", invoice=invoice)
    later = timezone.now() + timedelta(minutes=1)
    assert asked.close_pointless(later) == 0
    type(invoice).objects.filter(pk=invoice.pk).update(settled_at=timezone.now())
    assert asked.close_pointless(later) == 1
    assert asked.close_pointless(later) == 0
    assert StaffTask.objects.get(closed_at=None).kind == Kind.SURPLUS


def test_close_is_shown_to_who_may_close_this_task(invoice, clerk):
    """Of a task that the portal made, a clerk without that right sees no button; of their own they do."""
    audit.open_task(Kind.SMALL_REST, dedupe_key="k", invoice=invoice)
    made = StaffTask.objects.get()
    button = 'value="close"'
    client = signed_in(clerk)
    assert button not in page(client, made)
    assert button in page(signed_in(factories.staff(provider=invoice.provider, role="approver")), made)
    made.delete()
    assert button in page(client, ask(invoice, clerk))
