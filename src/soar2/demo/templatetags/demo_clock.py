"""What the clock bar shows, fetched by the bar itself: no view has to know that this is a demonstration."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone

from soar2.demo.controls import SPEEDS, in_words
from soar2.demo.moments import Moment, ahead
from soar2.record import clock

register = template.Library()


@dataclass(frozen=True)
class Shown:
    """``at`` is in hospital time; ``moments`` are those still ahead."""

    at: datetime
    running: bool
    rate: int
    zone: str
    moments: tuple[Moment, ...]

    @property
    def words(self) -> str:
        return in_words(self.at)

    @property
    def pace(self) -> str:
        """Whether it runs, in words."""
        if not self.running:
            return "paused"
        return "running" if self.rate == 1 else f"running, {self.rate} times as fast"

    @property
    def speeds(self) -> list[tuple[int, bool]]:
        return [(speed, self.running and speed == self.rate) for speed in SPEEDS]


@register.simple_tag
def demo_clock() -> Shown | None:
    """`{% demo_clock as shown %}`; None before the demonstration has set its clock."""
    row: Any = clock.state()
    if row is None:
        return None
    now = clock.reading(row, timezone.now())
    zone = settings.PROGRAMME.zone
    return Shown(now.astimezone(zone), row.running, round(row.rate), str(zone), ahead(now))
