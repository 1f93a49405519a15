"""The pages of a practice about itself: who may change what, and that a wrong value is said at its field."""

import pytest

from billing.models import AgbChange, DetailsChange, IbanChange, PracticeChange, Provider, Staff
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
Role = Staff.Role
PAGE, BEGIN = "/beheer/praktijk/", "/beheer/begin/"


def desk(practice, role=Role.APPROVER):
    return signed_in(factories.staff(provider=None if role == Role.OPERATIONS else practice, role=role))


def typed(**changes):
    details = {
        "phone": "030 1234567", "email": "praktijk@linde.example", "street": "Lindelaan", "house_number": "12",
        "postcode": "1234 AB", "city": "Utrecht",
    }  # fmt: skip
    return {"part": "details", **{f"details-{name}": value for name, value in (details | changes).items()}}


def test_an_approver_changes_what_patients_read_and_sees_it_in_the_history():
    practice = factories.provider()
    client = desk(practice)
    answer = client.post(
        PAGE, typed(phone_hours="ma-vr 9-12", contact_text="Bel liefst ’s middags.", kvk_number="87654321")
    )
    assert (answer.status_code, answer["Location"]) == (303, f"{PAGE}#details")
    practice.refresh_from_db()
    assert (practice.phone_hours, practice.contact_text) == ("ma-vr 9-12", "Bel liefst ’s middags.")
    page = client.get(PAGE).content.decode()
    assert "87654321" in page
    assert page.count("<tr>") > 3


def test_what_is_wrong_is_said_at_its_field_and_changes_nothing():
    practice = factories.provider()
    answer = desk(practice).post(PAGE, typed(kvk_number="123", postcode="nergens", phone="7"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count('class="errornote" id="id_details-') == 3
    assert not PracticeChange.objects.exists()


def test_what_stands_in_the_contract_is_for_operations_alone():
    practice = factories.provider()
    contract = {"name": "Anders", "creditor": "operator", "transfers_to": "practice", "vat_on_costs": "on"}
    desk(practice).post(PAGE, typed(**contract))
    practice.refresh_from_db()
    assert (practice.creditor, practice.vat_on_costs) == ("practice", False)
    operator = desk(practice, Role.OPERATIONS)
    assert operator.post(f"{PAGE}{practice.pk}/", typed(**contract)).status_code == 303
    practice.refresh_from_db()
    assert (practice.creditor, practice.vat_on_costs) == ("practice", True), "who is paid waits for a second person"
    assert "Anders wacht op een tweede persoon" in operator.get(f"{PAGE}{practice.pk}/").content.decode()
    approve = {"action": "approve", "_selected_action": DetailsChange.objects.get(decided_at=None).pk}
    for one in (operator, desk(practice, Role.OPERATIONS)):
        one.post("/beheer/billing/detailschange/", approve)
        practice.refresh_from_db()
    assert (practice.name, practice.creditor, practice.transfers_to) == ("Anders", "operator", "practice")


def test_a_clerk_reads_and_changes_nothing():
    practice = factories.provider()
    client = desk(practice, Role.CLERK)
    page = client.get(PAGE).content.decode()
    assert "Lindelaan" in page
    assert 'name="part"' not in page
    for sent in (typed(city="Elders"), {"part": "rules", "rules-PAYMENT_TERM_DAYS": "21"}):
        assert client.post(PAGE, sent).status_code == 403
    assert client.post(BEGIN, {"skip": "rules"}).status_code == 403
    assert not PracticeChange.objects.exists()


def test_house_rules_are_chosen_on_the_page_and_a_wrong_one_is_marked():
    practice = factories.provider()
    client = desk(practice)
    assert client.post(PAGE, {"part": "rules", "rules-PAYMENT_TERM_DAYS": "21"}).status_code == 303
    practice.refresh_from_db()
    assert practice.chosen == {"PAYMENT_TERM_DAYS": "21"}
    answer = client.post(PAGE, {"part": "rules", "rules-PAYMENT_TERM_DAYS": "5"})
    assert answer.status_code == 422
    assert "Kies van 14 tot en met 90" in answer.content.decode()
    assert client.post(PAGE, {"part": "nonsense"}).status_code == 422


def test_an_account_waits_for_operations():
    practice = factories.provider()
    for sent, wanted in (("NL20 INGB 0001 2345 67", 303), ("NL00", 422), (practice.iban, 422)):
        assert desk(practice).post(PAGE, {"part": "account", "account-iban": sent}).status_code == wanted
    assert IbanChange.objects.get().iban == "NL20INGB0001234567"
    practice.refresh_from_db()
    assert practice.iban == "NL91ABNA0417164300"


def test_an_agb_code_is_asked_by_operations_alone_and_approved_by_another():
    practice = factories.provider()
    sent = {"part": "agb", "agb-agb_code": "01234568"}
    assert desk(practice).post(PAGE, sent).status_code == 403
    operator = desk(practice, Role.OPERATIONS)
    assert operator.post(f"{PAGE}{practice.pk}/", sent).status_code == 303
    asked = AgbChange.objects.get()
    approve = {"action": "approve", "_selected_action": asked.pk}
    operator.post("/beheer/billing/agbchange/", approve)
    practice.refresh_from_db()
    assert practice.agb_code != "01234568"
    desk(practice, Role.OPERATIONS).post("/beheer/billing/agbchange/", approve)
    practice.refresh_from_db()
    assert practice.agb_code == "01234568"


def test_operations_add_a_practice_that_waits_and_wrong_details_are_said():
    operator = desk(None, Role.OPERATIONS)
    details = {
        "agb_code": "01234567", "name": "Nieuw", "phone": "030 1234567", "email": "a@nieuw.example", "street": "Straat",
        "house_number": "1", "postcode": "1234 AB", "city": "Dorp", "iban": "NL91ABNA0417164300",
        "kvk_number": "12345678", "creditor": "practice", "transfers_to": "operator",
    }  # fmt: skip
    sent = {f"details-{name}": value for name, value in details.items()}
    for wrong in (
        {"details-iban": "NL00"},
        {"details-agb_code": "12"},
        {"details-name": ""},
        {"details-kvk_number": ""},
    ):
        assert operator.post("/beheer/praktijk/nieuw/", sent | wrong).status_code == 422
    assert not Provider.objects.exists()
    answer = operator.post("/beheer/praktijk/nieuw/", sent)
    practice = Provider.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, f"{PAGE}{practice.pk}/begin/")
    page = operator.get(answer["Location"]).content.decode()
    assert "Er kan nog geen brief weg." in page
    assert (practice.approved_at, practice.iban) == (None, "")


def test_the_start_page_leads_on_until_the_list_is_closed():
    practice = factories.provider(set_up_at=None)
    client = desk(practice)
    assert BEGIN in client.get("/beheer/").content.decode()
    client.post(BEGIN, {"skip": "coulance"})
    assert PracticeChange.objects.get().what == "skipped:coulance"
    assert client.post(BEGIN, {"finish": "yes"}).status_code == 303
    assert "first-day-panel" not in client.get("/beheer/").content.decode()
    assert PracticeChange.objects.get(what="skipped:coulance").now == "skipped", "no word of one language is kept"
    assert "overgeslagen" in client.get("/beheer/praktijk/").content.decode()
    Provider.objects.filter(pk=practice.pk).update(iban="")
    again = client.get("/beheer/").content.decode()
    assert "Er kan nog geen brief weg." in again, "also of a practice that closed its list"
