"""The sentences that say why: the most important first, never more than three."""

import pytest

from soar2.dictation.reading import read_report

HEAD = "SPINE ONCOLOGY MACRO\nNumbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.\n"
BONE = "Lesion lytic | Collapse >50% | Posterolateral bilateral | Status progressed"

NAMED = [
    # level line, words that its first two reasons must hold
    (
        "T8 | ESCC 3 | Cord signal new | Alignment normal",
        ("no fluid seen (ESCC 3)", "new cord signal change"),
    ),
    ("T8 | ESCC 2 | Cord signal present | Alignment normal", ("cord compressed", "cord signal change")),
    ("T8 | ESCC 3 | Alignment subluxation", ("ESCC 3", "subluxation")),
    ("T8 | ESCC 1b | Cord signal new | Alignment subluxation", ("new cord signal change", "subluxation")),
    ("T8 | ESCC 1a | Cord signal new | Alignment subluxation", ("subluxation", "new cord signal change")),
    ("L4 | Below conus severe | Alignment subluxation", ("severe narrowing of the sac", "subluxation")),
    (
        "T8 | Below conus severe | Cord signal normal",
        ("severe narrowing", "words for levels below the conus"),
    ),
    ("T8 | Cord signal new | Alignment normal", ("new cord signal change",)),
]


@pytest.mark.parametrize(("line", "words"), NAMED)
def test_what_threatens_the_cord_or_the_spine_is_named_first(line, words):
    reasons = read_report(f"{HEAD}Level {line} | {BONE}\n").reasons
    assert len(reasons) <= 3
    for word in words:
        assert word in " ".join(reasons[:2])


def test_nothing_is_said_twice():
    reasons = read_report(f"{HEAD}Level T8 | ESCC 1b | Cord signal new | {BONE}\n").reasons
    assert " ".join(reasons).count("signal change") == 1


def test_an_old_signal_change_is_no_reason():
    reasons = read_report(f"{HEAD}Level T8 | ESCC 3 | Cord signal old | {BONE}\n").reasons
    assert "signal" not in " ".join(reasons)
