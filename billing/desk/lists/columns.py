"""The columns of a list as a spreadsheet has them: days as days, amounts as numbers, the rest in words."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import unescape
from operator import attrgetter
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.db.models import Model
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from billing.statements.spreadsheet import Cell

_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its head, and the cell of a row."""

    head: str
    cell: Callable[[Any], Cell]


def columns_of(table: Any, request: HttpRequest) -> list[Column]:
    """Return the columns that `table`, a TenantAdmin, shows to who asks, and those of `also_in_files`."""
    names = [*table.get_list_display(request), *table.also_in_files]
    return [Column(_head(table, name), _cell_of(table, name)) for name in names]


def rows_of(columns: Iterable[Column], rows: Iterable[Any]) -> Iterable[list[Cell]]:
    """Yield the heads, and the cells of each row."""
    shown = list(columns)
    yield [column.head for column in shown]
    for row in rows:
        yield [column.cell(row) for column in shown]


def _head(table: Any, name: str) -> str:
    label: Any = label_for_field(name, table.model, table)
    return capfirst(str(label))


def _cell_of(table: Any, name: str) -> Callable[[Any], Cell]:
    path = table.values_behind.get(name)
    if path is None:
        return lambda row: _of_column(table, name, row)
    *steps, last = path.split(".")
    owner: Callable[[Any], Any] = attrgetter(".".join(steps)) if steps else lambda row: row
    return lambda row: typed(_value(owner(row), last))


def _of_column(table: Any, name: str, row: Any) -> Cell:
    field, _attribute, value = lookup_field(name, row, table)
    return typed(value if field is None else _value(row, field.name))


def _value(row: Any, name: str) -> Any:
    """Return an attribute of `row`, in words where it is a code."""
    if row is None:
        return None
    in_words = getattr(row, f"get_{name}_display", None)
    return in_words() if in_words else getattr(row, name)


def typed(value: Any) -> Cell:
    """Return `value` as a cell: text without mark-up, a moment in local time, yes or no, nothing for a dash."""
    if value is None or isinstance(value, Decimal):
        return value
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return timezone.localtime(value).replace(tzinfo=None, second=0, microsecond=0)
    if isinstance(value, int | date):
        return value
    text = str(value) if isinstance(value, Model) else unescape(strip_tags(str(value)))
    text = text.replace("\u00a0", " ").strip()
    return None if text == _NOTHING else text
