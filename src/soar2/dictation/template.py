"""The one definition of the macro: its fields, its closed words, how people say them, how it is printed.

Everything that reads or writes the macro takes its words from here, so that what one end writes the other
end understands. The closed words are the contract of ``soar2 read --json``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TITLE = "SPINE ONCOLOGY MACRO"


@dataclass(frozen=True, slots=True)
class Choice:
    """One closed word, as the macro shows it, and other ways of saying the same and nothing else."""

    word: str
    shown: str
    said: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """One label of a level line. ``choices`` empty: free words. ``also``: other names of the label.

    ``normal`` is the closed word a template fills in before anything is said; empty where each level must have
    its own, since a default nobody looked at would pass for a finding.
    """

    key: str
    label: str
    choices: tuple[Choice, ...] = ()
    also: tuple[str, ...] = ()
    normal: str = ""


_ABSENT = ("no", "none", "nil", "absent", "negative")

ESCC = Field(
    "escc",
    "ESCC",
    tuple(Choice(grade, grade) for grade in ("0", "1a", "1b", "1c", "2", "3")),
    ("escc grade", "escc score", "bilsky", "bilsky grade", "epidural grade", "epidural disease", "epidural"),
)
BELOW_CONUS = Field(
    "below_conus",
    "Below conus",
    (
        Choice("none", "none", ("no", "nil", "absent", "normal", "no epidural disease", "no compression")),
        Choice("mild", "mild", ("slight", "minimal", "minor")),
        Choice("moderate", "moderate"),
        Choice(
            "severe", "severe", ("marked", "complete", "obliterated", "complete effacement", "high grade")
        ),
    ),
    ("below the conus", "below conus grade", "cauda equina", "cauda", "thecal sac"),
)
CORD_SIGNAL = Field(
    "cord_signal",
    "Cord signal",
    (
        Choice(
            "absent",
            "normal",
            (
                *_ABSENT, "preserved", "unremarkable", "no change", "no abnormality", "no abnormal signal",
                "no signal change", "no cord signal change", "no t2 hyperintensity", "no hyperintensity",
                "no abnormal cord signal", "no oedema", "no edema", "not abnormal",
            ),
        ),
        Choice("new", "new", ("new t2 hyperintensity", "new oedema", "new edema", "new signal change")),
        Choice("old", "old", ("chronic", "longstanding", "long standing", "long-standing", "not new")),
        Choice(
            "present",
            "present",
            (
                "abnormal", "yes", "t2 hyperintensity", "hyperintensity", "hyperintense", "oedema", "edema",
                "t2 hyperintense", "signal change", "increased", "t2 signal change", "increased t2 signal",
                "increased signal", "myelomalacia", "myelopathic",
            ),
        ),
    ),
    ("cord signal change", "spinal cord signal", "signal", "cord"),
    normal="absent",
)  # fmt: skip
LESION = Field(
    "lesion",
    "Lesion",
    (
        Choice("lytic", "lytic", ("osteolytic", "destructive", "lytic destructive")),
        Choice(
            "mixed",
            "mixed",
            (
                "mixed lytic and blastic", "mixed lytic and sclerotic", "mixed lytic blastic", "lytic/blastic",
                "lytic and blastic", "lytic and sclerotic", "lytic/sclerotic", "mixed lytic/blastic",
                "lytic-blastic", "mixed lytic-blastic", "mixed lytic/sclerotic", "blastic and lytic",
            ),
        ),
        Choice("blastic", "blastic", ("osteoblastic", "sclerotic", "osteosclerotic")),
        Choice(
            "indeterminate",
            "indeterminate",
            (
                "indeterminate on mri", "needs ct", "marrow replacing", "marrow replacement", "marrow infiltration",
                "marrow infiltrating", "t1 hypointense", "infiltrative", "equivocal",
            ),
        ),
    ),
    ("bone lesion", "lesion type", "lesion quality", "bone quality", "bone"),
)  # fmt: skip
TREATED = Field("treated", "Treated", (), ("treatment", "prior treatment", "previous treatment"))
ALIGNMENT = Field(
    "alignment",
    "Alignment",
    (
        Choice(
            "normal",
            "normal",
            (
                "preserved", "maintained", "anatomic", "anatomical", "unremarkable", "intact", "no malalignment",
                "no subluxation", "no deformity", "no subluxation or deformity", "no deformity or subluxation",
                "no listhesis", "no kyphosis", "no new deformity",
            ),
        ),
        Choice(
            "deformity",
            "deformity",
            (
                "kyphosis", "scoliosis", "kyphotic", "scoliotic", "deformed", "de novo deformity", "new deformity",
                "new kyphosis", "new scoliosis", "kyphotic deformity", "kyphoscoliosis", "focal kyphosis",
            ),
        ),
        Choice(
            "subluxation",
            "subluxation",
            (
                "subluxed", "subluxated", "translation", "translated", "dislocation", "dislocated", "listhesis",
                "spondylolisthesis", "anterolisthesis", "retrolisthesis", "subluxation/translation",
            ),
        ),
        Choice("indeterminate", "indeterminate", ("equivocal",)),
    ),
    ("spinal alignment",),
    normal="normal",
)  # fmt: skip
COLLAPSE = Field(
    "collapse",
    "Collapse",
    (
        Choice(
            "none",
            "none",
            (*_ABSENT, "no collapse", "0%", "height preserved", "height maintained", "preserved"),
        ),
        Choice("none_gt50_involved", "none but >50% involved"),
        Choice("lt50", "<50%"),
        Choice("eq50", "50%"),
        Choice("gt50", ">50%", ("vertebra plana", "complete")),
        Choice("indeterminate", "indeterminate", ("equivocal",)),
    ),
    ("vertebral collapse", "vertebral body collapse", "body collapse", "height loss", "vb collapse"),
    normal="none",
)
POSTEROLATERAL = Field(
    "posterolateral",
    "Posterolateral",
    (
        Choice(
            "none",
            "none",
            (*_ABSENT, "spared", "uninvolved", "not involved", "intact", "normal", "no involvement"),
        ),
        Choice("unilateral", "unilateral", ("left", "right", "one side", "left sided", "right sided")),
        Choice("bilateral", "bilateral", ("bilat", "both", "both sides", "left and right", "right and left")),
        Choice("indeterminate", "indeterminate", ("equivocal",)),
    ),
    (
        "posterolateral elements",
        "posterolateral involvement",
        "posterior elements",
        "posterior element",
        "ple",
    ),
    normal="none",
)
STATUS = Field(
    "status",
    "Status",
    (
        Choice("new", "new", ("new since prior", "new lesion", "not present before")),
        Choice(
            "progressed",
            "progressed",
            (
                "progression", "progressive", "progressing", "increased", "increasing", "larger", "worse", "worsened",
                "worsening", "grown", "enlarged", "not stable", "not improved",
            ),
        ),
        Choice(
            "stable",
            "stable",
            ("unchanged", "no change", "no significant change", "not progressed", "no progression", "not changed"),
        ),
        Choice(
            "improved",
            "improved",
            ("decreased", "decreasing", "smaller", "regressed", "regression", "responding", "better", "improving"),
        ),
        Choice(
            "treated_stable",
            "treated, stable",
            ("treated stable", "treated and stable", "treated unchanged", "treated, unchanged", "stable treated",
             "stable, treated", "stable post treatment", "stable after treatment", "treated improved"),
        ),
    ),
    ("change", "interval change"),
)  # fmt: skip
CAUSE = Field("cause", "Cause", (), ("aetiology", "etiology"))
TUMOUR = Field("tumour", "Tumour", (), ("tumor", "malignancy"))
PRIOR = Field("prior", "Prior", (), ("prior escc", "prior grade", "previous escc", "was"))

#: The labels of a level line in the order in which the macro prints them. The last three are understood
#: but not offered: the macro is for levels with tumour, and a cause outside the programme is the exception.
LEVEL_FIELDS: tuple[Field, ...] = (
    ESCC, BELOW_CONUS, CORD_SIGNAL, LESION, TREATED, ALIGNMENT, COLLAPSE, POSTEROLATERAL, STATUS,
    CAUSE, TUMOUR, PRIOR,
)  # fmt: skip
FIELD: Mapping[str, Field] = {f.key: f for f in LEVEL_FIELDS}

OUTSIDE: tuple[str, ...] = (
    "abscess", "infection", "haematoma", "unstable_fracture", "compression", "primary_or_benign_tumour", "other",
)  # fmt: skip

NORMAL_NUMBERING = "7 cervical, 12 rib-bearing, 5 lumbar"
NO_OTHER_DISEASE = "no epidural disease"


#: The rows a template offers: labels of a level at or above the conus, and of one below it. ``Treated`` with words
#: such as ``SBRT 2024`` is added where it applies.
CORD_ROW: tuple[Field, ...] = (ESCC, CORD_SIGNAL, LESION, ALIGNMENT, COLLAPSE, POSTEROLATERAL, STATUS)
BELOW_ROW: tuple[Field, ...] = (BELOW_CONUS, LESION, ALIGNMENT, COLLAPSE, POSTEROLATERAL, STATUS)


def offered(field: Field) -> tuple[Choice, ...]:
    """The choices a template shows. *Treated, stable* goes with ``Treated`` and is dictated, not picked."""
    return tuple(choice for choice in field.choices if choice.word != "treated_stable")


def _pick(field: Field) -> str:
    return f"{field.label} [{'|'.join(choice.shown for choice in offered(field))}]"


def _blank_line(row: Iterable[Field]) -> str:
    return " | ".join(["Level [level]", *(_pick(field) for field in row)])


def as_text() -> str:
    """The empty macro as plain text: one line per abnormal level, pick-lists in square brackets."""
    return "\n".join(
        (
            TITLE,
            f"Numbering: {NORMAL_NUMBERING}. Conus: [level].",
            _blank_line(CORD_ROW),
            _blank_line(BELOW_ROW),
            f"Other levels: {NO_OTHER_DISEASE}.",
            "",
        )
    )


def level_line(level: str, words: Mapping[str, str]) -> str:
    """One level line from closed words by field key; ``not_stated`` and missing keys are left out.

    ``treated``, ``cause``, ``tumour`` and ``prior`` carry free words. Raises KeyError for an unknown key.
    """
    parts = [f"Level {level}"]
    for key in sorted(words, key=lambda k: LEVEL_FIELDS.index(FIELD[k])):
        if words[key] != "not_stated":
            parts.append(f"{FIELD[key].label} {_shown(FIELD[key], words[key])}")
    return " | ".join(parts)


def _shown(field: Field, word: str) -> str:
    return next((choice.shown for choice in field.choices if choice.word == word), word)


def write_macro(
    levels: Iterable[tuple[str, Mapping[str, str]]],
    *,
    numbering: str = NORMAL_NUMBERING,
    conus: str = "L1",
    tumour: str = "",
    outside: str = "",
    other_levels: str = NO_OTHER_DISEASE,
) -> str:
    """The filled macro. Empty words leave their line out."""
    head = [f"Numbering: {numbering}." if numbering else "", f"Conus: {conus}." if conus else ""]
    lines = [TITLE, " ".join(part for part in head if part)]
    lines += [f"Tumour: {tumour}."] if tumour else []
    lines += [level_line(level, words) for level, words in levels]
    lines += [f"Outside: {outside}."] if outside else []
    lines += [f"Other levels: {other_levels}."] if other_levels else []
    return "\n".join(line for line in lines if line) + "\n"
