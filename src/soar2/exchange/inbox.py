"""The inbox: one statement stores a whole group, and its commit comes before any byte of an answer.

The tables are written by SQL on a connection of our own, not through Django's ORM: a group of 256 messages
then costs one round trip and one flush of the disk, and a flush costs nearly the same for one row or many.
"""

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg
from django.conf import settings
from psycopg import errors
from psycopg.pq.abc import PGresult

from soar2.exchange.arrival import AnswerIds, Arrival, clashing, expecting
from soar2.exchange.inbox_sql import (
    SETTINGS,
    Key,
    bigints,
    columns,
    copies,
    first_of_each,
    locks,
    statements,
    texts,
)
from soar2.exchange.sequence import Count
from soar2.exchange.session import Call, Session

log = logging.getLogger("soar2.listen")

STATEMENT_SECONDS = 15.0  # a server that hangs longer is treated like one that is gone
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0  # seconds between tries to reach the database
# Django's own options, unknown to libpq.
NOT_FOR_LIBPQ = {"pool", "isolation_level", "server_side_binding", "assume_role"}
# The content is at fault, not the server: trying the same group again would fail for ever.
CONTENT_FAULTS = (psycopg.DataError, psycopg.IntegrityError, errors.ProgramLimitExceeded)

Groups = dict[Key, list[Arrival]]
Counts = dict[tuple[str, str], Count]


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
        self._statements = statements(demo=demo)
        self._session: Session | None = None
        self._answer_ids = answer_ids or AnswerIds()

    async def store(self, arrivals: Sequence[Arrival]) -> list[bytes]:
        """Commit all of them; give the answer to each, in order.

        Raises ``psycopg.Error``: then nothing may be answered, though some may have been committed (storing
        them again is harmless).
        """
        new, clashes = first_of_each(arrivals)
        answers = await self._insert("store", new)
        # Not stored by the first statement: their control id belongs to other content, in the table or in
        # this group. A message with this very content may still be known, and then its answer is replayed.
        if clashes or len(answers) < len(new):
            rest = [
                item
                for item in (*itertools.chain.from_iterable(new.values()), *clashes)
                if item.key not in answers
            ]
            now = datetime.now(UTC)
            put_aside = [clashing(item, now=now, answer_id=self._answer_ids.next()) for item in rest]
            answers |= await self._insert("store_any", copies(put_aside))
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
        await self._run(("beat", (name[:64].encode(), words.encode())))

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

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

    async def _insert(self, statement: str, groups: Groups) -> dict[Key, bytes]:
        """The answers of what is now stored, by key. Lock, rows and wake-up call are one transaction.

        After any fault the connection is closed, whatever state it is in: that also rolls back.
        """
        if not groups:
            return {}
        counted = [item for some in groups.values() for item in some if item.sequence is not None]
        if counted:
            return await self._insert_counted(statement, groups, counted)
        *_, stored, _, _ = await self._run(
            ("begin", ()),
            ("lock", (locks(groups),)),
            (statement, columns(groups)),
            ("notify", ()),
            ("commit", ()),
        )
        return _answers(stored, groups)[0]

    async def _insert_counted(
        self, statement: str, groups: Groups, counted: list[Arrival]
    ) -> dict[Key, bytes]:
        """As ``_insert``, for senders that number their messages: the next number belongs into the answer.

        The count is kept in the storing transaction and under the sender's lock, not by whoever reads the
        messages later: the answer names the next number, and a resend must be told the same.
        """
        senders = sorted({item.sender for item in counted})
        names = texts([sender[0] for sender in senders]), texts([sender[1] for sender in senders])
        *_, known = await self._run(("begin", ()), ("lock", (locks(groups),)), ("sequences", names))
        counts, at = _counts(known)
        groups = self._told_what_is_next(groups, dict(counts), at)
        [stored] = await self._run((statement, columns(groups)))
        answers, before = _answers(stored, groups)
        for key, some in groups.items():
            if some[0].sequence is not None and key in answers and key not in before:
                counts[key[:2]] = counts[key[:2]].heard(some[0].sequence, at)
        await self._run(("keep_sequences", _kept(counts)), ("notify", ()), ("commit", ()))
        return answers

    def _told_what_is_next(self, groups: Groups, counts: Counts, at: str) -> Groups:
        """A message that turns out to be a resend changes nothing: its own number was counted before."""
        told: Groups = {}
        for key, (first, *others) in groups.items():
            if first.sequence is not None:
                counts[first.sender] = counts[first.sender].heard(first.sequence, at)
                first = expecting(first, counts[first.sender].expected)
            told[key] = [first, *others]
        return told

    async def _run(self, *calls: Call) -> list[PGresult]:
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                if self._session is None or self._session.closed:
                    self._session = await Session.open(self._arguments, SETTINGS, self._statements)
                return await self._session.run(*calls)
        except TimeoutError as late:
            await self.close()
            raise psycopg.OperationalError("the database did not answer in time") from late
        except BaseException:
            await self.close()
            raise


def _answers(stored: PGresult, groups: Groups) -> tuple[dict[Key, bytes], set[Key]]:
    """The answers by key, and the keys that were known before."""
    last = stored.ntuples - 1
    rows, before = {}, set()
    for row in range(last):
        key = _key(stored, row)
        rows[key] = stored.get_value(row, 4) or b""
        if int(stored.get_value(row, 5) or b"0") >= len(groups[key]):
            before.add(key)
    if int(stored.get_value(last, 5) or b"0") < len(groups):
        return rows, before
    return {key: some[0].answer for key, some in groups.items()} | rows, before


def _key(result: PGresult, row: int) -> Key:
    first, second, third, fourth = ((result.get_value(row, column) or b"").decode() for column in range(4))
    return first, second, third, fourth


def _counts(known: PGresult) -> tuple[Counts, str]:
    """What is known of each sender asked about, and the time of day, as the inbox has it."""
    counts: Counts = {}
    at = b""
    for row in range(known.ntuples):
        application, facility, last, gaps, at = (known.get_value(row, column) or b"" for column in range(5))
        entries = tuple(tuple(entry) for entry in json.loads(gaps or b"[]"))
        counts[application.decode(), facility.decode()] = Count(int(last), entries) if last else Count()
    return counts, at.decode()


def _kept(counts: Counts) -> tuple[bytes, ...]:
    return (
        texts([application for application, _ in counts]),
        texts([facility for _, facility in counts]),
        bigints([count.last for count in counts.values()]),
        texts([json.dumps(count.entries) for count in counts.values()]),
    )
