"""The first day of a practice: what the law needs before a letter, what waits on whom, what can be skipped."""

import pytest
from django.utils import timezone

from billing.dunning import planning
from billing.errors import Refused, Stale
from billing.models import (
    AgbChange,
    AuditEvent,
    IbanChange,
    Membership,
    OutboxMessage,
    Provider,
    ReminderStep,
    Staff,
    StaffTask,
)
from billing.practices import first_day, identity, providers, readiness
from tests import factories

pytestmark = pytest.mark.django_db
NEEDED = ("street", "house_number", "postcode", "city", "iban")
DETAILS = {
    "name": "Praktijk Nieuw", "email": "balie@nieuw.example", "phone": "030 123 45 67", "street": "Dorpsstraat",
    "house_number": "1", "postcode": "1234 AB", "city": "Ons Dorp", "iban": "NL91 ABNA 0417 1643 00",
    "kvk_number": "12345678",
}  # fmt: skip


def announce(invoice):
    """Plan the announcement of an invoice and let the sweep make its letter."""
    ReminderStep.objects.create(
        invoice=invoice, step=ReminderStep.Step.NOTICE, due_on=invoice.due_on, planned_on=timezone.localdate()
    )
    planning.sweep()
    return OutboxMessage.objects.filter(invoice=invoice)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("missing", [*NEEDED, "approved_at"])
def test_no_first_letter_while_something_is_missing_and_then_it_leaves_by_itself(missing, settings):
    settings.NOTICE_HOURS = (0, 24)
    practice = factories.provider()
    right = getattr(practice, missing)
    Provider.objects.filter(pk=practice.pk).update(**{missing: None if missing == "approved_at" else ""})
    invoice = factories.invoice(provider=practice)
    assert not announce(invoice).exists()
    first_day.watch(timezone.localdate())
    assert StaffTask.objects.get(kind=StaffTask.Kind.PRACTICE_INCOMPLETE, closed_at=None).note == practice.agb_code
    assert first_day.announcements_held_back() == 1
    practice.refresh_from_db()
    assert len(list(readiness.lacks(practice))) == 1
    Provider.objects.filter(pk=practice.pk).update(**{missing: right})
    planning.sweep()
    assert OutboxMessage.objects.filter(invoice=invoice).exists()
    assert first_day.announcements_held_back() == 0
    first_day.watch(timezone.localdate())
    assert not StaffTask.objects.filter(kind=StaffTask.Kind.PRACTICE_INCOMPLETE, closed_at=None).exists()


def test_the_condition_on_rows_says_the_same_as_the_sentences():
    whole = factories.provider()
    ways = [{name: ""} for name in NEEDED] + [{"approved_at": None}, {"phone": "", "email": ""}]
    lacking = {factories.provider(**way).pk for way in ways}
    fine = {whole.pk, *(factories.provider(**{name: ""}).pk for name in ("phone", "email", "kvk_number"))}
    assert set(Provider.objects.filter(readiness.INCOMPLETE).values_list("pk", flat=True)) == lacking
    for practice in Provider.objects.all():
        assert readiness.may_send(practice) is (practice.pk in fine)


def test_a_practice_added_in_the_browser_waits_for_a_second_person_twice():
    practice = identity.add("01234567", DETAILS, by="staff:anna")
    practice.refresh_from_db()
    assert (practice.approved_at, practice.iban) == (None, "")
    agb, iban = AgbChange.objects.get(), IbanChange.objects.get()
    for decide, asked in ((identity.decide_agb, agb), (providers.decide_iban, iban)):
        for oneself in ("staff:anna", "staff:ANNA", "command:anna"):
            with pytest.raises(Refused):
                decide(asked, approved=True, by=oneself)
    assert not readiness.may_send(practice)
    identity.decide_agb(agb, approved=True, by="staff:bert")
    providers.decide_iban(iban, approved=True, by="staff:bert")
    with pytest.raises(Stale):
        identity.decide_agb(agb, approved=False, by="staff:carla")
    practice.refresh_from_db()
    assert readiness.may_send(practice)
    assert AuditEvent.objects.filter(action="agb_change_approved", by="staff:bert").count() == 1
    assert StaffTask.objects.filter(kind__in=("agb_waits", "iban_waits")).count() == 2
    assert not StaffTask.objects.filter(closed_at=None).exists()


def test_another_agb_code_counts_once_a_second_person_approved_it():
    practice, other = factories.provider(agb_code="01000001"), factories.provider(agb_code="01000002")
    for wrong in ("0123", "abcdefgh", other.agb_code, practice.agb_code):
        with pytest.raises(Refused):
            identity.ask_agb(practice, wrong, by="staff:anna")
    first = identity.ask_agb(practice, "01000003", by="staff:anna")
    second = identity.ask_agb(practice, "01000004", by="staff:anna")
    with pytest.raises(Stale):
        identity.decide_agb(first, approved=True, by="staff:bert")
    Provider.objects.filter(pk=other.pk).update(agb_code="01000004")  # taken in the meantime
    with pytest.raises(Refused):
        identity.decide_agb(second, approved=True, by="staff:bert")
    Provider.objects.filter(pk=other.pk).update(agb_code="01000002")
    identity.decide_agb(second, approved=True, by="staff:bert")
    practice.refresh_from_db()
    assert practice.agb_code == "01000004"
    assert readiness.may_send(practice)


def steps_of(practice, member):
    return {step.name: (step.done, skipped) for step, skipped in first_day.todo(practice, member)}


def test_steps_are_done_by_what_they_are_about_and_some_can_be_skipped():
    practice = factories.provider(kvk_number="", set_up_at=None)
    member = factories.staff(provider=practice, role=Staff.Role.APPROVER)
    assert steps_of(practice, member)["details"] == (False, False)
    for required in ("details", "iban", "approval", "creditor", "nonsense"):
        with pytest.raises(Refused):
            first_day.skip(practice, required, staff=member)
    for optional in ("rules", "coulance", "colleagues", "first_batch"):
        first_day.skip(practice, optional, staff=member)
        assert steps_of(practice, member)[optional] == (False, True)
    with pytest.raises(Refused):
        first_day.finish(practice, staff=member)
    Provider.objects.filter(pk=practice.pk).update(kvk_number="12345678")
    practice.refresh_from_db()
    first_day.finish(practice, staff=member)
    practice.refresh_from_db()
    assert practice.set_up_at
    factories.staff(provider=practice)
    assert steps_of(practice, member)["colleagues"] == (True, False)


def test_who_works_here_as_a_further_practice_is_a_colleague_on_the_first_day():
    boss, other = factories.staff(role="approver"), factories.staff()

    def has_colleagues():
        return next(step.done for step in first_day.steps(boss.provider, boss) if step.name == "colleagues")

    assert not has_colleagues()
    Membership.objects.create(staff=other, provider=boss.provider, role="clerk")
    assert has_colleagues()
