"""After restoring a backup: letters of the days since may have left, and are not composed again automatically."""

from datetime import timedelta

import pytest

from billing.dunning import planning, staff_acts
from billing.invoices import holds
from billing.models import AuditEvent, Hold, ReminderStep, StaffTask
from tests.billing.invoices.schedule_walk import DUE, MONDAY, REMINDED, Step, kinds, live, new_invoice, sent, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
BEFORE = REMINDED - timedelta(days=1)


@pytest.fixture(autouse=True)
def _mail(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def test_a_step_whose_day_came_is_suspended_until_staff_resume_it():
    invoice = until(new_invoice(), BEFORE)
    assert planning.suspend_in_doubt(REMINDED + timedelta(days=5)) == 1
    live(REMINDED + timedelta(days=5))
    assert "reminder" not in kinds()
    (item,) = StaffTask.objects.all()
    assert (item.kind, item.invoice) == (StaffTask.Kind.MESSAGE_IN_DOUBT, invoice)
    assert AuditEvent.objects.filter(action="dunning_in_doubt", invoice=invoice).count() == 1
    invoice.refresh_from_db()
    assert "resume" in staff_acts.staff_acts(invoice)
    staff_acts.resume(invoice, by="staff:els", note="niet verzonden", today=REMINDED + timedelta(days=6))
    live(REMINDED + timedelta(days=6))
    assert sent(invoice)[-1] == ("reminder", f"{REMINDED + timedelta(days=6)}")


def test_a_planned_announcement_is_suspended_too():
    invoice = new_invoice()
    assert planning.suspend_in_doubt(MONDAY) == 1
    live(MONDAY)
    assert kinds() == []
    assert ReminderStep.objects.get(invoice=invoice).reason == "restored"
    invoice.refresh_from_db()
    assert {"resume", "delivered"} <= set(staff_acts.staff_acts(invoice))
    staff_acts.resume(invoice, by="staff:els", note="niet verzonden", today=MONDAY)
    live(MONDAY)
    assert kinds() == ["invoice_notice"]


def test_what_is_to_come_is_left_alone():
    """Its day is still ahead, a plan runs, or it is on hold and rescheduled when the hold ends."""
    later = until(new_invoice(), BEFORE)
    held = until(new_invoice(), BEFORE)
    holds.place_hold(held, Hold.STAFF, by="test")
    assert planning.suspend_in_doubt(BEFORE) == 0
    assert planning.suspend_in_doubt(REMINDED) == 1
    assert StaffTask.objects.get().invoice == later


def test_handing_over_is_no_letter():
    invoice = until(new_invoice(), DUE)
    invoice.next_step, invoice.next_step_on = Step.HAND_OVER, MONDAY
    invoice.save()
    assert planning.suspend_in_doubt(REMINDED) == 0
