"""What a reader of another language sees: the core translated, the Dutch beside what weighs, and Dutch that says so."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from billing.invoices import holds
from billing.models import AuditEvent, Patient
from billing.templatetags.money import euro
from portal.jinja import show_date
from portal.languages import EASY, OF_THE_CORE, catalogues, compiling, words
from tests import factories
from tests.portal.pages.test_invoice_page import open_in

pytestmark = pytest.mark.django_db
DUTCH_WORDS = re.compile(r"\b(het|een|rekening|betaal|betalen|uw|niet|kosten)\b", re.IGNORECASE)


@pytest.fixture
def invoice():
    return factories.invoice(amount="1234.50", provider=factories.provider(name="Zonnebloem"))


def read(client, language, path):
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client.get(path).content.decode()


def outside_dutch(page):
    """The words of a page that are not marked as Dutch, without amounts, days and addresses."""
    page = re.sub(r"<bdi[^>]*>.*?</bdi>", " ", page, flags=re.DOTALL)
    page = re.sub(r"<(span|div)[^>]* lang=\"nl\"[^>]*>.*?</\1>", " ", page, flags=re.DOTALL)
    page = re.sub(r"<ul>\s*<li><button name=\"language\".*?</ul>", " ", page, flags=re.DOTALL)
    return re.sub(r"<[^>]*>", " ", page.partition("<body>")[2])


@pytest.mark.parametrize("language", OF_THE_CORE)
@pytest.mark.parametrize(
    "name",
    ["lookup", "invoice", "deferral", "plan", "steps", "complain", "complain_without_invoice", "genuine",
     "genuine_paid", "assistant", "assistant_of_invoice"],
)  # fmt: skip
def test_a_page_of_the_core_has_no_dutch_that_does_not_say_so(client, invoice, language, name):
    open_in(client, invoice)
    of_none = ("lookup", "complain_without_invoice", "genuine", "genuine_paid", "assistant")
    shown = read(client, language, reverse(name, args=[] if name in of_none else [invoice.token]))
    direction = ' dir="rtl"' if language == "ar" else ""
    assert f'<html lang="{language}"{direction}>' in shown
    assert DUTCH_WORDS.findall(outside_dutch(shown)) == []
    assert "<span" not in re.search("<title>(.*?)</title>", shown)[1], "no markup in a title"
    assert f'<p class="remark" lang="{language}"' in shown


def test_what_weighs_has_its_dutch_beside_it(client, invoice):
    open_in(client, invoice)
    shown = read(client, "tr", reverse("invoice", args=[invoice.token]))
    assert '<span class="dutch" lang="nl" dir="ltr">Betaal uiterlijk op <strong><bdi' in shown
    assert "En geç <strong><bdi" in shown


def test_within_a_sentence_the_dutch_stands_in_brackets(client, invoice):
    """As a line of its own it would leave the rest of the sentence, such as an amount, behind it alone."""
    open_in(client, invoice)
    shown = read(client, "tr", reverse("invoice", args=[invoice.token]))
    dutch = '(<span class="dutch phrase" lang="nl" dir="ltr">Uw zorgaanbieder maakte de rekening</span>): <bdi'
    assert f"Sağlık kurumunuz faturayı hazırladı {dutch}" in shown


def test_a_certified_text_stands_alone(settings, tmp_path):
    pay, own = "Do not pay yet", catalogues.locale()
    with translation.override("tr"):
        assert words.gettext(pay) == 'Henüz ödemeyin <span class="dutch" lang="nl" dir="ltr">Betaal nog niet</span>'
    given = compiling.digest(compiling.read(own, "tr").get(pay), compiling.read(own, "nl"))
    for code in ("nl", "tr"):
        text = compiling.catalogue_path(own, code).read_text()
        state = f'# certified {given} by J. Kaya 2026-12-01\nmsgid "{pay}"'
        target = compiling.catalogue_path(tmp_path, code)
        target.parent.mkdir(parents=True)
        target.write_text(re.sub(rf'# \w+[^\n]*\nmsgid "{pay}"', state, text))
    compiling.compile_all(tmp_path)
    settings.LOCALE_PATHS = [tmp_path]
    with translation.override("tr"):
        assert words.gettext(pay) == "Henüz ödemeyin"
        assert words.gettext("To pay") == "Ödenecek"


def test_a_page_outside_the_core_is_dutch_and_says_so(client, invoice):
    open_in(client, invoice)
    shown = read(client, "pl", reverse("statement", args=[invoice.token]))
    assert '<html lang="nl">' in shown
    remark = '<p class="remark" lang="pl" dir="auto">Tej strony nie ma jeszcze'
    assert shown.index('id="main"') < shown.index(remark) < shown.index("<h1>"), "before the Dutch"
    assert '<span lang="pl">Polski</span>' in shown, "and the menu still says what was chosen"


def test_a_page_that_does_not_exist_says_so_in_the_readers_language(client):
    shown = read(client, "uk", "/nee/")
    assert '<html lang="uk">' in shown
    assert "Такої сторінки немає" in shown


HOLDS = {
    "awaiting_decision": "ما زال مقدم الرعاية يحسب المبلغ",
    "fraud": "أخبرتنا أنك دفعت لمحتال",
    "dispute": "قدمت شكوى بخصوص هذه الفاتورة",
    "deceased": "أُخبرنا بوفاة",
    "staff": "ينظر موظفونا في هذه الفاتورة",
}


@pytest.mark.parametrize("reason", HOLDS)
def test_who_reads_no_dutch_reads_why_an_invoice_rests(client, invoice, reason):
    holds.place_hold(invoice, reason, by="test")
    open_in(client, invoice)
    shown = read(client, "ar", reverse("invoice", args=[invoice.token]))
    assert HOLDS[reason] in shown
    assert DUTCH_WORDS.findall(outside_dutch(shown)) == []
    assert "<div lang=" not in shown, "no part of the page is in Dutch alone"


def test_easy_dutch_is_dutch(client, invoice):
    open_in(client, invoice)
    path = reverse("deferral", args=[invoice.token])
    easy, plain = read(client, EASY, path), read(client, "nl", path)
    assert '<html lang="nl">' in easy
    assert "Betaalt u op die dag, of eerder? Dan bent u op tijd." in easy
    assert "Tot en met die dag bent u niet te laat." in plain
    assert 'class="dutch"' not in easy


@pytest.mark.parametrize("language", OF_THE_CORE)
def test_amounts_and_days_have_the_form_of_the_bank(language):
    with translation.override(language):
        assert euro(Decimal("1234.50")).strip("\u2066\u2069") == "€\u00a01.234,50"
        day = show_date(date(2026, 12, 18))
        assert re.sub(r"[\u2066\u2069]", "", day) == '<bdi class="ordered" dir="ltr">18-12-2026</bdi>'


@pytest.mark.parametrize(("language", "capital"), [("tr", "İşlenmeyen"), ("nl", "Işlenmeyen"), ("uk", "Işlenmeyen")])
def test_a_turkish_i_keeps_its_dot_as_a_capital(language, capital):
    with translation.override(language):
        assert words.capfirst("işlenmeyen") == capital
        assert words.capfirst("ödeme") == "Ödeme"


def test_behind_an_arabic_letter_digits_keep_their_order():
    """Without an isolate an Arabic letter turns 18-12-2026 into 2026-12-18, also in a text without markup."""
    with translation.override("ar"):
        assert euro(Decimal("5.00")).startswith("\u2066")
        assert euro(Decimal("5.00")).endswith("\u2069")


def test_the_menu_is_there_without_a_script_and_names_each_language_itself(client):
    shown = read(client, "nl", "/")
    buttons = re.findall(r'<button name="language" value="([^"]+)" lang="([^"]+)"[^>]*>([^<]+)</button>', shown)
    assert [name for _value, _lang, name in buttons] == [name for _code, name in settings.READERS]
    assert len(buttons) == 7
    assert ("ar", "ar", "العربية") in buttons
    assert (EASY, "nl", "Makkelijk Nederlands") in buttons


def test_a_choice_on_an_invoice_is_kept_for_letters_and_calls(client, invoice):
    address = reverse("invoice", args=[invoice.token])
    client.post("/taal/", {"language": "tr", "next": address})
    assert Patient.objects.get(pk=invoice.patient_id).language == "nl", "a stranger changes nothing"
    open_in(client, invoice)
    for _again in range(2):
        client.post("/taal/", {"language": "tr", "next": address})
    assert Patient.objects.get(pk=invoice.patient_id).language == "tr"
    assert AuditEvent.objects.filter(invoice=invoice, action="language_chosen", by="patient").count() == 1
    client.post("/taal/", {"language": EASY, "next": address})
    assert Patient.objects.get(pk=invoice.patient_id).language == "nl"
