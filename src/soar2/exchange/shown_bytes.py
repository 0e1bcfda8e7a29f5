"""A held message as a person can look at it: its lines with the failed place marked, or its bytes. Pure."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.message import Message, parse

LONGEST = 4_000  # characters of one stretch that a page shows; the rest is in the file
MOST = 2_000  # lines
HEX_PAGE = 8 * 1024  # bytes of one page of codes
_LINE = re.compile(r"[^\r\n]+")
_STEP = re.compile(r"([A-Za-z_]\w*)(?:\[(\d+)])?")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a line. ``meant``: the place that failed; ``note`` stands there when it is empty or missing."""

    text: str
    meant: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One segment, or one line of JSON."""

    number: int
    stretches: tuple[Stretch, ...]

    @property
    def meant(self) -> bool:
        """Whether the failed place is on this line."""
        return any(stretch.meant for stretch in self.stretches)


@dataclass(frozen=True, slots=True)
class HexLine:
    """Sixteen bytes: where they stand, as codes, as characters."""

    offset: str
    codes: str
    text: str
    meant: bool


def lines_of(raw: bytes, where: str, format: str = "hl7v2") -> tuple[Line, ...]:
    """The message's lines with the place ``where`` marked exactly. Never raises."""
    found = _json_lines(raw, where) if format == "fhir" else _segment_lines(raw, where)
    return tuple(line for _, line in zip(range(MOST), found, strict=False))


def hex_of(raw: bytes, where: str, start: int, format: str = "hl7v2") -> tuple[HexLine, ...]:
    """One page of the bytes from ``start`` on, the failed place marked."""
    first, end = _bytes_meant(raw, where) if format != "fhir" else (0, 0)
    lines = []
    for at in range(start - start % 16, min(len(raw), start + HEX_PAGE), 16):
        piece = raw[at : at + 16]
        text = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in piece)
        lines.append(HexLine(f"{at:06x}", piece.hex(" "), text, at < end and first < at + 16))
    return tuple(lines)


def visible(text: str) -> str:
    """Control and other unprintable characters as codes, so that what is wrong can be seen."""
    return "".join(
        char if char.isprintable() else f"\\x{ord(char):02x}" if ord(char) < 256 else f"\\u{ord(char):04x}"
        for char in text
    )


# HL7 v2


def _segment_lines(raw: bytes, where: str) -> Iterator[Line]:
    try:
        message: Message | None = parse(raw)
    except Unreadable:
        message = None
    if message is None:
        text, place, guessed = raw.decode("utf-8", "backslashreplace"), None, False
    else:
        text, place = message.text, _place(message, where)
        guessed = any("read as Latin-1" in note.words for note in message.notes)
    segment = _segment_at(message, where) if message else None
    number = 0
    for line in _LINE.finditer(text):
        start, end = line.span()
        if not line[0].strip("\0\x0b\x1c \t"):
            continue
        number += 1
        start += len(line[0]) - len(line[0].lstrip("\x0b"))
        missing = where if place is None and segment is not None and start <= segment < end else ""
        yield Line(number, tuple(_cut(text, start, end, place, guessed, missing)))


def _place(message: Message, where: str) -> tuple[int, int] | None:
    try:
        found = message.position(where) if where else None
    except ValueError:
        return None
    return (found.start, found.end) if found else None


def _segment_at(message: Message, where: str) -> int | None:
    """Where the segment begins in which the place is missing."""
    found = _place(message, where.split("-")[0])
    return found[0] if found else None


def _cut(
    text: str, start: int, end: int, place: tuple[int, int] | None, guessed: bool, missing: str
) -> Iterator[Stretch]:
    """A line in stretches: before, at and behind the failed place."""
    line = text[start:end].rstrip("\x1c")
    end = start + len(line)
    if place is None or not (start <= place[0] and place[1] <= end):
        yield _stretch(text[start:end], guessed)
        if missing:
            yield Stretch("", True, f"{missing} is not there")
        return
    first, last = place
    if first > start:
        yield _stretch(text[start:first], guessed)
    empty = "" if last > first else "empty"
    yield Stretch(_stretch(text[first:last], guessed).text, True, empty)
    if last < end:
        yield _stretch(text[last:end], guessed)


def _stretch(text: str, guessed: bool) -> Stretch:
    """The characters for the eye. Bytes that were only guessed to be Latin-1 are shown as codes."""
    short = text[:LONGEST]
    if guessed:
        short = short.encode("latin-1", "replace").decode("utf-8", "backslashreplace")
    more = len(text) - LONGEST
    return Stretch(visible(short) + (f" … {more:,} more characters" if more > 0 else ""))


def _bytes_meant(raw: bytes, where: str) -> tuple[int, int]:
    try:
        found = parse(raw).position(where) if where else None
    except (Unreadable, ValueError):
        return 0, 0
    return (found.first_byte, max(found.end_byte, found.first_byte + 1)) if found else (0, 0)


# FHIR


def _json_lines(raw: bytes, where: str) -> Iterator[Line]:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        yield from (
            Line(number, (_stretch(text, False),))
            for number, text in enumerate(raw.decode("utf-8", "backslashreplace").splitlines(), 1)
        )
        return
    target = _target(body, where)
    try:
        written = list(islice(_written(body, (), target, "", 0, ""), MOST))
    except RecursionError:
        written = [("The document is nested too deeply to be shown.", False)]
    for number, (text, meant) in enumerate(written, 1):
        indent = len(text) - len(text.lstrip())
        stretch = Stretch(_stretch(text[indent:], False).text, meant)
        yield Line(number, (Stretch(text[:indent]), stretch) if indent else (stretch,))


def _target(body: Any, where: str) -> tuple[str | int, ...] | None:
    """The deepest node of a FHIRPath-like place (``DiagnosticReport.subject.reference``) that exists."""
    path: list[str | int] = []
    node = body
    for name, index in _STEP.findall(re.sub(r"\.?ofType\(\w+\)|\.?where\([^)]*\)", "", where)):
        if isinstance(node, list):  # FHIRPath goes through lists; the first is meant
            path.append(0)
            node = node[0] if node else None
        if not isinstance(node, dict) or name not in node:
            if not path and isinstance(node, dict) and node.get("resourceType") == name:
                continue
            break
        path.append(name)
        node = node[name]
        if index and isinstance(node, list) and int(index) < len(node):
            path.append(int(index))
            node = node[int(index)]
    return tuple(path) or None


def _written(
    node: Any,
    path: tuple[str | int, ...],
    target: tuple[str | int, ...] | None,
    key: str,
    depth: int,
    tail: str,
) -> Iterator[tuple[str, bool]]:
    """JSON with an indent of two, a line at a time, and whether the line belongs to the target."""
    meant = target is not None and path[: len(target)] == target
    space = "  " * depth
    if not isinstance(node, (dict, list)) or not node:
        yield f"{space}{key}{json.dumps(node, ensure_ascii=False)}{tail}", meant
        return
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    opening, closing = "{}" if isinstance(node, dict) else "[]"
    yield f"{space}{key}{opening}", meant
    for number, (name, child) in enumerate(pairs, 1):
        label = f"{json.dumps(name, ensure_ascii=False)}: " if isinstance(node, dict) else ""
        yield from _written(child, (*path, name), target, label, depth + 1, "," if number < len(node) else "")
    yield f"{space}{closing}{tail}", meant
