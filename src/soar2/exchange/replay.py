"""Held messages read again, once a mapping or a mended reader can make sense of them.

They are read in the order in which their reports were made, whatever the order in which they came: a
correction that was mended before its original must not be overtaken by it. Each is read in one transaction
that also takes it out of quarantine, so that no worker can get at it in between; and one replay runs at a
time. A report that is on file already changes nothing, so nobody is told twice.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TextIO
from uuid import UUID

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.db.models import F, Func, QuerySet, TextField, Value

from soar2.errors import Refused, Unreadable
from soar2.exchange import dispatch
from soar2.exchange.feeds import Feed, chosen, name_of, select
from soar2.exchange.hl7v2.acknowledge import verdict
from soar2.exchange.hl7v2.envelope import Envelope
from soar2.exchange.hl7v2.message import Message, parse
from soar2.exchange.hl7v2.results import STANDINGS, read_results
from soar2.exchange.hl7v2.times import read_moment
from soar2.exchange.mappings import active_feeds, version_of
from soar2.exchange.models import InboundMessage
from soar2.exchange.practice import TEST_PATIENT
from soar2.pages import words
from soar2.pathway.notices import queries as notices
from soar2.record import clock, ledger
from soar2.record.models import LedgerEntry, Person

APPLIED, KNOWN, HELD, OUTSIDE, GONE = "applied", "known", "held", "outside", "gone"
FILED = frozenset(
    {"report.scored", "report.late", "report.preliminary", "report.unidentified", "report.withdrawn"}
)
_RANKS = {"P": 0, "R": 0, "M": 0, "F": 1, "A": 2, "C": 2, "X": 3, "W": 3, "D": 3}
LOOK_BACK = timedelta(days=7)  # how long messages left outside are looked through
LOOKED_THROUGH = 20_000  # how many of them, the latest, for one of the feed's codes or words
_LOCK = 0x50A2_0004  # one replay at a time, on whatever host


@dataclass(frozen=True)
class Outcome:
    """What became of one message: ``state``, a sentence, and the case code of the notice that speaks for it."""

    message: int
    event_at: datetime
    state: str
    words: str
    case_code: str = ""


@dataclass
class _Heard:
    """What was recorded while one message was read."""

    reports: list[str]
    opened: list[str]
    late: bool = False


_hearing: ContextVar[_Heard | None] = ContextVar("hearing", default=None)


def _hear(entry: LedgerEntry) -> None:
    heard = _hearing.get()
    if heard is None:
        return
    if entry.kind in FILED:
        heard.reports.append(entry.subject)
        heard.late = heard.late or entry.kind == "report.late"
    elif entry.kind == "notice.opened":
        heard.opened.append(str(entry.data.get("case", "")))


ledger.follow(_hear)


def held_rows(feed: str = "", reason: str = "", where: str | None = None) -> QuerySet[InboundMessage]:
    """Messages that wait for a person; of one reason and place where these are given."""
    rows = InboundMessage.objects.filter(state=InboundMessage.QUARANTINED, settled_at=None)
    if reason:
        rows = rows.filter(reason=reason)
    return rows if where is None else rows.filter(where=where)


def held_of(feed: str, rows: QuerySet[InboundMessage]) -> list[int]:
    """The ids of those rows that belong to a feed, those least often tried first; all when ``feed`` is empty."""
    feeds = active_feeds(settings.PROGRAMME)
    few = rows.only("id", "feed", "sending_application", "sending_facility").order_by("replays", "id")
    return [row.id for row in few if not feed or feed_of(row, feeds) == feed]


def missed(feed: Feed, now: datetime, limit: int = 500) -> list[int]:
    """Messages of the last week that were left outside and would be inside by what is set up now.

    A spine report under a code that nobody had named is the one loss that quarantine does not catch.
    """
    rows = _left_outside().filter(received_at__gt=now - LOOK_BACK, format=InboundMessage.HL7V2)
    rows = rows.filter(feed__in=[feed.name, ""]).exclude(reason=TEST_PATIENT).order_by("-id")
    few = _speaking_of(feed, rows)[:limit]
    return [row.id for row in few.iterator(chunk_size=100) if _would_be_inside(row, feed)]


def _speaking_of(feed: Feed, rows: QuerySet[InboundMessage]) -> QuerySet[InboundMessage]:
    """Those with one of the feed's codes or words in an order's line: the database finds them among many."""
    terms = [*feed.procedure_codes, *(words.split()[0] for words in feed.procedure_words)]
    if not all(term.isascii() and term.isprintable() and "\\" not in term for term in terms):
        return rows  # written otherwise in a message than here: each has to be read
    latest = InboundMessage.objects.filter(id__in=rows.values("id")[:LOOKED_THROUGH])
    said = Func(F("raw"), Value("escape"), function="encode", output_field=TextField())
    return (
        latest.annotate(said=said)
        .filter(said__iregex=f"OBR[^\r\n]*({'|'.join(map(re.escape, terms))})")
        .order_by("-id")
    )


def _left_outside() -> QuerySet[InboundMessage]:
    return InboundMessage.objects.filter(state=InboundMessage.FILTERED)


def _would_be_inside(row: InboundMessage, feed: Feed) -> bool:
    sender = Envelope(row.sending_application, row.sending_facility)
    if select(active_feeds(settings.PROGRAMME), sender) != feed:
        return False
    try:
        return bool(chosen(feed, read_results(parse(bytes(row.raw), feed.default_charset or None), feed)))
    except Unreadable:
        return False


def feed_of(row: InboundMessage, feeds: Sequence[Feed]) -> str:
    """The feed a message belongs to by what is set up now; a message held at the door has none noted yet."""
    return name_of(feeds, row.feed, row.sending_application, row.sending_facility)


def replay(
    messages: Iterable[int], *, person: Person | None, username: str, now: datetime, outside: bool = False
) -> tuple[Outcome, ...]:
    """Read these held messages again, in the order of their reports. What is held no more is left alone.

    With ``outside`` those that were left outside their feed are read again instead. Raises Refused when a
    replay is running already.
    """
    feeds = active_feeds(settings.PROGRAMME)
    with _alone():
        rows = InboundMessage.objects.filter(id__in=list(messages)).order_by("id")
        order = sorted((event_of(row, feeds), row.id) for row in rows.iterator(chunk_size=100))
        wanted = _left_outside() if outside else held_rows()
        return tuple(_one(number, at, person, username, now, wanted) for (at, _), number in order)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of all replays; a process that dies gives it up with its connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise Refused("Held messages are being read again at this moment. Wait for the end of it.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def event_of(row: InboundMessage, feeds: Sequence[Feed]) -> tuple[datetime, int]:
    """When the report was made and, for equal times, how late its status comes in a report's life.

    The time is the report's own (OBR-22), else the message's (MSH-7), else when it came.
    """
    if row.format != InboundMessage.HL7V2:
        return row.event_at or row.received_at, 0
    feed = next((one for one in feeds if one.name == feed_of(row, feeds)), None)
    try:
        message = parse(bytes(row.raw), feed.default_charset or None if feed else None)
    except Unreadable:
        return row.event_at or row.received_at, 0
    return _report_time(message, feed) or row.event_at or row.received_at, _rank(message, feed)


def _report_time(message: Message, feed: Feed | None) -> datetime | None:
    zone = (feed.zone if feed else None) or settings.PROGRAMME.zone
    texts = [order.component(22) for order in message.segments("OBR")]
    for text in [min(filter(None, texts), default=""), message.header.component(7)]:
        try:
            if text:
                return read_moment(text, "", zone).at
        except Unreadable:
            continue
    return None


def _rank(message: Message, feed: Feed | None) -> int:
    order = message.first("OBR")
    stated = order.component(25).upper() if order else ""
    taught: dict[str, str] = dict(getattr(feed, "status_words", None) or {})
    folded = {word.upper(): code for word, code in taught.items()}
    return _RANKS.get(folded.get(stated, stated), 1)


def _one(
    message: int,
    at: datetime,
    person: Person | None,
    username: str,
    now: datetime,
    wanted: QuerySet[InboundMessage],
) -> Outcome:
    heard = _Heard([], [])
    token = _hearing.set(heard)
    try:
        with transaction.atomic():
            row = wanted.select_for_update(of=("self",)).filter(id=message).first()
            if row is None:
                return Outcome(message, at, GONE, "Not held any more; nothing was done.")
            return _again(row, at, person, username, now, heard)
    except OperationalError:
        return Outcome(
            message, at, HELD, "The database was busy with a rival; nothing was changed. Try again."
        )
    finally:
        _hearing.reset(token)


def _again(
    row: InboundMessage, at: datetime, person: Person | None, username: str, now: datetime, heard: _Heard
) -> Outcome:
    if fault := why_not(row):
        row.replays += 1  # so that those behind it have their turn, however many are read at once
        row.save(update_fields=["replays"])
        return Outcome(row.id, at, HELD, f"Still held. {fault}")
    before = row.reason, row.where
    row.state, row.replays, row.attempts = InboundMessage.STORED, row.replays + 1, 0
    row.save(update_fields=["state", "replays", "attempts"])
    dispatch.apply_one(row.id, now)
    row.refresh_from_db()
    if row.state == InboundMessage.STORED:  # a fault of ours: it must not be left to a worker, out of order
        row.state, (row.reason, row.where) = InboundMessage.QUARANTINED, before
        row.save(update_fields=["state", "reason", "where"])
    found = _outcome(row, at, heard)
    ledger.record(
        "message.replayed", at=now, subject=f"inbound {row.id}", person=person, actor=username,
        state=found.state, case=found.case_code, mapping=version_of(row.feed),
    )  # fmt: skip
    return found


def _outcome(row: InboundMessage, at: datetime, heard: _Heard) -> Outcome:
    if row.state == InboundMessage.QUARANTINED:
        return Outcome(row.id, at, HELD, f"Still held. {row.reason}", _case(heard))
    if row.state == InboundMessage.FILTERED:
        return Outcome(row.id, at, OUTSIDE, f"Read and left outside. {row.reason}")
    if not heard.reports and _pending(row):
        return Outcome(row.id, at, APPLIED, "Read. It says that there is no report yet.")
    if not heard.reports:
        return Outcome(row.id, at, KNOWN, "Already on file; nobody is told twice.")
    case = _case(heard)
    if heard.opened:
        said = f"Read. Notice {case} opened."
    elif heard.late:
        said = "Read. A newer version is on file, so it acts on nothing."
    else:
        said = f"Read. It joined notice {case}." if case else "Read. It needs no notice."
    return Outcome(row.id, at, APPLIED, said, case)


def _pending(row: InboundMessage) -> bool:
    """Whether each of its orders has a status that means: not reported yet."""
    feed = next((one for one in active_feeds(settings.PROGRAMME) if one.name == row.feed), None)
    if feed is None or row.format != InboundMessage.HL7V2:
        return False
    orders = parse(bytes(row.raw), feed.default_charset or None).segments("OBR")
    return all(STANDINGS.get(feed.status(order.component(25).upper())) == "pending" for order in orders)


def _case(heard: _Heard) -> str:
    if heard.opened:
        return heard.opened[-1]
    return next((code for report in heard.reports if (code := notices.about_report(UUID(report)))), "")


def why_not(row: InboundMessage) -> str:
    """A sentence when a message cannot be read again whatever the mapping; empty when it can.

    A part of a message must never be read as a report, nor a training message as a patient's.
    """
    if row.format != InboundMessage.HL7V2:
        return ""
    raw = bytes(row.raw)
    if not row.answer_code:
        return "Only a part of this message came, or bytes between messages: ask the sender to send it whole."
    found = verdict(raw, production=not settings.PROGRAMME.demo)
    if found.code == "AE" and not found.to_be_read and not found.where.startswith("OBR"):
        return found.reason
    if row.answer_code in ("AR", "CR"):
        if found.code == "AR":
            return found.reason
        if len(row.body_hash) == 64 and row.body_hash != hashlib.sha256(raw).hexdigest():
            return "Only its beginning was kept, since it was too large: ask the sender for a smaller one."
    return ""


def run_replay(feed: str | None, out: TextIO) -> int:
    """``soar2 replay [--feed F]``: read what is held again and say what became of each; 0 when it was done."""
    names = [one.name for one in active_feeds(settings.PROGRAMME)]
    if feed and feed not in names:
        print(f"There is no feed {feed!r}. Feeds are: {', '.join(names) or 'none'}.", file=out)
        return 1
    now = clock.now()
    try:
        found = replay(held_of(feed or "", held_rows()), person=None, username="soar2 replay", now=now)
    except Refused as refusal:
        print(refusal.reason, file=out)
        return 1
    for one in found:
        print(f"message {one.message}, {words.hospital_time(one.event_at)}: {one.words}", file=out)
    print(summary(found), file=out)
    return 0


def summary(found: Sequence[Outcome]) -> str:
    """What a replay came to, in one sentence."""
    if not found:
        return "Nothing is held."
    counts = {state: sum(one.state == state for one in found) for state in (APPLIED, KNOWN, OUTSIDE, HELD)}
    said = {
        APPLIED: "{} read",
        KNOWN: "{} already on file",
        OUTSIDE: "{} outside the feed",
        HELD: "{} still held",
    }
    parts = [said[state].format(count) for state, count in counts.items() if count]
    return f"{', '.join(parts) or 'None was held any more'}."
