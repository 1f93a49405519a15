"""Invoice numbers in the words of a payer: what may be one, in the few ways in which people write it.

An invoice number is whatever a practice chose, and another practice may have the same one: it only ever proposes.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from banking.matching.references import Place
from billing.invoices.references import REFERENCE_DIGITS

_PLACES = (Place.STRUCTURED, Place.END_TO_END, Place.REMITTANCE)  # where a payer writes
_MOST_TEXT = 500  # characters of one place
_MOST = 60  # numbers of one line that are looked up
_MOST_LETTERS = 40  # as long as an invoice number may be
_LEAST_DIGITS = 3
_BETWEEN = ("-", "", "/", ".", " ")  # what people change into each other
_EDGES = ".,;:()[]'\"#*-/_"
_WORD_BEFORE = re.compile(r"[A-Za-z]{2,}[.:#]+(?=\S*\d)")  # "nr.2026-12", "factuur:2026-12"
_DATE = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)?\d\d|(?:19|20)\d\d(?:[-/.]\d\d[-/.]\d\d)?")
_YEAR_AND_REST = re.compile(r"((?:19|20)\d\d)(\d{3,})")


def numbers_in(texts: Iterable[tuple[Place, str]]) -> tuple[str, ...]:
    """Return what may be an invoice number in the texts of a line, the likeliest first: as it was written, then with
    other signs between its parts.
    """
    found: dict[str, None] = {}
    for place, text in texts:
        if place in _PLACES:
            cut = text[:_MOST_TEXT]
            # A bank may have cut a number in two; one of the two ways to join the lines is right.
            for joined in dict.fromkeys((re.sub(r"\s+", " ", cut), cut.replace("\n", ""))):
                found |= dict.fromkeys(_numbers(joined))
    ranked = sorted(found, key=lambda number: not re.search(r"\d[-/._]\d|[A-Za-z]", number))
    return tuple(ranked[:_MOST])


def _numbers(text: str) -> Iterator[str]:
    for word in text.split():
        yield from _written(word.strip(_EDGES))
    words = [word.strip(_EDGES) for word in _WORD_BEFORE.sub("", text).split()]
    for word in words:
        yield from _written(word)
    for first, second in pairwise(words):
        if re.fullmatch(r"[A-Za-z]{0,5}\d{0,8}", first) and re.fullmatch(r"\d[\w-]*", second, re.ASCII):
            for sign in _BETWEEN:
                yield from _possible(f"{first}{sign}{second}")


def _written(word: str) -> Iterator[str]:
    yield from _possible(word)
    parts = re.split(r"[-/._]", word)
    if 1 < len(parts) <= 4 and not _DATE.fullmatch(word):
        for sign in _BETWEEN:
            yield from _possible(sign.join(parts))
    elif whole := _YEAR_AND_REST.fullmatch(word):
        for sign in _BETWEEN:
            yield from _possible(f"{whole[1]}{sign}{whole[2]}")


def _possible(number: str) -> Iterator[str]:
    digits = sum(character.isdigit() for character in number)
    if digits < _LEAST_DIGITS or len(number) > _MOST_LETTERS or _DATE.fullmatch(number):
        return
    if digits >= REFERENCE_DIGITS - 3 and digits == len(number):  # a payment reference, or a slip of one
        return
    yield number
    if number.upper() != number:
        yield number.upper()
