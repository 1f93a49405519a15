"""Tables on a paper: amounts below each other, with a heading over each column. No layout is known beforehand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from coulance.reading import headings
from coulance.reading.language import labels
from coulance.reading.sheet import Piece, Row

_MOST_HEAD_ROWS = 6
_HEAD_DISTANCE = 4.5  # heights of a letter between a heading and what is below it
_ALIGNED = 1.3  # heights of a letter between the edges of amounts in one column
_HEAD_LINES = 1.3  # and between the lines of one heading
_SAME_CELL = 0.3  # and between the lines of two cells beside each other
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
    places = _places(first, rows[at : at + 8])
    lines, after = _body(rows, at, places)
    places = [_extent(place, [cells[n] for _, cells in lines if n in cells]) for n, place in enumerate(places)]
    texts = _texts(rows, lines)
    names, is_sure = headings.dealt(places, _head(rows, at, texts), texts, first.height)
    if sum(bool(labels.meanings(name)) for name in names) < 2:
        return None, at
    table = Table(tuple(Column(name, *place) for name, place in zip(names, places, strict=True)), is_sure=is_sure)
    for row, cells in lines:
        if not labels.is_carried(row.text):
            words = " ".join(piece.text for piece in row.texts)
            (table.totals if labels.is_total(words) else table.lines).append((row, cells))
    return table, after


def _places(first: Row, nearby: Sequence[Row]) -> list[headings.Place]:
    """Return the places of the columns: of the amounts in the fullest row that stands in the columns of the first."""
    fullest = first
    for row in nearby:
        fits = row.page == first.page and len(row.amounts) > len(fullest.amounts) and not _labelled_itself(row)
        if fits and all(any(_aligned(piece, _place(other)) for other in row.amounts) for piece in first.amounts):
            fullest = row
    return [_place(piece) for piece in fullest.amounts]


def _place(piece: Piece) -> headings.Place:
    return piece.left, piece.right


def _body(rows: Sequence[Row], at: int, places: list[headings.Place]) -> tuple[list[tuple[Row, dict[int, Piece]]], int]:
    """Return the rows of a table with their amounts by column, and the number of the row after it."""
    lines: list[tuple[Row, dict[int, Piece]]] = []
    pause, after = 0, at + 1
    for number in range(at, len(rows)):
        row = rows[number]
        if not row.amounts:
            pause += 1
            if pause > _LONGEST_PAUSE or sum(bool(labels.meanings(piece.text)) for piece in row.texts) > 1:
                break  # other headings
            continue
        cells = _cells(row, places)
        if cells is None:
            if len(row.amounts) > 1 and not _labelled_itself(row):
                break  # another table
            continue
        lines.append((row, cells))
        pause, after = 0, number + 1
    return lines, after


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


def _head(rows: Sequence[Row], at: int, texts: Sequence[headings.Place]) -> list[Row]:
    """Return the rows above a table that can be its heading, the highest first.

    Its lines stand close together; only from what is below them they may stand apart.
    """
    below, found = rows[at], list[Row]()
    for row in reversed(rows[max(0, at - _MOST_HEAD_ROWS) : at]):
        tall = max(row.height, below.height)
        apart = (below.top - row.bottom) / tall
        if row.amounts or row.page != below.page or apart > (_HEAD_LINES if found else _HEAD_DISTANCE):
            break
        if found or not _is_wrapped(row, apart, texts):
            found.append(row)
        below = row
    return found[::-1]


def _is_wrapped(row: Row, apart: float, texts: Sequence[headings.Place]) -> bool:
    """Tell whether a row without amounts is a line of the words beside the amounts below it."""
    places = headings.places_of(row.texts)
    return apart < _SAME_CELL or all(any(headings.shared(place, text) > 0 for text in texts) for place in places)


def _texts(rows: Sequence[Row], lines: Sequence[tuple[Row, dict[int, Piece]]]) -> list[headings.Place]:
    """Return the places of the words beside the amounts, with their lines above and below those."""
    found: list[headings.Place] = []
    at = {id(row): number for number, row in enumerate(rows)}
    for row, _ in lines:
        number = at[id(row)]
        found += headings.places_of(row.texts)
        for other in rows[max(0, number - 1) : number + 2]:
            apart = max(other.top - row.bottom, row.top - other.bottom)
            if not other.amounts and other.page == row.page and apart < _SAME_CELL * row.height:
                found += headings.places_of(other.texts)
    return found


def _extent(place: headings.Place, cells: Sequence[Piece]) -> headings.Place:
    """Return from where to where the amounts of a column stand, the widest of them counted."""
    return min([place[0], *(piece.left for piece in cells)]), max([place[1], *(piece.right for piece in cells)])


def _cells(row: Row, places: Sequence[headings.Place]) -> dict[int, Piece] | None:
    """Return the amounts of a row by column; None when they don't stand in these columns."""
    if len(row.amounts) == 1 and (_labelled_itself(row) or not row.texts):
        return None
    cells: dict[int, Piece] = {}
    for piece in row.amounts:
        near = [n for n, place in enumerate(places) if _aligned(piece, place)]
        if len(near) != 1 or near[0] in cells:
            return None
        cells[near[0]] = piece
    return cells


def _aligned(piece: Piece, place: headings.Place) -> bool:
    left, right = place
    apart = min(abs(piece.right - right), abs(piece.left - left), abs(piece.centre - (left + right) / 2))
    return apart <= _ALIGNED * piece.height
