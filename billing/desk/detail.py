"""The display of a row: coloured badges, links, and the tables below its fields."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib.admin.helpers import ActionForm
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.models import Invoice
from billing.templatetags.money import euro

# The words of a label carry its meaning; the colour only helps: done, in progress, needs a person, ended badly.
TONES = {
    "good": ("paid", "sent", "refunded", "taken"),
    "busy": ("open", "pending", "queued", "sending", "new", "creating", "processing", "on_hold", "planned", "composed"),
    "alarm": ("overdue", "in_doubt", "create_unknown", "quarantined"),
    "bad": ("failed", "rejected", "chargeback", "void"),
}
_AMOUNT = 'class="amount"'
_DAY = re.compile(r"[0-9]{2}[-/][0-9]{2}[-/][0-9]{4}")
_TONE = {status: tone for tone, statuses in TONES.items() for status in statuses}


class ReasonForm(ActionForm):
    note = forms.CharField(label=_("Reason"), max_length=200, required=False)  # the rules reject an act without one


@dataclass(frozen=True, slots=True)
class Section:
    """A table on the page of a row; every line has a cell for every column."""

    title: str
    columns: Sequence[Any]
    lines: Sequence[Sequence[Any]] = field(default_factory=tuple)
    empty: str = ""

    @property
    def heads(self) -> list[tuple[Any, bool]]:
        """Return the columns, each with whether amounts stand below it, which are aligned to the right."""
        first = self.lines[0] if self.lines else ["" for _column in self.columns]
        return [(column, _AMOUNT in str(cell)) for column, cell in zip(self.columns, first, strict=True)]

    @property
    def labelled(self) -> list[list[tuple[Any, Any]]]:
        """Return the lines as (column, cell) pairs, so that a phone can show a line as a card."""
        return [list(zip(self.columns, map(_whole, line), strict=True)) for line in self.lines]


def _whole(cell: Any) -> Any:
    """Return a cell whose day does not break at its dashes."""
    return format_html('<span class="whole">{}</span>', cell) if _DAY.fullmatch(str(cell)) else cell


def badge(status: str, label: Any) -> SafeString:
    return format_html('<span class="badge badge-{}">{}</span>', _TONE.get(status, "over"), label)


def status_badge(row: Any) -> SafeString:
    """Return the badge of a row whose `status` has choices."""
    return badge(row.status, row.get_status_display())


def link_to(row: Model | None, text: Any = None) -> Any:
    """Return a link to the page of `row`, without another query; a dash for None."""
    if row is None:
        return "–"
    url = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', url, text or str(row))


def moment(at: datetime | None) -> str:
    """Format date and time for staff; a dash for None."""
    return (
        date_format(timezone.localtime(at), "SHORT_DATE_FORMAT") + date_format(timezone.localtime(at), " H:i")
        if at
        else "–"
    )


def short_day(day: date | None) -> str:
    """Format a day for staff; a dash for None."""
    return date_format(day, "SHORT_DATE_FORMAT") if day else "–"


def amount(value: Any) -> SafeString:
    return format_html('<span class="amount">{}</span>', euro(value))


def helps_section(invoice: Invoice) -> list[Section]:
    """Return what helps the patient of an invoice, as rooms know it, as a section; nothing when nobody asked for it."""
    found = [] if invoice.erased_at else rooms.what_helps(invoice, today=timezone.localdate())
    lines = [[words] for words in found]
    return [Section(gettext("What helps this patient"), [_("what helps")], lines)] if lines else []
