"""Sequence numbers of senders (MSH-13): what comes next, what never came, what came twice. Pure.

A gap is told and shown, never refused: a report that is there must not wait for one that is not. Source:
HL7 v2.5.1 chapter 2.10.1. 0 is the sender asking where the count stands, -1 that the next number be taken
as it comes.
"""

from dataclasses import dataclass, replace

MISSING, REPEATED, RESTARTED = "missing", "repeated", "restarted"
ASK, ANY = 0, -1  # reserved values of MSH-13
KEPT = 50  # entries of one sender; the oldest go first

Entry = tuple[int, int, str, str]  # first, last, when it was seen (ISO), what it is


@dataclass(frozen=True, slots=True)
class Count:
    """What is known of one sender: the last number heard (-1: any may come next) and what was odd."""

    last: int = ANY
    entries: tuple[Entry, ...] = ()

    @property
    def expected(self) -> int:
        """The next number (MSA-4); -1 where any is."""
        return self.last + 1 if self.last != ANY else ANY

    def heard(self, number: int, at: str) -> "Count":
        """After a message with this number. ``at`` is the time it came, ISO."""
        if number == ASK:
            return self if self.last != ANY else replace(self, last=0)
        if number == ANY:
            return replace(self, last=ANY)
        if self.last == ANY or number == self.last + 1:
            return replace(self, last=number)
        if number > self.last:
            return self._with(number, (self.last + 1, number - 1, at, MISSING))
        if any(kind == MISSING and first <= number <= last for first, last, _, kind in self.entries):
            return self._filled(number)
        if number == 1:  # a sender that was set up anew counts from the start
            return self._with(1, (1, 1, at, RESTARTED))
        return self._with(self.last, (number, number, at, REPEATED))

    def _with(self, last: int, entry: Entry) -> "Count":
        return Count(last, (*self.entries, entry)[-KEPT:])

    def _filled(self, number: int) -> "Count":
        """A missing message came after all, by another way or late."""
        entries: list[Entry] = []
        for entry in self.entries:
            first, last, at, kind = entry
            if kind != MISSING or not first <= number <= last:
                entries.append(entry)
                continue
            entries += [(first, number - 1, at, kind)] if first < number else []
            entries += [(number + 1, last, at, kind)] if number < last else []
        return replace(self, entries=tuple(entries[-KEPT:]))
