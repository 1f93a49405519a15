"""The screen on which a practice says how it goes about coulance: whose it is, what it takes, what is written down."""

from decimal import Decimal

import pytest

from billing.models import AuditEvent, Staff
from coulance.models import PracticeRules
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
LIST = "/beheer/coulance/practicerules/"
D = Decimal
FIELDS = {"specification_days": "30", "rule": "insurer", "percentage": "", "second_person_above": "", "help_text": ""}


@pytest.fixture
def provider():
    return factories.provider()


@pytest.fixture
def rules(provider):
    return PracticeRules.objects.create(provider=provider, second_person_above=D("250.00"))


def client_of(role, provider=None):
    return signed_in(factories.staff(role=role, provider=provider))


def save(client, rules, **fields):
    given = FIELDS | {"wants_specification": "on", "second_person_above": "250,00"} | fields
    return client.post(f"{LIST}{rules.pk}/change/", given)


def test_an_approver_sets_the_rules_of_the_own_practice_and_it_is_written_down(provider):
    client = client_of(Staff.Role.APPROVER, provider)
    fields = {"rule": "percentage", "percentage": "25", "second_person_above": "1.250,50", "help_text": "Bel ons."}
    assert client.post(f"{LIST}add/", FIELDS | {"provider": provider.pk} | fields).status_code == 302
    row = PracticeRules.objects.get()
    assert (row.provider, row.rule, row.percentage) == (provider, "percentage", 25)
    assert (row.second_person_above, row.wants_specification) == (D("1250.50"), False)
    assert save(client, row, rule="manual", second_person_above="1000").status_code == 302
    added, changed = AuditEvent.objects.filter(action__startswith="coulance_rules").order_by("pk")
    assert (added.action, added.details["agb_code"]) == ("coulance_rules_added", provider.agb_code)
    assert added.details["changes"]["second_person_above"] == ["", "1250.50"]
    assert changed.details["changes"] == {
        "wants_specification": ["False", "True"],
        "rule": ["percentage", "manual"],
        "percentage": ["25", ""],
        "second_person_above": ["1250.50", "1000.00"],
        "help_text": ["…", "…"],
    }
    assert "coulance" in client.get("/beheer/").content.decode().lower()


def test_saving_what_was_there_writes_nothing_down(rules, provider):
    assert save(client_of(Staff.Role.APPROVER, provider), rules).status_code == 302
    assert not AuditEvent.objects.filter(action__startswith="coulance_rules").exists()


@pytest.mark.parametrize(
    "fields",
    [
        {"rule": "percentage"},
        {"percentage": "0"},
        {"percentage": "101"},
        {"specification_days": "6"},
        {"specification_days": "121"},
        {"rule": "nonsense"},
        {"second_person_above": "veel"},
        {"second_person_above": "-1"},
        {"second_person_above": "99999999999"},
        {"help_text": "x" * 501},
    ],
)
def test_what_can_not_be_is_said_and_changes_nothing(rules, provider, fields):
    page = save(client_of(Staff.Role.APPROVER, provider), rules, **fields)
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    before = PracticeRules.objects.values().get()
    assert (before["rule"], before["second_person_above"]) == ("insurer", D("250.00"))
    assert not AuditEvent.objects.filter(action__startswith="coulance_rules").exists()


@pytest.mark.parametrize(
    ("role", "wanted", "fine"),
    [
        (Staff.Role.APPROVER, "249,99", True),
        (Staff.Role.APPROVER, "0", True),
        (Staff.Role.APPROVER, "250,01", False),
        (Staff.Role.APPROVER, "", False),
        (Staff.Role.OPERATIONS, "5000", True),
        (Staff.Role.OPERATIONS, "", True),
    ],
)
def test_only_operations_weaken_the_second_person(rules, provider, role, wanted, fine):
    client = client_of(role, provider if role != Staff.Role.OPERATIONS else None)
    page = save(client, rules, second_person_above=wanted)
    assert page.status_code == (302 if fine else 200)
    rules.refresh_from_db()
    assert (rules.second_person_above == D("250.00")) == (not fine)


def test_a_practice_has_one_row_and_no_other_practice(rules, provider):
    client = client_of(Staff.Role.APPROVER, provider)
    assert client.post(f"{LIST}add/", FIELDS | {"provider": provider.pk}).status_code == 200
    other = factories.provider()
    assert client.post(f"{LIST}add/", FIELDS | {"provider": other.pk}).status_code == 200
    save(client, rules, provider=other.pk)
    assert list(PracticeRules.objects.values_list("provider", flat=True)) == [provider.pk]


def test_a_clerk_reads_and_writes_nothing(rules, provider):
    client = client_of(Staff.Role.CLERK, provider)
    assert client.get(f"{LIST}{rules.pk}/change/").status_code == 200
    assert save(client, rules, rule="manual").status_code == 403
    assert client.post(f"{LIST}add/", FIELDS | {"provider": provider.pk}).status_code == 403
    rules.refresh_from_db()
    assert rules.rule == "insurer"
