"""The search field of the desk: what was typed stays out of addresses and logs, and what was shown is in the log."""

import pytest

from billing.models import AccessEvent, Staff
from billing.privacy import access_log
from tests import factories
from tests.portal.staff.staff_client import signed_in

pytestmark = pytest.mark.django_db
FIND = "/beheer/zoeken/"


@pytest.fixture(autouse=True)
def _quick_passwords(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def practice():
    return factories.provider()


@pytest.fixture
def clerk(practice):
    return factories.staff(provider=practice)


@pytest.fixture
def desk(clerk):
    return signed_in(clerk)


def test_one_row_opens_at_once(desk, practice):
    invoice = factories.invoice(provider=practice)
    page = f"/beheer/billing/patient/{invoice.patient.pk}/change/"
    assert desk.post(FIND, {"sought": invoice.patient.number}).headers["Location"] == page
    for sought in (invoice.number, invoice.payment_reference):
        answer = desk.post(FIND, {"sought": sought})
        assert answer.headers["Location"] == f"/beheer/billing/invoice/{invoice.pk}/change/"
    answer = desk.get(f"{FIND}?sought={invoice.number}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/beheer/")
    assert "sought" in desk.get(page).content.decode()  # the field is on every page


def test_several_rows_have_a_page_and_the_log_says_who_was_on_it(desk, practice, clerk):
    shown = [factories.invoice(provider=practice).patient for _each in range(2)]
    foreign = factories.invoice()
    answer = desk.post(FIND, {"sought": "de Vries"})
    assert answer.status_code == 302
    assert "vries" not in answer.headers["Location"].lower()
    assert "vries" not in str(dict(desk.session)).lower()
    page = desk.get(answer.headers["Location"]).content.decode()
    assert 'value="de Vries"' in page
    for patient in shown:
        assert f"/patient/{patient.pk}/" in page
        assert f"/invoice/{patient.invoices.get().pk}/" in page
    assert f"/patient/{foreign.patient.pk}/" not in page
    events = AccessEvent.objects.filter(act="search")
    assert {event.patient for event in events} == set(shown)
    assert {(event.who, event.data, event.invoice) for event in events} == {
        (f"staff:{clerk.pk}", access_log.FOUND, None)
    }
    assert list(access_log.breaks()) == []


def test_without_the_log_nothing_is_shown(desk, practice, monkeypatch):
    factories.patient(provider=practice), factories.patient(provider=practice)
    address = desk.post(FIND, {"sought": "de Vries"}).headers["Location"]
    desk.raise_request_exception = False

    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(access_log, "_append", broken)
    assert desk.get(address).status_code == 500


def test_a_search_is_for_the_browser_that_made_it_and_ends(desk, practice, clerk, monkeypatch):
    rows = [factories.patient(provider=practice) for _each in range(2)]
    address = desk.post(FIND, {"sought": "de Vries"}).headers["Location"]
    assert signed_in(factories.staff(provider=practice)).get(address).headers["Location"] == "/beheer/"
    clerk.role, clerk.provider = Staff.Role.CLERK, factories.provider()
    clerk.save()
    assert f"/patient/{rows[0].pk}/" not in desk.get(address).content.decode()
    monkeypatch.setattr("billing.desk.people.finding._GOOD_SECONDS", -1)
    clerk.provider = practice
    clerk.save()
    ended = desk.post(FIND, {"sought": "de Vries"}).headers["Location"]
    assert desk.get(ended).headers["Location"] == "/beheer/"


@pytest.mark.parametrize(("sought", "said"), [("x", "at least two letters"), ("Nobody", "Nothing was found")])
def test_nothing_is_said_with_what_can_be_typed(desk, settings, sought, said):
    desk.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    page = desk.post(FIND, {"sought": sought}).content.decode()
    assert said in page
    assert "12-3-1971" in page
