"""`python -m tests.coulance.reading_figures [--pile traps] [--kind text] [--seeds 20]`: the reader beside the truth.

Prints, for each layout, how many papers were read right, wrong, or not, and the processor time of a paper. A wrong
proposal ends it with status 1. Piles and kinds: see docs/reading.md.
"""

import argparse
import os
import resource
import sys
from collections import Counter

os.environ.setdefault("SANDBOX", "1")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")


def main() -> int:
    """Read the papers and print the table; return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pile", default="worked_on")
    parser.add_argument("--kind", default="text", choices=("text", "scan", "photo"))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    import django

    django.setup()
    from tests.coulance.specimens import layouts, reading

    total: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"| {asked.pile}, {asked.kind} | right | wrong | not proposed |\n|---|---|---|---|")  # noqa: T201
    for layout in layouts(asked.pile):
        counts: Counter[str] = Counter()
        for seed in range(asked.first, asked.first + asked.seeds):
            outcome = reading.outcome(layout, seed, asked.kind)
            counts[outcome.verdict] += 1
            reasons.update(outcome.reasons)
        total += counts
        print(_row(layout.name, counts), flush=True)  # noqa: T201
    print(_row("**all**", total))  # noqa: T201
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    print(f"\n{seconds / sum(total.values()):.2f} s of the processor a paper, {used.ru_maxrss // 1024} MB at most")  # noqa: T201
    print("not proposed because:", dict(reasons.most_common()))  # noqa: T201
    return 1 if total["wrong"] else 0


def _row(name: str, counts: Counter[str]) -> str:
    return f"| {name} | {counts['right']} | {counts['wrong']} | {counts['abstained']} |"


if __name__ == "__main__":
    sys.exit(main())
