"""Finding the macro in a report and cutting it into lines: level lines, numbering, conus, other levels.

The macro may stand anywhere in a longer report, with lines wrapped, in any order, even all on one line.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from soar2.dictation import levels as level_words
from soar2.dictation.epidural import read_epidural
from soar2.dictation.segments import LABEL, LABEL_NAMES, Segment, labelled, segments
from soar2.dictation.sentences import lowered
from soar2.dictation.statements import Flag, Place
from soar2.dictation.values import parse, unbracket

_HEADER = r"spine\s+oncology\s+macro"
_BLANK = r"\[[^\[\]\r\n]*\]|_{2,}|\*{3,}|unknown|not\s+stated|not\s+named|\?+"
#: Where a line of the macro begins, in lower case. A level line in the middle of a line counts when a pipe follows
#: its level.
_MARK = re.compile(
    rf"""(?P<header>\b{_HEADER}\b\s*:?)
    |(?P<other>\bother\s+levels?\s*:)
    |(?P<numbering>\bnumbering\s*:)
    |(?P<conus>\bconus(?:\s+medullaris)?\s*:)
    |(?P<tumour>(?:^|(?<=[.;]))[ \t]*+(?:tumou?r|malignancy)
        (?:\s*:|(?=[ \t]+(?:present|absent|suspected|not[ ]stated|unknown)[ \t.]*$)))
    |(?P<outside>(?:^|(?<=[.;]))[ \t]*outside(?:\s+(?:the\s+)?program(?:me)?)?\s*:)
    |(?P<level>
        (?:^[ \t]*+(?:[-*•]|\d{{1,2}}[.)])?+[ \t]*+|(?<=[\s.;|]))
            levels?\b[ \t]*:?\s*(?:{level_words.SPEC}|{_BLANK})(?=[^|\r\n]{{0,40}}\|)
        |^[ \t]*+(?:[-*•]|\d{{1,2}}[.)])?+[ \t]*+levels?\b(?!\s+of\b)
        |^[ \t]*+(?:[-*•]|\d{{1,2}}[.)])?+[ \t]*+{level_words.SPEC}[ \t]*:?[ \t]*+(?=\|)
      )
    |(?P<heading>^[ \t]*+(?!numbering|conus|tumou?r|malignancy|outside|other\s|levels?\b|(?:{LABEL_NAMES})[ \t]*:)
        [a-z][a-z /&-]{{2,40}}:(?![^\r\n]*\|))
    """,
    re.M | re.X,
)
#: Words with which a mark can begin in the middle of a line: most of a report is ruled out before _MARK is tried.
_OPENERS = re.compile(r"spine\s|other\s|numbering|conus|tumou?r|malignancy|outside|level")
_BEFORE_OPENER = frozenset(" \t\r\n\f\v.;|:")
_LEVEL_WORD = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])?\s*(?:levels?\b)?\s*:?\s*", re.I)
_UNNAMED = re.compile(rf"({_BLANK})\s*:?", re.I)
_AFTER_SPEC = re.compile(r"\s*(?:vertebral\s+body|vertebra|body)?\s*[:.]?\s*", re.I)
_FREE = frozenset(("treated", "cause", "tumour", "prior"))
_LINE_BREAK = re.compile(r"\n(?=[ \t]*\S)")
_NEWLINE = re.compile(r"\r\n|\r|\n")
_VALUE_END = re.compile(r"\.(?=\s|$)|[\r\n;]|$")


@dataclass(slots=True)
class Row:
    """One level line. ``levels`` empty: none named (``blank``: its pick-list was left unfilled)."""

    levels: tuple[str, ...]
    place: Place
    level_place: Place
    segments: list[Segment]
    flags: list[Flag] = field(default_factory=list)
    blank: bool = False


@dataclass(slots=True)
class Line:
    """One report-level line: the words after its label, and where they stand."""

    words: str
    place: Place


@dataclass(slots=True)
class Macro:
    """The macro's lines. ``regions`` are the spans of text that belong to it; the rest is prose."""

    header: bool = False
    rows: list[Row] = field(default_factory=list)
    numbering: Line | None = None
    conus: list[Line] = field(default_factory=list)
    tumour: list[Line] = field(default_factory=list)
    outside: list[Line] = field(default_factory=list)
    other: list[Line] = field(default_factory=list)
    regions: list[Place] = field(default_factory=list)

    @property
    def found(self) -> bool:
        return self.header or bool(self.rows)


def find_macro(text: str) -> Macro:
    """The macro in ``text``; ``found`` is False when there is neither its title nor a level line."""
    macro = Macro()
    marks = _marks(text)
    present: frozenset[str] = frozenset()
    for n, mark in enumerate(marks):
        stop = marks[n + 1].start() if n + 1 < len(marks) else len(text)
        kind = mark.lastgroup or ""
        if kind == "numbering" and macro.numbering is None:
            present = transitional(text[mark.end() : stop])
        _take(macro, text, mark, kind, stop, present)
    return macro


def _marks(text: str) -> list[re.Match[str]]:
    lower = lowered(text)
    starts = {found.start() for found in _OPENERS.finditer(lower) if _may_open(lower, found.start())}
    starts.update(found.end() for found in _LINE_BREAK.finditer(lower))
    marks: list[re.Match[str]] = []
    end = 0
    for start in sorted(starts | {0}):
        if start >= end and (mark := _MARK.match(lower, start)):
            marks.append(mark)
            end = mark.end()
    return marks


def _may_open(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] in _BEFORE_OPENER


def _take(
    macro: Macro, text: str, mark: re.Match[str], kind: str, stop: int, present: frozenset[str]
) -> None:
    if kind == "header":
        macro.header = True
        macro.regions.append(Place(mark.start(), mark.end()))
    elif kind == "level":
        row = _row(text, mark.start(), stop, present, in_macro=macro.header)
        if row is not None:
            macro.rows.append(row)
            macro.regions.append(row.place)
    elif kind != "heading" and (macro.header or kind != "tumour"):
        line = _line(text, mark, kind, stop)
        macro.regions.append(Place(mark.start(), line.place.end))
        _keep(macro, kind, line)


def _keep(macro: Macro, kind: str, line: Line) -> None:
    if kind == "numbering":
        macro.numbering = macro.numbering or line
    elif kind == "conus":
        macro.conus.append(line)
    elif kind == "other":
        macro.other.append(line)
    else:
        (macro.tumour if kind == "tumour" else macro.outside).append(line)


def transitional(words: str) -> frozenset[str]:
    """T13 and L6 as far as a counting statement says that this person has them."""
    counts = numbering_counts(words)
    extra = {"T13"} if counts.get("rib", 12) >= 13 else set()
    return frozenset(extra | ({"L6"} if counts.get("lumbar", 5) >= 6 else set()))


_COUNT = re.compile(r"(\d{1,2})\s*\]?\s*(?:non-rib-bearing\s+)?(cervical|rib|thoracic|lumbar)", re.I)


@lru_cache(maxsize=256)
def numbering_counts(words: str) -> Mapping[str, int]:
    """Vertebrae counted per region: ``cervical``, ``rib``, ``lumbar``."""
    found = ((m[2].lower().replace("thoracic", "rib"), int(m[1])) for m in _COUNT.finditer(words))
    return dict(found)


def _line(text: str, mark: re.Match[str], kind: str, stop: int) -> Line:
    """The rest of the sentence after a label; one wrapped line is taken along."""
    start = mark.end()
    limit = min(stop, start + 400)
    end = limit
    for found in _VALUE_END.finditer(text, start, limit):
        end = found.start()
        wrapped = found.group() in ("\r", "\n") and _runs_on(text, start, end, limit)
        if not wrapped:
            break
        end = limit
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Line(text[start:end], Place(start, max(start, end)))


def _runs_on(text: str, start: int, newline: int, limit: int) -> bool:
    """A line without its full stop goes on when the next one begins in lower case or with a digit."""
    after = text[newline + 1 : limit].lstrip("\n")
    return (not text[start:newline].strip()) or (bool(after) and (after[0].islower() or after[0].isdigit()))


def _row(text: str, start: int, stop: int, present: frozenset[str], *, in_macro: bool) -> Row | None:
    """The level line that begins at ``start``, or None when the words only look like one."""
    end = _row_end(text, start, stop)
    lead = _LEVEL_WORD.match(text, start, end)
    at = lead.end() if lead else start
    named = level_words.leading(text, present, at, end)
    unnamed = None if named else _UNNAMED.match(text, at, end)
    spec_end = named.end if named else unnamed.end() if unnamed else at
    after = _AFTER_SPEC.match(text, spec_end, end)
    pieces = segments(text, after.end() if after else spec_end, end)
    if not _looks_like_macro(text[start:end], pieces, named is not None or unnamed is not None, in_macro):
        return None
    levels = named.levels if named else ()
    row = Row(levels, Place(*_stripped(text, start, end)), Place(at, spec_end), pieces)
    row.blank = unnamed is not None and unbracket(unnamed[1]) is not None
    if named and named.impossible:
        row.flags.append(Flag("unknown_term", ", ".join(named.impossible), row.level_place))
    return row


def _looks_like_macro(words: str, segments: list[Segment], named: bool, in_macro: bool) -> bool:
    """Prose may begin with *Level T8 shows* ...; a line of the macro has pipes, or at least two label-value
    pairs that are fully understood, or stands inside the macro with nothing but a level."""
    known = [s for s in segments if s.key is not None]
    if "|" in words:
        return bool(known) or (in_macro and named)
    if not segments:
        return in_macro and named
    sure = sum(1 for s in known if s.key is not None and _understood(s.key, s.words))
    return named and sure >= min(2, len(segments)) and sure * 2 >= len(segments) and (sure >= 2 or in_macro)


def _understood(key: str, words: str) -> bool:
    if key in ("escc", "below_conus"):
        said = read_epidural(words, key)
        return bool(said.parts) and not said.unread
    return bool(words) if key in _FREE else parse(key, words).clean


def _row_end(text: str, start: int, stop: int) -> int:
    """The end of a level line, wrapped lines included."""
    if text.find("\n", start, stop) == stop - 1:
        return stop - 1
    position = start
    while True:
        newline = _NEWLINE.search(text, position, stop)
        if newline is None:
            return stop
        following = _NEWLINE.search(text, newline.end(), stop)
        next_end = following.start() if following else stop
        if not _continues(text, start, newline.start(), newline.end(), next_end):
            return newline.start()
        position = newline.end()


def _continues(text: str, start: int, end: int, next_start: int, next_end: int) -> bool:
    line = text[next_start:next_end]
    if not line.strip():
        return False
    so_far = text[start:end].rstrip()
    if _own_field(line):
        return True
    if "|" not in so_far and "|" not in line:
        return False
    return "|" in line or so_far.endswith("|") or _completes(text, start, end, line)


def _own_field(line: str) -> bool:
    """A field on a line of its own: a label and a value that is fully understood."""
    head = LABEL.match(line)
    if head is None or "|" in line:
        return False
    pieces = labelled(line)
    return bool(pieces) and all(
        p.key is not None and p.key not in _FREE and _understood(p.key, p.words) for p in pieces
    )


def _completes(text: str, start: int, end: int, line: str) -> bool:
    """A last word that was wrapped away: the label stands without a value, or the value is only now whole."""
    tail_start = text.rfind("|", start, end) + 1
    head = LABEL.match(text, tail_start, end)
    if head is None:
        whole = LABEL.match(text[tail_start:end].strip() + " " + line.strip())
        return whole is not None and len(line.split()) <= 4
    key = labelled(text[tail_start:end])[0].key or ""
    words = text[head.end() : end].strip()
    if not words:
        return True
    return len(line.split()) <= 4 and key not in _FREE and _understood(key, f"{words} {line.strip()}")


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
