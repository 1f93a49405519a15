"""Payment dates as a file for the reader's own calendar (iCalendar, RFC 5545).

It ends up in calendars that family and colleagues may see: it says that an invoice is to be paid and where, never the
amount, the provider or the care.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import translation
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from icalendar import CLASS, Alarm, Calendar, Event

from billing.models import Installment

CONTENT_TYPE = "text/calendar; charset=utf-8"


def calendar_file(installments: Iterable[Installment], *, language: str, made_at: datetime) -> str:
    """Return the file: an all-day entry for each date, with an alarm at 09:00 on the day before."""
    host = settings.PUBLIC_URL.partition("://")[2].partition(":")[0]
    calendar = Calendar({"VERSION": "2.0", "PRODID": "-//Zorgrekening//Zorgrekening//NL", "METHOD": "PUBLISH"})
    with translation.override(language):
        title, text = _("Pay invoice"), _("Pay at %(address)s") % {"address": settings.PUBLIC_URL}
    for installment in installments:
        entry = Event.new(
            uid=_name(installment, host),
            stamp=made_at,
            start=installment.due_on,
            end=installment.due_on + timedelta(days=1),
            summary=title,
            description=text,
            url=settings.PUBLIC_URL,
            classification=CLASS.PRIVATE,
        )
        entry.add("TRANSP", "TRANSPARENT")
        alarm = Alarm({"ACTION": "DISPLAY", "DESCRIPTION": title})
        alarm.add("TRIGGER", timedelta(hours=-15))
        entry.add_component(alarm)
        calendar.add_component(entry)
    return calendar.to_ical().decode()


def _name(installment: Installment, host: str) -> str:
    """Return a stable UID, so that importing a date twice gives one entry; it reveals no number."""
    digest = salted_hmac("billing.plans.calendar_file", str(installment.pk), algorithm="sha256").hexdigest()
    return f"{digest[:32]}@{host}"
