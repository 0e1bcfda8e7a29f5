"""Discrete fields give the same findings as the macro text (S59)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soar2.dictation.discrete import as_macro, read_discrete
from soar2.dictation.reading import read_report

MACRO = """SPINE ONCOLOGY MACRO
Numbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.
Level T8 | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse >50% | Posterolateral bilateral | Status new
Level L4 | Below conus moderate | Lesion mixed | Alignment normal | Collapse none | Posterolateral unilateral
Other levels: no epidural disease.
"""
T8 = [("ESCC", "1c"), ("Cord signal", "normal"), ("Lesion", "lytic"), ("Alignment", "normal"), ("Collapse", ">50%"),
      ("Posterolateral", "bilateral"), ("Status", "new")]  # fmt: skip
L4 = [
    ("Below conus", "moderate"),
    ("Lesion", "mixed"),
    ("Alignment", "normal"),
    ("Collapse", "none"),
    ("Posterolateral", "unilateral"),
]
WHOLE = [
    ("Numbering", "7 cervical, 12 rib-bearing, 5 lumbar"),
    ("Conus", "L1"),
    ("Other levels", "no epidural disease"),
]

SHAPES = {
    "a field for the level opens a row": [("Level", "T8"), *T8, ("Level", "L4"), *L4],
    "the level in the code": [*((f"T8 {code}", value) for code, value in T8), *((f"L4 {code}", value) for code, value in L4)],
    "the level behind the code": [*((f"{code}_T8", value) for code, value in T8), *((f"{code}_L4", value) for code, value in L4)],
    "numbered rows": [("Level 1", "T8"), *((f"{code} 1", v) for code, v in T8), ("Level 2", "L4"), *((f"{code} 2", v) for code, v in L4)],
    "numbered prefixes": [("LEVEL1", "T8"), *((f"LEVEL1_{code.upper()}", v) for code, v in T8), ("LEVEL2", "L4"),
                          *((f"LEVEL2_{code.upper()}", v) for code, v in L4)],
}  # fmt: skip


def findings(reading):
    answer = reading.as_json()
    for key in ("spans", "source", "file"):
        answer.pop(key)
    for level in answer["levels"]:
        level.pop("spans")
    return answer


@pytest.mark.parametrize("fields", SHAPES.values(), ids=SHAPES)
def test_the_same_findings_as_the_macro(fields):
    reading = read_discrete([*WHOLE, *fields])
    assert reading.source == "discrete"
    assert findings(reading) == findings(read_report(MACRO))


def test_radelement_numbers():
    reading = read_discrete(
        [
            ("RDE151", "T8"),
            ("RDE1998", "2"),
            ("RDE153", "lytic"),
            ("RDE155", "more than 50"),
            ("RDE156", "bilateral"),
        ]
    )
    level = reading.levels[0]
    assert (level.level, level.escc, level.lesion, level.collapse, level.posterolateral) == (
        "T8",
        "2",
        "lytic",
        "gt50",
        "bilateral",
    )


def test_an_unknown_code_is_kept_verbatim_and_flagged():
    reading = read_discrete([("Level", "T8"), ("ESCC", "1b"), ("Sparkle", "high")])
    assert reading.unread == ("Sparkle high",)
    assert reading.review


def test_an_empty_value_is_not_stated():
    level = read_discrete([("Level", "T8"), ("ESCC", ""), ("Lesion", "lytic")]).levels[0]
    assert (level.escc_status, level.lesion) == ("not_stated", "lytic")


def test_no_field_at_all():
    reading = read_discrete([])
    assert (reading.source, reading.lane, reading.review) == ("discrete", "none", True)
    assert as_macro([]) == "SPINE ONCOLOGY MACRO\n"


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=30)), max_size=10))
def test_no_fields_raise(fields):
    assert read_discrete(fields).source == "discrete"
