"""Cutting one level line into its labelled pieces: by pipes, and by the labels themselves where pipes are lost."""

import re
from functools import lru_cache
from typing import NamedTuple

from soar2.dictation.speech import nearest
from soar2.dictation.statements import Place
from soar2.dictation.template import LEVEL_FIELDS

_LABELS = {name.lower(): f.key for f in LEVEL_FIELDS for name in (f.label, *f.also)}
_ALTERNATIVES = "|".join(
    re.escape(name).replace(r"\ ", r"\s+") for name in sorted(_LABELS, key=len, reverse=True)
)
#: Names of labels, for whoever looks for lines that begin with one.
LABEL_NAMES = _ALTERNATIVES
#: A label at the beginning of a piece.
LABEL = re.compile(rf"\s*({_ALTERNATIVES})(?![\w])\s*[:=]?\s*", re.I)
#: The grade's label spelt out, letter by letter.
_LETTERS = re.compile(r"\s*(e[\s.]{1,2}s[\s.]{1,2}c[\s.]{1,2}c)(?![\w])\.?\s*[:=]?\s*", re.I)
_FIRST_WORDS = re.compile(r"\s*([a-z]+(?:[ -][a-z]+)?)(?![\w])\s*[:=]?\s*", re.I)
_SPELT = tuple(sorted({name.replace(" ", "") for name in _LABELS if len(name) >= 4}))
#: Labels inside a piece whose pipe was lost. Words that also occur in values are not taken for labels here.
_WEAK = frozenset(
    ("cord", "signal", "epidural", "epidural disease", "cauda", "bone", "change", "was", "prior", "treatment", "cause",
     "malignancy", "tumour", "tumor", "lesion type", "height loss", "treated", "lesion", "cauda equina", "thecal sac")
)  # fmt: skip
_STRONG = "|".join(
    re.escape(name).replace(r"\ ", r"\s+")
    for name in sorted((n for n in _LABELS if n not in _WEAK), key=len, reverse=True)
)
_ANYWHERE = re.compile(
    rf"(?<![\w])((?:{_STRONG})|(?<!new )(?<!bone )lesion(?=\s+(?:lytic|mixed|blastic|indet|scler|osteo|none|\[))"
    r"|treated(?=\s+\w+\s+\d{4}))(?![\w])\s*[:=]?\s*",
    re.I,
)
_BRACKETED = re.compile(r"\[[^\[\]\r\n]*\]|\{[^{}\r\n]*\}")


class Segment(NamedTuple):
    """One labelled piece: the field's key (None: no known label), its words, its place label and all."""

    key: str | None
    words: str
    place: Place


def _masked(text: str) -> str:
    """The text with the pipes inside pick-lists blanked, character for character."""
    return _BRACKETED.sub(lambda m: "\x00" * len(m.group()), text) if "[" in text or "{" in text else text


_EDGES = " \t\r\n|;,"


def _trimmed(text: str, start: int, end: int) -> Place:
    inner = text[start:end].lstrip(_EDGES)
    first = end - len(inner)
    return Place(first, first + len(inner.rstrip(_EDGES + ".")))


def segments(text: str, start: int, end: int) -> list[Segment]:
    """The labelled pieces of ``text[start:end]``: cut at pipes that stand outside brackets, and where a further
    label begins."""
    found: list[Segment] = []
    for masked in _masked(text[start:end]).split("|"):
        stop = start + len(masked)
        for key, words, (first, last) in labelled(text[start:stop]):
            found.append(Segment(key, words, Place(start + first, start + last)))
        start = stop + 1
    return found


@lru_cache(maxsize=4096)
def labelled(text: str) -> tuple[Segment, ...]:
    """Labelled pieces of a text between two pipes; places count from its start. Pieces such as *Alignment normal*
    come in every report."""
    piece = _trimmed(text, 0, len(text))
    if piece.end <= piece.start:
        return ()
    head = LABEL.match(text, piece.start, piece.end) or _misspelt_label(text, piece)
    first = head.end() if head else piece.start
    if "[" in text:
        cuts: list[re.Match[str]] = []
    else:
        cuts = [m for m in _ANYWHERE.finditer(text, first, piece.end) if m.start() > piece.start]
    stop = cuts[0].start() if cuts else piece.end
    out = [_segment(text, head, piece.start, stop)]
    for n, cut in enumerate(cuts):
        stop = cuts[n + 1].start() if n + 1 < len(cuts) else piece.end
        out.append(_segment(text, cut, cut.start(), stop))
    return tuple(s for s in out if s.key is not None or s.words)


def _misspelt_label(text: str, piece: Place) -> re.Match[str] | None:
    """A label misspelt by a letter or two (*Allignment*, *ESSC*, *Postero-lateral*) or spelt out (*E S C C*)."""
    spelt_out = _LETTERS.match(text, piece.start, piece.end)
    if spelt_out:
        return spelt_out
    for pattern in (_FIRST_WORDS, _FIRST_WORD):
        found = pattern.match(text, piece.start, piece.end)
        if found and label_key(found[1]) is not None and found.end() < piece.end:
            return found
    return None


_FIRST_WORD = re.compile(r"\s*([a-z]+)(?![\w])\s*[:=]?\s*", re.I)


@lru_cache(maxsize=1024)
def label_key(words: str) -> str | None:
    """The field of a label as written, misspelt or spelt out; None for any other words."""
    plain = " ".join(words.lower().split())
    if plain in _LABELS:
        return _LABELS[plain]
    closed = plain.replace(" ", "").replace("-", "").replace(".", "")
    if closed in ("escc", "essc", "ecss", "esccc", "esc", "esccs"):
        return "escc"
    if closed == "chordsignal":
        return "cord_signal"
    known = closed if closed in _SPELT else nearest(closed, _SPELT)
    return (
        next((key for name, key in _LABELS.items() if name.replace(" ", "") == known), None)
        if known
        else None
    )


def _segment(text: str, label: re.Match[str] | None, start: int, end: int) -> Segment:
    place = _trimmed(text, start, end)
    if label is None:
        return Segment(None, text[place.start : place.end], place)
    key = label_key(label[1])
    return Segment(key, text[min(label.end(), place.end) : place.end], place)
