"""A chain of digests over the rows that nobody may change: a row changed behind the product's back is found.

Triggers refuse to change ledger, access and delivery rows, but whoever owns the database can switch a trigger
off. So every few seconds the watcher seals what is new: the digest of a seal covers the digest before it and
every column of every row in its range. The reasons are in docs/adr/0007-audit-rows-are-sealed.md.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from soar2.record.models import AuditSeal, ChartAccess, DeliveryAttempt, LedgerEntry

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "record_ledgerentry": (
        "id", "at", "recorded_at", "kind", "patient_id", "subject", "person_id", "actor", "data",
    ),
    "record_chartaccess": (
        "id", "at", "recorded_at", "patient_id", "person_id", "username", "page", "kind", "detail",
    ),
    "record_deliveryattempt": ("id", "message_id", "at", "recorded_at", "person_id", "outcome", "detail"),
}  # fmt: skip
"""The sealed tables and what of them is hashed. A column added later changes no digest of rows sealed before."""
ROWS: Mapping[str, Any] = {
    "record_ledgerentry": LedgerEntry,
    "record_chartaccess": ChartAccess,
    "record_deliveryattempt": DeliveryAttempt,
}
BATCH = 5_000  # rows a seal covers at most; as many are held in memory
SEALS_A_ROUND = 40
PATIENCE = 1.0  # seconds to wait for transactions that were writing when a round began
ONE_SEALER = 0x50A2_5EA1  # the advisory lock of whoever adds to the chain
UNSEALED_AFTER = timedelta(minutes=10)
BACKDATED = timedelta(minutes=10)  # longer than any transaction of ours lasts
KEPT = "last-seal"
END = "end"
BROKEN, WHOLE = "audit.broken", "audit.whole"  # facts of the watcher, one a place
NEAR_THE_END = 200  # seals among which a digest kept lately is found without going through all


# ------------------------------------------------------------------------------------------------- sealing


def seal(now: datetime, *, patience: float = PATIENCE) -> int:
    """Seal the rows that are new and final; returns how many. ``now`` is machine time.

    A table in which a transaction goes on writing for longer than ``patience`` seconds waits for a later round.
    """
    return sum(_seal_table(table, now, patience) for table in COLUMNS)


def _seal_table(table: str, now: datetime, patience: float) -> int:
    cut = _final_up_to(table, patience)
    sealed = 0
    for _ in range(SEALS_A_ROUND):
        count = _add_seal(table, cut, now)
        sealed += count
        if count < BATCH:
            break
    return sealed


def _final_up_to(table: str, patience: float) -> int:
    """The highest id below which no row can appear any more; 0 while that cannot be said.

    Ids are given before they are committed, so a row with a lower id may come after one with a higher id. But
    an INSERT holds its lock on the table from before it takes its id until its transaction ends. So: read the
    highest id, then see who holds that lock, and wait until each of those has ended. Nobody is made to wait
    for us, and whoever comes later takes higher ids.
    """
    cut = _highest(table)
    writing = _writers(table) if cut else set()
    end = time.monotonic() + patience
    while writing:
        if time.monotonic() >= end:
            return 0
        time.sleep(0.02)
        writing &= _writers(table)
    return cut


def _highest(table: str) -> int:
    return ROWS[table].objects.order_by("-id").values_list("id", flat=True).first() or 0


def _writers(table: str) -> set[str]:
    """Transactions of others that have written, or are about to write, to the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted"
            " AND relation = %s::regclass AND mode = 'RowExclusiveLock'"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            " AND pid IS DISTINCT FROM pg_backend_pid()",
            [table],
        )
        return {row[0] for row in cursor.fetchall()}


@transaction.atomic
def _add_seal(table: str, cut: int, now: datetime) -> int:
    """Add one link for the next rows of a table; of two watchers one does it and the other finds it done."""
    with connection.cursor() as cursor:
        # its digest is noted outside: a crash that lost the seal afterwards would look like an end cut off
        cursor.execute("SET LOCAL synchronous_commit TO on")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_SEALER])
        if not cursor.fetchone()[0]:
            return 0
    before = AuditSeal.objects.filter(table=table).order_by("-id").first()
    first = before.last + 1 if before else 1
    rows = _rows(table, first, cut, BATCH)
    if not rows:
        return 0
    link = AuditSeal(
        table=table, first=first, last=rows[-1][0], count=len(rows), previous=head(), sealed_at=now
    )
    link.digest = digest(link, rows)
    link.save()
    return len(rows)


def _rows(table: str, first: int, last: int, limit: int) -> list[tuple[Any, ...]]:
    """The rows of a range in their order; of the first range also those below it, where no row belongs."""
    low = "" if first == 1 else "id >= %(first)s AND "
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(COLUMNS[table])} FROM {table}"  # noqa: S608 - both are our own words
            f" WHERE {low}id <= %(last)s ORDER BY id LIMIT %(limit)s",
            {"first": first, "last": last, "limit": limit},
        )
        return cursor.fetchall()


def digest(link: AuditSeal, rows: Iterable[tuple[Any, ...]]) -> str:
    """SHA-256 over the digest before, the link's own facts and its rows, in hexadecimal."""
    found = hashlib.sha256()
    for part in (link.previous, link.table, link.first, link.last, link.count, _plain(link.sealed_at)):
        found.update(f"{part}\n".encode())
    for row in rows:
        found.update(canonical(dict(zip(COLUMNS[link.table], row, strict=True))))
    return found.hexdigest()


def canonical(row: Mapping[str, Any]) -> bytes:
    """One row as bytes that do not depend on where it is stored: JSON with sorted keys, times in UTC.

    A dump that was restored elsewhere, by another version of the database, gives the same bytes.
    """
    plain = {name: _plain(value) for name, value in row.items()}
    if isinstance(plain.get("data"), str):
        plain["data"] = json.loads(plain["data"])
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value


def unsealed(now: datetime) -> int:
    """Rows that have waited for their seal for longer than they should."""
    before = now - UNSEALED_AFTER
    last = {table: _last_sealed(table) for table in COLUMNS}
    return sum(
        ROWS[table].objects.filter(id__gt=last[table], recorded_at__lt=before)[: BATCH + 1].count()
        for table in COLUMNS
    )


def _last_sealed(table: str) -> int:
    newest = AuditSeal.objects.filter(table=table).order_by("-id").values_list("last", flat=True)
    return newest.first() or 0


# ----------------------------------------------------------------------------------------------- verifying


@dataclass(frozen=True)
class Break:
    """One thing that is wrong with the chain. ``place``: the id of the seal it was found at, or ``END``."""

    place: str
    words: str


@dataclass(frozen=True)
class Walk:
    """How far a walk along the chain has come: the last seal seen, its digest, and each table's last row."""

    after: int = 0
    previous: str = ""
    last: Mapping[str, int] = field(default_factory=dict)


def verify(*, kept: str = "") -> list[Break]:
    """Recompute the whole chain; each break, the first break first. Empty when all is well.

    ``kept`` is a digest that was noted outside the database: only with one can it be seen that the end of the
    chain was cut off together with its rows.
    """
    broken: list[Break] = []
    walk: Walk | None = Walk()
    while walk is not None:
        found, walk = verify_next(walk)
        broken += found
    return broken + cut_off(kept)


def verify_next(walk: Walk, rows: int = BATCH) -> tuple[list[Break], Walk | None]:
    """Walk on over seals of about so many rows; the breaks found, and where to go on: None at the end."""
    broken: list[Break] = []
    seen, seals = 0, list(AuditSeal.objects.filter(id__gt=walk.after).order_by("id")[:200])
    for link in seals:
        broken += _breaks(link, walk)
        walk = Walk(link.id, link.digest, {**walk.last, link.table: link.last})
        seen += link.count
        if seen >= rows:
            return broken, walk
    return broken, walk if len(seals) == 200 else None


def verify_newest(count: int = 3) -> list[Break]:
    """Recompute the last few seals, as the watcher does each round."""
    links = list(AuditSeal.objects.order_by("-id")[: count + 1])[::-1]
    if len(links) <= count:
        return verify_next(Walk())[0]
    walk, broken = Walk(links[0].id, links[0].digest), list[Break]()
    for link in links[1:]:
        walk = replace(walk, last={link.table: link.first - 1})
        broken += _breaks(link, walk)
        walk = Walk(link.id, link.digest)
    return broken


def _breaks(link: AuditSeal, walk: Walk) -> Iterator[Break]:
    """What is wrong with one link, each in a sentence that names the table and its rows."""
    said = f"{link.table}, rows {link.first} to {link.last}, sealed {link.sealed_at:%Y-%m-%d %H:%M:%S} UTC"
    for words in _faults(link, walk):
        yield Break(str(link.id), f"{said}: {words}")


def _faults(link: AuditSeal, walk: Walk) -> Iterator[str]:
    if link.previous != walk.previous:
        yield f"seal {link.id} does not follow the one before it; a seal was removed, added or changed."
    if link.table not in COLUMNS:
        yield "there is no such table."
        return
    expected = walk.last.get(link.table, 0) + 1
    if link.first != expected:
        yield f"rows {expected} to {link.first - 1} are in no seal."
    rows = _rows(link.table, link.first, link.last, link.count + 1)
    if len(rows) > link.count:
        yield f"a row was added among the {link.count} that were sealed."
    elif len(rows) < link.count:
        yield f"{link.count - len(rows)} of the {link.count} sealed rows missing."
    elif digest(link, rows) != link.digest:
        yield "a row, or the seal itself, was changed."
    elif late := _backdated(link, rows):
        yield f"row {late} says it was written before rows that were there already."


def _backdated(link: AuditSeal, rows: list[tuple[Any, ...]]) -> int:
    """The first row that claims to be older than its place; 0 when none does.

    Whoever adds a row of yesterday at the end of the table breaks no digest. But the database's own clock wrote
    a later time into rows that stand before it.
    """
    before = _recorded_before(link)
    when = COLUMNS[link.table].index("recorded_at")
    return next((row[0] for row in rows if before and row[when] < before - BACKDATED), 0)


def _recorded_before(link: AuditSeal) -> datetime | None:
    """The latest time in the rows just before a link's first."""
    earlier = ROWS[link.table].objects.filter(id__lt=link.first).order_by("-id")
    return max(earlier.values_list("recorded_at", flat=True)[:20], default=None)


def known_breaks() -> list[str]:
    """What the watcher has found broken and not found whole since, in its words."""
    facts = LedgerEntry.objects.filter(kind__in=(BROKEN, WHOLE)).order_by("id")
    last = {fact.subject: fact for fact in facts}
    return [str(fact.data.get("words", "")) for fact in last.values() if fact.kind == BROKEN]


# ------------------------------------------------------------------------------------- outside the database


def head() -> str:
    """The newest digest; empty before anything was sealed. Whoever notes it elsewhere can prove the chain later."""
    return AuditSeal.objects.order_by("-id").values_list("digest", flat=True).first() or ""


def cut_off(kept: str) -> list[Break]:
    """The break that a digest noted outside is not in the chain any more; nothing when it is, or there is none."""
    newest = AuditSeal.objects.order_by("-id").values_list("digest", flat=True)
    if not kept or kept in newest[:NEAR_THE_END] or AuditSeal.objects.filter(digest=kept).exists():
        return []
    words = (
        f"The seal {kept[:16]} that was noted outside the database is not in the chain: its end was cut off or "
        "written anew, or an older copy was put in its place."
    )
    return [Break(END, words)]


def keep_head(place: Path) -> None:
    """Write the newest digest into ``place``/last-seal, whole or not at all. Raises OSError."""
    newest = head()
    if newest and newest != kept_head(place):
        fresh = place / f"{KEPT}.{os.getpid()}"
        fresh.write_text(f"{newest} {timezone.now():%Y-%m-%dT%H:%M:%SZ}\n")
        fresh.replace(place / KEPT)


def forget_head(place: Path) -> None:
    """The database was replaced on purpose, so what was noted of the old one says nothing any more."""
    (place / KEPT).unlink(missing_ok=True)


def kept_head(place: Path) -> str:
    """The digest in ``place``/last-seal; empty when there is none."""
    try:
        return (place / KEPT).read_text().split(" ")[0].strip()
    except OSError:
        return ""
