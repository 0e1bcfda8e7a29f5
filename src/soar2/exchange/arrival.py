"""What reached a door, ready to be stored: its bytes, its key, the answer owed. Pure.

The key of a message is who sent it (MSH-3, MSH-4), its control id (MSH-10) and the hash of its bytes.
"""

import hashlib
import itertools
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.acknowledge import OTHER_BODY, TOO_LARGE, Envelope, Verdict, answers, verdict
from soar2.exchange.hl7v2.envelope import envelope_of
from soar2.exchange.hl7v2.message import parse_header
from soar2.exchange.mllp import CR, END, START

STORED, QUARANTINED = "stored", "quarantined"
KEY_LENGTH = 160  # characters; PostgreSQL refuses index entries above 2.7 kB
BETWEEN_FRAMES = END + CR + START
_CODE = re.compile(rb"[\r\n]MSA.([AC][AER])")


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

    @property
    def sender(self) -> tuple[str, str]:
        return self.sending_application, self.sending_facility

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.sending_application, self.sending_facility, self.control_id, self.body_hash


class AnswerIds:
    """Control ids (MSH-10) for our own answers: unique across listeners, 20 characters at most."""

    def __init__(self) -> None:
        self._start = secrets.token_hex(5)
        self._count = itertools.count(1)

    def next(self) -> str:
        return f"{self._start}{next(self._count):x}"


def received(raw: bytes, *, peer: str, now: datetime, answer_id: str, production: bool = True) -> Arrival:
    """A whole message: ``stored`` when it is to be read further, else ``quarantined`` with the reason.

    A message answered AE is still to be read when only the patient or a time cannot be told: its words may
    describe a compressed cord. Whoever reads it quarantines it afterwards; reason and place stand here
    already.
    """
    said, finding = _envelope(raw), verdict(raw, production=production)
    code, answer = _answer(raw, finding, now, answer_id)
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
        state=STORED if finding.to_be_read else QUARANTINED,
        reason=finding.reason,
        where=finding.where,
    )


def too_large(head: bytes, size: int, *, limit: int, peer: str, now: datetime, answer_id: str) -> Arrival:
    """A message beyond the limit: refused, its beginning kept, without a key: a smaller resend may pass."""
    reason = (
        f"The message has {size:,} bytes; at most {limit:,} are taken. Its first {len(head):,} were kept."
    )
    code, answer = _answer(head, replace(TOO_LARGE, reason=reason), now, answer_id)
    body_hash = hashlib.sha256(b"%d:%b" % (size, head)).hexdigest()
    return Arrival(raw=head, body_hash=body_hash, peer=peer, answer_code=code, answer=answer, reason=reason)


def leftover(raw: bytes, reason: str, *, peer: str) -> Arrival:
    """Bytes that are no message. They get no answer, and no key: the message they belong to may yet come."""
    return Arrival(raw=raw, body_hash=hashlib.sha256(raw).hexdigest(), peer=peer, reason=reason)


def clashing(arrival: Arrival, *, now: datetime, answer_id: str) -> Arrival:
    """The same message when its control id already belongs to other content.

    Which of the two is meant cannot be told here, and a guess could hide a report, so a person looks at it.
    """
    code, answer = _answer(arrival.raw, OTHER_BODY, now, answer_id)
    return replace(
        arrival,
        answer_code=code,
        answer=answer,
        state=QUARANTINED,
        reason=OTHER_BODY.reason,
        where=OTHER_BODY.where,
    )


def _envelope(raw: bytes) -> Envelope:
    try:
        return envelope_of(parse_header(raw))
    except Unreadable:
        return Envelope()


def _answer(raw: bytes, finding: Verdict, now: datetime, answer_id: str) -> tuple[str, bytes]:
    """The code the sender sees first, and what it is sent. The end mark inside would cut the frame in two."""
    due = [answer.replace(END, b" ") for answer in answers(raw, finding, now, answer_id)]
    shown = _CODE.search(due[0]) if due else None
    return shown[1].decode() if shown else finding.code, BETWEEN_FRAMES.join(due)


def storable(text: str) -> str:
    """Text that PostgreSQL takes: no NUL, no lone surrogate."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def key_of(text: str) -> str:
    """As ``storable``, and not too long for an index; still one-to-one."""
    text = storable(text)
    if len(text) <= KEY_LENGTH:
        return text
    return f"{text[: KEY_LENGTH - 20]}…{hashlib.sha256(text.encode()).hexdigest()[:16]}"
