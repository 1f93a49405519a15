"""The core is closed: every text of its pages is in it, and a language that misses one is not offered."""

import re

import pytest
from babel.messages.catalog import Catalog
from django.conf import settings

from billing import rooms
from portal import languages
from portal.languages import EASY, OF_THE_CORE, catalogues, compiling, core
from portal.ops import translations
from portal.urls import urlpatterns

TEMPLATES = settings.ROOT / "templates"
INCLUDED = re.compile(r'\{% (?:include|extends) "([^"]+)"')


@pytest.fixture(scope="module")
def wanted():
    return catalogues.of_the_core(translations.extracted())


@pytest.mark.parametrize("code", catalogues.GUIDED)
def test_each_language_has_all_of_the_core_and_breaks_no_rule(wanted, code):
    assert catalogues.lacking(code, wanted) == []
    assert list(catalogues.problems(code, wanted, translations.read())) == []
    assert languages.is_compiled(catalogues.locale(), code)


def test_the_core_names_what_is_there():
    assert {template for template in core.templates() if not (TEMPLATES / template).exists()} == set()
    assert {source for source in core.sources() if not (settings.ROOT / source).exists()} == set()
    assert {pattern.name for pattern in urlpatterns if hasattr(pattern, "name")} >= core.pages()
    assert set(rooms.message_kinds()) >= set(rooms.explained_letters())


def test_what_a_template_of_the_core_includes_is_of_the_core():
    """Anything else goes by `piece`, which marks it as Dutch."""
    strangers = {
        (template, included)
        for template in core.templates()
        for included in INCLUDED.findall((TEMPLATES / template).read_text())
        if included not in core.templates()
    }
    assert strangers == set()


def test_what_a_room_shows_of_an_invoice_is_of_the_core():
    """Whoever reads no Dutch needs it most: why the invoice rests, whom to pay, and what they can do."""
    shown = {part for panel in rooms.invoice_panels() for part in (panel.above, panel.below, panel.on_hold) if part}
    assert shown - core.templates() == set()


def test_every_letter_to_a_patient_is_explained():
    to_others = {"provider_changed", "coulance_waits", "forbearance_balance", "forbearance_represented"}
    kinds = {kind for kind in rooms.message_kinds() if not kind.startswith(("staff_", "toy"))}
    assert kinds - to_others - set(rooms.explained_letters()) == set()


def test_what_weighs_is_said_by_the_core(wanted):
    assert {catalogues.source_of(message) for message in wanted} >= core.weighty()


def test_a_language_that_misses_one_text_is_not_offered(tmp_path):
    for code in ("nl", "tr"):
        source = compiling.catalogue_path(catalogues.locale(), code)
        target = compiling.catalogue_path(tmp_path, code)
        target.parent.mkdir(parents=True)
        target.write_bytes(source.read_bytes())
    compiling.compile_all(tmp_path)
    assert "tr" in dict(languages.offered(tmp_path))
    target.write_text(target.read_text().replace('msgstr "Ödeme referansı"', 'msgstr ""'))
    compiling.catalogue_path(tmp_path, "tr").with_suffix(".mo").unlink()
    compiling.compile_all(tmp_path)
    assert "tr" not in dict(languages.offered(tmp_path))
    assert dict(languages.offered(tmp_path)) == languages.WHOLE


@pytest.mark.parametrize("code", OF_THE_CORE)
def test_plurals_are_those_of_babel(code):
    header = compiling.catalogue_path(catalogues.locale(), code).read_text()
    assert Catalog(locale=code).plural_forms in header


def _one(message_comment, *, dutch="Betaal nu"):
    of, nl = Catalog(locale="tr"), Catalog(locale="nl")
    nl.add("Pay now", dutch)
    return of.add("Pay now", "Şimdi öde", user_comments=[message_comment]), nl


def test_a_state_is_given_for_a_source_and_ends_with_it():
    message, dutch = _one("machine")
    given = compiling.digest(message, dutch)
    for comment, name in ((f"compared {given}", "compared"), (f"certified {given} by J. Kaya 2026-12-01", "certified")):
        assert compiling.state_of(*_one(comment)) == compiling.State(name)
        assert compiling.state_of(*_one(comment, dutch="Betaal morgen")) == compiling.State("machine", stale=True)
    with pytest.raises(ValueError, match="not a state"):
        compiling.state_of(*_one("certified by somebody"))


def test_easy_dutch_is_no_language_of_letters():
    assert EASY not in dict(settings.LANGUAGES)
    assert languages.as_tag(EASY) == "nl"
