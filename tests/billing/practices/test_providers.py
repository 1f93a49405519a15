"""A practice's own details: right ones only, added once, changed by another act, and the IBAN by two people."""

from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone, translation

from billing.errors import Refused, Stale
from billing.models import (
    AgbChange,
    AuditEvent,
    DetailsChange,
    IbanChange,
    OutboxMessage,
    PracticeChange,
    Provider,
    Staff,
    StaffTask,
)
from billing.practices import identity, providers
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
AGB, OTHER_IBAN = "11012345", "NL20INGB0001234567"
RIGHT = {
    "name": "Tandartsen De Linde",
    "email": "praktijk@linde.example",
    "phone": "030 123 4567",
    "street": "Lindelaan",
    "house_number": "12",
    "postcode": "3512ab",
    "city": "Utrecht",
    "iban": "NL91 ABNA 0417 1643 00",
}


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def test_details_are_stored_as_a_batch_would_be():
    row = providers.register(AGB, RIGHT)
    assert (str(row.phone), row.postcode, row.iban) == ("+31301234567", "3512 AB", "NL91ABNA0417164300")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("postcode", "onzin"),
        ("email", '"a,b"@linde.example'),
        ("email", "praktijk@l\u0131nde"),
        ("phone", "12"),
        ("iban", "NL92ABNA0417164300"),
        ("name", "\u200b"),
        ("name", "Linde\u202e"),
        ("city", ""),
        ("website", "javascript:alert(1)"),
        ("kvk_number", "1234567"),
        ("transfers_to", "somewhere"),
        ("receipts_confirmed_above", "veel"),
        ("receipts_confirmed_above", "5000"),
    ],
)
def test_a_wrong_detail_is_refused_when_adding_and_when_changing(name, value):
    with pytest.raises(Refused, match=f"{name}: "):
        providers.register(AGB, RIGHT | {name: value})
    assert not Provider.objects.exists()
    factories.provider(agb_code=AGB)
    with pytest.raises(Refused, match=f"{name}: "):
        providers.change(AGB, {name: value}, by="command:anna")
    assert not AuditEvent.objects.exists()


def test_an_agb_code_is_added_once():
    providers.register(AGB, RIGHT)
    with pytest.raises(Refused, match="already"):
        providers.register(AGB, RIGHT | {"name": "Somebody else", "iban": OTHER_IBAN})
    assert Provider.objects.get().name == "Tandartsen De Linde"
    with pytest.raises(Refused, match="don't know"):
        providers.change("11099999", {"city": "Delft"}, by="command:anna")


def test_a_change_is_on_the_audit_trail_and_the_iban_waits():
    providers.register(AGB, RIGHT)
    changed, asked = providers.change(AGB, {"city": "Delft", "iban": OTHER_IBAN}, by="command:anna")
    row = Provider.objects.get()
    assert (changed, row.city, row.iban) == (["city"], "Delft", "NL91ABNA0417164300")
    assert [(event.action, event.by, event.details) for event in AuditEvent.objects.all()] == [
        ("provider_changed", "command:anna", {"provider": AGB, "fields": ["city"]}),
        ("iban_change_asked", "command:anna", {"provider": AGB, "endings": ["4300", "4567"]}),
    ]
    assert StaffTask.objects.get().kind == "iban_waits"
    for same in ("command:anna", "staff:anna", "staff:Anna"):
        with pytest.raises(Refused, match="yourself"):
            providers.decide_iban(asked, approved=True, by=same)
    providers.decide_iban(asked, approved=True, by="staff:bram")
    assert Provider.objects.get().iban == OTHER_IBAN
    with pytest.raises(Stale):
        providers.decide_iban(asked, approved=False, by="staff:bram")
    assert AuditEvent.objects.last().action == "iban_change_approved"


def test_the_practice_is_told_at_the_address_that_it_had():
    """Also when somebody changed the address first, so that no mail about the money would arrive."""
    providers.register(AGB, RIGHT)
    providers.change(AGB, {"email": "dief@elders.example"}, by="command:anna")
    _changed, asked = providers.change(AGB, {"iban": OTHER_IBAN}, by="command:anna")
    providers.decide_iban(asked, approved=True, by="staff:bram")
    told = OutboxMessage.objects.filter(kind="provider_changed").order_by("pk")
    assert [(message.recipient.partition("@")[0], message.subject) for message in told] == [
        ("praktijk", "Het e-mailadres van uw praktijk is veranderd"),
        ("dief", "Iemand vraagt om een ander IBAN voor uw praktijk"),
        ("praktijk", "Iemand vraagt om een ander IBAN voor uw praktijk"),
        ("dief", "Het IBAN van uw praktijk is veranderd"),
        ("praktijk", "Het IBAN van uw praktijk is veranderd"),
    ]
    assert all("4567" in message.text and OTHER_IBAN not in message.text for message in told[1:])


def test_the_address_that_it_had_counts_under_another_agb_code_too():
    providers.register(AGB, RIGHT)
    providers.change(AGB, {"email": "dief@elders.example"}, by="command:anna")
    Provider.objects.update(agb_code="11054322")
    providers.change("11054322", {"iban": OTHER_IBAN}, by="command:anna")
    told = OutboxMessage.objects.filter(subject__contains="IBAN")
    assert {message.recipient for message in told} == {"dief@elders.example", RIGHT["email"]}


def test_the_practice_and_its_approvers_are_told_of_another_name_or_number_before_and_after():
    practice = providers.register(AGB, RIGHT)
    Provider.objects.update(approved_at=timezone.now(), kvk_number="30123456")
    for role, name in (("approver", "beslisser"), ("clerk", "balie")):
        factories.staff(provider=practice, role=role, email=f"{name}@post.example")
    providers.change(AGB, {"email": "nieuw@praktijk.example"}, by="command:anna")
    providers.change(AGB, {"name": "Praktijk Dief", "kvk_number": "87654321"}, by="command:anna")
    asked = DetailsChange.objects.get()
    identity.ask_agb(Provider.objects.get(), "11054322", by="command:anna")
    told = OutboxMessage.objects.filter(kind="provider_changed").exclude(subject__contains="e-mailadres")
    everybody = {"beslisser@post.example", "nieuw@praktijk.example", RIGHT["email"]}
    assert {message.subject for message in told} == {"Iemand vraagt om andere gegevens voor uw praktijk"}
    assert sorted(message.recipient for message in told) == sorted([*everybody] * 2)
    named = {part for message in told for part in ("Praktijk Dief", "87654321", "11054322") if part in message.text}
    assert named == {"Praktijk Dief", "87654321", "11054322"}
    providers.decide_details(asked, approved=True, by="staff:bram")
    identity.decide_agb(AgbChange.objects.get(), approved=True, by="staff:bram")
    done = OutboxMessage.objects.filter(subject="De gegevens van uw praktijk zijn veranderd")
    assert sorted(message.recipient for message in done) == sorted([*everybody] * 2)
    assert all("Bel ons dan meteen" in message.text for message in done)


def test_what_is_no_change_asks_nobody():
    providers.register(AGB, RIGHT)
    assert providers.change(AGB, {"postcode": "3512 AB", "iban": "nl91abna0417164300"}, by="command:anna") == ([], None)
    assert not AuditEvent.objects.exists()


def test_a_second_change_of_iban_supersedes_the_first():
    providers.register(AGB, RIGHT)
    _changed, first = providers.change(AGB, {"iban": OTHER_IBAN}, by="command:anna")
    _changed, second = providers.change(AGB, {"iban": "NL39RABO0300065264"}, by="command:anna")
    with pytest.raises(Stale):
        providers.decide_iban(first, approved=True, by="staff:bram")
    waits = StaffTask.objects.filter(kind=StaffTask.Kind.IBAN_WAITS, closed_at=None)
    assert [task.dedupe_key for task in waits] == [f"iban_waits:iban:{second.pk}"]
    providers.decide_iban(second, approved=False, by="staff:bram")
    assert not waits.all().exists()
    assert Provider.objects.get().iban == "NL91ABNA0417164300"


def test_operations_approve_at_the_desk_and_practices_do_not_see_it():
    row = providers.register(AGB, RIGHT)
    _changed, asked = providers.change(AGB, {"iban": OTHER_IBAN}, by="command:anna")
    page = reverse("admin:billing_ibanchange_change", args=[asked.pk])
    assert signed_in(factories.staff(role=Staff.Role.APPROVER, provider=row)).get(page).status_code == 403
    boss = signed_in(factories.staff(role=Staff.Role.OPERATIONS, username="bram"))
    assert "NL91ABNA0417164300" in boss.get(page).content.decode()
    act = {"action": "approve", "_selected_action": str(asked.pk), "from_page": str(asked.pk)}
    boss.post(reverse("admin:billing_ibanchange_changelist"), act)
    assert Provider.objects.get().iban == OTHER_IBAN
    assert IbanChange.objects.get().decided_by == "staff:bram"


def test_what_add_provider_leaves_open_can_be_set_later():
    row = factories.provider(agb_code=AGB, kvk_number="")
    given = {"kvk_number": "12345678", "phone_hours": "ma-vr 9-17"}
    given |= {"receipts_confirmed_above": "1.000,50"}
    assert providers.change(AGB, given, by="command:anna") == (sorted(given), None)
    row.refresh_from_db()
    assert (row.kvk_number, row.phone_hours) == ("12345678", "ma-vr 9-17")
    assert row.receipts_confirmed_above == Decimal("1000.50")
    assert providers.change(AGB, given, by="command:anna") == ([], None)


@pytest.mark.parametrize(
    ("name", "value"),
    [("name", "Andere B.V."), ("kvk_number", "87654321"), ("creditor", "operator"), ("transfers_to", "practice")],
)
def test_to_whom_patients_owe_and_pay_takes_two_persons(name, value):
    row = factories.provider(agb_code=AGB, kvk_number="12345678")
    was = getattr(row, name)
    assert providers.change(AGB, {name: value, "city": "Delft"}, by="staff:anna") == (["city"], None)
    asked = providers.waits(row)
    assert asked.details == {name: value}
    with pytest.raises(Refused):
        providers.decide_details(asked, approved=True, by="command:Anna")
    row.refresh_from_db()
    assert getattr(row, name) == was
    again = providers.ask_details(row, {name: value}, by="staff:anna")
    assert StaffTask.objects.filter(kind="details_wait", closed_at=None).count() == 1
    providers.decide_details(again, approved=True, by="staff:bram")
    row.refresh_from_db()
    assert (getattr(row, name), providers.waits(row)) == (value, None)
    assert not StaffTask.objects.filter(kind="details_wait", closed_at=None).exists()
    assert PracticeChange.objects.get(what=name).now == value
    with pytest.raises(Stale):
        providers.decide_details(again, approved=False, by="staff:bram")


def test_before_its_approval_one_person_mends_what_the_second_will_look_at():
    row = factories.provider(agb_code=AGB, approved_at=None)
    assert providers.change(AGB, {"name": "Beter B.V."}, by="staff:anna") == (["name"], None)
    assert providers.waits(row) is None
