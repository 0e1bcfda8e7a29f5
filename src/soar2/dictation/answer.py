"""The reader's answer: frozen values, and the JSON of the contract made from them."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from soar2.criteria.escc import GradeRange
from soar2.criteria.intervals import Interval
from soar2.criteria.packs import Pack
from soar2.criteria.urgency import LaneDecision
from soar2.dictation.statements import Place


@dataclass(frozen=True, slots=True)
class LevelReading:
    """One level with a lesion. Words are the closed words of the contract; ``epidural`` is E of the lane table
    (None: unknown); ``sac_word`` the below-conus word as dictated, also where the cord still runs and
    ``below_conus`` does not apply; ``places`` are spans of the report's text by item."""

    level: str
    epidural: GradeRange | None
    escc: str | None
    escc_range: tuple[str, str] | None
    escc_status: str
    below_conus: str | None
    lesion: str
    alignment: str
    collapse: str
    posterolateral: str
    cord_signal: str
    status: str
    treatment: str
    treated_stable: bool
    sins: Interval
    score: Interval
    decision: LaneDecision
    conflicts: tuple[str, ...]
    places: dict[str, Place]
    sac_word: str | None = None

    @property
    def lane(self) -> str:
        return self.decision.lane

    @property
    def rule(self) -> int:
        return self.decision.rule

    @property
    def signal(self) -> bool:
        return self.cord_signal in ("new", "present")

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "escc": self.escc,
            "escc_range": list(self.escc_range) if self.escc_range else None,
            "escc_status": self.escc_status,
            "below_conus": self.below_conus,
            "lesion": self.lesion,
            "alignment": self.alignment,
            "collapse": self.collapse,
            "posterolateral": self.posterolateral,
            "cord_signal": self.cord_signal,
            "status": self.status,
            "sins_imaging": list(self.sins),
            "lane": self.lane,
            "rule": self.rule,
            "score": list(self.score),
            "treatment": self.treatment or None,
            "contradictions": list(self.conflicts),
            "spans": {item: list(place) for item, place in self.places.items()},
        }


class Mark(NamedTuple):
    """Words that gave a finding: their place, the item, its word, and the levels it was read for."""

    place: Place
    item: str
    word: str
    levels: tuple[str, ...]


class SetAside(NamedTuple):
    """Words that speak of a finding and were not taken for one of today's tumour: their place, and why."""

    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One report, read. ``rule`` is the line of the lane table that held; ``score`` is None without levels."""

    source: str
    tumour: str
    levels: tuple[LevelReading, ...]
    worst_escc: str | None
    score: Interval | None
    pack: Pack
    lane: str
    rule: int
    review: bool
    review_reasons: tuple[str, ...]
    outside: tuple[str, ...]
    reasons: tuple[str, ...]
    numbering: str | None = None
    conus: str | None = None
    unread: tuple[str, ...] = ()
    places: dict[str, Place] = field(default_factory=dict)
    marks: tuple[Mark, ...] = ()
    set_aside: tuple[SetAside, ...] = ()

    def as_json(self, file: str = "") -> dict[str, Any]:
        """The answer of ``soar2 read --json``: the contract's keys first, our own after them."""
        score = self.score
        return {
            "file": file,
            "source": self.source,
            "tumour": self.tumour,
            "levels": [level.as_json() for level in self.levels],
            "worst_escc": self.worst_escc,
            "imaging_score": {
                "pack": self.pack.name,
                "version": self.pack.version,
                "min": score.lo if score else None,
                "max": score.hi if score else None,
            },
            "lane": self.lane,
            "review": self.review,
            "outside": list(self.outside),
            "reasons": list(self.reasons),
            "rule": self.rule,
            "review_reasons": list(self.review_reasons),
            "numbering": self.numbering,
            "conus": self.conus,
            "unread": list(self.unread),
            "spans": {item: list(place) for item, place in self.places.items()},
            "pack_label": self.pack.label,
        }
