"""What somebody typed in the one search field: a name, a date of birth, a sum, a number, or several of them."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.money import read_euros
from billing.text import characters, folding

MAX_CHARACTERS = 120
_SHORTEST_PART = 3  # of a number: shorter ones are in half of all numbers
_MONTHS = (
    ("januari", "january", "jan"), ("februari", "february", "feb"), ("maart", "march", "mrt", "mar"),
    ("april", "apr"), ("mei", "may"), ("juni", "june", "jun"), ("juli", "july", "jul"),
    ("augustus", "august", "aug"), ("september", "sept", "sep"), ("oktober", "october", "okt", "oct"),
    ("november", "nov"), ("december", "dec"),
)  # fmt: skip
_MONTH = {name: str(number) for number, names in enumerate(_MONTHS, 1) for name in names}
_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_YEARS = r"(?P<y>\d{4}|\d{2})(?!\d)"
_DAYS = (
    re.compile(r"(?<!\d)(?P<y>\d{4})[-/.](?P<m>\d{1,2})[-/.](?P<d>\d{1,2})(?!\d)", re.ASCII),
    re.compile(rf"(?<!\d)(?P<d>\d{{1,2}})[-/. ](?P<m>\d{{1,2}})[-/. ]{_YEARS}", re.ASCII),
    re.compile(rf"(?<!\d)(?P<d>\d{{1,2}})(?:e|th|st|nd|rd)?[-. ]*(?P<m>{_NAMES})\b[-., ]*{_YEARS}", re.ASCII | re.I),
    re.compile(rf"(?<![\w-])(?P<d>\d{{2}})(?P<m>\d{{2}}){_YEARS}(?![\w-])", re.ASCII),
    re.compile(r"(?<![\w-])(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?![\w-])", re.ASCII),
)
_SUM = re.compile(
    r"(?:€|\beuros?\b|\beur\b) ?[0-9][0-9., ]*[0-9-]*"  # with a sign
    r"|[0-9][0-9.,]*,(?:[0-9]{1,2}|-)(?![0-9])"  # or with cents
    r"|[0-9]+\.[0-9]{2}(?![0-9.])",
    re.I,
)
_POSTCODE = re.compile(r"\b([1-9][0-9]{3}) ?([a-z]{2})\b(?: +([0-9]{1,5}[a-z]?)\b)?", re.I | re.ASCII)
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_MAIL = re.compile(r"\S+@\S*")
# What is said about a person and is no part of the name.
_SAID = re.compile(r"\b(?:(?:geboren|geb|born)\b\.?(?: (?:op|in|on)\b)?|(?:mevrouw|mevr|mw|meneer|dhr|mrs)\b\.?)", re.I)


@dataclass(frozen=True, slots=True)
class Sought:
    """What was typed, as far as it can be anything that we know.

    `words` begin a word of the person that is meant, `born` is the date of birth (ISO), `year` that of the birth,
    `amount` a sum in euros. `numbers` is all of it as a number or a part of one, as the columns are searched for it: a
    short one, with spaces around it, is a whole number.
    """

    words: tuple[str, ...] = ()
    born: str = ""
    year: str = ""
    amount: Decimal | None = None
    numbers: tuple[str, ...] = ()

    @property
    def is_of_person(self) -> bool:
        """Tell whether it says anything about a person."""
        return bool(self.words or self.born)

    def __bool__(self) -> bool:
        return self.is_of_person or self.amount is not None or bool(self.numbers)


def read(typed: str, *, today: date) -> Sought:
    """Return what `typed` may mean; nothing when it is too short to look for: a single letter."""
    text = characters.one_key(typed[:MAX_CHARACTERS])
    mails = tuple(mail.casefold() for mail in _MAIL.findall(text))
    rest, born = _take_day(_SAID.sub(" ", _MAIL.sub(" ", text)), today)
    rest, amount = _take_sum(rest)
    words, year = _words(rest, alone=not (mails or born))
    words += mails
    if sum(map(len, words)) < 2:
        words = ()
    return Sought(words, born, year, amount, () if amount is not None else _numbers(text))


def _numbers(text: str) -> tuple[str, ...]:
    """Return `text` as a part of a number: an invoice's, a patient's, a phone's, a postcode with its house number."""
    whole = folding.compact(text)
    if not re.search("[0-9]", whole) or "@" in text:
        return ()
    if len(whole) < _SHORTEST_PART:
        return (f" {whole} ",)
    phone = folding.national(text) if re.fullmatch(r"\+?[0-9 ().-]+", text) else ""
    return tuple(dict.fromkeys(number for number in (whole, phone) if number))


def _take_day(text: str, today: date) -> tuple[str, str]:
    """Return the rest of `text` and the day in it, ISO; empty when there is none that anybody can be born on."""
    for pattern in _DAYS:
        for found in pattern.finditer(text):
            if day := _day(found["y"], _MONTH.get(found["m"].casefold(), found["m"]), found["d"], today):
                return f"{text[: found.start()]} {text[found.end() :]}", day
    return text, ""


def _day(year: str, month: str, day: str, today: date) -> str:
    full = int(year) if len(year) == 4 else today.year // 100 * 100 + int(year)
    try:
        born = date(full, int(month), int(day))
        if len(year) == 2 and born > today:
            born = date(full - 100, int(month), int(day))
    except ValueError:
        return ""
    return born.isoformat() if date(today.year - 130, 1, 1) <= born <= today else ""


def _take_sum(text: str) -> tuple[str, Decimal | None]:
    """Return the rest of `text` and the sum in it. Whole euros are one only with a sign: else they are a number."""
    for found in _SUM.finditer(text):
        try:
            amount = read_euros(found[0])
        except ValueError:
            continue
        return f"{text[: found.start()]} {text[found.end() :]}", amount
    return text, None


def _words(text: str, *, alone: bool) -> tuple[tuple[str, ...], str]:
    """Return the words of a person, and the year of birth when there is one beside something else."""
    joined = _POSTCODE.sub(lambda found: f" {found[1]}{found[2]}{found[3] or ''} ", text)
    plain = folding.words(joined)
    year = next((word for word in plain if _YEAR.fullmatch(word)), "")
    if not year or (alone and len(plain) == 1):
        return tuple(plain), ""
    plain.remove(year)
    return tuple(plain), year
