"""What the door asks the database: who holds a token, what was stored. One connection, made when needed.

Django's own connections are tied to its request cycle, which the door does not pass through.
"""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, LiteralString

import psycopg

PATIENCE = 5.0  # seconds a request waits for a database that is away
PAUSE = 0.1
STATEMENT_MS = 5000


class DatabaseAway(Exception):
    """The database did not answer within the patience of a request."""


class Lookups:
    """Short questions, one at a time; any thread may ask."""

    def __init__(self, arguments: dict[str, Any], patience: float = PATIENCE):
        self._arguments = arguments
        self._patience = patience
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._turn = threading.Lock()

    def rows(self, query: LiteralString, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The rows of one query, each in a transaction of its own. Raises ``DatabaseAway``."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self._ask(query, values, deadline)
            except psycopg.OperationalError as fault:
                if time.monotonic() + PAUSE > deadline:
                    raise DatabaseAway from fault
            time.sleep(PAUSE)

    def close(self) -> None:
        """Give the connection back; the next question makes another."""
        with self._turn:
            self._drop()

    def _ask(self, query: LiteralString, values: Sequence[Any], deadline: float) -> list[tuple[Any, ...]]:
        if not self._turn.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise psycopg.OperationalError("another question is still waiting for its answer")
        try:
            cursor = self._connected().execute(query, values)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error:
            self._drop()
            raise
        finally:
            self._turn.release()

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(**self._arguments, autocommit=True)
            self._connection.execute(f"SET statement_timeout = {STATEMENT_MS}")
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.close()
