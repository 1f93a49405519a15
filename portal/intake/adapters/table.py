"""A spreadsheet saved as CSV: its columns and rows, without the citizen numbers in it; and those rows as a batch."""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from django.utils.translation import gettext as _

from billing import rooms
from billing.errors import Refused
from billing.text.folding import compact
from portal.intake.adapters import citizen, values
from portal.intake.adapters.columns import columns, recognise
from portal.intake.adapters.converted import Converted

MAX_COLUMNS, MAX_CELL, MAX_ROWS = 120, 2000, 200_000
MAX_CELLS = 500_000  # of rows in which something stands
_CITIZEN = re.compile("bsn|burgerservice|sofi")
_WORDS = re.compile("[0-9]+", re.ASCII)
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_DIGITS = re.compile("[0-9]{8,9}", re.ASCII)
_LOOKED_AT = 200  # filled cells of a column, to see whether it holds citizen numbers
_SURE_FROM, _SURE_SHARE = 3, 0.8  # different numbers that pass the test: one in eleven passes by chance
_OF_PATIENTS = ("patient.number", "patient.insured_number")
# What may have eight or nine digits by its name: only sure ones count there, elsewhere more than half.
_LONG = frozenset((
    "number", "issued_on", "due_on", "patient.date_of_birth", "patient.mobile", "phone", "line.performed_on",
    "line.practitioner_agb",
))  # fmt: skip
_OF_LINE = ("line.", "line_amount")
_READ = {
    "issued_on": values.iso_date,
    "due_on": values.iso_date,
    "insurer_paid": values.euros,
    "goods": values.flag,
    "patient.date_of_birth": values.iso_date,
    "patient.mobile": values.phone,
    "phone": values.phone,
    "patient.language": str.lower,
    "patient.insurer_uzovi": lambda text: values.digits(text, 4),
    "line.performed_on": values.iso_date,
    "line.quantity": values.whole,
    "line.unit_price": values.euros,
    "line_amount": values.euros,
    "line.practitioner_agb": lambda text: values.digits(text, 8),
}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; `dropped`: the names of columns with citizen numbers, which are not in it."""

    header: list[str]
    rows: list[list[str]]
    dropped: list[str]

    def content(self) -> bytes:
        """Return it as the CSV that is stored."""
        file = io.StringIO()
        filled = (row if any(row) else () for row in self.rows)
        csv.writer(file, delimiter=";", lineterminator="\n").writerows(chain([self.header], filled))
        return file.getvalue().encode()


def read(content: bytes, remembered: Mapping[str, str] | None = None) -> Table:
    """Return the table in a file, whose columns the practice may have named before (`remembered`).

    Raises Refused with a sentence when there is none, or when its patients are numbered by citizen numbers.
    """
    header, rows = _parsed(values.uploaded_text(content))
    return _without_citizen_numbers(header, rows, recognise(header, remembered or {}))


def stored(content: bytes) -> Table:
    """Return a table that `read` returned and was stored since."""
    return Table(*_parsed(values.as_text(content)), [])


def _parsed(text: str) -> tuple[list[str], list[list[str]]]:
    first = text.partition("\n")[0]
    delimiter = max(";,\t|", key=first.count)
    try:
        rows = _cells(csv.reader((line[0] for line in _LINE.finditer(text)), delimiter=delimiter))
    except csv.Error:
        raise Refused(_("This is not a spreadsheet in CSV: the quotation marks in it don't match.")) from None
    header, rows = (rows[0], rows[1:]) if rows else ([], [])
    if len(header) < 2 or len(header) > MAX_COLUMNS or len(set(map(compact, header))) < len(header):
        raise Refused(_("The first row of a spreadsheet must name its columns, each once."))
    for place, row in enumerate(rows, 2):
        if len(row) > len(header) and any(row[len(header) :]):
            raise Refused(_("Row %d of this spreadsheet has more cells than there are columns.") % place)
        if any(len(cell) > MAX_CELL for cell in row):
            raise Refused(_("Row %d of this spreadsheet has a cell that is too long.") % place)
    empty = [""] * len(header)
    return header, [(row + empty)[: len(header)] if row else empty for row in rows]


def _cells(reader: Iterable[list[str]]) -> list[list[str]]:
    """Return the rows without blanks around their cells; one without anything is an empty list. Raises Refused."""
    rows: list[list[str]] = []
    count = 0
    for given in reader:
        row = [cell.strip() for cell in given]
        rows.append(row if any(row) else [])
        count += max(len(row), len(rows[0])) if rows[-1] else 0
        if count > MAX_CELLS:
            raise Refused(_("This spreadsheet has more than %d cells. Hand in fewer invoices at a time.") % MAX_CELLS)
        if len(rows) > MAX_ROWS:
            raise Refused(_("This spreadsheet has more than %d rows. Hand in fewer invoices at a time.") % MAX_ROWS)
    return rows


def _without_citizen_numbers(header: list[str], rows: list[list[str]], fields: Sequence[str]) -> Table:
    named = {i for i, name in enumerate(header) if _CITIZEN.search(compact(name))}
    for place, row in enumerate(rows, 2):
        if any(row[i] and not _DIGITS.fullmatch(re.sub("[ .]", "", row[i])) for i in named) or _runs_on(row):
            raise Refused(_("Row %d of this spreadsheet is shifted: what is in it stands in other columns.") % place)
    dropped = set(named)
    for i, field in enumerate(fields):
        cells = list(islice((row[i] for row in rows if row[i]), _LOOKED_AT))
        if field in _OF_PATIENTS and i not in named:
            citizen.refuse_most(cells, of=header[i])
        if _are_citizen_numbers(cells, only_when_sure=field in _LONG):
            dropped.add(i)
    kept = [i for i in range(len(header)) if i not in dropped]
    empty = [""] * len(kept)
    without = [[row[i] for i in kept] if any(row) else empty for row in rows]
    return Table([header[i] for i in kept], without, [header[i] for i in sorted(dropped)])


def _runs_on(row: Sequence[str]) -> bool:
    """Tell whether a quotation mark made one cell of several rows, with a citizen number among them."""
    return any("\n" in cell and any(map(citizen.is_citizen_number, _WORDS.findall(cell))) for cell in row)


def _are_citizen_numbers(cells: Sequence[str], *, only_when_sure: bool) -> bool:
    """Tell whether a column holds citizen numbers, whatever its name is."""
    passing, count = citizen.share(cells)
    return passing >= _SURE_FROM and passing >= _SURE_SHARE * count if only_when_sure else passing * 2 > count


def convert(table: Table, fields: Sequence[str], *, agb_code: str) -> Converted:
    """Return the invoices of a table whose columns hold `fields`: a row is one treatment of an invoice."""
    made = Converted(agb_code)
    index_of: dict[str, int] = {}
    heads: list[tuple[int, dict[str, str]]] = []
    for place, row in enumerate(table.rows, 2):
        given = {field: cell for field, cell in zip(fields, row, strict=True) if field and cell}
        if not given:
            continue
        head = {field: cell for field, cell in given.items() if not field.startswith(_OF_LINE)}
        number = head.get("number", "")
        index = index_of.setdefault(number or f"row {place}", len(made.invoices))
        if index == len(made.invoices):
            made.begin(_invoice(head), place)
            heads.append((place, head))
        elif head != heads[index][1]:
            made.problems.append(_differs(index, heads[index], (place, head)))
        made.add_line(index, _line(given, agb_code), place)
    return made


def _differs(index: int, first: tuple[int, dict[str, str]], other: tuple[int, dict[str, str]]) -> tuple[str, str, str]:
    ours = columns()
    named = next(field for field in ours if first[1].get(field) != other[1].get(field))
    sentence = _("Row %(other)d says something else than row %(first)d of the same invoice: %(field)s.")
    words = {"other": other[0], "first": first[0], "field": ours[named].label}
    return f"invoices[{index}]", "row-differs", sentence % words


def _read(given: dict[str, str]) -> dict[str, Any]:
    return {field: _READ[field](cell) if field in _READ else cell for field, cell in given.items()}


def _invoice(head: dict[str, str]) -> dict[str, Any]:
    given = _read(head)
    patient = {field.partition(".")[2]: value for field, value in given.items() if field.startswith("patient.")}
    if "mobile" not in patient and values.is_mobile(given.get("phone", "")):
        patient["mobile"] = given["phone"]
    parts = ("street", "house_number", "postcode", "city")
    address: dict[str, str] = {name: given[name] for name in parts if name in given}
    if "street_and_number" in given and "street" not in given:
        street, number = values.street_and_number(given["street_and_number"])
        address |= {"street": street, "house_number": address.get("house_number", number)}
    if "house_addition" in given and "house_number" in address:
        address["house_number"] = f"{address['house_number']} {given['house_addition']}"
    if "country" in given:
        address["country"] = given["country"].upper()
    patient["address"] = address
    of_invoice = ("number", "issued_on", "due_on", "insurer_paid", "goods")
    of_rooms = {name: values.flag(given[name]) for name in rooms.intake_fields() if name in given}
    return {name: given[name] for name in of_invoice if name in given} | of_rooms | {"patient": patient}


def _line(given: dict[str, str], agb_code: str) -> dict[str, Any]:
    read = _read(given)
    line = {field.partition(".")[2]: value for field, value in read.items() if field.startswith("line.")}
    if "unit_price" not in line and "line_amount" in read:
        line |= values.price_of(read["line_amount"], line.get("quantity", 1))
    line.setdefault("practitioner_agb", agb_code)
    if "code" in line:
        line.setdefault("description", values.described(line["code"]))
    return line
