"""`make bench`: every benchmark in a process of its own, one table, and `bench.json`.

`python -m tests.benchmarks [--quick | --large] [--only NAME …]`. What is found stands in `bench.json` as soon as it is
known, and what each took on stderr. One that did not end well is named there and below the table; the exit code is 1.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from pathlib import Path
from typing import Any

BENCHMARKS = {
    "pages-postgresql": ["bench_pages", "postgresql"],
    "pages-sqlite": ["bench_pages", "sqlite"],
    "crowd": ["bench_crowd"],
    "webhooks": ["bench_webhooks"],
    "letters": ["bench_letters"],
    "outbox": ["bench_outbox"],
    "latency-redis": ["bench_latency", "redis"],
    "latency-none": ["bench_latency", "none"],
    "planning": ["bench_planning"],
    "import-postgresql": ["bench_import", "postgresql"],
    "import-sqlite": ["bench_import", "sqlite"],
    "rows-postgresql": ["bench_rows", "postgresql"],
    "rows-sqlite": ["bench_rows", "sqlite"],
    "api": ["bench_api"],
    "pdf": ["bench_pdf"],
    "desk": ["bench_desk"],
}
FOUND = Path("bench.json")
LAST_LINES = 30  # of a benchmark's log, when it did not end well
HEAD = ("what", "ours", "limit", "unit", "ratio", "target")


def measured(module: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark found, or how it ended; the seconds that it took, and of processor time with all it started.

    What it logged is shown only when it did not end well.
    """
    began, cpu = time.monotonic(), _cpu_of_those_that_ended()
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    with tempfile.TemporaryFile("w+") as log:
        ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, text=True, check=False)
        log.seek(0)
        last = "".join(deque(log, LAST_LINES))
    took = {"took_seconds": round(time.monotonic() - began), "cpu_seconds": round(_cpu_of_those_that_ended() - cpu)}
    if ended.returncode:
        print(last, file=sys.stderr)  # noqa: T201
        return took | {"exit_code": ended.returncode, "last_lines": last}
    return took | json.loads(ended.stdout)


def _cpu_of_those_that_ended() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def lines_of(results: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    lines = [HEAD]
    for found in results.values():
        for row in found.get("rows", []):
            target = "" if row["target"] is None else f"{row['target']:g}"
            cells = (f"{row['ours']:g}", f"{row['limit']:g}", row["unit"], f"{row['ratio']:.2f}", target)
            lines.append((f"{row['what']} ({found['database']})", *cells))
    return lines


def table(lines: list[tuple[str, ...]]) -> str:
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    text, _, _, unit, _, _ = range(len(HEAD))
    placed = (
        [cell.ljust(widths[i]) if i in (text, unit) else cell.rjust(widths[i]) for i, cell in enumerate(line)]
        for line in lines
    )
    return "\n".join("  ".join(cells).rstrip() for cells in placed)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the product against its limits.")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="small and in a few minutes: shows only that it works")
    size.add_argument("--large", action="store_true", help="up to 2,000,000 invoices, in about an hour")
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    asked = parser.parse_args()
    as_asked = [f"--{size}" for size in ("quick", "large") if getattr(asked, size)]
    load, results = os.getloadavg()[0], dict[str, dict[str, Any]]()
    for name in asked.only:
        results[name] = found = measured(*BENCHMARKS[name], *as_asked)
        FOUND.write_text(json.dumps(results, indent=1) + "\n")
        took = f"{found['took_seconds']} s, {found['cpu_seconds']} of processor time"
        print(f"{name}: {took}{'' if 'rows' in found else ' – DID NOT END WELL'}", file=sys.stderr, flush=True)  # noqa: T201
    print(table(lines_of(results)))  # noqa: T201
    minutes = sum(found["took_seconds"] for found in results.values()) / 60
    print(f"\n{minutes:.0f} minutes; the load of the machine was {load:.1f} before it")  # noqa: T201
    failed = [f"{name} (exit code {found['exit_code']})" for name, found in results.items() if "rows" not in found]
    if failed:
        print(f"did not end well: {', '.join(failed)}", file=sys.stderr)  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
