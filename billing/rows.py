"""Rows of tables: deleted in bulk, and read by queries whose SQL is made once."""

from collections.abc import Callable
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections, models
from django.db.models.sql.compiler import SQLCompiler

_LOOKED_FOR = "\N{REPLACEMENT CHARACTER} what is looked for"  # in the place of the value while the SQL is made


def delete(rows: models.QuerySet[Any], *, chunk: int = 1000) -> int:
    """Delete `rows` in chunks that are each their own transaction; return how many there were.

    No lock lasts long, and it may be stopped and run again. Nothing may refer to the rows.
    """
    count = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:chunk]):
        selected = rows.model._base_manager.filter(pk__in=keys)
        selected._raw_delete(selected.db)
        count += len(keys)
    return count


class Prepared:
    """A query of dictionaries in which only the text that it looks for changes: its SQL is made once.

    Django makes the SQL of a query each time that it runs. For a wide one that takes longer than running it.
    """

    def __init__(self, query: Callable[[str], models.QuerySet[Any, dict[str, Any]]]) -> None:
        self._query = query
        self._made: dict[str, tuple[SQLCompiler, str, tuple[Any, ...]]] = {}  # by the kind of database

    def rows(self, looked_for: str) -> list[dict[str, Any]]:
        """Return the rows as the query would."""
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.vendor not in self._made:
            compiler = self._query(_LOOKED_FOR).query.get_compiler(DEFAULT_DB_ALIAS)
            self._made[connection.vendor] = (compiler, *compiler.as_sql())
        compiler, sql, params = self._made[connection.vendor]
        with connection.cursor() as cursor:
            cursor.execute(sql, [looked_for if value == _LOOKED_FOR else value for value in params])
            found = cursor.fetchall()
        names = list(compiler.query.selected or ())
        return [dict(zip(names, row, strict=True)) for row in compiler.results_iter(results=[found])]
