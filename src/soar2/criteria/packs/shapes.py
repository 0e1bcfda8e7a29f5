"""The frozen values a pack holds, once it has been validated."""

from collections.abc import Mapping
from dataclasses import dataclass

from soar2.criteria.urgency import Cutoffs

#: How a span is counted. ``elapsed``: minutes from the start, every hour of the year. ``working``: minutes
#: that fall into the hospital's working hours (0 = at once in hours, else when they begin). ``day_at``:
#: minutes after midnight of the next working day. ``same_day``: the end of the working day in which it
#: starts, or of the next one when it starts outside hours (its minutes are 0).
SPAN_KINDS = ("elapsed", "working", "day_at", "same_day")

CHANNELS = ("email", "page", "voice", "list", "incident", "digest")

ROLES = (
    "navigator",
    "lead-navigator",
    "spine-on-call",
    "spine-backup",
    "neurosurgery-on-call",
    "neurosurgery-backup",
    "neurosurgery-chief",
    "radiation-oncology-on-call",
    "attending-on-call",
    "service-chief",
    "operator",
    "nursing-supervisor",
    "director",
    "interface-desk",
    "neuroradiology",
)

#: A rung's role may also be the role the notice itself is addressed to.
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time; ``minutes`` is read as ``kind`` says (see SPAN_KINDS)."""

    kind: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of an escalation ladder: when, to which role (or ``owner``), by which channel, in which words."""

    n: int
    after: Span
    role: str
    channel: str
    words: str


@dataclass(frozen=True, slots=True)
class Clocks:
    """What a lane asks for: acknowledge (from sending), action (from acknowledging), visit and treatment
    (from the end of the exam; None where the lane has no target)."""

    acknowledge: Span
    action: Span
    visit: Span | None
    treatment: Span | None


@dataclass(frozen=True, slots=True)
class Addressing:
    """The role a notice is addressed to inside and outside the hours of ``Pack.hours``."""

    role: str
    out_of_hours_role: str


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours in which ``Addressing.role`` answers: ISO weekdays (1 = Monday), minutes after midnight."""

    weekdays: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Pack:
    """A loaded pack: it has reproduced its golden cases and its content matches its recorded hash.

    ``label`` must stand beside every number computed from it; ``marks`` say how far each published table
    behind it has been checked. ``golden_cases`` is the number of cases it reproduced when it loaded.
    """

    name: str
    version: str
    title: str
    label: str
    status: str
    content_hash: str
    marks: Mapping[str, str]
    escc_points: Mapping[str, int]
    below_conus_points: Mapping[str, int]
    unknown_points: tuple[int, int]
    cutoffs: Cutoffs
    hours: Hours
    addressed: Mapping[str, Addressing]
    ladders: Mapping[str, tuple[Rung, ...]]
    clocks: Mapping[str, Clocks]
    golden_cases: int
