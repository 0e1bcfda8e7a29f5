"""What a fault run is made of: which faults, how many of each, and at which moments processes are killed."""

import random
import re
from dataclasses import dataclass, field

from fault_proxy import KINDS, Moment

BEFORE_LISTENER, BEFORE_WEB = "senders - listener", "senders - FHIR door"
BEFORE_MAIL, BEFORE_PAGER = "worker - mail", "worker - pager"
BEFORE_DATABASE = "all - database"
STORES, STORES_FHIR, COMMITS = b"MSH|", b'"resourceType"', b"COMMIT"  # in a request to the database
OPENS = b'INSERT INTO "notices_notice"'
TELLS = re.compile(OPENS + rb".*'(?:emergent|urgent|expedited)'", re.DOTALL)  # a mail is owed at once
HITS = {
    STORES: "a message being stored by the listener",
    STORES_FHIR: "a body being stored by the FHIR door",
    COMMITS: "a worker's commit",
    b"": "whatever came next",
}
DISKS = ("full disk", "files cannot grow")
ANY = "at any moment under traffic"

# In an answer: all of a pipeline is done and no transaction open; an acknowledgement; success by SMTP and HTTP.
DONE, SAID, TAKEN, CREATED, POSTED = b"Z\0\0\0\x05I", b"MSA|", b"250 ", b" 201 ", b" 204 "
MAIL, PAGE = b"X-SOaR2-Notice", b'"notice.due"'  # in what a worker sends


@dataclass(frozen=True)
class Place:
    """Where a process is killed: what stood still then, and whether it goes on after the kill."""

    before: str
    needle: bytes
    answer: bytes = b""
    passes: bool = False
    after: re.Pattern[bytes] | None = None

    def moment(self) -> Moment:
        return Moment(self.needle, self.answer, self.after)


# For each kill the moments at which it is done, beside "at any moment".
PLACES: dict[str, dict[str, Place]] = {
    "kill listener": {
        "a message has come, its rows have not reached the database": Place(BEFORE_DATABASE, STORES),
        "committed, and the listener not told": Place(BEFORE_DATABASE, STORES, DONE),
        "the acknowledgement is on its way": Place(BEFORE_LISTENER, STORES, SAID),
    },
    "kill web": {
        "a body has come, its row has not reached the database": Place(BEFORE_DATABASE, STORES_FHIR),
        "committed, and the door not told": Place(BEFORE_DATABASE, STORES_FHIR, DONE),
        "the answer is on its way": Place(BEFORE_WEB, STORES_FHIR, CREATED),
    },
    "kill worker": {
        "inside apply, the report not yet written": Place(BEFORE_DATABASE, b'INSERT INTO "reports_report"'),
        "inside apply, the notice not yet written": Place(BEFORE_DATABASE, OPENS),
        "inside apply, the message not yet owed": Place(
            BEFORE_DATABASE, b'INSERT INTO "record_outboxmessage"'
        ),
        "a notice is written, its commit has not reached the database": Place(
            BEFORE_DATABASE, COMMITS, after=TELLS
        ),
        "a notice is committed, and the worker not told": Place(
            BEFORE_DATABASE, COMMITS, b"COMMIT", after=TELLS
        ),
        "a mail is being handed over": Place(BEFORE_MAIL, MAIL),
        "a mail was taken, and the worker not told": Place(BEFORE_MAIL, MAIL, TAKEN),
        "a page is being posted": Place(BEFORE_PAGER, PAGE),
        "a page was taken, and the worker not told": Place(BEFORE_PAGER, PAGE, POSTED),
        "sent, and not yet recorded": Place(BEFORE_DATABASE, b'INSERT INTO "record_deliveryattempt"'),
    },
    "kill database": {
        "committed by the listener, which is told after the kill": Place(BEFORE_DATABASE, STORES, DONE, True),
        "committed by the FHIR door, which is told after the kill": Place(
            BEFORE_DATABASE, STORES_FHIR, DONE, True
        ),
        "a notice committed by a worker, which is told after the kill": Place(
            BEFORE_DATABASE, COMMITS, b"COMMIT", True, TELLS
        ),
    },
    "kill watcher": {},
    "crash a backend": {},
}


@dataclass(frozen=True)
class Point:
    """One fault: a kind of kill and its place, a disk, or a kind of network fault and its place."""

    kind: str
    where: str = ""


@dataclass(frozen=True)
class Plan:
    """How much of everything: counts of points by kind of kill, by disk and, for the network, by line."""

    messages: int
    seed: int
    kills: dict[str, int]
    disks: dict[str, int]
    network: dict[str, int]
    senders: int = 12
    patience: float = 3.0  # seconds a message waits in the listener for a database that is away
    places: dict[str, list[str]] = field(default_factory=dict)  # of a kill; without them, all in turn
    hurried: bool = False  # what waits only for time at the end (leases, back-off) is cut short

    def points(self, chance: random.Random) -> list[Point]:
        """Every fault point, in the order of this seed."""
        points = [Point(kind) for kind, count in self.disks.items() for _ in range(count)]
        for kind, count in self.kills.items():
            places = self.places.get(kind) or _places(kind, chance)
            points += [Point(kind, places[n % len(places)]) for n in range(count)]
        for line, count in self.network.items():
            kinds = chance.sample(KINDS, len(KINDS))
            points += [Point(kinds[n % len(kinds)], line) for n in range(count)]
        chance.shuffle(points)
        return points

    @property
    def count(self) -> int:
        return sum((*self.kills.values(), *self.disks.values(), *self.network.values()))


def _places(kind: str, chance: random.Random) -> list[str]:
    """Those of this kind, each once in a random order; one in four kills falls at any moment."""
    named = list(PLACES[kind])
    chance.shuffle(named)
    return [*named, *[ANY] * max(1, len(named) // 3)]


def long_plan(messages: int, faults: int, seed: int) -> Plan:
    """The mix of a long run, in points of a thousand: about one in eight kills or fills, the rest is the
    network's. What is killed must start again, which costs a second or two; a network fault costs little."""
    kills = {
        "kill listener": 32, "kill worker": 52, "kill web": 16, "kill watcher": 2,
        "kill database": 16, "crash a backend": 6,
    }  # fmt: skip
    kills = _share(faults, kills)
    disks = _share(faults, {"full disk": 4, "files cannot grow": 4})
    rest = faults - sum(kills.values()) - sum(disks.values())
    network = _share(rest, {BEFORE_WEB: 120, BEFORE_MAIL: 150, BEFORE_PAGER: 80, BEFORE_DATABASE: 300})
    network[BEFORE_LISTENER] = rest - sum(network.values())
    return Plan(messages, seed, kills, disks, network)


def short_plan(seed: int) -> Plan:
    """The kills that would tell most of a fault in the product, one full disk, each network fault before the
    listener and most before the others."""
    places = {
        "kill listener": list(PLACES["kill listener"])[:2],
        "kill web": list(PLACES["kill web"])[:2],
        "kill worker": [
            "a notice is written, its commit has not reached the database",
            "a notice is committed, and the worker not told",
            "a mail is being handed over",
            "a mail was taken, and the worker not told",
        ],
        "kill database": list(PLACES["kill database"])[::2],
    }
    kills = {kind: len(some) for kind, some in places.items()} | {"kill watcher": 1, "crash a backend": 1}
    network = {BEFORE_LISTENER: 13, BEFORE_WEB: 4, BEFORE_MAIL: 4, BEFORE_PAGER: 2, BEFORE_DATABASE: 10}
    return Plan(
        150, seed, kills, {"full disk": 1}, network, senders=8, patience=1.5, places=places, hurried=True
    )


def _share(faults: int, of_thousand: dict[str, int]) -> dict[str, int]:
    return {kind: max(1, round(faults * count / 1000)) for kind, count in of_thousand.items()}
