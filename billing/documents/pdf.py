"""Pages as PDF files, tagged for screen readers (PDF/UA-1).

Only workers draw. WeasyPrint is imported when the first page is rendered: it takes a second, and a machine without
Pango must still serve every page.
"""

import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

LAYOUT = Path(settings.ROOT) / "static" / "css" / "pdf.css"


def render(context: dict[str, Any], *, language: str, template: str = "pdf/invoice.html") -> bytes:
    """Return the PDF of the facts in `context` (see `full_invoice.facts`) in `language`."""
    return from_html(html(context, language=language, template=template))


def html(context: dict[str, Any], *, language: str, template: str = "pdf/invoice.html") -> str:
    """Return the page as escaped HTML: a name is text, whatever it contains."""
    with translation.override(language):
        return render_to_string(template, context | {"language": language})


def from_html(source: str) -> bytes:
    """Return `source` as tagged PDF with subset fonts. Nothing is fetched: no file, no URL, no attachment."""
    from weasyprint import HTML

    stylesheet, fonts, fetcher = _shared()
    page = HTML(string=source, url_fetcher=fetcher)
    return page.write_pdf(stylesheets=[stylesheet], font_config=fonts, pdf_variant="pdf/ua-1")


def refuse() -> None:
    """Let this process draw nothing from now on: a web process, in which every other page would wait for it."""
    sys.modules["weasyprint"] = None  # type: ignore[assignment]  # what imports it then gets an ImportError


@lru_cache(maxsize=1)
def _shared() -> tuple[Any, Any, Any]:
    """Return stylesheet, fonts and fetcher, made once per process: parsing them costs more than a page.

    `allowed_protocols=()` isolates it: with the default fetcher, text like `<link rel=attachment href=file:…>` would
    embed a file of this machine in the PDF.
    """
    from weasyprint import CSS
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import URLFetcher

    fonts, fetcher = FontConfiguration(), URLFetcher(allowed_protocols=())
    return CSS(string=LAYOUT.read_text(), font_config=fonts, url_fetcher=fetcher), fonts, fetcher
