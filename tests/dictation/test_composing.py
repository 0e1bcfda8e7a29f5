"""The composer's text: generated from the fields, read back as the same, contradictions named with both readings."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soar2.criteria.anatomy import LEVELS, scale
from soar2.dictation.composing import Row, compose
from soar2.dictation.reading import read_report
from soar2.dictation.shorthand import KEYS, shown, typed
from soar2.dictation.template import FIELD, NO_OTHER_DISEASE, write_macro

T8 = {"escc": "1c", "cord_signal": "absent", "lesion": "lytic", "alignment": "normal", "collapse": "gt50",
      "posterolateral": "bilateral", "status": "progressed"}  # fmt: skip
ITEMS = ("lesion", "alignment", "collapse", "posterolateral", "cord_signal", "status")


def words(key):
    return st.sampled_from([choice.word for choice in FIELD[key].choices])


@st.composite
def rows(draw):
    levels = draw(st.lists(st.sampled_from(LEVELS), min_size=1, max_size=6, unique=True))
    made = []
    for level in levels:
        cord = scale(level, "L1") == "cord"
        grade = "escc" if cord else "below_conus"
        keys = {
            grade,
            *draw(st.sets(st.sampled_from(ITEMS if cord else [i for i in ITEMS if i != "cord_signal"]))),
        }
        made.append(
            Row(
                level,
                {key: draw(words(key)) for key in sorted(keys)},
                draw(st.sampled_from(["", "1a", "1b"])) if cord else "",
            )
        )
    return made


@settings(max_examples=300, deadline=None)
@given(rows(), st.sampled_from(["", "2 December 2025"]))
def test_the_prose_adds_nothing_and_takes_nothing_away(made, date):
    """What the whole text says is what the fields say: the same words at each level, no contradiction, same lane."""
    composed = compose(made, prior_date=date)
    read = {level.level: level for level in composed.reading.levels}
    macro = write_macro(
        [(row.level, {**row.words, **({"prior": f"ESCC {row.prior}"} if row.prior else {})}) for row in made]
    )
    alone = read_report(macro)
    assert {(one.level, one.item) for one in composed.contradictions} == {
        (level.level, item) for level in alone.levels for item in level.conflicts
    }
    assert composed.reading.lane == alone.lane
    assert sorted(composed.reading.review_reasons) == sorted(alone.review_reasons)
    assert [level.as_json() | {"spans": 0} for level in composed.reading.levels] == [
        level.as_json() | {"spans": 0}
        for level in sorted(alone.levels, key=lambda one: list(read).index(one.level))
    ]


def test_a_row_in_words():
    composed = compose([Row("d8", T8, "1b")], prior_date="2 December 2025")
    assert composed.impression == (
        "T8: lytic lesion, progressed since 2 December 2025; epidural tumour touches the cord without compressing it "
        "(ESCC 1c, was 1b); collapse of more than half of the vertebral body, posterior elements involved on both "
        "sides; alignment normal at T8; cord signal normal at T8.\nNo epidural disease at any other level."
    )
    assert composed.reading.lane == "urgent"
    assert composed.confirmable


def test_one_phrase_when_nothing_is_abnormal():
    composed = compose([], tumour="absent")
    assert composed.impression == "No metastatic disease of the spine.\nNo epidural disease."
    assert (composed.reading.lane, composed.confirmable) == ("none", True)


def test_rows_stand_from_the_head_down():
    composed = compose(
        [Row("L4", {"below_conus": "mild"}), Row("C3", {"escc": "0", "lesion": "lytic"}), Row("T8", T8)]
    )
    assert [level.level for level in composed.reading.levels] == ["C3", "T8", "L4"]


def test_own_words_that_exclude_the_row_are_shown_beside_it():
    composed = compose(
        [Row("T8", T8 | {"escc": "1a"})], own_words="At T8 the cord is compressed by tumour. T4 is normal."
    )
    (found,) = [one for one in composed.contradictions if one.item == "escc"]
    assert (found.level, found.row_says) == ("T8", "ESCC 1a")
    assert found.own_words == "At T8 the cord is compressed by tumour."
    assert not composed.confirmable
    assert composed.reading.lane == "emergent"


def test_a_grade_that_rose_beside_the_word_stable_is_a_contradiction():
    composed = compose([Row("T8", T8 | {"status": "stable"}, "1a")])
    (found,) = composed.contradictions
    assert (found.item, found.row_says, found.own_words) == ("status", "Status stable, ESCC 1c, was 1a", "")


def test_tumour_called_absent_beside_a_grade_is_a_contradiction():
    assert not compose([Row("T8", T8)], tumour="absent").confirmable


def test_a_row_without_a_level_is_left_out_and_forbids():
    composed = compose([Row("", T8), Row("L4", {"below_conus": "mild", "lesion": "lytic"})])
    assert [level.level for level in composed.reading.levels] == ["L4"]
    assert not composed.confirmable


def test_other_levels_in_other_words():
    composed = compose([Row("T8", T8)], other_levels="see findings")
    assert NO_OTHER_DISEASE not in composed.text
    assert "see findings" in composed.text


@pytest.mark.parametrize(
    ("key", "text", "word"),
    [
        ("level", "t8", "T8"), ("level", " d 8", "T8"), ("level", "l4", "L4"), ("level", "", ""),
        ("escc", "1c", "1c"), ("escc", "C", "1c"), ("escc", "0", "0"),
        ("below_conus", "mo", "moderate"), ("below_conus", "obliterated", "severe"),
        ("cord_signal", "-", "absent"), ("cord_signal", "ne", "new"), ("cord_signal", "n", "absent"),
        ("collapse", ">", "gt50"), ("collapse", "over half", "gt50"), ("collapse", "x", "none_gt50_involved"),
        ("posterolateral", "2", "bilateral"), ("status", "t", "treated_stable"), ("lesion", "sclerotic", "blastic"),
        ("treated", "SBRT 2024", "SBRT 2024"), ("alignment", "  ", ""),
    ],
)  # fmt: skip
def test_a_few_keys_are_enough(key, text, word):
    assert typed(key, text).word == word
    assert typed(key, text).fault == ""


@pytest.mark.parametrize(
    ("key", "text", "sentence"),
    [
        ("level", "zz", "“zz” is no level. Say one such as T8 or L4."),
        ("below_conus", "m", "“m” could be mild or moderate."),
        ("escc", "4", "“4” could be 0, 1a, 1b, 1c, 2 or 3."),
    ],
)
def test_what_is_not_clear_is_asked_and_never_guessed(key, text, sentence):
    assert (typed(key, text).word, typed(key, text).fault) == ("", sentence)


@given(st.sampled_from(["level", *FIELD]), st.text(max_size=30))
def test_no_text_breaks_a_cell(key, text):
    found = typed(key, text)
    assert not (found.word and found.fault)
    if found.word and key in KEYS:
        assert found.word in {choice.word for choice in FIELD[key].choices}


def test_every_word_as_shown_is_taken_back():
    for key, field in FIELD.items():
        for choice in field.choices:
            assert typed(key, shown(key, choice.word)).word == choice.word
