"""Tables on a paper: amounts below each other, with a heading over each column. No layout is known beforehand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from coulance.reading import labels
from coulance.reading.sheet import Piece, Row

_MOST_HEAD_ROWS = 4
_HEAD_DISTANCE = 4.5  # heights of a letter between a heading and what is below it
_ALIGNED = 1.3  # heights of a letter between the edges of amounts in one column
_UNDER = 0.3  # heights of a letter that a heading and an amount below it share at least
_LONGEST_PAUSE = 14  # rows without amounts inside a table: descriptions, the foot of one page and the head of the next


@dataclass(frozen=True)
class Column:
    """A column of amounts, with the words above it."""

    label: str
    left: float
    right: float


@dataclass
class Table:
    """The rows of a table: for each the amount in each column that has one.

    `is_sure` is false when amounts stand between two headings, so that they could belong to either.
    """

    columns: tuple[Column, ...]
    lines: list[tuple[Row, dict[int, Piece]]] = field(default_factory=list)
    totals: list[tuple[Row, dict[int, Piece]]] = field(default_factory=list)
    is_sure: bool = True

    @property
    def rows(self) -> Iterator[Row]:
        """Return all rows of the table."""
        return (row for row, _ in (*self.lines, *self.totals))


def find(rows: Sequence[Row]) -> list[Table]:
    """Return the tables on a paper, from top to bottom. One that goes on over the page is one."""
    tables: list[Table] = []
    at = 0
    while at < len(rows):
        table, after = _table_at(rows, at)
        if table is None:
            at += 1
            continue
        last = tables[-1] if tables else None
        is_same = last and [c.label for c in last.columns] == [c.label for c in table.columns]
        if last and is_same and last.is_sure == table.is_sure:
            last.lines += table.lines
            last.totals += table.totals
        else:
            tables.append(table)
        at = after
    return tables


def _table_at(rows: Sequence[Row], at: int) -> tuple[Table | None, int]:
    """Return the table whose first row with amounts is `at`, and the number of the row after it."""
    first = rows[at]
    if len(first.amounts) < 2 or _labelled_itself(first):
        return None, at
    head = list(_head(rows, at))
    columns = _columns(first, rows[at : at + 8], head)
    if sum(bool(labels.meanings(column.label)) for column in columns) < 2:
        return None, at
    table, pause, after = Table(columns), 0, at + 1
    for number in range(at, len(rows)):
        row = rows[number]
        if not row.amounts:
            pause += 1
            if pause > _LONGEST_PAUSE:
                break
            continue
        cells = _cells(row, columns)
        if cells is None:
            if len(row.amounts) > 1 and not _labelled_itself(row):
                break  # another table
            continue
        if not labels.is_carried(row.text):
            words = " ".join(piece.text for piece in row.texts)
            (table.totals if labels.is_total(words) else table.lines).append((row, cells))
        pause, after = 0, number + 1
    table.is_sure = _is_sure(table, first, head)
    return table, after


def _labelled_itself(row: Row) -> bool:
    """Tell whether the amounts of a row have their own labels beside them, as in a list."""
    named, last = 0, None
    for piece in row.pieces:
        if piece.cents is not None:
            named += last is not None and last.cents is None and bool(_strict(last.text))
        last = piece
    return named >= 2 or (named == 1 and len(row.amounts) == 1)


def _strict(text: str) -> labels.Meanings:
    found = labels.meanings(text)
    return labels.NONE if labels.is_total(text) and found <= frozenset("DY") else found


def _head(rows: Sequence[Row], at: int) -> Iterator[Row]:
    """Yield the rows above a table that can be its heading, the lowest first."""
    below = rows[at]
    for number in range(at - 1, max(at - 1 - _MOST_HEAD_ROWS, -1), -1):
        row = rows[number]
        apart = below.top - row.bottom
        if row.amounts or row.page != below.page or apart > _HEAD_DISTANCE * max(row.height, below.height):
            return
        yield row
        below = row


def _columns(first: Row, nearby: Sequence[Row], head: list[Row]) -> tuple[Column, ...]:
    """Return the columns of a table by the amounts in its fullest row, with the words above each."""
    places = [(p.left, p.right) for p in max((r.amounts for r in nearby if _fits(r, first)), key=len)]
    words: list[list[str]] = [[] for _ in places]
    others = [(p.left, p.right) for p in first.texts]
    tall = first.height
    for row in reversed(head):
        for piece in row.texts:
            over = [n for n, place in enumerate(places) if piece.left < place[1] and place[0] < piece.right]
            if len(over) > 1:  # headings that stand close together
                for word in piece.words:
                    words[_nearest(word.left, word.right, places)].append(word.text)
                continue
            nearest = over[0] if over else _nearest(piece.left, piece.right, places)
            away = _gap((piece.left, piece.right), places[nearest])
            elsewhere = min((_gap((piece.left, piece.right), other) for other in others), default=99 * tall)
            if over or (away < 4 * tall and away < elsewhere):
                words[nearest].append(piece.text)
    return tuple(Column(" ".join(text), *place) for text, place in zip(words, places, strict=True))


def _is_sure(table: Table, first: Row, head: list[Row]) -> bool:
    """Tell whether the headings mean the same to whoever takes them for the left, or for the right, of their columns.

    A heading and its amounts share a cell. Above its amounts it is theirs for certain; between the amounts of two
    columns it begins the one on its right or ends the one on its left, and the nearest may be the wrong one.
    """
    places = [_extent(table, number) for number in range(len(table.columns))]
    slack = _UNDER * first.height
    pieces = [(piece, _block(piece, head, places)) for row in reversed(head) for piece in row.texts]
    above = [[n for n, place in enumerate(places) if _shared(block, place) > slack] for _, block in pieces]
    bare = set(range(len(places))) - {number for over in above for number in over}
    begin: list[list[str]] = [[] for _ in places]
    end: list[list[str]] = [[] for _ in places]
    for (piece, (left, right)), over in zip(pieces, above, strict=True):
        if len(over) > 1:  # headings that stand close together
            for word in piece.words:
                nearest = _nearest(word.left, word.right, places)
                begin[nearest].append(word.text)
                end[nearest].append(word.text)
            continue
        if not over and any(_shared((left, right), (text.left, text.right)) > 0 for text in first.texts):
            continue
        of_right = over or [n for n, place in enumerate(places) if place[1] - left > slack][:1]
        of_left = over or [n for n, place in enumerate(places) if right - place[0] > slack][-1:]
        for words, numbers in ((begin, of_right), (end, of_left)):
            if numbers and (over or numbers[0] in bare):  # a column has one heading
                words[numbers[0]].append(piece.text)
    known = [labels.meanings(column.label) for column in table.columns]
    return all([labels.meanings(" ".join(text)) for text in words] == known for words in (begin, end))


def _extent(table: Table, number: int) -> tuple[float, float]:
    """Return from where to where the amounts of a column stand, the widest of them counted."""
    cells = [cells[number] for _, cells in (*table.lines, *table.totals) if number in cells]
    column = table.columns[number]
    return min([column.left, *(p.left for p in cells)]), max([column.right, *(p.right for p in cells)])


def _block(piece: Piece, head: list[Row], places: list[tuple[float, float]]) -> tuple[float, float]:
    """Return from where to where a heading stands, with its words on the rows above and below it."""
    left, right = piece.left, piece.right
    for row in (*head, *reversed(head)):
        for other in row.texts:
            joined = (min(left, other.left), max(right, other.right))
            if other.left < right and left < other.right and sum(_shared(joined, place) > 0 for place in places) < 2:
                left, right = joined
    return left, right


def _shared(one: tuple[float, float], other: tuple[float, float]) -> float:
    return min(one[1], other[1]) - max(one[0], other[0])


def _fits(row: Row, first: Row) -> bool:
    return row is first or (len(row.amounts) >= 2 and not _labelled_itself(row) and row.page == first.page)


def _nearest(left: float, right: float, places: list[tuple[float, float]]) -> int:
    return min(range(len(places)), key=lambda n: (_gap((left, right), places[n]), abs(right - places[n][1])))


def _gap(one: tuple[float, float], other: tuple[float, float]) -> float:
    return max(0.0, one[0] - other[1], other[0] - one[1])


def _cells(row: Row, columns: tuple[Column, ...]) -> dict[int, Piece] | None:
    """Return the amounts of a row by column; None when they don't stand in these columns."""
    if len(row.amounts) == 1 and (_labelled_itself(row) or not row.texts):
        return None
    cells: dict[int, Piece] = {}
    for piece in row.amounts:
        near = [n for n, column in enumerate(columns) if _aligned(piece, column)]
        if len(near) != 1 or near[0] in cells:
            return None
        cells[near[0]] = piece
    return cells


def _aligned(piece: Piece, column: Column) -> bool:
    limit = _ALIGNED * piece.height
    return (
        min(
            abs(piece.right - column.right),
            abs(piece.left - column.left),
            abs(piece.centre - (column.left + column.right) / 2),
        )
        <= limit
    )
