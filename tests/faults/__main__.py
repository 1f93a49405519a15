"""`python -m tests.faults --seeds 1:50 --database sqlite`: exit 1 when a history ended in something untrue."""
# ruff: noqa: T201  it is a program for a terminal

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.faults import simulation


def seeds(text: str) -> list[int]:
    first, _, last = text.partition(":")
    return list(range(int(first), int(last or first) + 1))


class Totals:
    """What all batches together were put through, and what came of it."""

    def __init__(self) -> None:
        self.kills, self.stops, self.counts = Counter[str](), Counter[str](), Counter[str]()
        self.slowest: dict[str, float] = {}
        self.bad = 0

    def add(self, outcome: simulation.Outcome) -> None:
        self.bad += bool(outcome.problems)
        self.kills += outcome.kills
        self.stops += outcome.stops
        self.counts += outcome.counts
        for name, seconds in outcome.slowest.items():
            self.slowest[name] = max(self.slowest.get(name, 0), seconds)

    def tell(self) -> None:
        print(f"\n{self.counts['histories']} histories, {self.bad} batches with problems")
        for title, counts in (("kill -9", self.kills), ("stopped", self.stops), ("counted", self.counts)):
            print(f"{title}: " + ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
        slowest = sorted(self.slowest.items())
        print("slowest, in seconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest), flush=True)


def tell_batch(outcome: simulation.Outcome, place: Path) -> None:
    stages = " ".join(f"{name} {seconds:.0f} s" for name, seconds in outcome.seconds.items())
    verdict = "ok" if not outcome.problems else f"{len(outcome.problems)} PROBLEMS, see {place}"
    kills = f"{outcome.kills.total()} kills {outcome.stops.total()} stops"
    print(f"seeds {outcome.seeds[0]}:{outcome.seeds[-1]}  {stages}  {kills}  {verdict}", flush=True)
    for problem in outcome.problems:
        print(f"    {problem}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=seeds, default="1:20", help="first:last, or one")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--at-once", type=int, default=10, help="histories in a batch; part of what a replay needs")
    parser.add_argument("--acts", type=int, default=12, help="of each history")
    parser.add_argument("--faults", type=int, default=16, help="of each batch")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="zorgrekening-faults-"))
    folder.chmod(0o711)
    totals = Totals()
    try:
        for outcome in simulation.run(
            chosen.seeds, folder=folder, database=chosen.database, at_once=chosen.at_once, acts=chosen.acts,
            faults=chosen.faults,
        ):  # fmt: skip
            place = folder / f"{outcome.seeds[0]}-{outcome.seeds[-1]}"
            tell_batch(outcome, place)
            totals.add(outcome)
            if not outcome.problems:
                shutil.rmtree(place, ignore_errors=True)
    except KeyboardInterrupt:
        print("interrupted")
    totals.tell()
    if not totals.bad:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if totals.bad else 0


if __name__ == "__main__":
    sys.exit(main())
