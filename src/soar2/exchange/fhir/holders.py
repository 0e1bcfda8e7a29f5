"""Who comes with which token, and how those who come without a good one are slowed down."""

import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from soar2.exchange.fhir.keys import digest, well_formed
from soar2.exchange.fhir.lookups import Lookups

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


@dataclass(frozen=True, slots=True)
class Holder:
    """A machine that may come in, as its token says. ``key`` is the token's digest."""

    key: str
    name: str
    feed: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def fault(self, now: datetime) -> str:
        """Why the token opens nothing; empty when it does."""
        if self.revoked_at is not None:
            return "The token was revoked."
        if self.expires_at is not None and self.expires_at <= now:
            return f"The token expired on {self.expires_at:%d %b %Y}."
        return ""


@lru_cache(maxsize=256)
def _digest_of(key: str) -> str:
    """The digest of a token; empty for what can be none."""
    return digest(key) if well_formed(key) else ""


class Holders:
    """Tokens as the database knows them, each asked for at most once a second."""

    def __init__(self, lookups: Lookups, seconds: Callable[[], float] = time.monotonic):
        self._lookups = lookups
        self._seconds = seconds
        self._known: OrderedDict[str, tuple[float, Holder | None]] = OrderedDict()
        self._turn = threading.Lock()

    def holder(self, key: str) -> tuple[Holder | None, str]:
        """Whose token it is, or why it opens nothing. Raises ``DatabaseAway``."""
        wanted = _digest_of(key)
        found = self._find(wanted) if wanted else None
        if found is None:
            return None, UNKNOWN
        fault = found.fault(datetime.now(UTC))
        return (None, fault) if fault else (found, "")

    def _find(self, wanted: str) -> Holder | None:
        known = self._known.get(wanted)
        if known is None or self._seconds() - known[0] > FRESH:
            with self._turn:  # one thread asks, the others find its answer
                known = self._known.get(wanted)
                if known is None or self._seconds() - known[0] > FRESH:
                    known = self._seconds(), self._ask(wanted)
                    self._known[wanted] = known
                    while len(self._known) > MOST_KEPT:
                        self._known.popitem(last=False)
        return known[1]

    def _ask(self, wanted: str) -> Holder | None:
        for row in self._lookups.rows(HOLDER, (wanted,)):
            if hmac.compare_digest(row[0], wanted):
                found = Holder(row[0], row[1], row[2], frozenset(row[3]), *row[4:])
                self._note_use(found)
                return found
        return None

    def _note_use(self, found: Holder) -> None:
        now = datetime.now(UTC)
        stale = found.last_used_at is None or now - found.last_used_at > USED_EVERY
        if stale and not found.fault(now):
            self._lookups.rows(USED, (found.key,))


class Failures:
    """Wrong tokens by address. Good tokens are never slowed, whoever shares their address."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic):
        self._seconds = seconds
        self._since: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._turn = threading.Lock()

    def failed(self, address: str) -> int:
        """Count one; returns the seconds this address must wait before it is heard again (0: none)."""
        with self._turn:
            now = self._seconds()
            start, count = self._since.pop(address, (now, 0))
            if now - start > WINDOW:
                start, count = now, 0
            self._since[address] = start, count + 1
            while len(self._since) > MOST_KEPT:
                self._since.popitem(last=False)
            return max(1, round(WINDOW - (now - start))) if count >= FAILURES else 0
