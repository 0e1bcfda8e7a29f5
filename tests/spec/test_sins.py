"""Spinal Instability Neoplastic Score, as published, on every input there is."""

from collections import Counter
from itertools import product

import pytest

from soar2.criteria import anatomy
from soar2.criteria.intervals import Interval
from soar2.criteria.sins import (
    ALIGNMENT,
    COLLAPSE,
    LESION,
    PAIN,
    POSTEROLATERAL,
    SinsItems,
    classes,
    full_sins,
    imaging_sins,
)

LOCATIONS = ("S3", "T6", "L3", "C7")  # rigid, semirigid, mobile, junctional
DEFINED = {
    "pain": ("none", "occasional", "mechanical"),
    "lesion": ("blastic", "mixed", "lytic"),
    "alignment": ("normal", "deformity", "subluxation"),
    "collapse": ("none", "none_gt50_involved", "lt50", "gt50"),
    "posterolateral": ("none", "unilateral", "bilateral"),
}
# Totals 0 to 18, counted independently of this code by a public audit of the score.
COUNTS = (1, 5, 14, 31, 56, 87, 120, 147, 164, 165, 151, 126, 94, 64, 38, 20, 9, 3, 1)


def every_input():
    for level, *words in product(LOCATIONS, *DEFINED.values()):
        yield SinsItems(level, **dict(zip(DEFINED, words, strict=True)))


def test_all_1296_inputs_give_the_known_totals():
    totals = [full_sins(items) for items in every_input()]
    assert len(totals) == 1296
    assert all(total.exact for total in totals)
    assert tuple(Counter(total.lo for total in totals)[n] for n in range(19)) == COUNTS


def test_all_1296_inputs_give_the_known_classes():
    found = Counter(classes(full_sins(items)) for items in every_input())
    assert found == {("stable",): 314, ("indeterminate",): 847, ("unstable",): 135}


VECTORS = [
    # level, pain, lesion, alignment, collapse, posterolateral, full SINS, classes
    ("S3", "none", "blastic", "normal", "none", "none", (0, 0), ("stable",)),
    ("T10", "mechanical", "lytic", "normal", "none", "none", (6, 6), ("stable",)),
    ("L3", "mechanical", "lytic", "normal", "none", "none", (7, 7), ("indeterminate",)),
    ("S1", "occasional", "mixed", "normal", "lt50", "unilateral", (8, 8), ("indeterminate",)),
    ("C7", "mechanical", "lytic", "normal", "gt50", "unilateral", (12, 12), ("indeterminate",)),
    ("C7", "mechanical", "lytic", "deformity", "lt50", "unilateral", (13, 13), ("unstable",)),
    ("L1", "mechanical", "lytic", "subluxation", "gt50", "bilateral", (18, 18), ("unstable",)),
    ("T6", "not_stated", "lytic", "normal", "lt50", "unilateral", (6, 9), ("stable", "indeterminate")),
    ("T8", "none", "blastic", "normal", "none_gt50_involved", "none", (2, 2), ("stable",)),
    ("L2", "none", "mixed", "normal", "eq50", "none", (5, 6), ("stable",)),
]


@pytest.mark.parametrize("row", VECTORS, ids=[f"S{n}" for n in range(1, 11)])
def test_vectors(row):
    level, pain, lesion, alignment, collapse, posterolateral, total, names = row
    score = full_sins(SinsItems(level, lesion, alignment, collapse, posterolateral, pain))
    assert score == total
    assert classes(score) == names


def test_s8_imaging_part_alone_is_six():
    assert imaging_sins(SinsItems("T6", "lytic", "normal", "lt50", "unilateral")) == (6, 6)


PER_LEVEL = {
    3: "Oc C1 C2 C7 T1 T2 T11 T12 L1 L5 S1",
    2: "C3 C4 C5 C6 L2 L3 L4",
    1: "T3 T4 T5 T6 T7 T8 T9 T10",
    0: "S2 S3 S4 S5",
}


def test_location_of_every_level():
    expected = {level: (points, points) for points, names in PER_LEVEL.items() for level in names.split()}
    expected |= dict.fromkeys(("T13", "L6", "unknown"), (0, 3))
    assert {level: anatomy.sins_location(level) for level in (*anatomy.LEVELS, "unknown")} == expected


def test_the_imaging_part_runs_from_0_to_15():
    assert imaging_sins(SinsItems("S3", "blastic", "normal", "none", "none")) == (0, 0)
    assert imaging_sins(SinsItems("C7", "lytic", "subluxation", "gt50", "bilateral")) == (15, 15)


@pytest.mark.parametrize("table", [PAIN, LESION, ALIGNMENT, COLLAPSE, POSTEROLATERAL])
def test_unknown_is_the_full_range_and_never_zero(table):
    known = [points for word, points in table.items() if word not in ("indeterminate", "not_stated")]
    full = Interval(min(p.lo for p in known), max(p.hi for p in known))
    for word in {"indeterminate", "not_stated"} & set(table):
        assert table[word] == full
        assert full.hi > 0


def test_exactly_half_collapsed_is_two_to_three():
    assert COLLAPSE["eq50"] == (2, 3)


def test_a_word_outside_the_vocabulary_is_an_error_and_not_a_zero():
    with pytest.raises(KeyError):
        imaging_sins(SinsItems("T8", "lytical"))
