"""Who runs this site and by which rules: for everybody, without an invoice. What can be counted is not written down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from email.utils import parseaddr
from typing import Any

from babel import Locale
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from billing import office_hours, rooms
from guests import kept

# The relay that the Minister appointed through October 2028 (Telecommunicatiewet, universal service): free to use since
# October 2023, by text and in Dutch Sign Language.
TEXT_RELAY = "https://www.kpnteletolk.nl/"
# The pages and their addresses.
PAGES = {
    "privacy": "privacy",
    "cookies": "cookies",
    "terms": "voorwaarden",
    "contact": "contact",
    "who_we_are": "wie-wij-zijn",
    "accessibility": "toegankelijkheid",
    "security": "beveiliging",
}
ACCESSIBILITY_CHECKED_ON = date(2026, 11, 29)


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie of ours on the pages of patients: its name, what it is for, and how long it stays."""

    name: str
    purpose: Promise
    stays: Promise


def cookies() -> Iterator[Cookie]:
    """Yield every cookie that we may set in the browser of a patient."""
    session = _("until you close your browser")
    yield Cookie(settings.SESSION_COOKIE_NAME, _("keeps your invoice open for you"), session)
    yield Cookie(settings.CSRF_COOKIE_NAME, _("protects forms, so that nobody sends one in your name"), _("1 year"))
    yield Cookie(settings.LANGUAGE_COOKIE_NAME, _("remembers the language that you chose"), _("1 year"))
    yield Cookie(settings.MESSAGE_COOKIE_NAME, _("passes a message on to the next page"), session)
    yield Cookie(kept.cookie_name(), _("keeps what you filled in when your page closed"), _("15 minutes"))


@require_safe
def show(request: HttpRequest, page: str) -> HttpResponse:
    """Show one of PAGES in the reader's language; the numbers in it are those by which the product works."""
    facts: dict[str, Any] = {
        "house": settings,
        "cookies": cookies(),
        "kept": rooms.kept(),
        "checked_on": ACCESSIBILITY_CHECKED_ON,
        "security_contact": parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
    }
    if page == "privacy":
        facts["processors"] = list(_processors())
    if page == "contact":
        facts |= _reached()
    return render(request, f"about/{page}.{translation.get_language()}.html", facts)


@dataclass(frozen=True, slots=True)
class ProcessorShown:
    """A company that processes data for us, in the reader's language; `guarantee` empty: within the EEA."""

    name: str
    does: str
    country: str
    guarantee: str


def _processors() -> Iterator[ProcessorShown]:
    language = "nl" if translation.get_language() == "nl" else "en"
    countries = Locale(language).territories
    for one in settings.PROCESSORS:
        does = one.does_nl if language == "nl" else one.does_en
        yield ProcessorShown(one.name, does, countries.get(one.country, one.country), one.guarantee)


def _reached() -> dict[str, Any]:
    """Return when our desk answers, and in which languages."""
    return {
        "text_relay": TEXT_RELAY,
        "week": office_hours.week_in_words(),
        "differs": office_hours.days_that_differ(timezone.localdate()),
        "languages": office_hours.languages_in_words(),
    }
