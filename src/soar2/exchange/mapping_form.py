"""The form of a mapping: its fields as text boxes, and what was typed into them as a ``[[feed]]`` table. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from soar2.exchange.feeds import ACCESSION_FIELDS

WORDS, LINES, WORD, CHOICE, PAIRS, NUMBER = "words", "lines", "word", "choice", "pairs", "number"


@dataclass(frozen=True, slots=True)
class Field:
    """One key of the table. ``kind`` says how its text becomes a value."""

    key: str
    label: str
    kind: str
    hint: str


@dataclass(frozen=True, slots=True)
class Filled:
    """One field with its text, and what ``soar2.toml`` says of the same key."""

    field: Field
    text: str
    there: str
    choices: tuple[str, ...] = ()


FIELDS = (
    Field("sending_applications", "Sending applications", WORDS, "MSH-3, one a line or with commas"),
    Field("sending_facilities", "Sending facilities", WORDS, "MSH-4; none: any"),
    Field("procedure_codes", "Spine procedure codes", WORDS, "OBR-4.1 or OBR-4.4"),
    Field("procedure_words", "Or words of the procedure's name", LINES, "a set of words a line; all must stand there"),
    Field("status_words", "Words for a status", PAIRS, "one a line, such as FINAL = F"),
    Field("identifier_authority", "Issuer of the record numbers", WORD, "PID-3.4"),
    Field("assume_authority", "Numbers without an issuer are of", WORD, "an issuer, or yes: the one above"),
    Field("accession_field", "Accession number in", CHOICE, "empty: the usual places in turn"),
    Field("text_types", "Value types that are text", WORDS, "OBX-2"),
    Field("time_zone", "Time zone of times without one", WORD, "such as America/New_York"),
    Field("default_charset", "Character set where none is named", WORD, "such as 8859/1"),
    Field("expected_gap_minutes", "Longest normal silence, minutes", NUMBER, "empty: not watched"),
)  # fmt: skip
KEYS = tuple(field.key for field in FIELDS)
_SPLIT = {WORDS: re.compile(r"[,\n]"), LINES: re.compile(r"\n")}


def table_from(given: Mapping[str, str], before: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The table of what was typed, and a sentence for each line that cannot be one.

    ``before`` is the mapping so far: keys that this form does not show stay as they are.
    """
    table: dict[str, Any] = {key: value for key, value in before.items() if key not in KEYS}
    faults: list[str] = []
    for field in FIELDS:
        text = given.get(field.key, "").replace("\r\n", "\n").strip()
        if text:
            table[field.key] = _value(field, text, faults)
    return table, faults


def _value(field: Field, text: str, faults: list[str]) -> Any:
    if field.kind in _SPLIT:
        return list(dict.fromkeys(word.strip() for word in _SPLIT[field.kind].split(text) if word.strip()))
    if field.kind == NUMBER:
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text
    if field.kind == PAIRS:
        return _pairs(field, text, faults)
    if field.key == "assume_authority" and text.casefold() in ("yes", "true"):
        return True
    return text


def _pairs(field: Field, text: str, faults: list[str]) -> dict[str, str]:
    found = {}
    for line in filter(None, (line.strip() for line in text.split("\n"))):
        word, sign, code = (part.strip() for part in line.rpartition("="))
        if sign and word and code:
            found[word] = code
        else:
            faults.append(f"{field.label}: '{line}' is not of the form WORD = CODE.")
    return found


def filled(table: Mapping[str, Any], base: Mapping[str, Any]) -> tuple[Filled, ...]:
    """The form's fields with what the mapping states, beside what ``soar2.toml`` says."""
    return tuple(
        Filled(
            field,
            _text(field, table.get(field.key)),
            _text(field, base.get(field.key)).replace("\n", ", "),
            ("", *ACCESSION_FIELDS) if field.kind == CHOICE else (),
        )
        for field in FIELDS
    )


def _text(field: Field, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, list):
        return "\n".join(map(str, value))
    if isinstance(value, dict):
        return "\n".join(f"{word} = {code}" for word, code in value.items())
    return str(value)


def taught(table: Mapping[str, Any], key: str, value: str) -> dict[str, Any]:
    """The table with one proposal taken over: a list grows, a word gets its meaning, a value is set."""
    field = next((one for one in FIELDS if one.key == key), None)
    if field is None:
        return dict(table)
    if field.kind in _SPLIT:
        there = list(table.get(key, []))
        return {**table, key: list(dict.fromkeys([*there, *filter(None, value.split("\n"))]))}
    if field.kind == PAIRS:
        word, _, code = value.rpartition("=")
        return {**table, key: {**table.get(key, {}), word.strip(): code.strip()}}
    return {**table, key: value}
