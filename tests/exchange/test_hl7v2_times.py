"""HL7 timestamps: any precision, any offset, and the two nights a year on which clocks lie."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.times import offset_of, read_date, read_moment, well_formed, write_moment

NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("text", "utc", "precision"),
    [
        ("2026-0500", "2026-01-01T05:00", "year"),
        ("202603-0500", "2026-03-01T05:00", "month"),
        ("20260310-0400", "2026-03-10T04:00", "day"),
        ("2026031014-0400", "2026-03-10T18:00", "hour"),
        ("202603101405-0400", "2026-03-10T18:05", "minute"),
        ("20260310140507-0400", "2026-03-10T18:05:07", "second"),
        ("20260310140507.25-0400", "2026-03-10T18:05:07.250000", "fraction"),
        ("20260310140507.1234567-0400", "2026-03-10T18:05:07.123456", "fraction"),
        ("20260310140507+0530", "2026-03-10T08:35:07", "second"),
        ("20260310140507+0000", "2026-03-10T14:05:07", "second"),
        ("20260310140507Z", "2026-03-10T14:05:07", "second"),
        ("20260310140507-04:00", "2026-03-10T18:05:07", "second"),
        ("20260310140507-0400^S", "2026-03-10T18:05:07", "second"),
        (" 20260310140507-0400 ", "2026-03-10T18:05:07", "second"),
    ],
)
def test_stated_offsets(text, utc, precision):
    moment = read_moment(text, "OBR-7", NEW_YORK)

    assert moment.at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert (moment.precision, moment.zone) == (precision, "stated")
    assert not moment.repeated
    assert not moment.skipped


@pytest.mark.parametrize(
    ("text", "utc", "repeated", "skipped"),
    [
        ("20260110140500", "2026-01-10T19:05", False, False),  # winter
        ("20260710140500", "2026-07-10T18:05", False, False),  # summer
        ("20260710", "2026-07-10T04:00", False, False),
        ("20261101005959", "2026-11-01T04:59:59", False, False),
        ("20261101013000", "2026-11-01T05:30", True, False),  # twice: the earlier
        ("20261101020000", "2026-11-01T07:00", False, False),
        ("20260308015959", "2026-03-08T06:59:59", False, False),
        ("20260308023000", "2026-03-08T07:30", False, True),  # never: read as standard time
        ("20260308030000", "2026-03-08T07:00", False, False),
    ],
)
def test_assumed_zone_and_the_nights_of_change(text, utc, repeated, skipped):
    moment = read_moment(text, "OBR-8", NEW_YORK)

    assert moment.at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert moment.zone == "assumed"
    assert (moment.repeated, moment.skipped) == (repeated, skipped)


@pytest.mark.parametrize(
    "text",
    ["", "2026-03-10", "20261310", "20260230", "2026031025", "20260310146", "tomorrow", "20260310140561-0400",
     "20260310140507-9900", "20260310140507-0475", "00000101", "２０２６", "20260310T1405", "00010101+1400"],
)  # fmt: skip
def test_bad_times_name_their_field(text):
    with pytest.raises(Unreadable) as refused:
        read_moment(text, "OBR-22", UTC)

    assert refused.value.where == "OBR-22"
    assert "OBR-22" in refused.value.reason


def test_no_offset_and_no_zone_is_unreadable():
    with pytest.raises(Unreadable, match="no time zone"):
        read_moment("20260310140507", "OBR-7", None)


@pytest.mark.parametrize(
    ("text", "day"),
    [("19631104", date(1963, 11, 4)), ("19631104103000-0500", date(1963, 11, 4)), ("1963", None), ("", None),
     ("19631399", None), ("unknown!", None)],
)  # fmt: skip
def test_birth_dates(text, day):
    assert read_date(text) == day


def test_offsets_of_a_header_time():
    assert offset_of("20260310140507-0400").utcoffset(None) == timedelta(hours=-4)
    assert offset_of("20260310140507") is None
    assert offset_of("20260310140507-9900") is None


def test_written_times_are_read_back():
    at = datetime(2026, 3, 10, 14, 5, 7, tzinfo=NEW_YORK)

    assert write_moment(at) == "20260310140507-0400"
    assert read_moment(write_moment(at), "MSH-7").at == at


@pytest.mark.parametrize(
    ("text", "well"), [("", True), ("20260310", True), ("10 March", False), ("2026031", False)]
)
def test_the_light_check(text, well):
    assert well_formed(text) is well
