"""Payment references in the texts of a bank line: where banks put them, cut, padded and spaced, and mistyped ones.

A number is exact when its sixteen digits stand there, whatever separates them. Of a number that is nearly right only
what may have been meant is returned: the database knows which of it exists, and a person decides.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from billing.invoices.references import REFERENCE_DIGITS, reference_is_valid


class Place(StrEnum):
    """Where in a line a number was written, in the order in which we look."""

    STRUCTURED = "structured"  # the field for a payment reference
    END_TO_END = "end_to_end"  # the payer's own reference of the order
    REFERENCE = "reference"  # the references behind the amount, in MT940
    REMITTANCE = "remittance"  # the words of the payer
    ADDITIONAL = "additional"  # what the bank says of it once more


class Slip(StrEnum):
    """In what a number that was written differs from a reference that may have been meant."""

    DIGIT = "digit"  # one digit is another one
    SWAPPED = "swapped"  # two neighbours changed places
    MISSING = "missing"  # one digit is missing
    EXTRA = "extra"  # one digit too many
    CUT = "cut"  # two or three digits are missing at an end
    STUCK = "stuck"  # other digits are stuck to it
    LETTER = "letter"  # a letter that looks like a digit


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was written: valid references by where they stood, and other numbers that may be slips of one."""

    exact: dict[str, Place]
    doubtful: tuple[str, ...]
    with_letters: tuple[str, ...]  # valid once letters that look like digits are read as such

    def meant(self) -> dict[str, Slip]:
        """Return the references from which what was written differs by one slip, likelier slips first."""
        found = dict.fromkeys(self.with_letters, Slip.LETTER)
        for number in (*self.exact, *self.doubtful):
            for meant, slip in meant_by(number):
                found.setdefault(meant, slip)
        return {meant: slip for meant, slip in found.items() if meant not in self.exact}


# Between two digits of one number may stand a few of these: blanks, line ends, and what people group digits with.
_GAP = r"[\s.,/_\-\u2010-\u2015\u00ad\u00a0]{0,3}"
_CHAIN = re.compile(rf"[0-9](?:{_GAP}[0-9])*")
_LOOKALIKES = str.maketrans("OoQDlIi|SsBZz", "0000111155822")
_WITH_LETTERS = re.compile(rf"(?<!\w)[0-9OoQDlIi|SsBZz](?:{_GAP}[0-9OoQDlIi|SsBZz]){{15,}}(?!\w)")
_LEAST = 13  # digits: with fewer too many references fit
_MOST_DOUBTFUL = 8  # numbers of one line that are looked at for slips
_MOST_TEXT = 2_000  # characters: no bank gives more
_UNSEEN = {0xAD: None, 0x200B: None, 0xFEFF: None}  # soft hyphen, blanks without width
_ORDER = tuple(Place)


def written_in(texts: Iterable[tuple[Place, str]]) -> Numbers:
    """Return the payment references in the texts of a line, and the numbers in them that may be slips of one."""
    exact: dict[str, Place] = {}
    doubtful: dict[str, None] = {}
    with_letters: dict[str, None] = {}
    for place, text in sorted(texts, key=lambda pair: _ORDER.index(pair[0])):
        flat = re.sub(r"\s+", " ", text[:_MOST_TEXT].translate(_UNSEEN))
        for match in _CHAIN.finditer(flat):
            for number in _numbers(re.findall(r"[0-9]+", match.group())):
                if len(number) == REFERENCE_DIGITS and reference_is_valid(number):
                    exact.setdefault(number, place)
                else:
                    doubtful[number] = None
        for match in _WITH_LETTERS.finditer(flat):
            digits = re.sub(_GAP, "", match.group()).translate(_LOOKALIKES)
            if len(digits) == REFERENCE_DIGITS and reference_is_valid(digits) and digits not in exact:
                with_letters[digits] = None
    likeliest = sorted(doubtful, key=lambda number: abs(len(number) - REFERENCE_DIGITS))
    return Numbers(exact, tuple(likeliest[:_MOST_DOUBTFUL]), tuple(with_letters))


def _numbers(runs: list[str]) -> Iterator[str]:
    """Return the numbers that runs of digits beside each other may be: any of them that follow on each other.

    Zeros before a number are padding.
    """
    for first in range(len(runs)):
        joined = ""
        for run in runs[first:]:
            joined += run
            bare = joined.lstrip("0").rjust(REFERENCE_DIGITS, "0") if len(joined) > REFERENCE_DIGITS else joined
            if len(bare) >= _LEAST:
                yield bare
            if len(joined) > 3 * REFERENCE_DIGITS:
                break


def meant_by(number: str) -> Iterator[tuple[str, Slip]]:
    """Return the valid references from which `number` differs by one slip of the pen or of a bank."""
    for meant, slip in _variants(number):
        if reference_is_valid(meant):
            yield meant, slip


def _variants(number: str) -> Iterator[tuple[str, Slip]]:
    length = len(number)
    if length == REFERENCE_DIGITS:
        yield from _swapped(number)
        for place, digit in product(range(length), "0123456789"):
            if digit != number[place]:
                yield number[:place] + digit + number[place + 1 :], Slip.DIGIT
    elif length == REFERENCE_DIGITS - 1:
        for place, digit in product(range(REFERENCE_DIGITS), "0123456789"):
            yield number[:place] + digit + number[place:], Slip.MISSING
    elif _LEAST <= length < REFERENCE_DIGITS:
        missing = REFERENCE_DIGITS - length
        for rest in range(10**missing):
            yield f"{number}{rest:0{missing}}", Slip.CUT
            yield f"{rest:0{missing}}{number}", Slip.CUT
    elif length == REFERENCE_DIGITS + 1:
        for place in range(length):
            slip = Slip.STUCK if place in (0, length - 1) else Slip.EXTRA
            yield number[:place] + number[place + 1 :], slip
    elif length <= 3 * REFERENCE_DIGITS:
        for start in range(length - REFERENCE_DIGITS + 1):
            yield number[start : start + REFERENCE_DIGITS], Slip.STUCK


def _swapped(number: str) -> Iterator[tuple[str, Slip]]:
    for place in range(len(number) - 1):
        if number[place] != number[place + 1]:
            yield number[:place] + number[place + 1] + number[place] + number[place + 2 :], Slip.SWAPPED
