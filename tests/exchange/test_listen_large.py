"""Large messages and greedy senders at the MLLP door: they wait, others do not, and order is kept."""

import contextlib
import re
import sys
import time

import psycopg
import pytest

from soar2.exchange.connection import LARGE
from soar2.exchange.inbox_sql import lock_of
from soar2.exchange.mllp import frame

MB = 1024 * 1024
MSA = re.compile(rb"\rMSA\|(\w\w)(?:\|([^|\r]*))?")


def said(answer: bytes | None) -> tuple[str, str]:
    assert answer is not None, "the connection was closed without an answer"
    code, control_id = MSA.search(answer).groups()
    return code.decode(), (control_id or b"").decode()


def held(database) -> list[tuple]:
    return database.rows(
        "SELECT length(raw), reason FROM exchange_inboundmessage WHERE state = 'quarantined' ORDER BY id"
    )


def eventually(ask, wanted):
    deadline = time.monotonic() + 30
    while (found := ask()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def test_answers_keep_the_order_of_the_messages_when_some_are_large(database, listener, oru, wire):
    sizes = [10, 2 * MB, 10, 10, 300_000, 400_000, 10, LARGE * 4, 10]
    sent = [oru(f"L{n}", "x" * size) for n, size in enumerate(sizes)]
    with wire(listener.port, timeout=60) as line:
        for raw in sent:
            line.write(frame(raw))
        assert [said(line.answer()) for _ in sent] == [("AA", f"L{n}") for n in range(len(sizes))]
    assert database.inbox("raw") == [(raw,) for raw in sent]


def test_while_a_large_message_is_stored_others_are_answered(database, listener, oru, wire):
    """The large one is held up on purpose, by the lock of its sender."""
    with psycopg.connect(database.url, autocommit=True) as other, wire(listener.port, timeout=60) as slow:
        other.execute("SELECT pg_advisory_lock(%s)", [lock_of("BIG", "SITEA")])
        slow.write(frame(oru("B1", "x" * MB, app="BIG")))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        assert eventually(lambda: database.rows(waiting), [(1,)]) == [(1,)]
        with wire(listener.port) as line:
            for number in range(20):
                assert said(line.ask(oru(f"S{number}"))) == ("AA", f"S{number}")
        other.execute("SELECT pg_advisory_unlock(%s)", [lock_of("BIG", "SITEA")])
        assert said(slow.answer()) == ("AA", "B1")
    assert len(database.inbox("id")) == 21


def test_a_large_message_is_stored_when_its_sender_does_not_wait(database, listener, oru, wire):
    large, small = oru("W1", "x" * MB), oru("W2")
    with wire(listener.port) as line:
        line.write(frame(large) + frame(small))
    assert eventually(lambda: database.inbox("control_id"), [("W1",), ("W2",)]) == [("W1",), ("W2",)]


def test_a_large_bad_message_is_answered_like_a_small_one(database, listener, oru, wire):
    with wire(listener.port, timeout=60) as line:
        assert said(line.ask(oru("A1", "x" * MB, type="ADT^A08"))) == ("AR", "A1")
        assert said(line.ask(oru("A2", "x" * MB))) == ("AA", "A2")
        assert said(line.ask(oru("A2", "y" * MB))) == ("AE", "A2")  # the control id is known
        assert said(line.ask(oru("A2", "x" * MB))) == ("AA", "A2")
    assert database.inbox("state, resent") == [("filtered", 0), ("stored", 1), ("quarantined", 0)]


@pytest.fixture(scope="module")
def thrifty_listener(door_database, running_listener):
    """One that keeps three megabytes of unfinished frames in all."""
    listener = running_listener(door_database, {"SOAR2_MLLP_MEMORY_BYTES": str(3 * MB)})
    yield listener
    listener.kill()


def test_beyond_the_common_memory_the_greediest_sender_is_ended_and_its_bytes_kept(
    database, thrifty_listener, oru, wire
):
    port = thrifty_listener.port
    parts = [MB // 2, MB, MB // 4]
    lines = [wire(port, timeout=60) for _ in parts]
    for number, (line, size) in enumerate(zip(lines, parts, strict=True)):
        line.write(frame(oru(f"G{number}", "x" * size, app=f"RIS{number}"))[:-20])  # all but the end
    greedy = wire(port, timeout=60)
    with contextlib.suppress(ConnectionResetError):  # it was still sending when it was ended
        greedy.write(b"\x0b" + oru("G9", "x" * 2 * MB))
        assert greedy.answer() is None
    for number, line in enumerate(lines):
        line.write(frame(oru(f"G{number}", "x" * parts[number], app=f"RIS{number}"))[-20:])
        assert said(line.answer()) == ("AA", f"G{number}")
        line.socket.close()
    greedy.socket.close()
    assert eventually(lambda: len(held(database)), 1) == 1
    [(size, reason)] = held(database)
    assert MB < size <= 2 * MB + 1000
    assert "begun and not finished" in reason
    assert "ending peer=" in thrifty_listener.log
    assert "the largest" in thrifty_listener.log


def test_a_lone_message_larger_than_half_the_memory_is_taken(database, thrifty_listener, oru, wire):
    with wire(thrifty_listener.port, timeout=60) as line:
        for number in range(3):  # what is finished is given back
            assert said(line.ask(oru(f"H{number}", "x" * (2 * MB + 500_000)))) == ("AA", f"H{number}")


def test_a_listener_told_to_stop_answers_a_large_message_under_way(database, start_listener, oru, wire):
    listener = start_listener()
    with wire(listener.port, timeout=60) as line, psycopg.connect(database.url, autocommit=True) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [lock_of("BIG", "SITEA")])
        line.write(frame(oru("Z1", "x" * MB, app="BIG")))
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        assert eventually(lambda: database.rows(waiting), [(1,)]) == [(1,)]
        listener.process.terminate()
        other.execute("SELECT pg_advisory_unlock(%s)", [lock_of("BIG", "SITEA")])
        assert said(line.answer()) == ("AA", "Z1")
    assert listener.process.wait(20) == 0


BROKEN = """
from soar2.exchange import connection
sound = connection.received
def received(raw, **more):
    if b"POISON" in raw:
        raise ZeroDivisionError(raw)
    return sound(raw, **more)
connection.received = received
"""


@pytest.mark.parametrize("size", [10, MB])
def test_a_bug_met_over_a_message_loses_it_not_and_stops_none_behind_it(
    database, start_listener, running_listener, oru, wire, monkeypatch, size
):
    home = sys.modules[running_listener.__module__]
    monkeypatch.setattr(home, "RUN", BROKEN + home.RUN)
    listener = start_listener()
    raw = oru("P1", "POISON" + "x" * size)
    with wire(listener.port, timeout=60) as line:
        assert said(line.ask(raw)) == ("AE", "")
        assert said(line.ask(oru("P2"))) == ("AA", "P2")
        assert said(line.ask(raw)) == ("AE", "")
    (first, second) = database.inbox("raw, state, resent, reason")
    assert first[:3] == (raw, "quarantined", 1)
    assert first[3].startswith("The listener failed (ZeroDivisionError)")
    assert second[1] == "stored"
    assert "ZeroDivisionError at received" in listener.log
    assert "POISON" not in listener.log
