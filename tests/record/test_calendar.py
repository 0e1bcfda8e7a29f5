"""The hospital's calendar: every span ends where a person with a wall calendar would end it."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soar2.criteria.packs import Span
from soar2.record.calendar import Calendar

ZONE = ZoneInfo("America/New_York")
CALENDAR = Calendar(ZONE, time(7), time(19), frozenset(range(5)), frozenset({date(2026, 5, 25)}))

TABLE = [
    # start (local)        span                      end (local)           why
    ("2026-03-10 14:05", Span("elapsed", 15), "2026-03-10 14:20", "elapsed time never pauses"),
    ("2026-03-07 23:30", Span("elapsed", 180), "2026-03-08 03:30", "an hour is skipped that night"),
    ("2026-10-31 23:30", Span("elapsed", 180), "2026-11-01 01:30 again", "an hour is lived twice that night"),
    ("2026-03-10 14:05", Span("working", 240), "2026-03-10 18:05", "within the day"),
    ("2026-03-10 17:00", Span("working", 240), "2026-03-11 09:00", "runs on in the morning"),
    ("2026-03-13 17:00", Span("working", 240), "2026-03-16 09:00", "over the weekend"),
    ("2026-03-14 11:00", Span("working", 0), "2026-03-16 07:00", "starts on Monday"),
    ("2026-05-22 18:00", Span("working", 120), "2026-05-26 08:00", "over a weekend and a holiday"),
    ("2026-03-10 14:05", Span("same_day", 0), "2026-03-10 19:00", "the end of this working day"),
    ("2026-03-10 20:00", Span("same_day", 0), "2026-03-11 19:00", "after hours: the end of the next"),
    ("2026-03-10 14:05", Span("day_at", 12 * 60), "2026-03-11 12:00", "the next working day at noon"),
    ("2026-03-13 14:05", Span("day_at", 7 * 60 + 30), "2026-03-16 07:30", "Friday's next is Monday"),
]


def local(text):
    """'again' is the second time the clock shows that hour on the night summer time ends."""
    clock, again, _ = text.partition(" again")
    return datetime.strptime(clock, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE, fold=bool(again))


@pytest.mark.parametrize(("start", "span", "end", "why"), TABLE, ids=[row[3] for row in TABLE])
def test_a_span_ends_where_the_wall_calendar_says(start, span, end, why):
    assert CALENDAR.add(local(start).astimezone(UTC), span) == local(end).astimezone(UTC), why


moments = st.datetimes(datetime(2024, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
spans = st.sampled_from(["elapsed", "working", "same_day", "day_at"])


@given(moments, spans, st.integers(0, 1439))
def test_no_span_ends_before_it_starts(start, kind, minutes):
    assert CALENDAR.add(start, Span(kind, minutes)) >= start


@given(moments, st.integers(0, 3000), st.integers(0, 3000))
def test_more_working_time_never_ends_earlier(start, one, two):
    less, more = sorted((one, two))
    assert CALENDAR.add(start, Span("working", less)) <= CALENDAR.add(start, Span("working", more))


@given(moments, st.integers(1, 3000))
def test_working_time_ends_within_working_hours(start, minutes):
    end = CALENDAR.add(start, Span("working", minutes)) - timedelta(seconds=1)
    assert CALENDAR.is_open(end)


def test_a_calendar_without_a_working_day_says_so():
    with pytest.raises(ValueError, match="no working day"):
        Calendar(ZONE, working_days=frozenset()).next_open(local("2026-03-10 14:05"))
