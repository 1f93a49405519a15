"""The full invoice as a PDF against bare WeasyPrint: `python -m tests.benchmarks.bench_pdf [rounds]`.

In every round, one after the other: WeasyPrint alone on the HTML of a 12-line invoice with our style sheet (the
limit), the product making that invoice from its rows (a new version each time), and the product giving out what it
kept. CPU seconds, medians. Then the same invoices by one process and by two: how much faster two are by the clock.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from tests import environment

LINES, PAGES = 12, 24  # PAGES are made by one process and by two


def cpu_of(act: Callable[[], Any]) -> float:
    began = time.process_time()
    act()
    return time.process_time() - began


def bare(source: str) -> bytes:
    """What anybody would write who had only the HTML."""
    from weasyprint import CSS, HTML

    from billing.pdf import LAYOUT

    return HTML(string=source).write_pdf(stylesheets=[CSS(str(LAYOUT))], pdf_variant="pdf/ua-1")


def make(source: str) -> int:
    from billing import pdf

    return len(pdf.from_html(source))


def by_clock(source: str, processes: int) -> float:
    """Seconds for PAGES invoices by warm processes."""
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(make, [source] * processes * 2))
        began = time.perf_counter()
        list(pool.map(make, [source] * PAGES))
        return time.perf_counter() - began


def rounds_of(count: int) -> tuple[list[dict[str, float]], str]:
    from django.utils import translation

    from billing import documents, pdf
    from billing.models import InvoiceDocument
    from tests import factories

    invoice = factories.invoice(amount="120.00", lines=[factories.line(amount="10.00") for _ in range(LINES)])
    with translation.override("nl"):
        known = documents.facts(invoice)
    source = pdf.html(known | {"qr": pdf.qr_code(known["address"], label="QR")}, language="nl")
    size = len(documents.invoice_pdf(invoice, language="nl"))
    bare(source)  # warm, as ours is by now
    found: list[dict[str, float]] = []
    for _ in range(count):
        InvoiceDocument.objects.all().delete()
        one = {"bare": cpu_of(lambda: bare(source))}
        one["ours"] = cpu_of(lambda: documents.invoice_pdf(invoice, language="nl"))
        one["again"] = cpu_of(lambda: documents.invoice_pdf(invoice, language="nl"))
        found.append(one | {"bytes": size})
    return found, source


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    environment.prepare(servers={})
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    found, source = rounds_of(count)
    pairs = [by_clock(source, 1) / by_clock(source, 2) for _ in range(3)]
    median = {name: statistics.median(one[name] for one in found) for name in found[0]}
    result = {
        "rounds": count,
        "ours_to_bare": round(statistics.median(one["ours"] / one["bare"] for one in found), 3),
        "again_ms": round(1000 * median["again"], 1),
        "two_to_one": round(statistics.median(pairs), 2),
        "bytes": int(median["bytes"]),
        "bare_ms": round(1000 * median["bare"]),
    }
    print(json.dumps(result, indent=1))  # noqa: T201


if __name__ == "__main__":
    main()
