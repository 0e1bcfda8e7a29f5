"""Which words gave which finding, which were set aside and why, and which line of the lane table held.

A value that a page or a terminal can show; it adds nothing to the reading.
"""

from dataclasses import dataclass
from typing import Any

from soar2.criteria.urgency import LINES
from soar2.dictation.answer import Mark, Reading, SetAside
from soar2.dictation.statements import Place

_LINE_WORDS = {line.number: line.words for line in LINES}

WHY = {
    "history": "stands under history or indication",
    "comparison": "stands under comparison",
    "technique": "stands under technique",
    "prior report": "belongs to an earlier report",
    "past": "speaks of an earlier scan or time",
    "plan": "is a question, a plan or advice",
    "family": "speaks of the family",
    "denied": "is denied",
    "addendum": "is overruled by an addendum",
    "cause: abscess": "is caused by an abscess",
    "cause: infection": "is caused by infection",
    "cause: haematoma": "is caused by a haematoma",
    "cause: unstable_fracture": "is caused by an unstable fracture",
    "cause: benign_tumour": "is caused by a benign or primary tumour",
    "cause: fracture": "is caused by a fracture without tumour",
    "cause: harmless": "has another cause: disc, stenosis, fracture or the like",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """``marks``: words that gave a finding, in the order of the text; ``set_aside``: words that speak of one and were not
    taken; ``line``: number and words of the line of the lane table that held, with the levels at which it did."""

    marks: tuple[Mark, ...]
    set_aside: tuple[SetAside, ...]
    line: int
    line_words: str
    line_levels: tuple[str, ...]

    def as_json(self, text: str) -> dict[str, Any]:
        return {
            "line": {"number": self.line, "words": self.line_words, "levels": list(self.line_levels)},
            "marks": [
                {
                    "start": m.place.start,
                    "end": m.place.end,
                    "words": text[slice(*m.place)],
                    "item": m.item,
                    "word": m.word,
                    "levels": list(m.levels),
                }
                for m in self.marks
            ],
            "set_aside": [
                {
                    "start": s.place.start,
                    "end": s.place.end,
                    "words": text[slice(*s.place)],
                    "why": why_words(s.why),
                }
                for s in self.set_aside
            ],
        }


def why_words(why: str) -> str:
    """The reason for which words were set aside, as the end of a sentence."""
    return WHY.get(why, why)


def explain(reading: Reading) -> Explained:
    """What ``reading`` was made of."""
    held = tuple(lv.level for lv in reading.levels if lv.rule == reading.rule and lv.lane == reading.lane)
    marks = reading.marks or _from_places(reading)
    return Explained(
        tuple(dict.fromkeys(marks)), reading.set_aside, reading.rule, _LINE_WORDS[reading.rule], held
    )


def _from_places(reading: Reading) -> tuple[Mark, ...]:
    """A macro keeps the place of every item it was read from."""
    found: dict[tuple[Place, str, str], list[str]] = {}
    for level in reading.levels:
        for item, place in level.places.items():
            found.setdefault((place, item, _word(level, item)), []).append(level.level)
    whole = [Mark(place, item, "", ()) for item, place in reading.places.items()]
    marks = [Mark(place, item, word, tuple(levels)) for (place, item, word), levels in found.items()]
    return tuple(sorted((*marks, *whole), key=lambda mark: (mark.place, mark.item)))


def _word(level: Any, item: str) -> str:
    if item == "escc":
        return str(level.epidural) if level.epidural else ""
    if item == "level":
        return ""
    return str(getattr(level, item, "") or "")


def marked_up(text: str, explained: Explained) -> str:
    """The report with brackets around the words: ``[words]1`` gave finding 1 of the list below it, ``{words}a`` were set
    aside for reason a."""
    lines = [_bracketed(text, explained), ""]
    for number, mark in enumerate(explained.marks, 1):
        said = f"{mark.item.replace('_', ' ')} {mark.word}".strip()
        where = ", ".join("level not named" if lv == "unknown" else lv for lv in mark.levels)
        lines.append(f"  [{number}] {said}{f' at {where}' if where else ''}")
    for number, aside in enumerate(explained.set_aside):
        words = " ".join(text[slice(*aside.place)].split())
        lines.append(f'  {{{_letter(number)}}} "{words}" {why_words(aside.why)}')
    where = f" ({', '.join(explained.line_levels)})" if explained.line_levels else ""
    lines.append(f"  Line {explained.line} of the lane table held: {explained.line_words}{where}")
    return "\n".join(lines) + "\n"


def _bracketed(text: str, explained: Explained) -> str:
    """At one place what ends comes before what begins, and the wider bracket outside."""
    events: list[tuple[int, int, int, str]] = []
    for number, mark in enumerate(explained.marks, 1):
        events += _pair(mark.place, "[", f"]{number}")
    for number, aside in enumerate(explained.set_aside):
        events += _pair(aside.place, "{", f"}}{_letter(number)}")
    pieces, at = [], 0
    for place, _, _, sign in sorted(events):
        pieces += [text[at:place], sign]
        at = place
    return "".join((*pieces, text[at:])).rstrip()


def _pair(place: Place, opening: str, closing: str) -> list[tuple[int, int, int, str]]:
    width = place.end - place.start
    return [(place.start, 1, -width, opening), (place.end, 0, width, closing)]


def _letter(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(97 + rest) + letters
    return letters
