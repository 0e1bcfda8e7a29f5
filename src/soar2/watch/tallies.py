"""Counts over rows that never change, kept between scrapes: only what is new is read.

Numbers of rows are given before they are committed, so a lower one may appear after a higher one. What is
older than a minute is settled and counted once; the rest is counted afresh each time.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from soar2.exchange import measured
from soar2.pathway.notices.measured import first_attempts
from soar2.pathway.reports.arrivals import inbound_of

SETTLED_AFTER = timedelta(seconds=60)
BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 600, 3600)  # seconds
SUM = "sum"
STRETCH = 50_000  # rows counted at once: the first count after a start goes over all there are

Labels = tuple[str, ...]
Count = Callable[[int, int | None], Counter[Labels]]


class Tally:
    """One running count. ``count(after, upto)`` counts a stretch of rows, ``settled(before)`` ends the sure part."""

    def __init__(self, count: Count, settled: Callable[[datetime], int]) -> None:
        self._count, self._settled = count, settled
        self._upto = 0
        self._sure: Counter[Labels] = Counter()

    def total(self, real: datetime) -> Counter[Labels]:
        settled = self._settled(real - SETTLED_AFTER)
        if settled < self._upto:  # another database stands in the place of the one that was counted
            self._upto, self._sure = 0, Counter()
        while settled > self._upto:
            upto = min(settled, self._upto + STRETCH)
            self._sure.update(self._count(self._upto, upto))
            self._upto = upto
        fresh = self._count(self._upto, None)
        return Counter(self._sure) + fresh


class Tallies:
    """What grows for ever: messages received, attempts to deliver, the time from a report to its first attempt."""

    def __init__(self) -> None:
        self._received = Tally(measured.received, measured.settled_messages)
        self._attempts = Tally(measured.delivered, measured.settled_attempts)
        self._latency = Tally(latencies, measured.settled_attempts)
        self.received: Counter[Labels] = Counter()
        self.attempts: Counter[Labels] = Counter()
        self._latencies: Counter[Labels] = Counter()

    def refresh(self, real: datetime) -> None:
        self.received = self._received.total(real)
        self.attempts = self._attempts.total(real)
        self._latencies = self._latency.total(real)

    def latency(self, lane: str) -> tuple[list[int], float]:
        """Of one lane: how many were as fast as each bound or faster, the last without one; and seconds in all."""
        counts, running = [], 0
        for n in range(len(BUCKETS) + 1):
            running += self._latencies[lane, str(n)]
            counts.append(running)
        return counts, self._latencies[lane, SUM] / 1000


def latencies(after: int, upto: int | None) -> Counter[Labels]:
    """First attempts by lane and bucket, and under ``sum`` their milliseconds."""
    firsts = [first for first in first_attempts(after, upto) if first.report]
    behind = inbound_of(first.report for first in firsts if first.report)
    stored = measured.stored_at(behind.values())
    found: Counter[Labels] = Counter()
    for first in firsts:
        since = stored.get(behind.get(first.report, 0)) if first.report else None
        if since is not None:
            seconds = max(0.0, (first.at - since).total_seconds())
            found[first.lane, str(bisect_left(BUCKETS, seconds))] += 1
            found[first.lane, SUM] += round(seconds * 1000)
    return found
