"""The desk: a report stops everything, each look is written down, and another practice sees nothing."""

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.models import AccessEvent, Hold, OutboxMessage, Payer
from forbearance import reports
from forbearance.models import Forbearance
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


def reported(invoice, **more):
    said = reports.Said(kind="debt_help", since=timezone.localdate(), why="Brief van de gemeente.", **more)
    return reports.report(invoice.patient_id, said, by="staff:anna")


def page(row):
    return reverse("admin:forbearance_forbearance_ground", args=[row.pk])


def test_a_clerk_reports_and_everything_stops():
    invoice = factories.invoice(amount="100.00")
    desk = signed_in(factories.staff(provider=invoice.provider))
    given = {"reference": invoice.payment_reference, "kind": "deceased", "since": "2026-11-01", "why": "De zoon belde."}
    wrong = desk.post(reverse("admin:forbearance_report"), given | {"since": "2999-01-01"})
    assert wrong.status_code == 422
    assert "De zoon belde." in wrong.content.decode(), "what was typed stays"
    response = desk.post(reverse("admin:forbearance_report"), given)
    row = Forbearance.objects.get()
    assert (response.status_code, response["Location"]) == (303, page(row))
    assert Hold.objects.get().reason == "deceased"
    assert "De zoon belde." in desk.get(page(row)).content.decode()
    event = AccessEvent.objects.get(data="forbearance")
    assert event.patient == invoice.patient
    assert invoice.patient.number in desk.get(reverse("admin:forbearances")).content.decode()


def test_another_practice_finds_neither_the_invoice_nor_the_ground():
    invoice = factories.invoice()
    row = reported(invoice)
    desk = signed_in(factories.staff())
    assert desk.get(page(row)).status_code == 404
    assert AccessEvent.objects.get().outcome == AccessEvent.Outcome.REFUSED
    assert invoice.patient.number not in desk.get(reverse("admin:forbearances")).content.decode()
    given = {"reference": invoice.payment_reference, "kind": "deceased", "since": "2026-11-01", "why": "x"}
    assert desk.post(reverse("admin:forbearance_report"), given).status_code == 422
    assert Forbearance.objects.count() == 1


def test_a_clerk_sends_no_letters_elsewhere_and_ends_nothing_unless_the_practice_says_so():
    invoice = factories.invoice(amount="100.00")
    row = reported(invoice)
    desk = signed_in(factories.staff(provider=invoice.provider))
    for act in ("answer", "represent", "extend", "end"):
        typed = {"act": act, "email": "vriend@elders.example", "name": "Vriend", "why": "Klaar."}
        assert desk.post(page(row), typed).status_code == 422
    other = factories.invoice(provider=invoice.provider)
    given = {"reference": other.payment_reference, "kind": "administration", "since": "2026-11-01", "why": "x"}
    named = given | {"name": "Vriend", "email": "vriend@elders.example"}
    assert desk.post(reverse("admin:forbearance_report"), named).status_code == 422
    assert (Payer.objects.count(), OutboxMessage.objects.count(), Forbearance.objects.count()) == (0, 0, 1)
    row.refresh_from_db()
    assert (row.ended_at, row.extended) == (None, False)


def test_answer_extend_and_end_with_a_reason():
    invoice = factories.invoice(amount="100.00")
    row = reported(invoice)
    desk = signed_in(factories.staff(role="approver", provider=invoice.provider))
    for wrong in ({}, {"email": "hulp"}, {"email": "hulp@gemeente.example"}):
        assert desk.post(page(row), {"act": "answer"} | wrong).status_code == 422
    desk.post(page(row), {"act": "answer", "email": "hulp@gemeente.example", "reference": "SHV-7"})
    assert OutboxMessage.objects.get(kind="forbearance_balance").recipient == "hulp@gemeente.example"
    desk.post(page(row), {"act": "extend"})
    row.refresh_from_db()
    assert row.extended
    for fields in ({"act": "extend"}, {"act": "end", "why": " "}, {"act": "represent"}, {"act": "nothing"}):
        assert desk.post(page(row), fields).status_code == 422
    assert desk.post(page(row), {"act": "end", "why": "De hulp is klaar."}).status_code == 303
    row.refresh_from_db()
    assert row.ended_at
    assert not Hold.objects.filter(released_at=None).exists()
