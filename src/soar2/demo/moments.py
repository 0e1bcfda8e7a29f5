"""Moments of the demonstration one can jump to, each a few seconds before something happens."""

from dataclasses import dataclass
from datetime import datetime

from soar2.demo.events import START, local


@dataclass(frozen=True)
class Moment:
    """``key`` for a form, ``words`` for a button, ``at`` in hospital time (aware)."""

    key: str
    words: str
    at: datetime


MOMENTS: tuple[Moment, ...] = (
    Moment("rosa", "Tue 14:05, Rosa Quill's report arrives", START),
    Moment("nora", "Tue 14:09, a report without the macro", local(2026, 3, 10, 14, 8, 50)),
    Moment("nobody", "Tue 14:12, an urgent report without a patient", local(2026, 3, 10, 14, 11, 50)),
    Moment("digest", "Wed 07:30, the morning digest", local(2026, 3, 11, 7, 29, 45)),
    Moment("mei", "Wed 16:50, Mei Harrow in the emergency department", local(2026, 3, 11, 16, 49, 45)),
    Moment("addendum", "Thu 09:15, an addendum that changes nothing", local(2026, 3, 12, 9, 14, 45)),
    Moment("lena", "Fri 18:40, Lena Marsh: an emergency on a Friday evening", local(2026, 3, 13, 18, 39, 45)),
    Moment("ladder", "Fri 18:50, ten minutes on: who has answered?", local(2026, 3, 13, 18, 50, 0)),
    Moment("weekend", "Sat 08:00, the weekend list", local(2026, 3, 14, 8, 0, 0)),
)


def ahead(now: datetime) -> tuple[Moment, ...]:
    """The moments still to come; the clock never goes back."""
    return tuple(moment for moment in MOMENTS if moment.at > now)
