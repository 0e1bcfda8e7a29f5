"""The messages of a fault run, and senders that behave as an interface engine does.

Message ``n`` of a seed is always the same. Most are reports; some append to or correct an earlier report,
repeat one under a new control id, are not for us, cannot be read, name no patient, or reuse a control id.
"""

import hashlib
import random
import re
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from sample_reports import macro, oru

from soar2.exchange.mllp import frame

FAMILY, GIVEN, NUMBER = "QUILLFEATHER", "SYNTHIA", "ZQMRN"  # must never be seen in a log or in a mail
LANES = ("emergent", "urgent", "expedited", "routine")
OFTEN = (12, 23, 30, 35)  # of a hundred
BACK = 40  # how far back a follow-up's report may lie; so some are still under way
KINDS = {
    "report": 68, "addendum": 10, "repeat": 6, "outside": 6, "unreadable": 3, "nameless": 4, "reused": 3,
}  # fmt: skip
CLASH = "This control id came before with another content."
PATIENCE = (2.0, 6.0, 15.0)  # seconds; some senders give up before the listener does, some after


@dataclass(frozen=True)
class Sent:
    """One message and what must become of it."""

    n: int
    kind: str
    raw: bytes
    control: str
    codes: frozenset[str]
    accession: str = ""
    lane: str = ""
    status: str = "F"
    reported: str = ""

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


class Script:
    """All messages of one seed."""

    def __init__(self, seed: int):
        self.seed = seed
        self.message = lru_cache(maxsize=None)(self._message)
        self._kind = lru_cache(maxsize=None)(self._kind_of)

    def _chance(self, n: int, what: str) -> random.Random:
        return random.Random(f"{self.seed}/{n}/{what}")

    def _kind_of(self, n: int) -> tuple[str, int]:
        """The kind of message ``n``, and the earlier report it is about."""
        chance = self._chance(n, "kind")
        kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
        about = n
        if kind in ("addendum", "repeat", "reused"):
            about = n - chance.randint(1, BACK)
            if about < 0 or self._kind(about)[0] != "report":
                return "report", n
        return kind, about

    def _message(self, n: int) -> Sent:
        kind, about = self._kind(n)
        return getattr(self, f"_{kind}")(n, about)

    def _lane(self, n: int) -> str:
        return self._chance(n, "lane").choices(LANES, OFTEN)[0]

    def _report(self, n: int, about: int, **changed) -> Sent:
        lane = self._lane(n)
        fields = {
            "kind": "report", "control": f"C{n:06d}", "codes": frozenset({"AA", "AE"}), "lane": lane,
            "accession": f"F{n:06d}", "reported": "20260310130500-0400", "patient": n, "text": macro(lane),
        } | changed  # fmt: skip
        patient, text = fields.pop("patient"), fields.pop("text")
        options = {key: fields.pop(key) for key in ("procedure", "mrn") if key in fields}
        raw = oru(
            text, n=n, control=fields["control"], accession=fields["accession"],
            status=fields.get("status", "F"), name=f"{FAMILY}{patient}^{GIVEN}",
            reported=fields["reported"], **{"mrn": f"{NUMBER}{patient:06d}"} | options,
        )  # fmt: skip
        return Sent(n=n, raw=raw, **fields)

    def _addendum(self, n: int, about: int) -> Sent:
        lane, status = self._lane(n), self._chance(n, "status").choice("AC")
        return self._report(
            n, about, kind="addendum", accession=f"F{about:06d}", patient=about, status=status, lane=lane,
            text=f"{macro(lane)}\nVersion {n} of this report.",
            reported=f"202603101306{(n - about):02d}-0400",
        )  # fmt: skip

    def _repeat(self, n: int, about: int) -> Sent:
        lane = self._lane(about)
        return self._report(
            n, about, kind="repeat", accession=f"F{about:06d}", patient=about, lane=lane, text=macro(lane)
        )

    def _outside(self, n: int, about: int) -> Sent:
        return self._report(n, about, kind="outside", procedure="24558-9^MR Abdomen^LN")

    def _nameless(self, n: int, about: int) -> Sent:
        return self._report(n, about, kind="nameless", mrn="", codes=frozenset({"AE"}))

    def _reused(self, n: int, about: int) -> Sent:
        return self._report(n, about, kind="reused", control=f"C{about:06d}")

    def _unreadable(self, n: int, about: int) -> Sent:
        raw = f"PID|1||{NUMBER}{n:06d}||{FAMILY}{n}^{GIVEN}\rOBX|1|TX|||no header before this\r".encode()
        return Sent(n=n, kind="unreadable", raw=raw, control="", codes=frozenset({"AR"}))


class Gate:
    """How far the senders may go. They stop where a fault is due that has not been caused yet."""

    def __init__(self):
        self._open = threading.Condition()
        self._next = self.allowed = 0
        self.acknowledged: dict[int, str] = {}
        self.in_flight = 0
        self.resends = self.sent_after = 0
        self.wrong: list[str] = []
        self.missed: Counter[str] = Counter()
        self._closed = False

    def take(self) -> int | None:
        with self._open:
            self._open.wait_for(lambda: self._closed or self._next < self.allowed)
            if self._closed:
                return None
            self._next += 1
            return self._next - 1

    def allow(self, upto: int) -> None:
        with self._open:
            self.allowed = max(self.allowed, upto)
            self._open.notify_all()

    def close(self) -> None:
        with self._open:
            self._closed = True
            self._open.notify_all()

    @property
    def idle(self) -> bool:
        """Whether all that was allowed is acknowledged."""
        return len(self.acknowledged) >= self.allowed

    def note(self, **counts: int) -> None:
        with self._open:
            for name, by in counts.items():
                setattr(self, name, getattr(self, name) + by)


class Sender(threading.Thread):
    """One connection kept open, one message outstanding, sent again until it is acknowledged."""

    def __init__(self, script: Script, gate: Gate, port: int, number: int, chance: random.Random):
        super().__init__(daemon=True)
        self.script, self.gate, self.port, self.chance = script, gate, port, chance
        self.patience = PATIENCE[number % len(PATIENCE)]
        self.link: socket.socket | None = None

    def run(self) -> None:
        while (n := self.gate.take()) is not None:
            message = self.script.message(n)
            self.gate.note(in_flight=1)
            code = self._until_acknowledged(message)
            self.gate.note(in_flight=-1)
            self.gate.acknowledged[n] = code
            if code not in message.codes:
                self.gate.wrong.append(f"message {n} ({message.kind}) was answered {code}")
            if self.chance.random() < 0.05:
                self._send_once_more(message, code)
        self._hang_up()

    def _until_acknowledged(self, message: Sent) -> str:
        pause = 0.05
        while (code := self._exchange(message)) is None:
            self.gate.note(resends=1)
            time.sleep(pause * self.chance.uniform(0.5, 1.5))
            pause = min(2 * pause, 1.0)
        return code

    def _send_once_more(self, message: Sent, code: str) -> None:
        """An engine that was restarted sends its last message again; the answer may not change."""
        again = self._exchange(message)
        self.gate.note(sent_after=1)
        if again not in (None, code):
            self.gate.wrong.append(f"message {message.n} was answered {code} and then {again}")

    def _exchange(self, message: Sent) -> str | None:
        """The answer's code; None where none came, and the connection is given up."""
        try:
            if self.link is None:
                self.link = socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)
                self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.link.sendall(frame(message.raw))
            answer = self._answer()
        except OSError as fault:
            self.gate.missed[type(fault).__name__] += 1
            self._hang_up()
            return None
        said = re.search(rb"\rMSA\|(A[AER])(?:\|([^\r|]*))?", answer)
        if said is None or (said[2] or b"").decode() != message.control:
            self.gate.wrong.append(f"message {message.n} got an answer that is not its own")
            self._hang_up()
            return None
        return said[1].decode()

    def _answer(self) -> bytes:
        answer, end = b"", time.monotonic() + self.patience
        while not answer.endswith(b"\x1c\r"):
            self.link.settimeout(max(end - time.monotonic(), 0.001))
            if not (more := self.link.recv(65536)):
                raise ConnectionAbortedError("the connection ended without an answer")
            answer += more
        return answer

    def _hang_up(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None
