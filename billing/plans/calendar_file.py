"""Dates to pay as a file for the reader's own calendar (iCalendar, RFC 5545).

It lands in calendars that family and colleagues may see: it says that an invoice is to be paid and where, never how
much, to whom or what for.
"""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from billing.models import Installment

CONTENT_TYPE = "text/calendar; charset=utf-8"
_LINE_OCTETS = 75


def calendar_file(installments: Iterable[Installment], *, language: str, made_at: datetime) -> str:
    """An all-day entry for each date, with an alarm at nine in the morning of the day before."""
    host = settings.PUBLIC_URL.partition("://")[2].partition(":")[0]
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Zorgrekening//Zorgrekening//NL", "METHOD:PUBLISH"]
    with translation.override(language):
        title, text = _("Pay invoice"), _("Pay at %(address)s") % {"address": settings.PUBLIC_URL}
    for installment in installments:
        lines += _entry(installment.due_on, _name(installment, host), title=title, text=text, made_at=made_at)
    return "".join(_folded(line) + "\r\n" for line in [*lines, "END:VCALENDAR"])


def _name(installment: Installment, host: str) -> str:
    """The same for the same date whenever it is made, so that importing it twice gives one entry; tells no number."""
    digest = salted_hmac("billing.plans.calendar_file", str(installment.pk), algorithm="sha256").hexdigest()
    return f"{digest[:32]}@{host}"


def _entry(day: date, name: str, *, title: str, text: str, made_at: datetime) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{name}",
        f"DTSTAMP:{made_at:%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escaped(title)}",
        f"DESCRIPTION:{_escaped(text)}",
        f"URL:{settings.PUBLIC_URL}",
        "CLASS:PRIVATE",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_escaped(title)}",
        "TRIGGER:-PT15H",
        "END:VALARM",
        "END:VEVENT",
    ]


def _escaped(text: str) -> str:
    for special in ("\\", ";", ","):
        text = text.replace(special, f"\\{special}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    """`line` in pieces of at most 75 octets, each next one after a space; no character is cut."""
    pieces, piece = [], ""
    for character in line:
        if len((piece + character).encode()) > _LINE_OCTETS:
            pieces.append(piece)
            piece = " "
        piece += character
    return "\r\n".join([*pieces, piece])
