"""What goes along with a decision: a text of the practice, one's own words, or nothing; and who writes those texts."""

import pytest

from billing.models import AuditEvent, Staff
from coulance.models import CaseMessage, Decision, NoteTemplate
from tests import factories
from tests.coulance.desk.desk_cases import at_desk, staff_of
from tests.coulance.desk.test_desk import filled, page_of
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
LIST = "/beheer/coulance/notetemplate/"
For = NoteTemplate.For


@pytest.fixture
def case():
    return at_desk()


@pytest.fixture
def texts(case):
    """The usual text of a practice, another one, one for refusing, and one that is not used any more."""
    rows = (("usual", For.ADJUST, True, True), ("other", For.ADJUST, False, True), ("no", For.REFUSE, False, True))
    made = [
        NoteTemplate.objects.create(
            provider=case.invoice.provider,
            name=name,
            purpose=purpose,
            text=f"Text {name}.",
            is_default=usual,
            in_use=used,
        )
        for name, purpose, usual, used in (*rows, ("old", For.ADJUST, False, False))
    ]
    return {row.name: row for row in made}


def decide(case, act, **fields):
    client = signed_in(staff_of(case))
    return client.post(page_of(case), filled(case, act, **({"shown_due": "750.00", "reason": ""} | fields)))


def test_an_approval_needs_no_note(case):
    assert decide(case, "approve").status_code == 303
    assert Decision.objects.get().reason == ""
    assert not CaseMessage.objects.exists()


@pytest.mark.parametrize(
    ("act", "chosen", "typed", "read"),
    [
        ("approve", "", "", "Text usual."),
        ("approve", "-", "", ""),
        ("approve", "other", "", "Text other."),
        ("approve", "other", "Zelf.", "Zelf."),
        ("refuse", "no", "", "Text no."),
    ],
)
def test_what_goes_along(case, texts, act, chosen, typed, read):
    template = texts[chosen].pk if chosen in texts else chosen
    assert decide(case, act, template=template, reason=typed).status_code == 303
    assert Decision.objects.get().reason == read


@pytest.mark.parametrize(
    ("act", "chosen"), [("refuse", ""), ("refuse", "-"), ("refuse", "other"), ("ask_more", "no"), ("approve", "no"),
                        ("approve", "old"), ("approve", "foreign")]
)  # fmt: skip
def test_no_text_goes_along_with_another_decision_than_its_own(case, texts, act, chosen):
    """A refusal takes the words of whoever looked: the usual text lowers an amount."""
    foreign = NoteTemplate.objects.create(provider=factories.provider(), name="x", text="Van een ander.")
    template = foreign.pk if chosen == "foreign" else texts[chosen].pk if chosen in texts else chosen
    page = decide(case, act, template=template)
    assert page.status_code == 422
    assert 'role="alert"' in page.content.decode()
    assert not Decision.objects.exists()


def save(client, case, address="add/", **fields):
    given = {"provider": case.invoice.provider_id, "name": "Nieuw", "purpose": "adjust", "text": "Nieuwe tekst."}
    return client.post(f"{LIST}{address}", given | {"in_use": "on"} | fields)


def test_a_new_usual_text_takes_the_place_of_the_former(case, texts):
    client = signed_in(staff_of(case))
    assert save(client, case, is_default="on").status_code == 302
    assert list(NoteTemplate.objects.filter(is_default=True).values_list("name", flat=True)) == ["Nieuw"]
    event = AuditEvent.objects.get(action="coulance_text_added")
    assert "Nieuwe" not in str(event.details)
    assert save(client, case, f"{texts['other'].pk}/change/", name="other", is_default="on").status_code == 302
    assert list(NoteTemplate.objects.filter(is_default=True).values_list("name", flat=True)) == ["other"]


@pytest.mark.parametrize(
    "fields",
    [
        {"is_default": "on", "purpose": "refuse"},
        {"is_default": "on", "in_use": ""},
        {"name": "usual"},
        {"text": "x" * 501},
        {"text": ""},
        {"purpose": "nonsense"},
    ],
)
def test_a_text_that_can_not_be_is_said_and_kept_out(case, texts, fields):
    page = save(signed_in(staff_of(case)), case, **fields)
    assert page.status_code == 200
    assert "errorlist" in page.content.decode()
    assert NoteTemplate.objects.count() == len(texts)


def test_a_clerk_chooses_and_does_not_write(case, texts):
    client = signed_in(staff_of(case, Staff.Role.CLERK))
    assert client.get(f"{LIST}{texts['usual'].pk}/change/").status_code == 200
    assert save(client, case).status_code == 403
    assert save(client, case, f"{texts['usual'].pk}/change/").status_code == 403
    page = client.get(page_of(case)).content.decode()
    assert "Text other." in page
    assert "Text old." not in page


def test_the_list_heads_what_a_text_is_for(case, texts):
    page = signed_in(staff_of(case)).get(LIST).content.decode()
    assert "Namens" not in page
    assert "Wanneer" in page
