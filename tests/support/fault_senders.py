"""Senders that behave as an interface engine does: one message at a time, sent again until it is acknowledged."""

import http.client
import random
import re
import socket
import threading
import time
from collections import Counter

from fault_traffic import Script, Sent

from soar2.exchange.mllp import frame

PATIENCE = (2.0, 6.0, 15.0)  # seconds; some senders give up before the listener does, some after
LOCATION = re.compile(r"/DiagnosticReport/([0-9a-f]{32})/_history/1\Z")


class Gate:
    """How far the senders may go. They stop where a fault is due that has not been caused yet."""

    def __init__(self):
        self._open = threading.Condition()
        self._next = self.allowed = 0
        self.acknowledged: dict[int, str] = {}  # by message the answer's code
        self.names: dict[int, str] = {}  # by message the name that the FHIR door gave it
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

    def miss(self, door: str, why: str) -> None:
        with self._open:
            self.missed[f"{door}: {why}"] += 1

    def note(self, **counts: int) -> None:
        with self._open:
            for name, by in counts.items():
                setattr(self, name, getattr(self, name) + by)


class NoAnswer(Exception):
    """Nothing came that would acknowledge the message; the words are counted."""


class ByMllp:
    """One connection kept open to the MLLP door."""

    def __init__(self, port: int, patience: float):
        self.port, self.patience = port, patience
        self.link: socket.socket | None = None

    def send(self, message: Sent) -> tuple[str, str]:
        """MSA-1, and nothing. Raises ``NoAnswer`` and ``OSError``; then the connection is to be given up."""
        if self.link is None:
            self.link = socket.create_connection(("127.0.0.1", self.port), timeout=self.patience)
            self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.sendall(frame(message.raw))
        said = re.search(rb"\rMSA\|(A[AER])(?:\|([^\r|]*))?", self._answer())
        if said is None or (said[2] or b"").decode() != message.control:
            return "an answer that is not its own", ""
        return said[1].decode(), ""

    def _answer(self) -> bytes:
        answer, end = b"", time.monotonic() + self.patience
        while not answer.endswith(b"\x1c\r"):
            self.link.settimeout(max(end - time.monotonic(), 0.001))
            if not (more := self.link.recv(65536)):
                raise NoAnswer("closed without an answer")
            answer += more
        return answer

    def hang_up(self) -> None:
        if self.link is not None:
            self.link.close()
            self.link = None


class ByFhir:
    """One connection kept open to the FHIR door."""

    def __init__(self, port: int, patience: float, token: str):
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
        self.headers = {"Content-Type": "application/fhir+json", "Authorization": f"Bearer {token}"}

    def send(self, message: Sent) -> tuple[str, str]:
        """The status and, with 201, the name that the report has there. Raises as ``ByMllp.send``."""
        try:
            self.line.request("POST", "/fhir/DiagnosticReport", message.raw, self.headers)
            answer = self.line.getresponse()
            answer.read()
        except http.client.HTTPException as fault:
            raise NoAnswer(f"HTTP {type(fault).__name__}") from None
        where = LOCATION.search(answer.headers.get("Location", ""))
        if answer.status in (408, 503) or (answer.status == 201 and where is None):
            raise NoAnswer(f"HTTP {answer.status}")
        return str(answer.status), where[1] if where else ""

    def hang_up(self) -> None:
        self.line.close()


class Sender(threading.Thread):
    """An engine with a line to either door, one message outstanding, sent again until it is acknowledged."""

    def __init__(self, script: Script, gate: Gate, mllp: int, fhir: int, token: str, number: int):
        super().__init__(daemon=True)
        self.script, self.gate = script, gate
        self.chance = random.Random(f"{script.seed} {number}")
        patience = PATIENCE[number % len(PATIENCE)]
        self.lines = {"mllp": ByMllp(mllp, patience), "fhir": ByFhir(fhir, patience, token)}

    def run(self) -> None:
        while (n := self.gate.take()) is not None:
            message = self.script.message(n)
            self.gate.note(in_flight=1)
            code, name = self._until_acknowledged(message)
            self.gate.note(in_flight=-1)
            self.gate.names[n] = name
            self.gate.acknowledged[n] = code
            if code not in message.codes:
                self.gate.wrong.append(f"message {n} ({message.kind}) was answered {code}")
            if self.chance.random() < 0.05:
                self._send_once_more(message, (code, name))
        for line in self.lines.values():
            line.hang_up()

    def _until_acknowledged(self, message: Sent) -> tuple[str, str]:
        pause = 0.05
        while (answer := self._exchange(message)) is None:
            self.gate.note(resends=1)
            time.sleep(pause * self.chance.uniform(0.5, 1.5))
            pause = min(2 * pause, 1.0)
        return answer

    def _send_once_more(self, message: Sent, before: tuple[str, str]) -> None:
        """An engine that was restarted sends its last message again; the answer may not change."""
        again = self._exchange(message)
        self.gate.note(sent_after=1)
        if again not in (None, before):
            self.gate.wrong.append(f"message {message.n} was answered {before} and then {again}")

    def _exchange(self, message: Sent) -> tuple[str, str] | None:
        """Code and name; None where no answer came, and the connection is given up."""
        try:
            return self.lines[message.door].send(message)
        except NoAnswer as fault:
            why = str(fault)
        except OSError as fault:
            why = type(fault).__name__
        self.gate.miss(message.door, why)
        self.lines[message.door].hang_up()
        return None
