"""Samples of a mapping and what is expected of them: written with the mapping, read again by its test."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from django.conf import settings

from soar2.criteria.packs import Pack, load_pack
from soar2.errors import Refused, Unreadable
from soar2.exchange.deidentify import Names, deidentified
from soar2.exchange.feeds import Feed, feeds_from
from soar2.exchange.mapping_file import Mapping, faults_of, joined, read_mapping
from soar2.exchange.mappings import FILE, write_whole
from soar2.exchange.sample_reading import SampleReading, expected, read_sample

SAMPLES, EXPECTED = "samples", "expected"
MOST = 60  # samples one mapping keeps
_ENDING = {"samples": "hl7", "expected": "json"}


@dataclass(frozen=True)
class Kept:
    """What saving samples came to: how many, which places were replaced in how many of them, what to look at."""

    count: int
    replaced: tuple[tuple[str, int], ...]
    changed: tuple[str, ...]


def sample_files(folder: Path) -> list[Path]:
    """The sample messages of a mapping, in their order."""
    return sorted((folder / SAMPLES).glob("*.hl7"))


def add_samples(folder: Path, readings: Sequence[SampleReading], feed: Feed, feeds: Sequence[Feed]) -> Kept:
    """Keep samples that name nobody, and what the mapping makes of each, beside those that are there.

    ``changed`` says of each sample that reads otherwise without its names: its text must be looked over.
    """
    names, pack = Names(), load_pack(*settings.PROGRAMME.pack)
    number = max((int(path.stem) for path in sample_files(folder) if path.stem.isdigit()), default=0)
    replaced: Counter[str] = Counter()
    changed, count = [], 0
    for reading in readings:
        try:
            sample = deidentified(reading.raw, names, feed.default_charset or None)
        except Unreadable:
            changed.append("A message that cannot be taken apart was not kept as a sample.")
            continue
        if number + 1 > MOST:
            changed.append(f"No more than {MOST} samples are kept; the rest was left out.")
            break
        number, count = number + 1, count + 1
        replaced.update(sample.replaced.keys())
        again = read_sample(sample.raw, feed, feeds, pack)
        _write(folder, number, sample.raw, again)
        if _gist(again) != _gist(reading):
            changed.append(f"Sample {number:02d} reads otherwise without its names: look at its text.")
    return Kept(count, tuple(sorted(replaced.items())), tuple(changed))


def _write(folder: Path, number: int, raw: bytes, reading: SampleReading) -> None:
    for name, content in ((SAMPLES, raw), (EXPECTED, _json(expected(reading)).encode())):
        (folder / name).mkdir(parents=True, exist_ok=True, mode=0o750)
        write_whole(folder / name / f"{number:02d}.{_ENDING[name]}", content)


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _gist(reading: SampleReading) -> tuple[object, ...]:
    """What must not change with a name."""
    return reading.problem, [
        (order.inside, order.result.status, order.source, order.lane, len(order.result.text.split("\n")))
        for order in reading.orders
    ]


def renew(folder: Path, feed: Feed, feeds: Sequence[Feed]) -> None:
    """Take what the samples read now as what is expected of them from now on."""
    pack = load_pack(*settings.PROGRAMME.pack)
    for path in sample_files(folder):
        reading = read_sample(path.read_bytes(), feed, feeds, pack)
        write_whole(folder / EXPECTED / f"{path.stem}.json", _json(expected(reading)).encode())


def differences(folder: Path, feed: Feed, feeds: Sequence[Feed]) -> list[str]:
    """A sentence for each difference between what the samples read now and what is expected of them."""
    pack = load_pack(*settings.PROGRAMME.pack)
    return [words for path in sample_files(folder) for words in _of_sample(folder, path, feed, feeds, pack)]


def _of_sample(folder: Path, path: Path, feed: Feed, feeds: Sequence[Feed], pack: Pack) -> Iterator[str]:
    name = f"sample {path.stem}"
    try:
        wanted = json.loads((folder / EXPECTED / f"{path.stem}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        yield f"{name}: {EXPECTED}/{path.stem}.json is missing."
        return
    except (OSError, ValueError):
        yield f"{name}: {EXPECTED}/{path.stem}.json is not JSON that can be read."
        return
    try:
        found = json.loads(_json(expected(read_sample(path.read_bytes(), feed, feeds, pack))))
    except OSError as fault:
        yield f"{name}: it cannot be read ({type(fault).__name__})."
        return
    yield from (f"{name}: {words}" for words in compared(found, wanted))


def compared(found: Any, wanted: Any, place: str = "") -> Iterator[str]:
    """A sentence for each value that is not the one expected."""
    if isinstance(found, dict) and isinstance(wanted, dict):
        for key in sorted({*found, *wanted}):
            yield from compared(found.get(key), wanted.get(key), f"{place} {key}".strip())
    elif isinstance(found, list) and isinstance(wanted, list) and place == "results":
        if len(found) != len(wanted):
            yield f"{len(found)} results are read, {len(wanted)} are expected."
        for number, (one, other) in enumerate(zip(found, wanted, strict=False), 1):
            yield from compared(one, other, f"result {number}")
    elif isinstance(found, list) and isinstance(wanted, list) and place.endswith(" text"):
        if found != wanted:
            line = next(
                (n for n, pair in enumerate(zip(found, wanted, strict=False), 1) if pair[0] != pair[1]), 0
            )
            where = f"differs from line {line}" if line else f"has {len(found)} lines, expected {len(wanted)}"
            yield f"{place} {where}."
    elif found != wanted:
        yield f"{place} is {_said(found)}, expected {_said(wanted)}."


def _said(value: Any) -> str:
    if value in ("", None, []):
        return "nothing"
    return re.sub(r"\s+", " ", json.dumps(value, ensure_ascii=False))


def mapped_feed(mapping: Mapping) -> tuple[Feed, tuple[Feed, ...]]:
    """The feed that a mapping makes of ``soar2.toml``, and all feeds. Raises Refused with its faults."""
    tables = list(settings.PROGRAMME.feed_tables)
    if faults := faults_of(tables, mapping):
        raise Refused("\n".join(faults))
    feeds = feeds_from(joined(tables, mapping), str(settings.PROGRAMME.zone))
    return next(feed for feed in feeds if feed.name == mapping.name), feeds


def test_folders(folders: Sequence[Path], home: Path, out: TextIO) -> int:
    """Test each mapping; 0 when all is as expected. A mapping at fault or without samples is said."""
    if not folders:
        print(f"There is no mapping in {home}.", file=out)
        return 0
    return max(_test(folder, out) for folder in folders)


test_folders.__test__ = False  # type: ignore[attr-defined]  # the verb of the command, not a test of ours


def _test(folder: Path, out: TextIO) -> int:
    try:
        mapping = read_mapping((folder / FILE).read_text(encoding="utf-8"))
        feed, feeds = mapped_feed(mapping)
    except (Refused, OSError, UnicodeDecodeError) as fault:
        said = fault.reason if isinstance(fault, Refused) else f"It cannot be read ({type(fault).__name__})."
        print(*(f"{folder.name}: {line}" for line in said.split("\n")), sep="\n", file=out)
        return 1
    found, count = differences(folder, feed, feeds), len(sample_files(folder))
    for sentence in found:
        print(f"{folder.name}: {sentence}", file=out)
    if found:
        return 1
    said = f"{count} sample{'s' * (count != 1)} read as expected" if count else "no samples to read"
    print(f"{mapping.label}: {said}.", file=out)
    return 0
