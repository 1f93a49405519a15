"""What may never leave its place, watched for in everything that the suite does.

`tests/factories.py` gives every patient the same name, numbers and care. Whatever the suite logs, asks by URL or
writes to the database is searched for them: a log holds no person at all, a URL neither, and the database (which a
dump shows to whoever gets hold of it) no word of care, birth or insurance, for those lie sealed. What tests start as
processes of their own can't be watched so: whoever starts them reads their logs at the end (`leaks_in`).
"""

import logging
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_plus

from django.core.signals import request_started
from django.db.backends.signals import connection_created

from portal.ops.logs import formatter

CARE = ("Periodieke controle", "1980-02-29", "29-02-1980")
PERSON = (*CARE, "Vries", "Dorpsstraat", "31612345678", "0612345678", "06 12 34 56 78", "@post.example")
# Whole words: a reference drawn at random may end in P, and a digest hold any four digits.
_IN_A_DOSSIER = re.compile(
    "|".join([*map(re.escape, CARE), r"@post\.example", r"\b(?:C002|12001234|3311|123456789|31612345678|P-\d+)\b"])
)
_IN_A_LOG = re.compile("|".join(map(re.escape, PERSON)))
_IN_THE_DATABASE = re.compile("|".join(map(re.escape, CARE)))


def leaks_in(log: Iterable[str]) -> list[str]:
    """The lines that another process wrote in which a person is named."""
    found = ((line, _IN_A_LOG.search(unquote_plus(line))) for line in log)
    return [f"{leak[0]!r} in a process's log: {line[:400]}" for line, leak in found if leak]


def kept_from_agencies(text: str) -> list[str]:
    """What stands in a text for an agency that no agency may read: care, who is insured where, how to reach whom."""
    return _IN_A_DOSSIER.findall(text)


class Canaries(logging.Handler):
    """Collects every leak that it sees, wherever in the process it happens."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(formatter(as_json=True))
        self.leaks: list[str] = []
        self.searched = {"log": 0, "url": 0, "database": 0}

    def watch(self) -> None:
        logging.getLogger().addHandler(self)
        request_started.connect(self.see_request, weak=False)
        connection_created.connect(self.see_connection, weak=False)

    def emit(self, record: logging.LogRecord) -> None:
        self._search("log", _IN_A_LOG, self.format(record))

    def see_request(self, environ: dict[str, Any] | None = None, **_: Any) -> None:
        asked = environ or {}
        if asked.get("PATH_INFO", "").startswith("/sandbox/"):
            return  # the stand-ins answer to whoever develops, and never run where patients are
        self._search("url", _IN_A_LOG, unquote_plus(f"{asked.get('PATH_INFO', '')}?{asked.get('QUERY_STRING', '')}"))

    def see_connection(self, connection: Any, **_: Any) -> None:
        if self._see_statement not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._see_statement)

    def _see_statement(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(("INSERT", "UPDATE")) and "sandbox_" not in sql:
            self._search("database", _IN_THE_DATABASE, f"{sql} {params}")
        return execute(sql, params, many, context)

    def _search(self, place: str, forbidden: re.Pattern[str], text: str) -> None:
        self.searched[place] += 1
        if found := forbidden.search(text):
            self.leaks.append(f"{found[0]!r} in {place}: {text[:400]}")
