"""What came in through the doors, feed by feed, and what of it is not yet read."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q

from soar2.exchange.feeds import Feed, name_of
from soar2.exchange.held import waiting
from soar2.exchange.mappings import active_feeds
from soar2.exchange.models import InboundMessage
from soar2.pages import words
from soar2.record.models import OutboxMessage

QUARTERS = 96
QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
LOOK_BACK = timedelta(days=7)  # a feed silent for longer is silent whatever the day


@dataclass(frozen=True)
class FeedState:
    """One sentence about all feeds: ``mark`` is well, warn or fault."""

    mark: str
    words: str
    more: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.words}{self.more}"


@dataclass(frozen=True)
class FeedLine:
    """One feed over the last 24 hours."""

    name: str
    received: int
    applied: int
    filtered: int
    held: int
    resent: int
    last_seen: datetime | None
    gap_minutes: int | None
    quarters: tuple[int, ...]
    mark: str
    state: str
    unread: int = 0  # of those received: stored, and not read yet

    @property
    def silent_from(self) -> int | None:
        """The quarter hour from which nothing came, for a feed that is too quiet."""
        if self.mark != "fault":
            return None
        last = max((i for i, count in enumerate(self.quarters) if count), default=-1)
        return last + 1


@dataclass(frozen=True)
class Day:
    """Messages of the last 24 hours by feed: per state, per quarter hour, and how often they were resent."""

    tallies: dict[str, Counter[str]]
    quarters: dict[str, list[int]]
    resent: Counter[str]


@dataclass(frozen=True)
class Queue:
    """Messages stored and not yet applied."""

    depth: int
    oldest: datetime | None


def feed_gaps() -> dict[str, int | None]:
    """The longest silence in minutes that is normal for each feed, mapped ones too; None: none is watched."""
    return {feed.name: feed.expected_gap_minutes for feed in active_feeds(settings.PROGRAMME)}


def feed_state(now: datetime) -> FeedState:
    """Whether every feed has been heard of within its expected gap. One short query a feed and one more."""
    silent = list(silent_feeds(now))
    if silent:
        return FeedState("fault", *_silent_words(silent, now))
    report = _last_report()
    if report is None:
        seen = [at for name in feed_gaps() if (at := last_seen(name, now))]
        if not seen:
            return FeedState("warn", "No message has come yet")
        return FeedState("well", "Feeds well", f", last message {words.ago(max(seen), now)}, no report yet")
    return FeedState("well", "Feeds well", f", last report {words.ago(report, now)}")


def _last_report() -> datetime | None:
    rows = InboundMessage.objects.filter(state=InboundMessage.APPLIED).order_by("-received_at")
    return rows.values_list("received_at", flat=True).first()


def _silent_words(silent: list[tuple[str, str]], now: datetime) -> tuple[str, str]:
    name = silent[0][0]
    last = last_seen(name, now)
    head = f"{name} silent {words.in_words(now - last)}" if last else f"{name} silent over a week"
    desk = desk_phone()
    return head, f". Call {desk}" if desk else ""


def desk_phone() -> str:
    """The number of the people who mend interfaces."""
    return next((role.phone for role in settings.PROGRAMME.roles if role.key == "interface-desk"), "")


def silent_feeds(now: datetime) -> Iterator[tuple[str, str]]:
    """(feed, sentence) for each watched feed that has been quiet for longer than its table allows.

    A feed from which nothing has ever come is not silent: the programme has just been set up.
    """
    if not InboundMessage.objects.exists():
        return
    for name, gap in feed_gaps().items():
        if gap is None:
            continue
        last = last_seen(name, now)
        if last is None or now - last > timedelta(minutes=gap):
            since = words.in_words(now - last) if last else "over a week"
            yield name, f"{name} has been silent for {since}; the longest silence expected is {gap} min."


def last_seen(name: str, now: datetime) -> datetime | None:
    """The last message of this feed. A message not yet applied has no feed; it counts for a lone feed."""
    mine = Q(feed=name) | Q(feed="", state=InboundMessage.STORED)
    rows = InboundMessage.objects.filter(mine, received_at__gt=now - LOOK_BACK).order_by("-received_at")
    return rows.values_list("received_at", flat=True).first()


def feed_lines(now: datetime) -> tuple[FeedLine, ...]:
    """Every feed of the feed file over the last 24 hours, then what belonged to none of them."""
    day = _traffic(now)
    held = _held_by_feed()
    gaps = feed_gaps()
    silent = {name for name, _ in silent_feeds(now)}
    lines = [
        _feed_line(name, day, held, last_seen(name, now), gap, name in silent, now)
        for name, gap in gaps.items()
    ]
    others = sorted(name for name in {*day.tallies, *held} if name not in gaps)
    return (*lines, *(_other_line(name, day, held) for name in others))


def _feed_line(
    name: str,
    day: Day,
    held: Mapping[str, int],
    last: datetime | None,
    gap: int | None,
    silent: bool,
    now: datetime,
) -> FeedLine:
    mark, state = ("well", "Well") if last else ("warn", "Nothing yet")
    if silent:
        mark, state = "fault", f"Silent {words.in_words(now - last)}" if last else "Silent over a week"
    return replace(_other_line(name, day, held), last_seen=last, gap_minutes=gap, mark=mark, state=state)


def _other_line(name: str, day: Day, held: Mapping[str, int]) -> FeedLine:
    """What came of one feed; of no feed, when ``name`` is empty. Nothing is expected of it."""
    counts = day.tallies.get(name, Counter())
    return FeedLine(
        name=name,
        received=sum(counts.values()),
        applied=counts[InboundMessage.APPLIED],
        filtered=counts[InboundMessage.FILTERED],
        held=held.get(name, 0),
        resent=day.resent[name],
        last_seen=None,
        gap_minutes=None,
        quarters=tuple(day.quarters.get(name, [0] * QUARTERS)),
        mark="well",
        state="Well",
        unread=counts[InboundMessage.STORED],
    )


def _traffic(now: datetime) -> Day:
    """One query."""
    since = now - DAY
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT feed, CASE feed WHEN '' THEN sending_application END, CASE feed WHEN '' THEN sending_facility END,"
            " state, floor(extract(epoch FROM received_at - %s) / 900)::int, count(*), sum(resent)"
            " FROM exchange_inboundmessage WHERE received_at > %s AND received_at <= %s GROUP BY 1, 2, 3, 4, 5",
            [since, since, now],
        )
        rows = cursor.fetchall()
    tallies: dict[str, Counter[str]] = defaultdict(Counter)
    quarters: dict[str, list[int]] = defaultdict(lambda: [0] * QUARTERS)
    resent: Counter[str] = Counter()
    feeds = active_feeds(settings.PROGRAMME)
    for noted, application, facility, state, quarter, count, again in rows:
        feed = _counted_under(feeds, noted, application, facility)
        tallies[feed][state] += count
        quarters[feed][min(quarter, QUARTERS - 1)] += count
        resent[feed] += again or 0
    return Day(tallies, quarters, resent)


def _held_by_feed() -> Counter[str]:
    rows = waiting().values_list("feed", "sending_application", "sending_facility")
    feeds, held = active_feeds(settings.PROGRAMME), Counter[str]()
    for *said, count in rows.annotate(n=Count("id")).order_by():
        held[_counted_under(feeds, *said)] += count
    return held


def _counted_under(feeds: Sequence[Feed], noted: str, application: str | None, facility: str | None) -> str:
    """A message that names no sender counts for no feed, not for the one that takes any."""
    return name_of(feeds, noted, application, facility or "") if application else noted


def queue() -> Queue:
    """Messages acknowledged and not yet applied."""
    row = InboundMessage.objects.filter(state=InboundMessage.STORED).aggregate(
        n=Count("id"), oldest=Min("received_at")
    )
    return Queue(row["n"], row["oldest"])


def undone_before(real: datetime) -> int:
    """Messages stored before this machine time and still not applied."""
    return InboundMessage.objects.filter(state=InboundMessage.STORED, stored_at__lt=real).count()


def owed_before(real: datetime) -> int:
    """Deliveries that could have been tried before this machine time and were not."""
    return OutboxMessage.objects.filter(state=OutboxMessage.QUEUED, not_before__lt=real).count()
