"""Messages received, stored and acknowledged by MLLP: the product beside its peers and beside the bare database.

The product here is its listener's process alone; what happens to a stored message later is measured in
``delivery``.
"""

from pathlib import Path

import sample
from place import INBOX, PLAIN, SAME
from rows import Rows

SECTION = "mllp"
PRODUCT = "soar2 listen"
REFERENCE = "reference: grouped commits, no parsing"
PEER = "python-hl7 + asyncpg"
ONE_EACH = "rows alone, 1 a commit, 64 connections"
GROUPED = "rows alone, 64 a commit, 1 connection"
NOTHING = "a server that stores nothing"
OPEN_RATE, OPEN_CONNECTIONS = 50, 8
OPEN = f"open loop, {OPEN_RATE}/s"
PIPELINED = "8 connections, 8 outstanding"


def closed(connections):
    return f"{connections} connection" + "s" * (connections > 1)


class Servers:
    """The three servers, started once for all runs: nothing is restarted between."""

    def __init__(self, place, load):
        self.place, self.load, self.template = place, load, sample.oru()
        place.part("listen")
        place.wait_for(place.ports["mllp"], "the listener")
        self.at = {
            PRODUCT: (place.ports["mllp"], INBOX),
            REFERENCE: (place.peer("grouped.py"), PLAIN),
            PEER: (place.peer("python_hl7.py"), PLAIN),
        }

    def run(self, who, **options):
        """One run against one server, and the rows it left beside the answers it gave."""
        port, table = self.at[who]
        self.place.fresh(table)
        figures = self.load.run(port, self.template, **options)
        return figures | {"rows": self.place.count(table, "control_id LIKE %s", figures["prefix"] + "%")}


def measure(place, load, book, plan):
    """All cases, interleaved; the order of the contestants is turned round every second run."""
    _client_alone(place, load, book, plan)
    servers = Servers(place, load)
    alone = _alone(place, book)
    _warm_up(servers, alone)
    for number in range(1, plan.runs + 1):
        for case, contestants, options in _cases(plan):
            there = [who for who in contestants if who in servers.at or who in alone]
            for who in there if number % 2 else reversed(there):
                book.add(SECTION, case, who, number, _run(servers, alone, who, plan, options))
    place.fresh(INBOX, SAME, PLAIN)
    _goals(book)


def _alone(place, book):
    if not Path(place.program("pgbench")).exists():
        book.notes.append("this PostgreSQL has no pgbench, so there are no figures for the rows alone")
        return {}
    return {ONE_EACH: Rows(place, 64, 1), GROUPED: Rows(place, 1, 64)}


def _run(servers, alone, who, plan, options):
    if who in alone:
        return alone[who].run(plan.seconds)
    return servers.run(who, warm=plan.warm, **options)


def _cases(plan):
    """Each load, who bears it, and the client's options."""
    servers = (PRODUCT, REFERENCE, PEER)
    for connections in plan.connections:
        contestants = (PRODUCT, ONE_EACH, REFERENCE, GROUPED, PEER) if connections == 64 else servers
        yield closed(connections), contestants, {"connections": connections, "seconds": plan.seconds}
    yield PIPELINED, (PRODUCT, REFERENCE), {"connections": 8, "depth": 8, "seconds": plan.seconds}
    options = {"connections": OPEN_CONNECTIONS, "rate": OPEN_RATE, "seconds": plan.open_seconds}
    yield OPEN, servers, options


def _client_alone(place, load, book, plan):
    """The client must not be the limit: how fast it is where nothing is stored."""
    port = place.peer("grouped.py", "--store", "none")
    for connections in plan.connections:
        figures = load.run(port, sample.oru(), connections=connections, seconds=plan.seconds, warm=plan.warm)
        book.add(SECTION, closed(connections), NOTHING, 1, figures)
    place.end(f"grouped.py {port}")


def _warm_up(servers, alone):
    """Not counted: caches, prepared statements, pools."""
    for who in servers.at:
        servers.run(who, connections=64, seconds=1, warm=0)
    for rows in alone.values():
        rows.run(1)


def _goals(book):
    most = closed(64)
    book.goal(
        "MLLP at 64 connections, times python-hl7",
        book.ratios(SECTION, most, PRODUCT, PEER),
        12,
        at_least=True,
    )
    book.goal(
        "MLLP at 64 connections, part of the rows alone with one commit a row",
        book.ratios(SECTION, most, PRODUCT, ONE_EACH),
        0.70,
        at_least=True,
    )
    book.goal(
        f"MLLP in open loop at {OPEN_RATE}/s, p99, times the reference's",
        book.ratios(SECTION, OPEN, PRODUCT, REFERENCE, "p99_ms"),
        3,
        at_least=False,
    )
    busiest = max((run["client_cpu"] for run in book.of(SECTION, most, PRODUCT)), default=0)
    book.notes.append(
        f"the load client used {100 * busiest:.0f} % of one core at most while the product bore {most}"
    )
