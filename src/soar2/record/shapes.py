"""What kind of value each setting of ``soar2.toml`` holds, asked before anything is read out of it. Pure."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

TEXT, NUMBER, TABLE, TABLES, WORDS, DAYS = "text", "number", "table", "tables", "words", "days"
SAID = {
    TEXT: 'must be a word or sentence in quotation marks, such as "A".',
    NUMBER: "must be a number without quotation marks.",
    TABLE: "must be a table: [{name}] on a line of its own, its settings below.",
    TABLES: "must be tables: [[{name}]] on a line of its own for each.",
    WORDS: 'must be a list of words, such as ["a", "b"].',
    DAYS: "must be a list of dates, such as [2026-12-25].",
}
SHAPES: dict[str, dict[str, str]] = {
    "": {
        "mode": TEXT, "name": TEXT, "time_zone": TEXT, "address": TEXT, "duty_role": TEXT,
        "critical_results_phone": TEXT, "calendar": TABLE, "phones": TABLE, "smtp": TABLE, "pack": TABLE,
        "role": TABLES, "person": TABLES, "rota": TABLES, "feed": TABLES, "mllp": TABLE, "webhook": TABLES,
        "test_patients": TABLE,
    },
    "calendar": {"opens": TEXT, "closes": TEXT, "working_days": TEXT, "holidays": DAYS},
    "smtp": {
        "host": TEXT, "port": NUMBER, "security": TEXT, "username": TEXT, "password_file": TEXT,
        "sender": TEXT, "timeout_seconds": NUMBER,
    },
    "pack": {"name": TEXT, "version": TEXT},
    "mllp": {"certificate": TEXT, "key": TEXT, "client_ca": TEXT, "client_names": WORDS, "allow": WORDS},
    "webhook": {"channel": TEXT, "url": TEXT, "secret_file": TEXT, "timeout_seconds": NUMBER},
    "test_patients": {"numbers": WORDS, "names": WORDS},
    "role": {"key": TEXT, "name": TEXT, "phone": TEXT, "may": WORDS},
    "person": {"key": TEXT, "name": TEXT, "short": TEXT, "email": TEXT, "phone": TEXT, "roles": WORDS},
    "rota": {"role": TEXT, "person": TEXT, "days": TEXT, "from": TEXT, "to": TEXT},
}  # fmt: skip


def well_shaped(table: dict[str, Any], faults: list[str]) -> dict[str, Any]:
    """``table`` without what is not of its kind; a sentence in ``faults`` for each thing left out."""
    kept = _kept("", table, "", faults)
    for name, value in kept.items():
        kind = SHAPES[""].get(name)
        if kind == TABLE and name in SHAPES:
            kept[name] = _kept(name, value, f"[{name}] ", faults)
        elif kind == TABLES and name in SHAPES:
            kept[name] = [_kept(name, one, f"[[{name}]] {n}: ", faults) for n, one in enumerate(value, 1)]
    return kept


def _kept(name: str, table: dict[str, Any], place: str, faults: list[str]) -> dict[str, Any]:
    return dict(_good(SHAPES[name], table, place, faults))


def _good(
    shape: dict[str, str], table: dict[str, Any], place: str, faults: list[str]
) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        kind = shape.get(key)
        if kind is None or _is(kind, value):  # an unknown key is another fault, found elsewhere
            yield key, value
        else:
            faults.append(f"{place}{key} {SAID[kind].format(name=key)}")


def _is(kind: str, value: Any) -> bool:
    if kind == TEXT:  # a version written 1 and a time written 07:00 are plain enough
        return isinstance(value, (str, int, float, time)) and not isinstance(value, bool)
    if kind == NUMBER:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == TABLE:
        return isinstance(value, dict)
    if not isinstance(value, list):
        return False
    if kind == TABLES:
        return all(isinstance(one, dict) for one in value)
    if kind == WORDS:
        return all(isinstance(one, str) for one in value)
    return all(isinstance(one, (date, str)) and not isinstance(one, datetime) for one in value)
