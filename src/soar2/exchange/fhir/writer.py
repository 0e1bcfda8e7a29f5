"""Stores what many requests bring at once in one commit, and wakes each when its own is durable.

Everything handed over while one commit was under way goes into the next: the inbox's own statement and its own
grouping. Large bodies are stored over a connection of their own, so that nobody else waits for them.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from soar2.exchange.arrival import Arrival
from soar2.exchange.inbox import Inbox

log = logging.getLogger("soar2.fhir")

PATIENCE = 5.0  # seconds a request waits for a database that is away
GROUP, GROUP_BYTES = 256, 8 << 20
LARGE = 1 << 20  # bytes
Waiting = tuple[Arrival, "asyncio.Future[bytes | None]"]


class Writer:
    """Used by one event loop. Nothing is connected to before the first arrival."""

    def __init__(self, make_inbox: Callable[[], Inbox], patience: float = PATIENCE):
        self._usual, self._large = _Lane(make_inbox, patience), _Lane(make_inbox, patience)

    async def store(self, arrival: Arrival) -> bytes | None:
        """The answer stored with the row, once it is committed; None when it is not known to be."""
        lane = self._usual if len(arrival.raw) < LARGE else self._large
        return await lane.store(arrival)

    async def close(self) -> None:
        """Return when all that was handed over is stored or given up, and the connections are given back."""
        await self._usual.close()
        await self._large.close()


class _Lane:
    """One connection. Whoever finds it idle stores at once; whatever comes meanwhile is stored together."""

    def __init__(self, make_inbox: Callable[[], Inbox], patience: float):
        self._make_inbox = make_inbox
        self._patience = patience
        self._inbox: Inbox | None = None
        self._waiting: deque[Waiting] = deque()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    async def store(self, arrival: Arrival) -> bytes | None:
        if not self._idle.is_set():
            known: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
            self._waiting.append((arrival, known))
            return await known
        self._idle.clear()
        try:
            [answer] = await self._stored([arrival])
            return answer
        finally:
            if self._waiting:
                self._task = asyncio.get_running_loop().create_task(self._store_waiting())
            else:
                self._idle.set()

    async def close(self) -> None:
        await self._idle.wait()
        inbox, self._inbox = self._inbox, None
        if inbox is not None:
            await inbox.close()

    async def _store_waiting(self) -> None:
        """Group after group, until nothing waits."""
        while group := self._next_group():
            answers = await self._stored([arrival for arrival, _ in group])
            for (_, known), answer in zip(group, answers, strict=True):
                if not known.done():  # its request may have been given up
                    known.set_result(answer)
        self._idle.set()

    async def _stored(self, arrivals: list[Arrival]) -> list[bytes | None]:
        if self._inbox is None:
            self._inbox = self._make_inbox()
        try:
            return await self._inbox.store_patiently(arrivals, self._patience)
        except Exception:
            log.exception("a group could not be stored count=%d", len(arrivals))
            return [None] * len(arrivals)

    def _next_group(self) -> list[Waiting]:
        group: list[Waiting] = []
        size = 0
        while self._waiting and len(group) < GROUP and size < GROUP_BYTES:
            group.append(self._waiting.popleft())
            size += len(group[-1][0].raw)
        return group
