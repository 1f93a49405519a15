"""Medical data on the staff site: one event for each look, before it; without the event nothing is shown."""

from decimal import Decimal

import pytest
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from billing.models import AccessEvent, OutboxMessage
from billing.outbox.facts import open_link_context
from billing.outbox.queue import queue_message
from billing.privacy import access_log
from coulance import decisions
from tests import factories
from tests.coulance.desk import desk_cases
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def invoice():
    return factories.invoice()


@pytest.fixture
def clerk(invoice):
    return signed_in(factories.staff(role="clerk", provider=invoice.provider))


@pytest.fixture
def stranger():
    return signed_in(factories.staff(role="approver"))


def message_of(invoice):
    until = timezone.localdate()
    context = {"amount": Decimal("5.00"), "until": until, **open_link_context(invoice, until=until)}
    return queue_message("deferral_agreed", invoice=invoice, context=context | {"terms": []}, dedupe_key="x")


def looks():
    return [
        (event.act, event.data, event.outcome, event.invoice_id, event.patient_id)
        for event in AccessEvent.objects.order_by("pk")
    ]


def test_the_page_of_a_patient(clerk, invoice, client):
    page = reverse("admin:billing_patient_change", args=[invoice.patient_id])
    assert invoice.patient.surname in clerk.get(page).content.decode()
    assert looks() == [("read", "patient page", 0, None, invoice.patient_id)]
    assert [event.data for event in access_log.of_invoice(invoice)] == ["patient page"], "the patient finds it"


def test_the_list_of_patients(clerk, invoice):
    clerk.get(reverse("admin:billing_patient_changelist"))
    assert looks() == [("search", "patients", 0, None, None)]


def test_the_text_of_a_message_without_what_opens_the_invoice(clerk, invoice):
    message = message_of(invoice)
    page = clerk.get(reverse("admin:billing_outboxmessage_change", args=[message.pk])).content.decode()
    assert looks() == [("read", "message text", 0, invoice.pk, None)]
    assert "/openen/" not in page
    assert "open-link" not in page


def test_a_link_in_the_text_of_an_old_row_is_blanked_too(clerk, invoice):
    message = message_of(invoice)
    OutboxMessage.objects.update(text=f"Open uw rekening: https://zorg.example{factories.link(invoice)}")
    page = clerk.get(reverse("admin:billing_outboxmessage_change", args=[message.pk])).content.decode()
    assert "/openen/" not in page
    assert "Open uw rekening: …" in page


@pytest.mark.parametrize(
    ("page", "data"),
    [("patient", "patient page"), ("outboxmessage", "message text"), ("invoice", "invoice page")],
)
def test_asking_for_a_row_of_somebody_else_leaves_a_refusal(stranger, invoice, page, data):
    row = {"patient": invoice.patient, "outboxmessage": message_of(invoice), "invoice": invoice}[page]
    assert stranger.get(reverse(f"admin:billing_{page}_change", args=[row.pk])).status_code == 404
    assert [(look[0], look[1], look[2]) for look in looks()] == [("read", data, 4)]


def test_an_id_that_nobody_has_leaves_nothing(stranger, invoice):
    for number in ("999999", "x", "9" * 30):
        assert stranger.get(f"/beheer/billing/patient/{number}/change/").status_code == 404
    assert looks() == []


@pytest.mark.parametrize("page", ["patient", "outboxmessage"])
def test_what_cannot_be_written_down_is_not_shown(clerk, invoice, page, monkeypatch):
    row = {"patient": invoice.patient, "outboxmessage": message_of(invoice)}[page]

    def broken(*_args, **_more):
        raise DatabaseError("disk full")

    monkeypatch.setattr(access_log, "record", broken)
    with pytest.raises(DatabaseError, match="disk full"):
        clerk.get(reverse(f"admin:billing_{page}_change", args=[row.pk]))


class TestTheDesk:
    """The page of a coulance case and its files."""

    def test_a_foreign_case_and_file_leave_a_refusal(self, stranger, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        case = desk_cases.at_desk()
        file = desk_cases.picture_of(case)
        assert stranger.get(f"/beheer/coulance/coulancecase/{case.pk}/change/").status_code == 404
        assert stranger.get(f"/beheer/coulance/coulancecase/{case.pk}/document/{file.pk}/").status_code == 404
        about = ("case page", 4, case.invoice_id)
        assert [look[:4] for look in looks()] == [("read", *about), ("read", *about)]

    def test_a_refused_approval_of_ones_own_proposal_writes_each_look_once(self, settings, tmp_path):
        settings.MEDIA_ROOT = tmp_path
        case = desk_cases.at_desk()
        member = factories.staff(role="approver", provider=case.invoice.provider)
        desk_cases.rules(case, second_person_above=Decimal("1.00"))
        wanted = desk_cases.granted("750.00")
        proposal = decisions.approve(case, outcome=wanted, reason="Zo is het.", version=case.version, by=member)
        case.refresh_from_db()
        page = f"/beheer/coulance/coulancecase/{case.pk}/change/"
        answer = signed_in(member).post(page, {"act": "confirm", "version": case.version})
        assert answer.status_code == 422
        assert proposal.reason in answer.content.decode()
        assert [look[:3] for look in looks()] == [("read", "case page", 0), ("read", "invoice lines", 0)]
