"""An HL7 v2 message taken apart without being changed: every part knows where it stands in the bytes.

Hospitals send line feeds for carriage returns, line ends inside report text, stray NULs and other people's
delimiters. All of that is read and noted; only a message without a usable MSH is refused.
"""

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.charsets import Decoded, Note, decode
from soar2.exchange.hl7v2.escapes import Unescape, unescaper

__all__ = ["Delimiters", "Message", "Note", "Segment", "Span", "parse", "parse_header", "split_batch"]

BATCH_SEGMENTS = frozenset({"FHS", "BHS", "BTS", "FTS"})
# The last field of these may run over several lines when a sender forgets to escape its line ends.
OPEN_TEXT = {"OBX": 5, "NTE": 3}
# Segments that are looked for inside the lines of others.
RUN_TOGETHER = ("PID", "PV1", "ORC", "OBR", "OBX", "NTE")

_HEADER = re.compile(r"(?:\A|[\r\n])[ \t\0\x0b]*(MSH)([^A-Za-z0-9\s\0])")
_HEADER_IN_NOISE = re.compile(r"(MSH)([^A-Za-z0-9\s\0])(?=[^A-Za-z0-9\s]{2,5}\2)")
_LINE = re.compile(r"[^\r\n]+")
_NAME = re.compile(r"[ \t\0\x0b]*([A-Z][A-Z0-9]{2})(?![^\W_])")
_DOUBLED = r"^~\\&"
_BLANK = re.compile(r"[\s\0\x0b\x1c\x1a]*\Z")
_PATH = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)])?(?:-(\d+)(?:\[(\d+)])?(?:\.(\d+))?(?:\.(\d+))?)?\Z")
_PLAIN_NAME = re.compile(r"[A-Z][A-Z0-9]{2}").match


class Delimiters(NamedTuple):
    """The five characters of MSH-1 and MSH-2; a blank where the sender uses none."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @property
    def encoding(self) -> str:
        """MSH-2 as it is written."""
        return (self.component + self.repetition + self.escape + self.subcomponent).rstrip()


class Span(NamedTuple):
    """A half-open stretch of a message: in characters of ``Message.text`` and in bytes of ``Message.raw``."""

    start: int
    end: int
    first_byte: int
    end_byte: int


class Segment:
    """One segment. Fields, components and repetitions count from 1; what is absent reads as an empty string.

    ``segment[n]`` and ``field(n)`` give a whole field unescaped, ``component`` one part of it.
    The HL7 null (two double quotes) reads as empty, since both mean that nothing is known.
    """

    __slots__ = ("_parts", "_unescape", "delimiters", "name", "start", "text")

    def __init__(self, name: str, text: str, start: int, delimiters: Delimiters, unescape: Unescape):
        self.name = name
        self.text = text
        self.start = start
        self.delimiters = delimiters
        self._unescape = unescape
        self._parts: list[str] | None = None

    @property
    def parts(self) -> list[str]:
        """The raw fields; the item at 0 is the segment's name."""
        if self._parts is None:
            parts = self.text.split(self.delimiters.field)
            self._parts = [parts[0], self.delimiters.field, *parts[1:]] if self.name == "MSH" else parts
        return self._parts

    def __len__(self) -> int:
        """The number of the last field present."""
        return len(self.parts) - 1

    def __getitem__(self, number: int) -> str:
        return self.field(number)

    def raw(self, number: int) -> str:
        """Field ``number`` as it was sent, escapes and all."""
        parts = self._parts or self.parts
        return parts[number] if 0 < number < len(parts) else ""

    def field(self, number: int) -> str:
        """Field ``number`` unescaped; its component and repetition marks stay in it."""
        return self.clean(self.raw(number))

    def component(self, number: int, component: int = 1, rep: int = 1, sub: int | None = None) -> str:
        """One component, unescaped and trimmed; with ``sub`` one subcomponent of it."""
        raw = self.raw(number)
        if not raw:
            return ""
        if self.name == "MSH" and number <= 2:
            return raw if component == rep == 1 else ""
        marks = self.delimiters
        if rep != 1 or marks[2] in raw:
            raw = _piece(raw, marks[2], rep)
        if component != 1 or marks[1] in raw:
            raw = _piece(raw, marks[1], component)
        if sub is not None:
            raw = _piece(raw, marks[4], sub)
        return self.clean(raw).strip()

    def components(self, number: int, rep: int = 1) -> tuple[str, ...]:
        """Every component of one repetition, unescaped and trimmed."""
        raw = _piece(self.raw(number), self._repetition_mark(number), rep)
        return tuple(self.clean(part).strip() for part in _pieces(raw, self._component_mark(number)))

    def repetitions(self, number: int) -> tuple[str, ...]:
        """Every repetition of a field, unescaped, in order; empty for an empty field."""
        raw = self.raw(number)
        return tuple(map(self.clean, _pieces(raw, self._repetition_mark(number)))) if raw else ()

    def clean(self, raw: str) -> str:
        """Raw text with its escapes resolved and NULs taken out (no database column holds them)."""
        if raw == '""':
            return ""
        text = self._unescape(raw)
        return text.replace("\0", "") if "\0" in text else text

    def stretch(
        self, number: int, rep: int | None, component: int | None, sub: int | None
    ) -> tuple[int, int] | None:
        """Start and end in characters of a field or a part of it; None when it is not there."""
        parts = self.parts
        if not 0 < number < len(parts):
            return None
        if self.name == "MSH":
            start = (
                self.start + 3 if number == 1 else self.start + sum(len(p) + 1 for p in parts[:number]) - 2
            )
        else:
            start = self.start + sum(len(part) + 1 for part in parts[:number])
        found: tuple[int, str] | None = (start, parts[number])
        marks = (self._repetition_mark(number), self._component_mark(number), self.delimiters.subcomponent)
        for mark, index in zip(marks, (rep, component, sub), strict=True):
            found = _located(found, mark, index) if found and index is not None else found
        return (found[0], found[0] + len(found[1])) if found else None

    def _repetition_mark(self, number: int) -> str:
        return " " if self.name == "MSH" and number <= 2 else self.delimiters.repetition

    def _component_mark(self, number: int) -> str:
        return " " if self.name == "MSH" and number <= 2 else self.delimiters.component


class Message:
    """A parsed message: its segments in order, and what had to be put right to read it (``notes``)."""

    def __init__(self, raw: bytes, decoded: Decoded, delimiters: Delimiters):
        self.raw = raw
        self.text = decoded.text
        self.charset = decoded.codec
        self.charset_declared = decoded.declared
        self.delimiters = delimiters
        self.notes: tuple[Note, ...] = decoded.notes
        self.ignored: tuple[tuple[int, int], ...] = ()
        self._bom = decoded.bom
        self._segments: tuple[Segment, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, tuple[Segment, ...]]:
        grouped: dict[str, list[Segment]] = {}
        for segment in self._segments:
            grouped.setdefault(segment.name, []).append(segment)
        return {name: tuple(found) for name, found in grouped.items()}

    @property
    def header(self) -> Segment:
        """The MSH segment."""
        return self._segments[0]

    def segments(self, name: str | None = None) -> tuple[Segment, ...]:
        """All segments, or those of one name, in the order of the message."""
        return self._segments if name is None else self._by_name.get(name, ())

    def first(self, name: str) -> Segment | None:
        """The first segment of that name, if there is one."""
        found = self._by_name.get(name)
        return found[0] if found else None

    def value(self, path: str) -> str:
        """The unescaped text at a place (``PID-3``, ``PID-3[2].4.1``, ``OBX[2]-5``); empty if absent."""
        segment, number, rep, component, sub = self._place(path)
        if segment is None:
            return ""
        if number is None:
            return segment.clean(segment.text)
        if rep is None and component is None:
            return segment.field(number)
        if component is None:
            return segment.clean(_piece(segment.raw(number), self.delimiters.repetition, rep or 1))
        return segment.component(number, component, rep or 1, sub)

    def position(self, path: str) -> Span | None:
        """Where a place stands (same paths as ``value``); None when the message does not hold it."""
        segment, number, rep, component, sub = self._place(path)
        if segment is None:
            return None
        if number is None:
            return self.span(segment.start, segment.start + len(segment.text))
        found = segment.stretch(number, rep if rep or component is None else 1, component, sub)
        return self.span(*found) if found else None

    def span(self, start: int, end: int) -> Span:
        """A stretch of characters with its bytes (exact for single-byte sets and the Unicode encodings)."""
        return Span(start, end, self._byte(start), self._byte(end))

    def _byte(self, index: int) -> int:
        return self._bom + len(self.text[:index].encode(self.charset, "replace"))

    def _place(self, path: str) -> tuple[Segment | None, int | None, int | None, int | None, int | None]:
        found = _PATH.match(path)
        if not found:
            raise ValueError(f"not a place in an HL7 message: {path!r}")
        occurrence, number, rep, component, sub = (int(part) if part else None for part in found.groups()[1:])
        segments = self.segments(found[1])
        index = 0 if occurrence is None else occurrence - 1
        segment = segments[index] if 0 <= index < len(segments) else None
        return segment, number, rep, component, sub


def parse(raw: bytes, charset: str | None = None) -> Message:
    """Take a message apart. ``charset`` is the feed's default for when MSH-18 is silent.

    Raises Unreadable (and nothing else, whatever the bytes) when there is no MSH with usable delimiters,
    or when several messages stand in one: two patients' segments must never be read as one report.
    """
    decoded = decode(raw, charset)
    start, delimiters, notes = _header(decoded.text)
    message = Message(raw, decoded, delimiters)
    segments, ignored, found = _segments(decoded, start, delimiters)
    message._segments, message.ignored = tuple(segments), tuple(ignored)
    message.notes = (*decoded.notes, *notes, *found)
    return message


def parse_header(raw: bytes, charset: str | None = None) -> Message:
    """The message with its MSH alone, however broken the rest; raises Unreadable only when there is no MSH.

    This is what an answer needs: a sender must hear of a refusal even when nothing but its header can be
    read.
    """
    decoded = decode(raw, charset)
    try:
        start, delimiters, _ = _header(decoded.text)
    except Unreadable as fault:
        found = _HEADER.search(decoded.text)
        if fault.where == "MSH" or not found:
            raise
        start, delimiters = found.start(1), Delimiters(found[2], " ", " ", " ", " ")
    message = Message(raw, decoded, delimiters)
    line = _LINE.match(decoded.text, start)
    text = line[0] if line else ""
    message._segments = (
        Segment("MSH", text, start, delimiters, unescaper("".join(delimiters), decoded.codec)),
    )
    return message


def split_batch(raw: bytes) -> tuple[bytes, ...]:
    """The messages of a batch, each as its own bytes, without FHS, BHS, BTS and FTS; one gives itself."""
    starts = [found.start(1) for found in re.finditer(rb"(?:\A|[\r\n])(MSH)[^A-Za-z0-9\s]", raw)]
    if len(starts) < 2:
        return (raw,)
    pieces = [raw[start:end] for start, end in zip(starts, [*starts[1:], len(raw)], strict=True)]
    return tuple(re.sub(rb"[\r\n](?:BTS|FTS|BHS|FHS)[^\r\n]*", b"", piece) for piece in pieces)


def _header(text: str) -> tuple[int, Delimiters, list[Note]]:
    notes: list[Note] = []
    found = _HEADER.search(text)
    if not found:
        found = _HEADER_IN_NOISE.search(text)
        if not found:
            raise Unreadable("The message has no MSH segment, so nothing in it can be read.", "MSH")
        notes.append(Note("noise", "Other bytes stand before MSH on its line."))
    end = _LINE.match(text, found.start(1)).end()  # type: ignore[union-attr]
    encoding = text[found.end() : end].split(found[2], 1)[0].strip("\0 ")
    if encoding.startswith(_DOUBLED):  # copied out of a program's source
        notes.append(Note("delimiters", "MSH-2 holds its escape character twice."))
        encoding = encoding.replace("\\\\", "\\", 1)
    marks = encoding[:4]
    if any(mark.isalnum() or mark.isspace() for mark in marks) or len(set(marks)) < len(marks):
        raise Unreadable("MSH-2 does not name four different delimiters.", "MSH-2")
    if not marks:
        notes.append(Note("delimiters", "MSH-2 is empty; the usual delimiters were assumed."))
        marks = "".join(mark for mark in "^~\\&" if mark != found[2])
    return found.start(1), Delimiters(found[2], *marks.ljust(4)), notes


def _segments(
    decoded: Decoded, start: int, delimiters: Delimiters
) -> tuple[list[Segment], list[tuple[int, int]], list[Note]]:
    text, field = decoded.text, delimiters.field
    rows: list[tuple[str, int, int]] = []
    ignored: list[tuple[int, int]] = []
    kinds: dict[str, str] = _line_ends(text)
    missing = -1  # how many delimiters the last segment lacks until its text field would be closed
    if text[:start].strip("\0\x0b \r\n"):
        _before(text[:start], kinds, ignored)
    for name, first, end in _lines(text, start, field):
        if name in BATCH_SEGMENTS:
            kinds["batch"] = "Batch segments stand around the message."
        elif name and (end - first > 3 or missing != 0):
            rows.append((name, first, end))
            missing = OPEN_TEXT[name] - text.count(field, first, end) if name in OPEN_TEXT else -1
        elif missing == 0:
            rows[-1] = (*rows[-1][:2], end)
            missing -= text.count(field, first, end)
            kinds["continuation"] = "Line ends stand unescaped inside a text field."
        elif not _BLANK.match(text[first:end]):
            ignored.append((first, end))
            kinds["noise"] = "A line that is no segment was left aside."
    unescape = unescaper("".join(delimiters), decoded.codec)
    segments = [Segment(name, text[first:end], first, delimiters, unescape) for name, first, end in rows]
    _look_over(segments, text, kinds)
    return segments, ignored, [Note(kind, words) for kind, words in kinds.items()]


def _lines(text: str, start: int, field: str) -> Iterator[tuple[str, int, int]]:
    """Each line as (segment name or empty, start, end); after a name a delimiter or the line's end."""
    for line in _LINE.finditer(text, start):
        first, end = line.span()
        name = text[first : first + 3]
        if text[first + 3 : first + 4] == field and _PLAIN_NAME(name):
            yield name, first, end
            continue
        named = _NAME.match(text, first, end)
        if named and (text.startswith(field, named.end()) or _BLANK.match(text, named.end(), end)):
            yield named[1], named.start(1), end
        else:
            yield "", first, end


def _before(text: str, kinds: dict[str, str], ignored: list[tuple[int, int]]) -> None:
    for line in _LINE.finditer(text):
        if line[0].strip("\0\x0b ")[:3] in BATCH_SEGMENTS:
            kinds["batch"] = "Batch segments stand around the message."
        elif not _BLANK.match(line[0]):
            ignored.append(line.span())
            kinds["noise"] = "Other bytes stand before MSH."


def _line_ends(text: str) -> dict[str, str]:
    kinds: dict[str, str] = {}
    if "\n" in text:
        kinds["line-ends"] = "Segments or lines end in a line feed instead of a carriage return."
    if "\0" in text:
        kinds["nul"] = "NUL characters were taken out."
    return kinds


def _look_over(segments: list[Segment], text: str, kinds: dict[str, str]) -> None:
    """Refuse two messages in one; note two segments on one line, where one hides in the other's fields."""
    counts = Counter(segment.name for segment in segments)
    header, marks = segments[0], segments[0].delimiters
    behind = header.start + len(header.text)
    if counts["MSH"] > 1 or text.find(f"MSH{marks.field}{marks.encoding}", behind) >= 0:
        raise Unreadable("Several messages stand in one; send each in its own frame.", "MSH")
    field = marks.field
    for name in RUN_TOGETHER:
        if text.count(name + field) > counts[name] and _starts(name, field, text) > counts[name]:
            kinds["run-together"] = f"A second segment ({name}) may stand on another segment's line."


def _starts(name: str, field: str, text: str) -> int:
    """How often a segment seems to begin, wherever on a line: ``DANTE|`` is a name, ``NTE|1|`` a segment."""
    bar = re.escape(field)
    first = {"ORC": rf"[A-Z]{{2}}{bar}", "OBX": rf"\d{{0,4}}{bar}[A-Z]{{2,3}}{bar}"}.get(
        name, rf"\d{{1,4}}{bar}"
    )
    inside = len(re.findall(rf"(?:(?<![A-Za-z0-9\r\n])|(?<={bar}[A-Z])){name}{bar}{first}", text))
    return inside + len(re.findall(rf"[\r\n][ \t\0\x0b]*{name}{bar}", text))


def _pieces(raw: str, mark: str) -> list[str]:
    return raw.split(mark) if mark != " " else [raw]


def _piece(raw: str, mark: str, number: int) -> str:
    if mark == " " or mark not in raw:
        return raw if number == 1 else ""
    pieces = raw.split(mark)
    return pieces[number - 1] if 0 < number <= len(pieces) else ""


def _located(found: tuple[int, str], mark: str, number: int) -> tuple[int, str] | None:
    start, raw = found
    pieces = _pieces(raw, mark)
    if not 0 < number <= len(pieces):
        return None
    return start + sum(len(piece) + 1 for piece in pieces[: number - 1]), pieces[number - 1]
