"""The registry of rooms: functions that combine what rooms announce about themselves.

A room is one concern of our users: its models, rules, pages, desk and texts are in one folder, and its `room.py`
announces here what the rest of the product has to know about it. Code that needs something of every room (the outbox,
the day's work, the staff site, the patient's page) calls the functions below and names no room. `billing`, `guests`
and `portal` announce themselves in the same way. What can be announced: `announced.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest

from billing.rooms.announced import (
    Act,
    Announcement,
    Answer,
    Beat,
    Case,
    Choice,
    ComplaintIntake,
    Contact,
    Daily,
    Demo,
    Elsewhere,
    Export,
    FirstStep,
    HandOver,
    Happened,
    Held,
    HoldReason,
    Intake,
    InvoicePanel,
    MessageKind,
    Report,
    Stops,
    Told,
    Unit,
    Verdict,
    Watched,
)
from billing.rooms.app import Room
from billing.rooms.collectors import Collector
from billing.rooms.desk import CameIn, Desk, DeskPage, Figure, FigureOf, Row, Text
from billing.rooms.languages import Core, Explained
from billing.rooms.payouts import PaidOut, PayoutLine, Payouts

__all__ = [
    "Act",
    "Announcement",
    "Answer",
    "Beat",
    "CameIn",
    "Case",
    "Choice",
    "Collector",
    "ComplaintIntake",
    "Contact",
    "Daily",
    "Demo",
    "Desk",
    "DeskPage",
    "Elsewhere",
    "Export",
    "Figure",
    "FigureOf",
    "FirstStep",
    "HandOver",
    "Happened",
    "Held",
    "HoldReason",
    "Intake",
    "InvoicePanel",
    "MessageKind",
    "PaidOut",
    "PayoutLine",
    "Payouts",
    "Report",
    "Room",
    "Row",
    "Stops",
    "Text",
    "Told",
    "Unit",
    "Verdict",
    "Watched",
]

T = TypeVar("T")


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
def acts() -> dict[str, Act]:
    """Return what staff do at the desk, by name; `billing.rights.may` tells who may."""
    return _merged(lambda room: room.acts)


@cache
def access_labels() -> dict[str, Text]:
    """Return what the access log calls the data that rooms show, in words for patients."""
    return _merged(lambda room: room.access_labels)


@cache
def hold_reasons() -> dict[str, HoldReason]:
    """Return the hold reasons of all rooms by name."""
    return _merged(lambda room: room.hold_reasons)


@cache
def cores() -> tuple[Core, ...]:
    """Return what each room has in every language that guests can read."""
    return tuple(room.core for room in announcements())


@cache
def explained_letters() -> dict[str, Explained]:
    """Return the letters in short, by their kind of message."""
    return _merged(lambda room: room.core.letters)


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


@cache
def figures() -> dict[str, FigureOf]:
    """Return what makes the figures of the desk, by name: billing's first, then those of rooms."""
    return _merged(lambda room: room.desk.figures)


def came_in(staff: Row, day: date) -> list[CameIn]:
    """Return what came in on a day, of what `staff` may see, billing's first; without what there is none of."""
    desks = (room.desk for room in announcements() if room.desk.came_in)
    return [one for desk in desks if desk.came_in for one in desk.came_in(staff, day) if one.amount]


def check_names() -> None:
    """Raise ImproperlyConfigured when two rooms use one name for anything."""
    merged = (message_kinds, audit_labels, acts, access_labels, hold_reasons, beats, intake_fields, figures, answers)
    for named in (*merged, staff_task_choices, choices, watched):
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
def task_pages() -> dict[str, str]:
    """Return the names of the desk's pages where tasks are decided, by kind of task."""
    return _merged(lambda room: room.task_pages)


@cache
def invoice_panels() -> tuple[InvoicePanel, ...]:
    """Return the panels of all rooms for the patient's page of an invoice."""
    return tuple(room.invoice_panel for room in announcements() if room.invoice_panel)


def kept() -> Iterator[str]:
    """Yield how long each room keeps what is about patients, in the reader's language."""
    for room in announcements():
        for rule, says in room.kept.items():
            yield str(says) % {"count": getattr(settings, rule)}


@cache
def page_if_wrong() -> str:
    """Return the name of the page for whoever finds something not right with an invoice; empty when no room has one."""
    return next((panel.if_wrong for panel in invoice_panels() if panel.if_wrong), "")


@cache
def complaint_intake() -> ComplaintIntake | None:
    """Return how staff make a complaint of what a patient said elsewhere; None when no room takes one."""
    return next((room.complaint_intake for room in announcements() if room.complaint_intake), None)


@cache
def page_if_unable() -> str:
    """Return the name of the page for whoever can't pay an invoice now; empty when no room has one."""
    return next((panel.if_unable for panel in invoice_panels() if panel.if_unable), "")


def warnings() -> list[str]:
    """Return what everybody who looks an invoice up should beware of now, in the reader's language."""
    return [said for room in announcements() if room.warning and (said := room.warning())]


def bodies() -> tuple[tuple[str, str], ...]:
    """Return the bodies outside that our pages and messages name: address on the web and number of each."""
    return tuple(body for room in announcements() for body in room.bodies)


def collectors() -> list[Collector]:
    """Return who collects claims of ours now."""
    return [one for room in announcements() if room.collectors for one in room.collectors()]


@cache
def intakes() -> tuple[Intake, ...]:
    """Return the intakes of all rooms."""
    return tuple(room.intake for room in announcements() if room.intake)


def booked(received: Sequence[tuple[Row, Row]]) -> set[int]:
    """Let every room react to payments just booked, each a locked invoice and its entry; return where one booked more.

    That is the keys of the invoices whose balance changed in turn.
    """
    return {key for room in announcements() if room.received for key in room.received(received)}


def end_for_withdrawn(invoice: Row, *, by: str, today: date) -> None:
    """End in every room what is under way about a locked invoice that is withdrawn."""
    for room in announcements():
        if room.invoice_withdrawn:
            room.invoice_withdrawn(invoice, by, today)


def credit_payout(request: Row) -> bool:
    """Let a room take over a credit to be paid by bank; return whether one did."""
    return any(room.credit_payout(request) for room in announcements() if room.credit_payout)


def payouts(provider: Row, *, after: int, limit: int) -> Sequence[PaidOut]:
    """Return what a practice was paid, from behind a key on; nothing where no room pays."""
    told = next((room.payouts for room in announcements() if room.payouts), None)
    return told.listed(provider, after, limit) if told else ()


def payout_lines(provider: Row, number: str, *, after: int, limit: int) -> Sequence[PayoutLine] | None:
    """Return the lines of a payout of this practice, from behind a key on; None for one that is not theirs."""
    told = next((room.payouts for room in announcements() if room.payouts), None)
    return told.lines(provider, number, after, limit) if told else None


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


def cases_of(staff: Row, patient: Row) -> list[Case]:
    """Return what the rooms have about a patient that this member of staff may see, the newest first."""
    found = [case for room in announcements() if room.cases for case in room.cases(staff, patient)]
    return sorted(found, key=lambda case: case.since, reverse=True)


def invoice_links(staff: Row, invoice: Row) -> list[tuple[str, Text]]:
    """Return the links of all rooms for the desk's page of an invoice: address and label."""
    return [link for room in announcements() if room.invoice_links for link in room.invoice_links(staff, invoice)]


def look_again(invoice: Row, *, by: str, now: datetime) -> bool:
    """Let the rooms look again at what they decided about a locked invoice; return whether one does."""
    looked = [room.look_again(invoice, by, now) for room in announcements() if room.look_again]
    return any(looked)


def what_helps(invoice: Row, *, today: date) -> list[str]:
    """Return what helps the patient of an invoice, in words for staff who act on it."""
    found = [room.what_helps(invoice, today) for room in announcements() if room.what_helps]
    return [str(words) for of_room in found for words in of_room]


def is_handed_over(invoice: Row) -> bool:
    """Tell whether a room handed an invoice over to somebody else, such as an agency, and it is still there."""
    return any(room.hand_over.stands(invoice) for room in announcements() if room.hand_over)


def handed_over_after(invoice: Row, moment: datetime) -> bool:
    """Tell whether an invoice was handed over after `moment` and is still there: what was true by then is new to it."""
    since = (room.hand_over.since(invoice) for room in announcements() if room.hand_over and room.hand_over.since)
    return any(at is not None and at > moment for at in since)


def recall(invoices: Sequence[Row], *, reason: str, by: str, today: date) -> set[int]:
    """Let the rooms take locked invoices back from whoever they handed them over to; return the keys of those."""
    of_rooms = (room.hand_over for room in announcements() if room.hand_over)
    return {key for handed in of_rooms for key in handed.recall(invoices, reason, by, today)}


def kept_back(invoice: Row) -> Iterator[Text]:
    """Yield why no room lets anybody else collect a locked invoice now, in words for staff."""
    for room in announcements():
        if room.kept_back:
            yield from room.kept_back(invoice)


def finish(request: HttpRequest, response: Any) -> None:
    """Let every room forget what this browser was still writing."""
    for room in announcements():
        if room.finished:
            room.finished(request, response)


@cache
def watched() -> dict[str, Watched]:
    """Return what has to happen every so often, beside periodic tasks, in all rooms, by the name of its last run."""
    return _merged(lambda room: room.watched)


def wait_for_second() -> Iterator[tuple[int, str]]:
    """Yield of what waits for a second person in all rooms the key of its practice, and who asked."""
    for room in announcements():
        if room.waits_for_second:
            yield from room.waits_for_second()


@cache
def choices() -> dict[str, Choice]:
    """Return the house rules of all rooms in place of which a practice may choose, by name."""
    return _merged(lambda room: {choice.name: choice for choice in room.choices})


def first_steps(provider: Row, staff: Row) -> Iterator[FirstStep]:
    """Yield the steps of the first day of a practice, of all rooms, for this member of staff."""
    for room in announcements():
        if room.first_steps:
            yield from room.first_steps(provider, staff)


@cache
def answers() -> dict[str, Callable[[Row, date], Answer | None]]:
    """Return what answers a question from the state of an invoice, by the entry of the FAQ that it stands in for."""
    return _merged(lambda room: room.answers)


def exports() -> tuple[Export, ...]:
    """Return the exports of all rooms."""
    return tuple(room.export for room in announcements() if room.export)
