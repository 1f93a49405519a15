"""After a backup was restored: letters of the days since may have left, and are not made again by themselves."""

from datetime import timedelta

import pytest

from billing import invoices, reminders
from billing.models import AuditEvent, Hold, ReminderStep, StaffItem
from tests.billing.ladder_walk import DUE, MONDAY, REMINDED, Step, kinds, live, new_invoice, sent, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
BEFORE = REMINDED - timedelta(days=1)


@pytest.fixture(autouse=True)
def _mail(sink, settings):
    settings.NOTICE_HOURS = (7, 22)


def test_a_step_whose_day_came_rests_until_a_person_lets_it_go_on():
    invoice = until(new_invoice(), BEFORE)
    assert reminders.doubt_due(REMINDED + timedelta(days=5)) == 1
    live(REMINDED + timedelta(days=5))
    assert "reminder" not in kinds()
    (item,) = StaffItem.objects.all()
    assert (item.kind, item.invoice) == (StaffItem.Kind.MESSAGE_IN_DOUBT, invoice)
    assert AuditEvent.objects.filter(action="ladder_in_doubt", invoice=invoice).count() == 1
    invoice.refresh_from_db()
    assert "resume" in reminders.staff_acts(invoice)
    reminders.resume(invoice, by="staff:els", note="niet verzonden", today=REMINDED + timedelta(days=6))
    live(REMINDED + timedelta(days=6))
    assert sent(invoice)[-1] == ("reminder", f"{REMINDED + timedelta(days=6)}")


def test_a_planned_announcement_rests_too():
    invoice = new_invoice()
    assert reminders.doubt_due(MONDAY) == 1
    live(MONDAY)
    assert kinds() == []
    assert ReminderStep.objects.get(invoice=invoice).reason == "restored"
    invoice.refresh_from_db()
    assert {"resume", "delivered"} <= set(reminders.staff_acts(invoice))
    reminders.resume(invoice, by="staff:els", note="niet verzonden", today=MONDAY)
    live(MONDAY)
    assert kinds() == ["invoice_notice"]


def test_what_is_to_come_is_left_alone():
    """Its day is still ahead, it is paid later, or a hold keeps it back and aims it anew when it ends."""
    later = until(new_invoice(), BEFORE)
    held = until(new_invoice(), BEFORE)
    invoices.place_hold(held, Hold.Reason.STAFF, by="test")
    assert reminders.doubt_due(BEFORE) == 0
    assert reminders.doubt_due(REMINDED) == 1
    assert StaffItem.objects.get().invoice == later


def test_handing_over_is_no_letter():
    invoice = until(new_invoice(), DUE)
    invoice.next_step, invoice.next_step_on = Step.HAND_OVER, MONDAY
    invoice.save()
    assert reminders.doubt_due(REMINDED) == 0
