"""`make faults`: thousands of messages under a thousand faults. Exit status 1 when a law was broken.

    .venv/bin/python tests/faults/long_run.py --messages 10000 --faults 1000 --seed 7

The same seed gives the same messages and the same faults in the same order; what each of them meets depends
on the machine, as it does in a hospital.
"""

import argparse
import os
import random
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from fault_plan import long_plan, short_plan
from fault_run import Run


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--faults", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("SOAR2_FAULT_SEED", "0")))
    parser.add_argument("--short", action="store_true", help="the form that `make test` runs")
    args = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(130))  # so that nothing that was started stays behind
    seed = args.seed or random.SystemRandom().randrange(1, 10**6)
    run = Run(short_plan(seed) if args.short else long_plan(args.messages, args.faults, seed), _say)
    verdict = run.go()
    print(run.report(verdict))
    return 0 if verdict.good else 1


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
