"""The FAQ: easy Dutch, no numbers of its own, and nothing that the product does not do."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.urls import get_resolver
from django.utils import translation

from helpdesk.assistant import faq
from helpdesk.assistant.pages import LABELS, OFTEN, OFTEN_OF_INVOICE

CATALOGUE = Path(__file__).parents[3] / "portal/locale/nl/LC_MESSAGES/django.po"
JARGON = re.compile(
    r"\b(?:ingebrekestelling|sommatie|opeisbaar|verschuldigd\w*|middels|conform|terzake|ter zake|inzake|derhalve|"
    r"voornoemd\w*|debiteur|crediteur|vordering|dossiernummer|teneinde|alsmede|dient|gelieve|indien|omtrent|nochtans)\b",
    re.IGNORECASE,
)
IN_LETTERS = re.compile(r"\b(?:drie|vier|vijf|zes|zeven|acht|negen|tien|veertien|vijftien|dertig)\b", re.IGNORECASE)


def sentences(text):
    # The bar of "iDEAL | Wero" is no word.
    return [one.split() for one in re.split(r"(?<=[.!?:])\s+", text.replace(" | ", " ")) if one]


def entries():
    return list(faq.entries().values())


def test_there_are_about_120_each_with_an_owner_and_a_day_of_review():
    assert len(entries()) >= 120
    assert all(entry.owner and entry.review_by for entry in entries())


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: entry.id)
def test_it_is_easy_to_read(entry):
    for language in faq.LANGUAGES:
        lengths = [len(words) for words in sentences(entry.wordings[language].answer)]
        assert max(lengths) <= 20, entry.wordings[language].answer
        assert sum(lengths) / len(lengths) <= 12, entry.wordings[language].answer
    dutch = entry.wordings["nl"].answer
    assert not JARGON.search(dutch), dutch
    assert not IN_LETTERS.search(dutch), dutch
    assert not re.search(r"\b(?:je|jij|jouw|jou)\b", dutch), dutch


@pytest.mark.parametrize("language", faq.LANGUAGES)
def test_every_number_comes_from_a_fact(language):
    with translation.override(language):
        facts = faq.numbers()
        for entry in entries():
            raw = entry.wordings[language].answer
            # "1" counts, as in “1 keer”: it is no rule of the house.
            assert set(re.findall(r"\d+", raw)) <= {"1"}, raw
            told = faq.written(entry, language)
            assert "{" not in told
            assert all(str(facts[name]) in told for name in re.findall(r"{(\w+)}", raw))


def test_each_button_that_an_answer_names_exists():
    """What stands in “…” is a text of a page, or a Dutch word that is explained in English."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="nl")
    texts = {"nl": set(), "en": set()}
    for message in catalogue:
        if isinstance(message.id, str):
            texts["en"].add(message.id)
            texts["nl"].add(message.string)
    allowed = {"Zorgrekening", "bijzondere bijstand"}
    for entry in entries():
        for language in faq.LANGUAGES:
            for quoted in re.findall(r"“([^”]+)”", entry.wordings[language].answer):
                assert quoted in texts[language] | allowed, (entry.id, language, quoted)


def test_the_last_day_counts_as_in_time():
    early = re.compile(
        r"\b(?:betaal|pay)\b[^.]*(?<!on or )\b(?:voor|vóór|before) (?:de|the) (?:laatste |last )?(?:dag|day)\b", re.I
    )
    told = [entry.wordings[language].answer for entry in entries() for language in faq.LANGUAGES]
    assert not [answer for answer in told if early.search(answer)]


def test_each_page_that_an_answer_leads_to_exists():
    names = set(get_resolver().reverse_dict)
    pages = {page for entry in entries() for page in (entry.page, entry.page_of_invoice) if page}
    assert pages <= set(LABELS)
    assert pages - {"genuine"} <= names
    assert {*OFTEN, *OFTEN_OF_INVOICE} <= set(faq.entries())


def test_no_question_is_asked_twice_in_two_entries():
    for language in faq.LANGUAGES:
        asked = [text for entry in entries() for text in entry.wordings[language].asked]
        assert len(asked) == len(set(asked))


def test_it_asks_for_nothing_secret():
    asks = re.compile(
        r"\b(?:vul|geef|stuur|typ|enter|give|send|type)\b[^.]*\b(?:pincode|bsn|wachtwoord|password|PIN)\b"
    )
    for entry in entries():
        for language in faq.LANGUAGES:
            for sentence in re.split(r"(?<=[.!?])\s+", entry.wordings[language].answer):
                assert not asks.search(sentence) or re.search(r"nooit|never|niemand|nobody", sentence.lower()), sentence


def test_an_entry_past_its_day_of_review_is_named():
    first = entries()[0]
    assert first not in faq.overdue(first.review_by)
    assert first in faq.overdue(first.review_by + timedelta(days=1))
