"""The words after each label, and what they mean."""

import pytest

from soar2.dictation.epidural import read_epidural
from soar2.dictation.values import parse

WORDS = [
    # field, words, closed words
    ("lesion", "lytic", "lytic"),
    ("lesion", "Lytic.", "lytic"),
    ("lesion", "osteolytic", "lytic"),
    ("lesion", "predominantly sclerotic", "blastic"),
    ("lesion", "lytic and sclerotic", "mixed"),
    ("lesion", "mixed lytic/blastic", "mixed"),
    ("lesion", "lytic with blastic component", "mixed"),
    ("lesion", "T1 hypointense", "indeterminate"),
    ("lesion", "needs CT", "indeterminate"),
    ("alignment", "preserved", "normal"),
    ("alignment", "no subluxation or deformity", "normal"),
    ("alignment", "new kyphosis", "deformity"),
    ("alignment", "grade 1 anterolisthesis", "subluxation"),
    ("alignment", "degenerative grade 1 anterolisthesis", "indeterminate"),  # not the lesion's doing
    ("alignment", "kyphosis with translation", "deformity subluxation"),
    ("collapse", "none", "none"),
    ("collapse", "no height loss", "none"),
    ("collapse", "0%", "none"),
    ("collapse", ">50%", "gt50"),
    ("collapse", "> 50 %", "gt50"),
    ("collapse", ">=50%", "gt50"),
    ("collapse", "greater than 50%", "gt50"),
    ("collapse", "more than half", "gt50"),
    ("collapse", "over 50 percent", "gt50"),
    ("collapse", "vertebra plana", "gt50"),
    ("collapse", "70%", "gt50"),
    ("collapse", "60-70%", "gt50"),
    ("collapse", "<50%", "lt50"),
    ("collapse", "less than 50 %", "lt50"),
    ("collapse", "30%", "lt50"),
    ("collapse", "20 to 30%", "lt50"),
    ("collapse", "50%", "eq50"),
    ("collapse", "exactly 50%", "eq50"),
    ("collapse", "approximately 50%", "eq50"),
    ("collapse", "40-60%", "eq50"),  # on either side of half
    ("collapse", "more than 30%", "indeterminate"),
    ("collapse", "none but >50% involved", "none_gt50_involved"),
    ("collapse", "none, > 50% of the vertebral body involved", "none_gt50_involved"),
    ("collapse", "no collapse but more than half of the body is involved", "none_gt50_involved"),
    ("collapse", "none but less than 50% involved", "none"),
    ("collapse", ">50% with >50% body involvement", "gt50"),
    ("collapse", "indeterminate", "indeterminate"),
    ("posterolateral", "left pedicle", "unilateral"),
    ("posterolateral", "right", "unilateral"),
    ("posterolateral", "bilateral pedicles", "bilateral"),
    ("posterolateral", "both facets", "bilateral"),
    ("posterolateral", "left and right", "bilateral"),
    ("posterolateral", "spared", "none"),
    ("cord_signal", "normal", "absent"),
    ("cord_signal", "no T2 hyperintensity", "absent"),
    ("cord_signal", "T2 hyperintensity", "present"),
    ("cord_signal", "oedema", "present"),
    ("cord_signal", "myelomalacia", "present"),  # not said to be old
    ("cord_signal", "new T2 hyperintensity", "new"),
    ("cord_signal", "chronic", "old"),
    ("status", "Progression", "progressed"),
    ("status", "no significant change", "stable"),
    ("status", "smaller", "improved"),
    ("status", "treated and stable", "treated_stable"),
    ("status", "not stable", "progressed"),
]


@pytest.mark.parametrize(("field", "words", "meaning"), WORDS)
def test_closed_words(field, words, meaning):
    parsed = parse(field, words)
    assert " ".join(parsed.words) == meaning
    assert parsed.unread == "" or "degenerative" in words


NOT_UNDERSTOOD = [
    # field, words, why nothing is taken from them
    ("lesion", "lacy"),
    ("lesion", "not lytic"),  # a denial is not its opposite
    ("alignment", "straightened"),
    ("posterolateral", "spinous process"),  # no side
    ("cord_signal", "unchanged"),  # normal and unchanged, or abnormal and unchanged
    ("collapse", "some"),
]


@pytest.mark.parametrize(("field", "words"), NOT_UNDERSTOOD)
def test_an_unknown_term_is_flagged_and_never_guessed(field, words):
    parsed = parse(field, words)
    assert parsed.words == ()
    assert parsed.unread


@pytest.mark.parametrize("words", ["", "-", "n/a", "not stated", "not available"])
def test_not_stated_is_no_value_and_no_flag(words):
    parsed = parse("lesion", words)
    assert (parsed.words, parsed.unread, parsed.hedged) == ((), "", False)


@pytest.mark.parametrize("words", ["[lytic|mixed|blastic]", "[ ]", "___", "***", "{lytic/mixed}"])
def test_an_unfilled_pick_list_is_not_stated(words):
    parsed = parse("lesion", words)
    assert (parsed.words, parsed.unfilled) == ((), True)


def test_a_single_bracketed_word_counts_unless_it_is_the_benign_default():
    assert parse("collapse", "[>50%]").words == ("gt50",)
    assert parse("collapse", "[none]").words == ()
    assert parse("cord_signal", "[normal]").words == ()


def test_a_hedge_keeps_the_word_and_is_noted():
    parsed = parse("lesion", "probably lytic")
    assert (parsed.words, parsed.hedged) == (("lytic",), True)


EPIDURAL = [
    # words after ESCC, "range how" of each part
    ("1c", "1c graded"),
    ("1 C", "1c graded"),
    ("one c", "1c graded"),
    ("grade 2", "2 graded"),
    ("Bilsky 3", "3 graded"),
    ("2-3", "2 to 3 graded"),
    ("1b/1c", "1b to 1c graded"),
    ("1b or 1c", "1b to 1c graded"),
    ("1a-c", "1a to 1c graded"),
    ("1", "1a to 1c graded"),
    (">=2", "2 to 3 graded"),
    ("at least 1c", "1c to 3 graded"),
    ("greater than 1b", "1c to 3 graded"),
    ("up to 1b", "0 to 1b graded"),
    ("1b, 2", "1b graded; 2 graded"),
    ("none", "0 described"),
    ("no epidural disease", "0 described"),
    ("epidural tumour", "1a to 3 described"),
    ("cord compressed", "2 to 3 described"),
    ("canal obliterated", "2 to 3 described"),
    ("no cord compression", "0 to 1c excludes"),
    ("epidural tumour, no cord compression", "0 to 1c excludes; 1a to 3 described"),
    ("cannot exclude compression", "0 to 3 hedge"),
    ("1b, cannot exclude compression", "1b graded; 0 to 3 hedge"),
    ("severe", "3 below"),
    ("not stated", ""),
    ("n/a", ""),
    ("purple", ""),
]


@pytest.mark.parametrize(("words", "parts"), EPIDURAL)
def test_words_after_an_epidural_label(words, parts):
    assert "; ".join(f"{reach} {how}" for reach, how, _ in read_epidural(words).parts) == parts


def test_the_finer_scale_counts_by_its_number_and_a_person_looks():
    said = read_epidural("2b")
    assert (str(said.parts[0][0]), said.unread) == ("2", "2b")


def test_a_prior_grade_is_not_todays():
    said = read_epidural("1c (was 1b)")
    assert [str(part[0]) for part in said.parts] == ["1c"]
    assert said.prior == "1b"


EPIDURAL_LANES = [
    # words after ESCC at T8, escc, range, status, lane
    ("2-3", None, ("2", "3"), "graded", "emergent 6"),
    ("epidural tumour", None, ("1a", "3"), "described", "urgent 9 review"),
    ("no cord compression", None, None, "not_stated", "expedited 11 review"),
    ("cannot exclude compression", None, ("0", "3"), "described", "urgent 9 review"),
    ("possible 2", "2", ("2", "2"), "graded", "emergent 6 review"),
    ("not assessable", None, None, "not_stated", "expedited 11 review"),
]


@pytest.mark.parametrize(("words", "grade", "reach", "status", "lane"), EPIDURAL_LANES)
def test_what_the_grade_leads_to(words, grade, reach, status, lane):
    from soar2.dictation.reading import read_report

    calm = "Lesion blastic | Alignment normal | Collapse none | Posterolateral none"
    reading = read_report(f"SPINE ONCOLOGY MACRO\nLevel T8 | ESCC {words} | {calm}\n")
    level = reading.levels[0]
    assert (level.escc, level.escc_range, level.escc_status) == (grade, reach, status)
    assert f"{reading.lane} {reading.rule}{' review' if reading.review else ''}" == lane
