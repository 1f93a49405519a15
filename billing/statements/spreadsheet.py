"""Tables for a spreadsheet program, as Dutch ones read them without a question."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

Cell = str | Decimal | date | int | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet computes a cell that begins with one of these
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for Windows-1252


def as_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return `rows` as CSV: UTF-8, semicolons, decimal comma, ISO dates, nothing for None.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    file = io.StringIO()
    csv.writer(file, delimiter=";", lineterminator="\r\n").writerows([_written(cell) for cell in row] for row in rows)
    return _BYTE_ORDER_MARK + file.getvalue().encode()


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    if isinstance(cell, date):
        return cell.isoformat()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else str(cell)
