"""Amounts and days as insurers write them in Dutch: € 1.234,56 · 385,- · EUR 12,50 · 3 mei 2026 · 03-05-'26."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

_DASH = "[-−–—]"
_LOOK_ALIKE = str.maketrans("ij1058", "lllosb")
# A tab is a wide gap. A currency may stand apart from its number; a number is never joined over such a gap.
_AMOUNT = re.compile(
    rf"(?<![\w,./])(?P<minus>{_DASH} ?)?(?:(?P<sign>€|EUR|Eur|eur|£|¢)[ \t]{{0,2}})?(?P<inner>{_DASH} ?)?"
    rf"(?P<whole>\d{{1,3}}(?:[. ]\d{{3}})+(?!\d)|\d{{1,6}})"
    rf"(?: ?, ?(?P<cents>\d\d(?!\d)|{_DASH}{{1,2}}|=)|(?P<dot>\.\d\d(?!\d)))?"
    rf"(?: ?(?P<after>€|EUR\b|euro\b))?(?P<trailing> ?-/-| ?{_DASH}(?![\w]))?"
    r"(?! ?%)(?![\w/:])(?!,\d)(?!\.\d)(?!-\d)"
)
_NOTHING = re.compile(rf"(?<=\t)(?:{_DASH}{{1,2}}|nihil|n\.?v\.?t\.?|geen)(?=\t|$)", re.IGNORECASE)
_MONTHS = {
    "jan": 1, "feb": 2, "mrt": 3, "maa": 3, "mar": 3, "apr": 4, "mei": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9,
    "okt": 10, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_DAY = re.compile(
    r"(?<![\d,])(?:(?P<iso>\d{4})-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)"
    r"|(?P<day>\d{1,2}) ?[-/.] ?(?P<month>\d{1,2}) ?[-/.] ?(?P<year>\d{4}|'?\d\d)"
    r"|(?P<day_>\d{1,2})[ -](?P<name>[a-z]{3,9})\.?[ -](?P<year_>\d{4}|'\d\d))(?!\d|,\d)",
    re.IGNORECASE,
)


def amounts(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield each amount in a row of words: its cents, and where it begins and ends."""
    days = [(found.start(), found.end()) for found in _DAY.finditer(text)]
    for found in _AMOUNT.finditer(text):
        begin, end = found.span()
        if any(begin < last and first < end for first, last in days):
            continue
        is_euro = bool(found["sign"] or found["after"])
        if not found["cents"] and not is_euro:
            continue  # a number of something else, or a time
        whole = int(re.sub(r"\D", "", found["whole"]))
        part = found["cents"] or (found["dot"] or "")[1:]
        cents = 100 * whole + (int(part) if part.isdigit() else 0)
        is_negative = found["minus"] or found["inner"] or found["trailing"]
        yield (-cents if is_negative else cents), begin, end


def nothings(text: str) -> Iterator[tuple[int, int, int]]:
    """Yield each place in a row where a dash or a word stands for an amount of nothing."""
    for found in _NOTHING.finditer(text):
        yield 0, found.start(), found.end()


def days(text: str) -> list[date]:
    """Return the days that a text names, each with its year."""
    found = (_day_of(match) for match in _DAY.finditer(text.replace("\t", " ")))
    return [day for day in found if day]


def _day_of(found: re.Match[str]) -> date | None:
    if found["iso"]:
        year, month, day = found["iso"], int(found["iso_month"]), found["iso_day"]
    elif found["name"]:
        year, month, day = found["year_"], _MONTHS.get(found["name"][:3].lower(), 0), found["day_"]
    else:
        year, month, day = found["year"], int(found["month"]), found["day"]
    number = int(year.strip("'"))
    try:
        return date(number if number > 99 else _century(number), month, int(day))
    except ValueError:
        return None


def _century(number: int) -> int:
    """Return the year of two digits: of a treatment or of a birth, so never far ahead."""
    return 2000 + number if number < 50 else 1900 + number


def plain(text: str) -> str:
    """Return the letters and digits of a text in small letters, without accents and spaces: as labels are compared."""
    split = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in split if letter.isascii() and letter.isalnum())


def is_near(one: str, other: str) -> bool:
    """Tell whether plain letters can be one word of which a picture showed one letter wrong, or too many, or too few.

    Letters that look alike are the same.
    """
    if abs(len(one) - len(other)) > 1:
        return False
    one, other = one.translate(_LOOK_ALIKE), other.translate(_LOOK_ALIKE)
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    rest, wanted = one[same:], other[same:]
    return rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]
