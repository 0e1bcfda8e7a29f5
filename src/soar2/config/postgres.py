"""The private PostgreSQL of a machine that has none: found, made, started, stopped.

A programme in production names its own server in ``DATABASE_URL`` and never comes here. Without it SOaR2 runs
a server for itself alone: reached through a unix socket only, no TCP port, a generated password, every commit
forced to disk. The module needs PostgreSQL's programs (15 or newer) and nothing else of what carries them.

Linux only: it reads ``/proc`` and relies on ``flock``.
"""

import fcntl
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from soar2.config.postgres_programs import (
    OLDEST,
    Account,
    ServerFault,
    copied,
    find_binaries,
    major_version,
    make_directory,
)

__all__ = ["PrivateServer", "ServerFault", "database_settings"]

ROLE = DATABASE = "soar2"
PORT = 5432  # only names the socket file; nothing listens on TCP
SOCKET_DIRECTORY_BYTES = 107 - len(f"/.s.PGSQL.{PORT}")  # the kernel's limit on a socket's path
FALLBACK_ROOTS = (Path("/var/tmp"), Path("/tmp"))  # noqa: S108  every use below checks who owns the directory

SERVER_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "fsync": "on",  # an acknowledged report must survive a power cut
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # An error's text and detail quote the row it was about, so patient data: errors go to the caller, not to
    # the log. Level "log" lies above "error" in PostgreSQL's order: starts, stops and crashes are kept.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def database_settings(url: str) -> dict[str, Any]:
    """Django's ``DATABASES`` entry for a ``postgresql://`` address.

    libpq itself takes the address apart, so that whatever ``psql`` accepts is accepted here: percent-encoded
    passwords, socket directories, several hosts, ``sslmode`` and its kin (these go to ``OPTIONS``).
    Raises ``ServerFault``; its text never repeats the address, which holds a password.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise ServerFault("DATABASE_URL must start with postgresql://; no other database will do.")
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ServerFault(
            "DATABASE_URL cannot be read: expected postgresql://user:password@host:5432/name?sslmode=require "
            "with / @ : and % in the password written as %2F %40 %3A and %25."
        ) from None
    named = {key: str(parts.pop(key, "")) for key in ("dbname", "user", "password", "host", "port")}
    if not named["dbname"]:
        raise ServerFault("DATABASE_URL names no database: it must end in /name.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": named["dbname"],
        "USER": named["user"],
        "PASSWORD": named["password"],
        "HOST": named["host"],
        "PORT": named["port"],
        "OPTIONS": parts,
    }


class PrivateServer:
    """The PostgreSQL server that belongs to one state directory ``home``.

    ``start`` may be called by several processes: the first starts the server, the others attach. Exactly one
    of them is its ``keeper``, whose ``stop`` stops it; when a keeper was killed, the next to start inherits
    the running server. ``started`` says whether this object launched the server or found it running.
    """

    def __init__(self, home: Path):
        self.home = Path(home).absolute()
        self.started = False
        self._account = Account.for_this_process()
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper_lock: int | None = None

    @property
    def keeper(self) -> bool:
        """Whether ``stop`` of this object stops the server."""
        return self._keeper_lock is not None

    def start(self, patience: float = 30.0) -> None:
        """Return when the server answers and has the database ``soar2``; fresh, attached or healed.

        ``patience`` in seconds covers a server that is still dying: after kill -9 its last processes hold the
        directory for a moment. Raises ``ServerFault``.
        """
        self._prepare()
        if self._keeper_lock is None:
            self._keeper_lock = self._lock("keeper")
        deadline, pause = time.monotonic() + patience, 0.02
        while not self._answers():
            if (alive := self._lock("alive")) is not None:
                try:
                    self._launch(alive)
                finally:
                    os.close(alive)
                pause = min(2 * pause, 1)
            self._reap()
            if time.monotonic() > deadline:
                raise ServerFault(f"PostgreSQL does not start; {self.log} says why.")
            time.sleep(pause)
        self._create_database()

    def tend(self) -> None:
        """Start the server again if it died: cheap enough to be called every second."""
        self._reap()
        if not self.running():
            self.start()

    def stop(self) -> None:
        """End all connections, write everything down, and return when the server is gone.

        Does nothing for an object that is not the keeper. Raises ``ServerFault``.
        """
        if not self.keeper:
            return
        for how, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10)):
            self._signal(how)
            if self._gone_within(seconds):
                break
        else:
            raise ServerFault(f"PostgreSQL in {self.place} does not stop; {self.log} says why.")
        os.close(self._keeper_lock)  # type: ignore[arg-type]
        self._keeper_lock = None

    def erase(self) -> None:
        """Stop the server and remove all its data: there is no way back."""
        if self._keeper_lock is None and self.place.is_dir():
            self._keeper_lock = self._lock("keeper")
            if self._keeper_lock is None:
                raise ServerFault("Another SOaR2 process uses this database; stop it first.")
        self.stop()
        for directory in (self.place, self._socket_directory()):
            shutil.rmtree(directory, ignore_errors=True)
        del self.place

    def url(self) -> str:
        """The address with its password, for ``database_settings`` and libpq. Needs a first ``start``."""
        return self._url_of(DATABASE)

    def running(self) -> bool:
        """Whether any process of this server lives; unlike a pid file this cannot be out of date."""
        if not self.place.is_dir() or (alive := self._lock("alive")) is None:
            return self.place.is_dir()
        os.close(alive)
        return False

    @property
    def log(self) -> Path:
        """Where the server writes; holds no statements and no errors, so no patient data."""
        return self.home / "log" / "postgres.log"

    @cached_property
    def place(self) -> Path:
        """The directory of the server: in the home, or beside it where its account cannot enter the home.

        A home below a 0700 directory is closed to ``nobody``, and opening it would let everybody in. Then
        the place is a directory under /var/tmp whose name is made from the home's path.
        """
        inside = self.home / "postgres"
        if not self._account.changes:
            return inside
        outside = [root / f"soar2-{self._tag()}" for root in FALLBACK_ROOTS if root.is_dir()]
        for place in (inside, *outside):
            if (place / "data/cluster").exists():
                return place
        return inside if self._home_is_open() else outside[0]

    @property
    def _cluster(self) -> Path:
        return self.place / "data/cluster"

    def _tag(self) -> str:
        return hashlib.sha256(os.fsencode(self.home.resolve())).hexdigest()[:12]

    def _home_is_open(self) -> bool:
        nearest = next(path for path in (self.home, *self.home.parents) if path.exists())
        return self._account.can_run("test", "-x", nearest)

    def _socket_directory(self) -> Path:
        inside = self.place / "socket"
        if len(os.fsencode(inside)) <= SOCKET_DIRECTORY_BYTES:
            return inside
        return FALLBACK_ROOTS[-1] / f"soar2-{self._tag()}-s"

    def _url_of(self, database: str) -> str:
        try:
            password = (self.place / "data/password").read_text()
        except FileNotFoundError:
            raise ServerFault(f"There is no database in {self.home} yet; start it first.") from None
        host = quote(str(self._socket_directory()), safe="")
        return f"postgresql://{ROLE}:{password}@/{database}?host={host}&port={PORT}"

    def _prepare(self) -> None:
        """Directories, then a database cluster where there is none: made aside and renamed when whole."""
        me = os.geteuid(), os.getegid()
        open_to_account = 0o711 if self._account.changes else 0o700
        if not self.home.exists():
            self.home.parent.mkdir(parents=True, exist_ok=True)
            make_directory(self.home, open_to_account, *me)
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        make_directory(self.place, open_to_account, *me)
        data = self._account.own_directory(self.place / "data")
        self._account.own_directory(self._socket_directory())
        if not self._account.can_run("test", "-x", data):
            raise ServerFault(
                f"PostgreSQL may not run as root, and `nobody` cannot be used or cannot enter {self.place}: "
                "run SOaR2 as an ordinary user, or name a server in DATABASE_URL."
            )
        if not self._cluster.exists() and (alive := self._lock("alive")) is not None:
            try:
                self._make_cluster(data)
            finally:
                os.close(alive)

    def _make_cluster(self, data: Path) -> None:
        if self._cluster.exists():  # made by another process while we waited for the lock
            return
        fresh, password = data / "cluster.new", data / "password"
        password.write_text(secrets.token_urlsafe(32))
        password.chmod(0o600)
        os.chown(password, self._account.uid, self._account.gid)
        for locale in ("C.UTF-8", "C"):  # not every C library has the first; both sort by code point
            shutil.rmtree(fresh, ignore_errors=True)
            made = self._initdb(fresh, password, locale)
            if made.returncode == 0:
                fresh.rename(self._cluster)
                return
        raise ServerFault(
            f"PostgreSQL cannot make its data directory: {made.stderr.strip().splitlines()[-1:]}"
        )

    def _initdb(self, where: Path, password: Path, locale: str) -> subprocess.CompletedProcess[str]:
        options = ["--auth=scram-sha-256", "--encoding=UTF8", f"--locale={locale}", f"--username={ROLE}"]
        command = [str(self._binaries() / "initdb"), f"--pgdata={where}", f"--pwfile={password}", *options]
        return subprocess.run(command, capture_output=True, text=True, **self._account.popen_options())  # noqa: S603

    def _binaries(self) -> Path:
        """Programs the account can run: where they are, or a copy where it cannot reach them."""
        found = find_binaries()
        version = major_version(found)
        if version < OLDEST:
            raise ServerFault(f"PostgreSQL in {found} is too old: SOaR2 needs {OLDEST} or newer.")
        mark = self._cluster / "PG_VERSION"
        made_by = mark.read_text().strip() if mark.exists() else str(version)
        if made_by != str(version):
            raise ServerFault(
                f"The database in {self.place} was made by PostgreSQL {made_by}, and {found} is PostgreSQL "
                f"{version}: set SOAR2_PG_BIN to the programs of {made_by}, or start over with --reset."
            )
        return (
            found
            if self._account.can_run(found / "initdb", "--version")
            else copied(found, into=self.place / "binaries")
        )

    def _lock(self, name: str) -> int | None:
        """An exclusive lock as an open file, or None while another process holds it."""
        try:
            handle = os.open(self.place / name, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError:
            raise ServerFault(f"{self.place} belongs to another account: run SOaR2 as that one.") from None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def _launch(self, alive: int) -> None:
        """Start the server with the lock ``alive`` open in it, so that the lock lives as long as it does."""
        binaries = self._binaries()
        if self._process is not None:
            self._process.wait()  # the lock was free, so it is past its last step
        self._heal()
        settings = SERVER_SETTINGS | {"unix_socket_directories": str(self._socket_directory())}
        switches = [f"--{name}={value}" for name, value in settings.items()]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603
                [binaries / "postgres", "-D", self._cluster, *switches],
                stdout=log,
                stderr=log,
                pass_fds=(alive,),
                start_new_session=True,  # Ctrl-C in the terminal is for the supervisor, which then stops us
                **self._account.popen_options(),
            )
        self.started = True

    def _heal(self) -> None:
        """Remove what a killed server left; its number may since belong to another program or to a zombie."""
        if self._postmaster() is None:
            socket = self._socket_directory() / f".s.PGSQL.{PORT}"
            for leftover in (
                self._cluster / "postmaster.pid",
                socket,
                socket.with_name(f"{socket.name}.lock"),
            ):
                leftover.unlink(missing_ok=True)

    def _postmaster(self) -> int | None:
        """The server's process number, if that process is a live one and works in our directory."""
        try:
            number = int((self._cluster / "postmaster.pid").read_text().split()[0])
            return number if Path(f"/proc/{number}/cwd").readlink() == self._cluster.resolve() else None
        except (OSError, ValueError, IndexError):
            return None

    def _reap(self) -> None:
        """A dead server that we launched stays on the process table until we ask for it."""
        if self._process is not None and self._process.poll() is not None:
            self._process = None

    def _signal(self, how: signal.Signals) -> None:
        if (postmaster := self._postmaster()) is not None:
            try:
                os.kill(postmaster, how)
            except ProcessLookupError:
                return

    def _gone_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        if self._process is not None:
            self._process.wait()
        return True

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._url_of("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_database(self) -> None:
        with psycopg.connect(self._url_of("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone()
            if known is None:
                try:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
                except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    return
