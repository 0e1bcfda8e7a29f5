"""The MLLP door as a process: real sockets in front, a real PostgreSQL behind, both killed on purpose."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import hl7
import psycopg
import pytest
from hl7.client import MLLPClient

from soar2.exchange.mllp import frame
from soar2.exchange.send import Client, NoAnswer

MSA = re.compile(rb"\rMSA\|(\w\w)(?:\|([^|\r]*))?")
LONG = "The cord is compressed at T8. " * 100


def said(answer: bytes | None) -> tuple[str, str]:
    """MSA-1 and MSA-2 of an answer."""
    assert answer is not None, "the connection was closed without an answer"
    code, control_id = MSA.search(answer).groups()
    return code.decode(), (control_id or b"").decode()


def eventually(ask, wanted, seconds: float = 10.0):
    """Ask until the answer is as wanted; the last answer."""
    deadline = time.monotonic() + seconds
    while (found := ask()) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


# One sender


def test_a_message_is_committed_before_its_answer_leaves(database, listener, oru, wire):
    with wire(listener.port) as line, psycopg.connect(database.url, autocommit=True) as other:
        for number in range(20):
            raw = oru(f"S{number}")
            assert said(line.ask(raw)) == ("AA", f"S{number}")
            kept = other.execute(
                "SELECT raw FROM exchange_inboundmessage ORDER BY id DESC LIMIT 1"
            ).fetchone()
            assert kept == (raw,)


def test_a_resend_gets_the_same_bytes_on_another_connection_and_by_another_listener(
    database, listener, hasty_listener, oru, wire
):
    first, second = listener, hasty_listener
    raw = oru("R1")
    with wire(first.port) as one:
        answer = one.ask(raw)
    with wire(first.port) as one, wire(second.port) as other:
        assert one.ask(raw) == answer
        assert other.ask(raw) == answer
    assert database.inbox("resent") == [(2,)]


def test_the_same_resend_to_two_listeners_at_once_is_one_row(database, listener, hasty_listener, oru, wire):
    first, second = listener, hasty_listener
    with wire(first.port) as one, wire(second.port) as other:
        for number in range(30):
            raw = frame(oru(f"B{number}"))
            one.write(raw)
            other.write(raw)
            assert one.answer() == other.answer()
    assert database.inbox("resent") == [(1,)] * 30


def test_a_control_id_with_another_body_is_refused_and_a_person_can_see_both(database, listener, oru, wire):
    with wire(listener.port) as line:
        assert said(line.ask(oru("C1", "Compressed."))) == ("AA", "C1")
        assert said(line.ask(oru("C1", "Not compressed."))) == ("AE", "C1")
    assert database.inbox('state, "where"') == [("stored", ""), ("quarantined", "MSH-10")]


def test_an_independent_client_understands_the_answers(database, listener, oru):
    with MLLPClient("127.0.0.1", listener.port) as client:
        for number in range(5):
            message = hl7.parse(oru(f"I{number}").decode())
            answer = hl7.parse(client.send_message(message).decode().strip("\x0b\x1c\r") + "\r")
            assert str(answer.segment("MSA")[1]) == "AA"
            assert str(answer.segment("MSA")[2]) == f"I{number}"
    assert len(database.inbox("id")) == 5


# How bytes arrive


def test_a_byte_at_a_time(database, listener, oru, wire):
    with wire(listener.port) as line:
        for byte in frame(oru("Y1", "Umlaut: Rückenmark.")):
            line.write(bytes([byte]))
        assert said(line.answer()) == ("AA", "Y1")
    assert database.inbox("raw") == [(oru("Y1", "Umlaut: Rückenmark."),)]


def test_many_frames_in_one_write_are_answered_in_order_even_when_some_are_bad(database, listener, oru, wire):
    sent = [
        oru(f"J{n}", type="ADT^A08") if n % 7 == 3 else oru(f"J{n}", LONG if n % 5 == 0 else "Short.")
        for n in range(300)
    ]
    with wire(listener.port) as line:
        writer = threading.Thread(target=line.write, args=(b"".join(map(frame, sent)),))
        writer.start()
        answers = [said(line.answer()) for _ in sent]
        writer.join()
    assert answers == [("AR" if n % 7 == 3 else "AA", f"J{n}") for n in range(300)]
    assert database.inbox("raw") == [(raw,) for raw in sent]


def test_a_sender_that_closes_its_side_still_gets_its_answers(listener, oru, wire):
    with wire(listener.port) as line:
        line.write(frame(oru("H1")) + frame(oru("H2")))
        line.socket.shutdown(socket.SHUT_WR)
        assert [said(line.answer()), said(line.answer()), line.answer()] == [("AA", "H1"), ("AA", "H2"), None]


def test_a_sender_that_does_not_wait_is_stored_all_the_same(database, listener, oru, wire):
    with wire(listener.port) as line:
        line.write(frame(oru("G1")))
    assert eventually(lambda: database.inbox("control_id"), [("G1",)]) == [("G1",)]


def test_many_connections_share_commits_and_each_message_is_stored_once(database, listener, oru):
    def one_sender(number: int) -> None:
        with Client("127.0.0.1", listener.port, 30) as client:
            for turn in range(20):
                assert said(client.send(oru(f"M{number}-{turn}"))) == ("AA", f"M{number}-{turn}")

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(one_sender, range(64)))
    assert database.rows("SELECT count(*), sum(resent) FROM exchange_inboundmessage") == [(64 * 20, 0)]
    [(commits,)] = database.rows("SELECT count(DISTINCT xmin::text) FROM exchange_inboundmessage")
    assert commits < 64 * 20 / 2


# What is not a message


def kept(database):
    return database.inbox("state, control_id, raw")


def test_bytes_outside_frames_are_kept_and_the_next_message_is_answered(database, listener, oru, wire):
    with wire(listener.port) as line:
        line.write(b"GET / HTTP/1.1\r\n\r\n" + frame(oru("N1")) + b"\r\n\r\n" + frame(oru("N2")))
        assert [said(line.answer()), said(line.answer())] == [("AA", "N1"), ("AA", "N2")]
    states = kept(database)
    assert states[0] == ("quarantined", "", b"GET / HTTP/1.1\r\n\r\n")
    assert [row[1] for row in states[1:]] == ["N1", "N2"]


def test_a_sender_that_frames_nothing_is_cut_off_and_visible(database, hasty_listener, oru, wire):
    with wire(hasty_listener.port) as line:
        line.write(oru("U1"))
        assert line.answer() is None
    assert kept(database) == [("quarantined", "", oru("U1"))]


def fall_silent(line) -> None:
    assert line.answer() is None


def drip(line) -> None:
    """Never silent for long, and never done: cut off all the same."""
    with pytest.raises(OSError, match=r"reset|[Bb]roken"):
        write_slowly(line)


def write_slowly(line) -> None:
    for _ in range(100):
        line.write(b"x")
        time.sleep(0.1)


def hang_up(line) -> None:
    line.socket.close()


@pytest.mark.parametrize("ending", [fall_silent, drip, hang_up])
def test_a_frame_that_is_never_finished_is_kept_and_its_message_can_come_again(
    database, hasty_listener, oru, wire, ending
):
    part = frame(oru("F1"))[:120]
    with wire(hasty_listener.port) as line:
        line.write(part)
        ending(line)
    found = eventually(lambda: [row[:2] for row in kept(database)], [("quarantined", "")])
    assert found == [("quarantined", "")]
    assert kept(database)[0][2].startswith(part[1:])
    with wire(hasty_listener.port) as line:
        assert said(line.ask(oru("F1"))) == ("AA", "F1")


def test_a_message_beyond_the_limit_is_refused_and_its_head_kept(database, listener, oru, wire):
    big = oru("L1", "x" * 17_000_000)
    with wire(listener.port, timeout=60) as line:
        assert said(line.ask(big)) == ("AR", "L1")
        assert said(line.ask(oru("L2"))) == ("AA", "L2")
    (state, reason, raw), _ = database.inbox("state, reason, raw")
    assert state == "quarantined"
    assert f"{len(big):,} bytes" in reason
    assert raw == big[: len(raw)]
    assert len(raw) == 64 * 1024


def test_a_message_just_within_the_limit_is_taken_whole(database, listener, oru, wire):
    big = oru("L3", "x" * (16 * 1024 * 1024 - 1000))
    with wire(listener.port, timeout=60) as line:
        assert said(line.ask(big)) == ("AA", "L3")
    assert database.rows("SELECT length(raw) FROM exchange_inboundmessage") == [(len(big),)]


ODD = [
    ("NULs inside", lambda good: good.replace(b"No epidural", b"No\0\0epidural"), "AA"),
    ("line feeds", lambda good: good.replace(b"\r", b"\n"), "AA"),
    ("no MSH", lambda good: good[good.index(b"PID") :], "AR"),
    ("empty frame", lambda good: b"", "AR"),
    ("only NULs", lambda good: b"\0" * 50, "AR"),
    ("no control id", lambda good: good.replace(b"|O1|", b"||"), "AE"),
    ("not text", lambda good: bytes(range(256)).replace(b"\x1c\x1d", b"") * 4, "AR"),
]


@pytest.mark.parametrize(("odd", "code"), [row[1:] for row in ODD], ids=[row[0] for row in ODD])
def test_odd_messages_are_stored_as_they_came_and_answered(database, listener, oru, wire, odd, code):
    raw = odd(oru("O1"))
    with wire(listener.port) as line:
        line.write(b"\x0b" + raw + b"\x1c\r")
        assert said(line.answer())[0] == code
        assert said(line.ask(oru("O2"))) == ("AA", "O2")
    [(state, found), _] = database.inbox("state, raw")
    assert found == raw
    # Without a control id the words are read all the same: they may tell of a compressed cord.
    assert (state == "stored") == (code != "AR")


def test_while_its_messages_cannot_be_stored_a_sender_is_not_read_without_end(database, listener, oru, wire):
    """What is not read waits in the network's buffers (a few MB), not in the listener's memory."""
    message = frame(oru("P", "x" * 3000))
    data = memoryview(message * 20_000)
    with psycopg.connect(database.url) as other, wire(listener.port, timeout=1) as line:
        other.execute("LOCK TABLE exchange_inboundmessage IN EXCLUSIVE MODE")
        sent = write_until_blocked(line.socket, data)
        assert sent < len(data) / 2
        other.rollback()
        line.socket.settimeout(15)
        for _ in range(sent // len(message)):
            assert said(line.answer()) == ("AA", "P")
        assert database.inbox("resent")[0][0] >= sent // len(message) - 1


def write_until_blocked(link: socket.socket, data: memoryview) -> int:
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < len(data):
            sent += link.send(data[sent:])
    return sent


# Faults


def test_no_acknowledged_message_is_missing_after_the_database_was_killed(
    mortal_database, start_listener, oru
):
    listener = start_listener(mortal_database)
    acknowledged: list[str] = []

    def sender(number: int) -> None:
        with Client("127.0.0.1", listener.port, 20) as client:
            for turn in range(40):
                control_id, answer = f"K{number}-{turn}", None
                while answer is None:
                    try:
                        answer = client.send(oru(control_id))
                    except NoAnswer:
                        time.sleep(0.05)
                assert said(answer) == ("AA", control_id)
                acknowledged.append(control_id)

    with ThreadPoolExecutor(8) as pool:
        work = [pool.submit(sender, number) for number in range(8)]
        for target in (40, 150):
            while len(acknowledged) < target:
                time.sleep(0.005)
            kill_server(mortal_database)
            mortal_database.server.start()
        for one in work:
            one.result(timeout=60)
    stored = [control_id for (control_id,) in mortal_database.inbox("control_id")]
    assert sorted(stored) == sorted(acknowledged)
    assert len(stored) == 8 * 40


def kill_server(database) -> None:
    """kill -9 of the server and everything it forked."""
    postmaster = database.server._postmaster()
    assert postmaster is not None
    children = [
        int(row[0]) for row in database.rows("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    ]
    for process in (postmaster, *children):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def test_while_the_database_is_away_nobody_is_answered_and_then_the_door_recovers(
    mortal_database, start_listener, oru, wire
):
    listener = start_listener(mortal_database, SOAR2_MLLP_PATIENCE_SECONDS="0.5")
    with wire(listener.port) as line:
        assert said(line.ask(oru("D1"))) == ("AA", "D1")
        mortal_database.server.stop()
        assert line.ask(oru("D2")) is None
    mortal_database.server.start()
    with wire(listener.port) as line:
        assert said(line.ask(oru("D2"))) == ("AA", "D2")
    assert mortal_database.inbox("control_id, resent") == [("D1", 0), ("D2", 0)]


def test_a_killed_listener_has_stored_what_it_acknowledged_and_starts_again(database, start_listener, oru):
    listener = start_listener()
    acknowledged: list[str] = []
    stop = threading.Event()

    def sender(number: int) -> None:
        client, turn = Client("127.0.0.1", listener.port, 5), 0
        while not stop.is_set():
            try:
                _, control_id = said(client.send(oru(f"Q{number}-{turn}")))
            except NoAnswer:
                time.sleep(0.02)
            else:
                acknowledged.append(control_id)
                turn += 1
        client.close()

    with ThreadPoolExecutor(8) as pool:
        for number in range(8):
            pool.submit(sender, number)
        assert eventually(lambda: len(acknowledged) >= 100, True, 20)
        listener.kill()
        listener.start()
        before = len(acknowledged)
        assert eventually(lambda: len(acknowledged) >= before + 50, True, 20)
        stop.set()
    stored = [control_id for (control_id,) in database.inbox("control_id")]
    assert len(stored) == len(set(stored))
    assert set(acknowledged) <= set(stored)


def test_a_listener_told_to_stop_answers_what_it_has_and_ends_well(database, start_listener, oru, wire):
    listener = start_listener()
    lines = [wire(listener.port) for _ in range(10)]
    for number, line in enumerate(lines):
        line.write(frame(oru(f"Z{number}")))
    assert said(lines[0].answer()) == ("AA", "Z0")
    assert listener.stop() == 0
    answered = {"Z0"}
    for line in lines:
        if (answer := line.answer()) is not None:
            answered.add(said(answer)[1])
        line.socket.close()
    assert answered == {control_id for (control_id,) in database.inbox("control_id")}
    with pytest.raises(ConnectionRefusedError):
        wire(listener.port)


def test_a_listener_waiting_for_its_database_can_be_stopped(tmp_path):
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "soar2.config.settings", "SOAR2_HOME": str(tmp_path)}
    env["DATABASE_URL"] = "postgresql:///none?host=/nonexistent"
    program = (
        "import sys; from soar2.exchange.listen import run_listener; sys.exit(run_listener('127.0.0.1', 0))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], env=env, stderr=subprocess.PIPE)
    line = process.stderr.readline()
    process.terminate()
    rest = process.communicate(timeout=20)[1]
    assert b"cannot be reached" in line + rest
    assert process.returncode == 0


# What it leaves behind


def test_the_listener_gives_signs_of_life_and_its_log_holds_no_content(database, start_listener, oru, wire):
    listener = start_listener()
    with wire(listener.port) as line:
        line.ask(oru("V1", "Secret words.", pid="PID|1||900009^^^DEMO^MR||Hidden^Name\r"))
        line.ask(oru("V2", "Secret words.", pid=""))
        line.write(b"Secret noise")
    mine = f"listener@%:{listener.port}"
    assert database.rows("SELECT kind FROM record_heartbeat WHERE name LIKE %s", mine) == [("listener",)]
    database.rows("UPDATE record_heartbeat SET seen = 'epoch' WHERE name LIKE %s RETURNING 1", mine)
    fresh = "SELECT seen > now() - interval '20 seconds' FROM record_heartbeat WHERE name LIKE %s"
    assert eventually(lambda: database.rows(fresh, mine), [(True,)], 20) == [(True,)]
    listener.stop()
    assert "quarantined count=1" in listener.log
    assert not re.search(r"Secret|Hidden|900009|Sample|900001", listener.log)
