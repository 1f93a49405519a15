"""A figure as a picture: bars drawn on the server, in a colour and a pattern for each part, and its table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from billing.rooms import Figure

WIDTH, HEIGHT = 600, 160  # of a picture, in its own units
_GAP = 0.15  # of the room of a bar
_LEGIBLE = 12  # rows of a table that stands open beside its picture


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a stacked bar, in the units of the picture."""

    x: float
    y: float
    width: float
    height: float
    part: int  # which of the stacked parts


class Picture:
    """A figure with what its template draws. `name` is unique on a page."""

    def __init__(self, name: str, figure: Figure) -> None:
        self.name, self.figure = name, figure

    @cached_property
    def stands(self) -> bool:
        """Tell whether there are bars beside each other over time; else each row of the table has its bar."""
        first = self.figure.rows[0][0] if self.figure.rows else None
        return isinstance(first, date) or len(self.figure.rows) > _LEGIBLE or self.figure.drawn > 1

    @cached_property
    def bars(self) -> list[Bar]:
        """Return the parts of the bars, stacked from the bottom and scaled so that the highest bar fills the picture.

        What is below zero is not drawn: the table has it.
        """
        if not (self.figure.drawn and self.stands and self.highest):
            return []
        return [bar for place, row in enumerate(self.figure.rows) for bar in self._stacked(place, row)]

    def _stacked(self, place: int, row: Sequence[Any]) -> Iterator[Bar]:
        step, ground = WIDTH / len(self.figure.rows), float(HEIGHT)
        for part, cell in enumerate(row[1 : self.figure.drawn + 1]):
            height = HEIGHT * _above(cell) / self.highest
            ground -= height
            if height:
                x, width = (place + _GAP / 2) * step, step * (1 - _GAP)
                yield Bar(round(x, 1), round(ground, 1), round(width, 1), round(height, 1), part)

    @cached_property
    def highest(self) -> float:
        """Return the height of the highest bar, in the units of the cells; 0 when there is nothing to draw."""
        return max((self._height(row) for row in self.figure.rows), default=0.0)

    def _height(self, row: Sequence[Any]) -> float:
        return sum(_above(cell) for cell in row[1 : self.figure.drawn + 1])

    @property
    def peak(self) -> tuple[Any, Any]:
        """Return the label of the highest bar, and what it comes to."""
        row = max(self.figure.rows, key=self._height)
        cells = [cell for cell in row[1 : self.figure.drawn + 1] if cell is not None and cell > 0]
        return row[0], sum(cells[1:], cells[0])

    @property
    def ends(self) -> tuple[Any, Any]:
        """Return the labels of the first and the last bar."""
        return self.figure.rows[0][0], self.figure.rows[-1][0]

    @property
    def parts(self) -> list[tuple[int, Any]]:
        """Return number and name of each part, for the legend; nothing for a single one."""
        heads = self.figure.heads[1 : self.figure.drawn + 1]
        return list(enumerate(heads)) if len(heads) > 1 else []

    @property
    def patterns(self) -> range:
        """Return the numbers of the parts that have a pattern."""
        return range(self.figure.drawn)

    @property
    def is_long(self) -> bool:
        """Tell whether the table is folded up below its picture."""
        return bool(self.bars) and len(self.figure.rows) > _LEGIBLE

    @property
    def lines(self) -> list[tuple[Any, Sequence[Any], float | None]]:
        """Return label, cells and width of the bar (in percent, None for none) of each row of the table."""
        drawn = self.figure.drawn and not self.stands
        longest = max((abs(float(row[1] or 0)) for row in self.figure.rows), default=0.0) if drawn else 0.0
        return [
            (row[0], row[1:], round(100 * abs(float(row[1] or 0)) / longest, 1) if longest else None)
            for row in self.figure.rows
        ]

    @property
    def totals(self) -> list[Any]:
        """Return what the columns come to; nothing when that says nothing."""
        if not (self.figure.total and self.figure.rows):
            return []
        columns = list(zip(*(row[1:] for row in self.figure.rows), strict=True))
        return [_total(column) for column in columns]


def _above(cell: Any) -> float:
    return max(float(cell), 0.0) if isinstance(cell, Decimal | int) else 0.0


def _total(column: Sequence[Any]) -> Any:
    numbers = [cell for cell in column if isinstance(cell, Decimal | int)]
    return sum(numbers[1:], numbers[0]) if numbers else None
