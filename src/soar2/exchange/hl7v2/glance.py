"""A quick look at a message as nearly all are: plain and well formed. It says nothing of any other.

The full reading of a 3.6 kB report takes longer than storing it. Before the answer only
this must be known: is it one whole result message of which nothing has to be put right? A few searches in
the bytes show that, or else they show nothing, and the message is read in full. Whatever is called plain
here is AA by ``acknowledge.verdict``.
"""

import re
from typing import NamedTuple

from soar2.exchange.hl7v2.acknowledge import KNOWN_STATUSES
from soar2.exchange.hl7v2.message import BATCH_SEGMENTS, RUN_TOGETHER

START = b"MSH|^~\\&|"
# Character sets in which an ASCII byte is that character, wherever it stands.
ASCII_LIKE = frozenset({"ascii", "utf-8", "cp1252", *(f"iso8859-{n}" for n in range(1, 17))})
# Positions in the split header (MSH-n stands at n - 1) that change from message to message.
TIME, SECURITY, CONTROL_ID, SEQUENCE = 6, 7, 9, 12

# All names of RUN_TOGETHER have one shape: a letter of these, two of those and the delimiter. Two searches for
# it find what twelve for the names would; a word of the same shape only sends its message the long way.
_FIRST = {ord(name[0]) for name in RUN_TOGETHER}
_OTHER = {ord(char) for name in RUN_TOGETHER for char in name[1:]}
_SHAPES = bytes(
    byte if byte in b"\r|" else 65 if byte in _FIRST else 66 if byte in _OTHER else 32 for byte in range(256)
)
_HIDING = b"ABB|"
_USUAL = frozenset(
    name + b"|" for name in b"MSH PID PD1 NTE PV1 PV2 ORC OBR TQ1 OBX ZDS IPC SFT DG1 AL1 ROL CTI SPM".split()
) | {b""}
_NEEDED = {b"PID|", b"OBR|"}
_NAME = re.compile(rb"[A-Z][A-Z0-9]{2}\|\Z")
_FULL = frozenset(name.encode() + b"|" for name in (*BATCH_SEGMENTS, "DSC"))
_NUMBERS = (3, 18, 2, 19, 20)  # fields of OBR that may name the exam
_CONTROL_ID = re.compile(rb"[!#-\[\]-~](?:[ !#-\[\]-~]{0,158}[!#-\[\]-~])?\Z")  # no quote, no escape
_IDENTIFIER = re.compile(rb"[!#-\[\]_-}][^\\]*\Z")
_TIME = re.compile(rb"(?:(?:\d{4}(?:\d\d){0,4}|\d{14}(?:\.\d{1,6})?)(?:[+-]\d{4})?)?\Z")
_STATUSES = frozenset(status.encode() for status in KNOWN_STATUSES if status)


class Glimpse(NamedTuple):
    """What was seen: MSH with the fields emptied that change from message to message, and MSH-10."""

    header: bytes
    control_id: bytes


def glance(raw: bytes) -> Glimpse | None:
    """What a plain message's header holds; None for a message that must be read in full.

    ``raw`` still has to be decodable in the character set that its header names, and the header to be one
    that is answered AA.
    """
    lines = raw.split(b"\r")
    if not lines[0].startswith(START) or b"\n" in raw or b"\0" in raw or not _plain_body(raw, lines):
        return None
    fields = lines[0].split(b"|")
    if len(fields) <= CONTROL_ID or (len(fields) > SEQUENCE and fields[SEQUENCE]):
        return None
    control_id = fields[CONTROL_ID]
    if not _CONTROL_ID.match(control_id):
        return None
    fields[TIME] = fields[SECURITY] = fields[CONTROL_ID] = b""
    return Glimpse(b"|".join(fields), control_id)


def _plain_body(raw: bytes, lines: list[bytes]) -> bool:
    names = [line[:4] for line in lines]
    kinds = set(names)
    if not kinds <= _USUAL and not all(map(_is_segment, kinds - _USUAL)):
        return False
    if raw.count(b"MSH|^") != 1 or not (kinds >= _NEEDED and (b"OBX|" in kinds or b"NTE|" in kinds)):
        return False
    if names.count(b"MSH|") != 1:
        return False
    shape = raw.translate(_SHAPES)
    if shape.count(_HIDING) != shape.count(b"\r" + _HIDING):  # perhaps a segment inside another's line
        return False
    return _has_identifier(lines[names.index(b"PID|")]) and _plain_orders(names, lines)


def _is_segment(name: bytes) -> bool:
    return _NAME.match(name) is not None and name not in _FULL


def _has_identifier(pid: bytes) -> bool:
    fields = pid.split(b"|", 4)
    return len(fields) > 3 and _IDENTIFIER.match(fields[3]) is not None


def _plain_orders(names: list[bytes], lines: list[bytes]) -> bool:
    at, named = -1, False
    for _ in range(names.count(b"OBR|")):
        at = names.index(b"OBR|", at + 1)
        fields = lines[at].split(b"|")
        if len(fields) <= 25 or fields[25] not in _STATUSES:
            return False
        named = named or any(_IDENTIFIER.match(fields[n]) for n in _NUMBERS)
        if not all(_TIME.match(fields[n]) for n in (7, 8, 22) if n < len(fields)):
            return False
    return named
