"""Nothing is lost and nothing doubled: the short form of `make faults` (long_run.py says how to run that).

Listener, worker, pages, watcher and database are killed, the network between all of them fails in every way
the proxy knows, and the disk is full, while reports are sent by senders that send again whatever was not
acknowledged. Afterwards each message is stored once and became what its kind demands, each report was filed
once, each scored one belongs to exactly one notice, and every copy of a delivery carries the same id.
"""

import os
import random

import pytest
from fault_plan import short_plan
from fault_run import Run

SEED = int(os.environ.get("SOAR2_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


@pytest.mark.faults
def test_nothing_is_lost_and_nothing_doubled():
    run = Run(short_plan(SEED))
    verdict = run.go()
    print(run.report(verdict))
    assert verdict.good, run.report(verdict)
