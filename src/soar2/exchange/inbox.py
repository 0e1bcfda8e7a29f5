"""The inbox: one statement stores a whole group, and its commit comes before any byte of an answer.

The tables are written by SQL on a connection of our own, not through Django's ORM: a group of 256 messages
then costs one round trip and one flush of the disk, and a flush costs nearly the same for one row or many.
"""

import asyncio
import hashlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from django.conf import settings
from psycopg import AsyncConnection, errors

from soar2.exchange.arrival import AnswerIds, Arrival, clashing

log = logging.getLogger("soar2.listen")

CHANNEL = "soar2_inbox"
STATEMENT_SECONDS = 15.0  # a server that hangs longer is treated like one that is gone
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between tries to reach the database
# Django's own options, unknown to libpq.
NOT_FOR_LIBPQ = {"pool", "isolation_level", "server_side_binding", "assume_role"}
# The content is at fault, not the server: trying the same group again would fail for ever.
CONTENT_FAULTS = (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded)

# Two listeners may hold the same control id with different content at the same moment. Whoever stores
# messages of one sender therefore holds that sender's lock until its commit; in sorted order, so that nobody
# deadlocks.
LOCK = "SELECT pg_advisory_xact_lock(key) FROM unnest(%s::bigint[]) AS key"
MACHINE_CLOCK: LiteralString = "statement_timestamp()"
DEMO_CLOCK: LiteralString = """
    COALESCE((SELECT CASE WHEN running
                          THEN hospital + (statement_timestamp() - "real") * rate ELSE hospital END
              FROM record_democlock WHERE id = 1), statement_timestamp())"""
# Parameters go in binary (%b): written as text, a group of 256 messages took 45 ms to escape instead of 0.5.
STORE: LiteralString = """
    INSERT INTO exchange_inboundmessage AS kept (
        received_at, door, peer, feed, raw, body_hash, sending_application, sending_facility, control_id,
        message_type, answer_code, answer, resent, state, reason, "where", attempts, settled_note)
    SELECT {clock}, new.door, new.peer, '', new.raw, new.body_hash, new.sending_application,
           new.sending_facility, new.control_id, new.message_type, new.answer_code, new.answer,
           new.copies - 1, new.state, new.reason, new."where", 0, ''
    FROM unnest(
        %b::text[], %b::text[], %b::bytea[], %b::text[], %b::text[], %b::text[], %b::text[], %b::text[],
        %b::text[], %b::bytea[], %b::text[], %b::text[], %b::text[], %b::int[])
        AS new(door, peer, raw, body_hash, sending_application, sending_facility, control_id, message_type,
               answer_code, answer, state, reason, "where", copies)
    {unless}
    ON CONFLICT (sending_application, sending_facility, control_id, body_hash)
    DO UPDATE SET resent = kept.resent + EXCLUDED.resent + 1
    RETURNING sending_application, sending_facility, control_id, body_hash, answer"""
UNLESS_CLASHING: LiteralString = """
    WHERE new.control_id = '' OR NOT EXISTS (
        SELECT FROM exchange_inboundmessage AS other
        WHERE other.sending_application = new.sending_application
          AND other.sending_facility = new.sending_facility
          AND other.control_id = new.control_id
          AND other.body_hash <> new.body_hash)"""
NOTIFY = f"SELECT pg_notify('{CHANNEL}', '')"
BEAT: LiteralString = """
    INSERT INTO record_heartbeat (name, kind, seen, words) VALUES (%s, %s, now(), %s)
    ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, seen = EXCLUDED.seen, words = EXCLUDED.words"""
# The statement is planned once and kept, perhaps while the table is empty; it must still use the index when
# the table has grown. Every lookup in it is by the full key, so no other plan is ever better.
SESSION: LiteralString = """
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') = 'off'"""

Key = tuple[str, str, str, str]


def connection_arguments() -> dict[str, Any]:
    """What psycopg needs to reach Django's default database, by unix socket or by network alike."""
    database: dict[str, Any] = settings.DATABASES["default"]
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    found = {word: database.get(key) for word, key in named.items()}
    options = {key: value for key, value in database.get("OPTIONS", {}).items() if key not in NOT_FOR_LIBPQ}
    given = {key: value for key, value in {**found, **options}.items() if value not in (None, "")}
    return {"connect_timeout": 5, "tcp_user_timeout": 10_000, **given}


class Inbox:
    """One writer's connection to the inbox, opened when needed and again after every failure.

    ``demo`` stamps messages with the demonstration's clock. Not for use by two tasks at once.
    """

    def __init__(self, arguments: dict[str, Any], *, demo: bool = False, answer_ids: AnswerIds | None = None):
        self._arguments = arguments
        self._connection: AsyncConnection[tuple[Any, ...]] | None = None
        clock = DEMO_CLOCK if demo else MACHINE_CLOCK
        self._store_new = STORE.format(clock=clock, unless=UNLESS_CLASHING).encode()
        self._store_any = STORE.format(clock=clock, unless="").encode()
        self._answer_ids = answer_ids or AnswerIds()

    async def store(self, arrivals: Sequence[Arrival]) -> list[bytes]:
        """Commit all of them; give the answer to each, in order.

        Raises ``psycopg.Error``: then nothing may be answered, though some may have been committed (storing
        them again is harmless).
        """
        new, clashes = _first_of_each(arrivals)
        answers = await self._insert(self._store_new, new)
        # Not stored by the first statement: their control id belongs to other content, in the table or in
        # this group. A message with this very content may still be known, and then its answer is replayed.
        rest = [
            item
            for item in (*itertools.chain.from_iterable(new.values()), *clashes)
            if item.key not in answers
        ]
        if rest:
            now = datetime.now(UTC)
            put_aside = [clashing(item, now=now, answer_id=self._answer_ids.next()) for item in rest]
            answers |= await self._insert(self._store_any, _copies(put_aside))
            log.warning("control id with other content, or such a message again count=%d", len(rest))
        return [answers[item.key] for item in arrivals]

    async def store_patiently(self, arrivals: Sequence[Arrival], patience: float) -> list[bytes | None]:
        """As ``store``, trying again for ``patience`` seconds while the database cannot be reached.

        None stands for a message that is not known to be stored and may not be answered.
        """
        try:
            return list(await self._trying(lambda: self.store(arrivals), patience))
        except CONTENT_FAULTS:
            return await self._apart(arrivals, patience)
        except psycopg.Error:
            return [None] * len(arrivals)

    async def beat(self, name: str, words: str) -> None:
        """A sign of life by the connection that stores, so that it also proves the way to the database."""
        connection = await self._connected()
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                await connection.execute(BEAT, (name[:64], "listener", words))
        except (psycopg.Error, TimeoutError):
            await self.close()
            raise

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _apart(self, arrivals: Sequence[Arrival], patience: float) -> list[bytes | None]:
        """One message the database refuses must not keep back the others of its group."""
        if len(arrivals) == 1:
            return [None]
        middle = len(arrivals) // 2
        halves = [
            await self.store_patiently(half, patience) for half in (arrivals[:middle], arrivals[middle:])
        ]
        return [*halves[0], *halves[1]]

    async def _trying(self, work: Callable[[], Awaitable[list[bytes]]], patience: float) -> list[bytes]:
        loop = asyncio.get_running_loop()
        deadline, pause = loop.time() + patience, FIRST_PAUSE
        while True:
            try:
                return await work()
            except CONTENT_FAULTS:
                raise
            except psycopg.Error:
                if loop.time() + pause > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _insert(self, statement: bytes, groups: dict[Key, list[Arrival]]) -> dict[Key, bytes]:
        """The answers of what is now stored, by key. Lock, rows and wake-up call are one transaction.

        After any fault the connection is closed, whatever state it is in: that also rolls back.
        """
        if not groups:
            return {}
        connection = await self._connected()
        locks = sorted({_lock_of(some[0]) for some in groups.values()})
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                async with connection.pipeline():  # all five leave together and cost one round trip
                    await connection.execute("BEGIN")
                    await connection.execute(LOCK, (locks,), prepare=True)
                    stored = await connection.execute(statement, _columns(groups), prepare=True)
                    await connection.execute(NOTIFY, prepare=True)
                    await connection.execute("COMMIT")
                return {row[:4]: row[4] for row in await stored.fetchall()}
        except TimeoutError as late:
            await self.close()
            raise psycopg.OperationalError("the database did not answer in time") from late
        except psycopg.Error:
            await self.close()
            raise

    async def _connected(self) -> AsyncConnection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = await AsyncConnection.connect(**self._arguments, autocommit=True)
            await self._connection.execute(SESSION)
        return self._connection


def _first_of_each(arrivals: Sequence[Arrival]) -> tuple[dict[Key, list[Arrival]], list[Arrival]]:
    """Copies of one message together, since one statement may touch a row only once.

    Apart from these: the messages that reuse a control id for other content than an earlier one of the group.
    """
    new: dict[Key, list[Arrival]] = {}
    clashes: list[Arrival] = []
    content: dict[tuple[str, str, str], str] = {}
    for item in arrivals:
        first = content.setdefault(item.key[:3], item.body_hash) if item.control_id else item.body_hash
        if first == item.body_hash:
            new.setdefault(item.key, []).append(item)
        else:
            clashes.append(item)
    return new, clashes


def _copies(arrivals: Sequence[Arrival]) -> dict[Key, list[Arrival]]:
    groups: dict[Key, list[Arrival]] = {}
    for item in arrivals:
        groups.setdefault(item.key, []).append(item)
    return groups


def _columns(groups: dict[Key, list[Arrival]]) -> tuple[list[Any], ...]:
    firsts = [some[0] for some in groups.values()]
    return (
        [item.door for item in firsts],
        [item.peer for item in firsts],
        [item.raw for item in firsts],
        [item.body_hash for item in firsts],
        [item.sending_application for item in firsts],
        [item.sending_facility for item in firsts],
        [item.control_id for item in firsts],
        [item.message_type for item in firsts],
        [item.answer_code for item in firsts],
        [item.answer for item in firsts],
        [item.state for item in firsts],
        [item.reason for item in firsts],
        [item.where for item in firsts],
        [len(some) for some in groups.values()],
    )


def _lock_of(item: Arrival) -> int:
    """The sender's lock: a signed 64-bit number made from MSH-3 and MSH-4."""
    name = "\0".join(("soar2 inbox", *item.sender)).encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True)
