"""A migrated database for the door, a listener process in front of it, and raw sockets to talk to it."""

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from whole_system import Mailbox

from soar2.config.postgres import PrivateServer
from soar2.config.supervise import free_port
from soar2.exchange.mllp import Frame, Framer, frame

RUN = (
    "import sys; from soar2.exchange.listen import run_listener; sys.exit(run_listener('127.0.0.1', {port}))"
)

WRITTEN = ("exchange_inboundmessage", "exchange_sendersequence", "record_democlock", "record_heartbeat")


def environment(url: str, home: Path, **more: str) -> dict[str, str]:
    given = {"DATABASE_URL": url, "SOAR2_HOME": str(home), "SOAR2_CONFIG": str(home / "none.toml")}
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "soar2.config.settings", **given, **more}


def migrate(url: str, home: Path) -> None:
    command = [sys.executable, "-m", "django", "migrate", "--verbosity", "0", "--skip-checks"]
    subprocess.run(command, env=environment(url, home), check=True)


@dataclass
class Database:
    """The door's database, looked at from outside."""

    url: str
    home: Path
    server: PrivateServer

    def rows(self, query: str, *values: object) -> list[tuple]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    def inbox(self, columns: str) -> list[tuple]:
        return self.rows(f"SELECT {columns} FROM exchange_inboundmessage ORDER BY id")  # noqa: S608

    def empty(self) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"TRUNCATE {', '.join(WRITTEN)} CASCADE")


WORKER = """
import sys
import django
django.setup()
from django.conf import settings
from soar2.exchange.dispatch import apply_undone
from soar2.record import clock
from soar2.record.people import load_programme
for line in sys.stdin:
    load_programme(settings.PROGRAMME)
    for _ in range(6):
        apply_undone(clock.now())
    print("done", flush=True)
"""


class Worker:
    """The worker's reading of stored messages, in a process of its own: once for each ``work``."""

    def __init__(self, database: "Database"):
        config = database.home / "worker.toml"
        demo = files("soar2.demo").joinpath("soar2.toml").read_text()
        config.write_text(demo.replace('mode = "demo"', 'mode = "production"'))
        env = environment(database.url, database.home, SOAR2_CONFIG=str(config))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER], env=env, stdin=pipe, stdout=pipe, text=True
        )

    def work(self) -> None:
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def stop(self) -> None:
        self.process.communicate(timeout=20)


@dataclass
class RunningListener:
    """A listener process; ``kill`` is kill -9, ``stop`` is SIGTERM and gives the exit status."""

    database: Database
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.log_file = self.database.home / f"listener-{self.port}.log"
        self.start()

    def start(self) -> None:
        env = environment(self.database.url, self.database.home, **self.settings)
        command = [sys.executable, "-c", RUN.format(port=self.port)]
        opened = self.log.count("listening host=") if self.log_file.exists() else 0
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stderr=log)
        # Its own word, not a connection: on a busy machine another process may have the port for a moment.
        for _ in range(1200):
            if self.log.count("listening host=") > opened:
                return
            assert self.process.poll() is None, self.log
            time.sleep(0.05)
        raise AssertionError(f"the listener did not open its port: {self.log}")

    @property
    def log(self) -> str:
        return self.log_file.read_text()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


class Wire:
    """A bare socket: what is written goes out as it is, whole answers come back."""

    def __init__(self, port: int, timeout: float = 15.0):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.framer = Framer()
        self.answers: list[bytes] = []

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> bytes | None:
        """The next answer; None when the listener has closed the connection."""
        while not self.answers:
            data = self.socket.recv(65536)
            if not data:
                return None
            self.answers += [event.content for event in self.framer.feed(data) if isinstance(event, Frame)]
        return self.answers.pop(0)

    def ask(self, message: bytes) -> bytes | None:
        self.write(frame(message))
        return self.answer()


def oru_message(control_id: str, text: str = "No epidural disease.", **change: str) -> bytes:
    """A whole synthetic ORU^R01; ``change`` replaces single fields."""
    part = {
        "app": "RIS",
        "facility": "SITEA",
        "type": "ORU^R01^ORU_R01",
        "processing": "P",
        "pid": "PID|1||900001^^^DEMO^MR||Sample^Case||19600101|F\r",
        **change,
    }
    return (
        f"MSH|^~\\&|{part['app']}|{part['facility']}|SOAR2|SITEA|20260310140512-0400||{part['type']}|"
        f"{control_id}|{part['processing']}|2.5.1||||||UNICODE UTF-8\r"
        f"{part['pid']}"
        f"OBR|1||ACC-{control_id}|30855-1^MR spine^LN|||20260310121500-0400|20260310124000-0400||||||||||||||"
        "20260310140500-0400||RAD|F\r"
        f"OBX|1|TX|18748-4^Report^LN||{text}||||||F\r"
    ).encode()


@pytest.fixture(scope="session")
def oru():
    return oru_message


@pytest.fixture(scope="session")
def wire():
    return Wire


@pytest.fixture(scope="session")
def door_database(private_server, tmp_path_factory):
    """One migrated database of its own for all tests of the door, beside Django's test database."""
    home = tmp_path_factory.mktemp("door")
    with psycopg.connect(private_server.url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS door")
        connection.execute("CREATE DATABASE door")
    url = private_server.url().replace("/soar2?", "/door?")
    assert "/door?" in url
    migrate(url, home)
    return Database(url, home, private_server)


@pytest.fixture
def database(door_database):
    door_database.empty()
    return door_database


@pytest.fixture
def start_listener(database):
    """Starts listener processes; whatever is left of them is killed afterwards."""
    started: list[RunningListener] = []

    def start(on: Database = database, **settings: str) -> RunningListener:
        started.append(RunningListener(on, settings))
        return started[-1]

    yield start
    for listener in started:
        listener.kill()


@pytest.fixture(scope="session")
def worker(door_database):
    running = Worker(door_database)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def running_listener():
    return RunningListener


@pytest.fixture(scope="session")
def shared_listeners(door_database):
    """Two listeners for all tests that leave them alive; the second waits one second for a frame's end."""
    usual, hasty = (
        RunningListener(door_database),
        RunningListener(door_database, {"SOAR2_MLLP_FRAME_SECONDS": "1"}),
    )
    yield usual, hasty
    usual.kill()
    hasty.kill()


@pytest.fixture
def listener(shared_listeners, database):
    return shared_listeners[0]


@pytest.fixture
def hasty_listener(shared_listeners, database):
    return shared_listeners[1]


@pytest.fixture(scope="session")
def mortal_server(tmp_path_factory):
    """A database server of its own, for tests that kill it."""
    home = tmp_path_factory.mktemp("mortal")
    server = PrivateServer(home)
    server.start()
    migrate(server.url(), home)
    yield Database(server.url(), home, server)
    server.erase()


@pytest.fixture
def mortal_database(mortal_server):
    mortal_server.server.start()
    mortal_server.empty()
    return mortal_server


@pytest.fixture
def mailbox(monkeypatch):
    """A real mail server, to which the programme's settings point."""
    box = Mailbox()
    box.start()
    smtp = replace(settings.PROGRAMME.smtp, port=box.port, timeout_seconds=3)
    monkeypatch.setattr(settings, "PROGRAMME", replace(settings.PROGRAMME, smtp=smtp))
    yield box
    box.stop()
