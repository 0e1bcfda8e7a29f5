"""Where a notice stands on the worklist and what its one next action is. Pure: values and a moment in, values out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from soar2.criteria.urgency import lane_rank
from soar2.pages import words
from soar2.pathway.notices.queries import NoticeRow, Rung
from soar2.pathway.reports.queries import ToRead

NOW, TODAY, OTHERS, LATER, READ, QUIET = "now", "today", "others", "later", "read", "quiet"
GROUPS = {
    NOW: ("Needs you now", ""),
    TODAY: ("Due today", ""),
    OTHERS: ("With others", "rises when their time runs out"),
    LATER: ("Later", ""),
    READ: ("Please read", "no notice speaks for these reports"),
    QUIET: ("Quiet", "routine, waiting for the morning digest"),
}
FILTERS = {
    "": "All",
    "new": "New",
    "unowned": "Unowned",
    "due": "Due today",
    "overdue": "Overdue",
    "read": "Please read",
    "hand": "Hand tasks",
}


@dataclass(frozen=True)
class Row:
    """One notice as the list shows it to one viewer."""

    notice: NoticeRow
    group: str
    mine: bool
    overdue: bool
    due_today: bool
    headline: str
    second: str
    chips: tuple[tuple[str, str], ...]
    owner: str
    owner_since: str
    action: str
    action_words: str

    @property
    def id(self) -> str:
        return f"case-{self.notice.case_code}"

    @property
    def task(self) -> Rung | None:
        return next(iter(self.notice.hand_tasks), None)


@dataclass(frozen=True)
class Group:
    """A heading with its rows: notices, or reports to read."""

    key: str
    title: str
    note: str
    rows: tuple[Row, ...] = ()
    reports: tuple[ToRead, ...] = ()

    @property
    def count(self) -> int:
        return len(self.rows) + len(self.reports)


@dataclass(frozen=True)
class Count:
    """A number above the list, which is a filter too."""

    key: str
    title: str
    n: int


def place(notice: NoticeRow, viewer: int | None, now: datetime, day_end: datetime) -> str:
    """The group of one notice.

    Emergent stays in the first group until somebody has acted: with an owner it is still everybody's
    concern. What nobody owns stands there too, except routine, which the morning digest brings.
    """
    unowned = notice.owner is None
    above_routine = lane_rank(notice.lane) > lane_rank("routine")
    if notice.lane == "emergent" or notice.overdue(now) or (notice.hand_tasks and above_routine):
        return NOW
    if unowned and (above_routine or notice.identity_unresolved):
        return NOW
    if unowned and not notice.in_digest:
        return QUIET
    if not unowned and notice.owner != viewer:
        return OTHERS
    return TODAY if notice.clock_due is None or notice.clock_due <= day_end else LATER


def row(notice: NoticeRow, viewer: int | None, now: datetime, day_end: datetime) -> Row:
    """What one viewer sees of one notice."""
    action, action_words = next_action(notice, viewer)
    owner, since = _owner(notice, viewer, now)
    overdue = notice.overdue(now)
    return Row(
        notice=notice,
        group=place(notice, viewer, now, day_end),
        mine=notice.owner is not None and notice.owner == viewer,
        overdue=overdue,
        due_today=not overdue and notice.clock_due is not None and notice.clock_due <= day_end,
        headline=_headline(notice),
        second=second_fact(notice),
        chips=_chips(notice),
        owner=owner,
        owner_since=since,
        action=action,
        action_words=action_words,
    )


def next_action(notice: NoticeRow, viewer: int | None) -> tuple[str, str]:
    """One action a row: own it, record what you did, make the call that no machine can, or open it."""
    if notice.owner is None:
        return "own", "Own"
    if notice.owner == viewer:
        return "record", "Record what you did"
    if notice.hand_tasks:
        return "hand", notice.hand_tasks[0].to_do
    return "open", "Open"


def second_fact(notice: NoticeRow) -> str:
    """The second line of why: the rise, else the next reason; the first one is the headline in other words."""
    if notice.identity_unresolved:
        return "who is this? ask the reading room"
    if notice.rise:
        return f"up: {notice.rise}"
    reason = (notice.reasons[1:] or notice.reasons or ("",))[0]
    return _without_level(reason, notice.headline)


def _headline(notice: NoticeRow) -> str:
    """What is wrong; a notice whose patient is not known says its finding, the chip says the rest."""
    first = next(iter(notice.reasons), "")
    return first if notice.identity_unresolved and first else notice.headline


def _without_level(reason: str, headline: str) -> str:
    """'T8: progressed, over half collapsed, …' under 'T8 epidural 1c': T8 is named already, two facts are enough."""
    level, colon, rest = reason.partition(": ")
    same = colon and level == headline.split(" ")[0]
    return ", ".join((rest if same else reason).rstrip(".").split(", ")[:2])


def _chips(notice: NoticeRow) -> tuple[tuple[str, str], ...]:
    """At most two: facts that change what you do."""
    found = []
    if notice.identity_unresolved:
        found.append(("Identity unresolved", "warn"))
    if notice.is_new:
        found.append(("New", "new"))
    if notice.review:
        found.append(("Check reading", ""))
    return tuple(found[:2])


def _owner(notice: NoticeRow, viewer: int | None, now: datetime) -> tuple[str, str]:
    if notice.owner is not None:
        name = "You" if notice.owner == viewer else notice.owner_name
        return name, f"owned {words.hospital_clock(notice.owned_at, now)}" if notice.owned_at else ""
    if notice.hand_tasks:
        task = notice.hand_tasks[0].to_do
        return "Nobody yet", task[0].lower() + task[1:]
    if notice.answers:
        last = notice.answers[-1]
        said = {"not-me": "not me", "already-known": "already known"}.get(last.kind, last.kind)
        return "Nobody yet", f"{last.person}: {said}"
    return "Nobody yet", f"sent to {notice.role_name}"


def counts(rows: Iterable[Row], to_read: int) -> tuple[Count, ...]:
    """The numbers above the list, over all rows whatever filter is on."""
    rows = tuple(rows)
    found = {key: sum(keeps(row, key) for row in rows) for key in FILTERS}
    found[""] += to_read
    found["read"] = to_read
    return tuple(Count(key, title, found[key]) for key, title in FILTERS.items())


def keeps(row: Row, show: str) -> bool:
    """Whether a filter lets a row through."""
    return {
        "": True,
        "new": row.notice.is_new,
        "unowned": row.notice.owner is None,
        "due": row.due_today,
        "overdue": row.overdue,
        "read": False,
        "hand": bool(row.notice.hand_tasks),
        "quiet": row.group == QUIET,
    }[show]


def grouped(rows: Iterable[Row], reports: Iterable[ToRead], show: str) -> tuple[Group, ...]:
    """The groups that have something in them, in their order. A filter shows quiet rows openly."""
    kept = [row for row in rows if keeps(row, show)]
    waiting = tuple(reports) if show in ("", "read") else ()
    made = (
        Group(
            key,
            title,
            note,
            tuple(row for row in kept if row.group == key),
            waiting if key == READ else (),
        )
        for key, (title, note) in GROUPS.items()
    )
    return tuple(group for group in made if group.count)
