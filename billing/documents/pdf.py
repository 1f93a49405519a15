"""The full medical invoice as a PDF: everything an insurer asks for, tagged for screen readers (PDF/UA-1).

WeasyPrint is imported when the first page is made, or shortly after a web process began (`warm`): it takes a second,
and a machine without Pango must still serve every other page.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

LAYOUT = Path(settings.ROOT) / "static" / "css" / "pdf.css"


def render(context: dict[str, Any], *, language: str) -> bytes:
    """The PDF of the facts in `context` (see `documents.facts`), in `language`."""
    return from_html(html(context, language=language))


def html(context: dict[str, Any], *, language: str) -> str:
    """The page as HTML, escaped: a name is text whatever stands in it."""
    with translation.override(language):
        return render_to_string("pdf/invoice.html", context | {"language": language})


def from_html(source: str) -> bytes:
    """`source` as tagged PDF with subset fonts. Nothing is fetched: no file, no address, no attachment."""
    from weasyprint import HTML

    stylesheet, fonts, fetcher = _shared()
    page = HTML(string=source, url_fetcher=fetcher)
    return page.write_pdf(stylesheets=[stylesheet], font_config=fonts, pdf_variant="pdf/ua-1")


def warm() -> None:
    """Make a page for nobody: what costs seconds once in a process (libraries, fonts, styles) is ready after it."""
    from_html('<html lang="nl"><title>0</title><h1>0</h1><table><tr><td>0</table>')


def qr_code(address: str, *, label: str) -> str:
    """`address` as an inline SVG that a phone's camera reads."""
    return segno.make(address, error="m").svg_inline(border=0, scale=1, title=label, omitsize=True, svgclass="qr")


@lru_cache(maxsize=1)
def _shared() -> tuple[Any, Any, Any]:
    """Stylesheet, fonts and fetcher, made once a process: parsing them costs more than a page.

    `allowed_protocols=()` is the wall: with the default fetcher a name like `<link rel=attachment href=file:…>`
    would put a file of this machine into the PDF.
    """
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    fonts, fetcher = FontConfiguration(), URLFetcher(allowed_protocols=())
    return CSS(string=LAYOUT.read_text(), font_config=fonts, url_fetcher=fetcher), fonts, fetcher
