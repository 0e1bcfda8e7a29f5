"""Messages whose clock cannot be right: read and acted on, left out of every clock, listed for a person."""

from dataclasses import dataclass
from datetime import datetime

from soar2.exchange.hl7v2.clocks import CLOCK
from soar2.exchange.models import InboundMessage


@dataclass(frozen=True)
class DataError:
    """One message with an impossible time; ``words`` say which, without patient data."""

    message: int
    received_at: datetime
    feed: str
    state: str
    words: tuple[str, ...]


def impossible_clocks(limit: int = 200) -> tuple[DataError, ...]:
    """The newest messages whose exam or report time cannot be, newest first."""
    rows = InboundMessage.objects.filter(notes__contains=[[CLOCK]]).order_by("-id")
    return tuple(
        DataError(row.id, row.received_at, row.feed, row.state, tuple(said for kind, said in row.notes if kind == CLOCK))
        for row in rows.only("id", "received_at", "feed", "state", "notes")[:limit]
    )  # fmt: skip


def impossible_clock_count() -> int:
    """How many messages have such a time."""
    return InboundMessage.objects.filter(notes__contains=[[CLOCK]]).count()
