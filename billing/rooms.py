"""What each room announces about itself, and all of it taken together.

A room is one concern of the people who use us: its models, rules, pages, desk and texts lie in one folder, and its
`room.py` says here what the rest of the product has to know of it. Whoever needs something of every room (the outbox,
the day's work, the staff site, the patient's page) asks the functions below and names no room. `billing`, `guests` and
`portal` announce themselves in the same way.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.functional import Promise

T = TypeVar("T")
Text = str | Promise
Row = Any  # an invoice, a message: the models stand on this file, so it can't name them
Report = Callable[[str, str], None]  # takes a path in what was handed in, and a sentence
# Whether a message may leave: None (now), a moment (not before), or why it is withdrawn.
Verdict = datetime | str | None


class Stops(StrEnum):
    """What a hold stops while it is active."""

    REMINDERS = "reminders"
    PAYMENT = "payment"
    PLANS = "plans"


@dataclass(frozen=True, slots=True)
class HoldReason:
    """Why an invoice rests, in words for the patient, and what rests with it."""

    label: Text
    stops: frozenset[Stops] = frozenset(Stops)


@dataclass(frozen=True, slots=True)
class MessageKind:
    """A kind of message: its texts are `templates/messages/<kind>.<language>.html`, the rest is said here.

    `needs`: the facts that its texts use. `may_send` is asked in the transaction that claims the message, and may
    lock and change rows of its own. `sent` and `failed` are told after the fact was committed, and by nobody again: a
    rule that must not miss it looks at the row as well. `bounced` is told with who reported it, in the transaction
    that writes it down, before the row is marked.
    """

    needs: frozenset[str] = frozenset()
    may_send: Callable[[Row, datetime], Verdict] | None = None
    sent: Callable[[Row], object] | None = None
    failed: Callable[[Row], object] | None = None
    bounced: Callable[[Row, str], object] | None = None


@dataclass(frozen=True, slots=True)
class Daily:
    """A rule of the day's work; `place` is its turn among those of all rooms, the lowest first."""

    place: int
    run: Callable[[date], object]


@dataclass(frozen=True, slots=True)
class Beat:
    """A task that beat starts, every so many seconds or by the clock; `expires` (s) drops one that waited too long.

    `urgent`: rules wake a worker for it, so where there is no broker to wake one it is started every second.
    """

    task: str
    schedule: Any
    expires: float
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """What staff see of a room: its tables in the order of the work (model names), and its part of the start page.

    The template `panel` shows what `facts` returns, as `panel`; its attribute `waiting` says how much waits.
    """

    tables: tuple[str, ...] = ()
    panel: str = ""
    facts: Callable[[HttpRequest], Any] | None = None


@dataclass(frozen=True, slots=True)
class InvoicePanel:
    """What the patient's page of an invoice says about a room.

    `facts` are annotations on the invoice's one query; the templates find them in `invoice.facts`.
    """

    facts: Mapping[str, Any]
    on_hold: str = ""  # a template, in the place of the general words about a hold with the reason `hold_reason`
    hold_reason: str = ""
    below: str = ""  # a template below the facts of the invoice


@dataclass(frozen=True, slots=True)
class Intake:
    """What a practice may say to a room when it hands in an invoice: `fields` of the invoice, a `check` of them
    against the total in cents, and what is done with the new invoices, in the transaction that makes them."""

    fields: Mapping[str, Any]
    check: Callable[[Mapping[str, Any], int, str, Report], None]
    accept: Callable[[Sequence[tuple[Row, Any]], date, str], object]


@dataclass(frozen=True, slots=True)
class Export:
    """What is held of a patient beside billing's rows: facts of one invoice under `title`, and its files."""

    title: Text
    facts: Callable[[Row], dict[str, Any] | None]
    documents: Callable[[Row], Iterable[tuple[str, bytes]]]


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of an invoice's timeline."""

    at: datetime
    what: str
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """All that the rest of the product knows of a room; what a room leaves out, it does not have."""

    patient_urls: Sequence[URLPattern] = ()
    desk: Desk = Desk()
    daily: Sequence[Daily] = ()
    beat: Mapping[str, Beat] = field(default_factory=dict)
    # Removes what is older than its term on a day, and says what it was and how many.
    retention: Callable[[date], dict[str, int]] | None = None
    export: Export | None = None
    messages: Mapping[str, MessageKind] = field(default_factory=dict)
    audit_labels: Mapping[str, str] = field(default_factory=dict)
    hold_reasons: Mapping[str, HoldReason] = field(default_factory=dict)
    staff_tasks: Mapping[str, Text] = field(default_factory=dict)
    invoice_panel: InvoicePanel | None = None
    timeline: Callable[[Row], Iterable[Happened]] | None = None
    intake: Intake | None = None
    # Adds what patients of the demo did, once the demo practices have their invoices.
    demo: Callable[[], object] | None = None


class Room(AppConfig):
    """The AppConfig of a room. `announce` runs once, when everything is loaded, so it may import the room's rules."""

    # The business numbers of the room, as settings. What a practice may choose itself lies in a table of the room.
    house_rules: Mapping[str, Any] = {}

    def announce(self) -> Announcement:
        """Say what the rest of the product has to know."""
        return Announcement()

    def ready(self) -> None:
        """Make the house rules settings, unless the settings module names others."""
        for name, default in self.house_rules.items():
            if not hasattr(settings, name):
                setattr(settings, name, default)


@cache
def announcements() -> tuple[Announcement, ...]:
    """What each installed room announces, in the order of INSTALLED_APPS."""
    return tuple(room.announce() for room in apps.get_app_configs() if isinstance(room, Room))


def _merged(of: Callable[[Announcement], Mapping[str, T]]) -> dict[str, T]:
    """The named things of all rooms. Raises ImproperlyConfigured when two rooms use one name."""
    found: dict[str, T] = {}
    for room in announcements():
        if twice := found.keys() & of(room).keys():
            raise ImproperlyConfigured(f"Two rooms announce {', '.join(sorted(twice))}.")
        found |= of(room)
    return found


@cache
def message_kinds() -> dict[str, MessageKind]:
    return _merged(lambda room: room.messages)


@cache
def audit_labels() -> dict[str, str]:
    return _merged(lambda room: room.audit_labels)


@cache
def hold_reasons() -> dict[str, HoldReason]:
    return _merged(lambda room: room.hold_reasons)


@cache
def reasons_stopping(what: Stops) -> tuple[str, ...]:
    """The reasons of a hold that stop `what`: the one place that decides it."""
    return tuple(name for name, reason in hold_reasons().items() if what in reason.stops)


def hold_reason_choices() -> Iterator[tuple[str, Text]]:
    return ((name, reason.label) for name, reason in hold_reasons().items())


def staff_task_choices() -> Iterator[tuple[str, Text]]:
    return iter(_merged(lambda room: room.staff_tasks).items())


@cache
def invoice_panels() -> tuple[InvoicePanel, ...]:
    return tuple(room.invoice_panel for room in announcements() if room.invoice_panel)


@cache
def intakes() -> tuple[Intake, ...]:
    return tuple(room.intake for room in announcements() if room.intake)


def exports() -> tuple[Export, ...]:
    return tuple(room.export for room in announcements() if room.export)
