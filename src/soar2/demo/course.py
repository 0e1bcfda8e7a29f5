"""How disease at a few levels behaves from exam to exam: levels stay, grades rise or fall, treatment quiets. Pure.

No model of a real population: shares are chosen so that the lists show every lane, most of them quiet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from soar2.demo.events import Finding

CERVICAL = ("C3", "C4", "C5", "C6", "C7")
THORACIC = tuple(f"T{n}" for n in range(1, 13))
LUMBAR = ("L2", "L3", "L4", "L5")
CHAIN = (*(f"C{n}" for n in range(2, 8)), *THORACIC, *(f"L{n}" for n in range(1, 6)))

ORDER = ("none", "routine", "expedited", "urgent", "emergent")
CORD = ("0", "1a", "1b", "1c", "2", "3")
BELOW_AS_CORD = {"none": "0", "mild": "1b", "moderate": "1c", "severe": "3"}
LESION_POINTS = {"blastic": 0, "mixed": 1, "lytic": 2}
COLLAPSE_POINTS = {"none": 0, "<50%": 2, ">50%": 3}
ELEMENT_POINTS = {"none": 0, "unilateral": 1, "bilateral": 3}
ALIGNMENT_POINTS = {"normal": 0, "deformity": 2, "subluxation": 4}


@dataclass(frozen=True)
class Visit:
    """One exam of a course: what it finds, and how many days after the one before."""

    findings: tuple[Finding, ...]
    gap: int


#: Courses and their shares. ``acute`` ones come through the emergency department at any hour.
COURSES = (
    ("clear", 20),
    ("bone", 27),
    ("low", 22),
    ("rising", 13),
    ("cord", 5),
    ("lumbar", 10),
    ("unstable", 3),
)
ACUTE = frozenset({"cord"})


def lane_meant(findings: Sequence[Finding]) -> str:
    """The lane the story intends: fully stated findings only, written apart from the product's own table."""
    return max((_lane_of(finding) for finding in findings), key=ORDER.index, default="none")


def _lane_of(finding: Finding) -> str:
    grade = CORD.index(BELOW_AS_CORD[finding.grade] if finding.below else finding.grade)
    signal, slipped = finding.signal == "new", finding.alignment == "subluxation"
    if finding.treated and finding.status in ("stable", "improved") and not signal and not slipped:
        return "routine" if grade <= 2 else "expedited"
    if grade >= 4 or (signal and grade >= 2) or (slipped and grade >= 1):
        return "emergent"
    if grade == 3 or signal or slipped or points(finding) >= 10:
        return "urgent"
    return "expedited" if grade >= 1 or points(finding) >= 4 else "routine"


def points(finding: Finding) -> int:
    """Imaging SINS of a fully described level."""
    return (
        location_points(finding.level)
        + LESION_POINTS[finding.lesion]
        + COLLAPSE_POINTS[finding.collapse]
        + ELEMENT_POINTS[finding.posterolateral]
        + ALIGNMENT_POINTS[finding.alignment]
    )


def location_points(level: str) -> int:
    region, number = level[0], int(level[1:])
    if region == "T":
        return 1 if 3 <= number <= 10 else 3
    if region == "C":
        return 2 if 3 <= number <= 6 else 3
    return 2 if 2 <= number <= 4 else 3


def course(rng: Random, kind: str, lesion: str) -> list[Visit]:
    """The exams of one patient. ``lesion`` is the usual look of this tumour in bone; treatments have no year yet."""
    make = {
        "clear": _clear,
        "bone": _bone,
        "low": _low,
        "rising": _rising,
        "cord": _cord,
        "lumbar": _lumbar,
        "unstable": _unstable,
    }
    return make[kind](rng, lesion)


def _gap(rng: Random) -> int:
    return rng.randint(42, 98)


def _clear(rng: Random, lesion: str) -> list[Visit]:
    return [Visit((), _gap(rng)) for _ in range(rng.choice((1, 1, 1, 2)))]


def _level(rng: Random) -> str:
    return rng.choice(THORACIC if rng.random() < 0.8 else CERVICAL)


def _quiet(level: str, lesion: str) -> Finding:
    """Bone disease that no lane but routine fits."""
    calm = "mixed" if lesion == "lytic" and location_points(level) < 3 else lesion
    return Finding(level, lesion=calm if location_points(level) < 3 else "blastic", below=level in LUMBAR,
                   grade="none" if level in LUMBAR else "0")  # fmt: skip


def _companions(rng: Random, level: str, lesion: str) -> tuple[Finding, ...]:
    """Further bone disease a few levels away, in a third of patients."""
    far = [name for name in CHAIN[1:] if 2 < abs(CHAIN.index(name) - CHAIN.index(level)) < 7]
    count = rng.choice((0, 0, 0, 1, 1, 2))
    return tuple(_quiet(name, lesion) for name in sorted(rng.sample(far, count), key=CHAIN.index))


def _in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: CHAIN.index(finding.level)))


def stable(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The same findings one exam later, unchanged. A cord change once seen is old by then."""
    return tuple(
        replace(f, status="stable", signal="old" if f.signal == "new" else f.signal) for f in findings
    )


def treated(findings: Sequence[Finding], level: str, how: str, grade: str) -> tuple[Finding, ...]:
    """One exam after treatment of ``level``: its grade is ``grade``, no higher than before."""
    after = stable(findings)
    status = {f.level: "stable" if f.grade == grade else "improved" for f in findings}
    return tuple(
        replace(f, treated=how, grade=grade, status=status[level], signal="normal", alignment="normal")
        if f.level == level
        else f
        for f in after
    )


def _follow_up(rng: Random, findings: tuple[Finding, ...], most: int) -> list[Visit]:
    return [Visit(stable(findings), _gap(rng)) for _ in range(rng.randint(0, most))]


def _bone(rng: Random, lesion: str) -> list[Visit]:
    level = rng.choice((*THORACIC, *LUMBAR[:3]))
    first = _in_order((_quiet(level, lesion), *_companions(rng, level, lesion)))
    return [Visit(first, 0), *_follow_up(rng, first, 2)]


def _epidural(rng: Random, level: str, lesion: str, grade: str) -> Finding:
    collapse = rng.choice(("none", "none", "<50%"))
    return Finding(level, grade, lesion, collapse, rng.choice(("none", "unilateral")))


def _low(rng: Random, lesion: str) -> list[Visit]:
    level = _level(rng)
    found = _epidural(rng, level, lesion, rng.choice(("1a", "1a", "1b")))
    first = _in_order((found, *_companions(rng, level, lesion)))
    after = treated(first, level, "SBRT", rng.choice(("0", found.grade, found.grade)))
    return [Visit(first, 0), Visit(after, _gap(rng)), *_follow_up(rng, after, 1)]


def _rising(rng: Random, lesion: str) -> list[Visit]:
    """Watched disease that reaches the cord, is treated, and then stays quiet."""
    level = _level(rng)
    found = _epidural(rng, level, lesion, rng.choice(("1a", "1b")))
    first = _in_order((found, *_companions(rng, level, lesion)))
    worse = tuple(
        replace(f, grade="1c", status="progressed", collapse=rng.choice(("<50%", ">50%")))
        if f.level == level
        else f
        for f in stable(first)
    )
    after = treated(worse, level, "SBRT", rng.choice(("1a", "1b")))
    return [Visit(first, 0), Visit(worse, _gap(rng)), Visit(after, _gap(rng)), *_follow_up(rng, after, 1)]


def _cord(rng: Random, lesion: str) -> list[Visit]:
    level = _level(rng)
    signal = "new" if rng.random() < 0.4 else "normal"
    found = Finding(level, rng.choice(("2", "2", "3")), "lytic", rng.choice(("<50%", ">50%")),
                    rng.choice(("unilateral", "bilateral")), signal=signal)  # fmt: skip
    first = _in_order((found, *_companions(rng, level, lesion)))
    after = treated(first, level, "surgery", rng.choice(("0", "1a")))
    return [Visit(first, 0), Visit(after, rng.randint(30, 60)), *_follow_up(rng, after, 1)]


def _lumbar(rng: Random, lesion: str) -> list[Visit]:
    level = rng.choice(LUMBAR)
    word = rng.choice(("mild", "mild", "mild", "moderate", "moderate", "severe"))
    found = Finding(level, word, lesion, rng.choice(("none", "<50%")), "unilateral", below=True)
    after = treated((found,), level, "SBRT", "mild" if word == "mild" else "none")
    return [Visit((found,), 0), Visit(after, _gap(rng)), *_follow_up(rng, after, 1)]


def _unstable(rng: Random, lesion: str) -> list[Visit]:
    """A spine that may give way without pressing on the cord: the imaging SINS alone decides."""
    level = rng.choice(("C7", "T1", "T11", "T12", "L1"))
    found = Finding(level, "0", "lytic", ">50%", "bilateral", "deformity")
    after = treated((found,), level, "surgery", "0")
    return [Visit((found,), 0), Visit(after, _gap(rng)), *_follow_up(rng, after, 1)]
