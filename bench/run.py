"""How fast SOaR2 is on this machine, beside others doing the same work in the same minutes. Run: make bench

    .venv/bin/python bench/run.py [--quick] [--only mllp|delivery|fhir|reader] [--on DIRECTORY] [--show]

Asserts no time. Exits with 1 only when a message was lost or wrongly answered, or a part could not run at all.
How it is measured and how to read it: docs/reference/performance.md. The figures go to bench/results.json.
"""

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import delivery
import mllp
import reader
import table
from book import Book
from load import Load
from machine import Weather, environment
from place import Place

import fhir

DISK = "/var/tmp"  # noqa: S108 - unlike /tmp it is on a disk everywhere; the bench makes a directory of its own
RESULTS = Path(__file__).with_name("results.json")
SECTIONS = {"mllp": mllp, "delivery": delivery, "fhir": fhir, "reader": reader}


@dataclass(frozen=True)
class Plan:
    """How often and how long: seconds of one closed-loop run, of one open-loop run, of the warm-up before each."""

    runs: int = 3
    seconds: float = 3
    open_seconds: float = 10
    warm: float = 0.5
    connections: tuple[int, ...] = (1, 8, 64)


QUICK = Plan(seconds=1, open_seconds=3, warm=0.3, connections=(1, 64))


def main():
    given = _options()
    if given.show:
        return _show()
    plan = QUICK if given.quick else Plan()
    wanted = [name for name in SECTIONS if name in (given.only or SECTIONS)]
    began, book, failed = time.monotonic(), Book(), []
    with Place(given.on) as place:
        load, weather = Load(place.directory), Weather(place.directory)
        surroundings = environment(place, load)
        table.print_environment(surroundings, weather.read("at the start"))
        for name in wanted:
            print(f"\n{table.TITLES[name]}", flush=True)
            try:
                SECTIONS[name].measure(place, load, book, plan)
            except (SystemExit, Exception) as fault:  # the other parts are still worth having
                failed.append(name)
                print(f"{name} could not be measured: {fault}", file=sys.stderr)
            place.end_all()
            weather.read(f"after {name}")
    surroundings |= {"weather": weather.readings, "stolen_per_cent": weather.stolen()}
    done = asdict(plan) | {
        "parts": wanted,
        "not_measured": failed,
        "took_seconds": round(time.monotonic() - began),
    }
    table.print_all(book, surroundings, done)
    _write(book, done, surroundings)
    return 1 if failed or book.faulty else 0


def _options():
    parser = argparse.ArgumentParser(description="Measure SOaR2 beside its peers. Asserts no time.")
    parser.add_argument("--quick", action="store_true", help="about two minutes; the figures are rougher")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="one part; may be given again")
    parser.add_argument("--show", action="store_true", help="measure nothing; print the last run's tables")
    parser.add_argument("--on", default=DISK, help=f"a directory on the disk to be measured (default {DISK})")
    return parser.parse_args()


def _write(book, done, surroundings):
    record = {
        "environment": surroundings,
        "plan": done,
        "goals": book.goals,
        "medians": book.medians(),
        "notes": book.notes,
        "runs": book.runs,
    }
    RESULTS.write_text(json.dumps(record, indent=1) + "\n")
    print(f"\nEvery run is in {RESULTS.name}. How to read it: docs/reference/performance.md")


def _show():
    """The tables of the last run, from its file."""
    record = json.loads(RESULTS.read_text())
    surroundings = record["environment"]
    table.print_environment(surroundings, surroundings["weather"][0])
    table.print_all(Book(record["runs"], record["goals"], record["notes"]), surroundings, record["plan"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
