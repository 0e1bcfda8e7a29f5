"""One sample message as a feed reads it, in full: what was understood, where it stood, and what was not read. Pure.

The same reading is shown on the mapping page and kept as what is expected of a mapping's samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from soar2.criteria.packs import Pack
from soar2.dictation.reading import read_report
from soar2.errors import Refused, Unreadable
from soar2.exchange.feeds import ANY, Feed, chosen, feeds_from, inside, select
from soar2.exchange.hl7v2.charsets import Note
from soar2.exchange.hl7v2.envelope import Envelope, envelope
from soar2.exchange.hl7v2.message import Message, Segment, parse
from soar2.exchange.hl7v2.results import ACCESSION_ORDER, STANDINGS, read_results
from soar2.exchange.hl7v2.types import ImagingResult

READ: dict[str, frozenset[int]] = {
    "MSH": frozenset({1, 2, 3, 4, 7, 9, 10, 11, 12, 13, 15, 16, 18}),
    "PID": frozenset({3, 5, 7, 8}),
    "PV1": frozenset({2, 3, 19}),
    "ORC": frozenset({2, 3, 12}),
    "OBR": frozenset({2, 3, 4, 7, 8, 13, 16, 22, 25, 31, 32}),
    "OBX": frozenset({2, 3, 5, 11, 16}),
    "NTE": frozenset({3}),
    "IPC": frozenset({1, 3}),
    "ZDS": frozenset({1}),
}
"""Fields that are read of each segment, whatever the feed."""
COUNTERS = frozenset(
    {"PID-1", "PV1-1", "OBR-1", "OBX-1", "OBX-4", "NTE-1", "IN1-1", "NK1-1", "DG1-1", "GT1-1"}
)
"""Set ids: they number segments and say nothing."""
NAMELESS = "a new feed"


@dataclass(frozen=True, slots=True)
class Order:
    """One result of a sample. ``accession_at`` and ``times`` name places; ``said`` is the status as it came."""

    result: ImagingResult
    inside: bool
    said: str
    accession_at: str
    times: tuple[tuple[str, datetime, str], ...]
    lane: str
    source: str

    @property
    def first_words(self) -> str:
        """The beginning of the report, to see that it is one."""
        return " ".join(self.result.text.split()[:12])

    @property
    def lines(self) -> int:
        return len(self.result.text.splitlines())


@dataclass(frozen=True, slots=True)
class SampleReading:
    """One sample: what it says of itself, its results, and why it was not understood (empty: it was)."""

    raw: bytes
    message: Message | None
    sender: Envelope
    orders: tuple[Order, ...]
    problem: str
    where: str
    notes: tuple[Note, ...]

    @property
    def understood(self) -> bool:
        return not self.problem

    @property
    def inside(self) -> bool:
        """Whether any of its results would be followed."""
        return any(order.inside for order in self.orders)


def lenient(table: Mapping[str, Any], zone: str) -> Feed:
    """A feed of a table that is not finished yet, so that its samples can be read meanwhile.

    What is missing is taken as wide as can be; what is at fault is left out.
    """
    whole = {
        "name": NAMELESS,
        "sending_applications": [ANY],
        "procedure_codes": ["(none named yet)"],
        "identifier_authority": ANY,
    }
    stated = {key: value for key, value in table.items() if value not in ("", [], {})}
    for left_out in (None, *stated):
        tried = {key: value for key, value in stated.items() if key != left_out}
        try:
            return feeds_from([{**whole, **tried}], zone)[0]
        except Refused:
            continue
    return feeds_from([whole], zone)[0]


def read_sample(raw: bytes, feed: Feed, feeds: Sequence[Feed], pack: Pack) -> SampleReading:
    """Read one message with ``feed``, whoever else of ``feeds`` would take it. Never raises Unreadable."""
    sender = envelope(raw)
    try:
        message = parse(raw, feed.default_charset or None)
    except Unreadable as fault:
        return SampleReading(raw, None, sender, (), fault.reason, fault.where, ())
    try:
        results = read_results(message, feed)
    except Unreadable as fault:
        orders = _orders(message, _whatever_the_status(message, feed), feed, pack)
        return SampleReading(raw, message, sender, orders, fault.reason, fault.where, message.notes)
    orders = _orders(message, results, feed, pack)
    problem, where = _problem(orders, feed, feeds, sender)
    notes = tuple(dict.fromkeys(note for order in orders for note in order.result.notes))
    return SampleReading(raw, message, sender, orders, problem, where, notes or message.notes)


def _whatever_the_status(message: Message, feed: Feed) -> tuple[ImagingResult, ...]:
    """The results as if every status were final, so that the rest of an unknown one can be shown."""
    text = bytearray(message.raw)
    spans = []
    for number, order in enumerate(message.segments("OBR"), 1):
        if order.component(25).upper() not in STANDINGS and order.raw(25):
            span = message.position(f"OBR[{number}]-25")
            spans += [span] if span else []
    for span in reversed(spans):
        text[span.first_byte : span.end_byte] = b"F"
    try:
        return read_results(parse(bytes(text), feed.default_charset or None), feed)
    except Unreadable:
        return ()


def _orders(message: Message, results: Sequence[ImagingResult], feed: Feed, pack: Pack) -> tuple[Order, ...]:
    followed = chosen(feed, results)
    return tuple(
        _order(message, result, result in followed or inside(feed, result), feed, pack) for result in results
    )


def _order(message: Message, result: ImagingResult, within: bool, feed: Feed, pack: Pack) -> Order:
    reading = read_report(result.text, pack=pack) if result.text.strip() else None
    return Order(
        result=result,
        inside=within,
        said=message.value(f"{result.where}-25").strip(),
        accession_at=_accession_at(message, result, feed),
        times=tuple((place, moment.at, moment.zone) for place, moment in result.moments.items()),
        lane=reading.lane if reading else "",
        source=reading.source if reading else "",
    )


def _accession_at(message: Message, result: ImagingResult, feed: Feed) -> str:
    if not result.accession:
        return ""
    for place in (feed.accession_field,) if feed.accession_field else ACCESSION_ORDER:
        name, _, number = place.partition("-")
        if name == "OBR":
            if message.value(f"{result.where}-{number}.1") == result.accession:
                return place
        elif any(segment.component(int(number)) == result.accession for segment in message.segments(name)):
            return place
    return ""


def _problem(orders: Sequence[Order], feed: Feed, feeds: Sequence[Feed], sender: Envelope) -> tuple[str, str]:
    """The first reason why a person would have to look at this message; none for one outside."""
    taker = select(feeds, sender)
    if taker is None or taker.name != feed.name:
        who = sender.sending_application or "A sender without a name"
        return f"{who} is not among the senders of this feed.", "MSH-3"
    for order in orders:
        result = order.result
        if result.faults:
            return result.faults[0].words, result.faults[0].where
        if not order.inside or result.text_at or result.standing == "pending":
            continue
        if result.identity_fault:
            return result.identity_fault, "PID-3" if result.accession else "OBR-3"
        if not result.text.strip() and result.standing != "wrong":
            return "The report has no text that is read.", "OBX-5"
    return "", ""


def expected(reading: SampleReading) -> dict[str, Any]:
    """What a mapping's test holds of this sample: everything that the programme would act on."""
    return {
        "understood": reading.understood,
        "problem": reading.problem,
        "where": reading.where,
        "results": [_expected_order(order) for order in reading.orders],
    }


def _expected_order(order: Order) -> dict[str, Any]:
    result = order.result
    return {
        "inside": order.inside,
        "accession": result.accession,
        "accession_at": order.accession_at,
        "status": result.status if order.said else "",
        "standing": result.standing,
        "procedure": [result.procedure.code, result.procedure.alternate_code],
        "patient": [[one.authority, one.value, one.type] for one in result.patient.identifiers],
        "identity_fault": result.identity_fault,
        "exam_start": _iso(result.exam_start),
        "exam_end": _iso(result.exam_end),
        "reported_at": _iso(result.reported_at),
        "text": result.text.split("\n"),
        "source": order.source,
        "lane": order.lane,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def present(segment: Segment) -> list[int]:
    """The numbers of the fields that hold something."""
    return [number for number in range(1, len(segment) + 1) if segment.raw(number).strip().strip('"')]
