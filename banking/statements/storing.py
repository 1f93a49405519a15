"""Stores a statement: its row, its days, and those of its lines that no earlier statement had."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date

from django.utils.translation import gettext as _

from banking import details
from banking.models import AccountDay, BankAccount, BankLine, LineDecision, Statement, StatementFile
from banking.reading.facts import Entry
from banking.statements import receiving
from banking.statements.joining import Join, Stretch, join
from banking.statements.known import Known, OtherLine, count_of, is_better, merged, moved
from banking.statements.survey import Found
from billing.errors import Refused
from billing.money import from_cents, to_cents
from billing.rows import insert_rows
from billing.transitions import advance

CHUNK = 1000
Status = BankLine.Status
_WAITS = (Status.PROPOSED, Status.UNMATCHED)


def fingerprint(iban: str, day: date, cents: int, *, occurrence: int, part: int, parts: int) -> str:
    """Return what a line is known by for ever: no id of the bank and no text, which differ between formats."""
    told = f"{iban}|{day}|{cents}|{occurrence}|{part}/{parts}"
    return base64.b32encode(hashlib.sha256(told.encode()).digest()).decode()[:40]


class Store:
    """Takes the entries of one statement of a locked account, in the order of the file."""

    def __init__(self, found: Found, account: BankAccount, file: StatementFile) -> None:
        """Write the statement and its days. Raises Refused when it says otherwise than what we have."""
        self.account, self.found = account, found
        self.statement = Statement.objects.create(
            account=account,
            file=file,
            format=found.sheet.format,
            number=found.sheet.number,
            from_on=found.from_on,
            to_on=found.to_on,
            opening=from_cents(found.opening),
            closing=from_cents(found.closing),
            line_count=found.line_count,
            skipped_count=found.skipped,
        )
        self.days: dict[date, _Day] = {}
        balance = found.opening
        for day, cents in found.days.items():
            self.days[day] = _Day(account, day, Stretch(balance, cents), found.sheet.format)
            balance = self.days[day].new.closing
        if found.to_on not in found.days:  # nothing moved, and this was the balance: the chain needs it
            _Day(account, found.to_on, Stretch(balance, ()), found.sheet.format)
        self.new = 0  # entries
        self.better: list[int] = []  # lines that wait, of which this statement says more than the one that we had
        self._waiting: list[BankLine] = []
        self._moved: list[tuple[BankLine, int]] = []  # known lines, and their place in the longer day

    def add(self, entry: Entry, sheet: int) -> None:
        """Store an entry of a page, unless it is known; then what this reading says better is taken over."""
        on = self.found.day_of(entry)
        if on not in self.days:
            return  # before the first day of the account
        day = self.days[on]
        day.go_to(sheet, self.found.before.get((sheet, on), 0))
        try:
            is_known, line = day.known.take(entry)
        except OtherLine:
            raise _otherwise(on, day.new.opening) from None
        if not is_known:
            self.new += 1
            occurrence = day.next_occurrence(entry.cents)
            self._waiting += self._lines(entry, on, day, occurrence)
            if len(self._waiting) >= CHUNK:
                self._flush()
        elif line is not None and line.parts == 1 and self._may_say_more(line):
            self._take_over(entry, line, on, day)
        elif line is not None and line.place != day.place:
            self._moved.append((line, day.place))

    def end(self) -> Statement:
        """Write what waits, and how many lines were new."""
        self._flush()
        for line, place in self._moved:
            parts = BankLine.objects.filter(statement=line.statement_id, day=line.day_id, place=line.place, part__gt=1)
            if line.parts > 1:
                parts.filter(entry_amount=line.entry_amount).update(place=place)
            BankLine.objects.filter(pk=line.pk).update(place=place)
        Statement.objects.filter(pk=self.statement.pk).update(new_count=self.new)
        self.statement.new_count = self.new
        return self.statement

    def _flush(self) -> None:
        insert_rows(self._waiting)
        self._waiting = []

    def _lines(self, entry: Entry, on: date, day: "_Day", occurrence: int) -> Iterable[BankLine]:
        for number, part in enumerate(entry.parts, start=1):
            line = BankLine(
                statement=self.statement,
                account=self.account,
                day=day.row,
                booked_on=on,
                value_on=entry.value_on,
                amount=from_cents(part.cents),
                fingerprint=fingerprint(self.account.iban, on, entry.cents, occurrence=occurrence,
                                        part=number, parts=len(entry.parts)),
                place=day.place,
                entry_amount=from_cents(entry.cents),
                part=number,
                parts=len(entry.parts),
                format=self.statement.format,
                kind=part.kind,
                bank_reference=part.bank_reference,
            )  # fmt: skip
            details.put(line, part.details)
            yield line

    def _may_say_more(self, line: BankLine) -> bool:
        return line.status in (Status.NEW, *_WAITS) or is_better(self.statement.format, line)

    def _take_over(self, entry: Entry, line: BankLine, on: date, day: "_Day") -> None:
        """Take over what this reading of a line says more: details, a better format, or the parts of a batch."""
        if len(entry.parts) == 1:
            self._take_details(entry, line, day)
        elif _gives_way(line):
            occurrence = day.occurrence_of(line)
            self._waiting += self._lines(entry, on, day, occurrence)

    def _take_details(self, entry: Entry, line: BankLine, day: "_Day") -> None:
        (part,) = entry.parts
        had, better = details.of_line(line), is_better(self.statement.format, line)
        if better:
            line.kind, line.format = part.kind, self.statement.format
            line.bank_reference = part.bank_reference or line.bank_reference
            line.value_on = entry.value_on
            says = merged(part.details, had)
        else:
            same_account = not (had.iban and part.details.iban) or had.iban == part.details.iban
            says = merged(had, part.details) if same_account else had
        place = line.place if entry.cents in day.known.in_place else day.place
        if not better and says == had and line.place == place:
            return
        line.place = place
        details.put(line, says)
        line.save(
            update_fields=["kind", "format", "bank_reference", "value_on", "place", "sealed_facts", "counter_hash"]
        )
        if line.status in _WAITS and says != had:
            self.better.append(line.pk)


def _otherwise(day: date, balance: int) -> Refused:
    return Refused(
        _(
            "It says something else about %(day)s than the statement that we have of that day:"
            " from the balance %(balance)s on there are other lines."
        )
        % {"day": day, "balance": from_cents(balance)}
    )


def _gives_way(line: BankLine) -> bool:
    """Replace a line whose parts came, and mirror what was booked of it; return False when a person is busy with it."""
    locked = BankLine.objects.select_for_update(no_key=True).get(pk=line.pk)
    decided = locked.decisions.filter(status__in=LineDecision.STANDING).exists()
    if locked.status not in (Status.NEW, *_WAITS) or decided or locked.notes.exists():
        return False
    receiving.take_back(locked)
    return advance(locked, Status.REPLACED)


class _Day:
    """One day of a statement that is stored: the stretch that it belongs to, and what is known of it."""

    def __init__(self, account: BankAccount, day: date, new: Stretch, format: str) -> None:
        self.new, self._account, self._day = new, account, day
        self.place = self._base = 0
        self._of_page: Counter[int] = Counter()
        self.known = Known(format, Counter(new.moved))
        self._occurrences: dict[int, int] = {}
        self._rows = list(AccountDay.objects.filter(account=account, day=day))
        self.row = self._join()

    def _join(self) -> AccountDay:
        """Return the row that the movements belong to: a new one, or those that they join, made one."""
        opening, closing = self.new.opening, self.new.closing
        joined: list[AccountDay] = []
        for row in self._rows:
            known = Stretch(to_cents(row.opening), moved(row))
            how, overlap = join(self.new, known)
            if how == Join.CONFLICT:
                raise _otherwise(self._day, known.opening)
            if how == Join.APART:
                continue
            joined.append(row)
            # A part of a day that ends where it began, as on an account that is swept, may stand there twice.
            doubtful = bool(self.new.moved) and self.new.opening == self.new.closing
            self.known.add(row, overlap, all_known=how == Join.INSIDE, doubtful=doubtful)
            if how in (Join.INSIDE, Join.AFTER):
                opening = known.opening
            if how in (Join.INSIDE, Join.BEFORE):
                closing = to_cents(row.closing)
            if how == Join.AFTER:
                self._base += len(known.moved) - overlap.total()
        return self._as_one(joined, opening, closing)

    def _as_one(self, joined: list[AccountDay], opening: int, closing: int) -> AccountDay:
        if not joined:
            return AccountDay.objects.create(
                account=self._account, day=self._day, opening=from_cents(opening), closing=from_cents(closing)
            )
        row, *others = joined
        if others:
            self.known.read()  # while their lines still stand apart
        BankLine.objects.filter(day__in=others).update(day=row)
        AccountDay.objects.filter(pk__in=[other.pk for other in others]).delete()
        row.opening, row.closing = from_cents(opening), from_cents(closing)
        row.save(update_fields=["opening", "closing"])
        self._rows = [other for other in self._rows if other not in others]
        return row

    def go_to(self, sheet: int, before: int) -> None:
        """Go to the place of the next entry of a page, of which the pages before it have so many."""
        self._of_page[sheet] += 1
        self.place = self._base + before + self._of_page[sheet]

    def next_occurrence(self, cents: int) -> int:
        """Return the how-manieth entry of this amount on this day it is."""
        if cents not in self._occurrences:
            self._occurrences[cents] = count_of(self._rows, cents) if self._rows else 0
        self._occurrences[cents] += 1
        return self._occurrences[cents]

    def occurrence_of(self, line: BankLine) -> int:
        """Return the how-manieth a stored entry was when it was stored."""
        cents, number = to_cents(line.entry_amount), 1
        while line.fingerprint != fingerprint(self._account.iban, self._day, cents, occurrence=number, part=1, parts=1):
            number += 1
        return number
