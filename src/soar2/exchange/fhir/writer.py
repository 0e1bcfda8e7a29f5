"""Stores what many requests bring at once in one commit, and wakes each when its own is durable.

A web thread hands over one arrival and sleeps. Everything handed over while one commit was under way goes
into the next: the inbox's own statement and its own grouping, in a thread with a loop of its own.
"""

import logging
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

import uvloop

from soar2.exchange.arrival import Arrival
from soar2.exchange.inbox import Inbox

log = logging.getLogger("soar2.fhir")

PATIENCE = 5.0  # seconds a request waits for a database that is away
LONGEST_WAIT = 40.0  # seconds; the inbox itself gives up well before
GROUP, GROUP_BYTES = 256, 32 << 20


class _Waiting:
    """One arrival, and the lock that is released when its fate is known."""

    __slots__ = ("answer", "arrival", "known")

    def __init__(self, arrival: Arrival):
        self.arrival = arrival
        self.answer: bytes | None = None
        self.known = threading.Lock()
        self.known.acquire()


class Writer:
    """``store`` may be called by any thread; the writing thread starts with the first call."""

    def __init__(self, make_inbox: Callable[[], Inbox], patience: float = PATIENCE):
        self._make_inbox = make_inbox
        self._patience = patience
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()  # None: come to an end
        self._thread: threading.Thread | None = None
        self._turn = threading.Lock()

    def store(self, arrival: Arrival) -> bytes | None:
        """The answer stored with the row, once it is committed; None when it is not known to be."""
        waiting = _Waiting(arrival)
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._queue.put(waiting)
        return waiting.answer if waiting.known.acquire(timeout=LONGEST_WAIT) else None

    def close(self) -> None:
        """Store what has been handed over, give the connection back, and return when that is done."""
        with self._turn:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _start(self) -> None:
        with self._turn:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="fhir-writer", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        loop = uvloop.new_event_loop()
        inbox = self._make_inbox()
        while group := self._next_group():
            try:
                answers = loop.run_until_complete(
                    inbox.store_patiently([item.arrival for item in group], self._patience)
                )
            except Exception:
                log.exception("a group could not be stored count=%d", len(group))
                answers = [None] * len(group)
                time.sleep(0.1)
            for item, answer in zip(group, answers, strict=True):
                item.answer = answer
                item.known.release()
        loop.run_until_complete(inbox.close())
        loop.close()

    def _next_group(self) -> list[_Waiting]:
        """What waits, up to a limit; nothing when the end has come."""
        first = self._queue.get()
        group = [first] if first else []
        size = len(first.arrival.raw) if first else GROUP_BYTES
        while len(group) < GROUP and size < GROUP_BYTES:
            try:
                item = self._queue.get_nowait()
            except Empty:
                break
            if item is None:
                self._queue.put(None)  # after this group
                break
            group.append(item)
            size += len(item.arrival.raw)
        return group
