"""What a report takes off the books: at once by who may waive costs, else once somebody who may has looked."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing import ledger
from billing.errors import Refused
from billing.ledger import verification
from billing.models import Hold, OutboxMessage, ReminderStep, StaffTask
from debt_collection.models import HandOver
from debt_collection.running import standing
from forbearance import days, reports, rests
from forbearance.models import Forbearance
from tests import factories
from tests.debt_collection.cases import fresh, handed_over, ready
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db


def report(invoice, kind="deceased", *, may_waive=False, **more):
    said = reports.Said(kind=kind, since=timezone.localdate() - timedelta(days=1), why="De familie belde.", **more)
    return reports.report(invoice.patient_id, said, by="staff:anna", may_waive=may_waive)


def resting(invoice):
    return set(Hold.objects.filter(invoice=invoice, released_at=None).values_list("reason", flat=True))


def final_notice_stands(invoice):
    """The 14-day letter, on which the costs rest; a hold takes later letters back, whoever places it."""
    return invoice.reminder_steps.filter(step=ReminderStep.Step.FINAL_NOTICE, status="taken").exists()


def waiting():
    return StaffTask.objects.filter(kind=reports.TO_TAKE_OFF, closed_at=None)


@pytest.mark.parametrize("kind", ["deceased", "administration", "debt_help"])
def test_the_report_of_a_clerk_takes_nothing_off_and_ending_it_leaves_the_books_as_they_were(kind):
    invoice = ready()
    owed = ledger.balance(invoice.pk)
    desk = signed_in(factories.staff(provider=invoice.provider))
    since = (timezone.localdate() - timedelta(days=1)).isoformat()
    given = {"reference": invoice.payment_reference, "kind": kind, "since": since, "why": "De zoon belde."}
    response = desk.post(reverse("admin:forbearance_report"), given)
    row = Forbearance.objects.get()
    assert (ledger.balance(invoice.pk), final_notice_stands(invoice)) == (owed, True)
    assert resting(invoice)
    assert waiting().count() == 1
    page = desk.get(response["Location"]).content.decode()
    assert 'value="take_off"' not in page
    assert desk.post(response["Location"], {"act": "take_off"}).status_code == 422
    days.end(row.pk, by="staff:bert", today=timezone.localdate(), written="Het was een ander.")
    assert (ledger.balance(invoice.pk), final_notice_stands(invoice)) == (owed, True)
    assert not resting(invoice)
    assert not waiting().exists()


def test_an_approver_takes_them_off_on_the_page_of_the_ground():
    invoice = ready()
    row = report(invoice)
    desk = signed_in(factories.staff(role="approver", provider=invoice.provider))
    page = reverse("admin:forbearance_forbearance_ground", args=[row.pk])
    assert 'value="take_off"' in desk.get(page).content.decode()
    asked = desk.post(page, {"act": "take_off"})
    assert (asked.status_code, 'name="sure"' in asked.content.decode()) == (200, True)
    assert 'value="take_off"' in desk.get(page).content.decode(), "nothing is done before the answer"
    assert desk.post(page, {"act": "take_off", "sure": "1"}).status_code == 303
    assert ledger.balance(invoice.pk) == 100
    assert resting(invoice) == {"deceased"}
    assert not waiting().exists()
    assert 'value="take_off"' not in desk.get(page).content.decode()
    with pytest.raises(Refused):
        reports.take_off(row.pk, by="staff:bert")
    assert list(verification.discrepancies()) == []


def test_who_may_waive_takes_them_off_by_the_report():
    invoice = ready()
    desk = signed_in(factories.staff(role="approver", provider=invoice.provider))
    since = (timezone.localdate() - timedelta(days=1)).isoformat()
    given = {"reference": invoice.payment_reference, "kind": "deceased", "since": since, "why": "De zoon belde."}
    assert desk.post(reverse("admin:forbearance_report"), given).status_code == 303
    assert ledger.balance(invoice.pk) == 100
    assert not waiting().exists()


def test_where_nothing_was_charged_nothing_waits():
    invoice = factories.invoice(amount="100.00")
    report(invoice)
    assert resting(invoice) == {"deceased"}
    assert not waiting().exists()


def test_until_then_all_rests_also_for_heirs_who_are_known_already():
    invoice = ready()
    row = report(invoice)
    reports.represent(row.pk, name="", email="dochter@post.example", by="staff:bert")
    assert resting(invoice) == {"deceased"}
    reports.take_off(row.pk, by="staff:bert")
    assert not resting(invoice)
    assert ledger.balance(invoice.pk) == 100
    mail = OutboxMessage.objects.get(kind="hold_ended", invoice=invoice)
    assert mail.recipient == "dochter@post.example"


def test_an_agency_waits_until_the_claim_is_taken_back():
    invoice = ready()
    case = handed_over(invoice)
    case.orders.update(exported_at=timezone.now())
    row = report(invoice)
    standing.tell(case.pk)
    assert fresh(case).is_live
    assert case.orders.filter(kind="pause").count() == 1
    reports.take_off(row.pk, by="staff:bert")
    assert fresh(case).status == HandOver.Status.RECALLED
    assert ledger.balance(invoice.pk) == 100


def test_one_act_takes_them_off_of_all_for_whom_the_same_person_answers():
    first = ready()
    other = ready(patient=factories.patient(provider=first.provider, email=first.patient.email))
    row = report(first, "debt_help")
    assert len(rests.group_of(row)) == 2
    reports.take_off(row.pk, by="staff:bert")
    assert [ledger.balance(one.pk) for one in (first, other)] == [100, 100]
    assert not any(one.facts["charges_wait"] for one in Forbearance.objects.all())
