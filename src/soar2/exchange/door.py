"""The state of the MLLP door: its connections, what waits to be stored, the tasks that store.

Everything that has arrived while one commit was under way goes into the next one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg

from soar2.exchange.arrival import AnswerIds, Arrival, FeedOf
from soar2.exchange.connection import Connection, Limits
from soar2.exchange.gate import Gate
from soar2.exchange.inbox import Inbox

log = logging.getLogger("soar2.listen")

TICK = 0.5  # seconds


class Listener:
    """One door.

    While the database is away a message waits up to ``limits.patience`` seconds; then its connection is
    closed without an answer. AE would be wrong: it says that the content is at fault, and many senders then
    drop the message or stop the feed for a person. No answer is what every MLLP sender resends after, and a
    resend of something that had been stored after all is recognised.

    Large messages are read in a thread and stored over a connection of their own, so that nobody else waits
    for them.
    """

    def __init__(
        self,
        inbox: Inbox,
        large: Inbox,
        limits: Limits,
        gate: Gate,
        *,
        answer_ids: AnswerIds,
        name: str,
        production: bool,
        feed_of: FeedOf | None = None,
    ):
        self.limits = limits
        self.answer_ids = answer_ids
        self.production = production
        self.feed_of = feed_of
        self._gate = gate
        self._inbox = inbox
        self._large_inbox = large
        self._name = name
        self._connections: set[Connection] = set()
        self._waiting: deque[tuple[Connection, Arrival]] = deque()
        self._waiting_bytes = 0
        self._unfinished = 0  # bytes of frames begun, over all connections
        self._large: set[asyncio.Task[None]] = set()
        self._large_turn = asyncio.Lock()
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="large")
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._beat_due = False
        self._stored = 0

    # What a connection calls

    @property
    def full(self) -> bool:
        return self._waiting_bytes >= self.limits.waiting_bytes

    def joined(self, connection: Connection, transport: asyncio.BaseTransport) -> bool:
        self._connections.add(connection)
        many = "too-many-connections" if len(self._connections) > self.limits.connections else ""
        if reason := many or self._gate.fault_of(transport):
            self._gate.refuse(connection.peer, reason)
        return not reason

    def left(self, connection: Connection) -> None:
        self._connections.discard(connection)

    def arrived(self, connection: Connection, arrival: Arrival) -> None:
        self._waiting.append((connection, arrival))
        self._waiting_bytes += len(arrival.raw)
        self._idle.clear()
        self._wake.set()

    def arrived_large(self, connection: Connection, read: Callable[[], Arrival], size: int) -> None:
        """``read`` makes the arrival of ``size`` bytes; the connection sends nothing else until it is answered."""
        self._waiting_bytes += size
        task = asyncio.get_running_loop().create_task(self._store_large(connection, read, size))
        self._large.add(task)
        task.add_done_callback(self._large.discard)

    def begun(self, more: int) -> None:
        """So many bytes more (or less) of unfinished frames are held. Beyond the common budget the greediest
        sender is ended: it may send again, but memory that is gone would end everybody."""
        self._unfinished += more
        while self._unfinished > self.limits.unfinished_bytes:
            greediest = max(self._connections, key=lambda one: one.held, default=None)
            if greediest is None or not greediest.held:
                return
            greediest.end("the unfinished frames of all senders take too much memory; this was the largest")

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
        """Look after unfinished frames and certificate files, and ask for a sign of life."""
        loop = asyncio.get_running_loop()
        last_beat = loop.time()
        while True:
            await asyncio.sleep(TICK)
            for connection in tuple(self._connections):
                connection.check_time(loop.time())
            if loop.time() - last_beat >= self.limits.beat_seconds:
                last_beat, self._beat_due = loop.time(), True
                self._gate.refresh()
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
                while self._connections or self._large or self._waiting:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            left = len(self._waiting) + len(self._large)
            log.warning("stopped early unanswered=%d connections=%d", left, len(self._connections))
        for task in tuple(self._large):
            task.cancel()
        for connection in tuple(self._connections):
            connection.abort()
        self._reader.shutdown(wait=False)

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
        by_connection: dict[Connection, list[bytes | None]] = {}
        for (connection, _), answer in zip(group, answers, strict=True):
            by_connection.setdefault(connection, []).append(answer)
        with self._making_room(sum([len(arrival.raw) for arrival in arrivals])):
            for connection, some in by_connection.items():
                connection.answered(some)
        self._note(arrivals, answers)

    async def _store_large(self, connection: Connection, read: Callable[[], Arrival], size: int) -> None:
        loop = asyncio.get_running_loop()
        async with self._large_turn:
            arrival = await loop.run_in_executor(self._reader, read)
            answers = await self._large_inbox.store_patiently([arrival], self.limits.patience)
        with self._making_room(size):
            connection.answered(answers)
        self._note([arrival], answers)

    @contextmanager
    def _making_room(self, size: int) -> Iterator[None]:
        """What was stored waits no more; connections that were not read for want of room are read again."""
        was_full = self.full
        self._waiting_bytes -= size
        yield
        if was_full and not self.full:
            for connection in tuple(self._connections):
                connection.pace()

    def _note(self, arrivals: Sequence[Arrival], answers: Sequence[bytes | None]) -> None:
        lost = answers.count(None)
        self._stored += len(answers) - lost
        held = sum([arrival.state == "quarantined" for arrival in arrivals])
        if held:
            log.warning("quarantined count=%d peers=%s", held, _peers(arrivals))
        if lost:
            log.error("not stored, not answered count=%d peers=%s", lost, _peers(arrivals))

    async def _beat(self) -> bool:
        refused = f", {self._gate.refused} refused" if self._gate.refused else ""
        words = f"{len(self._connections)} connections, {self._stored} stored{refused} since start"
        try:
            await self._inbox.beat(self._name, words)
        except psycopg.errors.UndefinedTable:
            log.error("the database has no tables yet; run: soar2 migrate")
        except (psycopg.Error, TimeoutError) as fault:
            log.error("the database cannot be reached: %s", type(fault).__name__)
        else:
            return True
        return False


def _peers(arrivals: Sequence[Arrival]) -> str:
    return ",".join(sorted({arrival.peer for arrival in arrivals})[:8])
