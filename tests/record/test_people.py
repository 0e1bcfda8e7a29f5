"""Who holds a role, by the rota, at any hour of the year."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_reports import at

from soar2.record.models import RotaRule
from soar2.record.people import covers, on_duty

ZONE = ZoneInfo("America/New_York")

ON_DUTY = [
    # when         role             person       why
    ("10 14:05", "navigator", "bell", "in hours"),
    ("10 06:59", "navigator", None, "before hours nobody is navigator"),
    ("10 07:00", "navigator", "bell", "the turn has begun"),
    ("10 19:00", "navigator", None, "the turn has ended"),
    ("14 12:00", "navigator", "ruiz", "Saturday"),
    ("10 12:00", "spine-on-call", "okafor", "Tuesday"),
    ("11 06:59", "spine-on-call", "okafor", "Tuesday's turn runs to Wednesday morning"),
    ("11 07:00", "spine-on-call", "lindqvist", "and ends there"),
    ("10 03:00", "neurosurgery-on-call", "okafor", "equal times are the whole day"),
    ("10 12:00", "no-such-role", None, "a role nobody holds"),
]


@pytest.mark.parametrize(("when", "role", "person", "why"), ON_DUTY, ids=[row[3] for row in ON_DUTY])
def test_the_rota_turns_a_role_into_a_person(people, when, role, person, why):
    found = on_duty(role, at(when))
    assert (found.key if found else None) == person, why


@settings(max_examples=300)
@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    st.times(timezones=st.none()),
)
def test_two_turns_that_meet_leave_no_hole_and_no_overlap(moment, seam):
    """Day and night turns with a common seam cover every moment once, on daylight-saving nights too."""
    noon = (datetime.combine(datetime(2026, 1, 1), seam) + timedelta(hours=12)).time()
    day = RotaRule(weekdays=list(range(7)), since=seam, until=noon)
    night = RotaRule(weekdays=list(range(7)), since=noon, until=seam)
    local = moment.astimezone(ZONE)
    assert covers(day, local) != covers(night, local)
