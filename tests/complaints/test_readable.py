"""What patients read about complaints: short sentences, and no word of lawyers. Only the text is looked at."""

import re
from pathlib import Path
from statistics import mean

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[2]
MEAN_WORDS, MOST_WORDS = 12, 20
JARGON = (
    "ingebrekestelling", "sommatie", "opeisbaar", "verschuldigd", "middels", "conform", "terzake", "inzake",
    "betreffende", "dienaangaande", "omtrent", "alsmede", "desgewenst", "ontvankelijk", "gegrond",
)  # fmt: skip
OF_PATIENTS = (
    "templates/complaints/", "complaints/pages/", "complaints/file/", "complaints/days.py", "complaints/filing.py",
    "complaints/handling.py", "complaints/models/", "complaints/desk/sentences.py", "guests/files/again.py",
    "templates/components/files_again.html",
)  # fmt: skip


def sentences_of(text: str) -> list[str]:
    plain = re.sub(r"<[^>]+>|%\(\w+\)[sd]", " x ", text)
    return [part for part in re.split(r"(?<=[.!?:])\s+", plain) if re.search(r"\w", part)]


def of_pages() -> list[str]:
    with (ROOT / "portal/locale/nl/LC_MESSAGES/django.po").open("rb") as file:
        found = read_po(file, locale="nl")
    texts = [
        entry.string if isinstance(entry.string, str) else " ".join(entry.string)
        for entry in found
        if entry.id and any(place.startswith(OF_PATIENTS) for place, _line in entry.locations)
    ]
    return [sentence for text in texts for sentence in sentences_of(text)]


def of_mails() -> list[str]:
    found = []
    for path in sorted((ROOT / "templates/messages").glob("complaint_*.nl.html")):
        body = path.read_text().partition("{% block body %}")[2]
        for paragraph in re.findall(r"<p>(.*?)</p>", body, re.DOTALL):
            # Each branch of a condition is a text of its own.
            for text in re.split(r"\{%.*?%\}", re.sub(r"\{\{.*?\}\}", "x", paragraph)):
                found += sentences_of(text)
    return found


@pytest.mark.parametrize("texts", [of_pages, of_mails], ids=["pages", "mails"])
def test_sentences_are_short_and_plain(texts):
    sentences = texts()
    assert len(sentences) > 20
    words = {sentence: len(re.findall(r"[\w’'-]+", sentence)) for sentence in sentences}
    assert {sentence for sentence, count in words.items() if count > MOST_WORDS} == set()
    assert mean(count for count in words.values() if count > 2) <= MEAN_WORDS
    assert [s for s in sentences if any(re.search(rf"\b{word}\b", s.lower()) for word in JARGON)] == []
