"""The worker: applies stored messages, sweeps due times, delivers. Any number may run."""

import logging
import os
import select
import signal
import socket
import time
from datetime import timedelta

from django.db import Error as DatabaseFault
from django.db import close_old_connections, connection
from django.utils import timezone

from soar2.exchange.deliver import deliver_owed
from soar2.exchange.dispatch import apply_undone
from soar2.pathway.notices.actions import sweep
from soar2.record import clock
from soar2.record.models import Heartbeat

log = logging.getLogger("soar2.work")

CHANNELS = ("soar2_inbox", "soar2_outbox")
SWEEP_EVERY = 1.0  # seconds of machine time
BEAT_EVERY = 5.0


class Worker:
    """One worker process. ``run`` returns after SIGTERM or SIGINT; a lost database is waited for."""

    def __init__(self) -> None:
        self.name = f"worker@{socket.gethostname()}:{os.getpid()}"
        self.stopping = False
        self.next_sweep = self.next_beat = 0.0

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("worker started")
        while not self.stopping:
            try:
                self._listen()
                while not self.stopping:
                    self._turn()
            except DatabaseFault as fault:
                log.warning("database away (%s), trying again", type(fault).__name__)
                connection.close()
                time.sleep(0.5)
        log.info("worker stopped")
        return 0

    def _stop(self, *_: object) -> None:
        self.stopping = True

    def _listen(self) -> None:
        close_old_connections()
        connection.ensure_connection()
        with connection.cursor() as cursor:
            for channel in CHANNELS:
                cursor.execute(f"LISTEN {channel}")

    def _turn(self) -> None:
        """One round: whatever is there, then wait for a call or the next sweep."""
        now = clock.now()
        busy = apply_undone(now) + deliver_owed(self.name, now)
        if time.monotonic() >= self.next_sweep:
            self.next_sweep = time.monotonic() + SWEEP_EVERY
            busy += sweep(clock.now()).fired
        if time.monotonic() >= self.next_beat:
            self.next_beat = time.monotonic() + BEAT_EVERY
            beat(self.name, "worker")
        if not busy:
            self._wait()

    def _wait(self) -> None:
        """Sleep until the database calls or the next sweep is due. A missed call costs one sweep at most."""
        raw = connection.connection
        left = max(0.05, self.next_sweep - time.monotonic())
        if select.select([raw.fileno()], [], [], left)[0]:
            for _ in raw.notifies(timeout=0):
                pass


def beat(name: str, kind: str, words: str = "") -> None:
    """Leave a sign of life, and forget those of processes gone for a day."""
    now = timezone.now()
    Heartbeat.objects.update_or_create(name=name, defaults={"kind": kind, "seen": now, "words": words})
    Heartbeat.objects.filter(seen__lt=now - timedelta(days=1)).delete()


def run_worker() -> int:
    return Worker().run()
