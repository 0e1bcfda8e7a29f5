"""The load client, built when it is needed: bench/client.c, or bench/slow_client.py where there is no compiler."""
# ruff: noqa: S603 - the compiler is the machine's own, the client ours

import itertools
import json
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# What makes a run have no rate: an answer missing, wrong, or in the wrong order.
FAULTS = ("lost", "wrong", "out_of_order")


class Load:
    """Runs the client; each run gets a prefix of its own, so that no id is ever sent twice."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.command, self.built_with = self._build()
        self._mark, self._count = secrets.token_hex(2).upper(), itertools.count()

    def _build(self):
        compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
        program = self.directory / "client"
        if compiler:
            built = subprocess.run(
                [compiler, "-O2", "-o", str(program), str(HERE / "client.c")], capture_output=True, text=True
            )
            if built.returncode == 0:
                return [str(program)], "C"
            print(built.stderr, file=sys.stderr)
        print(
            "WARNING: no C compiler, so the load client is Python's. It is slower than the servers it measures:\n"
            "rates at 8 and 64 connections are then the client's, and the ratios say little.",
            file=sys.stderr,
        )
        return [sys.executable, str(HERE / "slow_client.py")], "Python"

    def run(self, port, template, *, mode="mllp", **options):
        """One run; what the client printed, and the prefix of its ids.

        ``template`` is the message; ``options`` are the client's: connections, depth, seconds, warm, rate, log,
        path, header. Raises SystemExit when the client itself fails.
        """
        prefix = f"{self._mark}{next(self._count):04d}"
        sample = self.directory / f"template-{mode}"
        sample.write_bytes(template)
        given = {"mode": mode, "port": port, "template": sample, "prefix": prefix, **options}
        words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
        done = subprocess.run([*self.command, *words], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"the load client failed: {done.stderr}")
        return json.loads(done.stdout) | {"prefix": prefix}


def sound(run):
    """Whether a run has a rate: every message answered, rightly, in order, and every answer backed by a row."""
    return not any(run.get(name) for name in FAULTS) and run.get("rows", run.get("acknowledged")) == run.get(
        "acknowledged"
    )
