"""The registry of rooms: the types of what a room announces about itself, and functions that combine all of it.

A room is one concern of our users: its models, rules, pages, desk and texts are in one folder, and its `room.py`
announces here what the rest of the product has to know about it. Code that needs something of every room (the outbox,
the day's work, the staff site, the patient's page) calls the functions below and names no room. `billing`, `guests`
and `portal` announce themselves in the same way.
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
from django.http.response import HttpResponseBase
from django.urls import URLPattern
from django.utils.functional import Promise

T = TypeVar("T")
Text = str | Promise
Row = Any  # an invoice, a message: the models import this module, so it can't name them
Report = Callable[[str, str, str], None]  # takes a path in the submitted data, a stable code, and a sentence
# Whether a message may be sent: None (now), a moment (not before), or why it is withdrawn.
Verdict = datetime | str | None


class Stops(StrEnum):
    """What a hold stops while it is active."""

    REMINDERS = "reminders"
    PAYMENT = "payment"
    PLANS = "plans"


@dataclass(frozen=True, slots=True)
class HoldReason:
    """Why an invoice is on hold, in words for the patient, and what the hold stops.

    `placed` and `ended` tell the patient, in the transaction of the act and with the invoice locked: the first gets the
    day of the 14-day letter that the hold voids (or None), the second the day of today. A room that writes its own
    mails about what happened leaves them out.
    """

    label: Text
    stops: frozenset[Stops] = frozenset(Stops)
    placed: Callable[[Row, date | None], object] | None = None
    ended: Callable[[Row, date], object] | None = None


@dataclass(frozen=True, slots=True)
class MessageKind:
    """A kind of message. Its texts are `templates/messages/<kind>.<language>.html`.

    `needs`: the facts that its texts use. `may_send` is called in the transaction that claims the message, and may lock
    and change rows of its own. `sent` and `failed` are called once, after the outcome was committed: a rule that must
    not miss it checks the row as well. `bounced` is called with who reported it, in the transaction that records it,
    before the row is marked.
    """

    needs: frozenset[str] = frozenset()
    may_send: Callable[[Row, datetime], Verdict] | None = None
    sent: Callable[[Row], object] | None = None
    failed: Callable[[Row], object] | None = None
    bounced: Callable[[Row, str], object] | None = None


@dataclass(frozen=True, slots=True)
class Daily:
    """A rule of the day's work; `place` orders the rules of all rooms, the lowest first."""

    place: int
    run: Callable[[date], object]


@dataclass(frozen=True, slots=True)
class Beat:
    """A task that Celery beat starts, every so many seconds or at a time of day; it expires after `expires` seconds.

    `urgent`: rules wake a worker for it, so without a broker it is started every second.
    """

    task: str
    schedule: Any
    expires: float
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A page of a room under /beheer/ that is no table: its route, and the roles that may open it (403 to others).

    With a `label` it stands in the menu of those roles. `admin:<name>` is its address.
    """

    route: str
    view: Callable[..., HttpResponseBase]
    name: str
    roles: frozenset[str]
    label: Text = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What staff see of a room: its tables (model names) in the order of work, pages, and its part of the start page.

    The template `panel` gets what `facts` returns as `panel`; its attribute `waiting` counts what is waiting. Who has
    nothing to see there gets None, and no panel.
    """

    tables: tuple[str, ...] = ()
    panel: str = ""
    facts: Callable[[HttpRequest], Any] | None = None
    pages: tuple[DeskPage, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the timeline that a patient reads; `what` names no care."""

    at: datetime
    what: Text


@dataclass(frozen=True, slots=True)
class InvoicePanel:
    """What the patient's page of an invoice says about a room.

    `facts` are annotations on the invoice's one query; the templates find them in `invoice.facts`. A hold needs none:
    `invoice.rests` has the reasons of all holds, each with its last day.
    """

    facts: Mapping[str, Any] = field(default_factory=dict)
    happened: Callable[[Mapping[str, Any]], Iterable["Told"]] | None = None  # from the facts, for the timeline there
    on_hold: str = ""  # a template, in the place of the general words about a hold with the reason `hold_reason`
    hold_reason: str = ""
    below: str = ""  # a template below the facts of the invoice
    if_wrong: str = ""  # the name of the page, of an invoice's token, for whoever finds something not right
    if_unable: str = ""  # the name of the page, of an invoice's token, for whoever can't pay it now


@dataclass(frozen=True, slots=True)
class Intake:
    """What a practice may submit to a room with an invoice: `fields` of the invoice, a `check` of them against the
    total in cents, and `accept` for the new invoices, in the transaction that creates them; `codes` are those of the
    errors that `check` reports, with what they mean."""

    fields: Mapping[str, Any]
    check: Callable[[Mapping[str, Any], int, str, Report], None]
    accept: Callable[[Sequence[tuple[Row, Any]], date, str], object]
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Export:
    """What a room holds about a patient besides billing's rows: facts of one invoice under `title`, and its files."""

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


@dataclass(frozen=True, slots=True)
class Demo:
    """What a room shows in the demo.

    `fields` returns its fields of an invoice by the end of the invoice's number, `shows` says in words which invoice
    is worth a look, and `seed` does what patients did, once the demo practices have handed in their invoices.
    """

    fields: Callable[[int], dict[str, Any]]
    shows: Mapping[int, Text]
    seed: Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """Everything that the rest of the product knows about a room; what it leaves out, it does not have."""

    patient_urls: Sequence[URLPattern] = ()
    desk: Desk = Desk()
    daily: Sequence[Daily] = ()
    beat: Mapping[str, Beat] = field(default_factory=dict)
    # Erases what is past its term on a day, and returns how many there were of each kind.
    retention: Callable[[date], dict[str, int]] | None = None
    export: Export | None = None
    messages: Mapping[str, MessageKind] = field(default_factory=dict)
    audit_labels: Mapping[str, str] = field(default_factory=dict)
    access_labels: Mapping[str, Text] = field(default_factory=dict)  # of `data` in the access log, for patients
    hold_reasons: Mapping[str, HoldReason] = field(default_factory=dict)
    staff_tasks: Mapping[str, Text] = field(default_factory=dict)
    invoice_panel: InvoicePanel | None = None
    timeline: Callable[[Row], Iterable[Happened]] | None = None
    # Ends what the room has under way about an invoice that is withdrawn, given who did it and the day. Called in the
    # transaction of the withdrawal, with the invoice locked.
    invoice_withdrawn: Callable[[Row, str, date], object] | None = None
    intake: Intake | None = None
    # Called in the transaction that books a payment, with the locked invoice and the entry.
    received: Callable[[Row, Row], object] | None = None
    # Takes over a credit that is to be paid by bank (a `RefundRequest` in its state `by_bank`) and returns whether it
    # does; called in the transaction that decides so, with the invoice locked.
    credit_payout: Callable[[Row], bool] | None = None
    # Yields a sentence for each contradiction between the books and what the room knows; part of `verify_ledger`.
    proof: Callable[[], Iterable[str]] | None = None
    # Looks again at what it decided about a locked invoice, because somebody was right; given who says so and when.
    # Returns whether there was something to look at again.
    look_again: Callable[[Row, str, datetime], bool] | None = None
    # Forgets what a browser was still writing, when somebody says that they are done: given the request and the answer.
    finished: Callable[[HttpRequest, Any], object] | None = None
    # Yields the checked files that the patient sent about an invoice. Medical data: the caller looks at who is asking.
    patient_files: Callable[[Row], Iterable[Row]] | None = None
    demo: Demo | None = None


class Room(AppConfig):
    """The AppConfig of a room. `announce` runs once, after all apps are loaded, so it may import the room's rules."""

    # The room's business settings with their defaults. What a practice may choose itself is in a table of the room.
    house_rules: Mapping[str, Any] = {}

    def announce(self) -> Announcement:
        """Return what the rest of the product has to know about the room."""
        return Announcement()

    def ready(self) -> None:
        """Add the house rules to the settings, unless the settings module overrides them."""
        for name, default in self.house_rules.items():
            if not hasattr(settings, name):
                setattr(settings, name, default)


@cache
def announcements() -> tuple[Announcement, ...]:
    """Return what each installed room announces, in the order of INSTALLED_APPS."""
    return tuple(room.announce() for room in apps.get_app_configs() if isinstance(room, Room))


def _merged(of: Callable[[Announcement], Mapping[str, T]]) -> dict[str, T]:
    """Merge one mapping of all rooms. Raises ImproperlyConfigured when two rooms use the same name."""
    merged: dict[str, T] = {}
    for room in announcements():
        if duplicates := merged.keys() & of(room).keys():
            raise ImproperlyConfigured(f"Two rooms announce {', '.join(sorted(duplicates))}.")
        merged |= of(room)
    return merged


@cache
def message_kinds() -> dict[str, MessageKind]:
    """Return the message kinds of all rooms by name."""
    return _merged(lambda room: room.messages)


@cache
def audit_labels() -> dict[str, str]:
    """Return the msgids of the labels of all rooms by audit action."""
    return _merged(lambda room: room.audit_labels)


@cache
def access_labels() -> dict[str, Text]:
    """Return what the access log calls the data that rooms show, in words for patients."""
    return _merged(lambda room: room.access_labels)


@cache
def hold_reasons() -> dict[str, HoldReason]:
    """Return the hold reasons of all rooms by name."""
    return _merged(lambda room: room.hold_reasons)


@cache
def reasons_stopping(what: Stops) -> tuple[str, ...]:
    """Return the hold reasons that stop `what`. The only place that decides it."""
    return tuple(name for name, reason in hold_reasons().items() if what in reason.stops)


@cache
def beats() -> dict[str, Beat]:
    """Return the entries of beat's timetable by name."""
    return _merged(lambda room: room.beat)


@cache
def intake_fields() -> dict[str, Any]:
    """Return the fields of an invoice that rooms add to those of billing."""
    return _merged(lambda room: room.intake.fields if room.intake else {})


def check_names() -> None:
    """Raise ImproperlyConfigured when two rooms use one name for anything."""
    for named in (message_kinds, audit_labels, access_labels, hold_reasons, staff_task_choices, beats, intake_fields):
        named()
    rules = [name for room in apps.get_app_configs() if isinstance(room, Room) for name in room.house_rules]
    pages = [str(page.name) for room in announcements() for page in room.patient_urls]
    if twice := {name for names in (rules, pages) for name in names if names.count(name) > 1}:
        raise ImproperlyConfigured(f"Two rooms announce {', '.join(sorted(twice))}.")


def hold_reason_choices() -> Iterator[tuple[str, Text]]:
    """Return the choices of `Hold.reason`."""
    return ((name, reason.label) for name, reason in hold_reasons().items())


def staff_task_choices() -> Iterator[tuple[str, Text]]:
    """Return the choices of `StaffTask.kind`."""
    return iter(_merged(lambda room: room.staff_tasks).items())


@cache
def invoice_panels() -> tuple[InvoicePanel, ...]:
    """Return the panels of all rooms for the patient's page of an invoice."""
    return tuple(room.invoice_panel for room in announcements() if room.invoice_panel)


@cache
def page_if_wrong() -> str:
    """Return the name of the page for whoever finds something not right with an invoice; empty when no room has one."""
    return next((panel.if_wrong for panel in invoice_panels() if panel.if_wrong), "")


@cache
def page_if_unable() -> str:
    """Return the name of the page for whoever can't pay an invoice now; empty when no room has one."""
    return next((panel.if_unable for panel in invoice_panels() if panel.if_unable), "")


@cache
def intakes() -> tuple[Intake, ...]:
    """Return the intakes of all rooms."""
    return tuple(room.intake for room in announcements() if room.intake)


def booked(invoice: Row, entry: Row) -> None:
    """Let every room react to a payment that was just booked on a locked invoice."""
    for room in announcements():
        if room.received:
            room.received(invoice, entry)


def end_for_withdrawn(invoice: Row, *, by: str, today: date) -> None:
    """End in every room what is under way about a locked invoice that is withdrawn."""
    for room in announcements():
        if room.invoice_withdrawn:
            room.invoice_withdrawn(invoice, by, today)


def credit_payout(request: Row) -> bool:
    """Let a room take over a credit to be paid by bank; return whether one did."""
    return any(room.credit_payout(request) for room in announcements() if room.credit_payout)


def contradictions() -> Iterator[str]:
    """Yield each contradiction between the books and what the rooms know, as a sentence that names only keys."""
    for room in announcements():
        if room.proof:
            yield from room.proof()


def patient_files(invoice: Row) -> Iterator[Row]:
    """Yield the checked files of all rooms that the patient sent about an invoice."""
    for room in announcements():
        if room.patient_files:
            yield from room.patient_files(invoice)


def look_again(invoice: Row, *, by: str, now: datetime) -> bool:
    """Let the rooms look again at what they decided about a locked invoice; return whether one does."""
    looked = [room.look_again(invoice, by, now) for room in announcements() if room.look_again]
    return any(looked)


def finish(request: HttpRequest, response: Any) -> None:
    """Let every room forget what this browser was still writing."""
    for room in announcements():
        if room.finished:
            room.finished(request, response)


def exports() -> tuple[Export, ...]:
    """Return the exports of all rooms."""
    return tuple(room.export for room in announcements() if room.export)
