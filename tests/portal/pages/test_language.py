"""The language of a page: who chose it, where the switch leads, and what it keeps."""

import re
from secrets import token_hex

import pytest
from django.urls import get_resolver, reverse

from coulance import intake
from tests import factories
from tests.browser import follow
from tests.coulance.desk.desk_cases import at_desk
from tests.portal.pages.test_invoice_page import open_in

pytestmark = pytest.mark.django_db


def language_of(response):
    return response.content.decode().partition('<html lang="')[2][:2]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("nl-NL,nl;q=0.9,en;q=0.8", "nl"),
        ("en;q=0.4,nl;q=0.7", "nl"),
        ("de-DE,de;q=0.9,en;q=0.5,nl;q=0.3", "en"),
        ("tr,pl;q=0.9", "tr"),
        ("*", "nl"),
        ("", "nl"),
        ("en;q=0", "nl"),
        (";;=,en-" + "x" * 300, "nl"),
    ],
)
def test_at_a_first_visit_the_browser_says_which(client, accepted, language):
    assert language_of(client.get("/", headers={"Accept-Language": accepted})) == language


def test_what_was_chosen_goes_before_what_the_browser_wants(client):
    client.post("/taal/", {"language": "nl", "next": "/"})
    assert language_of(client.get("/", headers={"Accept-Language": "en"})) == "nl"


def test_staff_get_what_they_chose_as_their_site_has_no_switch(client):
    assert language_of(client.get("/beheer/login/", headers={"Accept-Language": "en"})) == "nl"


@pytest.mark.parametrize("next_", ["//e.example/", "https://e.example/", "", "rekening", "/\\e.example"])
def test_the_switch_leads_nowhere_else(client, next_):
    assert client.post("/taal/", {"language": "en", "next": next_})["Location"] == "/"


def test_opened_as_a_page_it_leads_back_and_chooses_nothing(client):
    response = client.get("/taal/", {"next": "/klaar/", "language": "en"})
    assert (response.status_code, response["Location"], dict(response.cookies)) == (302, "/klaar/", {})


def test_no_address_of_a_patient_answers_with_the_browsers_own_405(client):
    """Whoever reloads, bookmarks or comes back to an address that takes forms gets a page that helps."""
    invoice = factories.invoice()
    intake.offer([invoice], today=invoice.issued_on, by="test")
    open_in(client, invoice)
    seen = 0
    for pattern in get_resolver().url_patterns:
        if "<token:token>" not in str(pattern.pattern) or not str(pattern.pattern).startswith("rekening/"):
            continue
        names = {"token": invoice.token}
        names |= {
            key: value
            for key, value in {"name": "a" * 24, "note_id": "1", "complaint": "a" * 24}.items()
            if f":{key}>" in str(pattern.pattern)
        }
        response = client.get(reverse(pattern.name, kwargs=names), headers={"Accept": "text/html"})
        assert response.status_code != 405, pattern.name
        seen += 1
    assert seen > 14


@pytest.mark.parametrize(
    ("page", "leads_to"), [("coulance_message", "coulance"), ("coulance_take_back", "coulance"), ("stay", "invoice")]
)
def test_an_address_that_takes_forms_leads_to_the_page_of_the_form(client, page, leads_to):
    invoice = at_desk().invoice
    open_in(client, invoice)
    more = ["a" * 24] if page == "coulance_take_back" else []
    response = client.get(reverse(page, args=[invoice.token, *more]))
    assert (response.status_code, response["Location"]) == (303, reverse(leads_to, args=[invoice.token]))


def test_any_other_wrong_method_shows_a_page_of_ours(client):
    response = client.get("/mollie/aaaaaaaaaaaaaaaaaaaaaaaa/", headers={"Accept": "text/html,*/*"})
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "geen pagina die u kunt openen" in response.content.decode()
    assert client.get("/mollie/aaaaaaaaaaaaaaaaaaaaaaaa/").content == b"", "a machine needs no page"


def switch(client, page):
    """Press the switch of `page` as a browser without scripts does; returns the page that it leads to."""
    form = page.content.decode().partition('<form id="language"')[2].partition("</form>")[0]
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form))
    return client.post("/taal/", sent | {"language": "en"}, follow=True)


def test_after_an_error_the_switch_keeps_what_was_typed(client):
    typed = "5000 0567 8901 2346"
    page = switch(client, client.post("/", {"reference": typed}))
    assert language_of(page) == "en"
    assert f'value="{typed}"' in page.content.decode()
    assert page.cookies["kept"]["max-age"] == 0, "shown once"
    assert typed not in client.get("/").content.decode()


def test_after_an_error_at_an_address_that_takes_forms_too(client):
    invoice = at_desk().invoice
    open_in(client, invoice)
    refused = client.post(reverse("coulance_message", args=[invoice.token]), {"message": "Lang verhaal. " * 200})
    assert refused.status_code == 409
    page = switch(client, refused)
    assert page.status_code == 200
    assert language_of(page) == "en"
    assert page.request["PATH_INFO"] == reverse("coulance", args=[invoice.token])


def test_what_is_kept_can_not_be_read_or_moved_to_another_page(client):
    response = client.post("/taal/", {"language": "en", "next": "/", "kept.reference": "geheim"})
    cookie = response.cookies["kept"]
    assert "geheim" not in cookie.value
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 900)
    assert "geheim" in client.get("/").content.decode()
    client.cookies["kept"] = cookie.value[:-8] + "AAAAAAA="
    assert client.get("/").status_code == 200
    client.cookies["kept"] = "geen base64 ✓".encode().hex()
    assert client.get("/").status_code == 200


def test_what_is_too_much_for_a_cookie_is_not_kept(client):
    response = client.post("/taal/", {"language": "en", "next": "/", "kept.reference": token_hex(5000)})
    assert "kept" not in response.cookies
    assert "te lang om te bewaren" in client.get("/").content.decode()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_with_a_script_it_keeps_what_was_not_sent_yet(sandbox, page):
    page.goto(sandbox.url)
    page.get_by_role("textbox").fill("5000 0567")
    page.locator("#language summary").click()
    follow(page.get_by_role("button", name="English"))
    page.wait_for_function("document.documentElement.lang === 'en'")
    assert page.get_by_role("textbox").input_value() == "5000 0567"
