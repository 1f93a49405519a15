"""When our desk answers, and what patients read about it."""

from datetime import date, datetime, time

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import translation

from billing import office_hours
from billing.law.calendar import AMSTERDAM
from portal.settings import office

NINE, FIVE, NOON = time(9), time(17), time(12)
MONDAY = date(2026, 11, 30)


@pytest.fixture(autouse=True)
def week(settings):
    settings.OFFICE_WEEK = office.week("ma-do 9:00-17:00; vr 9:00-12:00")
    settings.OFFICE_EXCEPTIONS = office.exceptions("2026-12-24 9:00-12:00; 2026-12-26 9:00-12:00; 2026-12-28 dicht")


def at(day, hour, minute=0):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("day", "closes"),
    [
        (MONDAY, FIVE),
        (date(2026, 12, 4), NOON),  # a Friday
        (date(2026, 12, 5), None),  # a Saturday
        (date(2026, 12, 24), NOON),  # an exception
        (date(2026, 12, 25), None),  # Christmas, a Friday
        (date(2026, 12, 26), NOON),  # an exception on a holiday, and on a Saturday
        (date(2026, 12, 28), None),  # closed by exception
        (date(2026, 4, 3), NOON),  # Good Friday is worked
        (date(2026, 5, 5), FIVE),  # so is 5 May
        (date(2026, 5, 14), None),  # Ascension
    ],
)
def test_the_hours_of_a_day(day, closes):
    hours = office_hours.hours_on(day)
    assert (hours.closes if hours else None) == closes
    assert office_hours.is_working_day(day) is (closes is not None)


@pytest.mark.parametrize(
    ("moment", "dutch", "english"),
    [
        (at(MONDAY, 9), "Nu open, tot 17:00 uur.", "Open now, until 17:00."),
        (at(MONDAY, 16, 59), "Nu open, tot 17:00 uur.", "Open now, until 17:00."),
        (
            at(MONDAY, 8, 59),
            "Nu dicht. Vandaag open van 09:00 tot 17:00 uur.",
            "Closed now. Open today from 09:00 to 17:00.",
        ),
        (
            at(MONDAY, 17),
            "Nu dicht. Morgen open van 09:00 tot 17:00 uur.",
            "Closed now. Open tomorrow from 09:00 to 17:00.",
        ),
        (
            at(date(2026, 12, 4), 12),
            "Nu dicht. Open op maandag 7 december van 09:00 tot 17:00 uur.",
            "Closed now. Open on Monday 7 December from 09:00 to 17:00.",
        ),
        (
            at(date(2026, 12, 26), 12),  # Sunday, a Monday that is an exception, and then Tuesday
            "Nu dicht. Open op dinsdag 29 december van 09:00 tot 17:00 uur.",
            "Closed now. Open on Tuesday 29 December from 09:00 to 17:00.",
        ),
    ],
)
def test_it_says_whether_somebody_answers_now(moment, dutch, english):
    for language, words in (("nl", dutch), ("en", english)):
        with translation.override(language):
            assert office_hours.now_in_words(moment) == words


def test_days_with_the_same_hours_are_said_together():
    with translation.override("nl"):
        said = office_hours.week_in_words()
    assert said == "maandag tot en met donderdag van 09:00 tot 17:00 uur, vrijdag van 09:00 tot 12:00 uur"


def test_the_days_that_differ_are_holidays_and_exceptions():
    differs = dict(office_hours.days_that_differ(date(2026, 12, 20)))
    assert differs[date(2026, 12, 24)].closes == NOON
    assert differs[date(2026, 12, 25)] is None
    assert differs[date(2026, 12, 26)].closes == NOON
    assert differs[date(2026, 12, 28)] is None
    assert differs[date(2027, 1, 1)] is None
    assert len(differs) == 5


def test_without_hours_nothing_is_said_and_ordinary_days_count(settings):
    settings.OFFICE_WEEK, settings.OFFICE_EXCEPTIONS = {}, {}
    assert office_hours.now_in_words(at(MONDAY, 10)) == ""
    assert office_hours.week_in_words() == ""
    assert office_hours.is_working_day(MONDAY)
    assert not office_hours.is_working_day(date(2026, 12, 25))


class TestAsAnOperatorWritesIt:
    def test_days_and_ranges(self):
        assert office.week(" ma-di  9-17 ;zo 10:30-11:00; ") == {
            0: (NINE, FIVE),
            1: (NINE, FIVE),
            6: (time(10, 30), time(11)),
        }
        assert office.week("") == {}

    @pytest.mark.parametrize(
        "text",
        [
            "maandag tot en met vrijdag van 9 tot 17 uur", "ma 17:00-9:00", "ma 9:00-9:00", "vr-ma 9:00-17:00",
            "ma 25:00-26:00", "ma-vr 9:00-17:00; wo 9:00-12:00", "xx 9:00-17:00", "ma",
        ],
    )  # fmt: skip
    def test_what_cannot_be_read_is_refused_with_an_example(self, text):
        with pytest.raises(ImproperlyConfigured, match="OPERATOR_HOURS must be like"):
            office.week(text)

    @pytest.mark.parametrize(
        "text",
        ["24-12-2026 dicht", "2026-12-24", "2026-12-24 open", "2026-02-30 dicht", "2026-1-1 dicht; 2026-01-01 x"],
    )
    def test_exceptions_likewise(self, text):
        with pytest.raises(ImproperlyConfigured, match="OPERATOR_HOURS_EXCEPTIONS must be like"):
            office.exceptions(text)
