"""Everything behind one view of the mapping page: the draft, its faults, the samples as they are read with it."""

import base64
import binascii
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from soar2.criteria.packs import load_pack
from soar2.errors import Refused
from soar2.exchange import mapping_samples, mappings
from soar2.exchange.feeds import Feed, feeds_from
from soar2.exchange.mapping_file import Mapping, as_json, faults_of, joined
from soar2.exchange.mapping_samples import Kept
from soar2.exchange.sample_reading import SampleReading, lenient, read_sample
from soar2.exchange.workbench import MOST, Findings, findings
from soar2.record import ledger
from soar2.record.models import Person

CHANGED = "These samples would read otherwise than before:"


@dataclass(frozen=True)
class Bench:
    """A draft of a mapping with its samples. ``faults`` say why it cannot be saved yet."""

    name: str
    base: dict[str, Any]
    before: Mapping | None
    draft: dict[str, Any]
    faults: tuple[str, ...]
    feed: Feed
    readings: tuple[SampleReading, ...]
    findings: Findings
    changes: tuple[str, ...]

    @property
    def version(self) -> int:
        """The version this draft would become."""
        return self.before.version + 1 if self.before else 1

    @property
    def stated(self) -> dict[str, Any]:
        """What is stated of the feed with this draft: ``soar2.toml`` and the draft joined."""
        return joined([self.base] if self.base else [], Mapping(self.name, 1, table=self.draft))[0]

    @property
    def new(self) -> bool:
        """Whether the draft says anything that is not in force."""
        return as_json(self.draft) != as_json(self.before.table if self.before else {})


def known(feed: str) -> tuple[dict[str, Any], Mapping | None]:
    """What ``soar2.toml`` says of a feed, and its mapping in force; nothing for a feed that is new."""
    base = next((table for table in settings.PROGRAMME.feed_tables if table.get("name") == feed), {})
    return dict(base), mappings.standing(settings.PROGRAMME).mappings.get(feed)


def bench(name: str, draft: Table[str, Any], messages: Sequence[bytes], said: Sequence[str] = ()) -> Bench:
    """Read the messages with the draft. ``said`` are faults that the form found already."""
    base, before = known(name)
    table = dict(draft)
    mapping = Mapping(name or "a new feed", 1, table=table)
    tables = _tables(name, base)
    faults = [*said, *(faults_of(tables, mapping) if table or not base else ())]
    if not name.strip():
        faults.insert(0, "Give the feed a name.")
    feed, feeds = _feeds(mapping, tables, sound=not faults)
    pack = load_pack(*settings.PROGRAMME.pack)
    readings = tuple(read_sample(raw, feed, feeds, pack) for raw in messages[:MOST])
    stated = joined([base] if base else [], mapping)[0]
    changes = (
        mapping_samples.differences(mappings.folder_in_use(name), feed, feeds) if name and not faults else []
    )
    return Bench(
        name, base, before, table, tuple(dict.fromkeys(faults)), feed, readings,
        findings(readings, feed, stated), tuple(changes),
    )  # fmt: skip


def _tables(name: str, base: dict[str, Any]) -> list[dict[str, Any]]:
    """All feeds as they are read, in their order, this one as ``soar2.toml`` alone says."""
    standing = mappings.standing(settings.PROGRAMME).tables
    found = [base if table.get("name") == name else table for table in standing]
    return [table for table in found if table]


def _feeds(mapping: Mapping, tables: list[dict[str, Any]], *, sound: bool) -> tuple[Feed, tuple[Feed, ...]]:
    """The draft's feed and all feeds; while the draft has faults, a feed as near to it as can be."""
    zone = str(settings.PROGRAMME.zone)
    whole = joined(tables, mapping)
    if sound:
        feeds = feeds_from(whole, zone)
        return next(feed for feed in feeds if feed.name == mapping.name), feeds
    table = next(table for table in whole if table.get("name") == mapping.name)
    feed = replace(lenient(table, zone), name=mapping.name)
    return feed, (feed, *feeds_from([one for one in tables if one.get("name") != mapping.name], zone))


def save(
    found: Bench,
    *,
    upon: int | None,
    why: str,
    renew: bool,
    person: Person | None,
    username: str,
    now: datetime,
) -> Kept:
    """Put the draft in force, with its samples as tests. Raises Refused with sentences, nothing changed.

    ``upon`` is the version that the draft was begun upon: what somebody else taught since must not go unseen.
    """
    if upon is not None and found.before and found.before.version != upon:
        raise Refused(_overtaken(found, found.before))
    if found.faults:
        raise Refused("\n".join(found.faults))
    if not found.new and not found.readings:
        raise Refused("Nothing was changed, so there is nothing to save.")
    if not why.strip():
        raise Refused("Say in a few words why: whoever reads this file in a year will want to know.")
    if found.changes and not renew:
        raise Refused("\n".join([CHANGED, *found.changes, "Tick the box if that is meant."]))
    mapping = Mapping(
        found.name,
        found.version,
        made_at=timezone.localtime(now).isoformat(timespec="seconds"),
        made_by=person.name if person else username,
        why=" ".join(why.split()),
        table=found.draft,
    )
    try:
        folder = mappings.save(mapping)
    except OSError as fault:
        raise Refused(
            f"The folder {mappings.mappings_home()} cannot be written ({fault.strerror}). It must belong to the account "
            "of soar2 web, on a disk with room. Nothing was saved."
        ) from None
    kept = _samples(found, folder, mapping)
    ledger.record(
        "mapping.saved", at=now, subject=mapping.label[:64], person=person, actor=username,
        feed=mapping.name, version=mapping.version, samples=kept.count, why=mapping.why,
    )  # fmt: skip
    return kept


def _samples(found: Bench, folder: Path, mapping: Mapping) -> Kept:
    """The mapping is in force by now, whether or not there is room for its samples."""
    feed, feeds = mapping_samples.mapped_feed(mapping)
    try:
        if found.changes:
            mapping_samples.renew(folder, feed, feeds)
        return mapping_samples.add_samples(folder, found.readings, feed, feeds)
    except OSError as fault:
        return Kept(0, (), (f"The samples could not be kept ({fault.strerror}); the mapping is in force.",))


def _overtaken(found: Bench, newer: Mapping) -> str:
    keys = sorted({*newer.table, *found.draft})
    apart = [key for key in keys if newer.table.get(key) != found.draft.get(key)]
    return (
        f"{newer.made_by or 'Somebody'} saved version {newer.version} while you wrote: {newer.why or 'no reason given'}.\n"
        f"Your draft says otherwise of {', '.join(apart) or 'nothing'}. Look at it in another window, take over "
        "what should stay, and save again."
    )


def checked(found: Bench, *, person: Person | None, username: str, now: datetime) -> None:
    """Note that messages were read on the page; they hold patients, though nothing of them is kept."""
    ledger.record(
        "mapping.checked", at=now, subject=found.name[:64], person=person, actor=username,
        samples=found.findings.count, understood=found.findings.understood,
    )  # fmt: skip


def packed(messages: Sequence[bytes]) -> list[str]:
    """The messages as hidden fields of the page: they live there, and nowhere on this machine."""
    return [base64.b64encode(raw).decode() for raw in messages]


def unpacked(fields: Sequence[str]) -> list[bytes]:
    """The messages of hidden fields; what is no such field is left out."""
    found = []
    for text in fields:
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found
