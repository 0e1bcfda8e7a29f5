"""The watcher: another process that asks whether the rest did its work, and says what it found."""

import logging
import signal
import threading
from collections.abc import Iterator
from datetime import datetime

from django.db import Error as DatabaseFault
from django.db import connection
from django.utils import timezone

from soar2.exchange.work import beat
from soar2.record import clock
from soar2.watch import chain, telling
from soar2.watch.models import Finding
from soar2.watch.questions import QUESTIONS

log = logging.getLogger("soar2.watch")

EVERY = 5.0  # seconds


def run_watcher() -> int:
    """Look every few seconds until SIGTERM; a database that is away is itself said, and waited for.

    Its own sign of life is looked for by /health/ and /metrics: nobody else would miss the watcher.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    while not stopping.wait(EVERY):
        try:
            found = look(clock.now(), timezone.now())
            beat("watcher", "watcher", " ".join(found))
        except DatabaseFault as fault:
            log.error("the database does not answer (%s)", type(fault).__name__)
            connection.close()
    return 0


def look(now: datetime, real: datetime) -> list[str]:
    """One round of questions; findings are rows that open and close, each a sentence. Returns those open."""
    found = dict(_answers(now, real))
    for finding in Finding.objects.filter(closed_at=None).exclude(key__in=found):
        if Finding.objects.filter(id=finding.id, closed_at=None).update(closed_at=real):
            log.info("settled: %(key)s", {"key": finding.key})
            chain.note(finding, now, broken=False)
            telling.settled(finding, now)
    for key, words in found.items():
        finding, new = Finding.objects.update_or_create(
            key=key,
            closed_at=None,
            defaults={"words": words},
            create_defaults={"words": words, "opened_at": real},
        )
        if new:
            log.error("found: %(key)s: %(words)s", {"key": key, "words": words})
            chain.note(finding, now, broken=True)
    telling.tell(now, real)
    return list(found.values())


def _answers(now: datetime, real: datetime) -> Iterator[tuple[str, str]]:
    """A question that breaks is itself a finding: the others are asked all the same."""
    for question in QUESTIONS:
        try:
            yield from question(now, real)
        except DatabaseFault:
            raise
        except Exception:
            log.exception("a question broke: %(name)s", {"name": question.__name__})
            name = question.__name__.replace("_", " ")
            yield (
                f"watcher.{question.__name__}"[:64],
                f"The watcher cannot ask about {name}; its log says why.",
            )
