"""What the figures were measured on, and how busy it was: printed beside them, since it explains most surprises."""
# ruff: noqa: S603 - df and git are the machine's own

import os
import platform
import re
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("django", "granian", "psycopg", "uvloop", "asyncpg", "hl7", "aiosmtpd")


def environment(place, load):
    """The machine, the versions and the durability that all contestants share."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgresql": place.one("SHOW server_version").split()[0],
        "libraries": {name: version(name) for name in LIBRARIES},
        "filesystem": _filesystem(place.directory),
        "durability": place.durability(),
        "load_client": load.built_with,
        "commit": _commit(),
        "started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


def _cpu():
    found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _filesystem(directory):
    said = _said("df", "-PT", str(directory)).splitlines()
    return said[-1].split()[1] if said else "unknown"


def _commit():
    return _said("git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty") or "unknown"


def _said(*words):
    """What a program of the machine says; nothing where there is no such program or it fails."""
    try:
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


class Weather:
    """Load, stolen time and the disk's flushes: measured before and after, since others may share the machine."""

    def __init__(self, directory):
        self.directory, self.readings = directory, []
        self.begun = _ticks()

    def read(self, when):
        """One look at the disk (4 kB written and flushed, 200 times) and at the load."""
        flushes = sorted(_flushes(self.directory / "flush"))
        reading = {
            "when": when,
            "load_average": round(os.getloadavg()[0], 2),
            "fdatasync_p50_ms": round(flushes[len(flushes) // 2], 3),
            "fdatasync_p99_ms": round(flushes[int(len(flushes) * 0.99)], 3),
            "fdatasync_a_second": round(1000 * len(flushes) / sum(flushes)),
        }
        self.readings.append(reading)
        return reading

    def stolen(self):
        """The part of all processor time since the start that the hypervisor gave to others, in per cent."""
        steal, total = (now - then for now, then in zip(_ticks(), self.begun, strict=True))
        return round(100 * steal / total, 2) if total else 0.0


def _flushes(path, times=200):
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(os.urandom(4096))
            start = time.perf_counter()
            os.fdatasync(file.fileno())
            yield 1000 * (time.perf_counter() - start)
    path.unlink()


def _ticks():
    fields = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return fields[7], sum(fields)
