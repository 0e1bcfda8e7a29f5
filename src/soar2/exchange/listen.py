"""The MLLP door as a process: many connections, one writer, grouped commits.

Everything that has arrived while one commit was under way goes into the next one. Several listeners, on one
machine or on many, may share a database.
"""

import asyncio
import logging
import os
import signal
import socket
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import replace

import django
import psycopg
from django.conf import settings

from soar2.exchange.arrival import AnswerIds, Arrival
from soar2.exchange.connection import Connection, Limits
from soar2.exchange.inbox import Inbox, connection_arguments
from soar2.exchange.mllp import LIMIT

log = logging.getLogger("soar2.listen")

TICK = 0.5  # seconds


class Listener:
    """The state of one door: its connections, what waits to be stored, and the one task that stores.

    While the database is away a message waits up to ``limits.patience`` seconds; then its connection is
    closed without an answer. AE would be wrong: it says that the content is at fault, and many senders then
    drop the message or stop the feed for a person. No answer is what every MLLP sender resends after, and a
    resend of something that had been stored after all is recognised.
    """

    def __init__(self, inbox: Inbox, limits: Limits, answer_ids: AnswerIds, name: str, production: bool):
        self.limits = limits
        self.answer_ids = answer_ids
        self.production = production
        self._inbox = inbox
        self._name = name
        self._connections: set[Connection] = set()
        self._waiting: deque[tuple[Connection, Arrival]] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._beat_due = False
        self._stored = 0

    # What a connection calls

    @property
    def full(self) -> bool:
        return self._waiting_bytes >= self.limits.waiting_bytes

    def joined(self, connection: Connection) -> bool:
        self._connections.add(connection)
        return len(self._connections) <= self.limits.connections

    def left(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def arrived(self, connection: Connection, arrival: Arrival) -> None:
        self._waiting.append((connection, arrival))
        self._waiting_bytes += len(arrival.raw)
        self._idle.clear()
        self._wake.set()

    # The tasks

    async def write(self) -> None:
        """Store and answer, for ever."""
        while True:
            if not self._waiting:
                self._idle.set()
            await self._wake.wait()
            self._wake.clear()
            if self._beat_due:
                self._beat_due = False
                await self._beat()
            while group := self._next_group():
                await self._store(group)

    async def tick(self) -> None:
        """Look after unfinished frames, and ask for a sign of life."""
        loop = asyncio.get_running_loop()
        last_beat = loop.time()
        while True:
            await asyncio.sleep(TICK)
            for connection in tuple(self._connections):
                connection.check_time(loop.time())
            if loop.time() - last_beat >= self.limits.beat_seconds:
                last_beat, self._beat_due = loop.time(), True
                self._wake.set()

    async def wait_for_database(self) -> None:
        """Return when a sign of life was written: a door that cannot store stays shut."""
        while not await self._beat():
            await asyncio.sleep(1)

    async def stop(self) -> None:
        """Read nothing more, answer what is committed, and return when the connections are closed."""
        for connection in tuple(self._connections):
            connection.end("")
        try:
            async with asyncio.timeout(self.limits.drain_seconds):
                await self._idle.wait()
                while self._connections:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            log.warning(
                "stopped early unanswered=%d connections=%d", len(self._waiting), len(self._connections)
            )
        for connection in tuple(self._connections):
            connection.abort()

    # Inside

    def _next_group(self) -> list[tuple[Connection, Arrival]]:
        group: list[tuple[Connection, Arrival]] = []
        size = 0
        while self._waiting and len(group) < self.limits.group and size < self.limits.group_bytes:
            group.append(self._waiting.popleft())
            size += len(group[-1][1].raw)
        return group

    async def _store(self, group: list[tuple[Connection, Arrival]]) -> None:
        arrivals = [arrival for _, arrival in group]
        answers = await self._inbox.store_patiently(arrivals, self.limits.patience)
        was_full = self.full
        self._waiting_bytes -= sum(len(arrival.raw) for arrival in arrivals)
        by_connection: dict[Connection, list[bytes | None]] = {}
        for (connection, _), answer in zip(group, answers, strict=True):
            by_connection.setdefault(connection, []).append(answer)
        for connection, some in by_connection.items():
            connection.answered(some)
        if was_full and not self.full:
            for connection in self._connections:
                connection.pace()
        self._note(arrivals, answers)

    def _note(self, arrivals: list[Arrival], answers: list[bytes | None]) -> None:
        lost = answers.count(None)
        self._stored += len(answers) - lost
        held = sum(arrival.state == "quarantined" for arrival in arrivals)
        if held:
            log.warning("quarantined count=%d peers=%s", held, _peers(arrivals))
        if lost:
            log.error("not stored, not answered count=%d peers=%s", lost, _peers(arrivals))

    async def _beat(self) -> bool:
        words = f"{len(self._connections)} connections, {self._stored} stored since start"
        try:
            await self._inbox.beat(self._name, words)
        except psycopg.errors.UndefinedTable:
            log.error("the database has no tables yet; run: soar2 migrate")
        except (psycopg.Error, TimeoutError) as fault:
            log.error("the database cannot be reached: %s", type(fault).__name__)
        else:
            return True
        return False


def _peers(arrivals: list[Arrival]) -> str:
    return ",".join(sorted({arrival.peer for arrival in arrivals})[:8])


async def serve(
    host: str,
    port: int,
    *,
    max_bytes: int = LIMIT,
    limits: Limits | None = None,
    ready: Callable[[int], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Listen until ``stop`` is set, then drain. ``ready`` is told the port once the door is open.

    Raises OSError when the address cannot be taken.
    """
    limits = limits or Limits(max_bytes=max_bytes)
    stop = stop or asyncio.Event()
    answer_ids, demo = AnswerIds(), settings.PROGRAMME.demo
    inbox = Inbox(connection_arguments(), demo=demo, answer_ids=answer_ids)
    name = f"listener@{socket.gethostname()[:40]}:{port}"
    listener = Listener(inbox, limits, answer_ids, name, production=not demo)
    try:
        if await _unless(stop, listener.wait_for_database()):
            await _keep_open(listener, host, port, ready, stop)
    finally:
        await inbox.close()


async def _keep_open(
    listener: Listener, host: str, port: int, ready: Callable[[int], None] | None, stop: asyncio.Event
) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(listener), host, port, backlog=512)
    tasks = [asyncio.create_task(listener.write()), asyncio.create_task(listener.tick())]
    stopping = asyncio.create_task(stop.wait())
    bound = server.sockets[0].getsockname()[1]
    log.info("listening host=%s port=%d", host, bound)
    if ready is not None:
        ready(bound)
    try:
        # A task of ours that ends is a fault: better no door than one behind which nobody stores.
        ended, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        server.close()
        if stopping in ended:
            await listener.stop()
        for task in ended:
            task.result()
    finally:
        server.close()
        for task in (stopping, *tasks):
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)
        log.info("stopped port=%d", bound)


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Whether ``work`` finished before ``stop`` was set."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
    done = task.done()
    for one in (task, stopping):
        one.cancel()
    await asyncio.gather(task, stopping, return_exceptions=True)
    return done


def limits_from_environment() -> Limits:
    """The limits, with what an installation sets: SOAR2_MLLP_MAX_BYTES, _FRAME_SECONDS, _PATIENCE_SECONDS."""
    names = {"max_bytes": int, "frame_seconds": float, "patience": float}
    variables = {"max_bytes": "MAX_BYTES", "frame_seconds": "FRAME_SECONDS", "patience": "PATIENCE_SECONDS"}
    given = {
        name: kind(os.environ[f"SOAR2_MLLP_{variables[name]}"])
        for name, kind in names.items()
        if os.environ.get(f"SOAR2_MLLP_{variables[name]}")
    }
    return replace(Limits(), **given)


def run_listener(bind: str, port: int) -> int:
    """The listener's process: until SIGTERM or SIGINT, which drain it. The exit status."""
    django.setup()
    try:
        asyncio.run(_until_signalled(bind, port))
    except OSError as fault:
        log.error("cannot listen host=%s port=%d: %s", bind, port, fault.strerror)
        return 1
    return 0


async def _until_signalled(bind: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(bind, port, limits=limits_from_environment(), stop=stop)
