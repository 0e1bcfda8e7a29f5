"""The hospital's calendar: working hours, holidays, and dates that follow from them. Pure."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from soar2.criteria.packs import Span

_FAR = 400  # days; a calendar without a working day in so long a stretch is a fault in the settings


@dataclass(frozen=True)
class Calendar:
    """Working hours in local time. ``working_days`` holds weekday numbers, Monday is 0."""

    zone: ZoneInfo
    opens: time = time(7)
    closes: time = time(19)
    working_days: frozenset[int] = frozenset({0, 1, 2, 3, 4})
    holidays: frozenset[date] = field(default_factory=frozenset)

    def is_working_day(self, day: date) -> bool:
        return day.weekday() in self.working_days and day not in self.holidays

    def is_open(self, at: datetime) -> bool:
        local = at.astimezone(self.zone)
        return self.is_working_day(local.date()) and self.opens <= local.time() < self.closes

    def at(self, day: date, clock: time) -> datetime:
        """That local time on that day, as UTC. A time a spring night skips is read as just after it."""
        return datetime.combine(day, clock, tzinfo=self.zone).astimezone(UTC)

    def next_open(self, at: datetime) -> datetime:
        """``at`` itself within working hours, else the next opening."""
        if self.is_open(at):
            return at
        day = at.astimezone(self.zone).date()
        for ahead in range(_FAR):
            opening = self.at(day + timedelta(days=ahead), self.opens)
            if self.is_working_day(day + timedelta(days=ahead)) and opening >= at:
                return opening
        raise ValueError("The calendar has no working day in the next year.")

    def next_working_day(self, after: date) -> date:
        for ahead in range(1, _FAR):
            if self.is_working_day(after + timedelta(days=ahead)):
                return after + timedelta(days=ahead)
        raise ValueError("The calendar has no working day in the next year.")

    def add(self, start: datetime, span: Span) -> datetime:
        """When ``span`` after ``start`` has passed: elapsed time, working time, or a time of day."""
        if span.kind == "elapsed":
            return start + timedelta(minutes=span.minutes)
        if span.kind == "working":
            return self._add_working(start, timedelta(minutes=span.minutes))
        if span.kind == "same_day":
            opening = self.next_open(start)
            return self.at(opening.astimezone(self.zone).date(), self.closes)
        if span.kind == "day_at":
            day = self.next_working_day(start.astimezone(self.zone).date())
            return self.at(day, time(span.minutes // 60, span.minutes % 60))
        raise ValueError(f"Unknown kind of span: {span.kind}")

    def _add_working(self, start: datetime, left: timedelta) -> datetime:
        at = self.next_open(start)
        while True:
            closing = self.at(at.astimezone(self.zone).date(), self.closes)
            if at + left <= closing:
                return at + left
            left -= closing - at
            at = self.next_open(closing)
