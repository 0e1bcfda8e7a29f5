"""The mapping workbench: twenty messages of a sender, what is understood of them, and what could be taught. Pure.

From whatever people can copy out of an interface engine: frame bytes, any line ends, many messages at once.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from soar2.exchange.feeds import ACCESSION_FIELDS, ANY, TEXT_TYPES, Feed
from soar2.exchange.hl7v2.charsets import codec_for, declared_names
from soar2.exchange.hl7v2.message import split_batch
from soar2.exchange.hl7v2.results import STANDINGS
from soar2.exchange.sample_reading import COUNTERS, READ, SampleReading, present

MOST = 20  # messages at once
_SPINAL = re.compile(
    r"spin|vertebr|cervical|thoracic|lumb|sacr|myelo|epidural|c-?t-?l|wirbel|colonne|columna|\bcord\b",
    re.IGNORECASE,
)
_MEANINGS = (  # what a sender's word for a status most likely stands for, by how it begins
    (("FINAL", "COMP", "CM", "VERIF", "SIGN", "AUTH", "APPROV", "RELEAS"), "F"),
    (("PREL", "DRAFT", "UNVERIF", "WET", "TRANSCR", "DICT"), "P"),
    (("CORR", "AMEND", "REVIS"), "C"),
    (("ADD", "APPEND"), "A"),
    (("WRONG", "ERR", "RETRACT"), "W"),
    (("CANC", "DEL", "VOID"), "X"),
    (("SCHED", "ORDER", "PEND", "INPROG", "IN PROG"), "O"),
)
MEANT = {
    "F": "final",
    "P": "preliminary",
    "C": "corrected",
    "A": "addended",
    "W": "withdrawn",
    "O": "not yet reported",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that could be taught, ready for a button: ``value`` goes into the mapping's ``key``."""

    words: str
    why: str
    key: str
    value: str
    likely: bool = True


@dataclass(frozen=True, slots=True)
class Unread:
    """A field that is sent and not read: how many samples hold it, and the shape of a value in it."""

    place: str
    samples: int
    shape: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What the samples came to."""

    count: int
    understood: int
    inside: int
    proposals: tuple[Proposal, ...]
    unread: tuple[Unread, ...]

    @property
    def words(self) -> str:
        """The coverage, in one line."""
        if not self.count:
            return "Paste messages of the sender: up to twenty at once"
        if not self.understood:
            return f"0 of {self.count} understood"
        outside = self.understood - self.inside
        rest = f"{self.inside} inside, {outside} outside the spine procedures"
        return f"{self.understood} of {self.count} understood; {rest}"


def messages_in(pasted: str) -> list[bytes]:
    """The messages in pasted text, each in the bytes that its MSH-18 declares."""
    return [_encoded(text) for text in _apart(pasted.encode("utf-8", "replace"))]


def messages_in_file(content: bytes) -> list[bytes]:
    """The messages in a file, in the bytes they have there."""
    return _apart(content, keep_line_ends=True)


def _apart(content: bytes, *, keep_line_ends: bool = False) -> list[bytes]:
    framed = re.sub(rb"[\x0b\x1c]+", b"\r", content)
    if not keep_line_ends:
        framed = re.sub(rb"\r\n?|\n", b"\r", framed)
    framed = re.sub(rb"(?m)(?:^|(?<=[\r\n]))[ \t]+(?=MSH[^A-Za-z0-9\s])", b"", framed)
    pieces = split_batch(framed)
    return [piece.strip(b"\r\n\t \0") + b"\r" for piece in pieces if piece.strip(b"\r\n\t \0")]


def _encoded(raw: bytes) -> bytes:
    """A browser gives characters; a message that declares Latin-1 must be read as if it had come in Latin-1."""
    codec = codec_for(declared_names(raw).split("~")[0]) or "utf-8"
    if codec.startswith(("utf-16", "utf-32")):
        return raw
    return raw.decode("utf-8").encode(codec, "replace") if not raw.isascii() else raw


def findings(readings: Sequence[SampleReading], feed: Feed, table: Mapping[str, Any]) -> Findings:
    """What is understood and what could be taught. ``table`` is what is stated of the feed so far."""
    return Findings(
        count=len(readings),
        understood=sum(reading.understood for reading in readings),
        inside=sum(reading.understood and reading.inside for reading in readings),
        proposals=tuple(_proposals(readings, feed, table)),
        unread=tuple(_unread(readings, feed)),
    )


def _proposals(readings: Sequence[SampleReading], feed: Feed, table: Mapping[str, Any]) -> Iterator[Proposal]:
    yield from _senders(readings, table)
    yield from _statuses(readings)
    yield from _issuers(readings, table)
    yield from _accessions(readings)
    yield from _procedures(readings)
    yield from _types(readings, feed)
    yield from _charsets(readings, feed)


def _senders(readings: Sequence[SampleReading], table: Mapping[str, Any]) -> Iterator[Proposal]:
    named = {str(name).casefold() for name in table.get("sending_applications", ())}
    found = Counter(reading.sender.sending_application for reading in readings)
    for sender, count in found.most_common():
        if sender and ANY not in named and sender.casefold() not in named:
            yield Proposal(
                f"Count {sender} as a sender of this feed",
                f"MSH-3 of {count}",
                "sending_applications",
                sender,
            )


def _statuses(readings: Sequence[SampleReading]) -> Iterator[Proposal]:
    words = Counter(
        order.said.upper()
        for reading in readings
        if "-25" in reading.where
        for order in reading.orders
        if order.said and order.said.upper() not in STANDINGS
    )
    for word, count in words.most_common():
        likely = next((code for starts, code in _MEANINGS if word.startswith(starts)), "F")
        for code in (likely, *(other for other in MEANT if other != likely)):
            yield Proposal(
                f"{word} means {MEANT.get(code, 'withdrawn')} ({code})",
                f"OBR-25 of {count}",
                "status_words",
                f"{word}={code}",
                code == likely,
            )


def _issuers(readings: Sequence[SampleReading], table: Mapping[str, Any]) -> Iterator[Proposal]:
    stated = [order.result.patient.stated for reading in readings for order in reading.orders]
    trusted = str(table.get("identifier_authority", ""))
    found = Counter(one.authority for many in stated for one in many if one.authority)
    for issuer, count in found.most_common(4):
        if trusted not in (ANY, issuer):
            instead = f" instead of {trusted}" if trusted else ""
            yield Proposal(
                f"Trust the numbers that {issuer} issues{instead}",
                f"PID-3.4 of {count}",
                "identifier_authority",
                issuer,
                not any(trusted == one.authority for many in stated for one in many),
            )
    nobody = sum(bool(many) and not any(one.authority for one in many) for many in stated)
    if nobody and not table.get("assume_authority"):
        whose = trusted if trusted not in ("", ANY) else (found.most_common(1) or [("", 0)])[0][0]
        if whose:
            yield Proposal(
                f"Numbers without an issuer are {whose}'s", f"PID-3 of {nobody}", "assume_authority", whose
            )


def _accessions(readings: Sequence[SampleReading]) -> Iterator[Proposal]:
    lacking = [
        reading
        for reading in readings
        if reading.message and any(order.inside and not order.result.accession for order in reading.orders)
    ]
    for place in ACCESSION_FIELDS:
        name, _, number = place.partition("-")
        holding = sum(
            any(segment.component(int(number)) for segment in reading.message.segments(name))
            for reading in lacking
            if reading.message
        )
        if holding:
            yield Proposal(
                f"The accession number is in {place}", f"{place} of {holding}", "accession_field", place
            )


def _procedures(readings: Sequence[SampleReading]) -> Iterator[Proposal]:
    found: Counter[tuple[str, str]] = Counter()
    for reading in readings:
        for order in reading.orders:
            procedure = order.result.procedure
            code = procedure.code or procedure.alternate_code
            if not order.inside and code:
                found[code, procedure.name or procedure.alternate_name] += 1
    ordered = sorted(found.items(), key=lambda item: (not _SPINAL.search(item[0][1]), -item[1]))
    spinal = [code for (code, name), _ in ordered if _SPINAL.search(name)]
    if len(spinal) > 1:
        total = sum(count for (_, name), count in ordered if _SPINAL.search(name))
        yield Proposal(
            f"Count these {len(spinal)} codes as spine procedures: {', '.join(spinal)}",
            f"OBR-4 of {total}",
            "procedure_codes",
            "\n".join(spinal),
        )
    for (code, name), count in ordered:
        yield Proposal(
            f"Count {code} ({name or 'no name'}) as a spine procedure",
            f"OBR-4 of {count}",
            "procedure_codes",
            code,
            len(spinal) == 1 and code in spinal,
        )


def _types(readings: Sequence[SampleReading], feed: Feed) -> Iterator[Proposal]:
    found = Counter(
        kind
        for reading in readings
        if reading.message
        for kind in {row.component(2).upper() for row in reading.message.segments("OBX")}
        if kind in TEXT_TYPES and kind not in feed.text_types
    )
    for kind, count in found.most_common():
        yield Proposal(f"Read values of type {kind} as report text", f"OBX-2 of {count}", "text_types", kind)


def _charsets(readings: Sequence[SampleReading], feed: Feed) -> Iterator[Proposal]:
    guessed = sum(
        any("read as Latin-1" in note.words for note in reading.notes)
        for reading in readings
        if reading.message and not reading.message.charset_declared
    )
    if guessed and not feed.default_charset:
        words = "Messages that name no character set are in 8859/1"
        yield Proposal(words, f"MSH-18 of {guessed}", "default_charset", "8859/1")


def _unread(readings: Sequence[SampleReading], feed: Feed) -> Iterator[Unread]:
    taught = {feed.accession_field} - {""}
    seen: Counter[str] = Counter()
    shapes: dict[str, str] = {}
    for reading in readings:
        places: set[str] = set()
        for segment in reading.message.segments() if reading.message else ():
            for number in present(segment):
                place = f"{segment.name}-{number}"
                read = number in READ.get(segment.name, ()) or place in taught or place in COUNTERS
                if not read:
                    places.add(place)
                    shapes.setdefault(place, shape(segment.raw(number)))
        seen.update(places)
    yield from (Unread(place, count, shapes[place]) for place, count in sorted(seen.items()))


def shape(value: str) -> str:
    """What a value looks like without what it says: digits are 9, letters A or a."""
    plain = "".join("9" if char.isdecimal() else _letter(char) for char in value[:80])
    return re.sub(r"(.)\1{7,}", lambda found: found[0][:6] + "…", plain)[:32]


def _letter(char: str) -> str:
    if not char.isalpha():
        return char if char.isprintable() else "?"
    return "A" if char.isupper() else "a"
