"""Tumour reports put together from phrase tables with a seed, each with the label its phrases stand for.

The corpus written by hand shows breadth; this shows that every wording is read at every level, in every frame
and beside every distraction. A phrase's meaning was written beside it before any rule read it.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from labelled import decided

from soar2.dictation.labels import UNSTATED, ReportLabel, read_labels

CORD = (*(f"C{n}" for n in range(2, 8)), *(f"T{n}" for n in range(1, 13)))
CAUDA = ("L2", "L3", "L4", "L5", "S1")

# {t} is the word for tumour; the level has been said.
CORD_PHRASES: tuple[tuple[str, str], ...] = (
    ("no epidural {t}", "0"),
    ("no epidural extension", "0"),
    ("confined to bone, no epidural disease", "0"),
    ("without epidural involvement", "0"),
    ("ESCC 0", "0"),
    ("epidural {t} without deformity of the thecal sac, ESCC 1a", "1a"),
    ("minimal epidural {t}, Bilsky 1a", "1a"),
    ("epidural {t} that does not deform the thecal sac", "1a"),
    ("epidural {t} indents the thecal sac without reaching the cord, CSF preserved around the cord", "1b"),
    ("epidural {t} deforming the thecal sac, cord not touched, Bilsky 1b", "1b"),
    ("ESCC grade 1b", "1b"),
    ("epidural {t} abuts the cord without compressing it, Bilsky 1c", "1c"),
    ("epidural {t} deforms the sac and contacts the cord, which is not compressed", "1c"),
    ("ESCC 1C", "1c"),
    ("epidural {t} compresses the cord, with residual CSF, ESCC 2", "2"),
    ("Bilsky grade 2 epidural disease", "2"),
    ("epidural {t} flattens the cord, CSF still visible around it", "2"),
    ("severe cord compression by epidural {t} with no visible CSF", "3"),
    ("epidural {t} with complete effacement of CSF and cord compression, ESCC 3", "3"),
    ("cord compressed by circumferential epidural {t}, CSF completely effaced", "3"),
    ("Bilsky 3", "3"),
    ("epidural {t} compressing the spinal cord", "2 to 3"),
    ("cord compression by epidural {t}", "2 to 3"),
    ("epidural {t} with cord compression", "2 to 3"),
    ("the cord is compressed by epidural {t}", "2 to 3"),
    ("epidural extension", "1a to 3"),
    ("epidural {t} without cord compression", "1a to 1c"),
    ("epidural {t}, cord compression cannot be excluded", "1a to 3"),
    ("no cord compression", UNSTATED),
    ("", UNSTATED),
)
CAUDA_PHRASES: tuple[tuple[str, str], ...] = (
    ("no epidural {t}", "none"),
    ("no epidural extension", "none"),
    ("epidural {t} mildly indents the thecal sac", "mild"),
    ("mild thecal sac effacement by epidural {t}", "mild"),
    ("epidural {t} moderately narrows the thecal sac", "moderate"),
    ("moderate compression of the thecal sac by epidural {t}", "moderate"),
    ("epidural {t} severely compresses the thecal sac", "severe"),
    ("severe cauda equina compression by epidural {t}", "severe"),
    ("epidural {t} completely effaces the thecal sac with compression of the cauda equina", "severe"),
    ("", UNSTATED),
)
LESIONS = (
    ("lytic", "lytic"),
    ("sclerotic", "blastic"),
    ("mixed lytic and sclerotic", "mixed"),
    ("", UNSTATED),
)
COLLAPSES = (
    ("no loss of height", "none"),
    ("height maintained", "none"),
    ("20% loss of height", "lt50"),
    ("40% height loss", "lt50"),
    ("70% loss of height", "gt50"),
    ("", UNSTATED),
    ("", UNSTATED),
)
SIDES = (
    ("both pedicles involved", "bilateral"),
    ("left pedicle involved", "unilateral"),
    ("posterior elements spared", "none"),
    ("", UNSTATED),
    ("", UNSTATED),
)
CHANGES = (("new", "new"), ("unchanged", "stable"), ("", UNSTATED), ("", UNSTATED))
HISTORIES = (
    "Metastatic breast cancer, back pain.",
    "Known prostate carcinoma with bone metastases.",
    "Lung cancer, leg weakness, rule out cord compression.",
    "Renal cell carcinoma.",
    "Multiple myeloma.",
    "Melanoma, restaging.",
)
NOISE = (
    "Mild degenerative changes at L4-L5 without stenosis.",
    "C5-C6 disc bulge, no cord contact.",
    "The visualised lungs show a small effusion.",
    "Degenerative facet arthropathy of the lower lumbar spine.",
    "No paraspinal abscess.",
    "Small haemangioma in S3.",
    "",
    "",
)


@dataclass(frozen=True, slots=True)
class Lesion:
    """One level: its words, in two halves, and the items they stand for."""

    level: str
    noun: str
    details: tuple[str, ...]
    items: dict[str, Any]


def tumour_reports(count: int = 400, seed: int = 5) -> list[ReportLabel]:
    """The first ``count`` labelled reports of a seed; the lane is the lane table's for the labelled findings."""
    return [_report(n, random.Random(f"{seed}/{n}")) for n in range(count)]


def _report(number: int, dice: random.Random) -> ReportLabel:
    levels = dice.sample(CORD, dice.choice((1, 1, 2, 3))) + dice.sample(CAUDA, dice.choice((0, 0, 1)))
    lesions = [_lesion(dice, level) for level in levels]
    text = dice.choice((_sentences, _list, _headed, _numbered))(dice, lesions)
    entry = {
        "tumour": "present",
        "review": True,
        "outside": [],
        "levels": {lesion.level: lesion.items for lesion in lesions},
        "text": _typed(dice, text),
    }
    labels, faults = read_labels(entry, f"tumour-{number:03}")
    assert not faults, faults
    decision = decided(labels[0])
    assert decision is not None
    return read_labels(entry | {"lane": decision.lane}, labels[0].name)[0][0]


def _lesion(dice: random.Random, level: str) -> Lesion:
    cord = level in CORD
    grade, said = dice.choice(CORD_PHRASES if cord else CAUDA_PHRASES)
    lesion, quality = dice.choice(LESIONS)
    collapse, amount = dice.choice(COLLAPSES)
    side, sides = dice.choice(SIDES)
    change, status = dice.choice(CHANGES)
    words = [collapse, side, grade.format(t=dice.choice(("tumor", "tumour")))]
    return Lesion(
        level,
        " ".join(word for word in (change, lesion, "metastasis") if word),
        tuple(word for word in words if word),
        {
            "escc" if cord else "below_conus": said,
            "lesion": quality,
            "collapse": amount,
            "posterolateral": sides,
            "status": status,
            "alignment": UNSTATED,
        },
    )


def _first(words: str) -> str:
    return words[:1].upper() + words[1:]


def _sentences(dice: random.Random, lesions: list[Lesion]) -> str:
    parts = [f"MRI spine. {dice.choice(HISTORIES)}"]
    for lesion in lesions:
        parts.append(
            f"There is a {lesion.noun} at {lesion.level}"
            + "".join(f", {word}" for word in lesion.details)
            + "."
        )
        parts.append(dice.choice(NOISE))
    return " ".join(part for part in parts if part)


def _list(dice: random.Random, lesions: list[Lesion]) -> str:
    lines = [f"{lesion.level}: {'; '.join((_first(lesion.noun), *lesion.details))}." for lesion in lesions]
    return "\n".join([f"HISTORY: {dice.choice(HISTORIES)}", *lines, "All other levels: no metastasis."])


def _headed(dice: random.Random, lesions: list[Lesion]) -> str:
    body = [
        f"{_first(lesion.noun)} in the {lesion.level} vertebral body. "
        + " ".join(f"{_first(word)}." for word in lesion.details)
        for lesion in lesions
    ]
    lines = (
        "EXAMINATION: MRI of the spine with and without contrast",
        f"CLINICAL HISTORY: {dice.choice(HISTORIES)}",
        "TECHNIQUE: Sagittal T1, T2 and STIR; axial T2; post-contrast T1.",
        "FINDINGS:",
        *body,
        dice.choice(NOISE),
        f"IMPRESSION: Metastatic disease at {_and([lesion.level for lesion in lesions])}, as described.",
    )
    return "\n".join(line for line in lines if line)


def _numbered(dice: random.Random, lesions: list[Lesion]) -> str:
    lines = [
        f"{lesion.level} {lesion.noun}" + "".join(f", {word}" for word in lesion.details) + "."
        for lesion in lesions
    ]
    lines.append(dice.choice(NOISE) or "Pleural effusion.")
    return "IMPRESSION:\n" + "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1))


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _typed(dice: random.Random, text: str) -> str:
    ways: tuple[Callable[[str], str], ...] = (
        str,
        str,
        str,
        str.upper,
        lambda t: t.replace("\n", "\r\n"),
        _wrap,
    )
    return dice.choice(ways)(text) + "\n"


def _wrap(text: str) -> str:
    rows = []
    for line in text.split("\n"):
        row = ""
        for word in line.split(" "):
            if row and len(row) + len(word) > 50:
                rows.append(row)
                row = word
            else:
                row = f"{row} {word}".strip()
        rows.append(row)
    return "\n".join(rows)
