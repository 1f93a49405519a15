"""A query that is put into SQL once, for a page that everybody opens.

Making the SQL costs Django several times what the database takes to answer it. The rows become objects by Django's
own code, as without this; only the text is kept, and one value in it differs from call to call.
"""

from collections.abc import Callable
from copy import copy
from types import SimpleNamespace
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable

Row = TypeVar("Row", bound=Model)
_PLACE = "\N{REPLACEMENT CHARACTER}"  # where the value goes, among the parameters of the SQL


class Prepared(Generic[Row]):
    """The first row of what `build` gives for a value. `build` is called once, with a stand-in for the value."""

    def __init__(self, build: Callable[[str], QuerySet[Row]]) -> None:
        self._build = build
        self._made: dict[str, tuple[Any, str, tuple[Any, ...], Any]] = {}  # by kind of database

    def first(self, value: str) -> Row | None:
        """The row for `value`; None when there is none."""
        connection = connections[DEFAULT_DB_ALIAS]
        made = self._made.get(connection.vendor) or self._make(connection.vendor)
        compiler, sql, parameters = copy(made[0]), made[1], tuple(value if p == _PLACE else p for p in made[2])
        compiler.connection = connection  # the one that it was made with may belong to another thread
        compiler.as_sql = lambda *_, **__: (sql, parameters)
        compiler.get_converters = lambda _: made[3]  # asked for every column of every row's query otherwise
        query = SimpleNamespace(get_compiler=lambda using: compiler)
        # All that Django's code asks of a queryset.
        rows = SimpleNamespace(db=DEFAULT_DB_ALIAS, query=query, _known_related_objects={})
        return next(iter(ModelIterable(rows)), None)  # type: ignore[arg-type]

    def _make(self, vendor: str) -> tuple[Any, str, tuple[Any, ...], Any]:
        compiler = self._build(_PLACE)[:1].query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        if parameters.count(_PLACE) != 1:
            raise ValueError(f"the value does not stand once in {sql}")
        converters = compiler.get_converters([column for column, _, _ in compiler.select[: compiler.col_count]])
        self._made[vendor] = compiler, sql, tuple(parameters), converters
        return self._made[vendor]
