"""The FHIR door: a small asynchronous application beside Django, without sessions, cookies or templates.

A body is stored, committed, and only then answered. Every refusal is an OperationOutcome; what a known sender
sent and cannot be read is kept for a person. Nothing a sender wrote reaches a log or an address.
"""

import asyncio
import logging
import math
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, LiteralString

from soar2.exchange.arrival import Arrival
from soar2.exchange.feeds import Feed
from soar2.exchange.fhir.bodies import Bodies, Source, check_encoding, unpacked
from soar2.exchange.fhir.holders import FRESH, Failures, Holders
from soar2.exchange.fhir.http import (
    JSON,
    Environ,
    Headers,
    NotTaken,
    Reply,
    bearer,
    check_accept,
    check_address,
    check_content_type,
    unauthorised,
    wanted_return,
)
from soar2.exchange.fhir.keys import BUNDLE, CREATE, READ, Holder
from soar2.exchange.fhir.lookups import DatabaseAway, Lookups
from soar2.exchange.fhir.openapi import openapi
from soar2.exchange.fhir.outcome import Refusal
from soar2.exchange.fhir.readback import ID, STORED_BODY, resource_in
from soar2.exchange.fhir.reading import Told, told
from soar2.exchange.fhir.receipt import accepted, receipt_of, refused
from soar2.exchange.fhir.statement import capability_statement
from soar2.exchange.fhir.writer import Writer

log = logging.getLogger("soar2.fhir")

ROOT = "/fhir"
LIMIT = 16 << 20  # bytes of a body, as for a message by MLLP
SMALL = 1 << 16  # bytes that are read at once; more are read in a thread, so that nobody else waits for them
ALWAYS: Headers = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
RETRY: Headers = (("Retry-After", "5"),)

Opened = Callable[[int, Holder], None]
Rows = list[tuple[Any, ...]]
Handler = Callable[..., Awaitable[Reply]]


@dataclass(frozen=True)
class Place:
    """Where the door stands: its base URL as the outside knows it, how a request's origin is told, and
    whether it came unencrypted although the base URL is not."""

    address: str
    client: Callable[[Environ], str]
    https: bool = False
    plain: Callable[[Environ], bool] = lambda environ: False


class Door:
    """``opened`` is told of each report that is read back, before it is shown. Used by one event loop."""

    def __init__(
        self,
        place: Place,
        feeds: Callable[[], tuple[Feed, ...]],
        lookups: Lookups,
        writer: Writer,
        opened: Opened,
        bodies: Bodies | None = None,
    ):
        self._place = place
        self._feeds = feeds
        self._lookups = lookups
        self._writer = writer
        self._opened = opened
        self._bodies = bodies or Bodies()
        self._holders = Holders(self._rows)
        self._failures = Failures()
        self._feeds_by_name: dict[str, Feed] = {}
        self._feeds_since = -math.inf
        self._asking = ThreadPoolExecutor(4, "fhir-lookup")
        self._reading = ThreadPoolExecutor(2, "fhir-large")
        hsts: Headers = (("Strict-Transport-Security", "max-age=31536000"),) if place.https else ()
        self._always: Headers = (*ALWAYS, *hsts)
        self._routes: tuple[tuple[re.Pattern[str], dict[str, Handler]], ...] = (
            (re.compile(r"/DiagnosticReport/?\Z"), {"POST": self._create}),
            (re.compile(r"/?\Z"), {"POST": self._transaction}),
            (re.compile(r"/metadata\Z"), {"GET": self._metadata}),
            (re.compile(r"/openapi\.json\Z"), {"GET": self._openapi}),
            (re.compile(r"/DiagnosticReport/([A-Za-z0-9.-]{1,64})(?:/_history/1)?\Z"), {"GET": self._read}),
        )

    async def __call__(self, environ: Environ, body: Source) -> Reply:
        """The whole answer to one request. ``environ`` holds its line, its address and its headers by the names
        of WSGI; ``body`` has not been read."""
        reply = await self._safe(environ, body)
        kind: Headers = (("Content-Type", JSON),) if reply.body else ()
        size: Headers = (("Content-Length", str(len(reply.body))),) if reply.status != 204 else ()
        shown = b"" if environ["REQUEST_METHOD"] == "HEAD" else reply.body
        return Reply(reply.status, shown, (*self._always, *reply.headers, *size, *kind))

    async def close(self) -> None:
        """Give the connections back, once no request is under way."""
        await self._writer.close()
        self._asking.shutdown()
        self._reading.shutdown()
        self._lookups.close()

    async def _safe(self, environ: Environ, body: Source) -> Reply:
        try:
            return await self._route(environ, body)
        except NotTaken as fault:
            return fault.reply
        except DatabaseAway:
            log.warning("the database is away")
            return NotTaken(503, "transient", "The store is away. Nothing was kept; try again.", RETRY).reply
        except Exception:
            log.exception("a request failed")
            return NotTaken(503, "exception", "The door failed. Nothing was kept; try again.", RETRY).reply

    def _route(self, environ: Environ, body: Source) -> Awaitable[Reply]:
        path, method = environ["PATH_INFO"].removeprefix(ROOT), environ["REQUEST_METHOD"]
        for pattern, methods in self._routes:
            if found := pattern.match(path):
                if method == "OPTIONS":
                    return _options(methods)
                handler = methods.get("GET" if method == "HEAD" else method)
                if handler is None:
                    words = f"Here only {_allowed(methods)} are known."
                    raise NotTaken(405, "not-supported", words, (("Allow", _allowed(methods)),))
                return handler(environ, body, *found.groups())
        raise NotTaken(
            404, "not-found", "There is nothing at this address; /fhir/metadata says what there is."
        )

    # What anybody may ask

    async def _metadata(self, environ: Environ, _: Source) -> Reply:
        check_address(environ)
        check_accept(environ)
        return Reply(200, capability_statement(self._place.address))

    async def _openapi(self, environ: Environ, _: Source) -> Reply:
        check_address(environ)
        return Reply(200, openapi(self._place.address))

    # What a token opens

    def _create(self, environ: Environ, body: Source) -> Awaitable[Reply]:
        return self._bring(environ, body, CREATE, "DiagnosticReport")

    def _transaction(self, environ: Environ, body: Source) -> Awaitable[Reply]:
        return self._bring(environ, body, BUNDLE, "Bundle")

    async def _bring(self, environ: Environ, body: Source, scope: str, kind: str) -> Reply:
        holder, feed = await self._enter(environ, scope)
        peer = self._place.client(environ)
        with self._bodies.room() as held, _attributed(holder):
            check_accept(environ)
            check_content_type(environ)
            packed = check_encoding(environ)
            raw = await self._bodies.read(environ, body, LIMIT, held)
            if packed or len(raw) > SMALL:
                arrival = await self._aside(self._reading, _arrival, raw, packed, feed, kind, holder, peer)
            else:
                arrival = _arrival(raw, packed, feed, kind, holder, peer)
            stored = await self._writer.store(arrival)
            if stored is None:
                raise DatabaseAway
            receipt, representation = receipt_of(stored), None
            if receipt.status == 201 and wanted_return(environ) == "representation":
                representation = await self._aside(
                    self._reading, resource_in, arrival.raw, stored, receipt.id, "stored", self._place.address
                )
            return receipt.reply(environ, self._place.address, representation)

    async def _read(self, environ: Environ, _: Source, name: str) -> Reply:
        holder, feed = await self._enter(environ, READ)
        check_accept(environ)
        resource = await self._aside(self._asking, self._brought, name, feed, holder)
        if resource is None:
            raise NotTaken(404, "not-found", "No report of this feed has this id.")
        return Reply(200, resource, (("ETag", 'W/"1"'),))

    def _brought(self, name: str, feed: Feed, holder: Holder) -> bytes | None:
        """The report called ``name`` that came in for this feed, and the look at it noted. In a thread."""
        found = ID.match(name)
        rows = self._lookups.rows(STORED_BODY, (feed.name, found[1])) if found else []
        for number, raw, state, answer in rows:
            resource = resource_in(bytes(raw), bytes(answer), name, state, self._place.address)
            if resource is not None:
                self._opened(number, holder)
                return resource
        return None

    async def _rows(self, query: LiteralString, values: Sequence[Any]) -> Rows:
        return await self._aside(self._asking, self._lookups.rows, query, values)

    @staticmethod
    async def _aside[T](threads: ThreadPoolExecutor, work: Callable[..., T], *given: Any) -> T:
        """What would make everybody wait, in a thread."""
        return await asyncio.get_running_loop().run_in_executor(threads, partial(work, *given))

    async def _enter(self, environ: Environ, scope: str) -> tuple[Holder, Feed]:
        """Who comes, and the feed it belongs to. The body has not been read yet. Raises ``NotTaken``."""
        check_address(environ)
        if self._place.plain(environ):
            raise NotTaken(
                403, "security", "The token came unencrypted. Revoke it, and use https with a new one."
            )
        holder = await self._holder(environ)
        with _attributed(holder):
            if scope not in holder.scopes:
                raise NotTaken(403, "forbidden", f"The token has not the scope {scope}.", _SCOPE)
            feed = self._feed(holder.feed)
            if feed is None:
                raise NotTaken(403, "forbidden", "The token's feed is no longer in the feed file.")
        return holder, feed

    def _feed(self, name: str) -> Feed | None:
        """The feed file is looked at once a second: the door reads only what its answer needs, the worker reads
        again with what is in force then."""
        now = time.monotonic()
        if now - self._feeds_since > FRESH:
            self._feeds_by_name = {feed.name: feed for feed in self._feeds()}
            self._feeds_since = now
        return self._feeds_by_name.get(name)

    async def _holder(self, environ: Environ) -> Holder:
        key = bearer(environ)
        if not key:
            challenge = (("WWW-Authenticate", 'Bearer realm="SOaR2"'),)
            raise NotTaken(401, "login", "A bearer token is needed.", challenge)
        holder, fault = await self._holders.holder(key)
        if holder is None:
            if wait := self._failures.failed(self._place.client(environ)):
                words = "Too many wrong tokens came from this address."
                raise NotTaken(429, "throttled", words, (("Retry-After", str(wait)),))
            raise unauthorised(fault)
        return holder


_SCOPE: Headers = (("WWW-Authenticate", 'Bearer realm="SOaR2", error="insufficient_scope"'),)


class _attributed:  # noqa: N801 - reads as a word of the sentence it stands in
    """Writes down which known sender was turned away before anything was stored."""

    def __init__(self, holder: Holder):
        self._holder = holder

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, *_: object) -> None:
        if isinstance(fault, NotTaken):
            log.warning(
                "request refused token=%s status=%d code=%s",
                self._holder.name,
                fault.status,
                fault.issue.code,
            )


def _arrival(raw: bytes, packed: bool, feed: Feed, kind: str, holder: Holder, peer: str) -> Arrival:
    """The row that a body becomes. Raises ``NotTaken`` for one that cannot be unpacked."""
    if packed:
        raw = unpacked(raw, LIMIT)
    try:
        return accepted(raw, _understood(raw, feed, kind), holder, peer)
    except Refusal as fault:
        log.warning(
            "body refused token=%s status=%d code=%s", holder.name, fault.status, fault.issues[0].code
        )
        return refused(raw, fault, holder, peer, kind)


def _understood(raw: bytes, feed: Feed, kind: str) -> Told:
    """The body as far as its answer needs it. Raises Refusal. A fault of ours must not lose it: the worker will
    hold it."""
    try:
        return told(raw, feed, kind)
    except Refusal:
        raise
    except Exception:
        log.exception("a body could not be read at the door")
        return Told(kind, (), ())


async def _options(methods: Iterable[str]) -> Reply:
    return Reply(204, headers=(("Allow", _allowed(methods)),))


def _allowed(methods: Iterable[str]) -> str:
    return ", ".join(sorted({*methods, "OPTIONS", *({"HEAD"} if "GET" in methods else ())}))
