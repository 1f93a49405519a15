"""Tables for a spreadsheet program, as Dutch ones read them without a question: CSV and XLSX, however long."""

import csv
import io
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings

Cell = str | Decimal | date | int | None  # a datetime is in local time, without a time zone
XLSX_ROWS = 1_048_575  # that a sheet holds below its heads
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet computes a cell that begins with one of these
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for Windows-1252
_PIECE = 64 * 1024
_LONGEST = 32_767  # characters that Excel has in a cell
_WIDTH = 18  # of a column, in characters
_FOLDER = "sheet-"
_LEFT_SECONDS = 3600  # after which a folder has no writer any more


def as_csv(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return `rows` as CSV: UTF-8, semicolons, decimal comma, ISO dates, nothing for None.

    A text that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    return b"".join(csv_pieces(rows))


def csv_pieces(rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield the same piece by piece, as `rows` come."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    yield _BYTE_ORDER_MARK
    for row in rows:
        writer.writerow([_written(cell) for cell in row])
        if file.tell() >= _PIECE:
            yield _emptied(file)
    yield _emptied(file)


def xlsx_pieces(rows: Iterable[Sequence[Cell]], *, title: str) -> Iterator[bytes]:
    """Yield `rows`, heads first, as a workbook of one sheet: amounts and days as such, text never as a formula.

    The sheet is written to disk row by row. Raises ValueError for more rows than a sheet holds.
    """
    _remove_left()
    with tempfile.TemporaryDirectory(prefix=_FOLDER, dir=settings.DATA_DIR) as folder:
        path = Path(folder) / "sheet.xlsx"
        _write(path, folder, rows, title)
        file = path.open("rb")
    with file:  # it has no name any more
        yield from iter(lambda: file.read(_PIECE), b"")


def _emptied(file: io.StringIO) -> bytes:
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text.encode()


def _written(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return str(cell).replace(".", ",")
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M}"
    if isinstance(cell, date):
        return cell.isoformat()
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else str(cell)


def _write(path: Path, folder: str, rows: Iterable[Sequence[Cell]], title: str) -> None:
    import xlsxwriter  # loaded by whoever asks for a workbook: most processes never do

    # Without these the library guesses links and formulas from text; ours is text.
    options = {"constant_memory": True, "tmpdir": folder, "strings_to_urls": False, "strings_to_formulas": False}
    with xlsxwriter.Workbook(path, options) as book:
        formats = {
            Decimal: book.add_format({"num_format": "#,##0.00"}),
            date: book.add_format({"num_format": "dd-mm-yyyy"}),
            datetime: book.add_format({"num_format": "dd-mm-yyyy hh:mm"}),
        }
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("".join(c for c in title if c not in "[]:*?/\\'")[:31] or None)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows):
            if number == 0:
                sheet.set_column(0, max(len(row) - 1, 0), _WIDTH)
            if number > XLSX_ROWS:
                raise ValueError("more rows than a sheet holds")
            for column, cell in enumerate(row):
                _write_cell(sheet, (number, column), cell, bold if number == 0 else formats.get(type(cell)))


def _write_cell(sheet: Any, place: tuple[int, int], cell: Cell, look: Any) -> None:
    if isinstance(cell, str):
        sheet.write_string(*place, cell[:_LONGEST], look)
    elif isinstance(cell, date):
        sheet.write_datetime(*place, cell, look)
    elif cell is not None:
        sheet.write_number(*place, cell, look)


def _remove_left() -> None:
    """Remove what processes left behind that were killed while they wrote: it is in clear."""
    for folder in Path(settings.DATA_DIR).glob(f"{_FOLDER}*"):
        try:
            left = time.time() - os.stat(folder).st_mtime > _LEFT_SECONDS
        except FileNotFoundError:  # its writer was just ready
            continue
        if left:
            shutil.rmtree(folder, ignore_errors=True)
