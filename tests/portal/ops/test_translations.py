"""Nothing that a person reads is left in the wrong language."""

import io
import re
from datetime import date

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext

from portal.ops import translations


def test_the_dutch_catalogue_is_complete_and_holds_nothing_dead():
    assert translations.problems() == []


def test_no_word_of_ours_takes_the_place_of_a_month_or_a_day():
    """Our catalogue wins over Django's: "May" for what somebody may do made it 8 Mag 2026 in letters."""
    months = ["januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus"]
    months += ["september", "oktober", "november", "december"]
    days = ["maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"]
    with translation.override("nl"):
        assert [date_format(date(2026, n, 1), "j F Y") for n in range(1, 13)] == [f"1 {m} 2026" for m in months]
        assert [date_format(date(2026, 6, n), "l") for n in range(1, 8)] == days


def test_a_word_with_two_meanings_has_two_translations():
    with translation.override("nl"):
        assert (gettext("Number"), pgettext("of a paper", "Number")) == ("Aantal", "Nummer")
        assert (gettext("for"), pgettext("whom somebody speaks for", "for")) == ("voor", "namens")
        handed_in = pgettext("of an invoice that was handed in", "taken")
        assert (gettext("taken"), handed_in) == ("gezet", "aangenomen")


# One word has one spelling wherever a person reads it.
OTHERWISE = re.compile(r"\b(installments?|emails?|cannot|canceled)\b", re.IGNORECASE)


def test_english_is_spelled_in_one_way():
    said = [text for m in translations.read() if m.id for text in ([m.id] if isinstance(m.id, str) else m.id)]
    for path in (settings.ROOT / "templates").rglob("*.en.html"):
        said.append(re.sub(r"\{[{%#].*?[}%#]\}|<[^>]*>", " ", path.read_text()))
    assert len(said) > 1000
    assert [text[:80] for text in said if OTHERWISE.search(re.sub(r"\S+@\S+", "", text))] == []


def test_the_command_says_the_same():
    call_command("translations", "--check")


@pytest.fixture(scope="module")
def in_source():
    """What the source says, read once: that takes seconds."""
    return translations.extracted()


def _catalogue(monkeypatch, text):
    monkeypatch.setattr(translations, "read", lambda: read_po(io.BytesIO(text.encode()), locale="nl"))


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("", "missing: 'Skip to the content'"),
        ('msgid "Skip to the content"\nmsgstr ""\n', "untranslated: 'Skip to the content'"),
        ('#, fuzzy\nmsgid "Skip to the content"\nmsgstr "x"\n', "fuzzy: 'Skip to the content'"),
        ('msgid "Nobody says this"\nmsgstr "x"\n', "no longer used: 'Nobody says this'"),
        ('#~ msgid "Long gone"\n#~ msgstr "x"\n', "obsolete: 'Long gone'"),
    ],
)
def test_it_would_notice(monkeypatch, in_source, entry, problem):
    monkeypatch.setattr(translations, "extracted", lambda: in_source)
    _catalogue(monkeypatch, f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n{entry}')
    assert problem in translations.problems()
    with pytest.raises(CommandError):
        call_command("translations", "--check")


def test_a_placeholder_that_went_missing_is_noticed(monkeypatch):
    entry = '#, python-format\nmsgid "Your invoice from %(provider)s"\nmsgstr "Uw rekening van %(aanbieder)s"\n'
    _catalogue(monkeypatch, f'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n{entry}')
    assert any("aanbieder" in p or "provider" in p for p in translations.problems() if "missing:" not in p)


def test_a_word_that_gets_a_plural_is_to_be_completed_and_not_spelled_out(tmp_path, monkeypatch):
    """The singular was taken for a list of its letters: "2 l" stood on the start page for two complaints."""
    old = Catalog(locale="nl")
    old.add("complaint", "klacht")
    old.add(("day", "days"), ("dag", "dagen"))
    new = Catalog(locale="nl")
    new.add(("complaint", "complaints"))
    new.add("day")
    monkeypatch.setattr(translations, "read", lambda: old)
    monkeypatch.setattr(translations, "extracted", lambda: new)
    monkeypatch.setattr(translations, "catalogue_path", lambda: tmp_path / "django.po")
    catalog = translations.update()
    assert [message.string for message in catalog if message.id] == [("klacht", ""), "dag"]


def test_updating_twice_changes_nothing(tmp_path, monkeypatch):
    copy = tmp_path / "django.po"
    copy.write_bytes(translations.catalogue_path().read_bytes())
    monkeypatch.setattr(translations, "catalogue_path", lambda: copy)
    translations.update()
    once = copy.read_bytes()
    translations.update()
    assert copy.read_bytes() == once


def test_a_template_of_either_kind_may_be_indented_as_it_likes(tmp_path, settings):
    settings.ROOT = tmp_path
    (tmp_path / "templates" / "staff").mkdir(parents=True)
    plural = "{% blocktranslate count n=n %}one{% plural %}more{% endblocktranslate %}"
    text = f"{{% load i18n %}}\n      <p>\n   {{% translate 'Deep' %}}\n {plural}"
    (tmp_path / "templates" / "staff" / "odd.txt").write_text(text)
    plural = "{% trans n=n %}{{ n }} one{% pluralize %}{{ n }} more{% endtrans %}"
    text = f"      <p>\n   {{{{ _('Here too') }}}}\n {plural}{{% trans who=x.y %}}To {{{{ who }}}}{{% endtrans %}}"
    (tmp_path / "templates" / "odd.txt").write_text(text)
    found = {m.id for m in translations.extracted() if m.id}
    assert found == {"Deep", ("one", "more"), "Here too", ("%(n)s one", "%(n)s more"), "To %(who)s"}


@pytest.mark.parametrize(("language", "words"), [("nl", "Betalingskenmerk"), ("en", "Payment reference")])
def test_both_languages_are_served(language, words):
    with translation.override(language):
        assert translation.gettext("Payment reference") == words
