"""Every label of the corpus is in the closed words, and its lane is the one the lane table gives to its findings."""

import tomllib
from pathlib import Path

import pytest
from labelled import decided

from soar2.criteria.escc import BELOW_CONUS, GRADES
from soar2.dictation.labels import LEVEL_WORDS, UNSTATED, read_labels

HERE = Path(__file__).parent
FILES = sorted(HERE.rglob("*.toml"))


def labels_of(path):
    return read_labels(tomllib.loads(path.read_text(encoding="utf-8")), path.stem)


def every(*folders):
    return [
        label
        for folder in folders
        for path in sorted((HERE / folder).glob("*.toml"))
        for label in labels_of(path)[0]
    ]


ALL = every("open", "held_out")


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_every_label_uses_the_closed_words(path):
    labels, faults = labels_of(path)
    assert [str(fault) for fault in faults] == []
    assert labels
    for label in labels:
        assert label.text, label.name
        assert len(label.text.strip()) > 20, label.name
        assert "lane" in label.wanted, label.name


def test_a_lane_is_what_the_lane_table_gives_to_the_labelled_findings():
    wrong = []
    for label in ALL:
        decision = decided(label)
        if decision and decision.lane not in label.wanted["lane"]:
            wrong.append(
                f"{label.name}: labelled {sorted(label.wanted['lane'])}, the table says {decision.lane}"
            )
        if decision and decision.review and label.review is False:
            wrong.append(f"{label.name}: labelled without review, the table asks for it")
    assert wrong == []


def test_free_text_with_a_lane_above_none_and_danger_outside_are_always_reviewed():
    wrong = [
        label.name
        for label in ALL
        if label.review is False
        and (
            label.outside
            or ("none" not in label.wanted["lane"] and "macro" not in label.wanted.get("source", ()))
        )
    ]
    assert wrong == []


def test_no_text_stands_twice_so_that_what_is_held_out_is_held_out():
    texts = [" ".join(label.text.split()).lower() for label in ALL]
    assert [text for text in texts if texts.count(text) > 1] == []


def test_the_corpus_has_the_size_and_the_breadth_it_promises():
    held = every("held_out")
    assert len(ALL) >= 260
    assert len(held) >= 60
    assert sum(label.wanted["lane"] == {"emergent"} for label in ALL) >= 60
    assert sum(label.wanted["lane"] == {"none"} for label in ALL) >= 80
    words = {
        (item, word)
        for label in ALL
        for lv in label.levels or ()
        for item in lv.wanted
        for word in lv.wanted[item]
    }
    expected = {("escc", grade) for grade in GRADES} | {("below_conus", word) for word in BELOW_CONUS}
    for item in ("lesion", "alignment", "collapse", "posterolateral", "cord_signal", "status"):
        expected |= {(item, word) for word in LEVEL_WORDS[item] - {"indeterminate", UNSTATED}}
    assert expected - words == set()
