r"""The words of a report out of its OBX and NTE segments, each stretch with the place it came from.

Senders put one line in each OBX, or repetitions (``~``), or ``\.br\``, or all of it in one field; the reader
behind this door must see the same lines in every case.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from soar2.exchange.feeds import Feed
from soar2.exchange.hl7v2.charsets import Note
from soar2.exchange.hl7v2.documents import (
    DOCUMENT,
    DOCUMENTS,
    HTML,
    RTF,
    RTF_START,
    TEXT,
    read_document,
    rtf_words,
)
from soar2.exchange.hl7v2.message import Segment
from soar2.exchange.hl7v2.types import Attachment, TextSource

WITHDRAWN = frozenset({"D", "W", "X"})  # OBX-11: deleted, posted as wrong, cannot be obtained

# "collapse ~50%" is a dictated "about", not a new line: a real repetition mark does not stand before a
# measure.
_ABOUT = re.compile(r"(?<=[\s(])~(?=\d+(?:\.\d+)?\s?(?:%|mm\b|cm\b))")
_NO_WORD = re.compile(r"\W+")
REMARKS = {
    DOCUMENT: "A document came with the report; it is not text and was not read.",
    RTF: "The report came as rich text (RTF); its words were read.",
    HTML: "The report came as a web page (HTML); its words were read.",
    TEXT: "The report came as a text document; its words were read.",
}
_LINE_END = re.compile(r"\r\n?")


@dataclass(slots=True)
class ReportText:
    """The text found under one OBR. ``results`` are the OBX-11 codes of all text rows, withdrawn ones too."""

    lines: list[str] = field(default_factory=list)
    length: int = 0
    sources: list[TextSource] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    withdrawn: list[tuple[str, str, str]] = field(default_factory=list)
    documents: list[tuple[str, str, str]] = field(default_factory=list)
    observer: Segment | None = None

    def add(self, words: str, where: str, code: str) -> None:
        """One stretch of text on lines of its own."""
        start = self.length + 1 if self.sources else 0
        self.length = start + len(words)
        self.lines.append(words)
        self.sources.append(TextSource(start, self.length, where, code))

    def start_again(self) -> None:
        """Forget the words found so far."""
        self.lines.clear()
        self.sources.clear()
        self.length = 0

    @property
    def text(self) -> str:
        """The report, its stretches joined by line ends."""
        return "\n".join(self.lines)

    @property
    def empty(self) -> bool:
        """Whether there is no word in it."""
        return not any(words.strip() for words in self.lines)

    def note(self, kind: str, words: str) -> None:
        """A remark, once."""
        if Note(kind, words) not in self.notes:
            self.notes.append(Note(kind, words))


def read_text(rows: Sequence[tuple[str, Segment]], feed: Feed) -> ReportText:
    """The report in ``rows``: (place, segment) of the OBX and NTE below one OBR, in the message's order.

    Notes below an OBX belong to the report; notes right below the OBR do only where no OBX carries text.
    """
    found = ReportText()
    first = next((index for index, (_, row) in enumerate(rows) if row.name == "OBX"), len(rows))
    for where, row in rows[first:]:
        if row.name == "OBX":
            _observation(found, where, row, feed)
        else:
            _comment(found, where, row)
    _settle_withdrawn(found)
    _rich_text(found)
    _settle_documents(found)
    if found.empty:
        for where, row in rows[:first]:
            _comment(found, where, row)
    return found


def _settle_withdrawn(found: ReportText) -> None:
    """Single lines marked deleted or wrong stay out; a report withdrawn as a whole keeps its words."""
    if found.withdrawn and found.empty:
        for stretch in found.withdrawn:
            found.add(*stretch)
    elif found.withdrawn:
        found.note("withdrawn", "Lines that the sender marks as deleted or wrong (OBX-11) were left out.")


def _rich_text(found: ReportText) -> None:
    """Rich text sent as if it were lines of text, in one row or cut over many."""
    if not found.text.lstrip().startswith(RTF_START):
        return
    words, first = rtf_words(found.text), found.sources[0]
    found.note("rtf", REMARKS[RTF])
    found.start_again()
    if words.strip():
        found.add(words, first.where, first.code)
    else:
        found.attachments.append(Attachment(first.where, "TX", "RTF"))


def _settle_documents(found: ReportText) -> None:
    """The words of documents, unless they only repeat the text beside them: a report read twice would seem to
    speak of two exams. A document that says more than the text takes its place."""
    for words, where, code in found.documents:
        here, there = _bare(found.text), _bare(words)
        if there in here:
            found.note("document", "A document with the same words came with the report.")
            continue
        if here in there:
            found.start_again()
        found.add(words, where, code)


def _bare(text: str) -> str:
    return _NO_WORD.sub("", text).casefold()


def _observation(found: ReportText, where: str, row: Segment, feed: Feed) -> None:
    kind = row.component(2).upper()
    if kind in DOCUMENTS:
        _document(found, where, row, feed)
    elif kind and kind not in feed.text_types:
        found.note("discrete", f"Values of type {kind} were not read as report text.")
    elif len(row) >= 5 and (kind or row.raw(5)):
        if not kind:
            found.note("type", "OBX-2 is empty; the value was read as text.")
        _words(found, where, row, feed)


def _document(found: ReportText, where: str, row: Segment, feed: Feed) -> None:
    document, status = read_document(row), feed.status(row.component(11).upper())
    stretch = (document.words, f"{where}-5", row.component(3))
    if document.kind == DOCUMENT:
        found.attachments.append(Attachment(f"{where}-5", row.component(2).upper(), document.media))
        found.note(DOCUMENT, REMARKS[DOCUMENT])
        return
    found.note(document.kind, REMARKS[document.kind])
    found.results.append(status)
    found.observer = found.observer or (row if row.raw(16) else None)
    (found.withdrawn if status in WITHDRAWN else found.documents).append(stretch)


def _words(found: ReportText, where: str, row: Segment, feed: Feed) -> None:
    raw, said = _value(found, row)
    status = feed.status(said)
    found.results.append(status)
    found.observer = found.observer or (row if row.raw(16) else None)
    code, pieces = row.component(3), _repetitions(row, raw)
    # Where the words were put together again, only the field as a whole can be pointed at.
    as_sent = raw == row.raw(5) and not _ABOUT.search(raw)
    for number, words in enumerate(pieces, 1):
        stretch = (_lines(row, words), f"{where}-5[{number}]" if as_sent else f"{where}-5", code)
        if status in WITHDRAWN:
            found.withdrawn.append(stretch)
        else:
            found.add(*stretch)


def _value(found: ReportText, row: Segment) -> tuple[str, str]:
    """OBX-5 and OBX-11; where a sender forgot to escape its bars, the text runs on into later fields."""
    bar = row.delimiters.field
    value, units = row.raw(5), row.raw(6)
    if not (units.strip() and (units[0].isspace() or value[-1:].isspace())):
        return value, row.component(11).upper()
    found.note("bars", "Field delimiters stand unescaped in OBX-5; the text was put together again.")
    words, _, behind = bar.join(row.parts[5:]).partition(bar * 3)
    # Of the six delimiters between OBX-5 and OBX-11 three are left.
    status = behind.split(bar)[3] if behind.count(bar) >= 3 else ""
    return words, status.strip().upper()[:1]


def _repetitions(row: Segment, raw: str) -> list[str]:
    mark = row.delimiters.repetition
    if mark == " " or mark not in raw:
        return [raw]
    if mark != "~":
        return raw.split(mark)
    return [part.replace("\1", "~") for part in _ABOUT.sub("\1", raw).split("~")]


def _comment(found: ReportText, where: str, row: Segment) -> None:
    for words in _repetitions(row, row.raw(3)):
        if words:
            found.add(_lines(row, words), f"{where}-3", "NTE")


def _lines(row: Segment, raw: str) -> str:
    return _LINE_END.sub("\n", row.clean(raw)).rstrip()
