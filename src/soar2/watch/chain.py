"""Is the audit as it was written? The watcher adds to the chain of seals, and walks along it for ever."""

import logging
import time
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from soar2.record import ledger, seals
from soar2.record.seals import Break, Walk
from soar2.watch.models import Finding

log = logging.getLogger("soar2.watch")

AUDIT = "audit."  # how the keys of its findings begin
TAMPERED, UNSEALED, UNKEPT = "audit.tampered", "audit.unsealed", "audit.unkept"
SEAL_EVERY = 10.0  # seconds; each seal is a row that every later walk looks at
SHOWN = 5  # places that are findings of their own; whatever else is broken is counted
SHORT = 16  # characters of a digest that a log line needs

Found = Iterator[tuple[str, str]]


class Chain:
    """One watcher's place on its walk, and what it has seen broken. A break stays a finding until a whole walk
    finds it no more."""

    def __init__(self) -> None:
        self.walk = Walk()
        self.seen: dict[str, Break] = {}  # on this walk
        self.stands: dict[str, Break] = {}  # on the last whole walk
        self.whole = False  # a walk has come to its end since this process began
        self._next_seal = 0.0

    def audit_chain(self, now: datetime, real: datetime) -> Found:
        """The question: look at what was kept, at the newest seals and at the next stretch, then seal what is new."""
        broken = self._broken()
        yield from _findings(broken)
        if not self.whole:
            told = Finding.objects.filter(closed_at=None, key__startswith=TAMPERED)
            yield from told.exclude(key__in=dict(_findings(broken))).values_list("key", "words")
        self._seal(real)
        if count := seals.unsealed(real):
            yield (
                UNSEALED,
                f"{count:,} audit row{'s' * (count != 1)} not sealed for over ten minutes: a transaction may be "
                "hanging.",
            )
        if seals.END not in broken and (why := _keep()):
            yield UNKEPT, f"The newest seal cannot be noted in the state folder ({why})."

    def _broken(self) -> dict[str, Break]:
        cut = seals.cut_off(seals.kept_head(settings.HOME))
        self._note(seals.verify_newest())
        found, walk = seals.verify_next(self.walk)
        self._note(found)
        self.walk = walk or Walk()
        if walk is None:
            self.stands, self.seen, self.whole = self.seen, {}, True
        return {one.place: one for one in cut} | self.stands | self.seen

    def _note(self, found: list[Break]) -> None:
        for one in found:
            self.seen.setdefault(one.place, one)

    def _seal(self, real: datetime) -> None:
        if time.monotonic() < self._next_seal:
            return
        if count := seals.seal(real):
            self._next_seal = time.monotonic() + SEAL_EVERY
            # a log that goes to another machine is where the chain is proved by, whatever becomes of this one
            log.info("sealed: %(rows)s rows, %(head)s", {"rows": count, "head": seals.head()[:SHORT]})


def _findings(broken: dict[str, Break]) -> Found:
    """One finding a place, so that a second place is told of though the first is known."""
    places = sorted(broken, key=lambda place: (place != seals.END, len(place), place))
    for place in places[:SHOWN]:
        yield f"{TAMPERED}.{place}", f"The audit is not as it was written. {broken[place].words}"
    if len(places) > SHOWN:
        yield (
            f"{TAMPERED}.more",
            f"The audit is not as it was written in {len(places) - SHOWN:,} more places; soar2 audit verify "
            "names them all.",
        )


def note(finding: Finding, now: datetime, *, broken: bool) -> None:
    """What is found of the audit stands in the ledger itself, sealed like the rest: the audit page reads it there."""
    if finding.key.startswith(TAMPERED):
        kind = seals.BROKEN if broken else seals.WHOLE
        ledger.record(kind, at=now, subject=finding.key, actor="watcher", words=finding.words)


def _keep() -> str:
    """Note the newest seal outside the database; why that failed, or nothing.

    Never over a note that is missing from the chain: the note is what shows that something was cut off.
    """
    try:
        seals.keep_head(settings.HOME)
    except OSError as fault:
        return fault.strerror or type(fault).__name__
    return ""


CHAIN = Chain()
