"""What came in through the doors, and what of it is held for a person."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Count, Min, Q, QuerySet

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
class Held:
    """One message that could not be read, as the list shows it; it carries no patient data."""

    id: int
    received_at: datetime
    feed: str
    reason: str
    where: str
    message_type: str
    control_id: str
    sending_application: str


@dataclass(frozen=True)
class SegmentLine:
    """One segment as it came. ``meant`` where the fault names it."""

    number: int
    name: str
    text: str
    meant: bool


@dataclass(frozen=True)
class HeldMessage:
    """One held message with its text, for a person who may mend it."""

    head: Held
    state: str
    answer_code: str
    peer: str
    door: str
    resent: int
    attempts: int
    settled_at: datetime | None
    settled_by: str
    settled_note: str
    segments: tuple[SegmentLine, ...]


@dataclass(frozen=True)
class Queue:
    """Messages stored and not yet applied."""

    depth: int
    oldest: datetime | None


def feed_gaps() -> dict[str, int | None]:
    """The longest silence in minutes that each feed's table calls normal; None where none is watched."""
    return {table["name"]: table.get("expected_gap_minutes") for table in settings.PROGRAMME.feed_tables}


def feed_state(now: datetime) -> FeedState:
    """Whether every feed has been heard of within its expected gap. One short query a feed and one more."""
    silent = list(silent_feeds(now))
    if silent:
        return FeedState("fault", *_silent_words(silent, now))
    report = _last_report()
    if report is None:
        seen = [at for name in feed_gaps() if (at := _last_seen(name, now))]
        if not seen:
            return FeedState("warn", "No message has come yet")
        return FeedState("well", "Feeds well", f", last message {words.ago(max(seen), now)}, no report yet")
    return FeedState("well", "Feeds well", f", last report {words.ago(report, now)}")


def _last_report() -> datetime | None:
    rows = InboundMessage.objects.filter(state=InboundMessage.APPLIED).order_by("-received_at")
    return rows.values_list("received_at", flat=True).first()


def _silent_words(silent: list[tuple[str, str]], now: datetime) -> tuple[str, str]:
    name = silent[0][0]
    last = _last_seen(name, now)
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
        last = _last_seen(name, now)
        if last is None or now - last > timedelta(minutes=gap):
            since = words.in_words(now - last) if last else "over a week"
            yield name, f"{name} has been silent for {since}; the longest silence expected is {gap} min."


def _last_seen(name: str, now: datetime) -> datetime | None:
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
        _feed_line(name, day, held, _last_seen(name, now), gap, name in silent, now)
        for name, gap in gaps.items()
    ]
    others = sorted(name for name in {*day.tallies, *held} if name not in gaps)
    return (*lines, *(_other_line(name, day, held) for name in others))


def _feed_line(
    name: str,
    day: Day,
    held: dict[str, int],
    last: datetime | None,
    gap: int | None,
    silent: bool,
    now: datetime,
) -> FeedLine:
    mark, state = ("well", "Well") if last else ("warn", "Nothing yet")
    if silent:
        mark, state = "fault", f"Silent {words.in_words(now - last)}" if last else "Silent over a week"
    return replace(_other_line(name, day, held), last_seen=last, gap_minutes=gap, mark=mark, state=state)


def _other_line(name: str, day: Day, held: dict[str, int]) -> FeedLine:
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
    )


def _traffic(now: datetime) -> Day:
    """One query."""
    since = now - DAY
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT feed, state, floor(extract(epoch FROM received_at - %s) / 900)::int, count(*), sum(resent)"
            " FROM exchange_inboundmessage WHERE received_at > %s AND received_at <= %s GROUP BY 1, 2, 3",
            [since, since, now],
        )
        rows = cursor.fetchall()
    tallies: dict[str, Counter[str]] = defaultdict(Counter)
    quarters: dict[str, list[int]] = defaultdict(lambda: [0] * QUARTERS)
    resent: Counter[str] = Counter()
    for feed, state, quarter, count, again in rows:
        tallies[feed][state] += count
        quarters[feed][min(quarter, QUARTERS - 1)] += count
        resent[feed] += again or 0
    return Day(tallies, quarters, resent)


def _waiting_for_a_person() -> QuerySet[InboundMessage]:
    return InboundMessage.objects.filter(state=InboundMessage.QUARANTINED, settled_at=None)


def _held_by_feed() -> dict[str, int]:
    return dict(_waiting_for_a_person().values_list("feed").annotate(n=Count("id")).order_by())


def held(limit: int = 100) -> tuple[Held, ...]:
    """Messages that wait for a person, the oldest first. One query; the raw bytes stay where they are."""
    rows = _waiting_for_a_person().defer("raw", "answer").order_by("id")[:limit]
    return tuple(_held(row) for row in rows)


def held_count() -> int:
    return _waiting_for_a_person().count()


def _held(row: InboundMessage) -> Held:
    names = "id received_at feed reason where message_type control_id sending_application"
    return Held(**{name: getattr(row, name) for name in names.split()})


def held_message(message: int) -> HeldMessage | None:
    """One message that is or was held, with its segments; None when there is no such. One query."""
    row = (
        InboundMessage.objects.filter(id=message, state=InboundMessage.QUARANTINED)
        .select_related("settled_by")
        .first()
    )
    if row is None:
        return None
    names = "state answer_code peer door resent attempts settled_at settled_note"
    return HeldMessage(
        **{name: getattr(row, name) for name in names.split()},
        head=_held(row),
        settled_by=row.settled_by.label if row.settled_by else "",
        segments=tuple(segments(bytes(row.raw), row.where)),
    )


def segments(raw: bytes, where: str) -> Iterator[SegmentLine]:
    """The message's lines as they came. Bytes that are no text, and control characters, stay visible as codes."""
    text = raw.strip(b"\x0b\x1c\r\n").decode("utf-8", "backslashreplace")
    meant = where.split("-")[0].split("[")[0]
    lines = [line for line in text.replace("\r\n", "\r").replace("\n", "\r").split("\r") if line]
    for number, line in enumerate(lines, 1):
        name = line[:3]
        yield SegmentLine(number, name, visible(line), bool(meant) and name == meant)


def visible(text: str) -> str:
    """Control and other unprintable characters as codes, so that what is wrong can be seen."""
    return "".join(
        char if char.isprintable() else f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
        for char in text
    )


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
