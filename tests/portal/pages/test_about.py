"""Who runs the site and by which rules: in both languages, linked on every page, with the numbers of the settings."""

import re
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from django.utils import timezone

from billing import rooms
from complaints import deadlines
from portal import about
from portal.checks import check_operator
from portal.settings import processors
from tests import factories

PAGES = [*about.PAGES, "complaints_procedure"]
# Of staff, practices and the demo: not about patients.
OF_OTHERS = {"RETAIN_SUBMITTED_DAYS", "RETAIN_UNUSED_FILE_DAYS", "RETAIN_SIGN_IN_DAYS", "RETAIN_SANDBOX_DAYS"}

pytestmark = pytest.mark.django_db


def text_of(client, name, language="nl"):
    response = client.get(reverse(name), headers={"Accept-Language": language})
    assert response.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize("name", PAGES)
def test_each_is_there_in_both_languages_and_linked_on_every_page(client, name):
    assert text_of(client, name, "nl") != text_of(client, name, "en")
    assert f'href="{reverse(name)}"' in client.get("/").content.decode()


@pytest.mark.parametrize("name", PAGES)
def test_its_sections_are_printed(client, name):
    sections = re.findall(r"<section[^>]*>", client.get(reverse(name)).content.decode())
    assert sections
    assert [section for section in sections if "printed" not in section] == []


def test_how_long_we_keep_it_comes_from_the_settings(client, settings):
    settings.RETAIN_INVOICE_YEARS, settings.COMPLAINTS_KEPT_YEARS = 71, 72
    text = text_of(client, "privacy")
    assert "tot 71 jaar" in text
    assert "Uw klacht: 72 jaar" in text


def test_every_term_of_what_is_about_patients_is_told():
    told = {rule for room in rooms.announcements() for rule in room.kept}
    terms = {
        name
        for name in dir(settings)
        if re.fullmatch(r"RETAIN_\w+|\w+_KEPT_(?:YEARS|DAYS)|COMPLAINTS_SIGNALS_DAYS", name)
    }
    assert terms - OF_OTHERS == told


def test_every_cookie_that_we_set_is_told(client):
    client.cookies.clear()
    invoice = factories.invoice()
    client.post("/", {"reference": invoice.payment_reference})
    client.post("/taal/", {"language": "en", "next": "/"})
    client.get(f"/rekening/{invoice.token}/")
    client.post(f"/rekening/{factories.invoice().token}/uitstel/", {"day": "x"})  # the page has closed: it is kept
    names = {cookie.name for cookie in about.cookies()}
    assert set(client.cookies) <= names
    assert len(client.cookies) >= 3
    assert [name for name in names if name not in text_of(client, "cookies")] == []


def test_the_terms_of_the_complaints_procedure_are_those_of_the_room(client, settings):
    terms = deadlines.PROCEDURES[settings.COMPLAINTS_PROCEDURE]
    text = text_of(client, "complaints_procedure")
    assert f"binnen {terms.answer_days} dagen antwoord" in text
    assert f"{terms.legal_days} dagen, geteld vanaf de dag nadat uw klacht kwam" in text
    # Received on a Saturday the last of those days is one too, and the rule says the Monday after it, as the page does.
    promised = deadlines.dates(terms, date(2026, 12, 19))
    assert promised.legal_end == date(2026, 12, 19) + timedelta(days=terms.legal_days + 2)
    assert "Dan is de eerste werkdag daarna de laatste dag" in text
    assert promised.extended_end == date(2026, 12, 19) + timedelta(days=terms.extended_days + 2)
    assert f"Alles samen is het hooguit {terms.extended_days} dagen" in text
    assert "Kifid" not in text, "nobody is named whom we have not joined"
    settings.COMPLAINTS_OWN_BODY = "kifid"
    assert "Daarna kunt u naar Kifid" in text_of(client, "complaints_procedure")
    settings.COMPLAINTS_PROCEDURE = "solidaris"
    text = text_of(client, "complaints_procedure")
    assert "wet geeft ons" not in text, "its days are its own rules"
    assert "Wij tellen vanaf de dag nadat uw klacht kwam" in text


def test_whom_to_ask_about_privacy_and_who_works_for_us_where_is_told(client, settings):
    settings.OPERATOR = settings.OPERATOR | {"dpo": "fg@rekening.example"}
    settings.PROCESSORS = processors.read("Servers B.V. (servers|hosting) NL")
    text = text_of(client, "privacy")
    assert "fg@rekening.example" in text.replace(" ", "")
    assert "Servers B.V. (Nederland), voor servers." in text
    assert "Wij en deze bedrijven bewaren uw gegevens binnen de Europese Economische Ruimte" in text
    settings.PROCESSORS += processors.read("Mail Inc. (e-mail|e-mail) US clauses; Post Ltd (post|post) GB adequacy")
    text = text_of(client, "privacy", "en")
    assert "Mail Inc. (United States). We agreed the standard clauses" in text
    assert "Post Ltd (United Kingdom). The European Commission finds" in text
    assert "We and these companies keep your data within" not in text


@pytest.mark.parametrize(
    "wrong",
    ["Mail Inc. (e-mail|e-mail) US", "Mail Inc. US clauses", "Mail B.V. (a|b) NL clauses", "Mail (a) NL", "x (a|b) nl"],
)
def test_a_company_whose_guarantee_does_not_fit_its_country_is_refused(wrong):
    with pytest.raises(ImproperlyConfigured, match="OPERATOR_PROCESSORS must be like"):
        processors.read(wrong)


def test_what_the_pages_lack_is_a_warning(settings):
    settings.OPERATOR = settings.OPERATOR | {"dpo": "", "vat": "", "wki": ""}
    settings.PROCESSORS = ()
    found = {warning.id for warning in check_operator()}
    assert found == {"portal.W022", "portal.W023", "portal.W024", "portal.W025"}
    settings.OPERATOR = settings.OPERATOR | {"dpo": "fg@rekening.example", "vat": "NL100000009B01", "wki": "I1"}
    settings.PROCESSORS = processors.read("Servers B.V. (servers|hosting) NL")
    assert check_operator() == []


def test_who_we_are_says_what_the_law_asks(client, settings):
    settings.OPERATOR = settings.OPERATOR | {"wki": "I12345"}
    text = text_of(client, "who_we_are")
    assert [value for key in ("name", "kvk", "vat", "wki") if (value := settings.OPERATOR[key]) not in text] == []


def test_security_txt_names_the_page_and_is_valid(client):
    text = client.get(reverse("security_txt")).content.decode()
    assert f"Policy: {settings.PUBLIC_URL}/beveiliging/" in text
    assert f"Expires: {timezone.now() + timedelta(days=1):%Y}"[:11] in text
