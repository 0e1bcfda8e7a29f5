"""Bytes nobody would send, through a real socket against the real listener and the worker behind it.

Whatever stands inside a frame is stored as it came and answered; whatever stands outside is stored; nothing
raises, and the next sender is served.
"""

import itertools
import os
import random
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_messages import CLASSES

from soar2.exchange.arrival import BETWEEN_FRAMES
from soar2.exchange.mllp import frame

SEEDS = [odd.raw for make in CLASSES.values() for odd in make()]
TOKENS = [b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\0", b"MSH|", b"MSH|^~\\&|", b"PID|1||", b"OBR|1||", b"OBX|1|TX|||", b"\\.br\\",
          b"\\X0A\\", b"\\E", b"\xff\xfe", "ü".encode(), b'""', b"20260310", b"-0400", b"ORC|", b"NTE|1||", b"DSC|1", b"BTS|", b"|ED|",
          b"^Base64^", b"{\\rtf1 ", b"|AL|NE", b"|-1", b"99999999999999999999", b"\x1a", b"\x7f", b"%PDF", "\u2028".encode()]  # fmt: skip
NUMBERS = itertools.count(1)
MARKS = re.compile(rb"[\x0b\x1c]")  # frame bytes inside a content would end it; the streams below have them
SLOWLY = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SILENCE = (b"NE", b"SU", b"ER", b"ACK")  # without one of these in it a message is always answered


def answers_before_the_next(line, oru, raw: bytes) -> list[bytes]:
    """Send it and then a message that is refused; what was answered before that one was."""
    control = f"next-{next(NUMBERS)}"
    line.write(frame(raw) + frame(oru(control, type="ADT^A08")))
    found: list[bytes] = []
    while (answer := line.answer()) is not None:
        if f"\rMSA|AR|{control}\r".encode() in answer:
            return found
        found.append(answer)
    raise AssertionError("the connection was closed on a framed message")


def right(raw: bytes, found: list[bytes], answer: bytes) -> None:
    """What came back is what was stored as the answer; without a word for it no sender is left unanswered."""
    assert BETWEEN_FRAMES.join(found) == answer
    assert found or any(word in raw.upper() for word in SILENCE)


def stored_and_answered(database, line, oru, raw: bytes) -> None:
    found = answers_before_the_next(line, oru, raw)
    [(answer,)] = database.rows("SELECT answer FROM exchange_inboundmessage WHERE raw = %s", raw)
    right(raw, found, answer)


def everything_ends(database, listener, worker, wire, oru, rows: int) -> None:
    """The worker brings all of it to an end without a fault of its own, and the door is open."""
    for _ in range(1 + rows // 300):
        worker.work()
    assert database.rows(
        "SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored' OR attempts > 0"
    ) == [(0,)]
    with wire(listener.port) as line:
        assert b"\rMSA|AA|last" in line.ask(oru("last"))
    assert listener.process.poll() is None
    assert "Traceback" not in listener.log


def numbered(raw: bytes) -> bytes:
    """The same with bytes of its own, since a message that came before is not stored a second time."""
    return raw + b"ZZZ|%d" % next(NUMBERS)


def mutated(chance: random.Random, raw: bytes) -> bytes:
    changed = bytearray(raw or b"x")
    for _ in range(chance.randint(1, 10)):
        at = chance.randrange(len(changed))
        how = chance.randrange(6)
        if how == 0:
            changed[at] = chance.randrange(256)
        elif how == 1:
            del changed[at : at + chance.randint(1, 40)]
        elif how == 2:
            changed[at:at] = changed[max(0, at - 60) : at]
        elif how == 3:
            changed[at:at] = chance.choice(TOKENS)
        elif how == 4:
            other = chance.choice(SEEDS)
            changed[at:] = other[chance.randrange(len(other) or 1) :]
        else:
            changed[at:at] = bytes([changed[at]]) * chance.randint(1, 300)
        changed = changed or bytearray(b"x")
    return MARKS.sub(b"", bytes(changed))


def test_mutated_messages_are_stored_answered_and_brought_to_an_end(database, listener, worker, wire, oru):
    chance = random.Random(int(os.environ.get("SOAR2_FUZZ_SEED", "20260310")))
    with wire(listener.port, timeout=60) as line:
        sent = [numbered(mutated(chance, chance.choice(SEEDS))) for _ in range(200)]
        found = {raw: answers_before_the_next(line, oru, raw) for raw in sent}
    answers = dict(database.inbox("raw, answer"))
    for raw in sent:
        right(raw, found[raw], answers[raw])
    everything_ends(database, listener, worker, wire, oru, 200)


@SLOWLY
@given(content=st.binary(max_size=400))
def test_any_bytes_in_a_frame(database, listener, wire, oru, content):
    with wire(listener.port, timeout=60) as line:
        stored_and_answered(database, line, oru, numbered(MARKS.sub(b"", content)))


@SLOWLY
@given(
    tokens=st.lists(st.sampled_from(TOKENS), max_size=50),
    head=st.sampled_from([b"P", b"P|2.5", b"P|2.3|||AL|AL", b"P|2.8|7"]),
)
def test_any_order_of_what_hl7_is_made_of(database, listener, wire, oru, tokens, head):
    start = b"MSH|^~\\&|RIS|SITEA|||20260310||ORU^R01|F%d|" % next(NUMBERS)
    with wire(listener.port, timeout=60) as line:
        stored_and_answered(database, line, oru, numbered(start + head + b"\r" + b"".join(tokens)))


PIECES = st.sampled_from(["frame", "frame without its CR", "noise", "line ends", "frame begun", "marks"])


@SLOWLY
@given(
    pieces=st.lists(st.tuples(PIECES, st.integers(1, 900)), min_size=1, max_size=12), cut=st.integers(1, 700)
)
def test_frames_noise_and_broken_frames_in_any_order_and_any_cut(database, listener, wire, oru, pieces, cut):
    """Nothing is thrown away in silence: what was in and between the frames is found again, once."""
    stream, marks = b"", []
    for sort, size in pieces:
        mark = b"<%d>" % next(NUMBERS)
        message = oru(f"S{mark[1:-1].decode()}", f"{mark.decode()} {'x' * size}")
        stream += {
            "frame": frame(message),
            "frame without its CR": b"\x0b" + message + b"\x1c",
            "noise": mark + b"!" * (size % 40),
            "line ends": b"\r\n" * (size % 7),
            "frame begun": b"\x0b" + message[:-9],
            "marks": (b"\x0b" * (size % 3)) + (b"\x1c" * (size % 4)) + b"\r",
        }[sort]
        marks += [mark] if sort not in ("line ends", "marks") else []
    before = database.rows("SELECT coalesce(max(id), 0) FROM exchange_inboundmessage")[0][0]
    with wire(listener.port, timeout=60) as line:
        for at in range(0, len(stream), cut):
            line.write(stream[at : at + cut])
        line.socket.shutdown(1)
        while line.answer() is not None:  # the listener closes when all is stored and answered
            pass
    rows = database.rows("SELECT raw FROM exchange_inboundmessage WHERE id > %s", before)
    whole = b"\n".join(bytes(raw) for (raw,) in rows)
    assert {mark: whole.count(mark) for mark in marks} == dict.fromkeys(marks, 1)


def test_the_worker_reads_such_bytes_without_a_fault(database, listener, worker, wire, oru):
    chance = random.Random(5)
    sent = [numbered(MARKS.sub(b"", chance.randbytes(chance.randint(0, 300)))) for _ in range(30)]
    for _ in range(60):
        tokens = b"".join(chance.choices(TOKENS, k=40))
        sent.append(numbered(oru(f"W{next(NUMBERS)}").replace(b"No epidural disease.", tokens)))
    with wire(listener.port, timeout=60) as line:
        for raw in sent:
            answers_before_the_next(line, oru, raw)
    assert database.rows("SELECT count(*) FROM exchange_inboundmessage WHERE raw = ANY(%s)", sent) == [
        (len(sent),)
    ]
    everything_ends(database, listener, worker, wire, oru, 100)
