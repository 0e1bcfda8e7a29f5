"""The finding that the feed page states as its title, computed from the data it shows. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from soar2.exchange.queries import FeedLine, Queue
from soar2.exchange.receipts import ChannelLine, ProcessLine
from soar2.pages import words

BEHIND = timedelta(seconds=60)


def finding(
    feeds: Sequence[FeedLine], held: int, queue: Queue, channels: Iterable[ChannelLine], now: datetime
) -> str:
    """The worst thing that is true, in one sentence; that all is well, when it is."""
    silent = [feed for feed in feeds if feed.mark == "fault"]
    if silent:
        return (
            f"{silent[0].name} has been {silent[0].state.lower()}; nothing is lost, what is shown may be old"
        )
    if queue.oldest is not None and now - queue.oldest > BEHIND:
        return f"{_count(queue.depth, 'message')} stored and not yet read, the oldest {words.ago(queue.oldest, now)}"
    failed = sum(line.failed for line in channels)
    if failed:
        return (
            f"{_count(failed, 'delivery', 'deliveries')} failed in 24 hours; each became a task for a person"
        )
    if held:
        return f"{_count(held, 'message')} held for a person; nothing is lost"
    if not any(feed.last_seen for feed in feeds):
        return "No message has come yet; the door is open"
    received = sum(feed.received for feed in feeds)
    return f"Feeds well: {_count(received, 'message')} in 24 hours, none held"


def _count(n: int, one: str, many: str = "") -> str:
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def silent_processes(lines: Iterable[ProcessLine]) -> list[str]:
    """The kinds of process that give no sign of life."""
    return [line.kind for line in lines if not line.alive]


def axis(now: datetime) -> list[str]:
    """Words over the column of quarter hours: the start, every six hours, now."""
    start = timezone.localtime(now) - timedelta(days=1)
    return [f"{start + timedelta(hours=6 * n):%H:%M}" for n in range(4)] + ["now"]
