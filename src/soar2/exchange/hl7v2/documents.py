r"""Documents inside a message (OBX of type ED or RP, RTF inside TX): the words of those that have words.

Many systems send the report as rich text, plain text or a web page in an ED value, and with it nothing
else. Its words are read like any others. A PDF or a scan has none that could be trusted, so a person has
to open it. Source: HL7 v2.5.1 chapter 2.A.24 (ED), 2.A.65 (RP) and
table 0299.
"""

import base64
import binascii
import codecs
import re
from dataclasses import dataclass
from html.parser import HTMLParser

from striprtf.striprtf import rtf_to_text

from soar2.exchange.hl7v2.message import Segment

DOCUMENTS = frozenset({"ED", "RP"})
RTF, TEXT, HTML, DOCUMENT = "rtf", "text", "html", "document"
LONGEST = 1_000_000  # characters of a document whose words are looked for; no report has as many
RTF_START = "{\\rtf"

_SPACE = re.compile(r"\s+")
_PICTURE = re.compile(r"(?:[0-9a-fA-F]{64,}\s*)+")
_HTML_START = re.compile(r"\s*<(?:!doctype html|html|body|div|p|table|span|h\d)\b", re.IGNORECASE)
_CONTROLS = re.compile("[\0-\x08\x0e-\x1f\x7f\ufffd]")
_NAMES = {
    "RTF": RTF,
    "RICHTEXT": RTF,
    "HTML": HTML,
    "HTM": HTML,
    "XHTML": HTML,
    "PLAIN": TEXT,
    "TEXT": TEXT,
    "TXT": TEXT,
    "ASCII": TEXT,
    "TX": TEXT,
    "FT": TEXT,
}
_SHOWN = {"PDF": "PDF", "JPEG": "picture", "JPG": "picture", "TIFF": "picture", "PNG": "picture"}
_MARKS = (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")
_BREAKS = frozenset(
    {"br", "p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "hr"}
)


@dataclass(frozen=True, slots=True)
class Document:
    """``kind`` is rtf, text or html where ``words`` were found in it, else document. ``media`` is as sent."""

    kind: str
    words: str = ""
    media: str = ""


def read_document(row: Segment) -> Document:
    """What an OBX of type ED or RP holds; never raises."""
    parts = _parts(row)
    if row.component(2).upper() == "RP":  # pointer, application, type, subtype
        return Document(DOCUMENT, media="/".join(filter(None, parts[2:4])))
    media = "/".join(filter(None, parts[1:3]))
    content = _content(row, parts)
    if content is None or len(content) > LONGEST * 4:
        return Document(DOCUMENT, media=media)
    kind = _kind(content, media)
    words = _READERS[kind](_decoded(content)) if kind in _READERS else ""
    return Document(kind, words, media) if words.strip() else Document(DOCUMENT, media=_shown(content, media))


def rtf_words(text: str) -> str:
    """The words of rich text; empty when there are none, or when it is damaged or too long to be looked at."""
    text = _PICTURE.sub(" ", text)
    if len(text) > LONGEST:
        return ""
    # The library looks for links and fonts with patterns whose effort grows with the square of a line.
    text = re.sub(r"(?<!\\)(?=\\f\d)", "\n", text.replace("fldinst{", "fldinst {"))
    try:
        found = rtf_to_text(text, errors="replace")
    except Exception:  # a stranger's parser over a stranger's bytes: whatever it raises, a person opens it
        return ""
    return _tidied(found)


def html_words(text: str) -> str:
    """The words of a web page, a line for each paragraph, row and break."""
    if len(text) > LONGEST:
        return ""
    reader = _Words()
    try:
        reader.feed(text)
        reader.close()
    except (AssertionError, ValueError):
        return ""
    return _tidied("".join(reader.found))


def named(attachment_media: str) -> str:
    """A document's type as people call it: PDF, picture; empty when the message does not say."""
    last = attachment_media.upper().rpartition("/")[2]
    return _SHOWN.get(last, last if last.isalnum() and len(last) <= 5 else "")


class _Words(HTMLParser):
    """Collects text; leaves out what a browser does not show."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "head", "title"):
            self._hidden += 1
        elif tag in _BREAKS:
            self.found.append("\n")
        elif tag in ("td", "th"):
            self.found.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "head", "title"):
            self._hidden = max(0, self._hidden - 1)
        elif tag == "body":
            self._hidden = 0
        elif tag in _BREAKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)


def _parts(row: Segment) -> list[str]:
    """The components of OBX-5 as sent; the fifth takes all that follows, since data is seldom escaped."""
    mark = row.delimiters.component
    parts = row.raw(5).split(mark, 4) if mark != " " else [row.raw(5)]
    if len(parts) == 1 and len(parts[0]) > 40:
        parts = ["", "", "", "", parts[0]]  # the data alone
    return [*(row.clean(part).strip() for part in parts[:4]), *[""] * (4 - len(parts[:4])), *parts[4:]]


def _content(row: Segment, parts: list[str]) -> bytes | None:
    """The document's bytes; None when there is no data or it is not in the encoding it is said to be in."""
    data, encoding = parts[4] if len(parts) > 4 else "", parts[3].upper()
    if encoding in ("BASE64", "BASE-64", "B64"):
        return _from_base64(row, data)
    if encoding == "HEX":
        return _from_hex(row, data)
    text = row.clean(data)
    if not encoding or text.startswith("JVBERi0"):  # nothing is said: what looks like Base64 is
        found = _from_base64(row, data) if len(text) >= 16 and " " not in text.strip() else None
        if found is not None:
            return found
    if not text.lstrip().startswith(RTF_START) and row.delimiters.repetition != " ":
        text = row.clean(data.replace(row.delimiters.repetition, "\n"))
    return text.encode("utf-8", "replace")


def _compact(row: Segment, data: str) -> str:
    """Encoded data without the line ends, escapes for them, and repetition marks it may have been cut by."""
    text = row.clean(data).replace(row.delimiters.repetition, "") if data else ""
    return _SPACE.sub("", text)


def _from_base64(row: Segment, data: str) -> bytes | None:
    text = _compact(row, data).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def _from_hex(row: Segment, data: str) -> bytes | None:
    try:
        return bytes.fromhex(_compact(row, data)) or None
    except ValueError:
        return None


def _kind(content: bytes, media: str) -> str:
    """By the first bytes, which cannot be mislabelled, else by what the message says."""
    start = content[:1024].lstrip()
    if start.startswith(b"{\\rtf"):
        return RTF
    if start.startswith(
        (b"%PDF", b"PK\3\4", b"\xff\xd8", b"\x89PNG", b"II*\0", b"MM\0*", b"\xd0\xcf\x11\xe0")
    ):
        return DOCUMENT
    if _HTML_START.match(_decoded(content[:200])):
        return HTML
    words = [_NAMES[word] for word in re.split(r"[^A-Z]+", media.upper()) if word in _NAMES]
    if not words:
        return TEXT if _printable(content) else DOCUMENT
    return TEXT if words[-1] == RTF else words[-1]  # its first bytes show that it is no rich text


def _printable(content: bytes) -> bool:
    """Whether bytes of an unnamed type are plain words (and not a document written in XML)."""
    text = _decoded(content)
    return not _CONTROLS.search(text) and not text.lstrip().startswith("<")


def _decoded(content: bytes) -> str:
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return content.decode(codec, "replace").replace("\0", "")
    for codec in ("utf-8", "cp1252"):
        try:
            return content.decode(codec).replace("\0", "")
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1").replace("\0", "")


def _shown(content: bytes, media: str) -> str:
    return media or ("PDF" if content.lstrip()[:4] == b"%PDF" else "")


def _tidied(text: str) -> str:
    """Ordinary spaces and line ends, no blank lines at either end, no hyphens that only a printer needs."""
    text = text.replace("\xa0", " ").replace("\xad", "").replace("\u2011", "-").replace("\0", "")
    lines = [line.rstrip() for line in re.sub(r"\r\n?|[\v\f\u2028\u2029]", "\n", text).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n").encode("utf-8", "replace").decode()


_READERS = {
    RTF: rtf_words,
    HTML: html_words,
    TEXT: lambda text: _tidied(text) if len(text) <= LONGEST else "",
}
