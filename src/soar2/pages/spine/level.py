"""What a report says about one level, and the words for it. Levels are plain strings, no rule is known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from soar2.pages.spine.table import LEVELS

GRADES = ("0", "1a", "1b", "1c", "2", "3")
SAC = ("none", "mild", "moderate", "severe")
SAC_GRADE = {"none": "0", "mild": "1b", "moderate": "1c", "severe": "3"}
"""How far sac words reach into the canal, in the drawing's own grades."""
NOT_STATED = "not stated"


@dataclass(frozen=True)
class Level:
    """One level's findings. None is "not stated" and is drawn as such, never as zero.

    grade: ESCC `0` to `3`; span: lowest and highest grade where only an interval is known;
    lesion: lytic, blastic, mixed, or unknown for a lesion whose type is not stated; None for no bone lesion;
    collapse: share of height lost, 0 to 1; pedicles: sides taken, 0 to 2; signal: cord signal change;
    treated: words for earlier treatment; note: words shown in place of the grade;
    sac: none, mild, moderate or severe, for a level below the conus, which has no cord grade.
    """

    grade: str | None = None
    lesion: str | None = None
    collapse: float | None = 0.0
    pedicles: int | None = 0
    signal: bool = False
    treated: str = ""
    note: str = ""
    sac: str | None = None
    span: tuple[str, str] | None = None

    @property
    def known(self) -> str | None:
        """The grade whose reach is drawn solid: the lower end of what is known."""
        if self.sac in SAC_GRADE:
            return SAC_GRADE[self.sac]
        if self.grade in GRADES:
            return self.grade
        return self.span[0] if self.span else None

    @property
    def possible(self) -> str | None:
        """The grade up to which the drawing stays hollow, where the report leaves room above the known."""
        if self.sac in SAC_GRADE or self.grade in GRADES:
            return None
        return self.span[1] if self.span else GRADES[-1]


def ordered(names: Iterable[str]) -> list[str]:
    """Names from the skull downward; those that have no place in the drawing last, by name."""
    place = {name: i for i, name in enumerate(LEVELS)}
    return sorted(names, key=lambda name: (place.get(name, len(place)), name))


def _aloud(words: str) -> str:
    return NOT_STATED if words == "?" else words


def place_words(name: str) -> str:
    """A level's name; "level not stated" for `unknown`."""
    return f"level {NOT_STATED}" if name == "unknown" else name


def label_words(level: Level) -> str:
    """What stands beside a level: its note, else its grade in short."""
    return level.note or epidural_words(level)


def epidural_words(level: Level) -> str:
    """The grade in short: `1c`, `1a to 3`, `sac moderate`, or `?` for not stated."""
    if level.sac:
        return "sac free" if level.sac == "none" else f"sac {level.sac}"
    if level.grade:
        return level.grade
    return f"{level.span[0]} to {level.span[1]}" if level.span else "?"


def collapse_words(share: float | None) -> str:
    """Collapse as reports grade it; nothing for none."""
    if share is None:
        return "collapse not stated"
    if share <= 0:
        return ""
    return "less than half of its height lost" if share < 0.5 else "half or more of its height lost"


def level_words(level: Level, was: Level | None = None) -> str:
    """All findings of a level in one phrase, with the earlier grade where it differs."""
    words = epidural_words(level)
    parts = [_aloud(words) if level.sac else f"epidural {_aloud(words)}"]
    if was is not None and epidural_words(was) != words:
        parts[0] += f", was {_aloud(epidural_words(was))}"
    parts.append(_lesion_words(level.lesion))
    parts.append(collapse_words(level.collapse))
    parts.append(_pedicle_words(level.pedicles))
    parts.append("cord signal change" if level.signal else "")
    parts += [level.treated, level.note]
    return ", ".join(part for part in parts if part)


def _pedicle_words(sides: int | None) -> str:
    return "pedicles not stated" if sides is None else ("", "one pedicle", "both pedicles")[sides]


def _lesion_words(lesion: str | None) -> str:
    if lesion is None:
        return ""
    return "lesion, type not stated" if lesion == "unknown" else f"{lesion} lesion"


def describe(
    levels: Mapping[str, Level], prior: Mapping[str, Level] | None = None, away: Iterable[str] = ()
) -> str:
    """The picture as sentences. `away` names levels that are said but not seen in the picture."""
    hidden, before = set(away), prior or {}
    sentences = []
    for name in ordered({*levels, *before}):
        unseen = " (not in the picture)" if name in hidden else ""
        said = place_words(name)
        if name in levels:
            sentences.append(f"{said}{unseen}: {level_words(levels[name], before.get(name))}.")
        else:
            sentences.append(f"{said}{unseen}: not mentioned now, was {level_words(before[name])}.")
    return " ".join(sentences) or "No abnormal level."


def changes(was: Level | None, now: Level | None) -> list[str]:
    """What changed at a level between two exams, in short lines; the epidural line first."""
    if now is None:
        return [f"{epidural_words(was or Level())} → not mentioned"]
    if was is None:
        return [f"{epidural_words(now)} new"]
    before, after = epidural_words(was), epidural_words(now)
    rest = _other_changes(was, now)
    if before != after:
        return [f"{before} → {after}", *rest]
    if after == "?":
        return ["? not stated", *rest]
    return [f"{after} still" if rest else f"{after} unchanged", *rest]


def _other_changes(was: Level, now: Level) -> list[str]:
    found = [_collapse_change(was.collapse, now.collapse)]
    if was.signal != now.signal:
        found.append("signal new" if now.signal else "signal gone")
    found.append(_pedicle_change(was.pedicles, now.pedicles))
    return [line for line in found if line]


def _collapse_change(was: float | None, now: float | None) -> str:
    """A change needs two stated ends: nothing is new because an earlier report was silent."""
    if was is None or now is None or collapse_words(was) == collapse_words(now):
        return ""
    return "more collapsed" if now > was else "less collapsed"


def _pedicle_change(was: int | None, now: int | None) -> str:
    return "" if was is None or now is None or was == now else f"pedicles {was} → {now}"
