"""From an older database to this version: forward only, one host at a time, a dump first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

import psycopg

from soar2.config import backup
from soar2.config.postgres import ServerFault
from soar2.config.start import home

KEPT = 5  # dumps made before migrations; older ones are removed
LOCK = 7_302_015  # of whoever migrates; the others wait and then find nothing left to do
FOLDER = "before-upgrades"


class NotUpgraded(Exception):
    """Why nothing was migrated, as a sentence."""


def upgrade(out: TextIO) -> None:
    """Bring the database to this version. Raises ``NotUpgraded``; then nothing was changed.

    An empty database needs no dump. A migration this version does not know means that a newer version has
    been here, and going back is only possible by its dump.
    """
    from django.core.management import call_command

    with _alone():
        done, known = _done(), backup.known_migrations()
        if newer := sorted(done - known):
            raise NotUpgraded(
                f"The database is of a newer version ({newer[-1]} is not known here). Install that version, or "
                "restore the dump made before it was upgraded."
            )
        if done and known - done:
            _dump_first(out)
        call_command("migrate", verbosity=0, interactive=False)


def _done() -> set[str]:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    return {f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations()}


def _dump_first(out: TextIO) -> None:
    place = home() / FOLDER
    path = place / f"{datetime.now(UTC):%Y-%m-%dT%H%M%S}.backup"
    try:
        backup.write(os.environ["DATABASE_URL"], path)
    except (ServerFault, OSError, psycopg.Error) as fault:
        raise NotUpgraded(
            f"Nothing was migrated, because no dump could be written first. {backup.sentence(fault)}"
        ) from None
    _prune(place)
    print(f"{path} holds the database as it was. It holds patient data.", file=out)


def _prune(place: Path) -> None:
    for old in sorted(place.glob("*.backup"))[:-KEPT]:
        old.unlink()


@contextmanager
def _alone() -> Iterator[None]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
