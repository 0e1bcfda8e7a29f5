"""The settings a hospital writes: one ``soar2.toml``, checked into frozen values or sentences. Pure."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from soar2.record.calendar import Calendar
from soar2.record.shapes import SHAPES, well_shaped

UTC_ZONE = ZoneInfo("UTC")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MODES = ("demo", "production")
WEBHOOK_CHANNELS = ("page", "voice")
KEYS = {table: frozenset(shape) for table, shape in SHAPES.items()}


@dataclass(frozen=True)
class Smtp:
    """Where mail is handed over. ``security`` is none, starttls or tls."""

    host: str = ""
    port: int = 25
    security: str = "starttls"
    username: str = ""
    password_file: str = ""
    sender: str = "soar2@localhost"
    timeout_seconds: float = 10.0


@dataclass(frozen=True)
class Mllp:
    """The HL7 door. With ``certificate`` and ``key`` (PEM files) it speaks TLS; ``client_ca`` demands a client
    certificate, ``client_names`` one of these names in it; ``allow`` names the networks (CIDR) that may come."""

    certificate: str = ""
    key: str = ""
    client_ca: str = ""
    client_names: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Webhook:
    """A paging or chat service: rungs of ``channel`` (page, voice) are posted to ``url``, signed with the secret."""

    channel: str
    url: str
    secret_file: str
    timeout_seconds: float = 10.0


@dataclass(frozen=True)
class TestPatients:
    """Regular expressions for the record numbers and names of patients who do not exist; they open nothing."""

    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class RoleEntry:
    """``may``: what holders may see and do; None leaves it to the table of defaults."""

    key: str
    name: str
    phone: str = ""
    may: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PersonEntry:
    key: str
    name: str
    short: str = ""
    email: str = ""
    phone: str = ""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class RotaEntry:
    role: str
    person: str
    weekdays: tuple[int, ...]
    since: time
    until: time


@dataclass(frozen=True)
class Programme:
    """Everything ``soar2.toml`` says. ``source`` is the file it came from, empty when there was none."""

    source: str = ""
    mode: str = "production"
    name: str = "Spine oncology programme"
    zone: ZoneInfo = UTC_ZONE
    address: str = ""
    duty_role: str = "spine-on-call"
    critical_results_phone: str = ""
    calendar: Calendar = field(default_factory=lambda: Calendar(UTC_ZONE))
    phones: tuple[tuple[str, str], ...] = ()
    smtp: Smtp = Smtp()
    pack: tuple[str, str] = ("soar2-open", "1")
    roles: tuple[RoleEntry, ...] = ()
    people: tuple[PersonEntry, ...] = ()
    rota: tuple[RotaEntry, ...] = ()
    feed_tables: tuple[dict[str, Any], ...] = ()
    mllp: Mllp = Mllp()
    webhooks: tuple[Webhook, ...] = ()
    test_patients: TestPatients = TestPatients()

    @property
    def demo(self) -> bool:
        return self.mode == "demo"


class _Faults(list[str]):
    def unknown_keys(self, table: str, found: dict[str, Any], place: str) -> None:
        for key in found:
            if key not in KEYS[table]:
                near = get_close_matches(key, KEYS[table], 1)
                hint = f"; did you mean '{near[0]}'?" if near else "."
                self.append(f"{place}: '{key}' is not a setting{hint}")


def load(path: Path) -> tuple[Programme, list[str]]:
    """The programme in ``path`` and a sentence for each fault; with faults the programme is not usable."""
    if not path.exists():
        return Programme(), [
            f"There is no settings file at {path}. Copy docs/soar2.example.toml there and edit it."
        ]
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        return Programme(), [f"{path.name} is not valid TOML: {fault}."]
    except OSError as fault:
        return Programme(), [f"{path} cannot be read: {fault.strerror}."]
    return parse(table, str(path))


def parse(table: dict[str, Any], source: str = "soar2.toml") -> tuple[Programme, list[str]]:
    """Turn the parsed TOML into values; every fault is one sentence that names its place."""
    faults = _Faults()
    faults.unknown_keys("", table, "soar2.toml")
    table = well_shaped(table, faults)
    mode = str(table.get("mode", "production"))
    if mode not in MODES:
        faults.append(f"mode is '{mode}'; it must be one of: {', '.join(MODES)}.")
    zone = _zone(str(table.get("time_zone", "")), faults)
    roles = tuple(_roles(table.get("role", []), faults))
    role_keys = {role.key for role in roles}
    people = tuple(_people(table.get("person", []), role_keys, faults))
    programme = Programme(
        source=source,
        mode=mode,
        name=str(table.get("name", Programme.name)),
        zone=zone,
        address=str(table.get("address", "")).rstrip("/"),
        duty_role=str(table.get("duty_role", "spine-on-call")),
        critical_results_phone=str(table.get("critical_results_phone", "")),
        calendar=_calendar(table.get("calendar", {}), zone, faults),
        phones=tuple((str(k), str(v)) for k, v in table.get("phones", {}).items()),
        smtp=_smtp(table.get("smtp", {}), faults),
        pack=(
            str(table.get("pack", {}).get("name", "soar2-open")),
            str(table.get("pack", {}).get("version", "1")),
        ),
        roles=roles,
        people=people,
        rota=tuple(_rota(table.get("rota", []), role_keys, {p.key for p in people}, faults)),
        feed_tables=tuple(table.get("feed", [])),
        mllp=Mllp(**_known("mllp", table.get("mllp", {}), "[mllp]", faults)),
        webhooks=tuple(_webhooks(table.get("webhook", []), faults)),
        test_patients=_test_patients(table.get("test_patients", {}), faults),
    )
    _whole(programme, faults)
    return programme, list(faults)


def _whole(programme: Programme, faults: _Faults) -> None:
    """What must be there for a notice to reach anybody."""
    if not programme.address.startswith(("http://", "https://")):
        faults.append(
            "address is missing: the http:// or https:// address people open, used in the link of each message."
        )
    if programme.duty_role not in {role.key for role in programme.roles}:
        faults.append(
            f"duty_role is '{programme.duty_role}', which is no [[role]]; it is told of what no other role can be."
        )
    if not programme.smtp.host:
        faults.append("[smtp] host is missing: without a mail server no notice can leave.")
    if not programme.feed_tables:
        faults.append("There is no [[feed]]: no message could be recognised as a spine report.")
    covered = {entry.role for entry in programme.rota}
    for role in ("navigator", programme.duty_role, "neurosurgery-on-call"):
        if role not in covered:
            faults.append(
                f"No [[rota]] line covers the role '{role}', so a notice for it would reach nobody."
            )


def _zone(name: str, faults: _Faults) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(f"time_zone is '{name}'; it must be a name such as America/New_York.")
        return UTC_ZONE


def _time(text: Any, place: str, faults: _Faults) -> time:
    if str(text) == "24:00":
        return time(0)
    try:
        hour, minute = str(text).split(":")
        return time(int(hour), int(minute))
    except ValueError:
        faults.append(f"{place} is '{text}'; write a time of day as 07:30.")
        return time(0)


def _weekdays(text: Any, place: str, faults: _Faults) -> tuple[int, ...]:
    """'mon-fri', 'daily', 'sat,sun' or 'mon-thu, sun'."""
    found: list[int] = []
    for part in str(text).lower().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if part == "daily":
            found.extend(range(7))
        elif first[:3] in DAYS and (not last or last[:3] in DAYS):
            start, end = DAYS.index(first[:3]), DAYS.index((last or first)[:3])
            found.extend((start + step) % 7 for step in range((end - start) % 7 + 1))
        else:
            faults.append(f"{place} is '{text}'; write days as mon-fri, sat,sun or daily.")
    return tuple(sorted(set(found)))


def _calendar(table: dict[str, Any], zone: ZoneInfo, faults: _Faults) -> Calendar:
    faults.unknown_keys("calendar", table, "[calendar]")
    holidays = []
    for day in table.get("holidays", []):
        if isinstance(day, date):
            holidays.append(day)
        else:
            faults.append(f"[calendar] holidays holds '{day}'; write each as 2026-12-25 without quotes.")
    opens = _time(table.get("opens", "07:00"), "[calendar] opens", faults)
    closes = _time(table.get("closes", "19:00"), "[calendar] closes", faults)
    if opens >= closes:
        faults.append("[calendar] closes must be later than opens.")
        opens, closes = time(7), time(19)
    days = _weekdays(table.get("working_days", "mon-fri"), "[calendar] working_days", faults)
    return Calendar(zone, opens, closes, frozenset(days) or frozenset(range(5)), frozenset(holidays))


def _smtp(table: dict[str, Any], faults: _Faults) -> Smtp:
    faults.unknown_keys("smtp", table, "[smtp]")
    numbers = ("port", "timeout_seconds")
    kinds: dict[str, Any] = {key: value if key in numbers else str(value) for key, value in table.items()}
    smtp = Smtp(**{key: value for key, value in kinds.items() if key in KEYS["smtp"]})
    if smtp.security not in ("none", "starttls", "tls"):
        faults.append(f"[smtp] security is '{smtp.security}'; it must be none, starttls or tls.")
    if not isinstance(smtp.port, int) or not 0 < smtp.port < 65536:
        faults.append(f"[smtp] port is '{smtp.port}'; it must be a number from 1 to 65535.")
    if not 0 < smtp.timeout_seconds <= 60:
        faults.append(f"[smtp] timeout_seconds is {smtp.timeout_seconds}; it must be above 0 and at most 60.")
    if "@" not in smtp.sender:
        faults.append(f"[smtp] sender is '{smtp.sender}'; it must be a mail address.")
    return smtp


def _known(name: str, table: dict[str, Any], place: str, faults: _Faults) -> dict[str, Any]:
    """The settings of a table that are settings, lists as tuples."""
    faults.unknown_keys(name, table, place)
    known = {key: value for key, value in table.items() if key in KEYS[name]}
    return {key: tuple(value) if isinstance(value, list) else value for key, value in known.items()}


def _webhooks(tables: list[dict[str, Any]], faults: _Faults) -> Iterator[Webhook]:
    channels: set[str] = set()
    for n, table in enumerate(tables, 1):
        place = f"[[webhook]] {n}"
        found = _known("webhook", table, place, faults)
        missing = [key for key in ("channel", "url", "secret_file") if not found.get(key)]
        faults.extend(f"{place}: {key} is missing." for key in missing)
        if missing:
            continue
        if found["channel"] not in WEBHOOK_CHANNELS or found["channel"] in channels:
            faults.append(
                f"{place}: channel is '{found['channel']}'; it must be one of: {', '.join(WEBHOOK_CHANNELS)}, "
                "each once."
            )
        channels.add(found["channel"])
        if not str(found["url"]).startswith(("https://", "http://")):
            faults.append(f"{place}: url must begin with https:// (http:// only to this machine).")
        if not 0 < found.get("timeout_seconds", 10.0) <= 60:
            faults.append(f"{place}: timeout_seconds must be above 0 and at most 60.")
        yield Webhook(**found)


def _test_patients(table: dict[str, Any], faults: _Faults) -> TestPatients:
    found = _known("test_patients", table, "[test_patients]", faults)
    for key, patterns in found.items():
        for pattern in patterns:
            try:
                re.compile(pattern)
            except re.error as fault:
                faults.append(f"[test_patients] {key}: '{pattern}' is no regular expression ({fault.msg}).")
    return TestPatients(**found)


def _roles(tables: list[dict[str, Any]], faults: _Faults) -> list[RoleEntry]:
    found: dict[str, RoleEntry] = {}
    for n, table in enumerate(tables, 1):
        faults.unknown_keys("role", table, f"[[role]] {n}")
        key = str(table.get("key", ""))
        if not key or key in found:
            faults.append(
                f"[[role]] {n}: key is {'missing' if not key else repr(key) + ' for a second time'}."
            )
            continue
        may = tuple(table["may"]) if "may" in table else None
        found[key] = RoleEntry(key, str(table.get("name", key)), str(table.get("phone", "")), may)
    return list(found.values())


def _people(tables: list[dict[str, Any]], roles: set[str], faults: _Faults) -> list[PersonEntry]:
    found: dict[str, PersonEntry] = {}
    for n, table in enumerate(tables, 1):
        faults.unknown_keys("person", table, f"[[person]] {n}")
        key = str(table.get("key", ""))
        if not key or key in found:
            faults.append(
                f"[[person]] {n}: key is {'missing' if not key else repr(key) + ' for a second time'}."
            )
            continue
        faults.extend(
            f"[[person]] '{key}': there is no [[role]] '{role}'."
            for role in table.get("roles", [])
            if role not in roles
        )
        if "@" not in str(table.get("email", "")):
            faults.append(f"[[person]] '{key}': email is missing, so a message could not reach them.")
        found[key] = PersonEntry(
            key,
            str(table.get("name", key)),
            str(table.get("short", "")),
            str(table.get("email", "")),
            str(table.get("phone", "")),
            tuple(table.get("roles", [])),
        )
    return list(found.values())


def _rota(
    tables: list[dict[str, Any]], roles: set[str], people: set[str], faults: _Faults
) -> list[RotaEntry]:
    found = []
    for n, table in enumerate(tables, 1):
        place = f"[[rota]] {n}"
        faults.unknown_keys("rota", table, place)
        role, person = str(table.get("role", "")), str(table.get("person", ""))
        if role not in roles:
            faults.append(f"{place}: there is no [[role]] '{role}'.")
        if person not in people:
            faults.append(f"{place}: there is no [[person]] '{person}'.")
        since = _time(table.get("from", "00:00"), f"{place} from", faults)
        until = _time(table.get("to", "24:00"), f"{place} to", faults)
        found.append(
            RotaEntry(
                role, person, _weekdays(table.get("days", "daily"), f"{place} days", faults), since, until
            )
        )
    return found
