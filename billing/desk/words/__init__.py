"""The details of an event of the audit trail in words for staff: what the trail keeps as names and codes.

The trail keeps codes, so that it stays true when a label changes. A name that says nothing to staff (the key of a row,
a digest) is left out.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any

from django.apps import apps
from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing import rooms
from billing.audit import NOTE
from billing.dunning.blockers import REASONS
from billing.models import AuditEvent, Staff
from billing.templatetags.money import euro

NAMES: dict[str, Any] = {
    "act": _("right"),
    "agb_code": _("AGB code"),
    "amount": _("amount"),
    "batch": _("file"),
    "count": _("how many"),
    "credit_note": _("credit note"),
    "decision": _("decision"),
    "due_on": _("last day"),
    "ending": _("ends in"),
    "ends_in": _("ends in"),
    "fields": _("fields"),
    "files": _("files"),
    "granted": _("clerks may"),
    "installments": _("instalments"),
    "format": _("format"),
    "keys": _("keys"),
    "kind": _("kind"),
    "list": _("list"),
    "new_due": _("to pay"),
    "number": _("number"),
    "on": _("day"),
    "order": _("order"),
    "payout": _("payout"),
    "reason": _("reason"),
    "reduction": _("reduction"),
    "role": _("role"),
    "rows": _("rows"),
    "scopes": _("what the key may do"),
    "sessions": _("sessions"),
    "staff": _("member of staff"),
    "to": _("to"),
    "total": _("total"),
    "until": _("until"),
    "was": _("was"),
    "what": _("what"),
    "why": _("reason"),
}
# Keys of rows, digests, and what stands elsewhere on the page: nothing that a person reads.
LEFT_OUT = frozenset(
    [
        "about",
        "changes",
        "digest",
        "endings",
        "enrolled",
        "held",
        "id",
        "line",
        "message",
        "provider",
        "sha256",
        "task",
        "through",
        "version",
    ]
)
_AMOUNTS = ("amount", "total", "new_due", "reduction")
_SHOWN_AT_MOST, _LONGEST = 50, 500  # of a list, and characters of one value
_CENTS = re.compile(r"[0-9]+\.[0-9]{2}")  # as the trail keeps an amount
_CODE = re.compile(r"[a-z]+(_[a-z]+)+")


def in_words(event: AuditEvent, written: Mapping[str, str]) -> str:
    """Return the details of an event as text, with what staff wrote (see `audit.words_of`); without what is erased."""
    shown = [
        f"{NAMES[name]}: {_value(name, value)}"
        for name, value in event.details.items()
        if name in NAMES and value not in ("", None, [], {})
    ]
    note = written.get(event.details.get(NOTE, ""))
    return ", ".join([*shown, *([note] if note else [])])


def _value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list | tuple):
        listed = ", ".join(_value(name, one) for one in value[:_SHOWN_AT_MOST])
        return listed if len(value) <= _SHOWN_AT_MOST else f"{listed}…"
    text = str(value)[:_LONGEST]
    if name == "fields":
        return ", ".join(_field(one) for one in text.split(", "))
    if name == "staff":
        member = Staff.objects.filter(pk=value).only("username").first() if text.isdigit() else None
        return member.username if member else text
    if (name in _AMOUNTS or _CENTS.fullmatch(text)) and (euros := _euros(text)) is not None:
        return euros
    if day := _day(text):
        return date_format(day, "SHORT_DATE_FORMAT")
    return _word(name, text)


def _euros(text: str) -> str | None:
    try:
        return euro(Decimal(text))
    except InvalidOperation:
        return None


def _day(text: str) -> Any:
    try:
        return parse_date(text) if len(text) == len("2026-01-31") else None
    except ValueError:
        return None


def _word(name: str, code: str) -> str:
    """Return the label of a code: of a right, of what stops letters, of a choice of any table."""
    if name == "act" and code in rooms.acts():
        return str(rooms.acts()[code].label)
    if name in ("reason", "why") and code in REASONS:
        return str(REASONS[code])
    if label := _labels().get(name, {}).get(code):
        return str(label)
    return gettext(code.replace("_", " ") if _CODE.fullmatch(code) else code)


@cache
def _labels() -> dict[str, dict[str, Any]]:
    """Return the labels of the choices of all tables, by the name of their column and the code."""
    found: dict[str, dict[str, Any]] = {}
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if field.choices:
                found.setdefault(field.name, {}).update({str(code): label for code, label in field.flatchoices})
    found["why"] = found.get("reason", {}) | found.get("why", {})
    found["was"] = found.get("status", {})
    return found


def _field(name: str) -> str:
    """Return the name of a column as forms call it."""
    for model in apps.get_models():
        if any(field.name == name for field in model._meta.concrete_fields):
            return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return gettext(name.replace("_", " "))
