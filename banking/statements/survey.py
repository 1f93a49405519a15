"""The first look at a file: which statements it holds, whether each adds up, and what moved on which day.

Nothing but numbers is kept of the movements, so that a file of any length takes little memory.
"""

from array import array
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import TypeAlias

from django.utils.translation import gettext as _

from banking.reading.facts import Entry, Sheet
from banking.reading.files import Document
from billing.errors import Refused
from billing.money import from_cents
from billing.text.xml import INVALID_TOKEN, NotWellFormed

Moved: TypeAlias = "array[int]"  # signed cents, in the order of the file


@dataclass(slots=True)
class Page:
    """A sheet of the file, and what moved: by booking day, and by value date where the bank gives no booking day."""

    sheet: Sheet
    booked: dict[date, Moved]
    undated: dict[date, Moved]

    @property
    def total(self) -> int:
        """Return what moved in all, in cents."""
        return sum(sum(moved) for days in (self.booked, self.undated) for moved in days.values())


@dataclass(slots=True)
class Found:
    """A statement in a file, its pages together. Balances are in cents."""

    sheets: list[int]  # the numbers of its pages in the file
    account: str
    sheet: Sheet  # the first page
    from_on: date
    to_on: date
    opening: int
    closing: int
    days: dict[date, Moved]  # in their order
    # How many movements of a day the pages before have; a file may hold its pages in any order.
    before: dict[tuple[int, date], int]
    skipped: int = 0
    refused_because: str = ""

    @property
    def line_count(self) -> int:
        """Return how many entries it has, batches counted once."""
        return sum(map(len, self.days.values()))

    def day_of(self, entry: Entry) -> date:
        """Return the booking day; without one the value date counts, as far as the statement reaches."""
        return entry.booked_on or _within(entry.value_on, self.from_on, self.to_on)


def survey(documents: Sequence[Document], *, today: date) -> list[Found]:
    """Return the statements of a file, in its order. Raises Refused when one does not add up or is not whole."""
    pages: list[Page] = []
    for document in documents:
        try:
            pages += _pages(document)
        except NotWellFormed as error:
            # Some banks declare UTF-8 and send a letter of another encoding.
            if error.code != INVALID_TOKEN or not document.read_as_cp1252():
                raise
            pages += _pages(document)
    if not pages:
        raise Refused(_("There is no statement in the file."))
    return [_joined(group, pages, today=today) for group in _groups([page.sheet for page in pages])]


def _pages(document: Document) -> list[Page]:
    pages: list[Page] = []
    booked, undated = _nothing(), _nothing()
    for fact in document.read():
        if isinstance(fact, Entry):
            (undated if fact.booked_on is None else booked)[fact.booked_on or fact.value_on].append(fact.cents)
            continue
        fact.first_on, fact.last_on = min(booked, default=None), max(booked, default=None)
        pages.append(Page(fact, booked, undated))
        booked, undated = _nothing(), _nothing()
    return pages


def _nothing() -> dict[date, Moved]:
    return defaultdict(lambda: array("q"))


def _groups(sheets: Sequence[Sheet]) -> list[list[int]]:
    """Return the numbers of the pages of each statement: a page that ends between two is followed by its next one."""
    following: dict[tuple[str, int | None], deque[int]] = defaultdict(deque)
    for number, sheet in enumerate(sheets):
        if sheet.opens_between or sheet.opening is None:
            following[sheet.account, sheet.opening].append(number)
    groups, used = [], set()
    firsts = [n for n, sheet in enumerate(sheets) if not (sheet.opens_between or sheet.opening is None)]
    for first in (*firsts, *range(len(sheets))):  # then the pages whose first page is in another file
        if first in used:
            continue
        group, last = [first], first
        used.add(first)
        while sheets[last].closes_between or sheets[last].closing is None:
            rest = following[sheets[last].account, sheets[last].closing]
            while rest and rest[0] in used:
                rest.popleft()
            if not rest:
                break
            last = rest.popleft()
            used.add(last)
            group.append(last)
        groups.append(group)
    for group in groups:
        if max(group) - min(group) + 1 != len(group):
            raise Refused(_("The pages of two statements stand mixed in the file. Download the statements apart."))
    return sorted(groups, key=min)


def _joined(group: Sequence[int], pages: Sequence[Page], *, today: date) -> Found:
    sheets = [pages[number].sheet for number in group]
    first, last = sheets[0], sheets[-1]
    if first.opening is None or last.closing is None:
        raise Refused(_("A balance of statement %s is missing: is a page missing?") % (first.number or "?"))
    for sheet in sheets:
        if sheet.currency != "EUR":
            raise Refused(_("The account is in %s: we read accounts in euros.") % sheet.currency)
    total = sum(pages[number].total for number in group)
    if first.opening + total != last.closing:
        raise Refused(
            _("Statement %(number)s does not add up: %(opening)s and all lines make %(sum)s, and it says %(closing)s.")
            % {
                "number": first.number or "?",
                "opening": from_cents(first.opening),
                "sum": from_cents(first.opening + total),
                "closing": from_cents(last.closing),
            }
        )
    to_on = max(sheet.to_on for sheet in sheets)
    from_on = min(sheet.from_on for sheet in sheets)
    if to_on > today or to_on < date(1990, 1, 1):
        raise Refused(_("Statement %s is of a day that has yet to come.") % (first.number or "?"))
    days, before = _nothing(), dict[tuple[int, date], int]()
    for number in group:
        page = pages[number]
        undated = [(_within(day, from_on, to_on), moved) for day, moved in page.undated.items()]
        for day, moved in (*page.booked.items(), *undated):
            before.setdefault((number, day), len(days[day]))
            days[day] += moved
    skipped = sum(sheet.skipped for sheet in sheets)
    ordered = {day: days[day] for day in sorted(days)}
    return Found(
        list(group), first.account, first, from_on, to_on, first.opening, last.closing, ordered, before, skipped
    )


def _within(day: date, from_on: date, to_on: date) -> date:
    return min(max(day, from_on), to_on)


def leave_out_before(found: Found, first_day: date) -> None:
    """Leave out the days before an account's first one, so that the statement begins there."""
    left_out = [day for day in found.days if day < first_day]
    for day in left_out:
        moved = found.days.pop(day)
        found.opening += sum(moved)
        found.skipped += len(moved)
    found.from_on = max(found.from_on, first_day)


def balances(opening: int, moved: Sequence[int]) -> list[int]:
    """Return the balance before each movement, and the last one after all."""
    return list(accumulate(moved, initial=opening))
