"""Every Dutch text that patients read: short sentences, plain words, digits, and who does what about their money.

Only the text is looked at. What deviates stands below by name, with its reason.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

import pytest
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
MEAN_WORDS, MOST_WORDS = 12, 20
JARGON = (
    "ingebrekestelling", "sommatie", "opeisbaar", "verschuldigd", "middels", "conform", "terzake", "inzake",
    "betreffende", "dienaangaande", "omtrent", "alsmede", "desgewenst", "ontvankelijk", "gegrond", "voldoening",
    "jegens", "krachtens", "teneinde", "derhalve", "echter", "indien", "tevens", "dient te",
)  # fmt: skip
_NUMBER = "twee|drie|vier|vijf|zes|zeven|acht|negen|tien|elf|twaalf|dertien|veertien|vijftien|twintig|dertig"
# A number that begins a sentence is a word, as Dutch spelling wants it.
NUMBER_AS_WORD = re.compile(rf"(?<=\s)({_NUMBER})\b")
# The passive where no name is between, and a text can tell: "wordt … verlaagd".
PASSIVE = re.compile(r"\b(wordt|worden|werd|werden)\b[^.,:?]*\b(ge|be|ver|ont)[a-z]+(d|t|en)\b")
# Of staff, practices or their software. Their words are their trade's.
OF_OTHERS = re.compile(
    r"^(banking|sandbox|portal/(api|intake|models|ops|settings|staff|webhooks|checks|edge|daily))|/desk/|/management/"
    r"|^billing/payments/receipts|^billing/(adjustments|alerts|audit|colleagues|desk|documents|dunning|integrity|outbox|patients|practices|rights"
    r"|search|submission)|^templates/(staff|sandbox)|/room\.py$|/models/|models\.py$|api\.html$"
)
MAILS_OF_OTHERS = ("staff_", "provider_", "coulance_waits")
# A court looks for these words in a letter (6:96 lid 6 BW): they stay as judges have read them.
WORDS_OF_THE_LAW = (
    "templates/messages/final_notice.nl.html",
    "templates/messages/notice_of_costs.nl.html",
    "templates/about/terms.nl.html",
)
PARAGRAPH = re.compile(r"<(?:p|li|h1|h2|dt|dd)\b[^>]*>(.*?)</(?:p|li|h1|h2|dt|dd)>", re.DOTALL)
Text = tuple[str, str]  # where it stands, and a sentence


def sentences_of(text: str) -> list[str]:
    plain = re.sub(r"<[^>]+>|%\(\w+\)[sd]", " x ", text)
    return [part.strip() for part in re.split(r"(?<=[.!?:])\s+", plain) if re.search(r"\w", part)]


def of_catalogue() -> Iterator[Text]:
    with (ROOT / "portal/locale/nl/LC_MESSAGES/django.po").open("rb") as file:
        found = read_po(file, locale="nl")
    for entry in found:
        places = [place for place, _line in entry.locations if not OF_OTHERS.search(place)]
        if entry.id and places:
            text = entry.string if isinstance(entry.string, str) else " ".join(entry.string)
            yield from ((places[0], sentence) for sentence in sentences_of(text))


def of_templates(folder: str) -> Iterator[Text]:
    for path in sorted((ROOT / "templates" / folder).rglob("*.nl.html")):
        if path.name.startswith(MAILS_OF_OTHERS):
            continue
        for paragraph in PARAGRAPH.findall(path.read_text()):
            # Each branch of a condition is a text of its own.
            for text in re.split(r"\{%.*?%\}", re.sub(r"\{\{.*?\}\}", "x", paragraph)):
                yield from ((str(path.relative_to(ROOT)), sentence) for sentence in sentences_of(text))


SOURCES = {
    "pages": of_catalogue,
    "mails": lambda: of_templates("messages"),
    "about": lambda: of_templates("about"),
}


@pytest.fixture(params=SOURCES)
def texts(request: pytest.FixtureRequest) -> list[Text]:
    found = list(SOURCES[request.param]())
    assert len(found) > 50
    return found


def words_in(sentence: str) -> int:
    return len(re.findall(r"[\w’'-]+", sentence))


def test_sentences_are_short(texts):
    assert [text for text in texts if words_in(text[1]) > MOST_WORDS] == []
    assert mean(count for _place, sentence in texts if (count := words_in(sentence)) > 2) <= MEAN_WORDS


def test_no_word_of_lawyers(texts):
    words = re.compile(rf"\b({'|'.join(JARGON)})\b")
    assert [text for text in texts if words.search(text[1].lower())] == []


def test_numbers_are_digits(texts):
    others = [text for text in texts if text[0] not in WORDS_OF_THE_LAW]
    assert [text for text in others if NUMBER_AS_WORD.search(text[1].lower())] == []


@pytest.mark.parametrize("folder", ["messages", "about"])
def test_about_money_and_rights_it_is_said_who_does_it(folder):
    assert [text for text in of_templates(folder) if PASSIVE.search(text[1].lower())] == []


@pytest.mark.parametrize(
    ("rule", "caught", "passed"),
    [
        (NUMBER_AS_WORD, "u heeft drie maanden", "twee medewerkers kijken"),
        (PASSIVE, "het bedrag wordt niet verlaagd", "uw zorgaanbieder verlaagt het bedrag niet"),
    ],
)
def test_the_rules_catch_what_they_are_for(rule, caught, passed):
    assert rule.search(caught)
    assert not rule.search(passed)
