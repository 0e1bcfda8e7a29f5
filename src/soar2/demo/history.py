"""When time itself did something in the history: rungs that came due and the morning digests. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from soar2.criteria.packs import Rung, load_pack
from soar2.demo.answers import next_digest, programme
from soar2.demo.events import Answer, Event, Message

#: Facts by which a run learns the ids of what a message brought about.
FACTS = (
    "report.scored",
    "report.preliminary",
    "report.unidentified",
    "report.late",
    "notice.opened",
    "notice.report-added",
)


def ticks(events: Iterable[Event], until: datetime) -> Iterator[tuple[datetime, bool]]:
    """Every moment up to ``until`` at which a sweep finds something to do, in order; True for a rung, False where
    only the morning digest is due.

    Sweeping only then gives the same rows as sweeping every second, and takes minutes less.
    """
    listed = list(events)
    digests: set[datetime] = set()
    rungs: set[datetime] = set()
    owned, acted = _times(listed, "mine"), _times(listed, "acted")
    for event in listed:
        if isinstance(event, Message) and event.exam.lane == "routine":
            digests.add(next_digest(event.at))
        elif isinstance(event, Message) and event.exam.lane in ("emergent", "urgent", "expedited"):
            accession = event.exam.accession
            rungs |= _rungs(event, owned.get(accession, until), acted.get(accession, until))
    return iter(sorted((at, at in rungs) for at in rungs | digests if at <= until))


def _times(events: Iterable[Event], kind: str) -> dict[str, datetime]:
    return {event.accession: event.at for event in events if isinstance(event, Answer) and event.kind == kind}


def _rungs(message: Message, owned: datetime, acted: datetime) -> set[datetime]:
    """Rungs before somebody owned it, and those of an owner who did not act in time."""
    pack, calendar = load_pack(*programme().pack), programme().calendar
    due = [calendar.add(message.at, rung.after) for rung in _elapsing(pack.ladders[message.exam.lane])]
    before = {at for at in due if message.at < at < owned}  # the first rungs fire with the message
    waiting = sorted(at for at in due if at >= owned)
    if not waiting:
        return before
    shift = calendar.add(owned, pack.clocks[message.exam.lane].action) - waiting[0]
    return before | {at + shift for at in waiting if at + shift < acted}


def _elapsing(ladder: Iterable[Rung]) -> list[Rung]:
    return [rung for rung in ladder if rung.channel != "digest"]
