"""What a person reads at the end of a fault run: what was caused, where it hit, and what came of it."""

import contextlib
import json
import os
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from fault_audit import Verdict
from fault_plan import BEFORE_DATABASE, HITS
from fault_proxy import KINDS
from psycopg import sql
from whole_system import WholeSystem

if TYPE_CHECKING:
    from fault_run import Run

ROWS = sql.SQL("SELECT row_to_json(t) FROM {} t ORDER BY id")
TABLES = (
    "exchange_inboundmessage", "reports_report", "notices_notice", "notices_noticereport", "notices_step",
    "record_outboxmessage", "record_deliveryattempt", "record_ledgerentry", "notices_digest",
)  # fmt: skip


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
        ("database", f"started anew by hand {run.by_hand} times after a full disk"),
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


def keep_evidence(system: WholeSystem, words: str, logs: list[Path]) -> Path:
    """Logs, mails and rows in a folder, for whoever looks for the reason; all patients in them are synthetic."""
    where = Path(tempfile.mkdtemp(prefix="soar2-fault-evidence-"))
    (where / "verdict.txt").write_text(words)
    for path in logs:
        shutil.copy(path, where / path.name)
    (where / "mails.txt").write_text("\n\n".join(str(mail) for mail in system.mail.mails))
    for table in TABLES:
        with contextlib.suppress(psycopg.Error), (where / f"{table}.jsonl").open("w") as out:
            for (row,) in system.query(ROWS.format(sql.Identifier(table))):
                print(json.dumps(row), file=out)
    return where
