"""What an expert says that a report says: the label beside a report, checked against the closed words.

A label is written by somebody who has not seen the reader's answer. Where the words of the report do not give
an item the label says ``unstated``; where two experts would differ it says ``?`` or lists every word that is
right, and nothing is counted against the reader for choosing one of them.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from soar2.criteria.anatomy import LEVELS, UNKNOWN, between, canonical, scale
from soar2.criteria.escc import BELOW_CONUS, GRADES, GradeRange
from soar2.criteria.intervals import Interval
from soar2.criteria.sins import ALIGNMENT, COLLAPSE, LESION, POSTEROLATERAL, SinsItems, imaging_sins
from soar2.criteria.urgency import LANES, TUMOUR

#: The words of the report do not give the item; the reader's ``not_stated`` and ``indeterminate`` both agree.
UNSTATED = "unstated"
#: Experts would differ: the item is not compared.
OPEN = "?"

CORD_SIGNAL = ("new", "present", "old", "absent")
STATUS = ("new", "progressed", "stable", "improved", "treated_stable")
OUTSIDE = (
    "abscess",
    "infection",
    "haematoma",
    "unstable_fracture",
    "compression",
    "primary_or_benign_tumour",
    "other",
)
SINS_ITEMS = ("lesion", "alignment", "collapse", "posterolateral")

#: The closed words of each item of a level; ``escc`` besides takes a range, ``1a to 3``.
LEVEL_WORDS: dict[str, frozenset[str]] = {
    "escc": frozenset({*GRADES, UNSTATED, "not_applicable"}),
    "below_conus": frozenset({*BELOW_CONUS, UNSTATED, "not_applicable"}),
    "lesion": frozenset(LESION) - {"not_stated"} | {UNSTATED},
    "alignment": frozenset(ALIGNMENT) - {"not_stated"} | {UNSTATED},
    "collapse": frozenset(COLLAPSE) - {"not_stated"} | {UNSTATED},
    "posterolateral": frozenset(POSTEROLATERAL) - {"not_stated"} | {UNSTATED},
    "cord_signal": frozenset({*CORD_SIGNAL, UNSTATED}),
    "status": frozenset({*STATUS, UNSTATED}),
    "lane": frozenset(LANES),
}
REPORT_WORDS: dict[str, frozenset[str]] = {
    "tumour": frozenset(TUMOUR),
    "lane": frozenset(LANES),
    "source": frozenset({"macro", "free-text", "discrete"}),
}
_REPORT_KEYS = frozenset(
    {*REPORT_WORDS, "outside", "name", "text", "review", "rest", "levels", "levels_complete", "note"}
    | {"cancer_known"}
)
_LEVEL_KEYS = frozenset({*LEVEL_WORDS, "sins", "epidural", "rest", "note"})
_FILE_KEYS = frozenset({"style", "report"}) | _REPORT_KEYS - {"name", "text"}
_RANGE = re.compile(r"(0|1[abc]|[23]) to (0|1[abc]|[23])")
_POINTS = re.compile(r"(\d{1,2})(?: to (\d{1,2}))?")

#: Every word that is right.
Wanted = frozenset[str]


@dataclass(frozen=True, slots=True)
class LevelLabel:
    """One level. ``wanted`` holds the items that are compared; ``epidural`` is E of the lane table where it
    does not follow from the grade or the below-conus word; ``points`` the true imaging SINS where given."""

    level: str
    wanted: Mapping[str, Wanted]
    epidural: GradeRange | None = None
    points: Interval | None = None

    def word(self, item: str) -> str | None:
        """The one word of an item; None where it is not compared or several are right."""
        words = self.wanted.get(item, frozenset())
        return next(iter(words)) if len(words) == 1 else None

    @property
    def sins(self) -> Interval | None:
        """The imaging SINS the words allow, which a reader's interval must contain; None where that is open."""
        if self.points is not None:
            return self.points
        words = {item: self.word(item) for item in SINS_ITEMS}
        if any(word is None for word in words.values()):
            return None
        return imaging_sins(
            SinsItems(self.level, **{k: "not_stated" if v == UNSTATED else str(v) for k, v in words.items()})
        )


@dataclass(frozen=True, slots=True)
class ReportLabel:
    """One report. ``levels`` None: no level is compared; ``complete`` False: there may be others than these.

    ``text`` is None where the report is a file of its own, called ``stem`` with some ending. ``outside`` None
    and ``review`` None: not compared; ``outside_maybe`` are dangers that may be named as well.
    ``cancer_known``: from order, history or record.
    """

    name: str
    stem: str
    wanted: Mapping[str, Wanted]
    review: bool | None = None
    outside: frozenset[str] | None = None
    outside_maybe: frozenset[str] = frozenset()
    levels: tuple[LevelLabel, ...] | None = None
    complete: bool = True
    cancer_known: bool = False
    text: str | None = field(default=None, repr=False)

    @property
    def reaches_a_person(self) -> bool | None:
        """Whether anybody should be asked to look: a lane above none, or review. None where that is open."""
        lanes = self.wanted.get("lane")
        if self.review or (lanes and "none" not in lanes):
            return True
        return None if lanes is None or lanes > {"none"} or self.review is None else False


@dataclass(frozen=True, slots=True)
class Fault:
    """A sentence about a label that cannot be used. It quotes keys and words of the label, never the report."""

    name: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"


class _Wrong(Exception):
    """A label's fault, on its way out of the part that found it."""


def read_labels(document: Mapping[str, Any], name: str) -> tuple[list[ReportLabel], list[Fault]]:
    """The labels of one TOML file as parsed: itself one label, or a list under ``report`` with shared defaults.

    Keys beside ``report`` are the defaults of every report in it. A label with a fault is left out and its
    fault told; the others are returned.
    """
    if "report" not in document:
        return _collect([(name, str(document.get("name", name.rpartition("/")[2])), document)])
    shared = {key: value for key, value in document.items() if key not in ("report", "style")}
    faults = [
        Fault(name, f"'{key}' is no key of a label file.") for key in sorted(set(document) - _FILE_KEYS)
    ]
    entries = document["report"]
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        return [], [*faults, Fault(name, "'report' must be written [[report]].")]
    stems = [str(entry.get("name", n)) for n, entry in enumerate(entries, 1)]
    named = [
        (f"{name}#{stem}", stem, {**shared, **entry}) for stem, entry in zip(stems, entries, strict=True)
    ]
    twice = {f"{name}#{stem}" for stem in stems if stems.count(stem) > 1}
    labels, others = _collect(named)
    return labels, [
        *faults,
        *(Fault(which, "two reports have this name.") for which in sorted(twice)),
        *others,
    ]


def _collect(named: Iterable[tuple[str, str, Mapping[str, Any]]]) -> tuple[list[ReportLabel], list[Fault]]:
    labels, faults = [], []
    for name, stem, entry in named:
        try:
            labels.append(_report(name, stem, entry))
        except _Wrong as wrong:
            faults.append(Fault(name, str(wrong)))
    return labels, faults


def _report(name: str, stem: str, entry: Mapping[str, Any]) -> ReportLabel:
    _known(entry, _REPORT_KEYS)
    wanted = {key: _words(key, entry[key], words) for key, words in REPORT_WORDS.items() if key in entry}
    outside = _outside(entry.get("outside", OPEN))
    review = entry.get("review", OPEN)
    if review not in (True, False, OPEN):
        raise _Wrong("'review' is true, false or \"?\".")
    text = entry.get("text")
    if text is not None and not isinstance(text, str):
        raise _Wrong("'text' must be a text.")
    return ReportLabel(
        name=name,
        stem=stem,
        wanted={key: words for key, words in wanted.items() if words is not None},
        review=None if review == OPEN else bool(review),
        outside=None if outside is None else frozenset(word for word in outside if not word.endswith(OPEN)),
        outside_maybe=frozenset(word.rstrip(OPEN) for word in outside or () if word.endswith(OPEN)),
        levels=_levels(entry),
        complete=_flag(entry, "levels_complete", True),
        cancer_known=_flag(entry, "cancer_known", False),
        text=text,
    )


def _flag(entry: Mapping[str, Any], key: str, default: bool) -> bool:
    value = entry.get(key, default)
    if not isinstance(value, bool):
        raise _Wrong(f"'{key}' is true or false.")
    return value


def _outside(value: Any) -> list[str] | None:
    """The dangers named; one with a question mark behind it may be named or not."""
    if value == OPEN:
        return None
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise _Wrong("'outside' must be a list, empty where nothing dangerous of another cause is described.")
    for word in value:
        if word.removesuffix(OPEN) not in OUTSIDE:
            raise _Wrong(f"'{word}' is no word of 'outside'; it may be {', '.join(OUTSIDE)}.")
    return value


def _levels(entry: Mapping[str, Any]) -> tuple[LevelLabel, ...] | None:
    given = entry.get("levels", OPEN)
    if given == OPEN:
        return None
    if not isinstance(given, Mapping):
        raise _Wrong("'levels' must be a table with one key a level.")
    labels = [
        _level(level, items, entry.get("rest", OPEN)) for key, items in given.items() for level in _span(key)
    ]
    doubled = [a.level for n, a in enumerate(labels) if any(a.level == b.level for b in labels[:n])]
    if doubled:
        raise _Wrong(f"the level {doubled[0]} is labelled twice.")
    return tuple(labels)


def _span(key: str) -> tuple[str, ...]:
    """``T8``, ``T3-T5``, ``unknown``."""
    if key == UNKNOWN:
        return (UNKNOWN,)
    ends = [canonical(part) for part in key.split("-")]
    if not 1 <= len(ends) <= 2 or None in ends or key != "-".join(str(end) for end in ends):
        raise _Wrong(f"'{key}' is no level; write {LEVELS[8]}, {LEVELS[10]}-{LEVELS[12]} or {UNKNOWN}.")
    return between(str(ends[0]), str(ends[-1]))


def _level(level: str, items: Any, rest: Any) -> LevelLabel:
    if not isinstance(items, Mapping):
        raise _Wrong(f"the level {level} must be a table of items.")
    _known(items, _LEVEL_KEYS, f" of the level {level}")
    rest = items.get("rest", rest)
    if rest not in (UNSTATED, OPEN):
        raise _Wrong('\'rest\' is "unstated" or "?".')
    wanted = {key: _words(key, items[key], words) for key, words in LEVEL_WORDS.items() if key in items}
    if rest == UNSTATED:
        wanted = {**{key: frozenset({UNSTATED}) for key in _silent(level, items)}, **wanted}
    return LevelLabel(
        level=level,
        wanted={key: words for key, words in wanted.items() if words is not None},
        epidural=_range(items["epidural"]) if "epidural" in items else None,
        points=_points(items["sins"]) if "sins" in items else None,
    )


def _silent(level: str, items: Mapping[str, Any]) -> Iterable[str]:
    """Items that ``rest`` covers: one scale, not both, and no cord signal where there is no cord."""
    where = scale(level, None)
    if "escc" in items:
        where = "cord"
    elif "below_conus" in items:
        where = "cauda"
    yield from (*SINS_ITEMS, "status")
    if where == "cord":
        yield from ("escc", "cord_signal")
    elif where == "cauda":
        yield "below_conus"


def _known(given: Mapping[str, Any], keys: frozenset[str], where: str = "") -> None:
    strange = sorted(set(given) - keys)
    if strange:
        raise _Wrong(f"'{strange[0]}' is no item{where}.")


def _words(key: str, value: Any, closed: frozenset[str]) -> Wanted | None:
    listed = value if isinstance(value, list) else [value]
    if listed == [OPEN]:
        return None
    for word in listed:
        if not isinstance(word, str) or not (word in closed or (key == "escc" and _range_word(word))):
            raise _Wrong(f"'{word}' is no word of '{key}'; it may be {', '.join(sorted(closed))}.")
    return frozenset(listed) or None


def _range_word(word: str) -> bool:
    found = _RANGE.fullmatch(word)
    return bool(found) and GRADES.index(found[1]) < GRADES.index(found[2])  # type: ignore[index]


def _range(value: Any) -> GradeRange:
    if value in GRADES:
        return GradeRange(value, value)
    if not isinstance(value, str) or not _range_word(value):
        raise _Wrong(f"'{value}' is no grade and no range of grades; write 1c, or 1a to 3.")
    low, high = value.split(" to ")
    return GradeRange(low, high)


def _points(value: Any) -> Interval:
    found = _POINTS.fullmatch(str(value))
    if found:
        low, high = int(found[1]), int(found[2] or found[1])
        if low <= high <= 15:
            return Interval(low, high)
    raise _Wrong(f"'{value}' is no imaging SINS; write 9, or 7 to 9, at most 15.")
