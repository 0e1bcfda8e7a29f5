"""Which characters the bytes of an HL7 message stand for, with every guess recorded.

Order: a byte-order mark, what MSH-18 declares (HL7 table 0211), the feed's default, UTF-8, and at last
Latin-1, which accepts any byte. A wrong guess garbles a name, so each step away from the declared set
leaves a note.
"""

import codecs
import re
from dataclasses import dataclass
from typing import NamedTuple


class Note(NamedTuple):
    """Something in a message that was put right or looked odd: a closed word and a sentence."""

    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Decoded:
    """The characters of a message; ``codec`` makes them bytes again, ``bom`` counts the bytes before."""

    text: str
    codec: str
    declared: str
    bom: int
    notes: tuple[Note, ...]


_NAMES = {
    "ASCII": "ascii",
    "ISOIR6": "ascii",
    "USASCII": "ascii",
    **{f"8859{n}": f"iso8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    **{f"ISO8859{n}": f"iso8859-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    "LATIN1": "iso8859-1",
    "CP1252": "cp1252",
    "WINDOWS1252": "cp1252",
    "UNICODE": "utf-8",
    "UNICODEUTF8": "utf-8",
    "UTF8": "utf-8",
    "UNICODEUTF16": "utf-16",
    "UTF16": "utf-16",
    "UNICODEUTF32": "utf-32",
    "UTF32": "utf-32",
    "ISOIR14": "iso2022_jp_2",
    "ISOIR87": "iso2022_jp_2",
    "ISOIR159": "iso2022_jp_2",
    "GB180302000": "gb18030",
    "KSX1001": "euc_kr",
    "CNS116431992": "big5",
    "BIG5": "big5",
}
# Longest mark first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (
    (b"M\0\0\0S\0\0\0H\0\0\0", "utf-32-le"),
    (b"\0\0\0M\0\0\0S\0\0\0H", "utf-32-be"),
    (b"M\0S\0H\0", "utf-16-le"),
    (b"\0M\0S\0H", "utf-16-be"),
)
_HEADER = re.compile(rb"(?:\A|[\r\n])[ \t\0\x0b]*MSH([^A-Za-z0-9\s\0])([^\r\n]*)")
_PLAIN = re.compile(r"[^A-Z0-9]")


def codec_for(name: str) -> str | None:
    """The Python codec for an HL7 (or everyday) character set name; None when the name is not known."""
    return _NAMES.get(_PLAIN.sub("", name.upper()))


def declared_names(raw: bytes) -> str:
    """MSH-18 as it stands in the bytes, before anything is decoded; empty when it is absent."""
    found = _HEADER.search(raw)
    if not found:
        return ""
    fields = found[2].split(found[1])
    return fields[16].decode("latin-1").strip(" \0") if len(fields) > 16 else ""


def decode(raw: bytes, default: str | None = None) -> Decoded:
    """Any bytes as characters; never raises. ``default`` is the feed's character set."""
    marked = _by_mark(raw)
    if marked:
        return marked
    declared = declared_names(raw)
    notes: list[Note] = []
    wanted = _wanted(declared, default, notes)
    if raw.isascii() and wanted != "iso2022_jp_2":
        return Decoded(raw.decode("ascii"), wanted, declared, 0, tuple(notes))
    for codec in dict.fromkeys((wanted, "utf-8")):
        text = _try(raw, codec)
        if text is not None:
            _note_result(raw, wanted, codec, notes)
            return Decoded(text, codec, declared, 0, tuple(notes))
    notes.append(Note("charset", f"The bytes are not {wanted}; they were read as Latin-1."))
    return Decoded(raw.decode("latin-1"), "latin-1", declared, 0, tuple(notes))


def _by_mark(raw: bytes) -> Decoded | None:
    for mark, codec in _MARKS:
        if raw.startswith(mark):
            return _marked(raw, len(mark), codec, Note("bom", "A byte-order mark stands before the message."))
    for start, codec in _WIDE:
        if raw.startswith(start):
            return _marked(
                raw, 0, codec, Note("charset", f"The bytes show {codec} without a byte-order mark.")
            )
    return None


def _marked(raw: bytes, size: int, codec: str, note: Note) -> Decoded:
    text = _try(raw[size:], codec)
    if text is not None:
        return Decoded(text, codec, declared_names(raw[size:]), size, (note,))
    lost = Note("charset", f"The bytes are not {codec}; they were read as Latin-1.")
    return Decoded(raw[size:].decode("latin-1"), "latin-1", declared_names(raw[size:]), size, (note, lost))


def _wanted(declared: str, default: str | None, notes: list[Note]) -> str:
    names = [name for name in re.split(r"[~^]", declared) if name.strip()]
    known = [codec for codec in map(codec_for, names) if codec]
    if len(known) < len(names):
        notes.append(Note("charset", "MSH-18 names a character set that is not in HL7 table 0211."))
    if any(codec in ("utf-16", "utf-32") for codec in known):  # its MSH could not have been read byte by byte
        notes.append(Note("charset", "MSH-18 names a two- or four-byte set, but the bytes are single."))
        known = [codec for codec in known if codec not in ("utf-16", "utf-32")]
    if "iso2022_jp_2" in known:  # the later repetitions are switched to by escape codes inside the text
        return "iso2022_jp_2"
    usual = codec_for(default or "") or "utf-8"
    return known[0] if known else ("utf-8" if usual in ("utf-16", "utf-32") else usual)


def _note_result(raw: bytes, wanted: str, codec: str, notes: list[Note]) -> None:
    if codec != wanted:
        notes.append(Note("charset", f"The bytes are not {wanted}; they were read as {codec}."))
    elif codec.startswith(("iso8859", "cp1252")) and _try(raw, "utf-8") is not None:
        notes.append(Note("charset", f"Declared or configured as {codec}, but the bytes look like UTF-8."))


def _try(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeError, ValueError):
        return None
