"""HL7 timestamps of any precision as aware instants, with every assumption said.

A clock that starts an hour off moves every deadline, so a missing offset, a local time that happened
twice and one that never happened are each told apart. Source: HL7 v2.5.1 chapter 2.A.22 (DTM) and 2.A.77
(TS).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo

from soar2.errors import Unreadable

_FORM = re.compile(
    r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.(\d{1,6})\d*)?)?)?)?)?)?"
    r"\s*(Z|[+-]\d\d:?\d\d)?\Z",
    re.ASCII,
)
_PRECISION = ("year", "month", "day", "hour", "minute", "second", "fraction")
_WIDEST_OFFSET = timedelta(hours=15)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant read from a message.

    ``precision``: year, month, day, hour, minute, second, fraction; what is missing counts from the start.
    ``zone``: ``stated`` by the sender, or ``assumed`` from the feed. ``repeated``: the local time
    happened twice that night and the earlier one was taken (the earlier deadline is the safe one).
    ``skipped``: the local time was leapt over in spring and was read as if the sender's clock had not
    been put forward.
    """

    at: datetime
    precision: str
    zone: str
    repeated: bool = False
    skipped: bool = False


def read_moment(text: str, where: str, zone: tzinfo | None = None) -> Moment:
    """The instant ``text`` names; ``zone`` is for one without offset. Raises Unreadable naming ``where``."""
    found = _FORM.match(_first_component(text))
    if not found:
        raise Unreadable(f"{where} is not an HL7 time (YYYYMMDDHHMMSS with an offset such as -0500).", where)
    *digits, fraction, offset = found.groups()
    local = _local(digits, fraction, where)
    precision = _PRECISION[sum(part is not None for part in (*digits, fraction)) - 1]
    if offset:
        return Moment(_at(local, _offset(offset, where), where), precision, "stated")
    if zone is None:
        raise Unreadable(f"{where} has no offset and the feed names no time zone.", where)
    first, second = (_at(local.replace(fold=fold), zone, where) for fold in (0, 1))
    # In the repeated hour the second reading is later; in the leapt-over hour it is earlier.
    return Moment(first, precision, "assumed", repeated=second > first, skipped=second < first)


def well_formed(text: str) -> bool:
    """Whether a timestamp is absent or has an HL7 form (its day need not exist)."""
    return not text or _FORM.match(_first_component(text)) is not None


def read_date(text: str) -> date | None:
    """The calendar day of a birth date, which has no zone; None when it is absent, partial or wrong."""
    digits = _first_component(text)[:8]
    if not re.fullmatch(r"\d{8}", digits, re.ASCII):
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None


def offset_of(text: str) -> tzinfo | None:
    """The offset a timestamp states, as a fixed zone; None when it states none or cannot be read."""
    found = _FORM.match(_first_component(text))
    if not found or not found[8]:
        return None
    try:
        return _offset(found[8], "")
    except Unreadable:
        return None


def write_moment(at: datetime) -> str:
    """An aware instant as HL7 writes it, to the second, with its offset."""
    return at.strftime("%Y%m%d%H%M%S%z")[:19]


def _first_component(text: str) -> str:
    """Before 2.6 a second component could give the degree of precision; it adds nothing to the digits."""
    return text.split("^", 1)[0].strip()


def _local(digits: list[str | None], fraction: str | None, where: str) -> datetime:
    year, month, day, hour, minute, second = (int(part) if part else None for part in digits)
    try:
        return datetime(  # noqa: DTZ001 (the zone follows)
            year or 0,
            month or 1,
            day or 1,
            hour or 0,
            minute or 0,
            second or 0,
            int((fraction or "0").ljust(6, "0")),
        )
    except ValueError:
        raise Unreadable(f"{where} names a day or time that does not exist.", where) from None


def _offset(text: str, where: str) -> tzinfo:
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if size >= _WIDEST_OFFSET or int(digits[2:]) > 59:
        raise Unreadable(f"{where} has an offset that no place on earth uses.", where)
    return timezone(-size if text[0] == "-" else size)


def _at(local: datetime, zone: tzinfo, where: str) -> datetime:
    """The local time in its zone, as UTC so that two readings compare as instants."""
    try:
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (OverflowError, ValueError):
        raise Unreadable(f"{where} lies outside the calendar.", where) from None
