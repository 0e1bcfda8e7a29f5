"""The same words said, denied, doubted, remembered, asked and advised: every name of compression in every frame.

General tools read "T6: No cord compression" as compression and "cannot exclude cord compression" as its denial.
Here each frame carries the meaning it has for a radiologist, in a patient whose metastasis is known.
"""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

from labelled import decided

from soar2.dictation.labels import UNSTATED, ReportLabel, read_labels

NAMES = (
    "cord compression",
    "spinal cord compression",
    "compression of the cord",
    "metastatic cord compression",
    "epidural cord compression",
)
#: {n} is the name, {N} the same with a capital, {l} the level. Before each stands "Metastasis at {l}.".
SAID = (
    "{N} at {l}.",
    "There is {n} at {l}.",
    "{l}: {n}.",
    "There is now {n} at {l}.",
    "{N} is present at {l}.",
    "At {l} there is {n} by epidural tumor.",
    "Epidural tumor with {n} at {l}.",
    "IMPRESSION: {N} at {l}.",
    "1. {N} at {l}. 2. No other {n}.",
    "No cord signal change, but {n} at {l}.",
    "{N} at {l} was discussed with the referring team.",
    "Unfortunately {n} at {l} is confirmed.",
    "Epidural tumor at {l} results in {n}.",
    "{N} at {l}, not previously present.",
)
DENIED = (
    "No {n}.",
    "No {n} at {l}.",
    "{l}: No {n}",
    "Level {l}: No {n}",
    "No evidence of {n}.",
    "There is no {n} at this or any other level.",
    "{N} is not seen.",
    "{N} is not identified at {l}.",
    "{N}: absent",
    "{N}: none",
    "{N} (none)",
    "{N}? No.",
    "Without {n}.",
    "Negative for {n}.",
    "No fracture, subluxation or {n}.",
    "There is neither fracture nor {n}.",
    "No findings to suggest {n}.",
    "{N} has been excluded.",
)
DOUBTED = (
    "Cannot exclude {n} at {l}.",
    "{N} at {l} cannot be excluded.",
    "{N} at {l} is not excluded.",
    "Possible {n} at {l}.",
    "Concern for {n} at {l}.",
    "Findings are concerning for {n} at {l}.",
    "Question of {n} at {l}.",
    "Suspicion of {n} at {l}; axial images are not diagnostic.",
    "{N} at {l} cannot be ruled out.",
    "Equivocal for {n} at {l}.",
)
#: Of today the words after it say: confined to bone.
NOT_TODAY = (
    "INDICATION: rule out {n}.",
    "Reason for exam: r/o {n}",
    "CLINICAL HISTORY: {N} at {l} in the past.",
    "Clinical question: {n}?",
    "HISTORY: concern for {n}.",
    "COMPARISON: Outside MRI, which was reported as {n} at {l}.",
    "TECHNIQUE: {N} protocol.",
    "EXAM: MRI SPINE, {N} PROTOCOL",
    "PRIOR REPORT: {N} at {l}.",
    "Family history: father had {n}.",
)
BONE_ONLY = "FINDINGS: {l} metastasis without epidural tumor.\nIMPRESSION: {l} metastasis confined to bone."
ADVISED = (
    "RECOMMENDATION: Return at once if symptoms of {n} develop.",
    "Please repeat the MRI if there are clinical signs of {n}.",
    "The patient was told about warning signs of {n}.",
)


def framed_reports() -> list[ReportLabel]:
    """Every name in every frame, each at the next level of a cycle; the lane is the lane table's."""
    levels = cycle(("T8", "C5", "T4", "T11", "T6", "C7", "T9"))
    return [_label(n, text, entry) for n, (text, entry) in enumerate(_cases(levels))]


def _cases(levels: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name in NAMES:
        for frames, escc in ((SAID, "2 to 3"), (DENIED, UNSTATED), (DOUBTED, ["0 to 3", "1a to 3"])):
            for frame in frames:
                level = next(levels)
                words = {"n": name, "N": name[0].upper() + name[1:], "l": level}
                lead = f"Breast cancer. Metastasis at {level}.\n"
                yield lead + frame.format(**words), {level: {"escc": escc}}
        for frame in (*NOT_TODAY, *ADVISED):
            level = next(levels)
            words = {"n": name, "N": name[0].upper() + name[1:], "l": level}
            parts = (frame, BONE_ONLY) if frame in NOT_TODAY else (BONE_ONLY, frame)
            yield "Breast cancer.\n" + "\n".join(parts).format(**words), {level: {"escc": "0"}}


def _label(number: int, text: str, levels: dict[str, Any]) -> ReportLabel:
    entry = {"tumour": "present", "review": True, "outside": [], "levels": levels, "text": text + "\n"}
    labels, faults = read_labels(entry | {"lane": "urgent"}, f"framed-{number:03}")
    assert not faults, faults
    decision = decided(labels[0])
    return read_labels(entry | {"lane": decision.lane if decision else "urgent"}, labels[0].name)[0][0]
