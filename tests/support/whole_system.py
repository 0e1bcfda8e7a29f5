"""The whole system as a hospital runs it: real processes, a private database, a real SMTP server.

Tests speak to it through its doors only: MLLP, HTTP, mail. The database is looked at afterwards.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from email import message_from_bytes
from importlib.resources import files
from pathlib import Path

import psycopg
from aiosmtpd.controller import Controller
from psycopg import sql

from soar2.config.postgres import PrivateServer
from soar2.config.supervise import free_port
from soar2.exchange.send import Client

PARTS = ("listen", "work", "web", "watch")


class Mailbox:
    """A real SMTP server that keeps what it is given; ``refuse`` makes it answer with a code instead."""

    def __init__(self):
        self.port = free_port()
        self.mails, self.times = [], []
        self.refuse: str | None = None
        self._lock = threading.Lock()
        self._controller = None

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        with self._lock:
            self.mails.append(message_from_bytes(envelope.content))
            self.times.append(time.time())
        return "250 kept"

    def start(self):
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self):
        if self._controller:
            self._controller.stop()
            self._controller = None

    def notices(self):
        return [mail["X-SOaR2-Notice"] for mail in self.mails]

    def subjects(self):
        return [mail["Subject"] for mail in self.mails]


class WholeSystem:
    """Start it, stop parts of it, kill parts of it, and start them again."""

    def __init__(self, *, mode="demo"):
        self.home = Path(tempfile.mkdtemp(prefix="soar2-whole-"))
        self.home.chmod(0o711)  # the server may run as another user
        self.mail = Mailbox()
        self.web_port, self.mllp_port = free_port(), free_port()
        self.server = PrivateServer(self.home)
        self.processes: dict[str, list[subprocess.Popen]] = {}
        self.mode = mode
        self.env = {}

    def start(self, parts=PARTS, *, at=None):
        """Everything up and answering. ``at`` sets a demonstration's clock, standing until somebody signs in."""
        self.mail.start()
        self.server.start()
        config = self.home / "soar2.toml"
        config.write_text(self.settings())
        self.env = os.environ | self.environment(config)
        self.command("migrate")
        if at is not None:
            self.query(
                "INSERT INTO record_democlock (id, real, hospital, rate, running) VALUES (1, now(), %s, 1, false)"
                " RETURNING id",
                at,
            )
        for part in parts:
            self.launch(part)
        self.wait_until(lambda: self.answers() or "web" not in parts, "the pages answer", 90)
        self.wait_until(lambda: self.listens() or "listen" not in parts, "the listener answers", 90)

    def environment(self, config):
        """What every process is told."""
        return {
            "SOAR2_HOME": str(self.home),
            "SOAR2_CONFIG": str(config),
            "SOAR2_WEB_PORT": str(self.web_port),
            "SOAR2_MLLP_PORT": str(self.mllp_port),
            "SOAR2_SMTP_PORT": str(self.mail.port),
            "SOAR2_BIND": "127.0.0.1",
            "SOAR2_SECRET_KEY": secrets.token_urlsafe(64),
            "DATABASE_URL": self.server.url(),
            "PYTHONWARNINGS": "default",
        }

    def environment_of(self, part):
        """What one part is told beside that: nothing, unless a test puts something between it and the others."""
        return {}

    def settings(self):
        """The demonstration's file; in production the same people and roles, this machine's mail server and address."""
        text = files("soar2.demo").joinpath("soar2.toml").read_text()
        if self.mode == "demo":
            return text
        for line, instead in (
            ('mode = "demo"', f'mode = "{self.mode}"'),
            ("address = .*", f'address = "{self.url("")}"'),
            ("port = 2525", f"port = {self.mail.port}"),
        ):
            text, found = re.subn(f"(?m)^{line}$", instead, text)
            assert found == 1, f"the demonstration's settings have no line {line}"
        return text

    def send(self, *messages):
        """Hand HL7 messages over by MLLP; returns the answers once each is acknowledged."""
        with Client("127.0.0.1", self.mllp_port) as client:
            return [client.send(message) for message in messages]

    def rows(self, table):
        """All rows of a table in a fixed order: to see that nothing has changed."""
        return self.query(sql.SQL("SELECT * FROM {} ORDER BY id").format(sql.Identifier(table)))

    def command(self, *argv, check=True, env=None, **options):
        """Run one subcommand to its end. ``env`` changes its environment; None takes a variable away."""
        changed = self.env | (env or {})
        return subprocess.run(
            [sys.executable, "-m", "soar2.cli", *argv],
            env={key: value for key, value in changed.items() if value is not None},
            capture_output=True,
            text=True,
            check=check,
            **options,
        )

    def launch(self, part):
        log = (self.home / f"{part}.log").open("ab")
        process = subprocess.Popen(
            [sys.executable, "-m", "soar2.cli", part],
            env=self.env | self.environment_of(part),
            stdout=log,
            stderr=log,
            start_new_session=True,  # a web server's own workers are found by their group
        )
        log.close()
        self.processes.setdefault(part, []).append(process)
        return process

    def kill(self, part, number=signal.SIGKILL):
        """End every running process of ``part`` with a signal and wait for it to be gone."""
        for process in self.processes.pop(part, []):
            signal_group(process, number)
            process.wait(timeout=20)

    def tend(self):
        """Start again what ended by itself, as systemd would. Returns those, with their processes."""
        ended = []
        for part, processes in list(self.processes.items()):
            for process in [one for one in processes if one.poll() is not None]:
                signal_group(process, signal.SIGKILL)  # its workers still hold its port
                processes.remove(process)
                ended.append((part, process))
                self.launch(part)
        return ended

    def kill_database(self):
        """kill -9 the postmaster; its backends end as soon as they miss it. False when it was dead already."""
        pid = self.server._postmaster()
        if pid is None:
            return False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def revive_database(self):
        """What the supervisor does each second, until the database answers again."""

        def answers():
            self.server.tend()
            return self.one("SELECT 1") == 1

        self.wait_until(answers, "the database answers", 60)

    def answers(self):
        try:
            with urllib.request.urlopen(self.url("/health/"), timeout=2) as response:
                return response.status == 200
        except OSError:
            return False

    def listens(self):
        import socket

        try:
            socket.create_connection(("127.0.0.1", self.mllp_port), timeout=1).close()
        except OSError:
            return False
        return True

    def url(self, path="/"):
        return f"http://127.0.0.1:{self.web_port}{path}"

    def query(self, question, *args):
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            return connection.execute(question, args).fetchall()

    def one(self, question, *args):
        return self.query(question, *args)[0][0]

    def wait_until(self, question, words, seconds=30.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if question():
                    return
            except psycopg.OperationalError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"waited {seconds} s in vain until {words}\n{self.logs()}")

    def logs(self, last=25):
        parts = []
        for path in sorted(self.home.glob("*.log")):
            parts.append(
                f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-last:])
            )
        return "\n".join(parts)

    def stop(self):
        for processes in self.processes.values():
            for process in processes:
                process.terminate()
        for processes in self.processes.values():
            for process in processes:
                try:
                    process.wait(timeout=15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                signal_group(process, signal.SIGKILL)
        self.processes.clear()
        self.mail.stop()
        self.server.erase()
        shutil.rmtree(self.home, ignore_errors=True)


def signal_group(process, number):
    """To a process and whatever it started; granian's worker serves on when its parent alone is killed."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass
