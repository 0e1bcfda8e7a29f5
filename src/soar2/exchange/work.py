"""The worker: applies stored messages, sweeps due times, delivers. Any number may run."""

import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import Error as DatabaseFault
from django.db import ProgrammingError, connection
from django.utils import timezone

from soar2.exchange.deliver import deliver_owed
from soar2.exchange.dispatch import apply_undone
from soar2.exchange.senders import EMAIL, channels, kept_open
from soar2.pathway.notices.actions import sweep
from soar2.record import clock
from soar2.record.models import Heartbeat

log = logging.getLogger("soar2.work")

INBOX, OUTBOX = "soar2_inbox", "soar2_outbox"
SWEEP_EVERY = 1.0  # seconds of machine time
DERIVE_EVERY = 15.0
BEAT_EVERY = 5.0
PAUSE = 0.5  # seconds before the database is tried again
WEBHOOK_THREADS = 2  # for each service: one page that waits for it does not hold up the next
LAST_WORDS = 8.0  # seconds that a message being sent may still take at the end


class Owed:
    """The call that something is owed, heard by every delivery thread: none clears it for another."""

    def __init__(self, threads: Iterable[str]) -> None:
        self._calls = {thread: threading.Event() for thread in threads}

    def set(self) -> None:
        for call in self._calls.values():
            call.set()

    def clear(self, thread: str = "") -> None:
        for name, call in self._calls.items():
            if thread in ("", name):
                call.clear()

    def is_set(self) -> bool:
        return all(call.is_set() for call in self._calls.values())

    def wait(self, thread: str, seconds: float) -> None:
        self._calls[thread].wait(seconds)


class Worker:
    """One worker process: one thread applies and sweeps, others deliver, some for each channel, so that a slow
    mail server delays no report and a slow paging service no mail. ``run`` returns after SIGTERM or SIGINT; a
    lost database is waited for."""

    def __init__(self) -> None:
        self.name = f"worker@{socket.gethostname()}:{os.getpid()}"
        self.stopping = threading.Event()
        self.senders = _senders(channels())
        self.owed = Owed(self.senders)
        self.called = False
        self.failed = False
        self.next_sweep = self.next_beat = self.next_derive = 0.0
        self._listening: object = None

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("worker started")
        threads = [
            threading.Thread(target=self._deliver, args=(name,), name=name, daemon=True)
            for name in self.senders
        ]
        for thread in threads:
            thread.start()
        self._until_stopped(self._turn)
        self.owed.set()
        end = time.monotonic() + LAST_WORDS
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        log.info("worker stopped")
        return 1 if self.failed else 0

    def _stop(self, *_: object) -> None:
        self.stopping.set()

    def _going(self) -> bool:
        return not self.stopping.is_set()

    def _until_stopped(self, turn: Callable[[], None]) -> None:
        while not self.stopping.is_set():
            try:
                turn()
            except ProgrammingError as fault:  # a table or column that is not there
                log.warning(
                    "the database is not at this version (%s); run: soar2 migrate", type(fault).__name__
                )
                connection.close()
                self.stopping.wait(10 * PAUSE)
            except DatabaseFault as fault:
                log.warning("database away (%s), trying again", type(fault).__name__)
                connection.close()
                self.stopping.wait(PAUSE)

    def _turn(self) -> None:
        """One round: whatever is there, then wait for a call or the next sweep."""
        self._listen()
        busy = apply_undone(clock.now(), after_each=self.owed.set)
        if time.monotonic() >= self.next_sweep:
            self.next_sweep = time.monotonic() + SWEEP_EVERY
            derive = time.monotonic() >= self.next_derive
            if derive:
                self.next_derive = time.monotonic() + DERIVE_EVERY
            busy += sweep(clock.now(), derive=derive).fired
        if time.monotonic() >= self.next_beat:
            self.next_beat = time.monotonic() + BEAT_EVERY
            beat(self.name, "worker")
        if busy:
            self.owed.set()
        else:
            self._wait()

    def _listen(self) -> None:
        """Ask the database to call. Every new connection must be asked again, whoever opened it."""
        connection.ensure_connection()
        if connection.connection is self._listening:
            return
        with connection.cursor() as cursor:
            for channel in (INBOX, OUTBOX):
                cursor.execute(f"LISTEN {channel}")
        connection.connection.add_notify_handler(lambda call: self._hear(call.channel))
        self._listening = connection.connection

    def _hear(self, channel: str) -> None:
        if channel == OUTBOX:
            self.owed.set()
        else:
            self.called = True

    def _wait(self) -> None:
        """Sleep until the database calls or the next sweep is due. A missed call costs one sweep at most."""
        raw, left = connection.connection, max(0.05, self.next_sweep - time.monotonic())
        if raw is not None and not self.called and select.select([raw.fileno()], [], [], left)[0]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")  # reads what has come; each call reaches ``_hear``
        self.called = False

    def _deliver(self, name: str) -> None:
        """A delivery thread. A bug in it ends the whole process: a worker that no longer sends must be seen."""
        try:
            with kept_open() as line:
                self._until_stopped(lambda: self._deliver_some(name, line.rest))
        except BaseException:
            log.exception("delivery failed")
            self.failed = True
            self.stopping.set()
            raise
        finally:
            connection.close()

    def _deliver_some(self, name: str, rest: Callable[[], None]) -> None:
        self.owed.clear(name)
        if not deliver_owed(self.name, clock.now(), keep_on=self._going, **self.senders[name]):
            rest()
            self.owed.wait(name, SWEEP_EVERY)


def _senders(connected: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The delivery threads by name, each with what it takes: one thread for mail and for whatever no other takes,
    so that a message of a channel that was taken out of the settings becomes a task; some for each service."""
    services = [channel for channel in connected if channel != EMAIL]
    found: dict[str, dict[str, Any]] = {f"delivery {EMAIL}": {"but": services}}
    for channel in services:
        found |= {f"delivery {channel} {n}": {"channel": channel} for n in range(WEBHOOK_THREADS)}
    return found


def beat(name: str, kind: str, words: str = "") -> None:
    """Leave a sign of life, and forget those of processes gone for a day."""
    now = timezone.now()
    Heartbeat.objects.update_or_create(name=name, defaults={"kind": kind, "seen": now, "words": words})
    Heartbeat.objects.filter(seen__lt=now - timedelta(days=1)).delete()


def run_worker() -> int:
    return Worker().run()
