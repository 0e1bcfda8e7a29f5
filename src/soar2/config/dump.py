"""PostgreSQL's own programs that write a database out and put it back: found, matched in version, run."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from soar2.config.postgres_programs import ServerFault, in_system, in_wheel, major_version, on_path

NO_PROGRAM = (
    "No {name} of PostgreSQL {version} or newer found: install the client programs of your server's version, "
    "and set SOAR2_PG_BIN to their directory if they are not found by themselves."
)


def programs(name: str, server: int, environment: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Each program of that name that is at least as new as the server: an older one refuses to work."""
    environment = os.environ if environment is None else environment
    wanted = environment.get("SOAR2_PG_BIN")
    places = [Path(wanted)] if wanted else [*in_system(), *in_wheel(), *on_path(environment.get("PATH", ""))]
    for place in places:
        if os.access(place / name, os.X_OK) and _version(place / name) >= server:
            yield place / name


def _version(program: Path) -> int:
    """The distribution's client package holds no ``postgres``, so each program is asked itself."""
    return major_version(program.parent, program.name)


def run(name: str, server: int, url: str, *arguments: str, stdin: Any = None) -> None:
    """Run one of PostgreSQL's programs on the database ``url``.

    Programs that differ in what they were built with (TLS) are tried one after the other. Raises
    ``ServerFault`` with the last one's own first line; it never holds a row's content.
    """
    said = NO_PROGRAM.format(name=name, version=server)
    for program in programs(name, server):
        ran = subprocess.run(  # noqa: S603
            [program, *arguments],
            stdin=stdin or subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**_clean(), **_connection(url)},
        )
        if ran.returncode == 0:
            return
        said = _first_line(ran.stderr) or f"{name} ended with {ran.returncode}."
        if stdin is not None:
            break  # what was read from it is gone
    raise ServerFault(said)


KEPT = frozenset({
    "PATH", "HOME", "TZ",
    "PGPASSWORD", "PGPASSFILE", "PGSSLMODE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY",
})  # fmt: skip


def _clean() -> dict[str, str]:
    """A password or a certificate may stand beside the address: SOaR2 itself reads them there as well."""
    return {"LC_ALL": "C", **{key: value for key, value in os.environ.items() if key in KEPT}}


def _connection(url: str) -> dict[str, str]:
    """The address as libpq's own variables: a command line can be read by everybody on the machine."""
    names = {
        "host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
        "password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT",
        "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY", "channel_binding": "PGCHANNELBINDING",
        "service": "PGSERVICE", "passfile": "PGPASSFILE", "target_session_attrs": "PGTARGETSESSIONATTRS",
        "connect_timeout": "PGCONNECT_TIMEOUT", "options": "PGOPTIONS",
    }  # fmt: skip
    parts = conninfo_to_dict(url)
    return {variable: str(parts[key]) for key, variable in names.items() if parts.get(key)}


def _first_line(text: str) -> str:
    """An error's later lines (DETAIL, CONTEXT) quote rows, so patient data."""
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if "error" in line.lower() or "fatal" in line.lower()), "")
