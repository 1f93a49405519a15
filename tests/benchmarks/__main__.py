"""`make bench`: every benchmark in a process of its own, one table, and `bench.json`.

`python -m tests.benchmarks [--quick | --large] [--only NAME …]`. Exit code 1 when a benchmark did not end well.
"""

import argparse
import json
import os
import subprocess
import sys
import time
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
HEAD = ("what", "ours", "limit", "unit", "ratio", "target")


def measured(module: str, *arguments: str) -> dict[str, Any]:
    """What a benchmark found, and the seconds that it took by the clock, filling and all."""
    began = time.monotonic()
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    return found | {"took_seconds": round(time.monotonic() - began)}


def lines_of(results: dict[str, dict[str, Any]]) -> list[tuple[str, ...]]:
    lines = [HEAD]
    for found in results.values():
        for row in found["rows"]:
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
    load, results, failed = os.getloadavg()[0], {}, []
    for name in asked.only:
        print(f"== {name}", file=sys.stderr, flush=True)  # noqa: T201
        try:
            results[name] = measured(*BENCHMARKS[name], *as_asked)
        except subprocess.CalledProcessError:
            failed.append(name)
    FOUND.write_text(json.dumps(results, indent=1) + "\n")
    print(table(lines_of(results)))  # noqa: T201
    took = sum(found["took_seconds"] for found in results.values())
    print(f"\n{took / 60:.0f} minutes; the load of the machine was {load:.1f} before it")  # noqa: T201
    if failed:
        print(f"did not end well: {', '.join(failed)}", file=sys.stderr)  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
