"""What the buttons beside the demo clock do. The clock only goes forward: facts already carry its times."""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from django.conf import settings

from soar2.demo.moments import MOMENTS
from soar2.demo.passing import pass_time
from soar2.errors import Refused
from soar2.record import clock

SPEEDS = (1, 60, 600)
MORNING = time(7, 30)  # when the navigator's digest goes out


def turn(do: str, moment: str = "") -> datetime:
    """Do what one button says; returns what the clock shows then.

    ``do``: pause, run, x1, x60, x600, ten-minutes, hour, morning, or moment, a key of MOMENTS.
    Raises Refused with a sentence for the person who pressed it.
    """
    if do not in _DOES:
        raise Refused("The demo clock has no such button. Load the page again.")
    return _DOES[do](moment)


def in_words(at: datetime) -> str:
    """`Tue 10 Mar 2026 14:05:12`, in the hospital's time: as the demo clock shows it."""
    return at.astimezone(settings.PROGRAMME.zone).strftime("%a %-d %b %Y %H:%M:%S")


def next_morning(now: datetime) -> datetime:
    """The next 07:30 in the hospital after ``now``."""
    calendar = settings.PROGRAMME.calendar
    today = now.astimezone(calendar.zone).date()
    days = (calendar.at(today + timedelta(days=ahead), MORNING) for ahead in range(2))
    return next(morning for morning in days if morning > now)


def _jump(target: Callable[[datetime], datetime]) -> datetime:
    """To an exact time, at ordinary speed: stopped first, since at 600 times a moment is minutes.

    What the story holds on the way happens on the way. If that fails, the clock stays where it was, stopped.
    """
    before = clock.state()
    stopped_at = clock.change(running=False)
    at = target(stopped_at)
    if at < stopped_at:
        clock.change(running=before is None or before.running)
        raise Refused(
            "That moment has passed. The clock only moves forward; start over with: soar2 demo --reset"
        )
    pass_time(stopped_at, at)
    return clock.change(forward=at - stopped_at, rate=1.0, running=before is None or before.running)


def _ahead(by: timedelta) -> datetime:
    """A step forward; it keeps the speed."""
    before = clock.state()
    stopped_at = clock.change(running=False)
    pass_time(stopped_at, stopped_at + by)
    return clock.change(forward=by, running=before is None or before.running)


def _jump_to(key: str) -> datetime:
    found = next((moment.at for moment in MOMENTS if moment.key == key), None)
    if found is None:
        raise Refused("Choose one of the moments in the list.")
    return _jump(lambda now: found)


def _at_speed(speed: int) -> Callable[[str], datetime]:
    return lambda _: clock.change(rate=float(speed), running=True)


_DOES: dict[str, Callable[[str], datetime]] = {
    "pause": lambda _: clock.change(running=False),
    "run": lambda _: clock.change(running=True),
    **{f"x{speed}": _at_speed(speed) for speed in SPEEDS},
    "ten-minutes": lambda _: _ahead(timedelta(minutes=10)),
    "hour": lambda _: _ahead(timedelta(hours=1)),
    "morning": lambda _: _jump(next_morning),
    "moment": _jump_to,
}
