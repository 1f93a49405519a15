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
_PAGE_OF = [re.compile(words, re.IGNORECASE) for words in danger.PAGE_OF]
_PAGE = re.compile(danger.PAGE, re.IGNORECASE)
_NEXT_PAGE = re.compile(danger.NEXT_PAGE, re.VERBOSE)
_OF_ALONE = re.compile(r"(\d) ?(?:van|of|/) ?(\d)")
_PROSE = re.compile(r"\b(de|het|een|u|uw|je|wordt|is|van|voor|op|aan|dat|die|geldt|meer|over)\b", re.IGNORECASE)


def of(rows: Sequence[Row], facts: Sequence[Fact], practice: str = "", pages: int = 1) -> Iterator[str]:
    """Yield the reasons on the whole paper for which nothing may be proposed to a patient of this practice."""
    if _misses_a_page(rows, pages):
        yield "part_missing"
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


def _misses_a_page(rows: Sequence[Row], pages: int) -> bool:
    """Tell whether the paper itself says that it has a page that did not come."""
    texts = [" ".join(row.text for row in rows if row.page == number) for number in range(1, pages + 1)]
    numbered = {(int(at), int(of)) for text in texts for sign in _PAGE_OF for at, of in sign.findall(text)}
    cells = (_OF_ALONE.fullmatch(piece.text) for row in rows for piece in row.texts)
    numbered |= {(int(cell[1]), int(cell[2])) for cell in cells if cell and int(cell[1]) <= int(cell[2])}
    last = {of for _, of in numbered}
    if any(of > pages or (of, of) not in numbered for of in last):
        return True
    spoken_of = (int(number) for text in texts for number in _PAGE.findall(text))
    return any(number > pages for number in spoken_of) or bool(_NEXT_PAGE.search(plain(texts[-1])))


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
