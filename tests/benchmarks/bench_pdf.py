"""The full invoice as a PDF against bare WeasyPrint: `python -m tests.benchmarks.bench_pdf [--rounds N] [--quick]`.

In every round, one after the other: WeasyPrint alone on the HTML of a 12-line invoice with our style sheet (the
limit), the product making that invoice from its rows (a new version each time), and the product giving out what it
kept. Then the same invoices by two processes and by one: how much faster two are by the clock.
"""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from typing import Any

from tests.benchmarks import report
from tests.benchmarks.ground import ground

LINES, PAGES, QUICK_PAGES = 12, 8, 4  # PAGES are made by one process and by two


def bare(source: str) -> bytes:
    """What anybody would write who had only the HTML, and read style sheet and fonts once."""
    from weasyprint import HTML

    sheet, fonts = layout()
    return HTML(string=source).write_pdf(stylesheets=[sheet], font_config=fonts, pdf_variant="pdf/ua-1")


@lru_cache(maxsize=1)
def layout() -> tuple[Any, Any]:
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration

    from billing.documents.pdf import LAYOUT

    fonts = FontConfiguration()
    return CSS(str(LAYOUT), font_config=fonts), fonts


def make(source: str) -> int:
    from billing.documents import pdf

    return len(pdf.from_html(source))


def by_clock(source: str, processes: int, pages: int) -> float:
    """Seconds for so many invoices by warm processes."""
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(make, [source] * processes * 2))
        began = time.perf_counter()
        list(pool.map(make, [source] * pages))
        return time.perf_counter() - began


def in_turns(rounds: int) -> tuple[dict[str, list[report.Cost]], str, int]:
    """What each way took, the HTML of the invoice, and the bytes of its PDF."""
    from django.utils import translation

    from billing.documents import full_invoice, pdf, qr
    from billing.models import InvoiceDocument
    from tests import factories

    invoice = factories.invoice(amount="120.00", lines=[factories.line(amount="10.00") for _ in range(LINES)])
    with translation.override("nl"):
        known = full_invoice.facts(invoice)
    source = pdf.html(known | {"qr": qr.link(known["address"], label="QR"), "transfer_qr": ""}, language="nl")

    def give() -> bytes:
        return full_invoice.invoice_pdf(invoice, language="nl")

    def made_anew() -> report.Cost:
        InvoiceDocument.objects.all().delete()
        return report.cost_of(give)

    size = len(give())
    sides: dict[str, Callable[[], report.Cost]] = {
        "bare": lambda: report.cost_of(lambda: bare(source)),
        "ours": made_anew,
        "again": lambda: report.cost_of(give),
    }
    return report.interleaved(sides, rounds=rounds), source, size


def main(options: report.Options) -> None:
    with ground():
        found, source, size = in_turns(options.rounds)
        pages = QUICK_PAGES if options.quick else PAGES
        pools = report.interleaved(
            {"one": lambda: by_clock(source, 1, pages), "two": lambda: by_clock(source, 2, pages)},
            rounds=options.rounds,
        )
    cpu, clock, alone = report.processor(found), report.clock(found), "bare WeasyPrint on the same HTML"
    made: dict[str, Any] = {"limit": cpu["bare"], "limit_is": alone, "bytes": size}
    two: dict[str, Any] = {"ours": pools["two"], "limit": pools["one"], "limit_is": "one process"}
    rows = [
        report.costs("invoice PDF", "PDF", 1, ours=cpu["ours"], target=0.85, **made),
        report.rates("invoice PDF", "PDFs", 1, ours=clock["ours"], limit=clock["bare"], limit_is=alone),
        report.costs("invoice PDF once it is kept", "PDF", 1, ours=cpu["again"], target=100, **made),
        report.rates("invoice PDF by two processes", "PDFs", pages, target=1.5, **two),
    ]
    report.publish("pdf", database="sqlite", rounds=options.rounds, rows=rows)


if __name__ == "__main__":
    main(report.options())
