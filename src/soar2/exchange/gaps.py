"""What the sequence numbers of senders show: messages that never came, and numbers that came twice."""

from dataclasses import dataclass
from datetime import datetime

from soar2.exchange.models import SenderSequence


@dataclass(frozen=True)
class SequenceGap:
    """Numbers ``first`` to ``last`` of one sender, since when, and what is odd with them.

    ``kind``: ``missing`` (never came), ``repeated`` (came again with another message), ``restarted`` (the
    sender counts from 1 again).
    """

    sending_application: str
    sending_facility: str
    first: int
    last: int
    seen: datetime
    kind: str

    @property
    def sentence(self) -> str:
        """For a person: which numbers, and what to ask the sender."""
        numbers = (
            f"number {self.first}" if self.first == self.last else f"numbers {self.first} to {self.last}"
        )
        sender = "/".join(filter(None, (self.sending_application, self.sending_facility)))
        return {
            "missing": f"{sender}: {numbers} never came. Ask its interface team to send them again.",
            "repeated": f"{sender}: {numbers} came a second time, with another message.",
            "restarted": f"{sender}: the sender counts its messages from 1 again.",
        }[self.kind]


def sequence_gaps() -> list[SequenceGap]:
    """What is odd in the sequence numbers of all senders, the newest first. Senders without numbers have none."""
    found = [
        SequenceGap(
            row.sending_application, row.sending_facility, first, last, datetime.fromisoformat(at), kind
        )
        for row in SenderSequence.objects.exclude(gaps=[])
        for first, last, at, kind in row.gaps
    ]
    return sorted(found, key=lambda gap: gap.seen, reverse=True)
