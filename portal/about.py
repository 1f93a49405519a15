"""Who runs this site and by which rules: privacy, terms, contact, accessibility. For everybody, without an invoice."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import get_language_info
from django.views.decorators.http import require_safe

from billing import office_hours

# The relay that the Minister appointed through October 2028 (Telecommunicatiewet, universal service): free to use since
# October 2023, by text and in Dutch Sign Language.
TEXT_RELAY = "https://www.kpnteletolk.nl/"
PAGES = ("privacy", "terms", "contact", "accessibility")


@require_safe
def show(request: HttpRequest, page: str) -> HttpResponse:
    """Show one of PAGES in the reader's language; the numbers in it are those by which the product works."""
    context = {"house": settings} | (_reached() if page == "contact" else {})
    return render(request, f"about/{page}.{translation.get_language()}.html", context)


def _reached() -> dict[str, Any]:
    """Return when our desk answers, and in which languages."""
    return {
        "text_relay": TEXT_RELAY,
        "week": office_hours.week_in_words(),
        "differs": office_hours.days_that_differ(timezone.localdate()),
        "languages": [
            str(get_language_info(code)["name_translated"]).capitalize() for code in settings.OFFICE_LANGUAGES
        ],
    }
