"""A few keys for a closed word, so that a row can be typed as fast as it is said. Pure.

What may stand in a cell, in this order: a key of ``KEYS``; any way of saying the word that the macro takes; the
beginning of one shown word and of no other. Anything else is not guessed: the cell says which words it could be.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from soar2.criteria.anatomy import canonical
from soar2.dictation.template import FIELD, offered
from soar2.dictation.values import parse, plain

#: The shortest that is understood, by field. A letter that begins two words goes to the normal one or to none.
KEYS: Mapping[str, Mapping[str, str]] = {
    "escc": {"a": "1a", "b": "1b", "c": "1c"},
    "below_conus": {"n": "none", "s": "severe", "0": "none"},
    "cord_signal": {"n": "absent", "o": "old", "p": "present", "+": "present", "-": "absent"},
    "lesion": {"l": "lytic", "m": "mixed", "b": "blastic", "i": "indeterminate"},
    "alignment": {"n": "normal", "d": "deformity", "s": "subluxation", "i": "indeterminate"},
    "collapse": {
        "n": "none", "0": "none", "-": "none", "x": "none_gt50_involved", "<": "lt50", "=": "eq50", ">": "gt50",
        "50": "eq50", "i": "indeterminate",
    },
    "posterolateral": {
        "n": "none", "0": "none", "-": "none", "u": "unilateral", "1": "unilateral", "b": "bilateral",
        "2": "bilateral", "i": "indeterminate",
    },
    "status": {"n": "new", "p": "progressed", "s": "stable", "i": "improved", "t": "treated_stable"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """What a cell holds: its closed word; or why there is none, as a sentence; neither when it is empty."""

    word: str = ""
    fault: str = ""


def typed(key: str, text: str) -> Typed:
    """The closed word a person meant in the cell of a field; ``level`` gives the level's own name.

    Fields of free words give the words back. Raises KeyError for a key that is no field's.
    """
    words = " ".join(text.split())
    if key == "level":
        name = canonical(words) if words else ""
        return (
            Typed(name)
            if name is not None
            else Typed(fault=f"“{words}” is no level. Say one such as T8 or L4.")
        )
    field = FIELD[key]
    if not words or not field.choices:
        return Typed(words)
    short = plain(words) or words.strip().casefold()  # plain() takes signs at the ends away, and - is a key
    if short in KEYS.get(key, {}):
        return Typed(KEYS[key][short])
    found = parse(key, words)
    if found.clean and len(found.words) == 1 and not found.hedged:
        return Typed(found.words[0])
    begun = [choice for choice in field.choices if plain(choice.shown).startswith(short)]
    if len(begun) == 1:
        return Typed(begun[0].word)
    could = begun or offered(field)
    return Typed(fault=f"“{words}” could be {_or([choice.shown for choice in could])}.")


def shown(key: str, word: str) -> str:
    """How a closed word is shown in a cell."""
    return next((choice.shown for choice in FIELD[key].choices if choice.word == word), word)


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
