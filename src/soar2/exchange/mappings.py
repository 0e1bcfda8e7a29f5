"""The mappings in force: the folder ``SOAR2_HOME/mappings`` beside the feeds of ``soar2.toml``.

Every process that reads messages asks here for each of them, and sees a changed file at its next message.
A mapping with a fault stops nothing: what was last in order stays in force and the fault is said aloud.
Hosts that share the work share this folder or get a copy of it.
"""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings

from soar2.errors import Refused
from soar2.exchange.feeds import Feed, feeds_from
from soar2.exchange.mapping_file import Mapping, faults_of, joined, read_mapping, written
from soar2.record.programme import Programme

FILE, LAST_GOOD, HISTORY = "mapping.toml", "last-good.toml", "history"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}\Z")
Signature = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Standing:
    """What is in force now: the feeds as they are read, their mappings by feed name, and what is at fault."""

    feeds: tuple[Feed, ...]
    tables: tuple[dict[str, Any], ...]
    mappings: dict[str, Mapping]
    faults: tuple[str, ...]
    folders: dict[str, Path]


def active_feeds(programme: Programme) -> tuple[Feed, ...]:
    """The feeds of ``soar2.toml`` with the mappings in force; costs a look at the folder, not at its files.

    Raises Refused when ``soar2.toml`` itself has feeds at fault; a mapping's faults never raise.
    """
    return standing(programme).feeds


def mapping_faults() -> list[str]:
    """A sentence for each mapping that is not in force as it is written; an empty list when all is well."""
    return list(standing(settings.PROGRAMME).faults)


def version_of(feed: str) -> str:
    """Name and version of the mapping that a feed is read with now; empty where ``soar2.toml`` alone counts."""
    mapping = standing(settings.PROGRAMME).mappings.get(feed)
    return mapping.label if mapping else ""


def labels() -> dict[str, str]:
    """Name and version of the mapping in force, by feed."""
    return {name: mapping.label for name, mapping in standing(settings.PROGRAMME).mappings.items()}


def standing(programme: Programme) -> Standing:
    """As ``active_feeds``, with the mappings themselves and their faults."""
    home = mappings_home()
    kept = _kept.get(home)  # taken out once: another thread may put a newer one there meanwhile
    before = kept.standing if kept and kept.programme is programme else None
    try:
        seen = _signature(home)
    except OSError as fault:
        return _unseen(programme, home, before, fault)
    if kept and before and kept.seen == seen:
        return before
    found = _load(programme, [Path(folder) for folder, *_ in seen], before)
    _kept[home] = _Kept(programme, seen, found)
    return found


@dataclass(frozen=True)
class _Kept:
    """What this process read last, of which settings and of which files."""

    programme: Programme
    seen: Signature
    standing: Standing


_kept: dict[Path, _Kept] = {}


def _unseen(programme: Programme, home: Path, before: Standing | None, fault: OSError) -> Standing:
    """A folder that is there and cannot be looked at, as one whose share is away, is not a folder without
    mappings: what a mapping counts as a spine procedure would be left outside in silence."""
    stays = "what was read there before stays in force" if before else "soar2.toml alone counts"
    said = f"The mappings in {home} cannot be looked at ({fault.strerror}). Until they can be {stays}."
    found = before or _load(programme, [], None)
    return replace(found, faults=(said, *found.faults))


def mappings_home() -> Path:
    """The folder with one folder for each mapped feed."""
    return Path(settings.HOME) / "mappings"


def folder_of(feed: str) -> Path:
    """The folder of a feed's mapping: its name where that can be one, else a name made of it."""
    if _PLAIN.match(feed) and not feed.endswith((".", " ")):
        return mappings_home() / feed
    plain = re.sub(r"[^A-Za-z0-9]+", "-", feed).strip("-")[:40] or "feed"
    return mappings_home() / f"{plain}-{hashlib.sha256(feed.encode()).hexdigest()[:8]}"


def folder_in_use(feed: str) -> Path:
    """Where a feed's mapping stands now, whatever somebody called the folder; else where it would stand."""
    return standing(settings.PROGRAMME).folders.get(feed) or folder_of(feed)


def _signature(home: Path) -> Signature:
    """Which files there are and whether they changed: name, time, size and number of each."""
    found = []
    for folder in _folders(home):
        try:
            info = os.stat(os.path.join(folder, FILE))
            found.append((folder, info.st_mtime_ns, info.st_size, info.st_ino))
        except OSError:
            found.append((folder, 0, 0, 0))
    return tuple(found)


def _folders(home: Path) -> list[str]:
    """Raises OSError when there is something and it cannot be looked at."""
    try:
        with os.scandir(home) as entries:
            return sorted(entry.path for entry in entries if entry.is_dir() and entry.name[0] != ".")
    except FileNotFoundError:
        return []  # no mapping was ever made


def _load(programme: Programme, folders: Sequence[Path], before: Standing | None) -> Standing:
    """Read these folders; ``before`` is what this process read last."""
    zone = str(programme.zone)
    tables: list[dict[str, Any]] = list(programme.feed_tables)
    feeds_from(tables, zone)  # the settings' own faults are theirs, not a mapping's
    mappings: dict[str, Mapping] = {}
    places: dict[str, Path] = {}
    faults: list[str] = []
    known = {folder: before.mappings[name] for name, folder in before.folders.items()} if before else {}
    for folder in folders:
        mapping, said = _in_order(folder, tables, mappings, known.get(folder))
        faults += said
        if mapping is not None:
            tables, mappings[mapping.name] = joined(tables, mapping), mapping
            places[mapping.name] = folder
    return Standing(feeds_from(tables, zone), tuple(tables), mappings, tuple(faults), places)


def _in_order(
    folder: Path, tables: list[dict[str, Any]], others: dict[str, Mapping], known: Mapping | None
) -> tuple[Mapping | None, list[str]]:
    """The mapping of a folder, else the last one there that was in order, and what is wrong with it."""
    try:
        text = (folder / FILE).read_text(encoding="utf-8")
        mapping = _sound(read_mapping(text), tables, others)
    except (OSError, UnicodeDecodeError) as fault:
        faults = [f"it cannot be read ({type(fault).__name__})."]
    except Refused as fault:
        faults = fault.reason.split("\n")
    else:
        _remember(folder, text)
        return mapping, []
    last = _last_good(folder, tables, others, known)
    stays = f"version {last.version} stays in force" if last else "soar2.toml alone counts"
    return last, [f"Mapping {folder.name}/{FILE}: {fault} Until it is mended {stays}." for fault in faults]


def _sound(mapping: Mapping, tables: list[dict[str, Any]], others: dict[str, Mapping]) -> Mapping:
    if mapping.name in others:
        raise Refused(f"another folder maps the feed {mapping.name!r} already.")
    if faults := faults_of(tables, mapping):
        raise Refused("\n".join(faults))
    return mapping


def _last_good(
    folder: Path, tables: list[dict[str, Any]], others: dict[str, Mapping], known: Mapping | None
) -> Mapping | None:
    """From its file, else, where the disk is away, from what this process remembers."""
    try:
        return _sound(read_mapping((folder / LAST_GOOD).read_text(encoding="utf-8")), tables, others)
    except FileNotFoundError:
        return None
    except OSError:
        pass
    except (UnicodeDecodeError, Refused):
        return None
    try:
        return _sound(known, tables, others) if known else None
    except Refused:
        return None


def _remember(folder: Path, text: str) -> None:
    """Keep what was read in good order, so that every process falls back to the same file."""
    try:
        if not (folder / LAST_GOOD).exists() or (folder / LAST_GOOD).read_text(encoding="utf-8") != text:
            write_whole(folder / LAST_GOOD, text.encode())
    except OSError:
        pass  # a process that may only read does its work all the same


def save(mapping: Mapping) -> Path:
    """Put a mapping in force; the one before it goes into ``history/``. Returns its folder.

    Raises Refused, with nothing changed, when it has faults or when a newer version is there by now.
    """
    home = mappings_home()
    home.mkdir(parents=True, exist_ok=True, mode=0o750)
    with (home / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two people who save at once take turns; the second is told
        return _save(mapping)


def _save(mapping: Mapping) -> Path:
    programme, folder = settings.PROGRAMME, folder_in_use(mapping.name)
    now = standing(programme)
    before = now.mappings.get(mapping.name)
    if before is not None and before.version >= mapping.version:
        raise Refused(
            f"{before.made_by or 'Somebody'} saved version {before.version} meanwhile. Look at it first."
        )
    text = written(mapping)
    others = [m for name, m in now.mappings.items() if name != mapping.name]
    tables: list[dict[str, Any]] = list(programme.feed_tables)
    for other in others:
        tables = joined(tables, other)
    if faults := faults_of(tables, mapping):
        raise Refused("\n".join(faults))
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    _shelve(folder)
    write_whole(folder / FILE, text.encode())
    _remember(folder, text)
    _kept.clear()
    return folder


def _shelve(folder: Path) -> None:
    """Copy the present file to ``history/mapping.v3.toml`` before another takes its place."""
    try:
        text = (folder / FILE).read_bytes()
    except FileNotFoundError:
        return
    try:
        name = f"mapping.v{read_mapping(text.decode()).version}.toml"
    except (Refused, UnicodeDecodeError):
        name = f"mapping.broken-{hashlib.sha256(text).hexdigest()[:8]}.toml"
    (folder / HISTORY).mkdir(exist_ok=True, mode=0o750)
    write_whole(folder / HISTORY / name, text)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it appears whole or not at all, for its owner and group only."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o640)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def mapped_folders(directory: Path | None = None) -> Iterator[Path]:
    """The folders with a mapping file: below ``directory``, or ``directory`` itself when it is one.

    Raises OSError when it cannot be looked at.
    """
    top = directory or mappings_home()
    if (top / FILE).exists():
        yield top
        return
    yield from (Path(folder) for folder in _folders(top) if (Path(folder) / FILE).exists())


def run_test(directory: Path | None, out: TextIO) -> int:
    """``soar2 mapping test [DIR]``: 0 when every sample of every mapping reads as expected."""
    from soar2.exchange.mapping_samples import test_folders

    place = directory or mappings_home()
    try:
        return test_folders(list(mapped_folders(directory)), place, out)
    except OSError as fault:
        print(f"The mappings in {place} cannot be looked at ({fault.strerror}).", file=out)
        return 1
