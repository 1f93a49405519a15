"""What a practice chooses in place of a house rule: within its bounds, with its history, and counting everywhere."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from billing import rooms
from billing.dunning import sending_hours
from billing.house_rules import house_value, rule_of
from billing.invoices import intake
from billing.models import AuditEvent, PracticeChange, ReminderStep
from billing.plans.options import max_installments, options_for
from billing.practices import choosing
from billing.rooms import Unit
from tests import factories

pytestmark = pytest.mark.django_db
BY = "staff:anna"


def choose(provider, *, may_relax=False, **typed):
    changed = choosing.choose(provider, typed, by=BY, may_relax=may_relax)
    provider.refresh_from_db()
    return changed


def test_every_house_value_lies_within_its_own_bounds(settings):
    settings.NOTICE_HOURS = (7, 22)
    for choice in rooms.choices().values():
        assert choice.least <= house_value(choice) <= choice.most, choice.name


def test_nothing_chosen_is_the_house_rule_and_an_empty_field_goes_back_to_it(settings):
    settings.PAYMENT_TERM_DAYS = 30
    practice = factories.provider()
    assert rule_of(practice, "PAYMENT_TERM_DAYS") == 30
    assert choose(practice, PAYMENT_TERM_DAYS="21") == ["PAYMENT_TERM_DAYS"]
    assert rule_of(practice, "PAYMENT_TERM_DAYS") == 21
    assert choose(practice, PAYMENT_TERM_DAYS="21") == []
    choose(practice, PAYMENT_TERM_DAYS=" ")
    assert rule_of(practice, "PAYMENT_TERM_DAYS") == 30
    told = PracticeChange.objects.filter(provider=practice).order_by("pk").values_list("what", "was", "now", "by")
    assert list(told) == [("PAYMENT_TERM_DAYS", "30", "21", BY), ("PAYMENT_TERM_DAYS", "21", "30", BY)]
    assert AuditEvent.objects.filter(action="practice_rules_chosen", by=BY).count() == 2


@pytest.mark.parametrize("typed", ["13", "91", "1_4", "+14", "-20", "21,5", "veel", "٢١", "1e2", "9" * 12])
def test_what_is_outside_the_bounds_or_no_number_is_refused_and_changes_nothing(typed):
    practice = factories.provider()
    with pytest.raises(choosing.Wrong) as wrong:
        choose(practice, PAYMENT_TERM_DAYS=typed, PLAN_FROM_AMOUNT="20,00")
    assert list(wrong.value.sentences) == ["PAYMENT_TERM_DAYS"]
    practice.refresh_from_db()
    assert practice.chosen == {}
    assert not PracticeChange.objects.exists()


def test_a_practice_makes_a_check_stricter_and_only_operations_relax_it():
    practice = factories.provider()
    guards = [choice for choice in rooms.choices().values() if choice.guard]
    assert len(guards) >= 5
    for choice in guards:
        higher, lower = str(house_value(choice) + 100), "200,00"
        with pytest.raises(choosing.Wrong):
            choose(practice, **{choice.name: higher})
        choose(practice, **{choice.name: lower})
        assert rule_of(practice, choice.name) == 200
        with pytest.raises(choosing.Wrong):
            choose(practice, **{choice.name: ""})  # back to the house rule would relax it too
        choose(practice, may_relax=True, **{choice.name: higher})
        assert rule_of(practice, choice.name) == house_value(choice) + 100


def test_two_rules_may_not_contradict_each_other():
    practice = factories.provider()
    for typed in (
        {"REFUND_AUTOMATICALLY_UP_TO": "60", "REFUND_SECOND_PERSON_ABOVE": "50"},
        {"PLAN_MAX_INSTALLMENTS_SMALL": "6", "PLAN_MAX_INSTALLMENTS": "5"},
    ):
        with pytest.raises(choosing.Wrong):
            choose(practice, **typed)
        practice.refresh_from_db()
        assert (practice.chosen, practice.refund_automatically_up_to) == ({}, None)


def test_what_an_older_version_allowed_and_this_one_does_not_counts_no_more(settings):
    settings.PAYMENT_TERM_DAYS = 30
    for kept in ("7", "365", "x", ""):
        assert rule_of(factories.provider(chosen={"PAYMENT_TERM_DAYS": kept}), "PAYMENT_TERM_DAYS") == 30


def test_plans_follow_the_practice_and_leave_others_alone(settings):
    mine, other = factories.provider(), factories.provider()
    choose(mine, PLAN_MAX_INSTALLMENTS="10", PLAN_FROM_AMOUNT="50", DEFERRAL_DAYS="20", PLAN_FIRST_WITHIN_DAYS="14")
    today = timezone.localdate()
    for practice, most, late, first in ((mine, 10, 20, 14), (other, 5, 30, 30)):
        options = options_for(factories.invoice(amount="400.00", provider=practice), today)
        assert (max(options.counts), options.first_until) == (most, today + timedelta(days=first))
        invoice = factories.invoice(amount="40.00", provider=practice)
        assert bool(options_for(invoice, today).no_plan) is (practice == mine)
        assert options_for(invoice, today).deferral_until == invoice.due_on + timedelta(days=late)
    assert max_installments(Decimal("90.00"), mine) == settings.PLAN_MAX_INSTALLMENTS_SMALL


def test_the_term_counts_where_the_software_names_no_day():
    issued, today = timezone.localdate() - timedelta(days=1), timezone.localdate()
    for given, term, wanted in ((None, 60, issued + timedelta(days=60)), (None, 14, today + timedelta(days=14))):
        assert intake.due_date(given, issued_on=issued, today=today, term_days=term) == wanted
    given = issued + timedelta(days=45)
    assert intake.due_date(given, issued_on=issued, today=today, term_days=14) == given


def test_announcements_wait_for_the_hours_of_the_practice(settings):
    settings.NOTICE_HOURS = (7, 22)
    practice = factories.provider()
    choose(practice, NOTICE_FROM_HOUR="9", NOTICE_UNTIL_HOUR="17")
    day = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    notice = ReminderStep.Step.NOTICE
    allowed = [h for h in range(24) if sending_hours.may_be_sent(notice, day.replace(hour=h), practice)]
    assert allowed == list(range(9, 17))
    assert sending_hours.next_moment(notice, day.replace(hour=8), practice) == day.replace(hour=9)
    assert sending_hours.next_moment(notice, day.replace(hour=18), practice) == day.replace(hour=9) + timedelta(days=1)
    assert sending_hours.may_be_sent(notice, day.replace(hour=8), factories.provider())


def test_the_history_is_only_added_to():
    practice = factories.provider()
    choose(practice, PAYMENT_TERM_DAYS="21")
    rows = PracticeChange.objects.filter(provider=practice)
    for change in (lambda: rows.update(now="9"), rows.delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_amounts_are_read_as_people_type_them():
    choice = rooms.choices()["PLAN_FROM_AMOUNT"]
    assert choice.unit == Unit.EUROS
    assert choosing.read(choice, " 25,50 ") == Decimal("25.50")
    assert choosing.read(choice, "") is None
