"""What a room may announce of the staff site, as types."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import Promise

Text = str | Promise
Row = Any  # a member of staff: the models import this module, so it can't name them


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A page of a room under /beheer/ that is no table: its route, and the roles that may open it (403 to others).

    With an `act` it opens only to those of them who may do that. With a `label` it stands in the menu of whoever may
    open it; one that is opened `seldom` behind the button with the tables. `admin:<name>` is its address.
    """

    route: str
    view: Callable[..., HttpResponseBase]
    name: str
    roles: frozenset[str]
    label: Text = ""
    act: str = ""
    seldom: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A table of the page of figures: for each row a label (text, or a day) and its cells, one a head after the first.

    A cell is euros (Decimal), a number, text, or None for what there is none of. `drawn`: the rows are bars as well,
    of so many parts, the cells after the label. `total`: the cells of each column add up. It names no patient.
    """

    title: Text
    heads: tuple[Text, ...]
    rows: Sequence[tuple[Any, ...]]
    says: Text = ""
    drawn: int = 0
    total: bool = False


@dataclass(frozen=True, slots=True)
class CameIn:
    """What came in on a day, for the start page: how much (a number, or euros), in words, and where it is shown."""

    amount: int | Decimal
    what: Text
    address: str


# Makes a figure of what a member of staff may see, from a day to a day, both included.
FigureOf = Callable[[Row, date, date], Figure]


@dataclass(frozen=True, slots=True)
class Desk:
    """What staff see of a room: its tables (model names) in the order of work, pages, and its part of the start page.

    The template `panel` gets what `facts` returns as `panel`; its attribute `waiting` counts what is waiting. Who has
    nothing to see there gets None, and no panel. `figures`: by the name that stands in the address of their files.
    `came_in` tells what came in on a day, of what a member of staff may see.
    """

    tables: tuple[str, ...] = ()
    panel: str = ""
    facts: Callable[[HttpRequest], Any] | None = None
    pages: tuple[DeskPage, ...] = ()
    figures: Mapping[str, FigureOf] = field(default_factory=dict)
    came_in: Callable[[Row, date], Iterable[CameIn]] | None = None
