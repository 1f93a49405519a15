"""Signs on a paper that no sum outweighs: whatever else can be read, nothing is proposed then."""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from coulance.reading.language import danger, labels
from coulance.reading.language.notation import is_near, plain
from coulance.reading.meaning import Fact
from coulance.reading.sheet import Row

_SIGNS = {reason: re.compile("|".join(words), re.VERBOSE) for reason, words in danger.SIGNS.items()}
_NEAR = {word: reason for reason, words in danger.WORDS.items() for word in words}
_PROSE = re.compile(r"\b(de|het|een|u|uw|je|wordt|is|van|voor|op|aan|dat|die|geldt|meer|over)\b", re.IGNORECASE)


def of(rows: Sequence[Row], facts: Sequence[Fact], practice: str = "") -> Iterator[str]:
    """Yield the reasons on the whole paper for which nothing may be proposed to a patient of this practice."""
    letters = "".join(plain(row.text) for row in rows)
    near = {_of_a_word(word.text) for row in rows for piece in row.texts for word in piece.words}
    stamped = {danger.STAMPS.get(plain(piece.text)) for row in rows for piece in row.texts}
    for reason, sign in _SIGNS.items():
        if sign.search(letters) or reason in near or reason in stamped:
            yield reason
    if _pays(practice).search(letters) or _pays_below(rows, practice):
        yield "paid_to_provider"
    contributions = [fact for fact in facts if "C" in fact.meanings]
    if any(fact.cents for fact in contributions) or (not contributions and any(map(_names_contribution, rows))):
        yield "own_contribution"


@lru_cache(maxsize=64)
def _pays(practice: str) -> re.Pattern[str]:
    return re.compile(danger.paid_to(plain(practice)), re.VERBOSE)


def _pays_below(rows: Sequence[Row], practice: str) -> bool:
    """Tell whether a care provider stands in the column below who is paid."""
    provider = re.compile(danger.provider(plain(practice)), re.VERBOSE)
    heads = [(at, p) for at, row in enumerate(rows) for p in row.texts if plain(p.text) in danger.PAYEES]
    return any(
        piece.left < head.right and head.left < piece.right and provider.search(plain(piece.text))
        for at, head in heads
        for row in rows[at + 1 : at + 4]
        for piece in row.texts
    )


def _names_contribution(row: Row) -> bool:
    """Tell whether a row names an own contribution as a label, not in an explanation."""
    if not any("C" in phrase[2] for piece in row.texts for phrase in labels.phrases(piece.text)):
        return False
    is_prose = len(row.text.split()) > 8 and len(_PROSE.findall(row.text)) > 2 and len(row.texts) == 1
    return not is_prose or bool(row.amounts)


def _of_a_word(text: str) -> str | None:
    """Return what a word warns of, also when one of its letters was read wrong."""
    letters = plain(text)
    return next((reason for word, reason in _NEAR.items() if is_near(letters, word)), None)
