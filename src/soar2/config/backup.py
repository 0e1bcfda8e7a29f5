"""One file that holds everything: the database at one moment, the settings file, the mappings.

The file is a tar archive: ``manifest.json`` (what is in it, counted in the same snapshot as the dump),
``database.dump`` (PostgreSQL's custom format), ``soar2.toml``, ``mappings/``. No password, no secret key and no
session is in it; patient data is, and digests of passwords and tokens are.
"""

import getpass
import hashlib
import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import psycopg
from psycopg import sql

from soar2.config import dump
from soar2.config.postgres import PrivateServer, ServerFault
from soar2.config.start import find_database, home, setup
from soar2.exchange.house import LAST_BACKUP

FORMAT = 1
MANIFEST, DATABASE, SETTINGS, MAPPINGS = "manifest.json", "database.dump", "soar2.toml", "mappings"
NO_BACKUP = "{path} is no backup of SOaR2."
SESSIONS = "django_session"  # who is signed in: whoever reads a backup must not become one of them
# Settings that newer programs of PostgreSQL write at the head of every script, and since which server they exist.
NEWER_SETTINGS = {b"SET transaction_timeout = 0;": 17}


def run_backup(path: Path, out: TextIO) -> int:
    """``soar2 backup FILE``: write it, read it back, and say what is in it. 1 with a sentence when it fails."""
    try:
        with database() as url:
            manifest = write(url, path)
            _remember(path, manifest)
            _record("backup.written", manifest)
    except (ServerFault, OSError, psycopg.Error) as fault:
        print(sentence(fault), file=sys.stderr)
        return 1
    print(f"{path}: {_told(manifest)}. It holds patient data.", file=out)
    return 0


def run_restore(path: Path, out: TextIO, *, yes: bool) -> int:
    """``soar2 restore FILE``: put a backup in place of all data, or change nothing and say why."""
    try:
        with database() as url:
            manifest = read_manifest(path)
            if not yes and not _agreed(url, path, manifest):
                return 1
            put = restore(url, path, manifest)
            _forget_seal()
            _record("backup.restored", manifest)
    except (ServerFault, OSError, psycopg.Error) as fault:
        print(sentence(fault), file=sys.stderr)
        return 1
    print(f"Restored from {path}: {_told(manifest)}. Every row was counted again.", file=out)
    if not put:
        print(
            f"The mappings in {home() / MAPPINGS} were left as they are. Those of the backup: tar xf {path} {MAPPINGS}",
            file=out,
        )
    print(
        "Next: soar2 migrate, then start the processes, then ask the senders for what came after it.",
        file=out,
    )
    return 0


@contextmanager
def database() -> Iterator[str]:
    """The address of the database; a private one that stands still is started for as long as it is needed."""
    server = PrivateServer(home())
    if not os.environ.get("DATABASE_URL") and not server.running() and server.place.exists():
        server.start()
    try:
        find_database()
        setup()
        yield os.environ["DATABASE_URL"]
    finally:
        if server.started:
            server.stop()


def write(url: str, path: Path) -> dict[str, Any]:
    """Write the backup of ``url`` to ``path``; the manifest. The file appears whole or not at all.

    Counts and dump come from one snapshot, so a restore can be checked row by row while traffic went on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".soar2-backup-") as aside:
        dumped = Path(aside) / DATABASE
        with psycopg.connect(url) as link:
            link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot = _one(link, "SELECT pg_export_snapshot()")
            manifest = _manifest(link)
            dump.run(
                "pg_dump", _major(link), url,
                "--format=custom", "--no-owner", "--no-privileges", f"--exclude-table-data=public.{SESSIONS}",
                f"--snapshot={snapshot}", f"--file={dumped}",
            )  # fmt: skip
        manifest["sha256"] = _digest(dumped)
        whole = Path(aside) / "whole"
        _pack(whole, manifest, dumped)
        read_manifest(whole)
        whole.chmod(0o600)
        whole.rename(path)
        _settle(path.parent)
    return manifest


def restore(url: str, path: Path, manifest: dict[str, Any]) -> bool:
    """Replace everything in the database by the backup, in one transaction: after a fault all is as before.

    Returns whether the mappings of the backup were put in place too, or there were none.
    """
    home().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home(), prefix=".soar2-restore-") as aside:
        _unpack(path, Path(aside))
        dumped, script = Path(aside) / DATABASE, Path(aside) / "script.sql"
        with psycopg.connect(url) as link:
            _refuse_company(link)
            _refuse_newer(manifest)
            server = _major(link)
        dump.run("pg_restore", server, url, "--no-owner", "--no-privileges", f"--file={script}", str(dumped))
        whole = Path(aside) / "whole.sql"
        with whole.open("wb") as together:
            together.write(EMPTY.encode())
            with script.open("rb") as rows:
                together.writelines(head_for(server, rows))
                shutil.copyfileobj(rows, together, 1 << 20)
        dump.run(
            "psql", server, url,
            "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", f"--file={whole}",
        )  # fmt: skip
        with psycopg.connect(url) as link:
            link.execute("SET search_path TO public")
            _refuse_difference(manifest["rows"], _counts(link))
        return _put_mappings(Path(aside) / MAPPINGS)


def _unpack(path: Path, aside: Path) -> None:
    """The dump and the mappings, files and folders only: a link could lead anywhere."""
    try:
        with tarfile.open(path) as archive:
            wanted = [entry for entry in archive if entry.isdir() or entry.isfile()]
            wanted = [one for one in wanted if one.name == DATABASE or one.name.split("/")[0] == MAPPINGS]
            archive.extractall(aside, members=wanted, filter="data")
    except tarfile.TarError:
        raise ServerFault(NO_BACKUP.format(path=path)) from None


def head_for(server: int, script: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a script up to its first real statement, without settings this server does not know.

    Programs may be newer than the server, and theirs set what it has never heard of. Behind the head there are
    rows, which nobody may touch.
    """
    for line in script:
        if server >= NEWER_SETTINGS.get(line.strip(), 0):
            yield line
        if line.strip() and not line.startswith(
            (b"SET ", b"--", b"SELECT pg_catalog.set_config", b"\\restrict ")
        ):
            return


# Tables and functions one by one: the schema itself may belong to somebody else.
EMPTY = """
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP TABLE IF EXISTS public.%I CASCADE', one.tablename);
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP SEQUENCE IF EXISTS public.%I CASCADE', one.sequencename);
    END LOOP;
    FOR one IN SELECT p.oid::regprocedure AS named FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
               WHERE n.nspname = 'public'
                 AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
        EXECUTE 'DROP FUNCTION IF EXISTS ' || one.named || ' CASCADE';
    END LOOP;
END $$;
"""


def read_manifest(path: Path) -> dict[str, Any]:
    """What a backup says of itself, its dump compared with its digest. Raises ``ServerFault``."""
    try:
        with tarfile.open(path) as archive:
            manifest: dict[str, Any] = json.load(_member(archive, MANIFEST, path))
            digest = _digest_of(_member(archive, DATABASE, path))
    except (tarfile.TarError, ValueError, EOFError):
        raise ServerFault(NO_BACKUP.format(path=path)) from None
    except FileNotFoundError:
        raise ServerFault(f"There is no file {path}.") from None
    if manifest.get("format") != FORMAT:
        raise ServerFault(
            f"{path} was written in format {manifest.get('format')}; this version reads {FORMAT}."
        )
    if manifest.get("sha256") != digest:
        raise ServerFault(f"{path} is damaged: its dump is not the one that was written.")
    return manifest


def _member(archive: tarfile.TarFile, name: str, path: Path) -> Any:
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise ServerFault(NO_BACKUP.format(path=path))
    return found


def _manifest(link: psycopg.Connection[Any]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "database": _one(link, "SELECT current_setting('server_version')"),
        "migrations": [
            f"{app}.{name}"
            for app, name in link.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        ],
        "rows": _counts(link),
    }


def _counts(link: psycopg.Connection[Any]) -> dict[str, int]:
    """How many rows each table has, in the snapshot of the transaction."""
    tables = [
        row[0]
        for row in link.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    ]
    count = sql.SQL("SELECT count(*) FROM {}")
    return {
        table: _one(link, count.format(sql.Identifier("public", table)))
        for table in tables
        if table != SESSIONS
    }  # fmt: skip


def _pack(whole: Path, manifest: dict[str, Any], dumped: Path) -> None:
    with tarfile.open(whole, "w", dereference=True) as archive:  # a link would be all that is kept of a file
        _add_bytes(archive, MANIFEST, json.dumps(manifest, indent=1).encode())
        archive.add(dumped, DATABASE, filter=_private)
        from django.conf import settings

        if settings.CONFIG_FILE.exists():
            archive.add(settings.CONFIG_FILE, SETTINGS, filter=_private)
        for found in _mapping_files():
            archive.add(found, Path(MAPPINGS) / found.relative_to(home() / MAPPINGS), False, filter=_private)
    with whole.open("rb") as written:
        os.fsync(written.fileno())


def _mapping_files() -> Iterator[Path]:
    """The folders and files of all mappings; a shared folder may stand there as a link. What is just being
    written has a name that begins with a dot."""
    for place, folders, files in os.walk(home() / MAPPINGS, followlinks=True):
        folders[:] = sorted(name for name in folders if name[0] != ".") if _depth(place) < 2 else []
        yield Path(place)
        yield from (Path(place, name) for name in sorted(files) if name[0] != ".")


def _depth(place: str) -> int:
    """How far below the mappings a folder is: ``feed/samples`` is as deep as they go, and a link as a loop ends."""
    return len(Path(place).relative_to(home() / MAPPINGS).parts)


def _add_bytes(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = len(content), 0o600, int(datetime.now(UTC).timestamp())
    archive.addfile(entry, io.BytesIO(content))


def _private(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o700 if entry.isdir() else 0o600
    return entry


def _put_mappings(kept: Path) -> bool:
    """Mappings come back only where there are none: a newer one here must not be lost in silence.

    They belong to whoever the state folder belongs to: one that root put back must not be closed to the worker.
    """
    place = home() / MAPPINGS
    if not kept.is_dir():
        return True
    if place.exists():
        return False
    owner = home().stat()
    for found in (kept, *kept.rglob("*")):
        found.chmod(0o750 if found.is_dir() else 0o640)
        if os.geteuid() == 0:
            os.chown(found, owner.st_uid, owner.st_gid)
    kept.rename(place)
    return True


def _refuse_company(link: psycopg.Connection[Any]) -> None:
    others = _one(
        link,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND backend_type = 'client backend'",
    )
    if others:
        raise ServerFault(
            f"{others} other connection{'s use' if others > 1 else ' uses'} this database. Stop soar2 web, "
            "listen, work and watch on every host, then restore."
        )


def _refuse_newer(manifest: dict[str, Any]) -> None:
    unknown = sorted(set(manifest["migrations"]) - known_migrations())
    if unknown:
        raise ServerFault(
            f"The backup was made by a newer version ({unknown[-1]} is not known here). Install that version first."
        )


def known_migrations() -> set[str]:
    """The migrations this version has, as app.name."""
    from django.db.migrations.loader import MigrationLoader

    return {f"{app}.{name}" for app, name in MigrationLoader(None).disk_migrations}


def _refuse_difference(told: dict[str, int], found: dict[str, int]) -> None:
    wrong = [table for table in told if table != SESSIONS and told[table] != found.get(table)]
    if wrong:
        raise ServerFault(
            f"After the restore {wrong[0]} has {found.get(wrong[0], 0)} rows and not {told[wrong[0]]}. "
            "Do not start the system on it."
        )


def _agreed(url: str, path: Path, manifest: dict[str, Any]) -> bool:
    with psycopg.connect(url) as link:
        present = _counts(link).get("exchange_inboundmessage", 0)
    if not sys.stdin.isatty():
        raise ServerFault("Restoring replaces all present data; say --yes to agree.")
    print(f"{path} holds {_told(manifest)}.")
    print(f"It replaces all present data ({present} messages and what came of them).")
    return input("Write the word restore to go on: ").strip() == "restore"


def _remember(path: Path, manifest: dict[str, Any]) -> None:
    """For the feed page and the watcher, which say how old the last backup is."""
    told = {"at": manifest["at"], "file": str(path.absolute()), "bytes": path.stat().st_size}
    home().mkdir(parents=True, exist_ok=True)
    unfinished = home() / f"{LAST_BACKUP}.{os.getpid()}"
    unfinished.write_text(json.dumps(told))
    unfinished.rename(home() / LAST_BACKUP)


def _record(kind: str, manifest: dict[str, Any]) -> None:
    """Whoever copies everything has read every patient: that is a fact too, where the tables are of this version."""
    if set(manifest["migrations"]) != known_migrations():
        return
    from django.utils import timezone

    from soar2.record import ledger

    ledger.record(
        kind,
        at=timezone.now(),
        actor=f"{getpass.getuser()} by soar2 backup",
        rows=sum(manifest["rows"].values()),
    )


def _forget_seal() -> None:
    """The last seal noted in the state folder is of the data that was replaced; the watcher notes a new one."""
    from soar2.record import seals

    seals.forget_head(home())


def _told(manifest: dict[str, Any]) -> str:
    rows = manifest["rows"]
    return (
        f"{rows.get('exchange_inboundmessage', 0)} messages, {rows.get('reports_report', 0)} reports, "
        f"{rows.get('notices_notice', 0)} notices, as of {manifest['at']}"
    )


def sentence(fault: Exception) -> str:
    """What to tell whoever asked; never a row's content."""
    if isinstance(fault, psycopg.Error):
        return f"The database refused: {str(fault).strip().splitlines()[0] if str(fault).strip() else type(fault).__name__}"
    if isinstance(fault, OSError):
        return f"{fault.filename or 'The file'}: {fault.strerror}."
    return str(fault)


def _settle(directory: Path) -> None:
    """The new name itself must survive a power cut."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return _digest_of(content)


def _digest_of(content: Any) -> str:
    return hashlib.file_digest(content, "sha256").hexdigest()


def _major(link: psycopg.Connection[Any]) -> int:
    return link.info.server_version // 10000


def _one(link: psycopg.Connection[Any], question: Any) -> Any:
    row = link.execute(question).fetchone()
    return row[0] if row else None
