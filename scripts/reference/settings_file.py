"""docs/reference/settings.md: every key of soar2.toml with its meaning and default, and the environment."""

from dataclasses import MISSING, fields
from typing import Any

from reference.tables import table

from soar2.exchange.feeds import _CHECKS, Feed
from soar2.record.calendar import Calendar
from soar2.record.programme import KEYS, UTC_ZONE, Programme, Smtp

MEANINGS: dict[str, dict[str, str]] = {
    "": {
        "mode": "`production`, or `demo`: sign-in by a button, a clock that can be moved, loopback only",
        "name": "the programme's name",
        "time_zone": "where the hospital is, as `America/New_York`; clocks, calendar, rota and pages follow it",
        "address": "what people open in a browser; the link in each message begins with it. `https` also"
        " switches secure"
        " cookies and HSTS on",
        "duty_role": "the role that is told of what no other role can be: an urgent report whose patient cannot"
        " be named",
        "critical_results_phone": "shown beside a dangerous finding that is not this programme's",
        "calendar": "the table [calendar]",
        "phones": "the table [phones]: numbers by name, shown on the notice card beside those of the roles",
        "smtp": "the table [smtp]",
        "pack": "the table [pack]",
        "role": "[[role]], one table a role",
        "person": "[[person]], one table a person",
        "rota": "[[rota]], one table a weekly turn",
        "feed": "[[feed]], one table a sender: the feed file",
        "webhook": "[[webhook]], one table a paging or telephone service",
        "mllp": "the table [mllp]",
        "test_patients": "the table [test_patients]",
    },
    "calendar": {
        "opens": "start of the working day, local time",
        "closes": "its end",
        "working_days": "as `mon-fri` or `mon-thu,sun`",
        "holidays": "dates without quotation marks: `[2026-12-25]`",
    },
    "smtp": {
        "host": "the mail server; without it nothing can leave",
        "port": "its port",
        "security": "`starttls`, `tls` or `none`; certificates are checked",
        "username": "empty: no sign-in",
        "password_file": "a file with the password alone; needed with `username`",
        "sender": "the From address",
        "timeout_seconds": "how long to wait for the server",
    },
    "pack": {
        "name": "the pack of points, cut-offs, ladders and clocks",
        "version": "its version, as text",
    },
    "role": {
        "key": "the name other tables and the pack use",
        "name": "what people read; default: the key",
        "phone": "shown and sent beside the role; default: none",
        "may": "what its holders may see and do; default: by the table of permissions",
    },
    "person": {
        "key": "the name other tables use, and `soar2 admin create --person`",
        "name": "what people read; default: the key",
        "short": "how a list names them; default: the name",
        "email": "where messages go; needed",
        "phone": "kept; default: none",
        "roles": "the roles this person may act in; default: none",
    },
    "mllp": {
        "certificate": "the door's certificate (PEM); with it and `key` the listener speaks TLS",
        "key": "its key (PEM), without a password",
        "client_ca": "demands of a sender a certificate that this authority (PEM) has signed",
        "client_names": "names of which a sender's certificate must hold one; empty: any that `client_ca` signed",
        "allow": 'networks that may come, as `["10.20.0.0/16"]`; empty: all',
    },
    "test_patients": {
        "numbers": "regular expressions for record numbers of patients who do not exist; they open no notice",
        "names": "the same for their names",
    },
    "webhook": {
        "channel": "`page` or `voice`: rungs of this channel are sent to it, and are no tasks by hand any more",
        "url": "where each is posted, signed; `https`, or `http` to this machine alone",
        "secret_file": "a file with the signing secret, `whsec_…`, readable by the account alone; two lines while it is"
        " changed",
        "timeout_seconds": "how long to wait for the service; default 10, at most 20",
    },
    "rota": {
        "role": "the key of a [[role]]",
        "person": "the key of a [[person]]",
        "days": "days on which the turn begins, as `mon-fri`, `sat,sun` or `daily` (default)",
        "from": "its start, local time; default `00:00`",
        "to": "its end; default `24:00`. An end that is not after the start lies on the next day",
    },
}
FEED: dict[str, str] = {
    "name": "what people call this sender; needed",
    "sending_applications": 'MSH-3 of its messages; `["*"]` takes any sender that no other feed names; needed',
    "sending_facilities": "MSH-4 as well, if it matters; empty: any",
    "procedure_codes": "codes of spine exams, compared with OBR-4.1 and OBR-4.4",
    "procedure_words": "whole words of the procedure's name (OBR-4.2, OBR-4.5); one entry holds when all its"
    " words stand"
    " there. Codes or words are needed",
    "identifier_authority": "PID-3.4 of the record numbers to trust; `*`: any authority that is stated"
    "; needed",
    "assume_authority": "whose a number without an authority is. `true`: this authority's; a name: that one's;"
    " `false`: nobody's, and the message is held",
    "text_types": "OBX-2 of report text",
    "time_zone": "for times without an offset; empty: the hospital's",
    "default_charset": "the character set where MSH-18 is empty, as HL7 table 0211 names it; default: UTF-8;"
    " bytes that"
    " are not are read as Latin-1",
    "accession_field": "where the accession number stands, as `OBR-3`; empty: OBR-3, ORC-3, IPC-1, OBR-18,"
    " OBR-2, ORC-2, the"
    " first that is filled",
    "identifier_systems": "by FHIR: whose numbers an `Identifier.system` stands for, as"
    ' `{ "urn:oid:1.2.3" = "SITEA" }`; a system not named here is its own authority',
    "accession_systems": "by FHIR: the systems of accession numbers; empty: the identifier of type ACSN, else FILL,"
    " else the only one",
    "other_messages": "messages that are no reports: `reject` answers them with AR, `accept` stores them, answers AA and"
    " sets them aside",
    "status_words": 'a sender\'s own words for OBR-25, as `{ "VERIFIED" = "F" }`',
    "expected_gap_minutes": "the longest silence that is normal; a longer one is shown. Default: none is watched",
}
ENVIRONMENT = (
    (
        "DATABASE_URL",
        "none: the private server",
        "`postgresql://user:password@host:5432/name?sslmode=require`",
    ),
    (
        "SOAR2_SECRET_KEY",
        "none: refused",
        "signs sessions; 50 characters at least; the same for every process",
    ),
    ("SOAR2_CONFIG", "`soar2.toml` in `SOAR2_HOME`", "the settings file"),
    (
        "SOAR2_HOME",
        "`.soar2` in the current directory",
        "state of a demonstration; place of the settings file",
    ),
    ("SOAR2_BIND", "`127.0.0.1`", "the address `web` and `listen` bind to"),
    ("SOAR2_WEB_PORT", "`8000`", "the port of the pages"),
    ("SOAR2_MLLP_PORT", "`2575`", "the port of the HL7 listener"),
    (
        "SOAR2_BEHIND_PROXY",
        "`0`",
        "`1`: exactly one proxy stands before `web` and sets X-Forwarded-Proto and -For itself",
    ),
    ("SOAR2_ALLOWED_HOSTS", "the host of `address`", "further host names, with commas; `*` is refused"),
    ("SOAR2_LOG_LEVEL", "`INFO`", "of the log on standard error; it holds ids and counts, no patient data"),
    ("SOAR2_LOG_FORMAT", "`text`", "`json`: one object a line, for a log collector"),
    ("SOAR2_METRICS_TOKEN_FILE", "none: this machine alone", "a file with the token that opens `/metrics`"),
    (
        "SOAR2_MLLP_MAX_BYTES",
        "16 MiB",
        "the largest message taken; a larger one is refused and its beginning kept",
    ),
    (
        "SOAR2_MLLP_MEMORY_BYTES",
        "256 MiB",
        "for the unfinished messages of all senders; beyond it the largest is ended and kept in quarantine",
    ),
    ("SOAR2_MLLP_FRAME_SECONDS", "`60`", "how long a sender may take over one message"),
    ("SOAR2_MLLP_PATIENCE_SECONDS", "`10`", "how long a message waits for a database that is away"),
    ("SOAR2_SMTP_PORT", "`2525`", "demonstration only: the port of its own mail server"),
    ("SOAR2_PG_BIN", "found", "demonstration and tests: the directory of PostgreSQL's programs"),
    ("SOAR2_DEBUG", "`0`", "for developers; production refuses to start with `1`"),
    ("SOAR2_PYTHON", "found", "`make setup`: the interpreter to use"),
    ("SOAR2_REQUIRE_SYSTEM", "`0`", "`make test`: `1` fails where a system package of `apt.txt` is missing"),
)
DEFAULTS: dict[str, Any] = {"": Programme, "calendar": Calendar, "smtp": Smtp}


def page() -> str:
    parts = [
        "# Settings",
        "One file, `soar2.toml`, holds what a hospital decides; the environment holds where things run and what"
        " is secret."
        " Begin with [docs/soar2.example.toml](../soar2.example.toml). `soar2 check` explains each fault in a"
        " sentence; a key"
        " that is not listed here is a fault. After a change to roles, people or rota run `soar2 migrate`;"
        " every other change"
        " takes effect when the processes start again.",
        "## soar2.toml",
        table(["key", "meaning", "default"], _rows("")),
        *(f"### {_title(name)}\n\n" + _section(name) for name in KEYS if name),
        "### [[feed]]\n\nThe feed file: which messages are this programme's reports, and how this sender writes"
        " them. How to"
        " fill it: [connect a radiology feed](../how-to/connect-a-radiology-feed.md).\n\n"
        + table(["key", "meaning", "default"], _feed_rows()),
        "## Environment",
        table(
            ["variable", "default", "meaning"],
            ((f"`{name}`", default, words) for name, default, words in ENVIRONMENT),
        ),
    ]
    return "\n\n".join(parts)


def _title(name: str) -> str:
    return f"[[{name}]]" if name in ("role", "person", "rota", "webhook") else f"[{name}]"


def _section(name: str) -> str:
    if name in DEFAULTS:
        return table(["key", "meaning", "default"], _rows(name))
    return table(["key", "meaning"], ((f"`{key}`", words) for key, words in _known(name).items()))


def _known(name: str) -> dict[str, str]:
    """The meanings of one table; stops when the code knows another set of keys."""
    meanings = MEANINGS[name]
    if set(meanings) != set(KEYS[name]):
        raise SystemExit(
            f"reference/settings_file.py: [{name}] has {sorted(set(meanings) ^ set(KEYS[name]))} on one side only"
        )
    return meanings


def _rows(name: str) -> list[tuple[str, str, str]]:
    return [(f"`{key}`", words, _default(name, key)) for key, words in _known(name).items()]


def _default(table_name: str, key: str) -> str:
    if table_name == "" and key in (*KEYS, "feed", "phones"):
        return ""
    if (table_name, key) == ("", "time_zone"):
        return "needed"
    if (table_name, key) == ("", "address") or (table_name, key) == ("smtp", "host"):
        return "needed"
    if table_name == "calendar":
        return {"working_days": "`mon-fri`", "holidays": "none"}.get(key) or _shown(
            getattr(Calendar(UTC_ZONE), key)
        )
    return _shown(getattr(DEFAULTS[table_name](), key))


def _feed_rows() -> list[tuple[str, str, str]]:
    if set(FEED) != set(_CHECKS):
        raise SystemExit(
            f"reference/settings_file.py: [[feed]] has {sorted(set(FEED) ^ set(_CHECKS))} on one side only"
        )
    return [
        (
            f"`{key}`",
            words.removesuffix("; needed"),
            "needed" if words.endswith("; needed") else _of_feed(key),
        )
        for key, words in FEED.items()
    ]


def _of_feed(key: str) -> str:
    default = next(field.default for field in fields(Feed) if field.name == key)
    return "" if default in (MISSING, None) else _shown(default)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`".replace("'", '"') if value else "empty"
    if hasattr(value, "strftime"):
        return f"`{value:%H:%M}`"
    return f"`{value}`" if str(value) else "empty"
