"""The house the system lives in: disk, backup, certificate, database. Facts of this machine, each cheap to ask."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from soar2.exchange.tls import certificate_expiry

LAST_BACKUP = "last-backup.json"  # written by soar2 backup into the state folder


@dataclass(frozen=True)
class Disk:
    """Bytes of the disk under the state folder."""

    free: int
    total: int

    @property
    def share(self) -> float:
        """How much of it is free, 0 to 1."""
        return self.free / self.total if self.total else 0.0


def disk() -> Disk | None:
    """None when the state folder cannot be looked at."""
    home = Path(settings.HOME)
    try:
        found = shutil.disk_usage(home if home.exists() else home.parent)
    except OSError:
        return None
    return Disk(found.free, found.total)


@dataclass(frozen=True)
class Backup:
    """The last whole file that ``soar2 backup`` wrote, as its note tells; ``told`` holds the rest of the note."""

    at: datetime
    told: Mapping[str, Any]


def last_backup() -> Backup | None:
    """None when there never was one, or its note cannot be read."""
    try:
        told = json.loads((Path(settings.HOME) / LAST_BACKUP).read_text(encoding="utf-8"))
        made = datetime.fromisoformat(told["at"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return Backup(made if made.tzinfo else made.replace(tzinfo=UTC), told)


def certificates() -> dict[str, datetime | None]:
    """When each certificate of ours ends, by the setting that names it; None for one that cannot be read."""
    path = settings.PROGRAMME.mllp.certificate
    if not path:
        return {}
    try:
        return {"mllp": certificate_expiry(path)}
    except (OSError, ValueError):
        return {"mllp": None}


def database_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])
