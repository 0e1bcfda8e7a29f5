"""Prose beside the macro, read by the grammar for prose: a default that it contradicts, a field that it fills, a level
with disease that has no line.

The macro's own words come first. Prose is set against them only where it names the level and says more: a denial or a
milder word beside a line of the macro is left to the statements of ``prose``.
"""

import re
from collections.abc import Sequence

from soar2.criteria import anatomy, escc
from soar2.dictation.answer import SetAside
from soar2.dictation.freetext.binding import bind
from soar2.dictation.freetext.sections import report_sentences
from soar2.dictation.freetext.settling import settle
from soar2.dictation.gathering import Gathered
from soar2.dictation.rows import LevelWords
from soar2.dictation.sentences import lowered
from soar2.dictation.statements import Epidural, Flag, Place, Statement
from soar2.dictation.weighing import Weighed, more_severe, weigh

_INK = re.compile(r"[^\r\n]")
_FILLED = ("lesion", "alignment", "collapse", "posterolateral", "cord_signal")


def add_prose(found: Gathered, text: str, regions: Sequence[Place]) -> tuple[SetAside, ...]:
    """What the words outside ``regions`` add to ``found``; returns those that were set aside."""
    rest = _outside(text, regions)
    if not rest.strip(" \t\r\n.:;-|"):
        return ()
    prose = bind(report_sentences(lowered(rest)))
    prose.conus = prose.conus or found.conus
    heard = settle(prose)
    for name, words in heard.words.items():
        if name != anatomy.UNKNOWN and (name in heard.lesions or found.level(name) is not None):
            _add(found, words)
    return tuple(SetAside(aside.place, aside.why) for aside in sorted(prose.asides, key=lambda a: a.place))


def _outside(text: str, regions: Sequence[Place]) -> str:
    """The text with the macro's own words blanked, line breaks kept, so that places do not move."""
    pieces, at = [], 0
    for start, end in sorted(regions):
        if start >= at:
            pieces += [text[at:start], _INK.sub(" ", text[start:end])]
            at = end
    return "".join((*pieces, text[at:]))


def _add(found: Gathered, heard: LevelWords) -> None:
    said = found.level(heard.level)
    disease = [e for e in heard.epidural if _is_disease(e)]
    if said is None:
        if disease:
            _new_level(found, heard, disease)
        return
    weighed = weigh(said)
    reach = weighed.epidural
    # beside a line of the macro only what exceeds it; at a level that the prose alone names, what says more exactly
    most = -1 if reach is None else escc.rank(reach.hi if said.in_macro else reach.lo)
    said.epidural += [e for e in disease if e.how != "hedge" and escc.rank(e.range.lo) > most]
    said.statements += [s for s in heard.statements if s.item in _FILLED and _says_more(s, weighed)]


def _new_level(found: Gathered, heard: LevelWords, disease: list[Epidural]) -> None:
    said = LevelWords(heard.level, heard.place, heard.statements, heard.epidural, in_macro=False)
    said.tumour = [s for s in heard.tumour if s.word != "absent"]
    said.flags.append(Flag("prose_only", heard.level, disease[0].place))
    if found.others_clear is not None:
        said.flags.append(Flag("contradiction", heard.level, disease[0].place))
    found.levels.append(said)


def _is_disease(said: Epidural) -> bool:
    return said.how == "hedge" or (said.how != "excludes" and said.range.lo != "0")


def _says_more(statement: Statement, weighed: Weighed) -> bool:
    """A field that the macro leaves open, or a word that is worse than the macro's."""
    if statement.word == "indeterminate":
        return False
    return more_severe(statement, weighed.words[statement.item])
