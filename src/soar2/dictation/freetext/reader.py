"""The safety net: a report without the macro, in ordinary prose, to the same findings that the macro gives.

It takes what the words certainly say and leaves the rest open. Who reads the answer is told that it is a machine's:
a lane above *none* always asks for a person.
"""

import re
from dataclasses import dataclass

from soar2.criteria import anatomy
from soar2.dictation.answer import Mark, SetAside
from soar2.dictation.freetext.binding import Prose, bind
from soar2.dictation.freetext.mentions import Mention
from soar2.dictation.freetext.sections import report_sentences
from soar2.dictation.freetext.settling import Levels, settle
from soar2.dictation.gathering import Gathered
from soar2.dictation.sentences import lowered
from soar2.dictation.statements import Place
from soar2.dictation.tumour import TumourWords


@dataclass(frozen=True, slots=True)
class ProseReading:
    """What the prose says, ready to be weighed. ``keys``: reasons for review. ``empty``: there are no words at all."""

    found: Gathered
    said: TumourWords
    outside: tuple[str, ...]
    places: dict[str, Place]
    cancer: bool
    keys: tuple[str, ...]
    empty: bool
    marks: tuple[Mark, ...]
    set_aside: tuple[SetAside, ...]


def read_prose(text: str) -> ProseReading:
    """Read the whole of ``text`` as prose. Never raises; its work grows with the length of the text only."""
    lower = _spelt_out(lowered(text))
    prose = bind(report_sentences(lower))
    levels = settle(prose)
    found = _gathered(levels, prose)
    keys = ["addendum"] if prose.overruled else []
    places = {f"outside.{key}": place for key, place in levels.outside.items()}
    return ProseReading(
        found,
        TumourWords(levels.tumour, levels.denied, []),
        tuple(levels.outside),
        places,
        prose.cancer,
        tuple(keys),
        not lower.strip(),
        _marks(prose),
        tuple(SetAside(aside.place, aside.why) for aside in sorted(prose.asides, key=lambda a: a.place)),
    )


_LETTERS = re.compile(r"\be[\s.]{1,2}s[\s.]{1,2}c[\s.]{1,2}c\b\.?")


def _spelt_out(lower: str) -> str:
    """*E.S.C.C.* as one word, character for character."""
    return (
        _LETTERS.sub(lambda m: "escc".ljust(len(m.group())), lower)
        if "c c" in lower or "c.c" in lower or "c. c" in lower
        else lower
    )


def _gathered(levels: Levels, prose: Prose) -> Gathered:
    found = Gathered(conus=prose.conus, conus_place=prose.conus_place)
    named = [name for name in levels.words if name in levels.lesions and name != anatomy.UNKNOWN]
    nowhere = levels.words.get(anatomy.UNKNOWN)
    found.levels = [levels.words[name] for name in sorted(named, key=anatomy.rank)]
    if nowhere is not None and anatomy.UNKNOWN in levels.lesions and (nowhere.epidural or not named):
        found.levels.append(nowhere)
    found.flags = list(levels.flags)
    found.others_clear = _clear(prose)
    return found


def _clear(prose: Prose) -> Place | None:
    """A denial of epidural disease for the whole spine."""
    for fact in prose.facts:
        mention = fact.mention
        whole = not fact.levels and not fact.region
        if mention.item == "escc" and mention.word in ("no", "0") and whole and mention.how == "described":
            return fact.place
    return None


def _marks(prose: Prose) -> tuple[Mark, ...]:
    aside = {a.place for a in prose.asides}
    marks = [
        Mark(fact.place, fact.mention.item, _word(fact.mention), fact.levels)
        for fact in prose.facts
        if fact.place not in aside
    ]
    return tuple(sorted(marks, key=lambda mark: (mark.place, mark.item)))


def _word(mention: Mention) -> str:
    if mention.item != "escc" or mention.reach is None:
        return mention.word
    return f"not above {mention.reach.hi}" if mention.how == "excludes" else str(mention.reach)
