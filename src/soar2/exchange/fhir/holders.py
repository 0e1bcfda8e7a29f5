"""Who comes with which token, and how those who come without a good one are slowed down."""

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, LiteralString

from soar2.exchange.fhir.keys import Holder, digest, well_formed

Rows = Callable[[LiteralString, Sequence[Any]], Awaitable[list[tuple[Any, ...]]]]

FRESH = 1.0  # seconds an answer of the database is believed: how long a revoked token can still open the door
USED_EVERY = timedelta(minutes=1)  # how exactly "last used" is kept
MOST_KEPT = 4096
FAILURES, WINDOW = 10, 60.0  # wrong tokens from one address within so many seconds, before it must wait
HOLDER = """
    SELECT digest, name, feed, scopes, expires_at, revoked_at, last_used_at
    FROM exchange_apitoken WHERE digest = %s"""
USED = """
    UPDATE exchange_apitoken SET last_used_at = now()
    WHERE digest = %s AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')"""
UNKNOWN = "The token is not known here."


@lru_cache(maxsize=256)
def _digest_of(key: str) -> str:
    """The digest of a token; empty for what can be none."""
    return digest(key) if well_formed(key) else ""


class Holders:
    """Tokens as the database knows them, each asked for at most once a second. Used by one event loop.

    ``rows`` asks one question of the database, in a thread. Raises ``DatabaseAway``.
    """

    def __init__(self, rows: Rows, seconds: Callable[[], float] = time.monotonic):
        self._rows = rows
        self._seconds = seconds
        self._known: OrderedDict[str, tuple[float, Holder | None]] = OrderedDict()
        self._asked: dict[str, asyncio.Task[Holder | None]] = {}

    async def holder(self, key: str) -> tuple[Holder | None, str]:
        """Whose token it is, or why it opens nothing. Raises ``DatabaseAway``."""
        wanted = _digest_of(key)
        found = await self._find(wanted) if wanted else None
        if found is None:
            return None, UNKNOWN
        fault = found.fault(datetime.now(UTC))
        return (None, fault) if fault else (found, "")

    async def _find(self, wanted: str) -> Holder | None:
        known = self._known.get(wanted)
        if known is not None and self._seconds() - known[0] <= FRESH:
            return known[1]
        asked = self._asked.get(wanted)
        if asked is None:  # the first asks, the others wait for its answer
            asked = self._asked[wanted] = asyncio.get_running_loop().create_task(self._ask(wanted))
            asked.add_done_callback(lambda _: self._asked.pop(wanted))
        return await asyncio.shield(asked)

    async def _ask(self, wanted: str) -> Holder | None:
        since = self._seconds()  # counted from the question: what is revoked after it is known a second later
        for row in await self._rows(HOLDER, (wanted,)):
            if hmac.compare_digest(row[0], wanted):
                found = Holder(row[0], row[1], row[2], frozenset(row[3]), *row[4:])
                await self._note_use(found)
                return self._keep(wanted, since, found)
        return self._keep(wanted, since, None)

    def _keep(self, wanted: str, since: float, found: Holder | None) -> Holder | None:
        self._known[wanted] = since, found
        self._known.move_to_end(wanted)
        while len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return found

    async def _note_use(self, found: Holder) -> None:
        now = datetime.now(UTC)
        stale = found.last_used_at is None or now - found.last_used_at > USED_EVERY
        if stale and not found.fault(now):
            await self._rows(USED, (found.key,))


class Failures:
    """Wrong tokens by address. Good tokens are never slowed, whoever shares their address."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic):
        self._seconds = seconds
        self._since: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def failed(self, address: str) -> int:
        """Count one; returns the seconds this address must wait before it is heard again (0: none)."""
        now = self._seconds()
        start, count = self._since.pop(address, (now, 0))
        if now - start > WINDOW:
            start, count = now, 0
        self._since[address] = start, count + 1
        while len(self._since) > MOST_KEPT:
            self._since.popitem(last=False)
        return max(1, round(WINDOW - (now - start))) if count >= FAILURES else 0
