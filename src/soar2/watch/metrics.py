"""Every metric of /metrics, computed from the database: any web process gives the same numbers, and after a restart too.

Labels come from the settings or from short closed lists, never from a message: no patient, no free text, and
a bound on how many series there are.
"""

import platform
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version

from django.conf import settings
from django.db import OperationalError
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from soar2.exchange import house, measured, queries, receipts
from soar2.exchange.senders import channels
from soar2.pathway.notices import measured as notices
from soar2.record import clock
from soar2.watch import metric_names as names
from soar2.watch.metric_names import METRICS, Named
from soar2.watch.models import Finding
from soar2.watch.tallies import BUCKETS, Tallies

KEPT = 5.0  # seconds for which an answer is given again: several scrapers cost as much as one
PATIENCE = 10.0  # seconds that one scrape waits for another; a database that hangs must not hold every thread

LANES = ("emergent", "urgent", "expedited", "routine")
Sample = tuple[tuple[str, ...], float]


class Metrics(Collector):
    """One collector for all; ``text`` is what a scraper gets."""

    def __init__(self) -> None:
        self._tallies = Tallies()
        self._registry = CollectorRegistry()
        self._lock = threading.Lock()
        self._said: tuple[float, bytes] | None = None
        self._registry.register(self)

    def describe(self) -> list[Metric]:
        """Nothing is asked of the database when the collector is made."""
        return []

    def text(self) -> bytes:
        """The Prometheus text format 0.0.4; computed at most every few seconds.

        Raises OperationalError when another scrape has waited for the database for too long.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            raise OperationalError("another scrape still waits")
        try:
            if self._said is None or time.monotonic() - self._said[0] > KEPT:
                self._said = (time.monotonic(), generate_latest(self._registry))
            return self._said[1]
        finally:
            self._lock.release()

    def collect(self) -> Iterator[Metric]:
        now, real = clock.now(), timezone.now()
        found: dict[Named, list[Sample]] = {names.BUILD: [_build()]}
        for part in (_traffic(now), _outbox(real), _notices(now), _processes(real), _house(real)):
            for named, labels, value in part:
                found.setdefault(named, []).append((labels, value))
        self._tallies.refresh(real)
        found[names.RECEIVED] = list(self._tallies.received.items())
        found[names.ATTEMPTS] = list(self._tallies.attempts.items())
        for named in METRICS:
            if named.kind == "histogram":
                yield self._latency()
            elif named in found:
                yield _family(named, found[named])

    def _latency(self) -> Metric:
        family = HistogramMetricFamily(names.LATENCY.name, names.LATENCY.words, labels=names.LATENCY.labels)
        for lane in LANES:
            counts, total = self._tallies.latency(lane)
            bounds = [*(str(float(bound)) for bound in BUCKETS), "+Inf"]
            family.add_metric((lane,), list(zip(bounds, counts, strict=True)), total)
        return family


def _family(named: Named, samples: list[Sample]) -> Metric:
    kind = CounterMetricFamily if named.kind == "counter" else GaugeMetricFamily
    family = kind(named.name, named.words, labels=named.labels)
    for labels, value in sorted(samples):
        family.add_metric(labels, value)
    return family


def _build() -> Sample:
    programme = settings.PROGRAMME
    return (version("soar2"), platform.python_version(), " ".join(programme.pack), programme.mode), 1


Found = Iterator[tuple[Named, tuple[str, ...], float]]


def _traffic(now: datetime) -> Found:
    for line in queries.feed_lines(now):
        held = line.received - line.applied - line.filtered - line.unread
        states = {"applied": line.applied, "filtered": line.filtered, "held": held, "other": line.unread}
        for state, count in states.items():
            yield names.FEED, (line.name, state), count
        if line.last_seen:
            yield names.SILENCE, (line.name,), _age(line.last_seen, now)
        elif line.mark == "fault":  # an alert on its silence must not end because it has lasted for long
            yield names.SILENCE, (line.name,), queries.LOOK_BACK.total_seconds()
        if line.gap_minutes is not None:
            yield names.GAP, (line.name,), 60 * line.gap_minutes
    for place, count in measured.held_by_place().items():
        yield names.HELD, (place,), count
    yield names.MISSING, (), sum(measured.missing_numbers().values())


def _outbox(real: datetime) -> Found:
    undone = measured.undone()
    yield names.UNDONE, (), undone.count
    yield names.UNDONE_AGE, (), _age(undone.oldest, real)
    owed = measured.owed()
    for channel in {*owed, *channels()}:
        waits = owed.get(channel, measured.Backlog())
        yield names.OWED, (channel,), waits.count
        yield names.OWED_AGE, (channel,), _age(waits.oldest, real)


def _notices(now: datetime) -> Found:
    counts = {line.lane: line for line in notices.open_by_lane(now)}
    for lane in LANES:
        line = counts.get(lane, notices.LaneCount(lane, 0, 0, 0, 0))
        yield names.OPEN, (lane,), line.open
        yield names.UNOWNED, (lane,), line.unowned
        yield names.OVERDUE, (lane,), line.overdue
        yield names.HAND, (lane,), line.by_hand


def _processes(real: datetime) -> Found:
    for process in receipts.processes(real):
        yield names.ALIVE, (process.kind,), process.count
        if process.seen:
            yield names.BEAT, (process.kind,), _age(process.seen, real)
    findings = Finding.objects.filter(closed_at=None).values_list("key", "opened_at")
    yield names.FINDINGS, (), len(findings)
    oldest: dict[str, datetime] = {}
    for key, opened in findings:
        kind = (
            key.partition(".")[0] if key.startswith("sequence.") else key
        )  # a sender's own word is no label
        oldest[kind] = min(opened, oldest.get(kind, opened))
    for kind, opened in oldest.items():
        yield names.FINDING, (kind,), _age(opened, real)


def _house(real: datetime) -> Found:
    yield names.DATABASE, (), house.database_bytes()
    if disk := house.disk():
        yield names.DISK_FREE, (), disk.free
        yield names.DISK, (), disk.total
    if backup := house.last_backup():
        yield names.BACKUP, (), _age(backup.at, real)
    for use, ends in house.certificates().items():
        if ends:
            yield names.CERTIFICATE, (use,), ends.timestamp()


def _age(since: datetime | None, real: datetime) -> float:
    return max(0.0, (real - since).total_seconds()) if since else 0.0
