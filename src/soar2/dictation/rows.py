"""From the labelled pieces of a level line to statements about its levels."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from soar2.criteria import anatomy, escc
from soar2.dictation.causes import TUMOUR, outside_cause
from soar2.dictation.epidural import Said, read_epidural
from soar2.dictation.macro import Row
from soar2.dictation.segments import Segment
from soar2.dictation.statements import Epidural, Flag, Place, Statement
from soar2.dictation.template import LEVEL_FIELDS
from soar2.dictation.values import parse, plain, unbracket

_NO_LESION = frozenset(("none", "no", "nil", "absent", "no lesion", "negative", "normal", "no bone lesion"))
_UNTREATED = re.compile(r"\b(?:no|none|not|never|untreated|nil|denies|without)\b")
_NOT_YET = re.compile(r"\b(?:planned|pending|scheduled|awaiting|proposed|to be|consider\w*)\b|\?")


@dataclass(slots=True)
class LevelWords:
    """Everything said about one level, not yet weighed."""

    level: str
    place: Place
    statements: list[Statement] = field(default_factory=list)
    epidural: list[Epidural] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    tumour: list[Statement] = field(default_factory=list)
    causes: list[Statement] = field(default_factory=list)
    lesion_denied: Place | None = None
    prior: str | None = None
    treatment: str = ""
    in_macro: bool = True

    @property
    def empty(self) -> bool:
        return not (self.statements or self.epidural or self.tumour or self.causes or self.lesion_denied)


def read_row(row: Row) -> list[LevelWords]:
    """One entry per level the line names; one for ``unknown`` when it names none."""
    levels = row.levels or (anatomy.UNKNOWN,)
    return [_read_row(row, level) for level in levels]


def _read_row(row: Row, level: str) -> LevelWords:
    said = LevelWords(level, row.level_place, flags=list(row.flags))
    for segment in row.segments:
        _add(said, _piece(segment.key, segment.words), segment)
    return said


def _add(said: LevelWords, piece: LevelWords, segment: Segment) -> None:
    """What a piece says, at the place where it stands in this report."""
    place = segment.place
    for item, word, _ in piece.statements:
        said.statements.append(Statement(item, word, place))
    for epidural in piece.epidural:
        said.epidural.append(epidural._replace(place=place))
    for key, words, _ in piece.flags:
        said.flags.append(Flag(key, words, place))
    for item, word, _ in piece.tumour:
        said.tumour.append(Statement(item, word, place))
    for item, word, _ in piece.causes:
        said.causes.append(Statement(item, word, place))
    if piece.lesion_denied:
        said.lesion_denied = place
    said.prior = piece.prior or said.prior
    if piece.treatment and (segment.key == "treated" or not said.treatment):
        said.treatment = piece.treatment


_NOWHERE = Place(0, 0)


@lru_cache(maxsize=4096)
def _piece(key: str | None, words: str) -> LevelWords:
    """One labelled piece by itself. Pieces such as *Alignment normal* come in every report. Not to be changed."""
    said = LevelWords("", _NOWHERE)
    _read(Segment(key, words, _NOWHERE), said)
    return said


def _read(segment: Segment, said: LevelWords) -> None:
    if segment.key is None:
        _unlabelled(segment, said)
    elif segment.key in ("escc", "below_conus"):
        _take_epidural(read_epidural(segment.words, segment.key), segment, said)
    else:
        _BY_KEY.get(segment.key, _closed)(segment, said)


def _closed(segment: Segment, said: LevelWords) -> None:
    """A field with closed words."""
    key = segment.key or ""
    parsed = parse(key, segment.words)
    said.statements += [Statement(key, word, segment.place) for word in parsed.words]
    _flag(segment, said, unread=parsed.unread, hedged=parsed.hedged, unfilled=parsed.unfilled)


_POST = re.compile(
    r"\b(?:post|after|s/p)[ -](?:sbrt|srs|sabr|ebrt|rt|xrt|radiation|radiotherapy|treatment|surgery|op|ablation)\b"
)
_TREATED = re.compile(r"(?<!not )(?<!un)\btreated\b")


def _status(segment: Segment, said: LevelWords) -> None:
    """Change since the last scan; words such as *treated* or *post SBRT* in it also say that treatment was given."""
    text = plain(segment.words)
    parsed = parse("status", segment.words)
    said.statements += [Statement("status", word, segment.place) for word in parsed.words]
    unread = parsed.unread
    if "treated_stable" not in parsed.words and (_TREATED.search(text) or _POST.search(text)):
        said.statements.append(Statement("treated", "yes", segment.place))
        said.treatment = said.treatment or " ".join(segment.words.split())
        unread = "" if parsed.words or text == "treated" else unread
    _flag(segment, said, unread=unread, hedged=parsed.hedged, unfilled=parsed.unfilled)


def _flag(segment: Segment, said: LevelWords, *, unread: str, hedged: bool, unfilled: bool) -> None:
    words = segment.words or segment.key or ""
    keys = (("unknown_term", bool(unread)), ("hedge", hedged), ("unfilled", unfilled))
    said.flags += [Flag(key, words, segment.place) for key, holds in keys if holds]


def _take_epidural(parsed: Said, segment: Segment, said: LevelWords) -> None:
    said.epidural += [Epidural(reach, how, segment.place, word) for reach, how, word in parsed.parts]
    said.prior = parsed.prior or said.prior
    _flag(segment, said, unread=parsed.unread, hedged=parsed.hedged, unfilled=parsed.unfilled)


def _lesion(segment: Segment, said: LevelWords) -> None:
    """Lesion quality; *none* denies a bone lesion; a tumour's name says nothing about its quality."""
    text = plain(segment.words)
    if text in _NO_LESION:
        said.lesion_denied = segment.place
        return
    cause = outside_cause(text)
    if cause is not None:
        said.causes.append(Statement("cause", cause, segment.place))
        return
    parsed = parse("lesion", segment.words)
    said.statements += [Statement("lesion", word, segment.place) for word in parsed.words]
    if TUMOUR.search(text):
        said.tumour.append(Statement("tumour", "suspected" if parsed.hedged else "present", segment.place))
        left = "" if not parsed.words else parsed.unread
        _flag(
            segment,
            said,
            unread=left if not TUMOUR.search(left) else "",
            hedged=parsed.hedged,
            unfilled=False,
        )
    else:
        _flag(segment, said, unread=parsed.unread, hedged=parsed.hedged, unfilled=parsed.unfilled)


def _treated(segment: Segment, said: LevelWords) -> None:
    """Treatment in free words. What is only planned has not been done."""
    text = plain(segment.words)
    if unbracket(text) is not None:
        said.flags.append(Flag("unfilled", segment.words, segment.place))
    elif text in ("n/a", "na", "-", "unknown", "not stated", "not applicable"):
        return
    elif _NOT_YET.search(text):
        said.flags.append(Flag("hedge", segment.words, segment.place))
    elif _UNTREATED.search(text):
        said.statements.append(Statement("treated", "no", segment.place))
    else:
        said.statements.append(Statement("treated", "yes", segment.place))
        said.treatment = " ".join(segment.words.split())


def _cause(segment: Segment, said: LevelWords) -> None:
    text = plain(segment.words)
    cause = outside_cause(text)
    if cause is not None:
        said.causes.append(Statement("cause", cause, segment.place))
    elif TUMOUR.search(text):
        said.tumour.append(Statement("tumour", "present", segment.place))
    elif text and text not in ("n/a", "unknown", "not stated", "-"):
        said.flags.append(Flag("unknown_term", segment.words, segment.place))


def _tumour(segment: Segment, said: LevelWords) -> None:
    word = tumour_word(segment.words)
    if word in ("present", "absent", "suspected"):
        said.tumour.append(Statement("tumour", word, segment.place))
    elif word == "":
        said.flags.append(Flag("unknown_term", segment.words, segment.place))


_SUSPECTED = re.compile(
    r"\b(?:suspect\w*|suspicious|possibl[ey]|probabl[ey]|likely|indeterminate|equivocal|question\w*|concern\w*|"
    r"cannot exclude|may be)\b|\?"
)
_ABSENT = re.compile(r"\b(?:absent|no|none|negative|nil|without|not seen|not present)\b")
_PRESENT = re.compile(r"\b(?:present|yes|known|confirmed|positive|metastatic)\b")


def tumour_word(words: str) -> str:
    """The closed word for what stands after *Tumour*: present, absent, suspected, not_stated, or '' when not understood."""
    text = plain(words)
    if unbracket(text) is not None or text in ("", "not stated", "unknown", "n/a", "-"):
        return "not_stated"
    if _SUSPECTED.search(text):
        return "suspected"
    if _ABSENT.search(text):
        return "absent"
    return "present" if _PRESENT.search(text) or TUMOUR.search(text) else ""


def _prior(segment: Segment, said: LevelWords) -> None:
    """A grade on the last scan; other words about the past decide nothing here."""
    parts = read_epidural(segment.words).parts
    if parts and parts[0][0].exact and parts[0][0].lo in escc.GRADES:
        said.prior = parts[0][0].lo


_CLOSED_KEYS = tuple(f.key for f in LEVEL_FIELDS if f.choices and f.key not in ("escc", "below_conus"))


def _unlabelled(segment: Segment, said: LevelWords) -> None:
    """Words whose label was lost. They count when only one field can have meant them; a person looks."""
    meant = [key for key in _CLOSED_KEYS if parse(key, segment.words).clean]
    epidural = read_epidural(segment.words)
    if epidural.parts and not epidural.unread and not meant and not segment.words.strip().isdigit():
        _take_epidural(epidural, segment, said)
    elif len(meant) == 1 and not epidural.parts:
        _closed(Segment(meant[0], segment.words, segment.place), said)
    said.flags.append(Flag("unknown_term", segment.words, segment.place))


_BY_KEY = {
    "lesion": _lesion,
    "status": _status,
    "treated": _treated,
    "cause": _cause,
    "tumour": _tumour,
    "prior": _prior,
}
