"""One way of looking at a whole paper: what is on it, what it can mean, and every sign against it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain

from coulance.reading import lists, meaning, names, ours, sheet, tables, vetoes
from coulance.reading.language import labels, notation
from coulance.reading.language.labels import Meanings
from coulance.reading.meaning import Answer, Fact, fact_of
from coulance.reading.ours import Ours
from coulance.reading.sheet import Piece, Row
from guests.files.words import Word


@dataclass
class Seen:
    """What one way of looking found."""

    rows: list[Row]
    tables: list[tables.Table]
    answer: Answer | None = None
    reasons: list[str] = field(default_factory=list)
    checks: dict[str, bool] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)  # of the way that answered, or else of the plainest


_GRANTED = frozenset("GPR")
_SPEAKS = re.compile(r"\b(wij|we|u|je|is|wordt|hebben)\b", re.IGNORECASE)  # a sentence, not a label


class _Contradiction(Exception):
    """The rows of a table do not add up to its total."""


@dataclass(frozen=True)
class _Way:
    """One way to understand the labels."""

    facts: list[Fact]
    lines: list[list[Fact]]
    added_up: int

    @property
    def told(self) -> int:
        """Return how many amounts have a label."""
        return len({id(piece) for fact in self.facts for piece in fact.pieces})

    @property
    def said(self) -> frozenset[tuple[int, Meanings]]:
        """Return which amounts have which meanings."""
        return frozenset((id(piece), fact.meanings) for fact in self.facts for piece in fact.pieces)


def look(pages: Sequence[Sequence[Word]], invoice: Ours | None) -> Seen:
    """Read the words of all pages of a paper. Without an invoice nothing can be checked, and nothing is answered."""
    rows = _rows(pages)
    found = tables.find(rows)
    seen = Seen(rows, found)
    if not any(row.amounts for row in rows):
        seen.reasons.append("no_amounts" if rows else "no_text")
        return seen
    everything = list(_everything(rows, found))
    seen.facts = _plainly(rows, found)
    seen.reasons += vetoes.of(rows, everything, invoice.provider if invoice else "", len(pages))
    if invoice is None:
        seen.reasons.append("no_invoice")
        return seen
    _identify(seen, invoice)
    whole = _rows(pages, letters=True)
    if "another_person" not in seen.reasons and names.are_of_another(whole, invoice):
        seen.reasons.append("another_person")
    seen.checks["patient"] = ours.is_born(rows, invoice) or names.has_patient(whole, invoice)
    if not seen.checks["patient"]:
        seen.reasons.append("patient_not_named")  # a surname alone may be a housemate's
    if "another_person" not in seen.reasons and "another_invoice" not in seen.reasons:
        _understand(seen, invoice)
    return seen


def _rows(pages: Sequence[Sequence[Word]], *, letters: bool = False) -> list[Row]:
    found = (sheet.rows(words, number, letters=letters) for number, words in enumerate(pages, start=1))
    return list(chain.from_iterable(found))


def _everything(rows: Sequence[Row], found: Sequence[tables.Table]) -> Iterator[Fact]:
    """Yield every amount that has a label in any way: a danger sign counts however it is read."""
    in_tables = {id(row) for table in found for row in table.rows}
    for table in found:
        for _, cells in (*table.lines, *table.totals):
            yield from _facts_of(table, cells)
    rest = [row for row in rows if id(row) not in in_tables]
    yield from lists.beside(rest, after=False)
    yield from lists.stacked([row for row in rest if not any(lists.beside([row], after=False))], below=False)


def _plainly(rows: Sequence[Row], found: Sequence[tables.Table]) -> list[Fact]:
    """Return the totals of the tables, and the amounts outside them with the words before them."""
    in_tables = {id(row) for table in found for row in table.rows}
    try:
        whole = _of_tables(found)[0]
    except _Contradiction:
        whole = []
    return whole + list(lists.beside([row for row in rows if id(row) not in in_tables], after=False))


def _facts_of(table: tables.Table, cells: dict[int, Piece]) -> list[Fact]:
    named = ((number, labels.meanings(column.label)) for number, column in enumerate(table.columns))
    return [fact_of(table.columns[n].label, found, cells[n]) for n, found in named if found and n in cells]


def _identify(seen: Seen, invoice: Ours) -> None:
    """Check whose paper it is, and about which invoice."""
    rows = seen.rows
    wanted = ours.pattern_of(invoice.number)
    has_number = any(wanted.search(row.text) for row in rows)
    days = ours.days_found(rows)
    by_care = bool(invoice.days) and invoice.days <= days and ours.has_provider(rows, invoice)
    seen.checks["invoice_number"] = has_number
    if ours.is_somebody_else(rows, invoice):
        seen.reasons.append("another_person")
    if not has_number and not by_care:
        seen.reasons.append("another_invoice")


def _understand(seen: Seen, invoice: Ours) -> None:
    scope = ours.scope_of(seen.rows, invoice)
    if not scope.has_others and any(_is_of_several(table, scope) for table in seen.tables):
        scope = replace(scope, has_others=True)
    if scope.has_others and not scope.rows:
        seen.reasons.append("several_invoices")
        return
    found = [_within(table, scope) for table in seen.tables]
    found = [table for table in found if table.lines or table.totals]
    try:
        ways = [way for way in _ways(seen, found, scope) if not _leaves_rows(way, _beside_tables(seen, scope))]
        answered = _answers(ways, invoice)
    except _Contradiction:
        seen.reasons.append("rows_do_not_add_up")
        return
    except meaning.TooMany:
        seen.reasons.append("two_answers")
        return
    answered = [(answer, way) for answer, way in answered if not _says_less(way, answered)]
    closing = {answer.sums: (answer, way) for answer, way in answered if answer.closed > 0}
    told = max((way.told for _, way in closing.values()), default=0)
    sums = {answer.sums for answer, way in answered if answer.closed > 0 or way.told >= told}
    if not sums:
        seen.reasons.append("total_differs" if _differs(ways, invoice) else "sums_do_not_close")
    elif len(sums) > 1 or not all(table.is_sure for table in found):
        seen.reasons.append("two_answers")
    elif not closing:
        seen.reasons.append("no_sum_to_check")
    else:
        ((seen.answer, way),) = closing.values()
        seen.facts = way.facts
        if not scope.has_others and _says_otherwise(seen.answer, way, _beside_tables(seen, scope)):
            seen.reasons.append("two_answers")
        _judge(seen, seen.answer, found, invoice)


def _says_less(way: _Way, answered: Sequence[tuple[Answer, _Way]]) -> bool:
    """Tell whether another way holds in which the same amounts mean the same, and more of them have a meaning."""
    return any(way.said < other.said for answer, other in answered if answer.closed > other.added_up)


def _says_otherwise(answer: Answer, way: _Way, rest: Sequence[Row]) -> bool:
    """Tell whether a sentence beside the tables grants another amount than was answered, for all or for one line."""
    facts = list(chain(way.facts, *way.lines))
    used = {id(piece) for fact in facts for piece in fact.pieces}
    granted = {fact.cents for fact in facts if answer.choice.get(notation.plain(fact.label), "") in {*"GPRabc"}}
    granted |= {answer.granted, answer.paid_out, answer.paid_out - answer.set_off}
    return any(
        fact.meanings & _GRANTED
        and fact.meanings <= _GRANTED | {"D"}
        and fact.cents not in granted
        and _SPEAKS.search(fact.label)
        for fact in lists.sentences(rest)
        if not any(id(piece) in used for piece in fact.pieces)
    )


def _is_of_several(table: tables.Table, scope: ours.Scope) -> bool:
    """Tell whether some rows of a table bear our number, and others do not."""
    named = sum(id(row) in scope.named for row, _ in table.lines)
    return 0 < named < len(table.lines)


def _within(table: tables.Table, scope: ours.Scope) -> tables.Table:
    """Return the part of a table that is about our invoice."""
    if not scope.has_others:
        return table
    lines = [(row, cells) for row, cells in table.lines if scope.has(row)]
    if any(id(row) in scope.named for row, _ in lines):
        # Each row says of which invoice it is, so the total is that of all of them.
        return replace(table, lines=[line for line in lines if id(line[0]) in scope.named], totals=[])
    return replace(table, lines=lines, totals=[total for total in table.totals if scope.has(total[0])])


def _ways(seen: Seen, found: Sequence[tables.Table], scope: ours.Scope) -> Iterator[_Way]:
    """Yield the ways to understand the paper: its tables, and the amounts outside them with the words around each."""
    whole, lines, added_up = _of_tables(found)
    rest = _beside_tables(seen, scope)
    if scope.has_others and any(id(row) in scope.named for table in found for row, _ in table.lines):
        yield _Way(whole, lines, added_up)
        return
    whole += _said_free(rest, whole)
    beside = list(lists.beside(rest, after=False))
    alone = [row for row in rest if not any(lists.beside([row], after=False))]
    above = list(lists.stacked(rest, below=False))
    above = [fact for fact in above if fact.pieces[0] in {piece for row in alone for piece in row.amounts}]
    yield _Way(whole + beside + above, lines, added_up)
    if _are_explained(alone, whole + beside):
        yield _Way(whole + beside, lines, added_up)
    yield _Way(whole + list(lists.beside(rest, after=True)), lines, added_up)
    yield _Way(whole + list(lists.stacked(rest, below=True)), lines, added_up)
    yield _Way(whole + list(lists.sentences(rest)), lines, added_up)
    records, of_whole = lists.records(beside)
    if not lines and len(records) > 1:
        names = dict.fromkeys(notation.plain(fact.label) for record in records for fact in record)
        sums = [_sum([f for record in records for f in record if notation.plain(f.label) == name]) for name in names]
        yield _Way(whole + sums + of_whole, records, added_up)


def _beside_tables(seen: Seen, scope: ours.Scope) -> list[Row]:
    """Return the rows about our invoice that are in no table."""
    in_tables = {id(row) for table in seen.tables for row in table.rows}
    return [row for row in seen.rows if scope.has(row) and id(row) not in in_tables]


def _leaves_rows(way: _Way, rest: Sequence[Row]) -> bool:
    """Tell whether rows with several amounts have no meaning in a way: it took one line of a table for the whole."""
    used = {id(piece) for fact in chain(way.facts, *way.lines) for piece in fact.pieces}
    known = {abs(fact.cents) for fact in way.facts}
    for row in rest:
        cents = [piece.cents or 0 for piece in row.amounts]
        left = [c for c, piece in zip(cents, row.amounts, strict=True) if id(piece) not in used and abs(c) not in known]
        is_added_up = cents and sum(cents[:-1]) == cents[-1]
        if len(left) > 1 and not is_added_up and not labels.is_carried(row.text):
            return True
    return False


def _are_explained(alone: Sequence[Row], facts: Sequence[Fact]) -> bool:
    """Tell whether amounts without words beside them repeat what is said elsewhere, as the large one in an app does."""
    known = {abs(fact.cents) for fact in facts}
    return all(abs(piece.cents or 0) in known for row in alone for piece in row.amounts)


def _said_free(rest: Sequence[Row], facts: Sequence[Fact]) -> list[Fact]:
    """Return that there is no deductible, where the paper says so in words."""
    said = "".join(notation.plain(row.text) for row in rest)
    words = ("geeneigenrisico", "eigenrisicogeldtniet", "eigenrisiconietvantoepassing", "eigenrisiconvt")
    if any(word in said for word in words) and not any("E" in fact.meanings for fact in facts):
        return [Fact("geen eigen risico", frozenset("E"), 0)]
    return []


def _sum(facts: Sequence[Fact]) -> Fact:
    pieces = tuple(piece for fact in facts for piece in fact.pieces)
    return Fact(facts[0].label, facts[0].meanings, sum(fact.cents for fact in facts), pieces)


def _of_tables(found: Sequence[tables.Table]) -> tuple[list[Fact], list[list[Fact]], int]:
    """Return the facts of the whole, those of each line, and how many columns add up to their printed total."""
    whole: list[Fact] = []
    lines: list[list[Fact]] = []
    added_up = 0
    for table in found:
        lines += [_facts_of(table, cells) for _, cells in table.lines]
        for number, column in enumerate(table.columns):
            can_mean = labels.meanings(column.label)
            if not can_mean:
                continue
            cells = [cells[number] for _, cells in table.lines if number in cells]
            is_full = bool(cells) and len(cells) == len(table.lines)
            totals = [cells_[number] for _, cells_ in table.totals if number in cells_]
            added = _sum([fact_of(column.label, can_mean, piece) for piece in cells]) if cells else None
            if totals:
                printed = fact_of(column.label, can_mean, totals[-1])
                if added and is_full and can_mean != frozenset("Y"):
                    if abs(added.cents) != abs(printed.cents):
                        raise _Contradiction
                    added_up += len(cells) > 1
                whole.append(printed)
            elif added and is_full:
                whole.append(added)
    return whole, lines, added_up


def _answers(ways: Sequence[_Way], invoice: Ours) -> list[tuple[Answer, _Way]]:
    return [
        (answer, way)
        for way in ways
        for answer in meaning.answers(way.facts, invoice.declared, way.lines, added_up=way.added_up)
    ]


def _differs(ways: Sequence[_Way], invoice: Ours) -> bool:
    declared = {fact.cents for way in ways for fact in way.facts if fact.meanings == frozenset("D")}
    return bool(declared) and invoice.declared not in declared


def _judge(seen: Seen, answer: Answer, found: Sequence[tables.Table], invoice: Ours) -> None:
    """Check an answer against our own invoice."""
    read = [(_day_of(row, invoice), cells) for table in found for row, cells in table.lines]
    days = {day for day, _ in read if day}
    strangers = any(_other_days(row, invoice) for table in found for row, _ in table.lines)
    if strangers:
        seen.reasons.append("other_days")
    all_days = ours.days_found(seen.rows) - {invoice.born}
    seen.checks["days"] = bool(invoice.days) and (days or all_days & invoice.days) <= invoice.days and not strangers
    declared = _declared_lines(answer, found, invoice)
    if ours.stand_twice(declared, invoice):
        seen.reasons.append("lines_twice")
    seen.checks["lines"] = bool(declared) and sum(cents for _, cents in declared) == invoice.declared
    seen.checks["declared"] = answer.declared_read
    seen.checks["sums"] = answer.closed > 0
    if not answer.declared_read and not {"N", "S"} & answer.used.keys():
        seen.reasons.append("total_not_found")
    if "E" not in answer.used and not _supplementary(seen.facts, seen.rows):
        seen.reasons.append("deductible_unknown")
    if answer.granted == 0:
        seen.reasons.append("nothing_granted")
    latest = max(all_days, default=None)
    written = ours.written_on(seen.rows)
    if invoice.days and ((latest and latest < min(invoice.days)) or (written and written < max(invoice.days))):
        seen.reasons.append("older_than_care")


def _other_days(row: Row, invoice: Ours) -> bool:
    """Tell whether a row that does not name our invoice names days, and none of them is of a treatment of ours."""
    days = set(notation.days(row.text)) - {invoice.born}
    return bool(days) and not _day_of(row, invoice) and not ours.pattern_of(invoice.number).search(row.text)


def _day_of(row: Row, invoice: Ours) -> date | None:
    """Return the day of treatment, or of the invoice, that a row names."""
    return next((day for day in notation.days(row.text) if day in invoice.days or day == invoice.issued_on), None)


def _declared_lines(answer: Answer, found: Sequence[tables.Table], invoice: Ours) -> list[tuple[date | None, int]]:
    lines = []
    for table in found:
        names = {n: answer.choice.get(notation.plain(column.label)) for n, column in enumerate(table.columns)}
        if len(table.lines) == 1 and not notation.days(table.lines[0][0].text):
            continue  # the sums of the whole
        for row, cells in table.lines:
            amounts = [piece.cents or 0 for n, piece in cells.items() if names.get(n) == "D"]
            if amounts:
                lines.append((_day_of(row, invoice), amounts[0]))
    return lines


def _supplementary(facts: Sequence[Fact], rows: Sequence[Row]) -> bool:
    """Tell whether only a supplementary policy paid, for which the law knows no deductible, and none is named."""
    by_policy = {meaning for fact in facts for meaning in fact.meanings & frozenset("abc") if fact.cents}
    named = any("eigenrisico" in notation.plain(row.text) for row in rows)
    return bool(by_policy) and "a" not in by_policy and not named
