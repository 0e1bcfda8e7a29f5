"""One level in words and as a drawing: what is unknown stays unknown."""

import pytest
from sample_reports import macro

from soar2.dictation.reading import read_report
from soar2.pathway.reports import levels


def level(**said):
    """A level of a reading with nothing stated but what is given."""
    silent = dict.fromkeys(
        ("cord_signal", "lesion", "alignment", "collapse", "posterolateral", "status"), "not_stated"
    )
    return {
        "level": "T8",
        "escc": None,
        "escc_range": None,
        "below_conus": None,
        "lane": "urgent",
        **silent,
        **said,
    }


@pytest.mark.parametrize(
    ("said", "drawn"),
    [
        (
            {},
            {
                "grade": None,
                "span": None,
                "collapse": None,
                "pedicles": None,
                "lesion": "unknown",
                "signal": False,
            },
        ),
        ({"escc": "1c", "escc_range": ["1c", "1c"]}, {"grade": "1c", "span": None}),
        ({"escc_range": ["1a", "3"]}, {"grade": None, "span": ("1a", "3")}),
        ({"below_conus": "moderate"}, {"sac": "moderate", "note": ""}),
        ({"below_conus": "not_stated"}, {"sac": None, "note": "sac ?"}),
        ({"collapse": "none"}, {"collapse": 0.0}),
        ({"collapse": "indeterminate"}, {"collapse": None}),
        ({"posterolateral": "bilateral"}, {"pedicles": 2}),
        ({"cord_signal": "old"}, {"signal": False}),
        ({"cord_signal": "present"}, {"signal": True}),
        ({"lesion": "indeterminate"}, {"lesion": "unknown"}),
        ({"status": "treated_stable"}, {"treated": "treated"}),
        ({"status": "treated_stable", "treatment": "SBRT 2024"}, {"treated": "SBRT 2024"}),
    ],
)
def test_a_level_as_it_is_drawn(said, drawn):
    found = levels.drawn([level(**said)])["T8"]
    assert {name: getattr(found, name) for name in drawn} == drawn


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, ("not stated",) * 7),
        (
            {"escc_range": ["1a", "3"], "cord_signal": "new", "collapse": "gt50", "alignment": "subluxation"},
            ("1a to 3", "new change", "not stated", "over half", "subluxation", "not stated", "not stated"),
        ),
    ],
)
def test_a_level_in_words(said, words):
    assert levels.facts(level(**said)).cells == words


def test_the_full_score_leaves_room_for_every_pain():
    assert levels.facts(level(sins_imaging=[7, 9])).full_sins == (7, 12)
    assert levels.facts(level()).full_sins is None


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, ""),
        ({"cord_signal": "new"}, "with cord signal change"),
        ({"cord_signal": "new", "alignment": "subluxation"}, "with cord signal change and subluxation"),
        ({"collapse": "gt50"}, "with over half collapsed"),
    ],
)
def test_what_stands_beside_the_grade(said, words):
    assert levels.beside([level(**said)]) == words


def test_marking_changes_no_character_of_the_report():
    text = macro("emergent", "urgent", "routine")
    parts = levels.marked(text, read_report(text).as_json())
    assert "".join(part.text for part in parts) == text
    named = {part.finding: part.text for part in parts if part.finding}
    assert named["T11 epidural grade"] == "ESCC 3"
    assert named["T8 collapse"] == "Collapse >50%"
    assert named["conus"] == "L1"


def test_a_span_that_does_not_fit_the_text_is_left_out():
    reading = {"levels": [level(spans={"escc": [0, 4], "collapse": [2, 6], "lesion": [50, 60]})]}
    assert [(part.text, part.finding) for part in levels.marked("ESCC 1c", reading)] == [
        ("ESCC", "T8 epidural grade"),
        (" 1c", ""),
    ]


def test_every_line_of_the_lane_table_has_words():
    assert all(levels.line_words(number).startswith(f"line {number}: ") for number in range(1, 13))
    assert levels.line_words(None) == ""
