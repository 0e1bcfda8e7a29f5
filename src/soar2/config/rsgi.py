"""The application that ``soar2 web`` serves by RSGI: the FHIR door, and Django for everything else.

The server's asynchronous interface reads every body here, in one thread and within limits of size and time,
before any other thread is engaged: senders that are slow, by whatever address, never take the pages' threads.
Source: the RSGI specification of granian; PEP 3333 for the environ and for Django's side.
"""

import asyncio
import io
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Protocol

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soar2.config.settings")
pages = get_wsgi_application()

from soar2.config.logs import catch_the_rest  # noqa: E402 - Django must be set up first
from soar2.exchange.fhir.bodies import Bodies  # noqa: E402
from soar2.exchange.fhir.door import ROOT  # noqa: E402
from soar2.exchange.fhir.http import Environ, NotTaken, Reply  # noqa: E402
from soar2.exchange.fhir.wiring import make_door  # noqa: E402

log = logging.getLogger("soar2.web")
catch_the_rest()  # the server begins its workers anew: nothing of the command that began it is set here

THREADS = 16  # pages served at a time; each may hold a connection to the database
LARGEST_FORM = 16 << 20  # bytes of a body for a page; Django has its own, smaller limits for most
_APART = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Scope(Protocol):
    """A request as RSGI describes it, as far as it is used here."""

    method: str
    path: str
    query_string: str
    client: str
    server: str
    scheme: str
    http_version: str

    @property
    def headers(self) -> Mapping[str, str]: ...


class Connection(Protocol):
    """RSGI's way to the body, and back to whoever asked."""

    def __call__(self) -> Awaitable[bytes]: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class Site:
    """Everything at this address."""

    def __init__(self) -> None:
        self._bodies = Bodies()
        self._door = make_door(client, plain, self._bodies)
        self._threads = ThreadPoolExecutor(THREADS, "page")

    async def __rsgi__(self, scope: Scope, connection: Connection) -> None:
        environ = environ_of(scope)
        path = environ["PATH_INFO"]
        if path.startswith(ROOT) and path[len(ROOT) : len(ROOT) + 1] in ("", "/"):
            reply = await self._door(environ, connection)
        else:
            reply = await self._page(environ, scope, connection)
        connection.response_bytes(reply.status, list(reply.headers), reply.body)

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self._door.close())
        self._threads.shutdown()

    async def _page(self, environ: Environ, scope: Scope, connection: Connection) -> Reply:
        with self._bodies.room() as held:
            try:
                body = await self._bodies.read(environ, connection, LARGEST_FORM, held)
            except NotTaken as fault:
                return Reply(fault.status, fault.reason.encode(), _PLAIN)
            environ |= _for_django(scope, body)
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, _rendered, environ)


_PLAIN = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))


def environ_of(scope: Scope) -> Environ:
    """The line, the origin and the headers of a request by the names of WSGI.

    A header whose own name has an underscore is left out: it would be taken for another one, such as the
    proxy's word on where a request comes from.
    """
    environ: Environ = {
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": scope.path.encode().decode("latin-1"),  # as PEP 3333 wants it
        "QUERY_STRING": scope.query_string,
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
    }
    for header, value in scope.headers.items():
        if name := _name_of(header):
            before = environ.get(name)
            environ[name] = value if before is None else f"{before}{_joint(name)}{value}"
    return environ


@lru_cache(maxsize=512)
def _name_of(header: str) -> str:
    if "_" in header:
        return ""
    return _APART.get(header) or f"HTTP_{header.upper().replace('-', '_')}"


def _joint(name: str) -> str:
    return "; " if name == "HTTP_COOKIE" else ","


def _for_django(scope: Scope, body: bytes) -> Environ:
    """What Django asks for besides, its body whole."""
    host, _, port = scope.server.rpartition(":")
    return {
        "SCRIPT_NAME": "",
        "SERVER_NAME": host.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "CONTENT_LENGTH": str(len(body)) if body else "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def _rendered(environ: Environ) -> Reply:
    """Django's whole answer. In a thread."""
    said: list[Any] = []
    written: list[bytes] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], fault: Any = None, /
    ) -> Callable[[bytes], object]:
        said[:] = int(status[:3]), tuple(headers)
        return written.append

    parts = pages(environ, start_response)
    try:
        body = b"".join([*written, *parts])
    finally:
        parts.close()
    status, headers = said
    return Reply(status, body, headers)


def client(environ: Environ) -> str:
    """Where a request comes from; the proxy's word is taken only where there is one (``accounts``)."""
    direct: str = environ.get("REMOTE_ADDR", "")
    if not settings.BEHIND_PROXY:
        return direct
    return str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")[-1].strip() or direct


def plain(environ: Environ) -> bool:
    """Whether the proxy took a request without encryption although this programme's address has it."""
    https = settings.PROGRAMME.address.startswith("https:")
    return settings.BEHIND_PROXY and https and environ.get("HTTP_X_FORWARDED_PROTO", "") == "http"


application = Site()
