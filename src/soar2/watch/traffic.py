"""Does traffic flow? From the door to the last delivery, told apart by where it stops."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from soar2.exchange import measured, queries, receipts
from soar2.pages import words

LATE = timedelta(seconds=60)  # a message not read, or a delivery not tried in vain either
NO_RECEIPT = timedelta(minutes=2)

NOTHING_CAME, NOT_READ, NOT_SENT, PROCESS = "nothing-came", "not-read", "not-sent", "process"


@dataclass(frozen=True)
class Fault:
    """Where it stops: ``kind`` is one of the four above, ``words`` a sentence free of patient data."""

    kind: str
    words: str


@dataclass(frozen=True)
class Feed:
    """When a feed was last heard of (hospital time), and the longest silence that is normal for it."""

    name: str
    last_seen: datetime | None
    expected_gap_minutes: int | None


@dataclass(frozen=True)
class Traffic:
    """What passed last, what waits, and what of it is a fault. No fault: traffic flows, or silence is expected."""

    passed: measured.Passed
    undone: measured.Backlog
    owed: dict[str, measured.Backlog]
    feeds: tuple[Feed, ...]
    processes: tuple[receipts.ProcessLine, ...]
    faults: tuple[Fault, ...]


def traffic(now: datetime, real: datetime) -> Traffic:
    """``now`` is hospital time, ``real`` machine time. A bounded number of queries."""
    undone, owed = measured.undone(), measured.owed()
    processes = receipts.processes(real)
    faults = (
        *_not_read(undone, real),
        *_not_sent(owed, real),
        *(Fault(NOTHING_CAME, sentence) for _, sentence in queries.silent_feeds(now)),
        *_silent(processes, real),
    )
    return Traffic(measured.last_passed(), undone, owed, _feeds(now), processes, faults)


def _feeds(now: datetime) -> tuple[Feed, ...]:
    return tuple(Feed(name, queries.last_seen(name, now), gap) for name, gap in queries.feed_gaps().items())


def _not_read(undone: measured.Backlog, real: datetime) -> Iterator[Fault]:
    if undone.oldest is not None and real - undone.oldest > LATE:
        yield Fault(
            NOT_READ,
            f"{_count(undone.count, 'message')} came in and {_is(undone.count)} not read, the oldest for "
            f"{words.in_words(real - undone.oldest)}.",
        )


def _not_sent(owed: dict[str, measured.Backlog], real: datetime) -> Iterator[Fault]:
    for channel, waits in owed.items():
        if waits.oldest is not None and real - waits.oldest > NO_RECEIPT:
            by = receipts.CHANNELS.get(channel, channel)
            yield Fault(
                NOT_SENT,
                f"{_count(waits.count, 'message')} by {by} {_is(waits.count)} owed and not sent, the oldest "
                f"for {words.in_words(real - waits.oldest)}.",
            )


def _silent(processes: tuple[receipts.ProcessLine, ...], real: datetime) -> Iterator[Fault]:
    for process in processes:
        if process.kind in receipts.PROCESSES and not process.alive:
            since = f"for {words.in_words(real - process.seen)}" if process.seen else "yet"
            yield Fault(PROCESS, f"No {process.kind} has given a sign of life {since}.")


def _count(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
