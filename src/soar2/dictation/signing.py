"""What must be settled before a report with the macro is signed: rules of the template, each with its weight.

``forbid``: the report cannot be signed so; ``alert``: the radiologist is asked once and may go on. The composer holds
to them; a dictation system can be set up by the same list. Nothing here grades or ranks: that is the reader's.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from soar2.criteria.anatomy import canonical, scale
from soar2.dictation.template import BELOW_CONUS, CORD_SIGNAL, ESCC, FIELD, LESION, STATUS

FORBID, ALERT = "forbid", "alert"
NOT_STATED = "not_stated"
Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule for a row: ``holds`` tells from level, closed words and conus whether there is something to settle."""

    key: str
    weight: str
    sentence: str
    holds: Callable[[str, Words, str], bool]


@dataclass(frozen=True, slots=True)
class Unsettled:
    """What a rule found: at which row (from 0), by which rule, how heavy, and the sentence to show."""

    row: int
    key: str
    weight: str
    sentence: str


def _given(words: Words, *keys: str) -> bool:
    return any(words.get(key, "") not in ("", NOT_STATED) for key in keys)


def _on_scale(level: str, conus: str) -> str:
    found = canonical(level)
    return scale(found, canonical(conus)) if found else ""


RULES: tuple[Rule, ...] = (
    Rule(
        "level", FORBID, "Name the level of this row.", lambda level, words, conus: canonical(level) is None
    ),
    Rule(
        "grade",
        FORBID,
        f"Give {ESCC.label}, or {BELOW_CONUS.label.lower()} where there is no cord.",
        lambda level, words, conus: not _given(words, "escc", "below_conus"),
    ),
    Rule(
        "one-scale",
        FORBID,
        "A level has one grade: on the cord's scale or on that below the conus.",
        lambda level, words, conus: _given(words, "escc") and _given(words, "below_conus"),
    ),
    Rule(
        "below-conus",
        ALERT,
        "This level lies below the conus and has a grade of the cord's scale.",
        lambda level, words, conus: _on_scale(level, conus) == "cauda" and _given(words, "escc"),
    ),
    Rule(
        "above-conus",
        ALERT,
        "This level has cord and a grade of the scale below the conus.",
        lambda level, words, conus: _on_scale(level, conus) == "cord" and _given(words, "below_conus"),
    ),
    Rule(
        "cord-signal",
        ALERT,
        f"The cord is touched or displaced: state {CORD_SIGNAL.label.lower()}.",
        lambda level, words, conus: (
            words.get("escc") in ("1c", "2", "3") and not _given(words, "cord_signal")
        ),
    ),
    Rule(
        "lesion",
        ALERT,
        f"State {LESION.label.lower()}, or indeterminate: unknown counts as the worst and the best.",
        lambda level, words, conus: not _given(words, "lesion"),
    ),
    Rule(
        "status",
        ALERT,
        f"State {STATUS.label.lower()}: without it a treated level is read as an untreated one.",
        lambda level, words, conus: _given(words, "treated") and not _given(words, "status"),
    ),
)
TWICE = Rule("twice", FORBID, "This level has a row already.", lambda level, words, conus: False)


def unsettled(rows: Iterable[tuple[str, Words]], *, conus: str = "") -> tuple[Unsettled, ...]:
    """What is still to be settled in these rows of (level, closed words by field key), in the order of the rows.

    Raises KeyError for a key that is no field's.
    """
    found: list[Unsettled] = []
    seen: set[str] = set()
    for row, (level, words) in enumerate(rows):
        if unknown := set(words) - set(FIELD):
            raise KeyError(min(unknown))
        name = canonical(level)
        if name is not None and name in seen:
            found.append(Unsettled(row, TWICE.key, TWICE.weight, TWICE.sentence))
        seen |= {name} if name is not None else set()
        found += [
            Unsettled(row, rule.key, rule.weight, rule.sentence)
            for rule in RULES
            if rule.holds(level, words, conus)
        ]
    return tuple(found)
