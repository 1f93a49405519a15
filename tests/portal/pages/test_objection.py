"""This is not right: what a patient says, what rests, who reads it, and what a stranger can't do with it."""

import logging

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.dunning import objections, staff_acts
from billing.errors import Refused
from billing.models import AccessEvent, AuditEvent, Hold, LedgerTransaction, Objection, Staff, StaffTask
from billing.privacy import export
from billing.privacy.rotation import sealed_models
from tests import factories
from tests.portal.pages.test_invoice_page import book, open_in, page
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
WORDS = "De kies op 12 mei is nooit getrokken."


def say(client, invoice, reason="no_care", text=WORDS):
    open_in(client, invoice)
    return client.post(reverse("objection", args=[invoice.token]), {"reason": reason, "text": text})


def test_it_pauses_the_invoice_tells_what_stops_and_gives_staff_a_task(client):
    invoice = factories.invoice()
    response = say(client, invoice)
    assert (response.status_code, response["Location"]) == (303, reverse("invoice", args=[invoice.token]))
    text = client.get(response["Location"]).content.decode()
    assert "Betaal nog niet" in text
    assert "krijgt u geen herinneringen en komen er geen kosten bij" in text
    assert reverse("pay", args=[invoice.token]) not in text
    hold = Hold.objects.get(invoice=invoice)
    assert (hold.reason, hold.placed_by) == (Hold.STAFF, "patient")
    task = StaffTask.objects.get()
    assert (task.kind, task.invoice, task.note) == ("objection", invoice, "Ik heb deze zorg niet gehad")
    assert "resume" in staff_acts.staff_acts(invoice), "staff end it as any other pause"


def test_the_words_are_sealed_and_stand_nowhere_else(client, caplog):
    caplog.set_level(logging.DEBUG)
    say(client, factories.invoice())
    row = Objection.objects.get()
    assert row.text == WORDS
    assert b"getrokken" not in bytes(row.sealed_text)
    assert Objection in sealed_models()
    for event in AuditEvent.objects.all():
        assert "getrokken" not in str(event.details)
    assert "getrokken" not in caplog.text + StaffTask.objects.get().note


def test_staff_read_it_after_the_look_is_written_down(client):
    invoice = factories.invoice()
    say(client, invoice)
    row = Objection.objects.get()
    desk = signed_in(factories.staff(provider=invoice.provider))
    text = desk.get(f"/beheer/billing/objection/{row.pk}/change/").content.decode()
    assert "De kies op 12 mei" in text
    event = AccessEvent.objects.get()
    assert (event.data, event.act, event.invoice) == ("objection", "read", invoice)
    assert WORDS not in desk.get("/beheer/billing/objection/").content.decode()
    other = signed_in(factories.staff())
    assert other.get(f"/beheer/billing/objection/{row.pk}/change/").status_code == 404


def test_the_patient_may_take_it_back_and_gets_time_to_pay(client):
    invoice = factories.invoice(issued_on=timezone.localdate() - timezone.timedelta(days=29))
    say(client, invoice)
    response = client.post(reverse("objection_back", args=[invoice.token]))
    assert response.status_code == 303
    invoice.refresh_from_db()
    assert (invoice.due_on - timezone.localdate()).days >= 14
    assert reverse("pay", args=[invoice.token]) in page(client, invoice)
    assert StaffTask.objects.get().closed_at is not None
    assert Objection.objects.get().withdrawn_at is not None


def test_a_pause_of_staff_itself_is_not_the_patients_to_end(client):
    invoice = factories.invoice()
    staff_acts.pause(invoice, by="staff:x", note="nagaan")
    say(client, invoice)
    response = client.post(reverse("objection_back", args=[invoice.token]))
    assert response.status_code == 409
    assert Hold.objects.get().released_at is None


def test_twice_is_once(client):
    invoice = factories.invoice()
    say(client, invoice)
    response = say(client, invoice)
    assert response.status_code == 409
    assert "al aan het uitzoeken" in response.content.decode()
    assert Objection.objects.count() == StaffTask.objects.count() == 1


def test_a_browser_is_limited_and_the_patient_is_not(client):
    from django.test import Client

    for _ in range(3):
        assert say(client, factories.invoice()).status_code == 303
    last = factories.invoice()
    assert say(client, last).status_code == 429
    assert not Objection.objects.filter(invoice=last).exists()
    assert say(Client(), last).status_code == 303, "counted for a browser, not for the invoice"


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"reason": "", "text": WORDS}, "Kies wat er niet klopt"),
        ({"reason": "nonsense"}, "Kies wat er niet klopt"),
        ({"reason": "paid", "text": "x" * 1001}, "hoogstens 1000 tekens. U heeft er 1001"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(client, sent, words):
    invoice = factories.invoice()
    open_in(client, invoice)
    response = client.post(reverse("objection", args=[invoice.token]), sent)
    text = response.content.decode()
    assert response.status_code == 200
    assert words in text
    assert sent.get("text", "")[:20] in text, "nothing typed is lost"
    assert not Objection.objects.exists()
    assert not Hold.objects.exists()


def test_without_the_reference_it_says_and_shows_nothing(client):
    invoice = factories.invoice()
    for name in ("objection", "objection_back"):
        for method in (client.get, client.post):
            response = method(reverse(name, args=[invoice.token]), {"reason": "paid"})
            assert response.status_code == 303
    assert not Objection.objects.exists()


def test_the_page_shows_nobody_what_somebody_else_wrote(client):
    from django.test import Client

    invoice = factories.invoice()
    say(client, invoice)
    other = Client()
    open_in(other, invoice)
    for name in ("invoice", "objection"):
        text = other.get(reverse(name, args=[invoice.token])).content.decode()
        assert "getrokken" not in text
        assert invoice.patient.surname not in text


def test_of_a_paid_invoice_staff_hear_too_and_nothing_rests(client):
    invoice = factories.invoice(amount="10.00")
    book(invoice, LedgerTransaction.Kind.PAYMENT, "-10.00")
    assert say(client, invoice).status_code == 303
    assert StaffTask.objects.filter(kind="objection").exists()
    assert not Hold.objects.exists()


def test_it_is_exported_with_the_invoice_and_a_withdrawn_one_takes_none():
    invoice = factories.invoice()
    objections.object_to(invoice.pk, reason="amount", text=WORDS)
    assert WORDS in str(export.of_invoice(invoice))
    gone = factories.invoice(withdrawn_at=timezone.now())
    with pytest.raises(Refused):
        objections.object_to(gone.pk, reason="amount", text="")


def test_operations_see_those_of_every_practice():
    invoice = factories.invoice()
    row = objections.object_to(invoice.pk, reason="amount", text=WORDS)
    desk = signed_in(factories.staff(role=Staff.Role.OPERATIONS))
    assert desk.get(f"/beheer/billing/objection/{row.pk}/change/").status_code == 200
