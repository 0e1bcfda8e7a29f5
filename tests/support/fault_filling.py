"""The disk of a running system is full, until the database has refused something for want of room and senders have
missed their answers; then there is room again, and the database comes back."""

import contextlib
import time
from collections.abc import Callable

import psycopg
from fault_senders import Gate
from fault_system import FaultySystem

NEEDS_BLOCKS = "CREATE TEMP TABLE filler AS SELECT repeat('x', 1000) FROM generate_series(1, 4000)"
NO_ROOM = ("too large", "No space left")
RECOVERS = ("recovery", "not yet accepting", "starting up")
REFUSED, GAVE_UP = "writes were refused", "the server gave up"
MISSED = 3  # answers
OPERATOR = 30.0  # seconds after which somebody starts a database anew that does not come back


class Filling:
    """One time that the disk is full. ``until`` waits for an answer and keeps messages coming meanwhile."""

    def __init__(self, system: FaultySystem, gate: Gate, until: Callable[[Callable[[], bool], str], None]):
        self.system, self.gate, self.until = system, gate, until
        self.by_hand = 0

    def fill(self, what: str, *, wal: bool) -> str:
        """What was done and what the server did. ``wal``: the write-ahead log needs a new file at once."""
        whole = what == "full disk" and self.system.mounted
        disk = self.system.disk if whole else self.system.files
        self.until(self._answers, "the database is there")
        before, postmaster = self.gate.resends, self.system.server._postmaster()
        seen = {""}

        def no_room() -> bool:
            seen.add(self._refusal(postmaster))
            return seen != {""}

        disk.fill()
        try:
            if wal:
                with contextlib.suppress(psycopg.Error):
                    for _ in range(8):
                        self.system.query("SELECT pg_switch_wal(), pg_logical_emit_message(true, '', '')")
            self.until(no_room, "the server has no room")
            self.until(
                lambda: self.gate.resends > before + MISSED or (no_room() and GAVE_UP in seen),
                "senders miss their answers",
            )
        finally:
            disk.free()
        self._comes_back()
        return f"{what}: {disk.words}, {GAVE_UP if GAVE_UP in seen else REFUSED}"

    def _answers(self) -> bool:
        return self.system.one("SELECT 1") == 1

    def _refusal(self, postmaster: int | None) -> str:
        """What the server does instead of a write that needs new blocks; empty where it still has them."""
        try:
            with psycopg.connect(self.system.server.url(), autocommit=True) as connection:
                connection.execute(NEEDS_BLOCKS)
        except psycopg.Error as fault:
            if isinstance(fault, psycopg.errors.DiskFull) or any(words in str(fault) for words in NO_ROOM):
                return REFUSED
            crashed = any(words in str(fault) for words in RECOVERS)
            return GAVE_UP if crashed or self.system.server._postmaster() != postmaster else ""
        return ""

    def _comes_back(self) -> None:
        """Room alone does not always help: a server that had none at the end of its recovery may wait for ever.
        Then it is killed and started again, as an operator would do it."""
        since = time.monotonic()

        def answers() -> bool:
            nonlocal since
            if time.monotonic() - since > OPERATOR and self.system.kill_database():
                self.by_hand, since = self.by_hand + 1, time.monotonic()
            return self._answers()

        self.until(answers, "the database answers again")
