"""Whether the report speaks of tumour, weighed from its own statements."""

from collections.abc import Sequence
from dataclasses import dataclass

from soar2.dictation.macro import Macro
from soar2.dictation.prose import denies_tumour
from soar2.dictation.rows import LevelWords, tumour_word
from soar2.dictation.sentences import Sentence
from soar2.dictation.statements import Flag, Place
from soar2.dictation.weighing import Weighed


@dataclass(slots=True)
class TumourWords:
    """``stated`` holds the closed words said for the whole report; ``denied`` where the prose denies tumour."""

    stated: list[tuple[str, Place]]
    denied: Place | None
    flags: list[Flag]


def tumour_words(text: str, macro: Macro, prose: Sequence[Sentence]) -> TumourWords:
    stated: list[tuple[str, Place]] = []
    flags: list[Flag] = []
    for line in macro.tumour:
        word = tumour_word(line.words)
        if word:
            stated.append((word, line.place))
        else:
            flags.append(Flag("unknown_term", line.words, line.place))
    return TumourWords(stated, denies_tumour(text, prose), flags)


def report_tumour(said: TumourWords, lesions: Sequence[tuple[LevelWords, Weighed]]) -> tuple[str, bool]:
    """The closed word for the report, and whether statements about tumour exclude each other.

    The macro is the macro of a spine oncology programme: its level lines are written for tumour and for nothing
    else, and it offers no word for tumour because its use is the statement. So a level line states tumour
    present unless the report says otherwise. Reading it as *not stated* would make every level *suspected*,
    and no report could ever be routine.
    """
    words = {word for word, _ in said.stated}
    words |= {s.word for level, _ in lesions for s in level.tumour if s.word != "absent"}
    denied = "absent" in words or said.denied is not None
    affirmed = next((word for word in ("present", "suspected") if word in words), None)
    if denied:
        graded = any(w.epidural is not None and w.epidural.hi != "0" for _, w in lesions)
        if affirmed or graded or (lesions and said.denied is not None):
            return affirmed or "present", True
        return "absent", False
    if affirmed:
        return affirmed, False
    inferred = not words and any(level.in_macro for level, _ in lesions)
    return ("present" if inferred else "not_stated"), False


def level_tumour(level: LevelWords, report: str) -> str:
    """A level line may say for itself that its tumour is only suspected."""
    words = {s.word for s in level.tumour}
    if report in ("present", "not_stated") and words == {"suspected"}:
        return "suspected"
    return report
