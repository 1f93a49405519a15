"""Failures on demand: `POST /sandbox/faults` sets them, `GET` shows them, `DELETE` clears them all.

The body is a JSON object with any of these sections; a POST replaces the sections it names and leaves the others.

    {"create":  {"kind": "timeout_after_commit", "times": 2, "hang_ms": 15000},
     "get":     {"kind": "503"},
     "refund":  {"kind": "500"},
     "api":     {"delay_ms": 250},
     "webhook": {"delay_s": 2, "drop": true, "double": true, "reorder": true},
     "smtp":    {"to": "*@full.example", "refuse": "452"},
     "sms":     {"kind": "503", "times": 1}}

`times` is how often the fault occurs; without it, until cleared. A string stands for its kind, and `times`,
`hang_ms` and `delay_ms` may then stand beside it: `{"create": "500", "times": 1}`. `delay_ms` alone slows every
call of the payment API.

Kinds, for create, get, refund and sms:
    timeout_before_commit   hangs `hang_ms` (15 s), stores nothing, then 504
    timeout_after_commit    does the work, then hangs `hang_ms`, then 504: the caller can't know
    400 401 403 404 409 410 422 429 500 502 503 504   that answer, nothing done (429 and 503 say Retry-After: 1)
    html                    502 with a web page of some proxy
    bare                    500 as JSON without its usual fields
    null                    200 with the body `null`
    lost                    sms only: accepted, but never arrives
webhook: `delay_s` later; `drop` never sent; `double` sent twice; `reorder` held back half a second, newest first.
smtp: `to` is a pattern (default *); one of `refuse` (an SMTP code, for that recipient), `drop_after_data` (stored, but
    the connection breaks before the answer), `lose` (the same, not stored), `slow_ms` (answers late).
"""

from fnmatch import fnmatchcase
from typing import Any

from django.db.models import F

from sandbox.models import Fault

SECTIONS = ("create", "get", "refund", "api", "webhook", "smtp", "sms")
DEFAULT_HANG_MS = 15_000
STATUSES = ("400", "401", "403", "404", "409", "410", "422", "429", "500", "502", "503", "504")
KINDS = ("timeout_before_commit", "timeout_after_commit", "html", "bare", "null", "lost", *STATUSES)
_BESIDE = ("times", "hang_ms", "delay_ms")


def configure(body: dict[str, Any]) -> None:
    """Set the sections named in `body`. Raises ValueError, with a sentence, when it is not valid."""
    beside = {name: body[name] for name in _BESIDE if name in body}
    sections = {name: value for name, value in body.items() if name not in _BESIDE}
    if not sections and "delay_ms" in beside:
        sections = {"api": {}}
    rows = {name: _section(name, value, beside) for name, value in sections.items()}
    for name, settings in rows.items():
        times = settings.pop("times", None)
        Fault.objects.update_or_create(section=name, defaults={"settings": settings, "times_left": times})


def _section(name: str, value: object, beside: dict[str, Any]) -> dict[str, Any]:
    if name not in SECTIONS:
        raise ValueError(f"{name} is not one of {', '.join(SECTIONS)}")
    if isinstance(value, str):
        value = {"kind": value}
    if not isinstance(value, dict):
        raise ValueError(f"{name} must be an object or the name of a kind")
    settings = beside | value
    if "kind" in settings and settings["kind"] not in KINDS:
        raise ValueError(f"{name}: kind is not one of {', '.join(KINDS)}")
    times = settings.get("times")
    if times is not None and not (isinstance(times, int) and times >= 0):
        raise ValueError(f"{name}: times must be a whole number")
    return settings


def clear() -> None:
    """Remove all faults."""
    Fault.objects.all().delete()


def shown() -> dict[str, Any]:
    """Return the present faults, with what is left of `times`."""
    return {
        row.section: row.settings | ({} if row.times_left is None else {"times": row.times_left})
        for row in Fault.objects.order_by("section")
    }


def peek(section: str) -> dict[str, Any]:
    """Return the settings of a section, without using up one of its `times`."""
    return Fault.objects.filter(section=section).values_list("settings", flat=True).first() or {}


def take(section: str, *, to: str = "", having: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the settings of the fault that occurs now, using up one of its `times`; an empty dict when none does.

    `to` is matched with the fault's pattern; with `having` only a fault with one of those settings counts.
    """
    fault = Fault.objects.filter(section=section).first()
    if fault is None or not fnmatchcase(to.lower(), str(fault.settings.get("to", "*")).lower()):
        return {}
    if having and not any(name in fault.settings for name in having):
        return {}
    if fault.times_left is None:
        return fault.settings
    # Compare-and-set, so that a fault for one call hits only one of many parallel calls.
    is_hit = Fault.objects.filter(pk=fault.pk, times_left__gt=0).update(times_left=F("times_left") - 1)
    return fault.settings if is_hit else {}
