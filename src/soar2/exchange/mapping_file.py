"""One mapping: what a hospital taught us of a sender, as a file that people can read. Pure.

The file holds the keys of a ``[[feed]]`` table and says who taught them, when and why. It adds to the feed
of its name in ``soar2.toml``: lists grow, tables of words grow, and a single value takes the place of the
one there. It cannot take a procedure or a sender away, give a known word of a status another meaning, or draw
a sender from another feed, so that no mapping can hide a report that the settings let in. Where
``soar2.toml`` has no feed of that name, the mapping is a feed of its own.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from typing import Any

from soar2.errors import Refused
from soar2.exchange import feeds
from soar2.exchange.hl7v2.envelope import Envelope

ABOUT = ("version", "made_at", "made_by", "why")
"""Keys about the mapping itself; all others are keys of a ``[[feed]]`` table."""
_DEFAULTS: dict[str, list[str]] = {"text_types": list(feeds.TEXT_TYPES)}
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
_HEAD = """\
# How messages of the feed below are read: what was taught on its mapping page.
# Keys are those of a [[feed]] table in soar2.toml. For a feed that stands there too, lists add to the lists
# there, [status_words] adds words, and any other key takes the place of the one there. To take something
# away, edit soar2.toml. `soar2 mapping test` reads samples/ with this file and compares with expected/.
"""


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping file. ``table`` holds the feed keys it states, ``name`` the feed's name."""

    name: str
    version: int
    made_at: str = ""
    made_by: str = ""
    why: str = ""
    table: dict[str, Any] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Name and version, as a message notes what read it."""
        return f"{self.name} v{self.version}"


def read_mapping(text: str) -> Mapping:
    """The mapping in a file's text. Raises Refused with a sentence for each fault of its own keys.

    Whether the feed it makes is sound is asked by ``feeds.check`` once it is joined to ``soar2.toml``.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise Refused(f"This is not valid TOML: {fault}.") from None
    except RecursionError:
        raise Refused("This is nested more deeply than any mapping.") from None
    if faults := _own_faults(found):
        raise Refused("\n".join(faults))
    about = {key: str(found[key]) for key in ABOUT[1:] if key in found}
    table = {key: value for key, value in found.items() if key not in (*ABOUT, "name")}
    return Mapping(found["name"], found["version"], table=table, **about)


def _own_faults(found: dict[str, Any]) -> list[str]:
    faults = []
    name, version = found.get("name"), found.get("version")
    if not isinstance(name, str) or not name.strip():
        faults.append("name is missing: write the name of the feed.")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        faults.append("version must be a whole number from 1, counted up with each change.")
    return faults


def joined(tables: Sequence[dict[str, Any]], mapping: Mapping) -> list[dict[str, Any]]:
    """The ``[[feed]]`` tables with the mapping added to the one of its name, or as a new last one."""
    if not any(table.get("name") == mapping.name for table in tables):
        return [*tables, {"name": mapping.name, **mapping.table}]
    return [_added(table, mapping.table) if table.get("name") == mapping.name else table for table in tables]


def _added(table: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    result = dict(table)
    for key, value in more.items():
        there = result.get(key, _DEFAULTS.get(key))
        if isinstance(value, list) and isinstance(there, list):
            result[key] = [*there, *(item for item in value if item not in there)]
        elif isinstance(value, dict) and isinstance(there, dict):
            result[key] = {**there, **value}
        else:
            result[key] = value
    return result


def faults_of(tables: Sequence[dict[str, Any]], mapping: Mapping) -> list[str]:
    """Every reason not to read with this mapping, a sentence each; ``tables`` themselves are sound."""
    standing = next((table for table in tables if table.get("name") == mapping.name), None)
    faults = []
    if (
        standing is not None
        and "sending_facilities" in mapping.table
        and not standing.get("sending_facilities")
    ):
        faults.append(
            f"feed {mapping.name!r}: sending_facilities would shut out senders that soar2.toml lets in, since "
            "it names no facility; name them there."
        )
    faults += _other_meanings((standing or {}).get("status_words"), mapping)
    return faults + (feeds.check(joined(tables, mapping)) or list(_drawn_away(tables, mapping)))


def _other_meanings(there: Any, mapping: Mapping) -> list[str]:
    """Words whose meaning the standard or ``soar2.toml`` has settled: a final report must stay one."""
    taught = mapping.table.get("status_words")
    if not isinstance(taught, dict):
        return []
    settled = {code: code for code in feeds.STATUS_CODES}
    if isinstance(there, dict):
        settled |= {word.strip().upper(): str(code).strip().upper() for word, code in there.items()}
    return [
        f"feed {mapping.name!r}: status_words cannot say that {word} is {code}; it is {settled[word]} already. To "
        "change that, edit soar2.toml."
        for word, code in ((word.strip().upper(), str(code).strip().upper()) for word, code in taught.items())
        if settled.get(word, code) != code
    ]


def _drawn_away(tables: Sequence[dict[str, Any]], mapping: Mapping) -> Iterator[str]:
    """A sender whose messages another feed reads, and this mapping would make its own: that feed's procedures
    would be left outside."""
    before, after = feeds.feeds_from(tables), feeds.feeds_from(joined(tables, mapping))
    named = [(one.sending_applications, one.sending_facilities) for one in after]
    applications = sorted({name for names, _ in named for name in names} - {feeds.ANY})
    facilities = sorted({name for _, names in named for name in names} - {feeds.ANY})
    for application in [*applications, ""]:
        for facility in ["", *facilities]:
            sender = Envelope(application, facility)
            taker, now = feeds.select(before, sender), feeds.select(after, sender)
            if taker is not None and now is not None and taker.name != now.name:
                whose = application or "a sender that no feed names"
                yield (
                    f"feed {mapping.name!r}: messages of {whose} are read by feed {taker.name!r}, and would not be "
                    "any more. To move a sender, edit soar2.toml."
                )
                break


def written(mapping: Mapping) -> str:
    """The file's text. Reads back to the same mapping; raises Refused if it would not."""
    lines = [_HEAD, f"name = {_string(mapping.name)}", f"version = {mapping.version}"]
    lines += [f"{key} = {_string(getattr(mapping, key))}" for key in ABOUT[1:] if getattr(mapping, key)]
    lines.append("")
    flat = {key: value for key, value in mapping.table.items() if not isinstance(value, dict)}
    lines += [f"{_key(key)} = {_value(value)}" for key, value in flat.items()]
    for key, value in mapping.table.items():
        if isinstance(value, dict):
            lines += [
                "",
                f"[{_key(key)}]",
                *(f"{_key(word)} = {_value(code)}" for word, code in value.items()),
            ]
    text = "\n".join(lines) + "\n"
    if read_mapping(text) != mapping:
        raise Refused("The mapping could not be written so that it reads back the same; nothing was saved.")
    return text


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise Refused(f"A value of type {type(value).__name__} cannot stand in a mapping.")


def _string(text: str) -> str:
    return '"' + "".join(_character(char) for char in text) + '"'


def _character(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    return f"\\u{ord(char):04x}" if ord(char) < 32 or ord(char) == 127 else char


def _key(key: str) -> str:
    return key if _BARE.match(key) else _string(key)


def as_json(table: Table[str, Any]) -> str:
    """The stated keys in one fixed form, to tell whether two mappings say the same."""
    return json.dumps(table, sort_keys=True, ensure_ascii=False)
