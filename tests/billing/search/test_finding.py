"""Finding patients and invoices: the same answers on both databases, and nobody of another practice."""

from datetime import date

import pytest
from django.utils import timezone

from billing.invoices.intake import NewPatient
from billing.models import Patient, Payer, Staff
from billing.patients import birth_date, registration
from billing.search import finding
from billing.search.reading import read
from tests import factories

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 16)


@pytest.fixture
def practice():
    return factories.provider()


@pytest.fixture
def clerk(practice):
    return factories.staff(provider=practice)


@pytest.fixture
def bakker(practice):
    return factories.patient(
        provider=practice,
        number="P-10 077",
        initials="A.M.",
        infix="van den",
        surname="Bäkker-d'Hondt",
        email="Anna.Bakker@post.example",
        mobile="+31612345678",
        postcode="3511 LN",
        house_number="12a",
        identity={"date_of_birth": "1971-03-12", "insurer_uzovi": "3311", "insured_number": "1"},
    )


def found(member: Staff, typed: str) -> list[finding.Hit]:
    return finding.find(member, read(typed, today=TODAY))


@pytest.mark.parametrize(
    "typed",
    [
        "bakker", "BAKK", "hondt", "d'hondt", "van den bakker", "a.m. van den bakker", "am bakker", "vandenbakker",
        "12-3-1971", "12 maart 1971", "bakker 1971", "mevrouw Bakker, geboren in 1971", "bakker 12031971",
        "0612345678", "06-1234 5678", "+31 6 12345678", "345678", "3511LN", "3511 ln 12a", "bakker 3511 LN",
        "anna.bakker@post.example", "anna.bakker@", "P-10077", "p10 077", "0077",
    ],
)  # fmt: skip
def test_a_patient_is_found_by_whatever_is_known(clerk, practice, bakker, typed):
    factories.patient(provider=practice, surname="Smit", mobile="+31687654301", postcode="1011 AA", number="P-2")
    factories.patient(surname="Bakker", identity=bakker.identity)  # of another practice
    assert found(clerk, typed) == [finding.Hit(bakker.pk)]


@pytest.mark.parametrize(
    "typed",
    ["bakker 1972", "bakker 13-3-1971", "akker", "jansen bakker", "%", "_____", "' OR 1=1", "€ 999.999.999.999.999"],
)
def test_what_does_not_fit_is_not_found(clerk, bakker, typed):
    assert found(clerk, typed) == []


def test_a_short_number_is_a_whole_one(clerk, practice, bakker):
    short = factories.patient(provider=practice, number="P-7", mobile="")
    assert found(clerk, "p7") == found(clerk, "P-7") == [finding.Hit(short.pk)]
    assert found(clerk, "7") == []


def test_a_birth_date_that_is_known_in_part_agrees_with_every_day_in_it(clerk, practice):
    partly = {"date_of_birth": "1960-05-00", "insurer_uzovi": "", "insured_number": ""}
    row = factories.patient(provider=practice, identity=partly)
    assert found(clerk, "7-5-1960") == [finding.Hit(row.pk)]
    assert found(clerk, "7-6-1960") == []


def test_who_pays_for_somebody_leads_to_the_patient(clerk, bakker):
    payer = Payer.objects.create(patient=bakker, relation="parent", name="Pieter Öztürk", email="p@post.example")
    assert found(clerk, "ozturk") == found(clerk, "p@post") == [finding.Hit(bakker.pk)]
    Payer.objects.update_or_create(patient=bakker, defaults={"name": "Kees Mol"})
    assert (found(clerk, "ozturk"), found(clerk, "mol")) == ([], [finding.Hit(bakker.pk)])
    assert payer.pk == bakker.pk


def test_an_invoice_is_found_by_any_part_of_its_numbers(clerk, bakker):
    row = factories.invoice(patient=bakker, number="2026-00 901/B")
    factories.invoice(patient=bakker, number="F-77")
    hit = [finding.Hit(bakker.pk, (row.pk,))]
    spaced = " ".join(row.payment_reference[start : start + 4] for start in range(0, 16, 4))
    for typed in ("2026-00901/b", "00901", "202600901B", row.payment_reference, spaced, row.payment_reference[3:12]):
        assert found(clerk, typed) == hit
    [match] = finding.load(clerk, hit)
    assert (match.patient, match.invoices, match.others) == (bakker, [row], 1)


def test_an_invoice_is_found_by_what_was_asked_and_by_what_is_owed(clerk, bakker):
    whole = factories.invoice(patient=bakker, amount="86.50")
    rest = factories.invoice(patient=bakker, amount="120.00", insurer_paid="33.50")
    factories.invoice(amount="86.50")
    hit = finding.Hit(bakker.pk, (rest.pk, whole.pk))
    assert found(clerk, "€ 86,50") == found(clerk, "bakker 86,50") == [hit]
    assert found(clerk, "120,00") == [finding.Hit(bakker.pk, (rest.pk,))]
    assert found(clerk, "smit 86,50") == []


def test_of_many_invoices_with_this_part_the_newest_are_shown(clerk, bakker, monkeypatch):
    monkeypatch.setattr(finding, "_CANDIDATES", 3)
    made = [factories.invoice(patient=bakker, number=f"ABC-2026-{number:05}") for number in range(5)]
    assert found(clerk, "ABC-2026") == [finding.Hit(bakker.pk, tuple(row.pk for row in reversed(made[2:])))]


def test_whole_words_come_first_and_a_page_is_a_page(clerk, practice):
    rows = [factories.patient(provider=practice, infix="", surname=name) for name in ("Jansen", "Jans", "Janssens")]
    assert [hit.patient for hit in found(clerk, "jans")] == [rows[1].pk, rows[0].pk, rows[2].pk]
    for _each in range(finding.MAX_SHOWN):
        factories.patient(provider=practice, surname="Jansma")
    assert len(found(clerk, "jans")) == finding.MAX_SHOWN + 1


def test_a_correction_is_found_by_the_new_facts_only(clerk, practice, bakker):
    given = NewPatient(bakker.number, {"surname": "Smit", "postcode": "9999 ZZ"}, {})
    registration.correct(practice, [given], by="import:test")
    assert (found(clerk, "bakker"), found(clerk, "3511 LN")) == ([], [])
    assert found(clerk, "smit") == found(clerk, "9999zz 12a") == [finding.Hit(bakker.pk)]
    asked = birth_date.ask(bakker, date_of_birth="1971-03-21", reason="passport", by="staff:1")
    birth_date.decide(asked, approved=True, by="staff:2")
    assert (found(clerk, "12-3-1971"), found(clerk, "21-3-1971")) == ([], [finding.Hit(bakker.pk)])


def test_a_registered_patient_is_found_like_a_saved_one(clerk, practice, bakker):
    contact = {name: getattr(bakker, name) for name in ("initials", "infix", "surname", "email", "postcode")}
    others = {
        "mobile": "+31612345678",
        "language": "nl",
        "street": "x",
        "house_number": "12a",
        "city": "y",
        "country": "NL",
    }
    given = NewPatient("P-9", contact | others, dict(bakker.identity))
    registration.register(practice, [given], by="import:test", now=timezone.now())
    saved, registered = Patient.objects.order_by("pk")
    assert registered.search_text == saved.search_text.replace("p10077", "p9")
    assert registered.birth_key == saved.birth_key != ""


def test_operations_find_everybody_and_a_stopped_account_nobody(clerk, bakker):
    elsewhere = factories.patient(surname="Bakker", identity=bakker.identity)
    everybody = factories.staff(role=Staff.Role.OPERATIONS)
    for typed in ("bakker", "12-3-1971"):
        assert {hit.patient for hit in found(everybody, typed)} == {bakker.pk, elsewhere.pk}
    assert elsewhere.birth_key != bakker.birth_key
    clerk.is_active = False
    assert found(clerk, "bakker") == []
