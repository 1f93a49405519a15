"""The lines of a day that we have, to tell which of them an entry of another reading is."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace

from django.db.models import QuerySet

from banking import details
from banking.details import Details
from banking.models import AccountDay, BankLine, Statement
from banking.reading.facts import Entry
from billing.money import from_cents, to_cents

_AT_ONCE = 500  # amounts in one query
_MAX_REORDERED = 5_000  # of a longer day the old lines keep their places, beside the new ones
_WAITS = (BankLine.Status.NEW, BankLine.Status.PROPOSED, BankLine.Status.UNMATCHED)
# Where a payment reference may stand; and what is filled in together, when the first of it is not known.
_WRITTEN = ("structured", "end_to_end", "entry_reference", "text")
_TOGETHER = (
    ("iban", "bic", "name"), ("structured", "issuer"), ("end_to_end",), ("batch",), ("return_code",), ("text",),
)  # fmt: skip
_RANK = {Statement.Format.MT940: 0, Statement.Format.CAMT053: 1}  # CAMT says more


OTHER_ACCOUNT = -4  # likeness of an entry that names the account of somebody else


class OtherLine(Exception):
    """An entry is none of those that we have, although its amount and the balances around it are."""


@dataclass(slots=True)
class Candidate:
    """A stored entry, by its first line."""

    line: BankLine
    told: Details


class Known:
    """The stored entries that a new reading of a day repeats, each to be found once."""

    def __init__(self, format: str, amounts: Counter[int]) -> None:
        """Begin without any; `amounts` counts all entries of the new reading, which is in this format."""
        self._format, self._amounts = format, amounts
        self._to_come = amounts.total()
        self._unread: list[tuple[AccountDay, Counter[int], bool, bool]] = []
        self._overlap: Counter[int] = Counter()
        self._left = Counter(amounts)
        self._taken: Counter[int] = Counter()
        self._rows: dict[int, list[Candidate]] = defaultdict(list)
        self._doubtful = False
        self.in_place: set[int] = set()  # amounts whose lines were read for what they say alone, not to be put in order

    def add(self, stretch: AccountDay, overlap: Counter[int], *, all_known: bool, doubtful: bool = False) -> None:
        """Add those of a stretch that have the amounts of `overlap`; they are read at the first entry of the day.

        `doubtful`: the balances do not tell the two readings apart, so each entry is compared.
        """
        self._doubtful = self._doubtful or doubtful
        self._overlap += overlap
        self._unread.append((stretch, overlap, all_known, doubtful))

    def read(self) -> None:
        """Read what was added: of a month only the day at hand, as long as its stretches are not made one."""
        unread, self._unread = self._unread, []
        for stretch, overlap, all_known, doubtful in unread:
            self._read(stretch, overlap, all_known=all_known, doubtful=doubtful)

    def _read(self, stretch: AccountDay, overlap: Counter[int], *, all_known: bool, doubtful: bool) -> None:
        """Read the rows where something is to be told apart or put in order, or of which this reading says more.

        So a long day that comes again takes no memory.
        """
        rows = BankLine.objects.filter(day=stretch, part=1).exclude(status=BankLine.Status.REPLACED).order_by("place")
        says_more = self._format != Statement.Format.MT940 and rows.filter(format=Statement.Format.MT940).exists()
        if not says_more and not doubtful and (all_known or overlap.total() > _MAX_REORDERED):
            waiting = _waiting(rows)
            told_apart = {cents for cents, count in overlap.items() if self._amounts[cents] > count}
            self.in_place |= waiting - told_apart
            overlap = Counter({cents: count for cents, count in overlap.items() if cents in waiting | told_apart})
        wanted = [from_cents(cents) for cents in overlap]
        found: dict[int, list[BankLine]] = defaultdict(list)
        for some in (wanted[start : start + _AT_ONCE] for start in range(0, len(wanted), _AT_ONCE)):
            for line in rows.filter(entry_amount__in=some):
                found[to_cents(line.entry_amount)].append(line)
        for cents, count in overlap.items():
            lines = found[cents]
            several = doubtful or self._amounts[cents] > 1 or len(lines) > count  # to tell two payments apart
            begin = len(lines) - count  # the overlap mostly ends the stretch, but a day cut short begins it
            for line in lines[begin:] + lines[:begin]:
                self._rows[cents].append(Candidate(line, details.of_line(line) if several else Details()))

    def take(self, entry: Entry) -> tuple[bool, BankLine | None]:
        """Return whether the entry is stored, and its first line where that was read.

        Of n entries with an amount of which m are stored, just m are found, whatever they say; which ones, is told by
        the other side's account, the text and the bank's reference. Raises OtherLine for one that is surely another.
        """
        if self._unread:
            self.read()
        found = self._find(entry)
        self._to_come -= 1
        if not self._to_come:
            self._rows.clear()  # the day is over
        return found

    def _find(self, entry: Entry) -> tuple[bool, BankLine | None]:
        cents = entry.cents
        rows, left, free = self._rows.get(cents), self._left[cents], self._free(cents)
        self._left[cents] -= 1
        if not rows:
            return self._overlap[cents] >= self._amounts[cents], None
        if free <= 0:
            return False, None
        likeness = [_likeness(entry, row) for row in rows]
        best = max(range(len(rows)), key=lambda index: likeness[index])
        if likeness[best] <= 0 and left > free:
            return False, None  # there are more to come, and this one is another
        if self._doubtful and likeness[best] <= OTHER_ACCOUNT:
            raise OtherLine
        self._taken[cents] += 1
        return True, rows.pop(best).line

    def _free(self, cents: int) -> int:
        """Return how many stored entries of this amount are still to be found."""
        return self._overlap[cents] - self._taken[cents]


def is_better(format: str, line: BankLine) -> bool:
    """Tell whether a reading in this format says more than the one that the line has."""
    return _RANK[Statement.Format(format)] > _RANK[Statement.Format(line.format)]


def merged(better: Details, other: Details) -> Details:
    """Return what two readings of one line say: the better one, and what the other one alone says beside it."""
    filled: dict[str, str] = {}
    for names in _TOGETHER:
        if not getattr(better, names[0]):
            filled |= {name: getattr(other, name) for name in names}
    everything = _plain("".join(getattr(better, name) for name in (*_WRITTEN, "extra")))
    alone = [text for name in _WRITTEN if (text := getattr(other, name)) and _plain(text) not in everything]
    extra = "\n".join(filter(None, (better.extra, *alone)))
    return replace(better, **filled, extra=extra)


def _waiting(rows: QuerySet[BankLine]) -> set[int]:
    """Return the amounts of the lines that wait, of which another reading may say more; none where there are many."""
    amounts = rows.filter(status__in=_WAITS).values_list("entry_amount", flat=True)[: _MAX_REORDERED + 1]
    found = [to_cents(amount) for amount in amounts]
    return set(found) if len(found) <= _MAX_REORDERED else set()


def moved(stretch: AccountDay) -> list[int]:
    """Return the signed cents of the stored entries of a stretch in their order."""
    rows = BankLine.objects.filter(day=stretch, part=1).exclude(status=BankLine.Status.REPLACED)
    return [to_cents(amount) for amount in rows.order_by("place").values_list("entry_amount", flat=True)]


def count_of(stretches: list[AccountDay], cents: int) -> int:
    """Return how many entries of this amount are stored on a day: the next one is one more."""
    rows = BankLine.objects.filter(day__in=stretches, part=1, entry_amount=from_cents(cents))
    return rows.exclude(status=BankLine.Status.REPLACED).count()


def _likeness(entry: Entry, row: Candidate) -> int:
    told = entry.parts[0].details
    points = 0
    if told.iban and row.line.counter_hash:
        points += 2 if details.counter_hash(told.iban) == row.line.counter_hash else OTHER_ACCOUNT
    texts = [_plain(f"{one.structured}{one.text}") for one in (told, row.told)]
    if all(texts):
        everything = [_plain(f"{one.structured}{one.text}{one.extra}") for one in (told, row.told)]
        same = texts[0] in everything[1] or texts[1] in everything[0]
        points += (3 if texts[0] == texts[1] else 2) if same else -3
    if told.end_to_end and row.told.end_to_end:
        points += 1 if told.end_to_end == row.told.end_to_end else -2
    if entry.parts[0].bank_reference and entry.parts[0].bank_reference == row.line.bank_reference:
        points += 2
    return points


def _plain(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())
