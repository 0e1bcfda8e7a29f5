"""What the reader must hold on the corpus: emergencies never missed, grades and items read, ordinary reports quiet."""

from pathlib import Path

import pytest
from framed_reports import framed_reports
from ordinary_reports import ordinary_reports
from tumour_reports import tumour_reports

from soar2.criteria.urgency import TUMOUR
from soar2.dictation.evaluate import LEVEL_ITEMS, evaluate, word_read
from soar2.dictation.labels import LEVEL_WORDS, UNSTATED, Fault
from soar2.dictation.reading import read_report
from soar2.evaluate_command import labelled

HERE = Path(__file__).parent


def written(folder):
    return [found for found in labelled(HERE / folder) if not isinstance(found, Fault)]


SETS = {
    "open": written("open"),
    "held_out": written("held_out"),
    "tumour": [(label, label.text) for label in tumour_reports()],
    "framed": [(label, label.text) for label in framed_reports()],
}


def answers(name):
    return [
        (label, read_report(text, cancer_known=label.cancer_known).as_json(label.name))
        for label, text in SETS[name]
    ]


#: Where the reader falls short of its goals on the reports its author has not read. Written as exact figures: the tests
#: fail when it gets worse, and when it gets better, so that this table shrinks. In the running system nothing rests
#: on it yet: every report without the macro is read by a person.
MISSED = {"held_out": ["traps#ht-13", "traps#ht-18"]}
EXACT = {"held_out": (50, 56)}
ITEMS = {"held_out": (67, 75)}
PEOPLE = {"held_out": (1, 1)}  # reached a person in vain; reached none and should have


@pytest.fixture(scope="module", params=SETS)
def result(request):
    return evaluate(answers(request.param))


@pytest.fixture
def name(request, result):
    return request.node.callspec.params["result"]


def told(result, *items):
    return "\n".join(
        f"{one.file} {one.level} {one.item}: {one.label} read as {one.read}"
        for one in result.disagreements
        if one.item in items
    )


def test_no_emergency_is_missed(result, name):
    assert result.missed_emergencies == MISSED.get(name, [])


def test_grades_are_exact_in_at_least_95_of_100_levels_whose_words_determine_them(result, name):
    rate = result.agreement["escc"]
    if name in EXACT:
        assert (rate.hits, rate.total) == EXACT[name]
    else:
        assert rate.share >= 0.95, told(result, "escc")


def test_the_items_of_sins_are_right_in_at_least_90_of_100(result, name):
    rate = result.agreement.get("SINS items")  # the framed reports have none
    if name in ITEMS:
        assert (rate.hits, rate.total) == ITEMS[name]
    elif rate is not None:
        assert rate.share >= 0.90, told(result, "lesion", "alignment", "collapse", "posterolateral")


def test_the_interval_of_sins_always_holds_the_truth(result):
    assert result.contained.hits == result.contained.total, told(result, "sins")


def test_what_needs_nobody_is_quiet_and_what_needs_somebody_is_not(result, name):
    found = (result.person.raised_in_vain, result.person.missed)
    assert found == PEOPLE.get(name, (0, 0)), told(result, "lane", "review")


def test_under_two_of_a_hundred_ordinary_reports_reach_a_person():
    readings = [(report.name, read_report(report.text)) for report in ordinary_reports()]
    reached = [name for name, reading in readings if reading.lane != "none" or reading.review]
    assert len(reached) < 0.02 * len(readings), reached


def test_every_word_read_is_a_word_of_labels():
    """The two closed lists, the label's and the answer's, cannot drift apart."""
    for name in SETS:
        for _, answer in answers(name):
            assert answer["tumour"] in TUMOUR
            for level in answer["levels"]:
                for item in LEVEL_ITEMS:
                    word = word_read(item, level).replace("not_stated", UNSTATED)
                    assert word in LEVEL_WORDS[item] or (item == "escc" and " to " in word), (item, word)
