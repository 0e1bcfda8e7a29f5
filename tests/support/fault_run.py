"""A fault run: the whole system, its traffic, and the faults that fall into it, paced by acknowledgements.

Nothing here waits for a time to pass. A fault is due after so many acknowledgements, senders stop when they
are too far ahead of the faults, and traffic goes on until every planned fault has struck; so a run does the
same on a fast machine and on a slow one.
"""

import contextlib
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from fault_audit import Audit, Verdict, private_lines
from fault_filling import Filling
from fault_plan import (
    BEFORE_DATABASE,
    BEFORE_LISTENER,
    BEFORE_WEB,
    COMMITS,
    DISKS,
    PLACES,
    STORES,
    STORES_FHIR,
    Place,
    Plan,
    Point,
)
from fault_proxy import Fault, FaultNet
from fault_receipts import Copy, Receipts, copies_of
from fault_report import keep_evidence, report
from fault_senders import Gate, Sender
from fault_system import FaultySystem, Keeper, Visitor
from fault_traffic import Script
from sample_reports import at

STARTS, LATER, MORNING = at("10 14:05"), at("10 14:22"), at("11 07:45")
STUCK = 300.0  # seconds without one acknowledgement, fault or delivery: then something does not come back by itself
IN_VAIN = 4000  # messages let through for a fault that does not come about
PARTS = {"kill listener": "listen", "kill worker": "work", "kill web": "web", "kill watcher": "watch"}


class Run:
    """One run from an empty database to the audit. ``say`` is told how it goes."""

    def __init__(self, plan: Plan, say: Callable[[str], None] = print):
        self.plan, self.say = plan, say
        self.chance = random.Random(plan.seed)
        self.points = plan.points(self.chance)
        self.script, self.gate, self.net = Script(plan.seed), Gate(), FaultNet()
        self.caused: Counter[str] = Counter()  # kills by kind and place, disks by kind
        self.progress = ((0, 0, 0, 0), time.monotonic())
        self.each = plan.messages / max(1, len(self.points))
        self.ahead = max(5 * plan.senders, int(5 * self.each))
        self.evidence: Path | None = None
        self.copies = self.again = self.by_hand = 0
        self.phases: list[tuple[str, float]] = []

    def go(self, afterwards: Callable[[], None] = lambda: None) -> Verdict:
        """The whole run. ``afterwards`` is called when all is compared, while the database still stands."""
        self._phase("start")
        self.say(f"SOAR2_FAULT_SEED={self.plan.seed}")
        with self.net:
            self.system = FaultySystem(self.net, self.plan.patience)
            try:
                self.system.start(parts=("listen", "work", "work", "web", "watch"), at=STARTS)
                with self._kept():
                    verdict = self._under_faults()
                    afterwards()
            finally:
                self.system.stop()
        self._phase("")
        return verdict

    def report(self, verdict: Verdict) -> str:
        return report(self, verdict)

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
        token = self.system.new_token()
        doors = self.system.senders.port, self.system.door.port
        senders = [
            Sender(self.script, self.gate, *doors, token, number) for number in range(self.plan.senders)
        ]
        for sender in senders:
            sender.start()
        self._phase("faults")
        self._cause_all()
        self._finish_traffic()
        self.gate.close()
        for sender in senders:
            sender.join(60)
        self._phase("settling")
        self._settle()
        self._next(MORNING)
        self._settle()
        self._phase("audit")
        return self._audit()

    def _phase(self, name: str) -> None:
        self.phases.append((name, time.monotonic()))

    # Faults

    def _cause_all(self) -> None:
        for number, point in enumerate(self.points):
            self.gate.allow(min(self.plan.messages, int(number * self.each) + self.ahead))
            self._until(lambda due=number * self.each: len(self.gate.acknowledged) >= due, "messages go on")
            self._until(self._kept_up, "the workers have caught up")  # so that their work is under faults too
            if number == len(self.points) * 6 // 10:
                self._next(LATER)  # rungs fall due in the midst of it
            self._cause(point)
            if number % 25 == 0:
                self._tell()

    def _cause(self, point: Point) -> None:
        if point.where in self.net.proxies:
            self._plan_network(point)
        elif point.kind in DISKS:
            self._fill(point.kind)
        else:
            self._kill(point)

    def _plan_network(self, point: Point) -> None:
        """Before the database, most faults choose the moment that matters: a commit and its answer."""
        needle = b""
        if point.where == BEFORE_DATABASE:
            needle = self.chance.choice((STORES, STORES_FHIR, COMMITS, COMMITS, b""))
        elif point.kind.endswith("request"):
            needle = {BEFORE_LISTENER: STORES, BEFORE_WEB: STORES_FHIR}.get(point.where, b"")
        self.net.proxies[point.where].plan(Fault(point.kind, needle, random.Random(self.chance.random())))

    def _kill(self, point: Point) -> None:
        """Try until something was there that could be killed, at this place."""
        place = PLACES[point.kind].get(point.where)
        self._with_traffic(
            lambda: self._kill_at(point.kind, place) if place else self._kill_anywhere(point.kind),
            f"it comes to {point.kind}: {point.where}",
        )
        self.caused[f"{point.kind}: {point.where}"] += 1

    def _kill_at(self, kind: str, place: Place) -> bool:
        """Let the conversation stand still, kill who holds it, let it go on or cut it."""
        if kind == "kill web":
            self._with_traffic(lambda: self.visitor.well, "the pages are there to be killed")
        proxy, moment = self.net.proxies[place.before], place.moment()
        proxy.lie_in_wait(moment)
        try:
            self._with_traffic(lambda: moment.reached, f"the moment to {kind} comes")
            if kind == "kill database":
                return self.system.kill_database()
            part, port = PARTS[kind], moment.port
            if place.before in (BEFORE_LISTENER, BEFORE_WEB):  # it stands still before the one who is killed
                return self.keeper.kill(part, self.keeper.running(part)) > 0
            holder = self.keeper.holder(part, port)
            return holder is not None and self.keeper.kill(part, [holder]) > 0
        finally:
            proxy.go_on(moment, passes=place.passes)

    def _kill_anywhere(self, kind: str) -> bool:
        """As it comes; but something must be under way just then with whoever is killed."""
        if kind == "kill database":
            self._with_traffic(lambda: self.system.database.pending > 0, "the database has work on hand")
            return self.system.kill_database()
        if kind == "crash a backend":
            return self._crash_a_backend()
        part = PARTS[kind]
        if kind == "kill worker":
            return self.keeper.kill(part, self._workers_at_work()) > 0
        if kind == "kill listener":
            self._with_traffic(lambda: self.system.senders.pending > 0, "the listener has a message")
        if kind == "kill web":
            self._with_traffic(lambda: self.visitor.well, "the pages are there to be killed")
        return self.keeper.kill(part, self.keeper.running(part)) > 0

    def _workers_at_work(self) -> list[int]:
        """One worker that is connected to the database, or sometimes all of them."""
        self._with_traffic(lambda: self._undone() > 0, "a worker has work on hand")
        found = {self.keeper.holder("work", port) for port in self.system.database.clients} - {None}
        if self.chance.random() < 0.3:
            return list(found)
        return [self.chance.choice(sorted(found))] if found else []

    def _crash_a_backend(self) -> bool:
        """kill -9 of one of its processes: the server throws all others out and recovers."""
        with contextlib.suppress(psycopg.Error, ProcessLookupError):
            pids = [row[0] for row in self.system.query(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )]  # fmt: skip
            if pids:
                os.kill(self.chance.choice(pids), 9)
                return True
        return False

    def _fill(self, what: str) -> None:
        filling = Filling(self.system, self.gate, self._with_traffic)
        self.caused[filling.fill(what, wal=self.chance.random() < 0.5)] += 1
        self.by_hand += filling.by_hand

    # Waiting

    def _with_traffic(self, question: Callable[[], bool], words: str) -> None:
        """Wait, and let a few more messages through whenever the senders have nothing left to do."""
        start = self.gate.allowed

        def asked() -> bool:
            with contextlib.suppress(psycopg.Error):
                if question():
                    return True
            if self.gate.idle:
                self.gate.allow(self.gate.allowed + 2)
                assert self.gate.allowed < start + IN_VAIN, f"{IN_VAIN} messages in vain until {words}"
            return False

        self._until(asked, words)

    def _until(self, question: Callable[[], bool], words: str) -> None:
        """Without a deadline while anything moves: a slow machine is no fault."""
        while not question():
            received = len(self.system.mail.mails) + len(self.system.pager.pages)
            now = (len(self.gate.acknowledged), sum(self.caused.values()), self.net.outstanding, received)
            if now != self.progress[0]:
                self.progress = (now, time.monotonic())
            elif time.monotonic() - self.progress[1] > STUCK:
                raise AssertionError(f"for {STUCK:.0f} s nothing moved until {words}\n{self.system.logs(3)}")
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
        """What waits only for time need not: the pause before another try, the lease of a worker that was killed
        or that could not write down what it had done. At worst this sends one copy more."""
        self.system.query(
            "UPDATE record_outboxmessage SET not_before = now(), leased_until = NULL WHERE state = 'queued'"
            " AND (not_before > now() OR leased_until < now() + interval '50 seconds') RETURNING id"
        )

    # The end

    def _audit(self) -> Verdict:
        copies = copies_of(list(self.system.mail.mails), list(self.system.pager.pages))
        verdict = self.compare(self.system.query, copies)
        self.copies, self.again = len(copies), len(copies) - len({copy.message for copy in copies})
        verdict.wrong += self.gate.wrong
        verdict.wrong += [f"{self.system.pager.forged} pages with a wrong signature"] * bool(
            self.system.pager.forged
        )
        for path in self._logs():
            verdict.wrong += private_lines(path.name, path.read_text(errors="replace").splitlines())
        if self.points_caused != self.plan.count:
            verdict.wrong.append(
                f"{self.points_caused} fault points were caused, of {self.plan.count} planned"
            )
        if not self.gate.resends:
            verdict.wrong.append("no sender ever missed an answer: the faults fell outside the traffic")
        if not self.visitor.well:
            verdict.wrong.append("the pages did not come back")
        if not verdict.good:
            self._keep_evidence(str(verdict))
        return verdict

    def compare(self, query: Callable, copies: list[Copy]) -> Verdict:
        """What the senders were told beside what ``query`` finds, and that beside what was received."""
        verdict = Audit(query, self.script, dict(self.gate.acknowledged), self.gate.names).run()
        Receipts(query, copies, verdict).run()
        return verdict

    @property
    def points_caused(self) -> int:
        struck = sum(sum(proxy.caused.values()) for proxy in self.net.proxies.values())
        return sum(self.caused.values()) + struck

    def _logs(self) -> list[Path]:
        return [*self.system.home.glob("*.log"), *self.system.home.glob("log/*.log")]

    def _tell(self) -> None:
        self.say(
            f"{len(self.gate.acknowledged)} acknowledged, {self.points_caused} fault points caused"
            f" ({self.net.outstanding} to strike), {self.gate.resends} resends, {len(self.system.mail.mails)} mails"
        )

    def _keep_evidence(self, words: str) -> None:
        self.evidence = keep_evidence(
            self.system, f"SOAR2_FAULT_SEED={self.plan.seed}\n{words}\n", self._logs()
        )
        self.say(f"evidence is in {self.evidence}")
