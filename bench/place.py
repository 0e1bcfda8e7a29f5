"""Where the bench runs: a private database on the disk that is measured, the product's own processes, the peers.

Everything lives in one directory that is removed at the end. The product runs as in a hospital: mode
"production", its own commands, its own settings file.
"""
# ruff: noqa: S603 - what is started is the product and bench/peers

import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from soar2.config.postgres import PrivateServer
from soar2.config.postgres_programs import find_binaries
from soar2.config.supervise import free_port

HERE = Path(__file__).parent
INBOX, SAME, PLAIN = "exchange_inboundmessage", "bench_same", "bench_plain"


class Place:
    """A database with the product's tables and two of the bench's: ``bench_same``, shaped and indexed like the
    product's inbox, and ``bench_plain`` for the peers, which has no index but its key."""

    def __init__(self, under):
        self.directory = Path(tempfile.mkdtemp(prefix="soar2-bench-", dir=under))
        self.directory.chmod(0o711)  # as root, the database runs as another user
        self.server = PrivateServer(self.directory / "home")
        self.ports = {name: free_port() for name in ("web", "mllp", "mail")}
        self.processes = {}
        self.environment = {}

    def __enter__(self):
        try:
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _set_up(self):
        self.server.start()
        settings = self.directory / "soar2.toml"
        settings.write_text(self._settings())
        self.environment = os.environ | {
            "SOAR2_HOME": str(self.directory / "home"),
            "SOAR2_CONFIG": str(settings),
            "SOAR2_BIND": "127.0.0.1",
            "SOAR2_WEB_PORT": str(self.ports["web"]),
            "SOAR2_MLLP_PORT": str(self.ports["mllp"]),
            "SOAR2_SECRET_KEY": secrets.token_urlsafe(64),
            "SOAR2_ALLOWED_HOSTS": "127.0.0.1",
            "DATABASE_URL": self.server.url(),
            "BENCH_DATABASE": self.server.url(),
        }
        self.command("migrate")
        self._make_tables()

    def __exit__(self, *_):
        self.end_all()
        self.server.erase()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _settings(self):
        """The demonstration's people, rota and feed, in production, with this run's addresses."""
        text = files("soar2.demo").joinpath("soar2.toml").read_text()
        for line, instead in (
            ('mode = "demo"', 'mode = "production"'),
            ("address = .*", f'address = "http://127.0.0.1:{self.ports["web"]}"'),
            ("port = 2525", f"port = {self.ports['mail']}"),
        ):
            text = re.sub(f"(?m)^{line}$", instead, text)
        return text

    def _make_tables(self):
        options = self.one("SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE relname = %s", INBOX)
        self.query(f"CREATE TABLE {SAME} (LIKE {INBOX} INCLUDING ALL)")
        if options:
            self.query(f"ALTER TABLE {SAME} SET ({options})")
        self.query(
            f"CREATE TABLE {PLAIN} (id bigserial PRIMARY KEY, at timestamptz DEFAULT now(), control_id text, raw bytea)"
        )

    # The database

    def query(self, question, *values):
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            answer = connection.execute(question, values or None)
            return answer.fetchall() if answer.description else []

    def one(self, question, *values):
        return self.query(question, *values)[0][0]

    def count(self, table, where="true", *values):
        """How many rows: beside the number of answers, it shows what was lost and what was stored twice."""
        question = sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(table), sql.SQL(where))
        return self.query(question, *values)[0][0]

    def fresh(self, *tables):
        """Empty tables and everything written down: each case starts alike."""
        self.query(f"TRUNCATE {', '.join(tables)} CASCADE")
        self.query("CHECKPOINT")

    def durability(self):
        return {
            name: self.one(f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")
        }

    def program(self, name):
        return str(find_binaries() / name)

    def libpq(self):
        """The way to the database as environment, so that the password stands on no command line."""
        parts = conninfo_to_dict(self.server.url())
        names = {"dbname": "PGDATABASE"}
        return {names.get(key, f"PG{key.upper()}"): str(value) for key, value in parts.items()}

    # Processes

    def command(self, *words):
        """One ``soar2`` subcommand, to its end; what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "soar2.cli", *words],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"soar2 {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def part(self, name):
        """Start a process of the product: listen, work, web."""
        self._start(name, [sys.executable, "-m", "soar2.cli", name])

    def peer(self, script, *words, port=None):
        """Start a server of bench/peers; the port it was given."""
        port = port or free_port()
        self._start(
            f"{script} {port}", [sys.executable, str(HERE / "peers" / script), "--port", str(port), *words]
        )
        self.wait_for(port, script)
        return port

    def _start(self, name, command):
        with (self.directory / f"{name.partition(' ')[0]}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)

    def end(self, name):
        process = self.processes.pop(name)
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def end_all(self):
        for name in list(self.processes):
            self.end(name)

    def wait_for(self, port, what, patience=40):
        end = time.monotonic() + patience
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise SystemExit(f"{what} does not answer.\n{self.last_words()}")

    def last_words(self, lines=15):
        logs = sorted(self.directory.glob("*.log"))
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
            for log in logs
        )
