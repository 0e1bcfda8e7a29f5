"""The door over a real, migrated database, asked as the web server asks it."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import uvloop
from django.conf import settings
from request_body import Body

from soar2.exchange.dispatch import feeds
from soar2.exchange.fhir.door import Door, Place
from soar2.exchange.fhir.inbox import BodyInbox
from soar2.exchange.fhir.keys import BUNDLE, CREATE, READ, digest, new_key
from soar2.exchange.fhir.lookups import Lookups
from soar2.exchange.fhir.writer import Writer

FEED = "Radiology results"
ADDRESS = "https://soar2.hospital.example/fhir"


@dataclass
class Answer:
    """What came back: ``issue`` is the first of an OperationOutcome."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def issue(self):
        assert self.json["resourceType"] == "OperationOutcome"
        return self.json["issue"][0]

    @property
    def said(self):
        """(status, issue-type, first FHIRPath)."""
        return self.status, self.issue["code"], self.issue.get("expression", [""])[0]


class Loop:
    """An event loop in a thread of its own, as the web process has one."""

    def __init__(self):
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, awaitable):
        """Begin; the future of the result."""
        return asyncio.run_coroutine_threadsafe(awaitable, self._loop)

    def run(self, awaitable):
        """From any thread; what came of it."""
        return self.start(awaitable).result(60)

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass
class Visitor:
    """A sender in front of the door."""

    door: Door
    url: str
    loop: Loop
    opened: list = field(default_factory=list)

    def token(self, name="ris", *, feed=FEED, scopes=(CREATE, READ, BUNDLE), days=1, revoked=False):
        key, now = new_key(), datetime.now(UTC)
        self.rows(
            "INSERT INTO exchange_apitoken (name, feed, scopes, digest, created_at, created_by, expires_at, revoked_at)"
            " VALUES (%s, %s, %s, %s, %s, 'test', %s, %s) RETURNING id",
            name, feed, json.dumps(list(scopes)), digest(key), now, now + timedelta(days=days), now if revoked else None,
        )  # fmt: skip
        return key

    def ask(self, method, path, body=b"", *, token="", **headers):
        """One request; ``body`` is bytes or a Body, ``headers`` are WSGI names, and None takes one away."""
        return answer_of(self.loop.run(self.door(*self.request(method, path, body, token=token, **headers))))

    def request(self, method, path, body=b"", *, token="", **headers):
        """What the door is called with."""
        path, _, query = path.partition("?")
        source = body if isinstance(body, Body) else Body(body)
        environ = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "REMOTE_ADDR": "10.1.2.3",
            "CONTENT_TYPE": "application/fhir+json", "CONTENT_LENGTH": str(len(source.data)),
        }  # fmt: skip
        if token:
            environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return {key: value for key, value in (environ | headers).items() if value is not None}, source

    def post(self, body, *, token, path="/fhir/DiagnosticReport", **headers):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask("POST", path, body, token=token, **headers)

    def rows(self, query, *values):
        with psycopg.connect(self.url, autocommit=True) as connection:
            return connection.execute(query, values).fetchall()

    def inbox(self, columns):
        return self.rows(f"SELECT {columns} FROM exchange_inboundmessage ORDER BY id")  # noqa: S608


def answer_of(reply):
    return Answer(reply.status, dict(reply.headers), reply.body)


@pytest.fixture(scope="session")
def fhir_database(private_server, tmp_path_factory):
    """A migrated database of the door's own, beside Django's test database; its address."""
    with psycopg.connect(private_server.url(), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS fhir")
        connection.execute("CREATE DATABASE fhir")
    url = private_server.url().replace("/soar2?", "/fhir?")
    assert "/fhir?" in url
    home = tmp_path_factory.mktemp("fhir")
    given = {"DATABASE_URL": url, "SOAR2_HOME": str(home), "SOAR2_CONFIG": str(home / "none.toml")}
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "--verbosity", "0", "--skip-checks"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "soar2.config.settings", **given}, check=True,
    )  # fmt: skip
    return url


@pytest.fixture(scope="session")
def loop():
    found = Loop()
    yield found
    found.close()


@pytest.fixture(scope="session")
def shared_door(fhir_database, loop):
    arguments, opened = {"conninfo": fhir_database}, []
    door = Door(
        Place(ADDRESS, lambda environ: environ["REMOTE_ADDR"], https=True),
        feeds,
        Lookups(arguments),
        Writer(lambda: BodyInbox(arguments)),
        lambda number, holder: opened.append((number, holder.name)),
    )
    yield Visitor(door, fhir_database, loop, opened)
    loop.run(door.close())


@pytest.fixture
def visitor(shared_door):
    """The door with an empty inbox and no tokens."""
    assert settings.PROGRAMME.feed_tables[0]["name"] == FEED
    with psycopg.connect(shared_door.url, autocommit=True) as connection:
        connection.execute("TRUNCATE exchange_inboundmessage, exchange_apitoken CASCADE")
    shared_door.opened.clear()
    return shared_door


@pytest.fixture
def token(visitor):
    return visitor.token()
