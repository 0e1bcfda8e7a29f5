"""Every kind of bad input by MLLP: what its sender is answered, and the row that a person can see.

Through a real socket, the listener as a process, and the worker's reading. After each case the same door
takes a good message on a new connection.
"""

import contextlib
import itertools
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from soar2.exchange.mllp import HEAD, frame

CLOSED = ("closed", "")  # no answer: the sender sends the message again
STATUS = b"||RAD|F\r"  # the end of the OBR segment


@dataclass(frozen=True)
class Row:
    """What is kept of a message: its state, what a person reads, the place that failed, and its bytes."""

    state: str
    reason: str = ""
    where: str = ""
    raw: Callable[[bytes], bytes] | None = None  # of the bytes sent, where not all are kept


@dataclass(frozen=True)
class Case:
    """``bad`` makes the bytes sent of a good message; ``answer`` is MSA-1 and the place in ERR-2."""

    bad: Callable[[bytes], bytes]
    answer: tuple[str, str]
    row: Row


APPLIED = Row("applied")
CASES = {
    # The words can be read, so they are
    "wrong character set": Case(
        lambda good: good.replace(b"No epidural", "Kein epiduräles".encode("latin-1")), ("AA", ""), APPLIED
    ),
    "NULs": Case(lambda good: good.replace(b"No epidural", b"No\0\0 epidural"), ("AA", ""), APPLIED),
    "byte-order mark": Case(lambda good: b"\xef\xbb\xbf" + good, ("AA", ""), APPLIED),
    "nested escapes": Case(
        lambda good: good.replace(b"No epidural", b"\\E\\T\\E\\ \\X\\E\\41\\ \\.br\\.br\\ \\H\\No\\N\\ \\E\\\\E\\"),
        ("AA", ""),
        APPLIED,
    ),
    "line feeds for carriage returns": Case(lambda good: good.replace(b"\r", b"\n"), ("AA", ""), APPLIED),
    "line ends in the text": Case(lambda good: good.replace(b"No epi", b"No\repi"), ("AA", ""), APPLIED),
    "words before MSH": Case(lambda good: b"from the engine: " + good, ("AA", ""), APPLIED),
    "a control id of 6,000 characters": Case(
        lambda good: good.replace(b"|O1|", b"|" + b"O" * 6000 + b"|"), ("AA", ""), APPLIED
    ),
    # Read, and held: who or when cannot be told
    "missing PID": Case(
        lambda good: b"".join(part + b"\r" for part in good.split(b"\r") if part and part[:3] != b"PID"),
        ("AE", "PID"),
        Row("quarantined", "PID", "PID-3"),
    ),
    "no patient number": Case(
        lambda good: good.replace(b"900001", b""), ("AE", "PID-3"), Row("quarantined", "PID-3 is empty", "PID-3")
    ),
    "no control id": Case(lambda good: good.replace(b"|O1|", b"||"), ("AE", "MSH-10"), APPLIED),
    # Held unread: what it says cannot be told safely
    "unknown report status": Case(
        lambda good: good.replace(STATUS, b"||RAD|Q\r"),
        ("AE", "OBR-25"),
        Row("quarantined", "not a result status", "OBR-25"),
    ),
    "two segments on one line": Case(
        lambda good: good.replace(b"|F\rOBX|1", b"|FOBX|1"),
        ("AE", ""),
        Row("quarantined", "A second segment (OBX)"),
    ),
    "two text segments on one line": Case(
        lambda good: good.rstrip(b"\r") + b"OBX|2|TX|18748-4||Cord compressed.||||||F\r",
        ("AE", ""),
        Row("quarantined", "A second segment (OBX)"),
    ),
    "two messages in one frame": Case(
        lambda good: good + good.replace(b"O1", b"O3"), ("AR", "MSH"), Row("quarantined", "Several messages", "MSH")
    ),
    "delimiters that are none": Case(
        lambda good: good.replace(b"^~\\&", b"ABCD", 1), ("AE", "MSH-2"), Row("quarantined", "delimiters", "MSH-2")
    ),
    # Not for this door
    "another message type": Case(
        lambda good: good.replace(b"ORU^R01^ORU_R01", b"ADT^A08"), ("AR", "MSH-9"), Row("filtered", "of type ADT", "MSH-9")
    ),
    "a training message": Case(
        lambda good: good.replace(b"|P|2.5.1", b"|T|2.5.1"), ("AR", "MSH-11"), Row("quarantined", "raining", "MSH-11")
    ),
    "a version of another age": Case(
        lambda good: good.replace(b"2.5.1", b"3.0"), ("AR", "MSH-12"), Row("quarantined", "Versions", "MSH-12")
    ),
    "no MSH": Case(
        lambda good: good[good.index(b"PID") :], ("AR", "MSH"), Row("quarantined", "no MSH", "MSH")
    ),
    "no HL7 at all": Case(lambda good: b"{}" * 20, ("AR", "MSH"), Row("quarantined", "no MSH", "MSH")),
    "an empty frame": Case(lambda good: b"", ("AR", "MSH"), Row("quarantined", "no MSH", "MSH")),
    "20 MB": Case(
        lambda good: good.replace(b"No epidural", b"x" * 20_000_000),
        ("AR", ""),
        Row("quarantined", "20,000,", raw=lambda sent: sent[:HEAD]),
    ),
}  # fmt: skip


def seen(answer: bytes | None) -> tuple[str, str]:
    """MSA-1, and ERR-2 as a place."""
    if answer is None:
        return CLOSED
    lines = [line.split("|") for line in answer.decode("utf-8", "replace").split("\r")]
    said = {line[0]: line for line in lines}
    place = said["ERR"][2].split("^") if "ERR" in said else [""]
    return said["MSA"][1], "-".join([place[0], *place[2:]])


def rows(database, columns="state, reason, where, raw"):
    return database.inbox(columns.replace("where", '"where"'))


def a_good_message_is_still_taken(port, oru, wire) -> None:
    with wire(port) as line:
        assert seen(line.ask(oru("after"))) == ("AA", "")


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_answered_and_what_is_seen(database, listener, worker, oru, wire, case):
    sent = case.bad(spine(oru, "O1"))
    with wire(listener.port, timeout=60) as line:
        line.write(b"\x0b" + sent + b"\x1c\r")
        assert seen(line.answer()) == case.answer
        assert seen(line.ask(oru("O2"))) == ("AA", "")  # on the same connection
    worker.work()
    state, reason, where, raw = rows(database)[0]
    assert (state, where) == (case.row.state, case.row.where)
    assert case.row.reason in reason
    assert bool(reason) == (state != "applied")
    assert raw == (case.row.raw(sent) if case.row.raw else sent)
    a_good_message_is_still_taken(listener.port, oru, wire)


EXAMS = itertools.count(1)


def spine(oru, control_id: str, text: str = "No epidural disease.") -> bytes:
    """A report of an exam of its own: what became of another case's must not count here."""
    return oru(control_id, text).replace(f"ACC-{control_id}|".encode(), b"BAD-%d|" % next(EXAMS))


def test_a_control_id_with_another_body(database, listener, worker, oru, wire):
    first, other = spine(oru, "C1", "Cord compressed."), spine(oru, "C1", "No compression.")
    with wire(listener.port) as line:
        assert [seen(line.ask(raw)) for raw in (first, other)] == [("AA", ""), ("AE", "MSH-10")]
    worker.work()
    assert rows(database) == [
        ("applied", "", "", first),
        ("quarantined", "This control id came before with another content.", "MSH-10", other),
    ]


def test_nested_escapes_are_resolved_once(database, listener, worker, oru, wire):
    """What an escape gives is text, not the start of another one."""
    with wire(listener.port) as line:
        line.ask(spine(oru, "E1", r"50\E\ percent, \E\T\E\ stays, \T\ is an ampersand"))
    worker.work()
    [(text,)] = database.rows(
        "SELECT text FROM reports_report JOIN exchange_inboundmessage AS kept ON kept.id = inbound"
    )
    assert text == r"50\ percent, \T\ stays, & is an ampersand"


# How bytes arrive


def byte_at_a_time(line, whole: bytes) -> None:
    for byte in whole:
        line.write(bytes([byte]))


def test_a_byte_at_a_time(database, listener, worker, oru, wire):
    raw = spine(oru, "Y1")
    with wire(listener.port) as line:
        byte_at_a_time(line, frame(raw))
        assert seen(line.answer()) == ("AA", "")
    worker.work()
    assert rows(database) == [("applied", "", "", raw)]


def fall_silent(line) -> None:
    """Half of it, and then nothing, with the connection open."""
    assert line.answer() is None


def trickle(line) -> None:
    """Slow-loris: always something, never the end."""
    with pytest.raises(OSError, match=r"reset|[Bb]roken"):
        write_for_ever(line)


def write_for_ever(line) -> None:
    while True:
        line.write(b"x")
        time.sleep(0.05)


def hang_up(line) -> None:
    line.socket.shutdown(socket.SHUT_WR)
    assert line.answer() is None


def vanish(line) -> None:
    """Cut off without a farewell, as by a machine that was switched off."""
    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    line.socket.close()


@pytest.mark.parametrize("ending", [fall_silent, trickle, hang_up, vanish])
def test_a_frame_that_is_never_finished(database, hasty_listener, worker, oru, wire, ending):
    part = frame(spine(oru, "F1"))[:150]
    with wire(hasty_listener.port) as line:
        line.write(part)
        if ending is vanish:
            wait_until_read(hasty_listener.port, oru, wire)
        ending(line)
    eventually_held(database)
    worker.work()
    [(_, reason, where, raw)] = [row for row in rows(database) if row[0] == "quarantined"]
    assert (where, "begun and not finished" in reason, raw[:149]) == ("", True, part[1:])
    with wire(hasty_listener.port) as line:  # the message itself is still welcome
        assert seen(line.ask(spine(oru, "F1"))) == ("AA", "")


def wait_until_read(port, oru, wire) -> None:
    """A message that is answered came after what was written before it on another connection."""
    a_good_message_is_still_taken(port, oru, wire)


def eventually_held(database) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if any(state == "quarantined" for (state,) in database.inbox("state")):
            return
        time.sleep(0.05)


def test_bytes_without_a_frame(database, hasty_listener, worker, oru, wire):
    raw = spine(oru, "U1")
    with wire(hasty_listener.port) as line:
        line.write(raw)
        assert line.answer() is None
    worker.work()
    [(state, reason, where, kept)] = rows(database)
    assert (state, where, kept) == ("quarantined", "", raw)
    assert "outside an MLLP frame" in reason


def test_a_browser_that_lost_its_way(database, listener, worker, oru, wire):
    request = b"GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with wire(listener.port) as line:
        line.write(request)
        line.socket.shutdown(socket.SHUT_WR)
        assert line.answer() is None
    assert [(row[0], row[3]) for row in rows(database)] == [("quarantined", request)]


def test_a_sender_that_takes_no_answers_is_not_read_without_end(database, listener, oru, wire):
    """Its answers fill the network's buffers (a few MB); then it is not read, and others are."""
    answer = len(b"MSH|^~\\&|") + 300  # bytes at least, with the name that it repeats
    message = frame(spine(oru, "T1").replace(b"RIS", b"R" * 300))
    many = memoryview(message * (24_000_000 // answer))
    with wire(listener.port, timeout=3) as line:
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < len(many):
                sent += line.socket.send(many[sent : sent + 1_000_000])
        assert sent < len(many)
        a_good_message_is_still_taken(listener.port, oru, wire)
