"""Which meaning of the labels makes all sums close. Amounts are in cents, so they close exactly or not at all.

Every amount with a label takes part: an answer that contradicts one of them is none. The amount declared is not
guessed from the paper, it is that of our own invoice. See labels.py for the letters.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from coulance.reading.language.labels import PARTS, Meanings
from coulance.reading.language.notation import plain
from coulance.reading.sheet import Piece

# A sum of the other two.
_SUMS = (("D", "G", "N"), ("G", "P", "E"), ("P", "R", "O"), ("S", "N", "E"))
_MAY_BE_NEGATIVE = frozenset("ENOSef")  # printed with a minus because they are taken off
MOST_CHOICES = 20_000
_PART_OF = {"a": "GP", "b": "GP", "c": "GP", "e": "E", "f": "E"}


@dataclass(frozen=True)
class Fact:
    """An amount on the paper in cents, its label, what that can mean, and where it stands: a sum of ours in parts."""

    label: str
    meanings: Meanings
    cents: int
    pieces: tuple[Piece, ...] = ()


def fact_of(label: str, meanings: Meanings, piece: Piece) -> Fact:
    """Return the fact that a label and one amount make."""
    return Fact(label, meanings, piece.cents or 0, (piece,))


@dataclass(frozen=True)
class Answer:
    """What the paper says of our invoice, in cents; `closed` sums were found to be right that need not have been."""

    granted: int
    deductible: int
    paid_out: int
    not_reimbursed: int
    set_off: int
    closed: int
    declared_read: bool
    used: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict, compare=False)
    choice: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def sums(self) -> tuple[int, int, int]:
        """Return what makes two answers the same."""
        return self.granted, self.deductible, self.paid_out


class TooMany(Exception):
    """There are more ways to understand the labels than are tried."""


def answers(
    facts: Sequence[Fact], declared: int, lines: Sequence[Sequence[Fact]] = (), *, added_up: int = 0
) -> list[Answer]:
    """Return each different answer in which every fact and every line of a table holds.

    `added_up`: how many sums of columns were found to be right already.
    """
    found: dict[tuple[int, int, int], Answer] = {}
    for choice in _choices([*facts, *(fact for line in lines for fact in line)]):
        answer = _answer(facts, choice, declared)
        if answer is None:
            continue
        of_lines = [_closed_of_line(line, choice) for line in lines]
        if None in of_lines:
            continue
        closed = answer.closed + sum(count or 0 for count in of_lines) + added_up
        closed += not lines and _is_chain(facts, choice, answer, declared)
        better = Answer(
            *answer.sums, answer.not_reimbursed, answer.set_off, closed, answer.declared_read, answer.used, choice
        )
        if answer.sums not in found or found[answer.sums].closed < closed:
            found[answer.sums] = better
    return list(found.values())


def _choices(facts: Iterable[Fact]) -> Iterator[dict[str, str]]:
    """Yield one meaning for each label: the same words mean the same everywhere on a paper."""
    options: dict[str, Meanings] = {}
    for fact in facts:
        options[plain(fact.label)] = fact.meanings
    count = 1
    for meanings in options.values():
        count *= len(meanings)
    if count > MOST_CHOICES:
        raise TooMany
    for chosen in product(*(sorted(meanings) for meanings in options.values())):
        yield dict(zip(options, chosen, strict=True))


def _answer(facts: Sequence[Fact], choice: Mapping[str, str], declared: int) -> Answer | None:
    for parts_are in ("G", "P") if _has_parts(facts, choice) else ("G",):
        read = _read(facts, choice, parts_are)
        if read is None:
            continue
        known = {meaning: cents for meaning, (cents, _) in read.items()}
        if known.get("D", declared) != declared:
            continue
        full = _completed(known | {"D": declared} | ({} if "O" in known else {"O": 0}))
        if full is None or not {"G", "E", "P"} <= full.keys():
            continue
        # That what was transferred is what was paid, less what was set off, says nothing of the deductible.
        closed = len(known.keys() & {"G", "N", "E", "S"}) + bool(known.keys() & {"P", "R"}) - 2
        used = {meaning: pieces for meaning, (_, pieces) in read.items()}
        return Answer(
            full["G"], full["E"], full["P"], full.get("N", declared - full["G"]), full["O"], closed, "D" in known, used
        )
    return None


def _is_chain(facts: Sequence[Fact], choice: Mapping[str, str], answer: Answer, declared: int) -> bool:
    """Tell whether the paper tells no more than how what was declared became what was paid, by the deductible alone."""
    told = {choice[plain(fact.label)] for fact in facts} - frozenset("YC")
    is_told = {"D"} < told <= frozenset("DEefPR") and bool(told & frozenset("Eef")) and bool(told & frozenset("PR"))
    return is_told and declared == answer.deductible + answer.paid_out


def _has_parts(facts: Sequence[Fact], choice: Mapping[str, str]) -> bool:
    return any(choice[plain(fact.label)] in "abc" for fact in facts)


def _read(
    facts: Sequence[Fact], choice: Mapping[str, str], parts_are: str
) -> dict[str, tuple[int, tuple[Piece, ...]]] | None:
    """Return what was read for each meaning; None when two amounts contradict each other, or one is negative."""
    read: dict[str, tuple[int, tuple[Piece, ...]]] = {}
    for fact in facts:
        meaning = choice[plain(fact.label)]
        if meaning in "YC":
            continue
        cents = abs(fact.cents) if meaning in _MAY_BE_NEGATIVE else fact.cents
        if cents < 0 or (meaning in read and read[meaning][0] != cents):
            return None
        read[meaning] = (cents, (*(read[meaning][1] if meaning in read else ()), *fact.pieces))
    for parts, whole in (("abc", parts_are), ("ef", "E")):
        present = [read.pop(part) for part in parts if part in read]
        if not present:
            continue
        cents = sum(part[0] for part in present)
        if whole in read and read[whole][0] != cents:
            return None
        read.setdefault(whole, (cents, tuple(piece for _, pieces in present for piece in pieces)))
    return read


def _completed(known: dict[str, int]) -> dict[str, int] | None:
    """Return all amounts that follow from the known ones; None when a sum does not close or one would be negative."""
    full = dict(known)
    for _ in _SUMS:
        for whole, one, other in _SUMS:
            names = (whole, one, other)
            missing = [name for name in names if name not in full]
            if len(missing) > 1:
                continue
            if not missing:
                if full[whole] != full[one] + full[other]:
                    return None
            elif missing[0] == whole:
                full[whole] = full[one] + full[other]
            else:
                rest = other if missing[0] == one else one
                full[missing[0]] = full[whole] - full[rest]
    return full if all(cents >= 0 for cents in full.values()) else None


def _closed_of_line(line: Sequence[Fact], choice: Mapping[str, str]) -> int | None:
    """Return how many sums close in one line of a table; None when one does not."""
    read = _read(line, choice, "G")
    if read is None and any(choice[plain(fact.label)] in PARTS for fact in line):
        return 0
    if read is None:
        return None
    known = {meaning: cents for meaning, (cents, _) in read.items()}
    if _completed(known | ({} if "O" in known else {"O": 0})) is None:
        other = _read(line, choice, "P")
        known = {meaning: cents for meaning, (cents, _) in (other or {}).items()}
        if not other or other == read or _completed(known | ({} if "O" in known else {"O": 0})) is None:
            return None
    dimensions = 3 + ("O" in known)
    return max(0, len(known) - dimensions)
