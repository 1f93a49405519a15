"""Count what was asked of the database and sent, and say what costs something else than agreed."""

import gzip
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import factories

# As GZipMiddleware compresses. It adds up to 100 bytes by chance, so that nobody learns a secret from a length.
LEVEL = 6
# Keys, codes against forgery and paths of media differ in length from run to run, and a word more in a sentence is
# nobody's concern.
SLACK = 0.03


@dataclass(frozen=True, slots=True)
class Cost:
    """Queries (with those that begin and end a transaction), bytes, and bytes after compression."""

    queries: int
    bytes: int = 0
    compressed: int = 0
    on_postgresql: int | None = None  # where other queries are needed there

    @property
    def queries_here(self) -> int:
        """Return the queries that it may take on the database of this run."""
        other = connection.vendor == "postgresql" and self.on_postgresql is not None
        return self.on_postgresql if other else self.queries


@dataclass(frozen=True, slots=True)
class Found:
    """What something cost, and what was asked of the database."""

    cost: Cost
    asked: list[str]


@dataclass(slots=True)
class Meter:
    """Count each cost by its name. A name that comes again counts anew: what a process does once is not counted."""

    found: dict[str, Found] = field(default_factory=dict)

    def page(self, name: str, client: Client, path: str, form: dict[str, Any] | None = None, **more: Any) -> Any:
        """Ask for a page, or post a form, and return the answer."""
        with CaptureQueriesContext(connection) as captured:
            answer = client.get(path, **more) if form is None else client.post(path, form, **more)
        assert answer.status_code < 400, (name, answer.status_code)
        self._keep(name, captured, answer.content)
        return answer

    @contextmanager
    def work(self, name: str) -> Iterator[None]:
        """Count what is asked of the database meanwhile."""
        with CaptureQueriesContext(connection) as captured:
            yield
        self._keep(name, captured)

    def sent(self, name: str, content: bytes) -> None:
        """Count the bytes that a work sent, too."""
        work = self.found[name]
        self.found[name] = Found(Cost(work.cost.queries, *_sizes(content)), work.asked)

    def _keep(self, name: str, captured: CaptureQueriesContext, content: bytes = b"") -> None:
        asked = [query["sql"] for query in captured.captured_queries]
        self.found[name] = Found(Cost(len(asked), *_sizes(content)), asked)


def _sizes(content: bytes) -> tuple[int, int]:
    return (len(content), len(gzip.compress(content, LEVEL, mtime=0))) if content else (0, 0)


class _LikeDatetime(type):
    def __instancecheck__(cls, one: object) -> bool:
        return isinstance(one, datetime)


def freeze(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Let it be ten o'clock on factories.TODAY: a date in words is longer in one month than in another.

    What `timezone.now` reads stands still, since the defaults of models hold that function itself.
    """
    moment = datetime.combine(factories.TODAY, time(10), tzinfo=timezone.get_default_timezone())

    class Stopped(datetime, metaclass=_LikeDatetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return moment.astimezone(tz)

    monkeypatch.setattr(timezone, "datetime", Stopped)
    return moment


def differences(agreed: Mapping[str, Cost], found: Mapping[str, Found]) -> str:
    """Say of each name what costs more or less than agreed, by how much, and what to write where if that is meant."""
    assert agreed.keys() == found.keys(), f"agreed or measured, but not both: {agreed.keys() ^ found.keys()}"
    return "\n\n".join(filter(None, (_difference(name, agreed[name], one) for name, one in found.items())))


def _difference(name: str, agreed: Cost, found: Found) -> str:
    queries, said = agreed.queries_here, []
    if found.cost.queries != queries:
        said.append(f"{found.cost.queries} queries instead of {queries} ({found.cost.queries - queries:+d})")
    for unit, words in (("bytes", "bytes"), ("compressed", "bytes after compression")):
        now, before = getattr(found.cost, unit), getattr(agreed, unit)
        if abs(now - before) > before * SLACK:
            said.append(f"{now} {words} instead of {before} ({now - before:+d}, and {SLACK:.0%} are allowed)")
    if not said:
        return ""
    instead = f"{name}: {'; '.join(said)}. If that is meant, write in tests/costs/agreed.py:"
    asked = [f"    {number:3} {sql[:150]}" for number, sql in enumerate(found.asked, 1)]
    shown = asked if found.cost.queries != queries else []
    return "\n".join([instead, f'    "{name}": {_written(agreed, found.cost)},', *shown])


def _written(agreed: Cost, now: Cost) -> str:
    """Return the line of the table; one database says nothing of the other's queries where both differ."""
    both = (now.queries, agreed.on_postgresql)
    if agreed.on_postgresql is not None and connection.vendor == "postgresql":
        both = (agreed.queries, now.queries)
    sizes = [str(now.bytes), str(now.compressed)] if now.bytes else []
    there = [f"on_postgresql={both[1]}"] if both[1] is not None else []
    return f"Cost({', '.join([str(both[0]), *sizes, *there])})"
