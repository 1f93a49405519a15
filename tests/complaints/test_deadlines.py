"""The days of a complaint: what is promised, on which calendar, and what the law demands."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints import deadlines
from complaints.deadlines import PROCEDURES
from complaints.file import bodies

OURS, SOLIDARIS = PROCEDURES["ours"], PROCEDURES["solidaris"]
days = st.dates(date(2026, 1, 1), date(2029, 12, 31))


def d(text: str) -> date:
    day, month, year = text.split("-")
    return date(int(year), int(month), int(day))


# received, acknowledged (desk, law), admissible, three states, six weeks (promise, law), ten weeks, eight Belgian days
VECTORS = [
    ("18-12-2026", "22-12-2026", "22-12-2026", "28-12-2026", ("8-1-2027", "29-1-2027", "19-2-2027"),
     "29-1-2027", "29-1-2027", "26-2-2027", "24-12-2026"),
    ("19-12-2026", "22-12-2026", "22-12-2026", "28-12-2026", ("8-1-2027", "29-1-2027", "19-2-2027"),
     "29-1-2027", "1-2-2027", "26-2-2027", "24-12-2026"),
    ("23-12-2026", "28-12-2026", "28-12-2026", "31-12-2026", ("13-1-2027", "3-2-2027", "24-2-2027"),
     "3-2-2027", "3-2-2027", "3-3-2027", "31-12-2026"),
    ("24-12-2026", "29-12-2026", "29-12-2026", "4-1-2027", ("14-1-2027", "4-2-2027", "25-2-2027"),
     "4-2-2027", "4-2-2027", "4-3-2027", "31-12-2026"),
    ("31-12-2026", "5-1-2027", "5-1-2027", "8-1-2027", ("21-1-2027", "11-2-2027", "4-3-2027"),
     "11-2-2027", "11-2-2027", "11-3-2027", "8-1-2027"),
    ("1-4-2026", "3-4-2026", "7-4-2026", "9-4-2026", ("22-4-2026", "13-5-2026", "3-6-2026"),
     "13-5-2026", "13-5-2026", "10-6-2026", "9-4-2026"),
    ("2-4-2026", "7-4-2026", "8-4-2026", "10-4-2026", ("23-4-2026", "13-5-2026", "4-6-2026"),
     "13-5-2026", "18-5-2026", "11-6-2026", "10-4-2026"),
    ("24-4-2026", "29-4-2026", "29-4-2026", "4-5-2026", ("15-5-2026", "5-6-2026", "26-6-2026"),
     "5-6-2026", "5-6-2026", "3-7-2026", "30-4-2026"),
    ("12-5-2026", "15-5-2026", "18-5-2026", "20-5-2026", ("2-6-2026", "23-6-2026", "14-7-2026"),
     "23-6-2026", "23-6-2026", "21-7-2026", "20-5-2026"),
    ("25-3-2027", "30-3-2027", "31-3-2027", "2-4-2027", ("15-4-2027", "5-5-2027", "27-5-2027"),
     "5-5-2027", "10-5-2027", "3-6-2027", "2-4-2027"),
    ("3-5-2027", "5-5-2027", "10-5-2027", "11-5-2027", ("24-5-2027", "14-6-2027", "5-7-2027"),
     "14-6-2027", "14-6-2027", "12-7-2027", "11-5-2027"),
    ("20-7-2027", "22-7-2027", "22-7-2027", "27-7-2027", ("10-8-2027", "31-8-2027", "21-9-2027"),
     "31-8-2027", "31-8-2027", "28-9-2027", "28-7-2027"),
    ("29-10-2027", "2-11-2027", "2-11-2027", "5-11-2027", ("19-11-2027", "10-12-2027", "31-12-2027"),
     "10-12-2027", "10-12-2027", "7-1-2028", "5-11-2027"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("received", "acknowledged", "by_law", "admissible", "states", "promise", "legal", "extended", "belgian"),
    VECTORS,
    ids=[row[0] for row in VECTORS],
)
def test_01_the_days_of_a_complaint(
    received, acknowledged, by_law, admissible, states, promise, legal, extended, belgian
):
    came = d(received)
    found = deadlines.dates(OURS, came)
    assert found.acknowledge_by == d(acknowledged)
    assert deadlines.acknowledge_by_law(came) == d(by_law)
    assert found.admissible_by == d(admissible)
    assert [deadlines.status_due(OURS, came, n) for n in (1, 2, 3)] == [d(day) for day in states]
    assert deadlines.promised(OURS, came, 42) == d(promise)
    assert found.legal_end == d(legal)
    assert found.extended_answer_by == d(extended)
    assert deadlines.dates(SOLIDARIS, came).acknowledge_by == d(belgian)


@pytest.mark.parametrize(("received", "second"), [("20-7-2027", "23-7-2027"), ("29-10-2027", "3-11-2027")])
def test_belgian_working_days_know_belgian_holidays(received, second):
    assert deadlines.working_days_after(d(received), 2, deadlines.is_belgian_working_day) == d(second)


@pytest.mark.parametrize(
    ("answered", "until"),
    [("15-1-2027", "29-1-2027"), ("29-1-2027", "12-2-2027"), ("17-12-2026", "31-12-2026")],
)
def test_the_invoice_rests_fourteen_days_after_the_answer(answered, until):
    assert deadlines.frozen_until(d(answered)) == d(until)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("29-1-2027", 3, "29-4-2027"),  # to Kifid after the last answer
        ("18-12-2026", 12, "18-12-2027"),  # to the SKGZ after a reconsideration
        ("18-12-2026", 13, "18-1-2028"),
        ("31-10-2026", 4, "28-2-2027"),  # the rest that a debt counsellor's notice gives
        ("31-10-2026", 8, "30-6-2027"),
        ("31-1-2027", 1, "28-2-2027"),
        ("18-5-2026", 12, "18-5-2027"),  # a court can annul a binding advice
    ],
)
def test_months_end_in_a_shorter_month(start, months, end):
    assert deadlines.months_after(d(start), months) == d(end)


def test_where_admissible_counts_the_laws_days_good_friday_and_easter_are_free():
    assert deadlines.working_days_after(d("1-4-2026"), 5) == d("10-4-2026")


@pytest.mark.parametrize(("received", "month", "extended"), [("31-1-2027", "1-3-2027", "30-4-2027")])
def test_a_request_about_personal_data_has_a_month_that_ends_on_a_working_day(received, month, extended):
    assert deadlines.privacy_end(d(received)) == d(month)
    assert deadlines.privacy_end(d(received), extended=True) == d(extended)


def test_slips_in_a_binding_advice_are_mended_in_ten_days_and_a_court_has_a_year():
    assert deadlines.after_binding_advice(d("18-5-2026")) == (d("28-5-2026"), d("18-5-2027"))


@pytest.mark.parametrize(
    ("key", "silent", "answered", "misled"),
    [
        ("kifid", ("12-2-2027", "18-12-2027"), "18-3-2027", "18-3-2027"),
        ("skgz", ("29-1-2027", "18-1-2028"), "18-12-2027", "17-3-2028"),
        ("incasso", None, None, None),
        ("nza", None, None, None),
    ],
)
def test_other_bodies_after_our_answer_and_after_our_silence(key, silent, answered, misled):
    day = d("18-12-2026")
    assert bodies.after_silence(key, day) == (silent and tuple(map(d, silent)))
    assert bodies.last_day(key, day) == (answered and d(answered))
    assert bodies.last_day(key, day, misled=True) == (misled and d(misled))


def test_after_the_talk_of_the_ombudsman_there_are_ninety_days():
    assert bodies.after_talk("skgz", d("15-1-2027")) == d("15-4-2027")
    assert bodies.after_talk("kifid", d("15-1-2027")) is None
    assert bodies.last_day("kifid", d("29-1-2027")) == d("29-4-2027")


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), "31-12-2026"),  # 23:59 here
        (datetime(2026, 12, 31, 23, 1, tzinfo=UTC), "1-1-2027"),  # 00:01 here
        (datetime(2026, 10, 24, 22, 30, tzinfo=UTC), "25-10-2026"),  # before the clock goes back
        (datetime(2026, 10, 25, 22, 59, tzinfo=UTC), "25-10-2026"),  # after it
        (datetime(2027, 3, 27, 22, 59, tzinfo=UTC), "27-3-2027"),  # before it goes forward
        (datetime(2027, 3, 27, 23, 1, tzinfo=UTC), "28-3-2027"),
        (datetime(2027, 3, 28, 21, 59, tzinfo=ZoneInfo("UTC")), "28-3-2027"),  # after it
        (datetime(2027, 3, 28, 22, 1, tzinfo=UTC), "29-3-2027"),
    ],
)
def test_01_it_counts_from_the_day_in_amsterdam(moment, day):
    assert deadlines.received_on(moment) == d(day)


def test_a_moment_without_a_zone_is_no_receipt():
    with pytest.raises(ValueError, match="time zone"):
        deadlines.received_on(datetime(2026, 12, 18))  # noqa: DTZ001


@given(days, st.sampled_from(sorted(PROCEDURES)))
def test_a_promise_is_never_later_than_its_days_and_the_law_never_earlier(received, name):
    procedure = PROCEDURES[name]
    found = deadlines.dates(procedure, received)
    assert received < found.acknowledge_by <= found.answer_by <= received + timedelta(days=procedure.answer_days)
    assert found.answer_by <= found.legal_end
    assert found.legal_end >= received + timedelta(days=procedure.legal_days)
    assert found.extended_end > found.legal_end
