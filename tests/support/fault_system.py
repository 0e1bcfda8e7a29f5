"""The whole system with a failing network between its parts, whoever starts again what ended, and a visitor."""

import contextlib
import os
import shutil
import threading
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path

import psycopg
from fault_plan import BEFORE_DATABASE, BEFORE_LISTENER, BEFORE_MAIL, BEFORE_PAGER, BEFORE_WEB
from fault_proxy import FaultNet
from full_disk import SmallDisk, SmallFiles, children
from receiver import Posted, Receiver, new_secret
from whole_system import WholeSystem

from soar2.config.postgres import ServerFault

FEED = "Radiology results"
PAGER = """
[[webhook]]
channel = "page"
url = "http://127.0.0.1:{port}/pages"
secret_file = "{secret}"
timeout_seconds = 3
"""


class Pager(Receiver):
    """A paging service that keeps each whole page, and what the reference library says of its signature."""

    def __init__(self, secret: str):
        super().__init__()
        self.secret, self.pages, self.forged = secret, [], 0
        self.on_post = self._take

    def _take(self, posted: Posted) -> None:
        try:
            self.pages.append((posted.id, posted.verified(self.secret)))
        except Exception:
            self.forged += 1


class FaultySystem(WholeSystem):
    """Listener, workers and web reach the database, the mail server and the pager by failing lines only, and are
    reached by such; the watcher, whom nobody waits for, goes straight to the database."""

    def __init__(self, net: FaultNet, patience: float):
        super().__init__()
        self.patience = patience
        self._connection: psycopg.Connection | None = None
        self._asking = threading.Lock()
        self.disk = SmallDisk(self.home)
        self.mounted = self.disk.mount()
        self.files = SmallFiles(self.server)
        self.secret = self.home / "pager.secret"
        self.secret.write_text(new_secret())
        self.secret.chmod(0o600)
        self.pager = Pager(self.secret.read_text())
        self.senders = net.before(BEFORE_LISTENER, lambda: ("127.0.0.1", self.mllp_port))
        self.door = net.before(BEFORE_WEB, lambda: ("127.0.0.1", self.web_port))
        self.post = net.before(BEFORE_MAIL, lambda: ("127.0.0.1", self.mail.port))
        self.paging = net.before(BEFORE_PAGER, lambda: ("127.0.0.1", self.pager.port))
        self.database = net.before(BEFORE_DATABASE, lambda: self.server._socket_directory() / ".s.PGSQL.5432")

    def settings(self):
        text = super().settings().replace("[smtp]\n", "[smtp]\ntimeout_seconds = 3\n")
        return text + PAGER.format(port=self.paging.port, secret=self.secret)

    def environment(self, config):
        return super().environment(config) | {
            "SOAR2_SMTP_PORT": str(self.post.port),
            "SOAR2_MLLP_PATIENCE_SECONDS": str(self.patience),
        }

    def environment_of(self, part):
        if part == "watch":
            return {}
        there, password = f"127.0.0.1:{self.database.port}", (self.server.place / "data/password").read_text()
        return {"DATABASE_URL": f"postgresql://soar2:{password}@{there}/soar2"}

    def query(self, question, *args):
        """As everywhere, by one connection that is kept: a run asks some ten thousand times."""
        with self._asking:
            try:
                if self._connection is None:
                    self._connection = psycopg.connect(self.server.url(), autocommit=True)
                return self._connection.execute(question, args).fetchall()
            except psycopg.OperationalError:
                connection, self._connection = self._connection, None
                if connection is not None:
                    connection.close()
                raise

    def new_token(self) -> str:
        """For the senders that bring reports by FHIR."""
        return self.command("token", "create", "engine", "--feed", FEED).stdout.strip()

    def stop(self):
        try:
            if self._connection is not None:
                self._connection.close()
            self.pager.stop()
            super().stop()
        finally:
            if self.mounted:
                self.disk.unmount()
                shutil.rmtree(self.home, ignore_errors=True)


class Keeper(threading.Thread):
    """Stands in for systemd and the supervisor: starts again what ended, and the database too."""

    def __init__(self, system: FaultySystem):
        super().__init__(daemon=True)
        self.system, self.ending = system, threading.Event()
        self.lock = threading.Lock()
        self.killed: set[int] = set()
        self.ended: Counter[str] = Counter()  # by themselves, with which status

    def run(self) -> None:
        while not self.ending.wait(0.1):
            with self.lock:
                for part, process in self.system.tend():
                    if process.pid not in self.killed:
                        self.ended[f"{part} with {process.returncode}"] += 1
            with contextlib.suppress(ServerFault, OSError, psycopg.Error):
                self.system.server.tend()

    def running(self, part: str) -> list[int]:
        """The numbers of all living processes of ``part``, each of them the head of its group."""
        return [one.pid for one in tuple(self.system.processes.get(part, ())) if one.poll() is None]

    def kill(self, part: str, pids: list[int]) -> int:
        """kill -9 of these processes of ``part`` with all they started; how many were there to be killed."""
        count = 0
        with self.lock:
            for process in self.system.processes.get(part, []):
                if process.pid in pids and process.poll() is None:
                    self.killed.add(process.pid)
                    os.killpg(process.pid, 9)
                    process.wait(20)
                    count += process.returncode == -9
        return count

    def holder(self, part: str, port: int) -> int | None:
        """Which process of ``part`` the connection from this local port belongs to."""
        inode = _inode(port)
        for head in self.running(part):
            if inode and any(_holds(pid, inode) for pid in (head, *children(head))):
                return head
        return None

    def stop(self) -> None:
        self.ending.set()
        self.join(60)


def _inode(port: int) -> str:
    """The socket of a client on 127.0.0.1, as the kernel numbers it."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(f":{port:04X}") and fields[9] != "0":
            return fields[9]
    return ""


def _holds(pid: int, inode: str) -> bool:
    for handle in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            if os.readlink(handle) == f"socket:[{inode}]":
                return True
    return False


class Visitor(threading.Thread):
    """Somebody at a screen: asks for pages all the time, and sees them go and come back."""

    def __init__(self, system: WholeSystem):
        super().__init__(daemon=True)
        self.system, self.ending = system, threading.Event()
        self.answers: Counter[str] = Counter()
        self.outages = 0
        self.well = False

    def run(self) -> None:
        while not self.ending.wait(0.2):
            answer = self._ask("/health/")
            self.answers[answer] += 1
            self.outages += self.well and answer == "none"
            self.well = answer == "200"

    def _ask(self, path: str) -> str:
        try:
            with urllib.request.urlopen(self.system.url(path), timeout=5) as response:
                return str(response.status)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return str(refusal.code)
        except OSError:
            return "none"

    def stop(self) -> None:
        self.ending.set()
        self.join(20)
