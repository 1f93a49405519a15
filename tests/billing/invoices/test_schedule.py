"""The dunning schedule day by day, with a real mail server: what is sent, when, and what it costs."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from django.utils.formats import date_format

from billing import ledger
from billing.invoices import schedule
from billing.models import LedgerTransaction, Letter, ReminderStep, StaffTask
from tests.billing.invoices.schedule_walk import MONDAY, Step, live_through, new_invoice, sent
from tests.books import booked

pytestmark = pytest.mark.django_db
Kind = LedgerTransaction.Kind


def test_the_whole_dunning_schedule_of_an_unpaid_invoice(sink, settings):
    settings.NOTICE_HOURS = (7, 22)
    invoice = new_invoice(amount="100.00")  # due on Wednesday 1 April
    live_through(MONDAY, date(2026, 6, 20))
    assert sent() == [
        ("invoice_notice", "2026-03-02"),
        ("friendly_note", "2026-03-25"),
        ("reminder", "2026-04-08"),  # three working days later: Good Friday and Easter Monday don't count
        ("final_notice", "2026-04-23"),  # ten days after delivery is a Sunday: Monday is named, then three bank days
        (
            "notice_of_costs",
            "2026-05-18",
        ),  # Monday the 11th is named; Ascension Day is no bank day
        ("final", "2026-06-03"),
    ]
    charges = booked(invoice, Kind.COSTS, Kind.INTEREST)
    assert sorted((e.kind, e.amount) for e in charges) == [
        ("costs", Decimal("40.00")),
        ("interest", Decimal("0.17")),
        ("interest", Decimal("0.30")),  # with the other: 43 days at 4 per cent, from the end of the reminder's term
    ]
    assert ledger.balance(invoice.pk) == Decimal("140.47")
    assert StaffTask.objects.get().kind == StaffTask.Kind.READY_FOR_HAND_OVER
    invoice.refresh_from_db()
    assert (invoice.next_step, invoice.next_step_on) == (Step.HAND_OVER, None)
    assert set(ReminderStep.objects.values_list("status", flat=True)) == {"taken"}
    assert not Letter.objects.exclude(voided_at=None).exists()
    letters = list(Letter.objects.filter(step__gte=Step.REMINDER).order_by("sent_on"))
    for before, after in pairwise(letters):
        named = schedule.named_day(before.step, before.sent_on)
        assert after.sent_on > named
        assert date_format(named) in before.message.text.replace("\n", " ")
    assert timedelta(days=14) < Letter.objects.get(step=3).last_day - Letter.objects.get(step=3).sent_on
