"""The bench's load client must notice what it is there to notice: figures from a client that takes any answer for
a good one are worth nothing. Both clients are held against servers that are wrong in one known way."""

import asyncio
import json
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
MESSAGES = 40


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The C client; a machine without a compiler has only the other one, as the bench itself."""
    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if compiler is None:
        return None
    program = tmp_path_factory.mktemp("client") / "client"
    words = [compiler, "-Wall", "-Wextra", "-Werror", "-O1", "-o", str(program), str(BENCH / "client.c")]
    subprocess.run(words, check=True)
    return [str(program)]


@pytest.fixture(params=["c", "python"])
def client(request, built):
    python = [sys.executable, str(BENCH / "slow_client.py")]
    return (built or python) if request.param == "c" else python


@contextmanager
def serving(answers):
    """A server in a thread. ``answers(number, request) -> [bytes]`` says what the nth message is sent back."""
    loop, ready, found = asyncio.new_event_loop(), threading.Event(), {}

    async def converse(reader, writer):
        try:
            while True:
                if found["http"]:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0])
                    message = head + await reader.readexactly(length)
                else:
                    message = await reader.readuntil(b"\x1c\r")
                found["count"] += 1
                for answer in answers(found["count"], message):
                    writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def serve():
        server = await asyncio.start_server(converse, "127.0.0.1", 0)
        found["port"] = server.sockets[0].getsockname()[1]
        found["stop"] = asyncio.Event()
        ready.set()
        async with server:
            await found["stop"].wait()

    found |= {"count": 0, "http": False}
    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    ready.wait(10)
    try:
        yield found
    finally:
        loop.call_soon_threadsafe(found["stop"].set)
        thread.join(10)
        loop.close()


def send(client, port, tmp_path, **options):
    """One open-loop run of ``MESSAGES`` messages; what the client printed."""
    template = tmp_path / "template"
    template.write_bytes(b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|@ID@|P|2.5.1\rPID|1||@ID@\r")
    given = {
        "port": port,
        "template": template,
        "prefix": "TESTTEST",
        "connections": 1,
        "warm": 0,
        "rate": 200,
    }
    given |= {"seconds": MESSAGES / 200} | options
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return json.loads(subprocess.run([*client, *words], check=True, capture_output=True, text=True).stdout)


def ack(message, code=b"AA", number=None):
    number = number or message.split(b"|")[9]
    return b"\x0bMSH|^~\\&|C|D|A|B|20260101||ACK|1|P|2.5.1\rMSA|%b|%b\r\x1c\r" % (code, number)


GOOD = {
    "acknowledged": MESSAGES,
    "counted": MESSAGES,
    "sent": MESSAGES,
    "wrong": 0,
    "lost": 0,
    "out_of_order": 0,
}


def test_right_answers_are_counted(client, tmp_path):
    seen = []
    with serving(lambda number, message: [seen.append(message) or ack(message)]) as server:
        found = send(client, server["port"], tmp_path)
    assert {name: found[name] for name in GOOD} == GOOD
    ids = [message.split(b"|")[9] for message in seen]
    assert ids == [b"TESTTEST%012d" % number for number in range(MESSAGES)]
    assert all(
        message.endswith(b"PID|1||" + number + b"\r\x1c\r") for number, message in zip(ids, seen, strict=True)
    )


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda message: ack(message, b"AE"), id="refused"),
        pytest.param(lambda message: ack(message, b"AR"), id="rejected"),
        pytest.param(lambda message: ack(message, number=b"TESTTEST999999999999"), id="another message's id"),
        pytest.param(lambda message: ack(message, number=b"1"), id="cut id"),
    ],
)
def test_a_wrong_answer_is_no_acknowledgement(client, tmp_path, wrong):
    with serving(lambda number, message: [wrong(message) if number == 5 else ack(message)]) as server:
        found = send(client, server["port"], tmp_path, connections=4, drain=2)
    assert found["wrong"] == 1
    assert found["acknowledged"] < MESSAGES
    assert found["fault"]


def test_an_answer_out_of_its_frame_is_wrong(client, tmp_path):
    with serving(lambda number, message: [ack(message)[number == 5 :]]) as server:
        found = send(client, server["port"], tmp_path, connections=4, drain=2)
    assert found["wrong"] + found["lost"] >= 1
    assert found["acknowledged"] < MESSAGES


def test_answers_in_another_order_are_seen(built, tmp_path):
    """Only with several outstanding on one connection, which the C client alone can do."""
    if built is None:
        pytest.skip("no C compiler on this machine")
    held = []

    def swapped(number, message):
        held.append(ack(message))
        return [held.pop(), held.pop()] if len(held) == 2 else []

    with serving(swapped) as server:
        found = send(built, server["port"], tmp_path, depth=4)
    assert found["out_of_order"] == MESSAGES // 2
    assert (found["acknowledged"], found["wrong"], found["lost"]) == (MESSAGES, 0, 0)


def http(message, status=b"201 Created", headers=b"Location: /x\r\n"):
    return b"HTTP/1.1 %b\r\n%bContent-Length: 2\r\n\r\n{}" % (status, headers)


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({}, 0),
        ({"status": b"200 OK"}, MESSAGES),
        ({"status": b"503 Service Unavailable"}, MESSAGES),
        ({"headers": b""}, MESSAGES),
    ],
)
def test_http_wants_201_with_a_place(client, tmp_path, options, wrong):
    with serving(lambda number, message: [http(message, **options)]) as server:
        server["http"] = True
        found = send(client, server["port"], tmp_path, mode="http", path="/fhir/DiagnosticReport")
    assert (found["wrong"], found["acknowledged"]) == (wrong, MESSAGES - wrong)


def test_a_stall_counts_from_the_moment_a_message_was_due(client, tmp_path):
    """One connection, one answer held back: those due meanwhile waited too, although they were sent later."""

    def slow(number, message):
        if number == 1:
            time.sleep(0.5)
        return [ack(message)]

    with serving(slow) as server:
        found = send(client, server["port"], tmp_path)
    assert found["acknowledged"] == MESSAGES
    # A client that waits with its schedule would see one slow answer and 39 fast ones.
    assert found["p50_ms"] > 200
