"""FHIR dates and times as the instants the rest of the door works with. Pure.

Source: FHIR R4 data types date, dateTime, instant. A time of day always has an offset; a date alone has none
and is read in the feed's zone, from the start of its day.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.times import Moment

_FORM = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d))?)?)?\Z", re.ASCII
)
_MINUTE = len("2026-03-10T12:15")
_PRECISION = {1: "year", 2: "month", 3: "day", 6: "second", 7: "fraction"}


def read_moment(text: str, where: str, zone: tzinfo) -> Moment:
    """The instant a dateTime or instant names. Raises Unreadable naming ``where``."""
    if len(text) > _MINUTE and (at := _whole(text)):
        return Moment(at, "second", "stated")
    found = _FORM.match(text)
    if not found:
        raise Unreadable("This is not a FHIR date and time (YYYY-MM-DDThh:mm:ss with an offset).", where)
    *parts, fraction, offset = found.groups()
    numbers = [int(part) for part in parts if part]
    precision = _PRECISION[len(numbers) + bool(fraction)]
    try:
        at = _at(numbers, fraction or "", offset, zone)
    except (ValueError, OverflowError):
        raise Unreadable("This names a day or time that does not exist.", where) from None
    return Moment(at, precision, "stated" if offset else "assumed")


def _whole(text: str) -> datetime | None:
    """The usual form, to the second with an offset, by the standard library; None for any other."""
    if text[10] != "T" or text[16] != ":" or "." in text or not text.isascii():
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _at(numbers: list[int], fraction: str, offset: str | None, zone: tzinfo) -> datetime:
    year, month, day, hour, minute, second = [*numbers, *(1, 1, 1, 0, 0, 0)[len(numbers) :]]
    micro = int(fraction[:6].ljust(6, "0"))
    # 60 is a leap second; the second before it is near enough for any clock here
    local = datetime(year, month, day, hour, minute, min(second, 59), micro)  # noqa: DTZ001 (the zone follows)
    if offset is None:
        return local.replace(tzinfo=zone).astimezone(UTC)
    return local.replace(tzinfo=UTC) - _offset(offset)


def _offset(text: str) -> timedelta:
    if text == "Z":
        return timedelta(0)
    size = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return -size if text[0] == "-" else size


def read_date(text: str) -> date | None:
    """The day of a birth date; None when it is absent, partial or does not exist."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
