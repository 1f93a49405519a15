"""By when a complaint is answered: what the law demands, what we promise, and on which calendar each is counted.

A promise that falls on a free day moves back to the day before it: moving it on would break it. A term of the law moves
on to the next working day (Algemene termijnenwet art. 1). The days that the law counts as free in favour of a debtor
(Good Friday, 5 May, equated days) are ordinary days at our desk: counting them as free would only make us slower.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache

from billing.law.calendar import (
    AMSTERDAM,
    DAY,
    SATURDAY,
    is_working_day,
    monthly_dates,
    roll_to_working_day,
    working_days_after,
)
from billing.office_hours import is_desk_day


class Calendar(StrEnum):
    """Whose working days are counted."""

    LAW = "law"  # the Dutch law's, which favours the patient
    DESK = "desk"  # ours
    BELGIUM = "belgium"


@dataclass(frozen=True, slots=True)
class Procedure:
    """The terms of a procedure for complaints. Days are calendar days unless `_working_days` says otherwise.

    `answer_days` is the promise and `legal_days` the end by law or by the procedure's own rules; None: no such step.
    """

    calendar: Calendar
    acknowledge_days: int | None = None
    acknowledge_working_days: int | None = None
    admissible_working_days: int | None = None
    status_every_days: int = 21
    answer_days: int = 21
    legal_days: int = 42
    extended_days: int = 70  # from the receipt, once, with a reason told before the legal end
    second_line_days: int | None = None
    second_line_legal_days: int | None = None


# A procedure is chosen by the operator (COMPLAINTS_PROCEDURE). Sources: Wet kwaliteit incassodienstverlening art. 13
# lid 5 (acknowledgement within two working days), Wkkgz art. 17 (six weeks, once four more); the others by their own
# published rules: Zorg en Zekerheid aims at three weeks, Solidaris acknowledges within eight days and tells the state
# every three weeks.
PROCEDURES = {
    "ours": Procedure(
        Calendar.DESK, acknowledge_working_days=2, admissible_working_days=5,
        second_line_days=28, second_line_legal_days=42,
    ),
    "zorg-en-zekerheid": Procedure(Calendar.LAW, acknowledge_working_days=2, answer_days=21, legal_days=42),
    "solidaris": Procedure(Calendar.BELGIUM, acknowledge_days=8, answer_days=42, legal_days=42, second_line_days=42),
}  # fmt: skip

FREEZE_AFTER_ANSWER_DAYS = 14  # the last of them included
ESCALATION_DAYS = 42  # later a person decides
PROOF_DAYS, PROOF_REMINDER_DAYS = 14, 7
DRAFT_HOURS = 24  # in which what was begun can be finished
ASK_AGAIN_DAYS = 90  # how a complaint stands at another body


@dataclass(frozen=True, slots=True)
class Dates:
    """What was promised about a complaint received on `received_on`, and when the law would be broken."""

    received_on: date
    acknowledge_by: date
    admissible_by: date | None
    answer_by: date
    legal_end: date
    extended_answer_by: date
    extended_end: date


def received_on(moment: datetime) -> date:
    """Return the day of receipt in Amsterdam: a complaint counts from the day on which it came, at whatever hour."""
    if moment.tzinfo is None:
        raise ValueError("a moment has a time zone")
    return moment.astimezone(AMSTERDAM).date()


def dates(procedure: Procedure, received: date) -> Dates:
    """Return the dates of a complaint received on `received`, which is day 0."""
    working = _WORKING[procedure.calendar]
    if procedure.acknowledge_working_days is not None:
        acknowledge = working_days_after(received, procedure.acknowledge_working_days, working)
    else:
        acknowledge = back_to(working, received + timedelta(days=procedure.acknowledge_days or 0))
    admissible = procedure.admissible_working_days
    return Dates(
        received_on=received,
        acknowledge_by=acknowledge,
        admissible_by=working_days_after(received, admissible, working) if admissible else None,
        answer_by=back_to(working, received + timedelta(days=procedure.answer_days)),
        legal_end=legal_end(received, procedure.legal_days),
        extended_answer_by=back_to(working, received + timedelta(days=procedure.extended_days)),
        extended_end=legal_end(received, procedure.extended_days),
    )


def status_due(procedure: Procedure, received: date, number: int) -> date:
    """Return the day by which the `number`th message about the state leaves, counted from the receipt."""
    due = received + timedelta(days=procedure.status_every_days * number)
    return back_to(_WORKING[procedure.calendar], due)


def promised(procedure: Procedure, received: date, days: int) -> date:
    """Return `received` plus `days`, or the working day of the procedure before it."""
    return back_to(_WORKING[procedure.calendar], received + timedelta(days=days))


def moved_back(procedure: Procedure, day: date) -> date:
    """Return `day`, or the working day of the procedure before it: a promise never moves on."""
    return back_to(_WORKING[procedure.calendar], day)


def second_line(procedure: Procedure, asked_on: date) -> tuple[date, date]:
    """Return by when the second answer is promised, and by when it is due at the latest."""
    days = procedure.second_line_days or procedure.answer_days
    latest = procedure.second_line_legal_days or procedure.legal_days
    return promised(procedure, asked_on, days), legal_end(asked_on, latest)


def legal_end(start: date, days: int) -> date:
    """Return the last day of a term of `days` that the law counts from `start` (Algemene termijnenwet art. 1)."""
    return roll_to_working_day(start + timedelta(days=days))


def acknowledge_by_law(received: date) -> date:
    """Return the last day for the acknowledgement: the second working day of the law (Wki art. 13 lid 5)."""
    return working_days_after(received, 2)


def privacy_end(received: date, *, extended: bool = False) -> date:
    """Return the last day for the answer to a request about personal data: a month, or three when it was extended.

    A term that ends on a free day runs on (AVG art. 12 lid 3; Regulation 1182/71 art. 3 lid 4).
    """
    return roll_to_working_day(months_after(received, 3 if extended else 1))


def after_binding_advice(given_on: date) -> tuple[date, date]:
    """Return until when slips in a binding advice can be mended, and until when a court can annul it (7:904 BW)."""
    return given_on + timedelta(days=10), months_after(given_on, 12)


def frozen_until(answered_on: date) -> date:
    """Return the last day on which the invoice still rests after the answer."""
    return answered_on + timedelta(days=FREEZE_AFTER_ANSWER_DAYS)


def next_day(day: date) -> date:
    """Return the day after `day`."""
    return day + DAY


def months_after(day: date, count: int) -> date:
    """Return `day` plus `count` months: the same day, or the last of a shorter month."""
    return monthly_dates(day, count + 1)[-1]


def back_to(is_working: Callable[[date], bool], day: date) -> date:
    """Return `day`, or the last working day before it."""
    while not is_working(day):
        day -= DAY
    return day


def is_belgian_working_day(day: date) -> bool:
    """Tell whether `day` is a Monday to Friday and no Belgian public holiday."""
    return day.weekday() < SATURDAY and day not in _belgian_holidays(day.year)


@cache
def _belgian_holidays(year: int) -> frozenset[date]:
    import holidays  # takes a second to load

    return frozenset(holidays.country_holidays("BE", years=year))


_WORKING: dict[Calendar, Callable[[date], bool]] = {
    Calendar.LAW: is_working_day,
    Calendar.DESK: is_desk_day,
    Calendar.BELGIUM: is_belgian_working_day,
}
