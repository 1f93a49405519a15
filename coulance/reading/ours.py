"""What we know of the invoice ourselves, and whether a paper is about it: the strongest check there is."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from coulance.reading.language import notation
from coulance.reading.language.notation import plain
from coulance.reading.sheet import Piece, Row

_BORN = re.compile(r"geb(?:oren|oortedatum|\.|\b)[^\d]{0,14}(?P<day>.{6,22})", re.IGNORECASE)
_PERSON = re.compile(
    r"\b(?:naam (?:verzekerde|pati[eë]nt)|verzekerde|pati[eë]nt|cli[eë]nt|behandelde|zorg voor|voor wie)"
    r"(?: ?:|\b(?= (?:de heer|mevrouw|dhr|mevr|mw|[A-Z]\.))) ?(?P<name>.*)",
    re.IGNORECASE,
)
_PERSON_CELL = re.compile(  # a label in a cell of its own, with the name in the next one
    r"(?:naam )?(?:van )?(?:de )?(?:verzekerde|pati[eë]nt|cli[eë]nt|behandelde)|zorg voor|voor wie|naam|voor",
    re.IGNORECASE,
)
_LIKE_NAMES = re.compile(r"[A-Z][a-z]{2,}|[A-Z]\.")
_OTHER_NUMBER = re.compile(
    r"\b(?:nota|factuur|rekening)(?:nummer|nr)?\b[ .:]{0,3}(?:van uw zorgverlener )?"
    r"(?P<number>[A-Z]{0,4}[-/. ]?\d[\w\-/.]{3,})",
    re.IGNORECASE,
)
_WRITTEN = re.compile(  # not the day of a bill or of care
    r"(?<!\w)(?:(?:brief|verzend|print|verwerkings)?datum(?: (?:van )?(?:(?:de|deze|het|dit) )?"
    r"(?:brief|overzicht|specificatie|afrekening|beslissing|besluit))?|dagtekening|date"
    r"|(?:verwerkt|afgehandeld|beslist) op)[ :.]{1,3}(?P<day>\d.{5,20})",
    re.IGNORECASE,
)
_FROM_PLACE = re.compile(r"[A-Z][\w' -]{2,25}, (?P<day>\d{1,2} [a-z]{3,9}\.? \d{4})")
_LIKE_A_NAME = 0.78


@dataclass(frozen=True)
class Ours:
    """Our own invoice. Amounts in cents; `born` is None when the day is not known whole."""

    number: str
    declared: int
    lines: tuple[tuple[date | None, int], ...]
    issued_on: date
    born: date | None
    surname: str
    provider: str
    initials: str = ""

    @property
    def days(self) -> frozenset[date]:
        """Return the days of treatment."""
        return frozenset(day for day, _ in self.lines if day)


def pattern_of(number: str) -> re.Pattern[str]:
    """Return what finds an invoice number however its parts are joined."""
    parts = re.findall(r"[A-Za-z]+|\d+", number)
    return re.compile(r"(?<![A-Za-z0-9])" + r"[\W_]{0,3}".join(map(re.escape, parts)) + r"(?![A-Za-z0-9])", re.I)


def shape_of(number: str) -> str:
    """Return a number with its digits and letters made alike: two invoices of one practice share it."""
    return re.sub(r"[A-Za-z]", "A", re.sub(r"\d", "9", number))


@dataclass(frozen=True)
class Scope:
    """The rows that are about our invoice, and whether the paper is about other invoices too."""

    rows: frozenset[int]  # by id
    named: frozenset[int]  # rows on which our number stands, by id
    has_others: bool

    def has(self, row: Row) -> bool:
        """Tell whether a row is about our invoice."""
        return id(row) in self.rows


def scope_of(rows: Sequence[Row], ours: Ours) -> Scope:
    """Return which rows are about our invoice: all of them, or those from its number to the next one."""
    wanted = pattern_of(ours.number)
    named = [number for number, row in enumerate(rows) if wanted.search(row.text)]
    others = [number for number, row in enumerate(rows) if _names_another(row, ours, wanted)]
    foreign = [number for number, row in enumerate(rows) if any(day != ours.born for day in births(row)) and ours.born]
    marked = frozenset(id(rows[number]) for number in named)
    if not others and not (foreign and named):
        return Scope(frozenset(map(id, rows)), marked, has_others=False)
    inside: set[int] = set()
    for begin in named:
        ends = [number for number in (*others, *foreign) if number > begin]
        inside.update(id(row) for row in rows[begin : min(ends, default=len(rows))])
    return Scope(frozenset(inside), marked, has_others=True)


def _names_another(row: Row, ours: Ours, wanted: re.Pattern[str]) -> bool:
    text = wanted.sub(" ", " ".join(piece.text for piece in row.texts))
    if len(shape_of(ours.number)) > 5 and not ours.number.isdigit():
        shape = shape_of(ours.number)
        if any(shape_of(word.strip(".,;:()")) == shape for word in text.split()):
            return True
    found = _OTHER_NUMBER.search(text)
    return found is not None and not notation.days(found["number"]) and not list(notation.amounts(found["number"]))


def births(row: Row) -> list[date]:
    """Return the dates of birth on a row."""
    found = _BORN.search(row.text)
    return notation.days(found["day"])[:1] if found else []


def is_somebody_else(rows: Sequence[Row], ours: Ours) -> bool:
    """Tell whether the paper is about another person: born on another day, or insured under another name."""
    known = [(number, day) for number, row in enumerate(rows) for day in births(row)]
    known += _below_a_heading(rows)
    if ours.born and known:
        if all(day != ours.born for _, day in known):
            return True
        if any(day != ours.born for _, day in known):
            return not _stands_with_ours(rows, ours, known)
    names = [name for row in rows for name in _names(row)]
    return bool(names) and not any(_has_name(name, ours.surname) for name in names)


def _below_a_heading(rows: Sequence[Row]) -> list[tuple[int, date]]:
    """Return the dates of birth in a column of their own."""
    found = []
    for number, row in enumerate(rows):
        heads = [piece for piece in row.texts if "geboortedatum" in plain(piece.text) or plain(piece.text) == "geboren"]
        for head in heads:
            if _has_value(head, row):
                continue
            for below in range(number + 1, min(number + 4, len(rows))):
                for piece in rows[below].texts:
                    if piece.left < head.right and head.left < piece.right:
                        found += [(below, day) for day in notation.days(piece.text)]
    return found


def _has_value(head: Piece, row: Row) -> bool:
    """Tell whether a heading has its day on the same row: then what stands below it is something else."""
    behind = next((piece for piece in row.pieces if piece.left >= head.right), None)
    return bool(notation.days(head.text)) or (behind is not None and bool(notation.days(behind.text)))


def _stands_with_ours(rows: Sequence[Row], ours: Ours, known: list[tuple[int, date]]) -> bool:
    """Tell whether the last person named above each place of our number is ours."""
    wanted = pattern_of(ours.number)
    named = [number for number, row in enumerate(rows) if wanted.search(row.text)]
    for number in named:
        above = [day for at, day in sorted(known) if at <= number]
        if not above or above[-1] != ours.born:
            return False
    return bool(named)


def _names(row: Row) -> Iterator[str]:
    found = _PERSON.search(row.text)
    if found and _LIKE_NAMES.search(found["name"]):
        yield found["name"]
    if len(row.pieces) == 2:  # more of them are the headings of a table
        label, name = row.pieces
        if _PERSON_CELL.fullmatch(label.text) and name.cents is None and _LIKE_NAMES.search(name.text):
            yield name.text


def _has_name(text: str, surname: str) -> bool:
    letters, wanted = plain(text), plain(surname)
    if wanted in letters:
        return True
    words = [plain(word) for word in re.split(r"[\s\-,.]+", text)]
    return any(SequenceMatcher(None, word, wanted).ratio() >= _LIKE_A_NAME for word in words if len(word) > 3)


def is_born(rows: Sequence[Row], ours: Ours) -> bool:
    """Tell whether the patient's date of birth is on the paper."""
    return ours.born is not None and ours.born in days_found(rows)


def has_provider(rows: Sequence[Row], ours: Ours) -> bool:
    """Tell whether the practice is on the paper, by its whole name."""
    wanted = plain(ours.provider)
    return len(wanted) > 5 and any(wanted in plain(row.text) for row in rows)


def days_found(rows: Sequence[Row]) -> set[date]:
    """Return every day on the paper."""
    return {day for row in rows for day in notation.days(row.text)}


def written_on(rows: Sequence[Row]) -> date | None:
    """Return the day of the paper itself, the last one when it names several."""
    found = [sign["day"] for row in rows for sign in _WRITTEN.finditer(row.text)]
    found += [sign["day"] for row in rows for piece in row.texts if (sign := _FROM_PLACE.match(piece.text))]
    single = [days[0] for days in map(notation.days, found) if len(days) == 1]  # several are the days of care
    return max(single, default=None)


def stand_twice(lines: Sequence[tuple[date | None, int]], ours: Ours) -> bool:
    """Tell whether one of our own lines stands on the paper more often than on the invoice."""
    read, known = Counter(lines), Counter(ours.lines)
    by_sum = Counter(cents for _, cents in ours.lines)
    sums = Counter(cents for _, cents in lines)
    return any(line in known and count > known[line] for line, count in read.items()) or any(
        cents and cents in by_sum and count > by_sum[cents] for cents, count in sums.items()
    )
