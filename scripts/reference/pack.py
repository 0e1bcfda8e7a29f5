"""docs/reference/pack-soar2-open-1.md: the pack in plain sentences."""

from reference.tables import table

from soar2.criteria.packs import OWNER, Pack, Rung, Span, load_pack
from soar2.criteria.urgency import LANES

CHANNELS = {
    "email": "e-mail",
    "page": "pager (no sender yet: a hand task)",
    "voice": "telephone (a hand task)",
    "list": "a director's list (no sender yet: a hand task)",
    "incident": "incident record (a hand task)",
    "digest": "the morning digest, one e-mail a day",
}
NOTICE_LANES = tuple(reversed(LANES[1:]))


def page() -> str:
    pack = load_pack()
    parts = [
        f"# The pack {pack.name} {pack.version}",
        f"**{pack.label}**",
        f"{pack.title}. Status: {pack.status}. Nobody has signed it. What that means: [about"
        f" packs](../explanation/pack.md).",
        table(["table", "how far it was checked"], pack.marks.items()),
        "## The number",
        _points(pack),
        "## Whom a notice is addressed to",
        "The role for the hospital's working hours (`[calendar]` of `soar2.toml`), and the role outside them.",
        table(["lane", "in hours", "out of hours"], _addressed(pack)),
        "## Clocks",
        "Acknowledge runs from the opening of the notice, action from the moment somebody owns it, the visit"
        " from the end of"
        " the exam. The treatment target is kept with the notice and not shown yet.",
        table(["lane", "acknowledge", "action", "visit", "treatment"], _clocks(pack)),
        "## Ladders",
        "A rung fires while nobody owns the notice, or after the owner's action clock has passed. *Owner* is"
        " the role the"
        " notice is addressed to. A rung that no sender can make is a task on the worklist until a person has"
        " done it.",
        *(_ladder(pack, lane) for lane in NOTICE_LANES),
        "## Proof",
        f"The pack reproduces {pack.golden_cases} golden cases, which reach every grade, lane and line, or it"
        f" does not load."
        f" Its content hash is `{pack.content_hash}`.",
    ]
    return "\n\n".join(parts)


def _points(pack: Pack) -> str:
    low, high = pack.unknown_points
    escc = ", ".join(f"{grade}: {points}" for grade, points in pack.escc_points.items())
    below = ", ".join(f"{word}: {points}" for word, points in pack.below_conus_points.items())
    return (
        "The score of a level is its imaging SINS (0 to 15) plus points for the epidural finding. The score of"
        " a report is the"
        " greatest of its levels'. It orders rows within a lane and does nothing else.\n\n"
        f"- ESCC: {escc}\n- below the conus: {below}\n- not stated: anything from {low} to {high}, so the score"
        f" is an interval"
    )


def _addressed(pack: Pack) -> list[tuple[str, str, str]]:
    return [
        (lane, pack.addressed[lane].role, pack.addressed[lane].out_of_hours_role) for lane in NOTICE_LANES
    ]


def _clocks(pack: Pack) -> list[list[str]]:
    names = ("acknowledge", "action", "visit", "treatment")
    return [[lane, *(_limit(getattr(pack.clocks[lane], name)) for name in names)] for lane in NOTICE_LANES]


def _ladder(pack: Pack, lane: str) -> str:
    return f"### {lane.capitalize()}\n\n" + table(
        ["rung", "when", "to", "how", "words"], (_rung(rung) for rung in pack.ladders[lane])
    )


def _rung(rung: Rung) -> tuple[object, ...]:
    role = "owner" if rung.role == OWNER else rung.role
    return rung.n, _when(rung), role, CHANNELS[rung.channel], rung.words


def _when(rung: Rung) -> str:
    span = rung.after
    if rung.channel == "digest":
        return f"at the next {_clock(span.minutes)} of a working day"
    if span.minutes == 0 and span.kind in ("elapsed", "working"):
        return "at once" if span.kind == "elapsed" else "at once in working hours, else when they begin"
    return _limit(span)


def _limit(span: Span | None) -> str:
    if span is None:
        return "no target"
    if span.kind == "elapsed":
        return f"{_length(span.minutes)}"
    if span.kind == "working":
        return f"{_length(span.minutes)} of working time"
    if span.kind == "day_at":
        return f"{_clock(span.minutes)} of the next working day"
    return "the end of the working day, or of the next one when it starts outside hours"


def _length(minutes: int) -> str:
    for size, word in ((1440, "day"), (60, "hour")):
        if minutes % size == 0 and minutes >= 2 * size:
            return f"{minutes // size} {word}s"
    return f"{minutes} minutes"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
