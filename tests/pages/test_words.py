"""Time in words."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from soar2.pages.words import ago, hospital_clock, hospital_day, hospital_time, in_words, time_left

NOW = datetime(2026, 3, 10, 18, 12, tzinfo=UTC)  # 14:12 in New York


@pytest.fixture(autouse=True)
def _hospital_zone():
    with timezone.override("America/New_York"):
        yield


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=8), "8 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(seconds=60), "1 min"),
        (timedelta(minutes=41, seconds=59), "41 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=2, minutes=22), "2 h 22 min"),
        (timedelta(hours=23, minutes=59), "23 h 59 min"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=2, hours=22, minutes=59), "2 d 22 h"),
        (timedelta(days=9, hours=23), "9 d 23 h"),
        (timedelta(days=10, hours=5), "10 days"),
        (timedelta(days=98), "98 days"),
        (-timedelta(hours=2, minutes=22), "2 h 22 min"),
    ],
)
def test_durations_take_two_units_at_most_and_round_down(span, words):
    assert in_words(span) == words


def test_before_and_after_now():
    assert ago(NOW - timedelta(minutes=3), NOW) == "3 min ago"
    assert ago(NOW + timedelta(minutes=3), NOW) == "in 3 min"
    assert time_left(NOW + timedelta(days=2, hours=22), NOW) == "2 d 22 h left"
    assert time_left(NOW - timedelta(hours=2, minutes=22), NOW) == "Over 2 h 22 min"
    assert time_left(NOW, NOW) == "Over 0 s"


@pytest.mark.parametrize(
    ("moment", "day", "full", "short"),
    [
        (NOW, "Tue 10 Mar", "Tue 10 Mar 14:12", "14:12"),
        (NOW + timedelta(hours=10), "Wed 11 Mar", "Wed 11 Mar 00:12", "Wed 11 Mar 00:12"),
        # the hospital's midnight counts, not that of UTC
        (datetime(2026, 3, 11, 1, 0, tzinfo=UTC), "Tue 10 Mar", "Tue 10 Mar 21:00", "21:00"),
        # a year ago reads with its year
        (datetime(2025, 3, 10, 18, 5, tzinfo=UTC), "10 Mar 2025", "10 Mar 2025 14:05", "10 Mar 2025 14:05"),
        # before and after the clocks change on 8 March 2026
        (datetime(2026, 3, 8, 6, 59, tzinfo=UTC), "Sun 8 Mar", "Sun 8 Mar 01:59", "Sun 8 Mar 01:59"),
        (datetime(2026, 3, 8, 7, 0, tzinfo=UTC), "Sun 8 Mar", "Sun 8 Mar 03:00", "Sun 8 Mar 03:00"),
    ],
)
def test_moments_are_on_the_hospitals_wall_clock(moment, day, full, short):
    assert hospital_day(moment, NOW) == day
    assert hospital_time(moment, NOW) == full
    assert hospital_clock(moment, NOW) == short


def test_without_now_the_year_is_written():
    assert hospital_day(NOW) == "10 Mar 2026"
    assert hospital_time(NOW) == "10 Mar 2026 14:12"


def test_a_naive_moment_is_a_fault():
    with pytest.raises(ValueError, match="naive"):
        hospital_time(datetime(2026, 3, 10, 14, 12))
