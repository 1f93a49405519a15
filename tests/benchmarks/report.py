"""What every benchmark says, in one shape: ours beside a limit that was measured in the same run, round by round.

A machine is never twice as quick as it was a minute ago, so only what was measured in one round is compared: each
round runs the limit and ours one after the other, and what counts is the median of the rounds' ratios.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

Measured = TypeVar("Measured")
ROUNDS, QUICK_ROUNDS = 5, 3


@dataclass(frozen=True, slots=True)
class Options:
    """How a benchmark was asked to run; `quick` only shows that it works, `large` has the most rows."""

    rounds: int
    quick: bool
    large: bool = False
    folder: Path | None = None  # where a database was filled before

    def of(self, quick: int, usual: int, large: int) -> int:
        """Return the one of three sizes that was asked for."""
        return quick if self.quick else large if self.large else usual


@dataclass(frozen=True, slots=True)
class Cost:
    """What a piece of work took: seconds by the clock, and seconds of processor time of this process."""

    seconds: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` says how near ours is to the limit: 1 is as fast, above 1 faster."""

    what: str
    unit: str
    ours: float
    limit: float
    limit_is: str
    ratio: float
    target: float | None = None  # the ratio to reach
    more: dict[str, Any] = field(default_factory=dict)


def options(arguments: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--quick", action="store_true", help="small and in a few seconds: shows only that it works")
    parser.add_argument("--large", action="store_true", help="up to 2,000,000 invoices, where the product has them")
    parser.add_argument("--folder", type=Path, help="the database that a filler left there, where a benchmark has one")
    given = parser.parse_args(arguments)
    return Options(given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS), given.quick, given.large, given.folder)


def cost_of(act: Callable[[], object]) -> Cost:
    cpu, began = time.process_time(), time.perf_counter()
    act()
    return Cost(time.perf_counter() - began, time.process_time() - cpu)


def interleaved(sides: Mapping[str, Callable[[], Measured]], *, rounds: int) -> dict[str, list[Measured]]:
    """Run every side once a round, and each round begin with the next one; a first round warms up and is dropped."""
    found: dict[str, list[Measured]] = {name: [] for name in sides}
    names = list(sides)
    for number in range(-1, rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            measured = sides[name]()
            if number >= 0:
                found[name].append(measured)
    return found


def clock(found: Mapping[str, Sequence[Cost]]) -> dict[str, list[float]]:
    """The seconds by the clock of every side."""
    return {name: [cost.seconds for cost in costs] for name, costs in found.items()}


def processor(found: Mapping[str, Sequence[Cost]]) -> dict[str, list[float]]:
    """The seconds of processor time of every side."""
    return {name: [cost.cpu for cost in costs] for name, costs in found.items()}


def median_ratio(ours: Sequence[float], limit: Sequence[float]) -> float:
    """How near ours comes to the limit, from what both cost in the same rounds."""
    return statistics.median(one / other for one, other in zip(limit, ours, strict=True))


def spread(ours: Sequence[float], limit: Sequence[float]) -> list[float]:
    """The lowest and the highest of the rounds' ratios."""
    ratios = [other / one for one, other in zip(ours, limit, strict=True)]
    return [_short(min(ratios)), _short(max(ratios))]


def rates(
    what: str, things: str, amount: int, *, ours: Sequence[float], limit: Sequence[float], limit_is: str,
    target: float | None = None, **more: Any,
) -> Row:  # fmt: skip
    """A row in things per second, from the seconds that `amount` of them took in each round."""
    return Row(
        what, f"{things}/s", _short(amount / statistics.median(ours)), _short(amount / statistics.median(limit)),
        limit_is, _short(median_ratio(ours, limit)), target, more,
    )  # fmt: skip


def costs(
    what: str, thing: str, amount: int, *, ours: Sequence[float], limit: Sequence[float], limit_is: str,
    target: float | None = None, **more: Any,
) -> Row:  # fmt: skip
    """A row in milliseconds of processor time for one thing, from the CPU seconds of `amount` of them in each round."""
    return Row(
        what, f"CPU ms/{thing}", _short(1000 * statistics.median(ours) / amount),
        _short(1000 * statistics.median(limit) / amount), limit_is, _short(median_ratio(ours, limit)), target, more,
    )  # fmt: skip


def times(what: str, *, ours: Sequence[float], limit: Sequence[float], limit_is: str, **more: Any) -> Row:
    """A row in milliseconds by the clock, from the seconds that one thing took in each round."""
    middle = (_short(1000 * statistics.median(seconds)) for seconds in (ours, limit))
    return Row(what, "ms", *middle, limit_is, _short(median_ratio(ours, limit)), None, more)


def publish(name: str, *, database: str, rounds: int, rows: Sequence[Row]) -> None:
    """Print the result as one JSON object."""
    result = {"name": name, "database": database, "rounds": rounds, "rows": [asdict(row) for row in rows]}
    print(json.dumps(result, indent=1))  # noqa: T201


def _short(value: float) -> float:
    """Three digits that count."""
    return float(f"{value:.3g}")
