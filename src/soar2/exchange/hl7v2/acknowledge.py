"""Answers to a sender: a light look at a message, and the ACK it is owed.

AA: understood. AE: stored, but the content has a fault the sender can mend. AR: of a kind this door does
not take. In enhanced mode (MSH-15 or MSH-16 set) the first answer, CA, CE or CR, speaks only of safe
keeping; a content fault then follows in the application's own answer. No answer is made before the bytes
are stored; that is the caller's law. Source: HL7 v2.5.1 chapter 2.9 and tables 0008, 0155, 0357.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from soar2.errors import Unreadable
from soar2.exchange.feeds import Feed
from soar2.exchange.hl7v2.envelope import Envelope, envelope, envelope_of
from soar2.exchange.hl7v2.message import Delimiters, Message, parse, parse_header
from soar2.exchange.hl7v2.results import STANDINGS, names_exam, read_results
from soar2.exchange.hl7v2.times import well_formed, write_moment

__all__ = [
    "NOT_READ", "NOT_STORED", "OTHER_BODY", "TOO_LARGE", "Envelope", "Verdict", "acknowledge", "answers", "answers_to",
    "assess", "envelope", "verdict",
]  # fmt: skip

READABLE_FAULTS = ("PID", "OBR-3", "OBR-7", "OBR-8", "OBR-22", "MSH-10")
CONDITIONS = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "205": "Duplicate key identifier",
    "207": "Application internal error",
}
KNOWN_STATUSES = frozenset({*STANDINGS, ""})
TEXT_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)])?(?:-(\d+))?")
_OCCURRENCE = re.compile(r"\[\d+]")
_OWN_ANSWER = re.compile(r"SR[0-9a-f]{11,}(?:\.\d)?\Z")  # the form of our own control ids
_VERSION = re.compile(r"2\.[1-9](?:\.\d+)*\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to tell the sender: AA, AE or AR; why; at which place; the condition of HL7 table 0357."""

    code: str
    reason: str = ""
    where: str = ""
    condition: str = ""

    @property
    def to_be_read(self) -> bool:
        """Whether the message's words can and must still be read: a patient or exam that cannot be named, a
        garbled time or a message without a control id may yet tell of a compressed cord."""
        place = _OCCURRENCE.sub("", self.where)
        return self.code == "AA" or (self.code == "AE" and place.startswith(READABLE_FAULTS))


NOT_STORED = Verdict("AE", "The message could not be stored. Send it again.", "", "207")
NOT_READ = Verdict(
    "AE", "The message is stored, and a fault of the listener kept it from being read.", "", "207"
)
TOO_LARGE = Verdict("AR", "The message is larger than this listener takes.", "", "207")
OTHER_BODY = Verdict("AE", "This control id came before with another content.", "MSH-10", "205")


def verdict(raw: bytes, *, production: bool = True) -> Verdict:
    """The light check, without the feed: header, structure and the few fields a result cannot do without.

    Never raises. ``production`` refuses messages marked as training or debugging (MSH-11).
    """
    return assess(raw, production=production)[1]


def assess(
    raw: bytes, *, production: bool = True, statuses: Collection[str] = KNOWN_STATUSES
) -> tuple[Message | None, Verdict]:
    """The verdict, and the message or as much of it as its answer needs: its MSH alone, or None.

    ``statuses`` are the words for a result's status that can be read, in capitals.
    """
    try:
        message = parse(raw)
    except Unreadable as fault:
        code, condition = ("AR", "100") if fault.where == "MSH" else ("AE", "102")
        return _header_of(raw), Verdict(code, fault.reason, fault.where, condition)
    sender = envelope_of(message)
    if sender.starts_link:
        return message, Verdict("AA")
    return message, _header_verdict(sender, production) or next(_content(message, statuses), Verdict("AA"))


def acknowledge(raw: bytes, verdict: Verdict, now: datetime, control_id: str) -> bytes:
    """The first answer due, in the sender's delimiters, version and characters; empty when none is wanted.

    ``control_id`` is the answer's own MSH-10. Works for bytes without any MSH too: MSA-2 is then empty.
    """
    return next(iter(answers(raw, verdict, now, control_id)), b"")


def answers(raw: bytes, verdict: Verdict, now: datetime, control_id: str) -> tuple[bytes, ...]:
    """Every answer due, in order: in enhanced mode the accept and then the application answer."""
    return answers_to(_whole_or_header(raw), verdict, now, control_id)


def answers_to(
    message: Message | None, verdict: Verdict, now: datetime, control_id: str
) -> tuple[bytes, ...]:
    """As ``answers``, to a message read before."""
    codes = _codes(message, verdict)
    return tuple(
        _answer(message, code, verdict, now, control_id if not number else f"{control_id}.{number}")
        for number, code in enumerate(codes)
    )


def _header_verdict(sender: Envelope, production: bool) -> Verdict | None:
    if sender.message_type != "ORU":
        return Verdict("AR", "Only ORU^R01 results are taken here.", "MSH-9", "200")
    if sender.trigger not in ("R01", ""):  # before 2.3 the event was often left out
        return Verdict("AR", "Of the ORU messages only R01 is taken here.", "MSH-9", "201")
    if sender.version and not _VERSION.match(sender.version):
        return Verdict("AR", "Versions 2.1 to 2.9 are read here.", "MSH-12", "203")
    if production and sender.processing_id in ("T", "D"):
        return Verdict("AR", "Training and debugging messages are not taken in production.", "MSH-11", "202")
    if sender.processing_id not in ("P", "T", "D", ""):
        return Verdict("AR", "MSH-11 must be P, T or D.", "MSH-11", "202")
    if not sender.control_id:
        return Verdict(
            "AE", "The message has no control id, so its answer cannot be matched.", "MSH-10", "101"
        )
    return None


def _content(message: Message, statuses: Collection[str]) -> Iterator[Verdict]:
    """Content faults, the most telling first."""
    for note in message.notes:
        if note.kind == "run-together":
            yield Verdict("AE", note.words, "", "100")
    part = message.first("DSC")
    if part and part.raw(1):
        yield Verdict("AE", "The message is a part of a longer one; send it whole.", "DSC-1", "100")
    pid = message.first("PID")
    if pid is None:
        yield Verdict("AE", "The message has no PID segment.", "PID", "100")
    elif not pid.component(3):
        yield Verdict("AE", "PID-3 holds no patient identifier.", "PID-3", "101")
    orders = message.segments("OBR")
    if not orders:
        yield Verdict("AE", "The message has no OBR segment.", "OBR", "100")
    if not message.segments("OBX") and not message.segments("NTE"):
        yield Verdict("AE", "The message has no OBX segment.", "OBX", "100")
    if orders and not names_exam(message):
        yield Verdict("AE", "The message names no accession number.", "OBR-3", "101")
    for number, order in enumerate(orders, 1):
        place = f"OBR[{number}]" if number > 1 else "OBR"
        if order.component(25).upper() not in statuses:
            yield Verdict("AE", "OBR-25 is not a result status known here.", f"{place}-25", "103")
        for field in (7, 8, 22):
            if not well_formed(order.component(field)):
                yield Verdict("AE", f"OBR-{field} is not an HL7 time.", f"{place}-{field}", "102")
    if not all(order.component(25) for order in orders):
        yield from _unsaid_status(message, statuses)


def _unsaid_status(message: Message, statuses: Collection[str]) -> Iterator[Verdict]:
    """Where OBR-25 is empty the rows may say the status (OBX-11); only the reader knows whether they do."""
    words = tuple((word, "F") for word in statuses if word not in KNOWN_STATUSES)
    try:
        read_results(message, Feed("", status_words=words))
    except Unreadable as fault:
        if fault.where.endswith("-25"):
            condition = "101" if fault.reason.startswith("OBR-25 is empty") else "103"
            yield Verdict("AE", fault.reason, fault.where, condition)


def _header_of(raw: bytes) -> Message | None:
    try:
        return parse_header(raw)
    except Unreadable:
        return None


def _whole_or_header(raw: bytes) -> Message | None:
    try:
        return parse(raw)
    except Unreadable:
        return _header_of(raw)


def _codes(message: Message | None, verdict: Verdict) -> list[str]:
    """The answer codes due. Original mode: one. Enhanced: accept by MSH-15, then application by MSH-16.

    An acknowledgement gets none, or two engines could answer each other for ever; but for a stray one, which
    is refused like any message that was led to the wrong door.
    """
    if message and message.header.component(9, 1).upper() == "ACK" and not _stray(message):
        return []
    accept, application = (message.header.component(n).upper() if message else "" for n in (15, 16))
    if not accept and not application:
        return [verdict.code]
    commit = _commit_code(verdict)
    codes = [commit] if _wanted(accept, commit) else []
    if codes and commit != "CA":  # refused at the door: there is no second answer to come
        return codes
    return [*codes, verdict.code] if _wanted(application, verdict.code) else codes


def _stray(message: Message) -> bool:
    """Whether an acknowledgement speaks of a message that cannot be an answer of ours (by its control id)."""
    said = message.first("MSA")
    told = said.component(2) if said else ""
    return bool(told) and not _OWN_ANSWER.match(told)


def _commit_code(verdict: Verdict) -> str:
    """A content fault is no fault of safe keeping: the bytes are stored, so the commit answer is CA."""
    if verdict.code == "AR":
        return "CR"
    return (
        "CE"
        if verdict.code == "AE" and (verdict.where.startswith("MSH") or verdict.condition == "207")
        else "CA"
    )


def _wanted(condition: str, code: str) -> bool:
    """HL7 table 0155: always, never, on error or rejection only, on success only."""
    good = code in ("AA", "CA")
    return {"AL": True, "NE": False, "ER": not good, "SU": good}.get(condition, condition != "")


def _answer(message: Message | None, code: str, verdict: Verdict, now: datetime, control_id: str) -> bytes:
    marks = message.delimiters if message and message.delimiters.component != " " else Delimiters()
    version = message.header.component(12, 1) if message else ""
    modern = _at_least_2_5(version)
    told = verdict if code[1] == verdict.code[1] else Verdict("AA")
    segments = [_header_line(message, marks, now, control_id), _msa(message, marks, code, told, modern)]
    if told.code != "AA":
        segments.append(_error(told, marks, modern))
    text = "\r".join(marks.field.join(fields).rstrip(marks.field) for fields in segments) + "\r"
    return text.encode(message.charset if message else "ascii", "replace")


def _header_line(message: Message | None, marks: Delimiters, now: datetime, control_id: str) -> list[str]:
    """MSH with sender and receiver changed places; what is echoed stays exactly as it was sent."""
    sent = message.header.raw if message and marks == message.delimiters else (lambda number: "")
    trigger = _safe(message.header.component(9, 2), marks) if message else ""
    kind = marks.component.join(("ACK", trigger, "ACK")) if trigger else "ACK"
    route = [sent(5), sent(6), sent(3), sent(4)]
    closing = [kind, _safe(control_id, marks), sent(11) or "P", sent(12) or "2.5.1"]
    fields = ["MSH", marks.encoding, *route, write_moment(now), "", *closing]
    return [*fields, "", "", "", "", "", sent(18)] if sent(18) else fields


def _msa(message: Message | None, marks: Delimiters, code: str, told: Verdict, modern: bool) -> list[str]:
    """MSA-2 echoes MSH-10 as sent; before 2.5 the reason stands in MSA-3, later in ERR-8."""
    return [
        "MSA",
        code,
        message.header.raw(10) if message else "",
        "" if modern else _safe(told.reason, marks),
    ]


def _error(told: Verdict, marks: Delimiters, modern: bool) -> list[str]:
    found = TEXT_PLACE.match(told.where)
    name, occurrence, number = (found[1], found[2] or "1", found[3] or "") if found else ("", "", "")
    code = told.condition or "207"
    condition = (code, CONDITIONS[code], "HL70357")
    if not modern:
        return ["ERR", marks.component.join((name, occurrence, number, _joined(condition, marks)))]
    place = marks.component.join((name, occurrence, number)).rstrip(marks.component)
    reason = _safe(told.reason, marks)
    return ["ERR", "", place, marks.component.join(condition), "E", "", "", "", reason]


def _joined(condition: tuple[str, str, str], marks: Delimiters) -> str:
    return marks.subcomponent.join(condition) if marks.subcomponent != " " else condition[0]


def _at_least_2_5(version: str) -> bool:
    """ERR got its present form with 2.5; a sender that names no version is answered in it too."""
    minor = re.match(r"2\.(\d+)", version, re.ASCII)
    return not minor or int(minor[1]) >= 5


def _safe(text: str, marks: Delimiters) -> str:
    """Our own words between the sender's delimiters: escaped, or blanked where the sender has no escape."""
    letters = dict(zip(marks, "FSRET", strict=True))
    return "".join(
        char if char not in letters or char == " " else _escaped(letters[char], marks.escape)
        for char in text.replace("\r", " ").replace("\n", " ")
    )


def _escaped(letter: str, escape: str) -> str:
    return f"{escape}{letter}{escape}" if escape != " " else " "
