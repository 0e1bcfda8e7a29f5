"""The worklist of one viewer at one moment, and the token that says whether it has changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from uuid import UUID

from django.conf import settings

from soar2.pathway.notices import queries as notices
from soar2.pathway.reports import queries as reports
from soar2.record.models import Person
from soar2.worklists import groups as by_group
from soar2.worklists.groups import Count, Group, Row


@dataclass(frozen=True)
class Worklist:
    """Groups of rows with the counts above them. ``quiet`` counts the rows that one line stands for."""

    groups: tuple[Group, ...]
    quiet: int
    quiet_names: str
    counts: tuple[Count, ...]
    show: str
    version: str
    patients: frozenset[UUID] = frozenset()  # who can be read on it by name

    @property
    def empty(self) -> bool:
        return not self.groups and not self.quiet

    @property
    def summary(self) -> str:
        """One sentence for those who do not see the list."""
        said = {count.key: count.n for count in self.counts}
        return f"{said['']} on the list, {said['new']} new, {said['overdue']} overdue"


def worklist(viewer: Person | None, now: datetime, show: str = "") -> Worklist:
    """The list in its order. A bounded number of queries, however many rows."""
    token = version(now)
    mine, end = viewer.id if viewer else None, day_end(now)
    rows = tuple(by_group.row(notice, mine, now, end) for notice in notices.open_rows(now))
    waiting = reports.to_read()
    found = by_group.grouped(rows, waiting, show)
    quiet = next((group for group in found if group.key == by_group.QUIET), None)
    if show == "" and quiet is not None:
        found = tuple(group for group in found if group is not quiet)
    folded = quiet.rows if quiet is not None and show == "" else ()
    return Worklist(
        groups=found,
        quiet=len(folded),
        quiet_names=_names(folded),
        counts=by_group.counts(rows, len(waiting)),
        show=show,
        version=token,
        patients=_named(found, folded[:1]),
    )


def _named(groups: tuple[Group, ...], folded: tuple[Row, ...]) -> frozenset[UUID]:
    """The patients whose names stand on the list; of the quiet rows behind one line, the one it names."""
    rows = [row for group in groups for row in group.rows] + list(folded)
    reports_shown = [report for group in groups for report in group.reports]
    found = [row.notice.patient.id for row in rows if row.notice.patient]
    return frozenset(found + [report.patient for report in reports_shown if report.patient])


def _names(rows: tuple[Row, ...]) -> str:
    """'Amos Tern, L2 epidural 1a; and 3 more': one named, so that suppression is seen."""
    if not rows:
        return ""
    notice = rows[0].notice
    name = notice.patient.name if notice.patient else f"accession {notice.accession}"
    more = f"; and {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"{name}, {notice.headline}{more}"


def version(now: datetime) -> str:
    """A token that changes when a notice or the list to read changes, and with every hospital minute.

    The minute lets clocks move on an open page. Two short queries, whatever the number of rows.
    """
    seen = (notices.pulse(), reports.pulse(), int(now.timestamp()) // 60)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]


def day_end(now: datetime) -> datetime:
    """Midnight at the end of the hospital's day."""
    calendar = settings.PROGRAMME.calendar
    return calendar.at(now.astimezone(calendar.zone).date() + timedelta(days=1), time(0))
