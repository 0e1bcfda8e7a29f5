"""The sending side of MLLP: for ``soar2 send``, the demonstration and the tests.

A message that gets no answer is sent again under the same control id, by which its receiver knows a resend.
"""

import hashlib
import re
import select
import socket
import ssl
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.envelope import envelope
from soar2.exchange.hl7v2.message import parse, split_batch
from soar2.exchange.mllp import Frame, Framer, frame

GOOD = frozenset({"AA", "CA"})
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 3.0  # seconds between two tries
AUTHORITY = "DEMO"
PROCEDURE = "30855-1^MR Cervical and thoracic and lumbar spine WO and W contrast IV^LN"
OBSERVATION = "18748-4^Diagnostic imaging study^LN"
_HEADER = re.compile(rb"(?:\A|[\r\n])[ \t]*MSH[^A-Za-z0-9\s]")


class NoAnswer(Exception):
    """The receiver could not be reached or did not answer. Send the same message again."""


class Client:
    """One MLLP connection, opened when needed and again after a failure. Blocking; for one thread.

    With ``context`` (``tls.client_context``) it speaks TLS, and ``host`` must stand in the door's certificate.
    """

    def __init__(self, host: str, port: int, timeout: float = 10.0, *, context: ssl.SSLContext | None = None):
        self.host, self.port, self.timeout = host, port, timeout
        self._context = context
        self._link: socket.socket | None = None
        self._framer = Framer()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, raw: bytes) -> bytes:
        """Send one message and return the answer. Raises ``NoAnswer``, after which the connection is new."""
        try:
            link = self._connected()
            link.sendall(frame(raw))
            return self._answer(link)
        except OSError as fault:
            self.close()
            raise NoAnswer(_words(fault)) from fault

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link, self._framer = None, Framer()

    def _connected(self) -> socket.socket:
        if self._link is not None and _closed_by_peer(self._link):
            self.close()
        if self._link is None:
            self._link = self._opened()
        return self._link

    def _opened(self) -> socket.socket:
        link = socket.create_connection((self.host, self.port), self.timeout)
        try:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._context.wrap_socket(link, server_hostname=self.host) if self._context else link
        except OSError:
            link.close()
            raise

    def _answer(self, link: socket.socket) -> bytes:
        deadline = time.monotonic() + self.timeout
        while True:
            link.settimeout(max(deadline - time.monotonic(), 0.001))
            data = link.recv(65536)
            if not data:
                raise ConnectionError("the connection was closed without an answer")
            for event in self._framer.feed(data):
                if isinstance(event, Frame):
                    return event.content


@dataclass(frozen=True)
class Answer:
    """What a receiver said: MSA-1, and the words of MSA-3 or ERR-8."""

    code: str
    words: str


def read_answer(raw: bytes) -> Answer:
    """An ACK taken apart; code ``?`` when it is none."""
    try:
        message = parse(raw)
    except Unreadable:
        return Answer("?", "The answer is no HL7 message.")
    said, error = message.first("MSA"), message.first("ERR")
    if said is None:
        return Answer("?", "The answer has no MSA segment.")
    return Answer(said.component(1).upper(), said.field(3) or (error.field(8) if error else ""))


def messages_of(content: bytes) -> tuple[bytes, ...]:
    """The HL7 messages of a file, lines ended by CR as the wire wants them.

    Raises Unreadable when it holds none.
    """
    content = content.removeprefix(b"\xef\xbb\xbf").replace(b"\x0b", b"").replace(b"\x1c", b"")
    content = content.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    if not _HEADER.search(content):
        raise Unreadable("There is no HL7 message in it: no line begins with MSH.", "MSH")
    return tuple(re.sub(rb"\r{2,}", b"\r", piece.strip(b"\r")) + b"\r" for piece in split_batch(content))


def wrap(
    text: str, *, now: datetime, mrn: str, family: str, given: str, accession: str, control_id: str
) -> bytes:
    """A bare report text as the final ORU^R01 of a synthetic patient, one OBX for each line.

    The patient's number is issued by the authority DEMO; the exam ended, and was reported, at ``now``.
    """
    at = now.strftime("%Y%m%d%H%M%S%z")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    order = [
        "OBR",
        "1",
        "",
        _escaped(accession),
        PROCEDURE,
        *[""] * 2,
        at,
        at,
        *[""] * 13,
        at,
        "",
        "RAD",
        "F",
    ]
    segments = [
        ["MSH", "^~\\&", "SOAR2SEND", AUTHORITY, "SOAR2", AUTHORITY, at, "", "ORU^R01^ORU_R01",
         _escaped(control_id), "P", "2.5.1", *[""] * 5, "UNICODE UTF-8"],
        ["PID", "1", "", f"{_escaped(mrn)}^^^{AUTHORITY}^MR", "", f"{_escaped(family)}^{_escaped(given)}"],
        order,
        *(
            ["OBX", str(number), "TX", OBSERVATION, "", _escaped(line), *[""] * 5, "F"]
            for number, line in enumerate(lines, 1)
        ),
    ]  # fmt: skip
    return "".join("|".join(fields) + "\r" for fields in segments).encode()


def report_message(content: bytes, *, now: datetime) -> bytes:
    """A file of plain report text as a message. The same file is the same patient and the same exam.

    Raises Unreadable when the file is an HL7 message.
    """
    if _HEADER.search(content):
        raise Unreadable("It is an HL7 message already; send it without --as-report.", "MSH")
    text = content.decode("utf-8-sig", "replace")
    mark = hashlib.sha256(content).hexdigest().upper()
    return wrap(
        text,
        now=now,
        mrn=f"S{int(mark[:12], 16) % 10**7:07d}",
        family="Synthetic",
        given=f"Sample {mark[:4]}",
        accession=f"SAMPLE-{mark[:8]}",
        control_id=f"{mark[:8]}{int(now.timestamp()) % 10**8:08d}",
    )


def run_send(
    paths: Sequence[str],
    host: str,
    port: int,
    *,
    as_report: bool = False,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    timeout: float = 10.0,
    attempts: int = 5,
    now: datetime | None = None,
    context: ssl.SSLContext | None = None,
) -> int:
    """``soar2 send``: every message of every file, one line each. 0 when all were accepted, else 1.

    ``as_report`` takes files of plain report text and sends them as a synthetic patient's. ``context`` is for
    a receiver that speaks TLS.
    """
    out, complain = stdout or sys.stdout, stderr or sys.stderr
    good = True
    with Client(host, port, timeout, context=context) as client:
        for path in paths:
            try:
                messages = list(_messages(path, as_report, now or datetime.now(UTC)))
            except (OSError, Unreadable) as fault:
                print(f"{path}: {_reason(fault, as_report)}", file=complain)
                good = False
                continue
            for raw in messages:
                good = _send_one(client, raw, attempts, out, complain) and good
    return 0 if good else 1


def _messages(path: str, report: bool, now: datetime) -> Iterator[bytes]:
    content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    if report:
        yield report_message(content, now=now)
    else:
        yield from messages_of(content)


def _reason(fault: OSError | Unreadable, report: bool) -> str:
    if isinstance(fault, OSError):
        return f"{fault.strerror}."
    hint = "" if report else " To send plain report text as a synthetic patient's report, add --as-report."
    return fault.reason + hint


def _send_one(client: Client, raw: bytes, attempts: int, out: TextIO, complain: TextIO) -> bool:
    control_id = envelope(raw).control_id or "(no control id)"
    begun, pause = time.monotonic(), FIRST_PAUSE
    for attempt in range(1, attempts + 1):
        try:
            answer = read_answer(client.send(raw))
        except NoAnswer as fault:
            last = attempt == attempts
            todo = "given up" if last else "sending it again"
            print(f"{control_id}: {fault}; {todo}.", file=complain)
            time.sleep(0 if last else pause)
            pause = min(2 * pause, LONGEST_PAUSE)
        else:
            milliseconds = (time.monotonic() - begun) * 1000
            print(f"{control_id} {answer.code} {milliseconds:.0f} ms {answer.words}".rstrip(), file=out)
            return answer.code in GOOD
    return False


def _escaped(text: str) -> str:
    """Text between HL7 delimiters; the escape character first. NULs and frame bytes have no place there."""
    for char, letter in (("\\", "E"), ("|", "F"), ("^", "S"), ("~", "R"), ("&", "T")):
        text = text.replace(char, f"\\{letter}\\")
    return re.sub(r"[\x00-\x08\x0b-\x1f]", " ", text)


def _closed_by_peer(link: socket.socket) -> bool:
    """An idle connection the receiver has closed would swallow a message: readable, and then empty."""
    with suppress(OSError, ValueError):
        if select.select([link], [], [], 0)[0]:
            return not socket.socket.recv(link, 1, socket.MSG_PEEK)  # under TLS too: its own would not peek
        return False
    return True


def _words(fault: OSError) -> str:
    if isinstance(fault, ssl.SSLCertVerificationError):
        return f"the receiver's certificate is not trusted ({fault.verify_message})"
    if isinstance(fault, ssl.SSLError):
        reason = (fault.reason or "no TLS there").lower().replace("_", " ")
        return f"TLS failed ({reason})"
    if isinstance(fault, TimeoutError):
        return "no answer in time"
    if isinstance(fault, ConnectionRefusedError):
        return "nobody listens there"
    return (fault.strerror or str(fault)).lower()
