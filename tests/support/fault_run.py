"""A fault run: the whole system, its traffic, and the faults that fall into it, paced by acknowledgements.

Nothing here waits for a time to pass. A fault is due after so many acknowledgements, senders stop when they
are too far ahead of the faults, and traffic goes on until every planned fault has struck; so a run does the
same on a fast machine and on a slow one.
"""

import contextlib
import json
import os
import random
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from fault_audit import Audit, Verdict, private_lines
from fault_proxy import KINDS, Fault, FaultNet
from fault_traffic import Gate, Script, Sender
from full_disk import SmallDisk, SmallFiles
from psycopg import sql
from sample_reports import at
from whole_system import WholeSystem

from soar2.config.postgres import ServerFault

BEFORE_LISTENER, BEFORE_MAIL, BEFORE_DATABASE = (
    "senders - listener",
    "worker - mail",
    "listener, worker - database",
)
STORES, COMMITS = b"MSH|", b"COMMIT"  # in a request of the listener, in one of the worker
KILLS = ("kill listener", "kill worker", "kill web", "kill watcher", "kill database", "crash a backend")
DISKS = ("full disk", "files cannot grow")
STARTS, LATER, MORNING = at("10 14:05"), at("10 14:22"), at("11 07:45")
LISTENER_PATIENCE = 3.0  # seconds; an outage need not last long until the listener, too, gives up
STUCK = 240.0  # seconds without one acknowledgement or fault: then something does not come back by itself
ROWS = sql.SQL("SELECT row_to_json(t) FROM {} t ORDER BY id")
IN_VAIN = 4000  # messages let through for a fault that does not come about
TABLES = (
    "exchange_inboundmessage", "reports_report", "notices_notice", "notices_noticereport", "notices_step",
    "record_outboxmessage", "record_deliveryattempt", "record_ledgerentry", "notices_digest",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """How much of everything. ``shares`` are counts of points by kind; network kinds share ``network``."""

    messages: int
    seed: int
    senders: int = 12
    kills: dict[str, int] = field(default_factory=dict)
    network: dict[str, int] = field(default_factory=dict)
    hurried: bool = False  # leases and back-offs of the end are cut short

    def points(self, chance: random.Random) -> list[tuple[str, ...]]:
        """Every fault point, in the order of this seed."""
        points: list[tuple[str, ...]] = [(kind,) for kind, count in self.kills.items() for _ in range(count)]
        for where, count in self.network.items():
            kinds = chance.sample(KINDS, len(KINDS))
            points += [(where, kinds[n % len(kinds)]) for n in range(count)]
        chance.shuffle(points)
        return points


def long_plan(messages: int, faults: int, seed: int) -> Plan:
    """The mix of a long run: one in seven kills or fills, the rest is the network's."""
    share = {
        "kill listener": 40, "kill worker": 40, "kill web": 15, "kill watcher": 5, "kill database": 18,
        "crash a backend": 12, "full disk": 5, "files cannot grow": 5,
    }  # fmt: skip
    kills = {kind: max(1, round(faults * count / 1000)) for kind, count in share.items()}
    rest = faults - sum(kills.values())
    network = {BEFORE_LISTENER: rest * 45 // 100, BEFORE_MAIL: rest * 18 // 100}
    network[BEFORE_DATABASE] = rest - sum(network.values())
    return Plan(messages, seed, kills=kills, network=network)


def short_plan(seed: int) -> Plan:
    """One or two of each kill, each network fault before the listener and the database, some before the mail."""
    return Plan(
        240, seed, senders=8, hurried=True,
        kills=dict.fromkeys(KILLS, 1) | dict.fromkeys(DISKS, 1) | {"kill listener": 2, "kill worker": 2},
        network={BEFORE_LISTENER: len(KINDS), BEFORE_MAIL: 5, BEFORE_DATABASE: len(KINDS)},
    )  # fmt: skip


class FaultySystem(WholeSystem):
    """The whole system with a failing network between its parts, and a disk that can be full."""

    def __init__(self, net: FaultNet):
        super().__init__()
        self.disk = SmallDisk(self.home)
        self.mounted = self.disk.mount()
        self.files = SmallFiles(self.server)
        self.senders = net.before(BEFORE_LISTENER, lambda: ("127.0.0.1", self.mllp_port))
        self.post = net.before(BEFORE_MAIL, lambda: ("127.0.0.1", self.mail.port))
        self.database = net.before(BEFORE_DATABASE, lambda: self.server._socket_directory() / ".s.PGSQL.5432")

    def settings(self):
        return super().settings().replace("[smtp]\n", "[smtp]\ntimeout_seconds = 3\n")

    def environment(self, config):
        mail, patience = str(self.post.port), str(LISTENER_PATIENCE)
        return super().environment(config) | {
            "SOAR2_SMTP_PORT": mail,
            "SOAR2_MLLP_PATIENCE_SECONDS": patience,
        }

    def environment_of(self, part):
        """Listener and worker reach the database by the failing network; pages and watcher directly."""
        if part not in ("listen", "work"):
            return {}
        there, password = f"127.0.0.1:{self.database.port}", (self.server.place / "data/password").read_text()
        return {"DATABASE_URL": f"postgresql://soar2:{password}@{there}/soar2"}

    def stop(self):
        try:
            super().stop()
        finally:
            if self.mounted:
                self.disk.unmount()
                shutil.rmtree(self.home, ignore_errors=True)


class Keeper(threading.Thread):
    """Stands in for systemd and the supervisor: starts again what ended, and the database too."""

    def __init__(self, system: FaultySystem):
        super().__init__(daemon=True)
        self.system, self.ending = system, threading.Event()
        self.lock = threading.Lock()
        self.killed: set[int] = set()
        self.ended: Counter[str] = Counter()  # by themselves, with which status
        self.recent: dict[str, float] = {}

    def run(self) -> None:
        while not self.ending.wait(0.1):
            with self.lock:
                for part, process in self.system.tend():
                    if process.pid not in self.killed:
                        self.ended[f"{part} with {process.returncode}"] += 1
            with contextlib.suppress(ServerFault, OSError, psycopg.Error):
                self.system.server.tend()

    def kill(self, part: str, some: Callable = lambda processes: processes) -> None:
        """kill -9 of running processes of ``part``; ``some`` chooses among them."""
        with self.lock:
            running = [one for one in self.system.processes.get(part, []) if one.poll() is None]
            for process in some(running):
                self.killed.add(process.pid)
                os.killpg(process.pid, 9)
                process.wait(20)

    def stop(self) -> None:
        self.ending.set()
        self.join(60)


class Visitor(threading.Thread):
    """Somebody at a screen: asks for pages all the time, and sees them go and come back."""

    def __init__(self, system: WholeSystem):
        super().__init__(daemon=True)
        self.system, self.ending = system, threading.Event()
        self.answers: Counter[str] = Counter()
        self.outages = self.returns = 0
        self.well = False

    def run(self) -> None:
        while not self.ending.wait(0.05):
            answer = self._ask("/health/")
            self.answers[answer] += 1
            self.outages += self.well and answer == "none"
            self.returns += not self.well and answer == "200"
            self.well = answer == "200"

    def _ask(self, path: str) -> str:
        try:
            with urllib.request.urlopen(self.system.url(path), timeout=5) as response:
                return str(response.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return str(refusal.code)
        except OSError:
            return "none"

    def stop(self) -> None:
        self.ending.set()
        self.join(20)


class Run:
    """One run from an empty database to the audit. ``say`` is told how it goes."""

    def __init__(self, plan: Plan, say: Callable[[str], None] = print):
        self.plan, self.say = plan, say
        self.chance = random.Random(plan.seed)
        self.points = plan.points(self.chance)
        self.script, self.gate, self.net = Script(plan.seed), Gate(), FaultNet()
        self.caused: Counter[str] = Counter()
        self.started, self.progress = 0, (0, time.monotonic())
        self.each = plan.messages / max(1, len(self.points))
        self.ahead = max(5 * plan.senders, int(5 * self.each))
        self.evidence: Path | None = None

    def go(self) -> Verdict:
        begun = time.monotonic()
        self.say(f"SOAR2_FAULT_SEED={self.plan.seed}")
        with self.net:
            self.system = FaultySystem(self.net)
            try:
                self.system.start(parts=("listen", "work", "work", "web", "watch"), at=STARTS)
                with self._kept():
                    verdict = self._under_faults()
            finally:
                self.system.stop()
        self.seconds = time.monotonic() - begun
        return verdict

    @contextlib.contextmanager
    def _kept(self) -> Iterator[None]:
        self.keeper, self.visitor = Keeper(self.system), Visitor(self.system)
        self.keeper.start()
        self.visitor.start()
        try:
            yield
        except BaseException:
            self._keep_evidence("stopped by a fault of the run itself")
            raise
        finally:
            self.gate.close()
            self.visitor.stop()
            self.keeper.stop()

    def _under_faults(self) -> Verdict:
        senders = [
            Sender(
                self.script, self.gate, self.system.senders.port, n, random.Random(f"{self.plan.seed} {n}")
            )
            for n in range(self.plan.senders)
        ]
        for sender in senders:
            sender.start()
        self._cause_all()
        self._finish_traffic()
        self.gate.close()
        for sender in senders:
            sender.join(60)
        self._settle()
        self._next(MORNING)
        self._settle()
        return self._audit()

    # Faults

    def _cause_all(self) -> None:
        for number, point in enumerate(self.points):
            self._allow(number)
            self._until(lambda due=number * self.each: len(self.gate.acknowledged) >= due, "messages go on")
            self._until(self._kept_up, "the workers have caught up")  # so that their work is under faults too
            if number == len(self.points) * 6 // 10:
                self._next(LATER)  # rungs fall due in the midst of it
            self._cause(point)
            self.started = number + 1
            if number % 25 == 0:
                self._tell()

    def _allow(self, number: int) -> None:
        self.gate.allow(min(self.plan.messages, int(number * self.each) + self.ahead))

    def _cause(self, point: tuple[str, ...]) -> None:
        if len(point) == 2:
            self._plan_network(*point)
        elif point[0] in DISKS:
            self._fill(point[0])
        else:
            getattr(self, f"_{point[0].replace(' ', '_')}")()
            self.caused[point[0]] += 1

    def _plan_network(self, where: str, kind: str) -> None:
        """Before the database, most faults choose the moment that matters: a commit and its answer."""
        needle = self.chance.choice((STORES, COMMITS, COMMITS, b"")) if where == BEFORE_DATABASE else b""
        if where == BEFORE_LISTENER and kind.endswith("request"):
            needle = STORES
        self.net.proxies[where].plan(Fault(kind, needle, random.Random(self.chance.random())))

    def _kill_listener(self) -> None:
        self._while_in_flight()
        self.keeper.kill("listen")

    def _kill_worker(self) -> None:
        self._with_traffic(lambda: self._undone() > 0, "a worker has work on hand")
        if self.chance.random() < 0.3:
            self.keeper.kill("work")
        else:
            self.keeper.kill("work", lambda running: running and [self.chance.choice(running)])

    def _kill_web(self) -> None:
        self._with_traffic(lambda: self.visitor.well, "the pages are there to be killed")
        seen = self.visitor.outages
        self.keeper.kill("web")
        self._with_traffic(lambda: self.visitor.outages > seen, "somebody misses the pages")

    def _kill_watcher(self) -> None:
        self.keeper.kill("watch")

    def _kill_database(self) -> None:
        self._while_in_flight()
        self._with_traffic(self._answers, "the database is there to be killed")
        self.system.kill_database()

    def _crash_a_backend(self) -> None:
        """kill -9 of one of its processes: the server throws all others out and recovers."""
        self._with_traffic(self._answers, "the database is there to be crashed")
        with contextlib.suppress(psycopg.Error, ProcessLookupError):
            pids = [row[0] for row in self.system.query(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )]  # fmt: skip
            os.kill(self.chance.choice(pids), 9)

    def _fill(self, what: str) -> None:
        """Full until the listener has closed connections without an answer, and a little longer."""
        disk = self.system.disk if what == "full disk" and self.system.mounted else self.system.files
        self._with_traffic(self._answers, "the database is there")
        self._while_in_flight()
        given_up, postmaster = self._given_up(), self.system.server._postmaster()
        disk.fill()
        try:
            if self.chance.random() < 0.5:  # and the write-ahead log needs a new file right now
                with contextlib.suppress(psycopg.Error):
                    for _ in range(8):
                        self.system.query("SELECT pg_switch_wal(), pg_logical_emit_message(true, '', '')")
            if disk is self.system.disk:
                self._with_traffic(lambda: self._given_up() > given_up + 1, "the listener gives messages up")
            else:  # the server may give up and be started again without the limit
                self._with_traffic(
                    lambda: self._given_up() > given_up or self.system.server._postmaster() != postmaster,
                    "the listener gives a message up, or the server itself does",
                )
            time.sleep(self.chance.uniform(0, 2))
        finally:
            disk.free()
        self.caused[f"{what}: {disk.words}"] += 1

    def _given_up(self) -> int:
        return self.gate.missed["ConnectionAbortedError"]

    # Waiting

    def _while_in_flight(self) -> None:
        self._with_traffic(lambda: self.gate.in_flight > 0, "a message is under way")

    def _with_traffic(self, question: Callable[[], bool], words: str) -> None:
        """Wait, and let a few more messages through whenever the senders have nothing left to do."""

        start = self.gate.allowed

        def asked() -> bool:
            try:
                if question():
                    return True
            except psycopg.Error:
                pass
            if self.gate.idle:
                self.gate.allow(self.gate.allowed + 2)
                assert self.gate.allowed < start + IN_VAIN, (
                    f"{IN_VAIN} messages went by in vain until {words}"
                )
            return False

        self._until(asked, words)

    def _until(self, question: Callable[[], bool], words: str) -> None:
        """Without a deadline while anything moves: a slow machine is no fault."""
        while not question():
            now = (len(self.gate.acknowledged), sum(self.caused.values()), self.net.outstanding)
            if now != self.progress[0]:
                self.progress = (now, time.monotonic())
            elif time.monotonic() - self.progress[1] > STUCK:
                raise AssertionError(f"for {STUCK:.0f} s nothing moved until {words}\n{self.system.logs()}")
            time.sleep(0.01)
        self.progress = (self.progress[0], time.monotonic())

    def _finish_traffic(self) -> None:
        """All messages, and as many more as it takes until each planned network fault has struck."""
        self.gate.allow(self.plan.messages)
        self._until(lambda: self.gate.idle, "all messages are acknowledged")
        while self.net.outstanding:
            self.gate.allow(self.gate.allowed + 4)
            self._until(lambda: self.gate.idle, "more messages are acknowledged")
            time.sleep(0.2)
        self._tell()

    def _kept_up(self) -> bool:
        with contextlib.suppress(psycopg.Error):
            return self._undone() < self.ahead
        return True

    def _undone(self) -> int:
        return self.system.one(
            "SELECT (SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored')"
            " + (SELECT count(*) FROM record_outboxmessage WHERE state = 'queued' AND not_before <= now())"
        )

    def _answers(self) -> bool:
        return self.system.one("SELECT 1") == 1

    def _next(self, hospital) -> None:
        """Move the hospital's clock: its rungs and digests fall due."""

        def moved() -> bool:
            with contextlib.suppress(psycopg.Error):
                self.system.query("UPDATE record_democlock SET hospital = %s RETURNING id", hospital)
                return True
            return False

        self._until(moved, "the clock is moved")

    def _settle(self) -> None:
        """Until all is applied, all due rungs are fired and all that is owed is sent."""
        before, since = None, time.monotonic()
        while True:
            try:
                left = self.system.query(
                    "SELECT (SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored'),"
                    " (SELECT count(*) FROM notices_step s JOIN notices_notice n ON n.id = s.notice_id WHERE"
                    "  s.state = 'waiting' AND n.closed_at IS NULL AND s.due_at <= (SELECT hospital FROM record_democlock)),"
                    " (SELECT count(*) FROM record_outboxmessage WHERE state = 'queued')"
                )[0]
                if self.plan.hurried and left[:2] == (0, 0):
                    self._hurry()
            except psycopg.Error:
                left = "no database"
            if left == (0, 0, 0):
                return
            if left != before:
                before, since = left, time.monotonic()
            elif time.monotonic() - since > 420:  # longer than the longest back-off and a dead worker's lease
                self.say(f"not settled: {left} messages, rungs, deliveries")
                return
            time.sleep(0.2)

    def _hurry(self) -> None:
        """What waits only for time need not: a dead worker's lease, the pause before another try."""
        self.system.query(
            "UPDATE record_outboxmessage SET not_before = now(), leased_until = NULL WHERE state = 'queued'"
            " AND (not_before > now() OR NOT EXISTS (SELECT FROM record_heartbeat h WHERE h.name = leased_by"
            " AND h.seen > now() - interval '8 seconds')) RETURNING id"
        )

    # The end

    def _audit(self) -> Verdict:
        mails = list(self.system.mail.mails)
        verdict = Audit(self.system.query, self.script, dict(self.gate.acknowledged), mails).run(morning=True)
        verdict.wrong += self.gate.wrong
        for path in self._logs():
            verdict.wrong += private_lines(path.name, path.read_text(errors="replace").splitlines())
        planned = sum(self.plan.kills.values()) + sum(self.plan.network.values())
        if self.points_caused != planned:
            verdict.wrong.append(f"{self.points_caused} fault points were caused, of {planned} planned")
        if not self.gate.resends:
            verdict.wrong.append("no sender ever missed an answer: the faults fell outside the traffic")
        if self.visitor.outages < self.plan.kills.get("kill web", 0) or not self.visitor.well:
            verdict.wrong.append(f"the pages went {self.visitor.outages} times, well: {self.visitor.well}")
        if not verdict.good:
            self._keep_evidence(str(verdict))
        return verdict

    @property
    def by_kind(self) -> dict[str, int]:
        found = dict(self.caused)
        for proxy in self.net.proxies.values():
            found |= {f"{proxy.name}: {kind}": count for kind, count in sorted(proxy.caused.items()) if count}
        return found

    @property
    def points_caused(self) -> int:
        return sum(self.by_kind.values())

    def _logs(self) -> list[Path]:
        return [*self.system.home.glob("*.log"), *self.system.home.glob("log/*.log")]

    def _tell(self) -> None:
        self.say(
            f"{len(self.gate.acknowledged)} acknowledged, {self.points_caused} fault points caused"
            f" ({self.net.outstanding} to strike), {self.gate.resends} resends, {len(self.system.mail.mails)} mails"
        )

    def _keep_evidence(self, words: str) -> None:
        """Logs and rows, for whoever looks for the reason; all patients in them are synthetic."""
        self.evidence = Path(tempfile.mkdtemp(prefix="soar2-fault-evidence-"))
        (self.evidence / "verdict.txt").write_text(f"SOAR2_FAULT_SEED={self.plan.seed}\n{words}\n")
        for path in self._logs():
            shutil.copy(path, self.evidence / path.name)
        (self.evidence / "mails.txt").write_text("\n\n".join(str(mail) for mail in self.system.mail.mails))
        for table in TABLES:
            with contextlib.suppress(psycopg.Error), (self.evidence / f"{table}.jsonl").open("w") as out:
                for (row,) in self.system.query(ROWS.format(sql.Identifier(table))):
                    print(json.dumps(row), file=out)
        self.say(f"evidence is in {self.evidence}")

    def report(self, verdict: Verdict) -> str:
        """What a person reads at the end."""
        resent = self.gate.missed
        return "\n".join(
            [
                f"seed                 {self.plan.seed}",
                f"messages             {len(self.gate.acknowledged)} acknowledged to {self.plan.senders} senders",
                f"fault points         {self.points_caused}",
                *(f"  {count:5} {kind}" for kind, count in self.by_kind.items()),
                f"resends              {self.gate.resends} for want of an answer ({dict(resent)}),"
                f" {self.gate.sent_after} after one",
                f"ended by themselves  {dict(self.keeper.ended) or 'none'}",
                f"pages                {dict(self.visitor.answers)}, gone {self.visitor.outages} times",
                f"mails                {len(self.system.mail.mails)}",
                f"lost                 {len(verdict.lost)}",
                f"doubled              {len(verdict.doubled)}",
                f"undelivered          {len(verdict.undelivered)}",
                f"otherwise wrong      {len(verdict.wrong)}",
                f"duration             {self.seconds:.0f} s",
                *([f"evidence             {self.evidence}"] if self.evidence else []),
                str(verdict),
            ]
        )
