"""ORU^R01 as typed values: one ImagingResult for each OBR, with its own text and its own patient.

Source: HL7 v2.5.1 chapter 7 (ORU, OBR, OBX, table 0123). What cannot be acted on raises Unreadable; what
can still be read, such as words without a known patient, is returned with its faults named.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType
from typing import Any

from soar2.errors import Unreadable
from soar2.exchange.feeds import ACCESSION_FIELDS, Feed
from soar2.exchange.hl7v2.charsets import Note
from soar2.exchange.hl7v2.clocks import CLOCK, REPORT_BEFORE_EXAM, report_before_exam
from soar2.exchange.hl7v2.envelope import Envelope, envelope_of
from soar2.exchange.hl7v2.identity import practitioner, read_patient
from soar2.exchange.hl7v2.message import Message, Segment
from soar2.exchange.hl7v2.report_text import WITHDRAWN, ReportText, read_text
from soar2.exchange.hl7v2.times import Moment, offset_of, read_moment
from soar2.exchange.hl7v2.types import (
    Attachment,
    Fault,
    Identifier,
    ImagingResult,
    Patient,
    Practitioner,
    Procedure,
    TextSource,
)

__all__ = [
    "STANDINGS", "Attachment", "Fault", "Identifier", "ImagingResult", "Moment", "Patient", "Practitioner",
    "Procedure", "TextSource", "names_exam", "read_results",
]  # fmt: skip

# OBR-25, HL7 table 0123, in the programme's words. A is "some results" in the table, but imaging senders
# use it for an addendum; reading it so can only tell somebody too much, never too little.
STANDINGS = {
    "O": "pending",
    "I": "pending",
    "S": "pending",
    "P": "preliminary",
    "R": "preliminary",
    "M": "preliminary",
    "F": "final",
    "C": "corrected",
    "A": "addended",
    "X": "wrong",
    "D": "wrong",
    "W": "wrong",
}
ACCESSION_ORDER = ("OBR-3", "ORC-3", "IPC-1", "OBR-18", "OBR-2", "ORC-2")
NO_ACCESSION = "The message names no accession number ({}), so the exam is not known."
_ANY_FEED = Feed("")


@dataclass(slots=True)
class _Order:
    """One OBR and the segments around it; ``rows`` are its OBX and NTE with their places."""

    where: str
    obr: Segment
    pid: Segment | None
    pv1: Segment | None
    orc: Segment | None
    rows: list[tuple[str, Segment]] = field(default_factory=list)
    others: dict[str, Segment] = field(default_factory=dict)


def read_results(message: Message, feed: Feed | None = None) -> tuple[ImagingResult, ...]:
    """The results of an ORU message, in its order; ``feed`` says how this sender is read.

    Raises Unreadable when there is no OBR, when OBR-25 is not a status we know, or when the message is a
    fragment.
    """
    dsc = message.first("DSC")
    if dsc and dsc.raw(1):
        raise Unreadable("The message is a fragment of a longer one, which is not supported.", "DSC-1")
    orders = _orders(message)
    if not orders:
        raise Unreadable("The message has no OBR segment, so there is no result in it.", "OBR")
    sender = envelope_of(message)
    results = [_noted(_result(message, sender, order, feed or _ANY_FEED)) for order in orders]
    return tuple(_sharing(results))


def names_exam(message: Message) -> bool:
    """Whether any place that can hold an accession number holds something."""
    places = (place.partition("-") for place in ACCESSION_FIELDS)
    return any(row.component(int(number)) for name, _, number in places for row in message.segments(name))


def _noted(result: ImagingResult) -> ImagingResult:
    if not report_before_exam(result):
        return result
    return replace(result, notes=(*result.notes, Note(CLOCK, REPORT_BEFORE_EXAM)))


def _orders(message: Message) -> list[_Order]:
    """The orders with what stands around them; a new PID starts a new patient."""
    orders: list[_Order] = []
    pid = pv1 = orc = None
    counts: dict[str, int] = {}
    for segment in message.segments():
        name = segment.name
        counts[name] = counts.get(name, 0) + 1
        where = f"{name}[{counts[name]}]"
        if name == "PID":
            pid, pv1, orc = segment, None, None
        elif name == "PV1":
            pv1 = segment
        elif name == "ORC":
            orc = segment
        elif name == "OBR":
            orders.append(_Order(where, segment, pid, pv1, orc))
            orc = None
        elif orders and orders[-1].pid is pid:
            _attach(orders[-1], where, segment)
    return orders


def _attach(order: _Order, where: str, segment: Segment) -> None:
    if segment.name in ("OBX", "NTE"):
        order.rows.append((where, segment))
    else:
        order.others.setdefault(segment.name, segment)


def _result(message: Message, sender: Envelope, order: _Order, feed: Feed) -> ImagingResult:
    obr = order.obr
    patient, identity = read_patient(order.pid, feed)
    words = read_text(order.rows, feed)
    status = _status(order, words, feed)
    accession = _accession(order, feed)
    if not identity and not accession:
        identity = NO_ACCESSION.format(feed.accession_field or "OBR-3")
    moments, faults = _moments(message, order, feed)
    start, end = _at(moments, "OBR-7"), _at(moments, "OBR-8")
    return ImagingResult(
        where=order.where,
        patient=patient,
        identity_fault=identity,
        accession=accession,
        placer_number=obr.component(2) or _component(order.orc, 2),
        study_uid=_component(order.others.get("ZDS"), 1) or _component(order.others.get("IPC"), 3),
        procedure=_procedure(obr),
        status=status,
        standing=STANDINGS[status],
        text=words.text,
        exam_start=start,
        exam_end=end or start,
        exam_time_is_start=end is None and start is not None,
        reported_at=_at(moments, "OBR-22"),
        sent_at=_at(moments, "MSH-7"),
        moments=MappingProxyType(moments),
        sources=tuple(words.sources),
        attachments=tuple(words.attachments),
        faults=tuple(faults),
        notes=(*message.notes, *words.notes, *_odd_times(moments)),
        control_id=sender.control_id,
        sequence=_number(message.header.component(13)),
        sending_application=sender.sending_application,
        sending_facility=sender.sending_facility,
        **_around(order, words),
    )


def _around(order: _Order, words: ReportText) -> dict[str, Any]:
    """Who wrote and ordered it, where the patient is, and why the exam was asked for."""
    obr, pv1 = order.obr, order.pv1
    reasons = (_words(obr, 31, rep) for rep in range(1, len(obr.repetitions(31)) + 1))
    return {
        "author": _author(obr, words),
        "ordering": _ordering(order),
        "location": " ".join(part for part in pv1.components(3)[:3] if part) if pv1 else "",
        "patient_class": _component(pv1, 2),
        "visit_number": _component(pv1, 19),
        "reason": "; ".join(filter(None, reasons)),
        "clinical_information": obr.field(13).strip(),
    }


def _status(order: _Order, words: ReportText, feed: Feed) -> str:
    """OBR-25, sharpened by OBX-11 where the rows agree on something later than it says.

    A word that the feed does not translate is never guessed at.
    """
    said, place = order.obr.component(25).upper(), order.where.replace("[1]", "")
    rows, stated = set(words.results) - {""}, feed.status(said)
    if not stated and len(rows) == 1:
        stated = next(iter(rows))
    if stated not in STANDINGS:
        known = ", ".join(STANDINGS)
        fault = "is empty" if not stated else "is not a result status this programme knows"
        raise Unreadable(f"OBR-25 {fault}; expected one of {known}.", f"{place}-25")
    if rows and rows <= WITHDRAWN:
        return stated if stated in WITHDRAWN else "W"
    later = next((code for code in ("C", "A") if code in rows), stated)
    return later if stated == "F" else stated


def _accession(order: _Order, feed: Feed) -> str:
    """The filler's number of the exam; a feed that fixes its place is never second-guessed."""
    sources = {"OBR": order.obr, "ORC": order.orc, **order.others}
    for place in (feed.accession_field,) if feed.accession_field else ACCESSION_ORDER:
        name, _, number = place.partition("-")
        if value := _component(sources.get(name), int(number)):
            return value
    return ""


def _moments(message: Message, order: _Order, feed: Feed) -> tuple[dict[str, Moment], list[Fault]]:
    """The times that are there, a fault for each that cannot be read: bad times never hide the words."""
    header = message.header
    zone: tzinfo = feed.zone or offset_of(header.component(7)) or UTC
    places = [("OBR", order.obr, number) for number in (7, 8, 22)] + [("MSH", header, 7)]
    moments: dict[str, Moment] = {}
    faults: list[Fault] = []
    for name, segment, number in places:
        text = segment.component(number)
        if not text:
            continue
        try:
            moments[f"{name}-{number}"] = read_moment(text, f"{name}-{number}", zone)
        except Unreadable as fault:
            faults.append(Fault(fault.where.replace("OBR", order.where.replace("[1]", "")), fault.reason))
    return moments, faults


def _odd_times(moments: dict[str, Moment]) -> list[Note]:
    notes = []
    for place, moment in moments.items():
        if moment.zone == "assumed":
            notes.append(Note("zone", f"{place} has no offset; the time zone was assumed."))
        if moment.repeated:
            notes.append(
                Note("summer-time", f"{place} happened twice that night; the earlier time was taken.")
            )
        if moment.skipped:
            notes.append(
                Note(
                    "summer-time", f"{place} did not exist that night; the clock was read as not put forward."
                )
            )
    return notes


def _sharing(results: Sequence[ImagingResult]) -> list[ImagingResult]:
    """Several orders may share one report: those without text of their own point to the one that holds it."""
    forward = _nearest(results)
    backward = list(reversed(_nearest(results[::-1])))
    shared = []
    for result, later, earlier in zip(results, forward, backward, strict=True):
        held = _own(later, result) or _own(earlier, result)
        empty = not result.text.strip() and not result.attachments
        shared.append(replace(result, text_at=held) if empty else result)
    return shared


def _nearest(results: Sequence[ImagingResult]) -> list[ImagingResult | None]:
    """For each result the next one from there that has words."""
    found: list[ImagingResult | None] = []
    nearest = None
    for result in reversed(results):
        nearest = result if result.text.strip() else nearest
        found.append(nearest)
    return found[::-1]


def _own(other: ImagingResult | None, result: ImagingResult) -> str:
    """The accession of a result of the same patient."""
    return other.accession if other and other.patient.stated == result.patient.stated else ""


def _procedure(obr: Segment) -> Procedure:
    return Procedure(*(obr.component(4, number) for number in range(1, 7)))


def _author(obr: Segment, words: ReportText) -> Practitioner:
    author = practitioner(obr, 32)
    return author if author.name or not words.observer else practitioner(words.observer, 16)


def _ordering(order: _Order) -> Practitioner:
    stated = practitioner(order.obr, 16)
    return stated if stated.name or not order.orc else practitioner(order.orc, 12)


def _words(segment: Segment, number: int, rep: int) -> str:
    """The text of a coded entry, else its code."""
    return segment.component(number, 2, rep) or segment.component(number, 1, rep)


def _component(segment: Segment | None, number: int) -> str:
    return segment.component(number) if segment else ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _at(moments: dict[str, Moment], place: str) -> datetime | None:
    found = moments.get(place)
    return found.at if found else None
