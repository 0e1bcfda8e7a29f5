"""What reached a door, ready to be stored: its bytes, its key, the answer owed. Pure.

The key of a message is who sent it (MSH-3, MSH-4), its control id (MSH-10) and the hash of its bytes.
"""

import hashlib
import itertools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from soar2.errors import Unreadable
from soar2.exchange.feeds import ACCEPT, Feed
from soar2.exchange.hl7v2.acknowledge import (
    KNOWN_STATUSES,
    NOT_READ,
    OTHER_BODY,
    TOO_LARGE,
    Envelope,
    Verdict,
    answers_to,
    assess,
)
from soar2.exchange.hl7v2.envelope import envelope_of
from soar2.exchange.hl7v2.glance import ASCII_LIKE, CONTROL_ID, glance
from soar2.exchange.hl7v2.message import Message, parse_header
from soar2.exchange.hl7v2.times import write_moment
from soar2.exchange.mllp import CR, END, START

STORED, QUARANTINED, FILTERED = "stored", "quarantined", "filtered"
NOT_A_RESULT, UNKNOWN_STATUS = "200", "103"
ASK_FEED = frozenset({NOT_A_RESULT, UNKNOWN_STATUS})
OTHER_TYPE = "A message of type {}; only results (ORU) are read here."
FeedOf = Callable[[Envelope], Feed | None]
LINK_START = "The sender starts its sequence numbers; the message has no content."
KEY_LENGTH = 160  # characters; PostgreSQL refuses index entries above 2.7 kB
BETWEEN_FRAMES = END + CR + START
_TYPE = re.compile(r"[A-Z][A-Z0-9]{2}\Z")
_CODE = re.compile(rb"[\r\n]MSA.([AC][AER])")
_MSA = re.compile(rb"\rMSA([^\r])([^\r]*)")
# Marks in a prepared answer. Nobody can send them: two are new with each process, the third is looked for.
_CONTROL_ID = f"C{secrets.token_hex(12)}".encode()
_ANSWER_ID = f"A{secrets.token_hex(12)}".encode()
_PLAIN_BODY = b"\rPID|1||1\rOBR|1||1" + b"|" * 22 + b"F\rOBX|1\r"
_THEN = datetime(1907, 5, 23, 17, 31, 59, tzinfo=UTC)
_MOMENT = write_moment(_THEN).encode()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row of the inbox before it is written.

    ``answer`` goes into one MLLP frame as it is; empty where the sender gets none. In enhanced mode it may
    hold two messages (accept, application) with the end of one frame and the start of the next between.
    """

    raw: bytes
    body_hash: str
    door: str = "mllp"
    peer: str = ""
    sending_application: str = ""
    sending_facility: str = ""
    control_id: str = ""
    message_type: str = ""
    answer_code: str = ""
    answer: bytes = b""
    state: str = QUARANTINED
    reason: str = ""
    where: str = ""
    sequence: int | None = None  # MSH-13
    feed: str = ""  # known at the door only where a token says it
    format: str = "hl7v2"

    @property
    def sender(self) -> tuple[str, str]:
        return self.sending_application, self.sending_facility

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.sending_application, self.sending_facility, self.control_id, self.body_hash


class AnswerIds:
    """Control ids (MSH-10) for our own answers: unique across listeners, 20 characters at most."""

    def __init__(self) -> None:
        self._start = f"SR{secrets.token_hex(5)}"
        self._count = itertools.count(1)

    def next(self) -> str:
        return f"{self._start}{next(self._count):x}"


def received(
    raw: bytes,
    *,
    peer: str,
    now: datetime,
    answer_id: str,
    production: bool = True,
    feed_of: FeedOf | None = None,
) -> Arrival:
    """A whole message: ``stored`` when it is to be read further, else ``quarantined`` with the reason.

    A message answered AE is still to be read when only the patient or a time cannot be told: its words may
    describe a compressed cord. Whoever reads it quarantines it afterwards; reason and place stand here
    already.
    """
    seen = glance(raw)
    known = _pattern(seen.header, production) if seen else None
    if seen is None or known is None or not (raw.isascii() or _decodes(raw, known.codec)):
        return read_in_full(
            raw, peer=peer, now=now, answer_id=answer_id, production=production, feed_of=feed_of
        )
    like, control_id = known.arrival, seen.control_id
    answer = like.answer.replace(_CONTROL_ID, control_id).replace(_ANSWER_ID, answer_id.encode())
    return Arrival(
        raw,
        hashlib.sha256(raw).hexdigest(),
        "mllp",
        peer,
        like.sending_application,
        like.sending_facility,
        control_id.decode("ascii"),
        like.message_type,
        like.answer_code,
        answer.replace(_MOMENT, _moment(now)),
        STORED,
    )


def read_in_full(
    raw: bytes,
    *,
    peer: str,
    now: datetime,
    answer_id: str,
    production: bool = True,
    feed_of: FeedOf | None = None,
) -> Arrival:
    """As ``received``, without the quick look: for what is not plain, and the measure of what is.

    ``feed_of`` tells whose message it is. Only a sender's own words for a status, and its messages of other
    types, depend on that.
    """
    message, finding = assess(raw, production=production)
    said = envelope_of(message) if message else Envelope()
    state, reason = STORED if finding.to_be_read else QUARANTINED, finding.reason
    if said.starts_link and finding.code == "AA":
        state, reason = FILTERED, LINK_START
    elif _misrouted(said, finding):
        state, reason = FILTERED, OTHER_TYPE.format(said.message_type)
    feed = feed_of(said) if feed_of and finding.condition in ASK_FEED else None
    if feed:
        state, finding = _as_agreed(feed, raw, production, state, finding)
        reason = reason if state == FILTERED else finding.reason
    code, answer = _answer(message, finding, now, answer_id)
    return Arrival(
        raw=raw,
        body_hash=hashlib.sha256(raw).hexdigest(),
        peer=peer,
        sending_application=key_of(said.sending_application),
        sending_facility=key_of(said.sending_facility),
        control_id=key_of(said.control_id),
        message_type=key_of(f"{said.message_type}^{said.trigger}" if said.trigger else said.message_type),
        answer_code=code,
        answer=answer,
        state=state,
        reason=reason,
        where=finding.where,
        sequence=said.sequence_number,
    )


def _misrouted(said: Envelope, finding: Verdict) -> bool:
    """Whether this is a message of another type. A whole stream of admissions that was led to the wrong door
    is refused message by message, but must not bury in quarantine what a person has to look at."""
    return (
        finding.condition == NOT_A_RESULT
        and said.message_type != "ORU"
        and bool(_TYPE.match(said.message_type))
    )


def _as_agreed(feed: Feed, raw: bytes, production: bool, state: str, finding: Verdict) -> tuple[str, Verdict]:
    """State and verdict by what was agreed with this sender."""
    if finding.condition == UNKNOWN_STATUS:
        words = KNOWN_STATUSES | {word.upper() for word, _ in feed.status_words}
        found = assess(raw, production=production, statuses=words)[1]
        return STORED if found.to_be_read else QUARANTINED, found
    if state == FILTERED and feed.other_messages == ACCEPT:
        return state, Verdict("AA")
    return state, finding


def too_large(head: bytes, size: int, *, limit: int, peer: str, now: datetime, answer_id: str) -> Arrival:
    """A message beyond the limit: refused, its beginning kept, without a key: a smaller resend may pass."""
    reason = (
        f"The message has {size:,} bytes; at most {limit:,} are taken. Its first {len(head):,} were kept."
    )
    code, answer = _answer(_header_of(head), replace(TOO_LARGE, reason=reason), now, answer_id)
    body_hash = hashlib.sha256(b"%d:%b" % (size, head)).hexdigest()
    return Arrival(raw=head, body_hash=body_hash, peer=peer, answer_code=code, answer=answer, reason=reason)


def leftover(raw: bytes, reason: str, *, peer: str) -> Arrival:
    """Bytes that are no message. They get no answer, and no key: the message they belong to may yet come."""
    return Arrival(raw=raw, body_hash=hashlib.sha256(raw).hexdigest(), peer=peer, reason=reason)


def broken(raw: bytes, fault: Exception, *, peer: str, now: datetime, answer_id: str) -> Arrival:
    """A message over which a bug of ours was met. Kept for a person, and answered, or its sender would send
    nothing but this for ever; nothing of it is looked at again. Its key is its bytes alone."""
    reason = f"The listener failed ({type(fault).__name__}). Kept; tell the maintainers its number."
    code, answer = _answer(None, replace(NOT_READ, reason=reason), now, answer_id)
    body_hash = hashlib.sha256(raw).hexdigest()
    return Arrival(raw=raw, body_hash=body_hash, peer=peer, answer_code=code, answer=answer, reason=reason)


def clashing(arrival: Arrival, *, now: datetime, answer_id: str) -> Arrival:
    """The same message when its control id already belongs to other content.

    Which of the two is meant cannot be told here, and a guess could hide a report, so a person looks at it.
    What nobody was to read anyway, such as a message of another type, keeps the answer of its kind.
    """
    if arrival.state != STORED:
        return arrival
    code, answer = _answer(_header_of(arrival.raw), OTHER_BODY, now, answer_id)
    return replace(
        arrival,
        answer_code=code,
        answer=answer,
        state=QUARANTINED,
        reason=OTHER_BODY.reason,
        where=OTHER_BODY.where,
    )


def expecting(arrival: Arrival, expected: int) -> Arrival:
    """The same message, its sender told the next sequence number to come (MSA-4)."""

    def told(found: re.Match[bytes]) -> bytes:
        mark, fields = found[1], found[2].split(found[1])
        return b"\rMSA" + mark + mark.join([*fields, b"", b""][:3]) + mark + b"%d" % expected

    return replace(arrival, answer=_MSA.sub(told, arrival.answer))


def _header_of(raw: bytes) -> Message | None:
    try:
        return parse_header(raw)
    except Unreadable:
        return None


def _answer(message: Message | None, finding: Verdict, now: datetime, answer_id: str) -> tuple[str, bytes]:
    """The code the sender sees first, and what it is sent. The end mark inside would cut the frame in two."""
    due = [answer.replace(END, b" ") for answer in answers_to(message, finding, now, answer_id)]
    shown = _CODE.search(due[0]) if due else None
    return shown[1].decode() if shown else finding.code, BETWEEN_FRAMES.join(due)


class _Pattern(NamedTuple):
    """The arrival of a plain message with this header, with marks in place of what changes; and its codec."""

    arrival: Arrival
    codec: str


@lru_cache(maxsize=512)
def _pattern(header: bytes, production: bool) -> _Pattern | None:
    """What the full reading makes of a plain message with this header; None when that is not plainly AA.

    ``header`` is MSH with time, security and control id emptied. A sender's headers differ in nothing else,
    so this is made once for a sender.
    """
    if any(mark in header for mark in (_CONTROL_ID, _ANSWER_ID, _MOMENT)):
        return None
    fields = header.split(b"|")
    fields[CONTROL_ID] = _CONTROL_ID
    raw = b"|".join(fields) + _PLAIN_BODY
    codec = parse_header(raw).charset
    like = read_in_full(raw, peer="", now=_THEN, answer_id=_ANSWER_ID.decode(), production=production)
    plain = like.state == STORED and not like.reason and like.control_id.encode() == _CONTROL_ID
    return _Pattern(like, codec) if plain and codec in ASCII_LIKE else None


def _decodes(raw: bytes, codec: str) -> bool:
    try:
        raw.decode(codec)
    except UnicodeError:
        return False
    return True


@lru_cache(maxsize=1)
def _second(now: datetime) -> bytes:
    return write_moment(now).encode()


def _moment(now: datetime) -> bytes:
    return _second(now.replace(microsecond=0))


def storable(text: str) -> str:
    """Text that PostgreSQL takes: no NUL, no lone surrogate."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def key_of(text: str) -> str:
    """As ``storable``, and not too long for an index; still one-to-one."""
    text = storable(text)
    if len(text) <= KEY_LENGTH:
        return text
    return f"{text[: KEY_LENGTH - 20]}…{hashlib.sha256(text.encode()).hexdigest()[:16]}"
