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


@pytest.fixture(scope="module", params=SETS)
def result(request):
    return evaluate(answers(request.param))


def told(result, *items):
    return "\n".join(
        f"{one.file} {one.level} {one.item}: {one.label} read as {one.read}"
        for one in result.disagreements
        if one.item in items
    )


def test_no_emergency_is_missed(result):
    assert result.missed_emergencies == []


def test_grades_are_exact_in_at_least_95_of_100_levels_whose_words_determine_them(result):
    assert result.agreement["escc"].share >= 0.95, told(result, "escc")


def test_the_items_of_sins_are_right_in_at_least_90_of_100(result):
    items = ("lesion", "alignment", "collapse", "posterolateral")
    rate = result.agreement.get("SINS items")  # the framed reports have none
    assert rate is None or rate.share >= 0.90, told(result, *items)


def test_the_interval_of_sins_always_holds_the_truth(result):
    assert result.contained.hits == result.contained.total, told(result, "sins")


def test_what_needs_nobody_is_quiet_and_what_needs_somebody_is_not(result):
    assert result.person.raised_in_vain == 0, told(result, "lane", "review")
    assert result.person.missed == 0, told(result, "lane", "review")


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
