"""Time in words: durations of at most two units, and moments on the hospital's wall clock; and capitals made calm.

Every moment is aware and is shown in Django's current time zone, which is the hospital's. Day and month
names are written out here: a reader must not meet another language because a server's locale changed.
"""

from datetime import datetime, timedelta

from django.utils import timezone

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG = timedelta(days=10)
"""From here on hours say nothing: whole days are written."""


def in_words(span: timedelta) -> str:
    """The length of `span` whatever its sign: `41 min`, `2 h 22 min`, `2 d 22 h`, `98 days`. Rounds down."""
    seconds = int(abs(span).total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds >= LONG.total_seconds():
        return f"{seconds // 86400} days"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return _two(minutes, 60, "h", "min")
    return _two(minutes // 60, 24, "d", "h")


def _two(amount: int, size: int, big: str, small: str) -> str:
    whole, rest = divmod(amount, size)
    return f"{whole} {big} {rest} {small}" if rest else f"{whole} {big}"


def ago(moment: datetime, now: datetime) -> str:
    """How long before `now` the moment was: `3 min ago`; a future moment reads `in 3 min`."""
    if moment > now:
        return f"in {in_words(moment - now)}"
    return f"{in_words(now - moment)} ago"


def time_left(due: datetime, now: datetime) -> str:
    """`2 d 22 h left` before the due time, `Over 2 h 22 min` from it on."""
    return f"Over {in_words(now - due)}" if now >= due else f"{in_words(due - now)} left"


def hospital_day(moment: datetime, now: datetime | None = None) -> str:
    """The day on the hospital's calendar: `10 Mar 2026`; `Tue 10 Mar` when it lies in the year of `now`."""
    local = timezone.localtime(moment)
    if now is not None and timezone.localtime(now).year == local.year:
        return f"{DAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]}"
    return f"{local.day} {MONTHS[local.month - 1]} {local.year}"


def hospital_time(moment: datetime, now: datetime | None = None) -> str:
    """Day and time: `Tue 10 Mar 14:05` in the year of `now`, else with its year: `10 Mar 2025 14:05`.

    Without `now` the year is always written: a time that may be a year off must say so.
    """
    return f"{hospital_day(moment, now)} {timezone.localtime(moment):%H:%M}"


def hospital_clock(moment: datetime, now: datetime) -> str:
    """The shortest form that cannot be misread at `now`: `14:05` today, else as `hospital_time`."""
    local = timezone.localtime(moment)
    if local.date() == timezone.localtime(now).date():
        return f"{local:%H:%M}"
    return hospital_time(moment, now)


KEPT = frozenset(["MRI", "MR", "CT", "PET", "XR", "ED", "ER", "ICU", "ITU", "NICU", "OR", "PACU", "SBRT"])


def procedure(text: str) -> str:
    """`MRI THORACIC SPINE WITH CONTRAST` as `MRI thoracic spine with contrast`; mixed case stays as it came."""
    if text != text.upper():
        return text
    calm = " ".join(word if word in KEPT else word.lower() for word in text.split())
    return calm[:1].upper() + calm[1:]


def place(text: str) -> str:
    """`7 NORTH 12` as `7 North 12`, `MRI CENTRE` as `MRI Centre`; short codes and mixed case stay as they came."""
    if text != text.upper():
        return text
    return " ".join(word if word in KEPT or len(word) < 4 else word.capitalize() for word in text.split())
