"""How well the reader reads: its answers set beside what experts say the reports say. Pure.

Nothing here quotes a report: a disagreement is a name, a level, an item and two closed words.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Any, NamedTuple

from soar2.criteria.escc import GRADES
from soar2.criteria.intervals import Interval
from soar2.criteria.urgency import LANES
from soar2.dictation.labels import SINS_ITEMS, UNSTATED, LevelLabel, ReportLabel, Wanted

#: Two-sided 95% of the normal distribution.
Z = 1.959964

LEVEL_ITEMS = ("escc", "below_conus", *SINS_ITEMS, "cord_signal", "status", "lane")


class Rate(NamedTuple):
    """How often something held, out of how often it could have."""

    hits: int
    total: int

    @property
    def share(self) -> float | None:
        return self.hits / self.total if self.total else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95% interval (Wilson EB, J Am Stat Assoc 1927;22:209): honest also at 0 and 100 per cent."""
        if not self.total:
            return None
        p, n = self.hits / self.total, self.total
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z / (1 + Z * Z / n) * sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def as_json(self) -> dict[str, Any]:
        interval = self.interval
        return {
            "hits": self.hits,
            "total": self.total,
            "share": None if self.share is None else round(self.share, 4),
            "interval": None if interval is None else [round(end, 4) for end in interval],
        }


_NEVER = Rate(0, 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """One item of one report or level (``level`` empty: of the report): the label's words and the word read."""

    file: str
    level: str
    item: str
    label: str
    read: str
    agrees: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "level": self.level or None,
            "field": self.item,
            "label": self.label,
            "read": self.read,
        }


@dataclass(frozen=True, slots=True)
class Found:
    """Sensitivity and precision of one question, over the reports whose label answers it."""

    found: int = 0
    missed: int = 0
    raised_in_vain: int = 0
    rightly_quiet: int = 0

    @property
    def sensitivity(self) -> Rate:
        return Rate(self.found, self.found + self.missed)

    @property
    def precision(self) -> Rate:
        return Rate(self.found, self.found + self.raised_in_vain)

    @property
    def false_alarms(self) -> Rate:
        return Rate(self.raised_in_vain, self.raised_in_vain + self.rightly_quiet)

    def plus(self, label: bool | None, read: bool) -> "Found":
        if label is None:
            return self
        return Found(
            self.found + (label and read),
            self.missed + (label and not read),
            self.raised_in_vain + (read and not label),
            self.rightly_quiet + (not read and not label),
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "sensitivity": self.sensitivity.as_json(),
            "precision": self.precision.as_json(),
            "false_alarms": self.false_alarms.as_json(),
        }


@dataclass(slots=True)
class Evaluation:
    """The sums over all reports, filled by ``add``."""

    reports: int = 0
    levels: int = 0
    emergent: Found = field(default_factory=Found)
    urgent: Found = field(default_factory=Found)
    person: Found = field(default_factory=Found)
    caught: Rate = _NEVER
    contained: Rate = _NEVER
    missed_emergencies: list[str] = field(default_factory=list)
    agreement: dict[str, Rate] = field(default_factory=dict)
    lanes: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagreements: list[Comparison] = field(default_factory=list)

    @property
    def safe(self) -> bool:
        """No emergency missed, and every interval of SINS points holds the labelled one."""
        return not self.missed_emergencies and self.contained.hits == self.contained.total

    def add(self, label: ReportLabel, answer: Mapping[str, Any]) -> None:
        """Count one report; ``answer`` is an object of ``soar2 read --json``."""
        self.reports += 1
        self.levels += len(label.levels or ())
        self._count_lane(label, answer)
        for one in compare(label, answer):
            for name in _rows(one):
                rate = self.agreement.get(name, _NEVER)
                self.agreement[name] = Rate(rate.hits + one.agrees, rate.total + 1)
            if one.item == "sins":
                self.contained = Rate(self.contained.hits + one.agrees, self.contained.total + 1)
            if not one.agrees:
                self.disagreements.append(one)

    def _count_lane(self, label: ReportLabel, answer: Mapping[str, Any]) -> None:
        read, wanted = str(answer["lane"]), label.wanted.get("lane")
        self.emergent = self.emergent.plus(_within(wanted, "emergent"), read == "emergent")
        self.urgent = self.urgent.plus(_within(wanted, "emergent", "urgent"), read in ("emergent", "urgent"))
        self.person = self.person.plus(label.reaches_a_person, read != "none" or bool(answer["review"]))
        if wanted is not None and len(wanted) == 1:
            self.lanes[next(iter(wanted)), read] += 1
        if _within(wanted, "emergent"):
            held = read == "emergent" or (read == "urgent" and bool(answer["review"]))
            self.caught = Rate(self.caught.hits + held, self.caught.total + 1)
            if not held:
                self.missed_emergencies.append(label.name)

    def as_json(self) -> dict[str, Any]:
        """The whole result; keys in a fixed order."""
        return {
            "reports": self.reports,
            "levels": self.levels,
            "safe": self.safe,
            "missed_emergencies": self.missed_emergencies,
            "emergent_caught": self.caught.as_json(),
            "lane_emergent": self.emergent.as_json(),
            "lane_urgent_or_above": self.urgent.as_json(),
            "reaches_a_person": self.person.as_json(),
            "sins_interval_contains_label": self.contained.as_json(),
            "agreement": {name: self.agreement[name].as_json() for name in sorted(self.agreement)},
            "lanes": [
                {"label": a, "read": b, "reports": self.lanes[a, b]}
                for a in LANES
                for b in LANES
                if self.lanes[a, b]
            ],
            "disagreements": [one.as_json() for one in self.disagreements],
        }


def evaluate(pairs: Iterable[tuple[ReportLabel, Mapping[str, Any]]]) -> Evaluation:
    """The sums over labels and the answers to their reports."""
    evaluation = Evaluation()
    for label, answer in pairs:
        evaluation.add(label, answer)
    return evaluation


def compare(label: ReportLabel, answer: Mapping[str, Any]) -> list[Comparison]:
    """Every item the label gives, beside what was read. Items left open by the label are not in the list."""
    out = [
        Comparison(label.name, "", item, _said(words), str(answer[item]), answer[item] in words)
        for item, words in label.wanted.items()
    ]
    if label.review is not None:
        read = bool(answer["review"])
        out.append(Comparison(label.name, "", "review", _yes(label.review), _yes(read), read == label.review))
    if label.outside is not None:
        out.append(_outside(label, label.outside, frozenset(answer["outside"])))
    if label.levels is not None:
        out += _levels(label, label.levels, {level["level"]: level for level in answer["levels"]})
    return out


def _outside(label: ReportLabel, wanted: Wanted, read: frozenset[str]) -> Comparison:
    agrees = wanted <= read <= wanted | label.outside_maybe
    return Comparison(label.name, "", "outside", _listed(wanted), _listed(read), agrees)


def _levels(
    label: ReportLabel, wanted: tuple[LevelLabel, ...], read: Mapping[str, Mapping[str, Any]]
) -> Iterable[Comparison]:
    for level in wanted:
        answer = read.get(level.level)
        yield Comparison(
            label.name, level.level, "level", "lesion", "lesion" if answer else "nothing", answer is not None
        )
        yield from _items(label.name, level, answer)
    if label.complete:
        for name in [name for name in read if name not in {level.level for level in wanted}]:
            yield Comparison(label.name, name, "level", "nothing", "lesion", False)


def _items(file: str, level: LevelLabel, answer: Mapping[str, Any] | None) -> Iterable[Comparison]:
    """A level that was not read is wrong in every item its words determine, and silent in the others."""
    for item in LEVEL_ITEMS:
        words = level.wanted.get(item)
        if words is None or (answer is None and UNSTATED in words):
            continue
        read = "nothing" if answer is None else word_read(item, answer)
        agrees = read in words or (UNSTATED in words and read in ("not_stated", "indeterminate"))
        yield Comparison(file, level.level, item, _said(words), read, agrees)
    if answer is not None and level.sins is not None:
        read_points = Interval(*answer["sins_imaging"])
        yield Comparison(
            file, level.level, "sins", str(level.sins), str(read_points), read_points.contains(level.sins)
        )


def word_read(item: str, answer: Mapping[str, Any]) -> str:
    """The word the reader gave, in the words of labels."""
    if item == "escc":
        ends = answer["escc_range"]
        if ends is None:
            return "not_applicable" if answer["escc_status"] == "not_applicable" else UNSTATED
        return str(ends[0]) if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
    word = answer[item]
    if item == "below_conus" and word is None:
        return "not_applicable"
    return UNSTATED if word is None else str(word)


def _rows(one: Comparison) -> Iterable[str]:
    """The lines of the table of agreement in which a comparison counts."""
    if not one.level:
        yield f"report: {one.item}"
        return
    if one.item in ("level", "sins"):
        yield {"level": "level found", "sins": "SINS interval"}[one.item]
        return
    words = one.label.split(" or ")
    if UNSTATED in words:
        yield f"{one.item}, unstated"
    elif one.item == "escc" and not set(words) <= set(GRADES):
        yield "escc, a range"
    else:
        yield one.item
        if one.item in SINS_ITEMS:
            yield "SINS items"


def _within(wanted: Wanted | None, *lanes: str) -> bool | None:
    """Whether the label is one of these lanes; None where it may or may not be."""
    if wanted is None or (wanted & set(lanes) and not wanted <= set(lanes)):
        return None
    return bool(wanted & set(lanes))


def _said(words: Wanted) -> str:
    return " or ".join(sorted(words))


def _listed(words: Wanted) -> str:
    return ", ".join(sorted(words)) or "nothing"


def _yes(value: bool) -> str:
    return "true" if value else "false"
