"""What a person reads at the end of a fault run: what was caused, where it hit, and what came of it."""

import os
from itertools import pairwise
from typing import TYPE_CHECKING

from fault_audit import Verdict
from fault_plan import BEFORE_DATABASE, HITS
from fault_proxy import KINDS

if TYPE_CHECKING:
    from fault_run import Run


def report(run: "Run", verdict: Verdict) -> str:
    gate, told = run.gate, run.gate.acknowledged
    by_fhir = sum(run.script.message(n).door == "fhir" for n in told)
    rows = [
        ("seed", run.plan.seed),
        ("messages", f"{len(told)} acknowledged to {run.plan.senders} senders, {by_fhir} of them by FHIR"),
        ("resends", f"{gate.resends} for want of an answer, {gate.sent_after} after one"),
        *(("  " + words, count) for words, count in sorted(gate.missed.items())),
        ("deliveries", f"{run.copies} received, {run.again} of them copies of an earlier one"),
        ("pages", f"{dict(run.visitor.answers)}, gone {run.visitor.outages} times"),
        ("ended by themselves", dict(run.keeper.ended) or "none"),
        ("fault points", f"{run.points_caused} of {run.plan.count}"),
        *_kills(run),
    ]
    mounted = run.system.mounted
    ends = [
        ("full disk", run.system.disk.words if mounted else f"may not mount here; {run.system.files.words}"),
        *((law, len(some)) for law, some in vars(verdict).items()),
        ("duration", _duration(run)),
        ("machine", f"{os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} over the last 15 minutes"),
        *([("evidence", run.evidence)] if run.evidence else []),
    ]
    lines = [f"{name:<28} {value}" for name, value in rows]
    return "\n".join([*lines, *_network(run), *(f"{name:<28} {value}" for name, value in ends), str(verdict)])


def _kills(run: "Run") -> list[tuple[str, str]]:
    return [(f"  {count:4}", words) for words, count in sorted(run.caused.items())]


def _network(run: "Run") -> list[str]:
    """A table of the network's faults: a line a kind, a column a place."""
    proxies = run.net.proxies.values()
    lines = ["  " + " " * 28 + "".join(f"{proxy.name:>24}" for proxy in proxies)]
    for kind in KINDS:
        lines.append(f"  {kind:<28}" + "".join(f"{proxy.caused[kind]:24}" for proxy in proxies))
    lines.append(f"  {'in all':<28}" + "".join(f"{sum(proxy.caused.values()):24}" for proxy in proxies))
    struck = run.net.proxies[BEFORE_DATABASE].at
    hits = ", ".join(f"{struck[needle]} at {words}" for needle, words in HITS.items())
    return [*lines, f"  before the database: {hits}"]


def _duration(run: "Run") -> str:
    parts = [f"{name} {end - begin:.0f} s" for (name, begin), (_, end) in pairwise(run.phases)]
    return f"{run.phases[-1][1] - run.phases[0][1]:.0f} s ({', '.join(parts)})"
