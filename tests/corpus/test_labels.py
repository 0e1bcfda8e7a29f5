"""Every label of the corpus is in the closed words, and its lane is the one the lane table gives to its findings."""

import tomllib
from pathlib import Path

import pytest

from soar2.criteria.anatomy import UNKNOWN
from soar2.criteria.escc import GradeRange, below_conus_range
from soar2.criteria.intervals import Interval
from soar2.criteria.sins import SinsItems, imaging_sins
from soar2.criteria.urgency import Case, decide, report_lane
from soar2.dictation.labels import OPEN, SINS_ITEMS, UNSTATED, read_labels

HERE = Path(__file__).parent
FILES = sorted(HERE.rglob("*.toml"))


def labels_of(path):
    return read_labels(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)


def every(folder):
    return [label for path in sorted((HERE / folder).glob("*.toml")) for label in labels_of(path)[0]]


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_label_uses_the_closed_words(path):
    labels, faults = labels_of(path)
    assert [str(fault) for fault in faults] == []
    assert labels
    for label in labels:
        assert label.text, label.name
        assert len(label.text.strip()) > 20, label.name
        assert "lane" in label.wanted, label.name


def grade_of(level):
    """E of the lane table from the label, or OPEN where the label leaves it open."""
    if level.epidural is not None:
        return level.epidural
    for item in ("escc", "below_conus"):
        words = level.wanted.get(item)
        if words is None:
            continue
        if len(words) > 1:
            return OPEN
        word = next(iter(words))
        if word in (UNSTATED, "not_applicable"):
            continue
        if item == "below_conus":
            return below_conus_range(word)
        ends = word.split(" to ")
        return GradeRange(ends[0], ends[-1])
    stated = [level.wanted.get(item) for item in ("escc", "below_conus")]
    return None if any(words == {UNSTATED} for words in stated) or level.level == UNKNOWN else OPEN


def sins_of(level):
    """What the items that have one word allow; an item left open may be anything."""
    words = {item: level.word(item) for item in SINS_ITEMS}
    return imaging_sins(
        SinsItems(level.level, **{k: "not_stated" if v in (None, UNSTATED) else v for k, v in words.items()})
    )


def decided(label):
    """The lane table applied to the labelled findings; None where the label leaves something open."""
    tumour = label.wanted.get("tumour", frozenset())
    if len(tumour) != 1 or label.levels is None:
        return None
    (word,) = tumour
    if not label.levels:
        return decide(Case(word, lesion=False, sins=Interval(0, 0)))
    cases = []
    for level in label.levels:
        grade = grade_of(level)
        if grade == OPEN:
            return None
        cases.append(
            Case(
                word,
                level_named=level.level != UNKNOWN,
                epidural=grade,
                sins=sins_of(level),
                signal=level.word("cord_signal") in ("new", "present"),
                subluxation=level.word("alignment") == "subluxation",
                treated_stable=level.word("status") == "treated_stable",
            )
        )
    return report_lane(decide(case) for case in cases)


def test_a_lane_is_what_the_lane_table_gives_to_the_labelled_findings():
    wrong = []
    for label in every("open") + every("held_out"):
        decision = decided(label)
        if decision and decision.lane not in label.wanted["lane"]:
            wrong.append(
                f"{label.name}: labelled {sorted(label.wanted['lane'])}, the table says {decision.lane}"
            )
        if decision and decision.review and label.review is False:
            wrong.append(f"{label.name}: labelled without review, the table asks for it")
    assert wrong == []


def test_free_text_with_a_lane_above_none_is_always_reviewed():
    wrong = [
        label.name
        for label in every("open") + every("held_out")
        if "macro" not in label.wanted.get("source", ())
        and "none" not in label.wanted["lane"]
        and not label.review
    ]
    assert wrong == []


def test_names_and_texts_are_there_once():
    labels = every("open") + every("held_out")
    texts = [" ".join(label.text.split()).lower() for label in labels]
    assert len(set(texts)) == len(texts)
