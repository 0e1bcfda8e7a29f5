"""Properties that hold for every report in prose, found by generating them."""

import random
import re
import textwrap
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prose_writer import CAUDA, CORD, GRADE, ITEM, one_level, paragraph, report

from soar2.criteria.urgency import LANES
from soar2.dictation.reading import read_report

FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
CASES = st.dictionaries(st.sampled_from(CORD), one_level(), min_size=1, max_size=3).flatmap(
    lambda cord: st.dictionaries(st.sampled_from(CAUDA), one_level(cauda=True), max_size=2).map(
        lambda cauda: {**cord, **cauda}
    )
)
CHANCE = st.integers(0, 10_000).map(random.Random)


def summary(text):
    reading = read_report(text)
    levels = [(lv.level, str(lv.epidural), lv.below_conus, lv.lesion, lv.alignment, lv.collapse, lv.posterolateral, lv.cord_signal,
               lv.status, lv.sins, lv.lane, lv.rule) for lv in reading.levels]  # fmt: skip
    return (levels, reading.lane, reading.review, reading.tumour, sorted(reading.outside))


@FEW
@given(CASES, CHANCE)
def test_reading_what_was_written_gives_the_same_findings(levels, chance):
    reading = read_report(report(levels, chance))
    found = {level.level: level for level in reading.levels}
    assert set(found) == set(levels)
    assert reading.source == "free-text"
    for name, said in levels.items():
        level = found[name]
        if name in CAUDA:
            assert level.below_conus == (said["grade"] or "not_stated")
        else:
            assert level.escc == said["grade"]
        assert level.lesion == (said["lesion"] or "not_stated")
        assert level.collapse == (said["collapse"] or "not_stated")
        assert level.posterolateral == (said["posterolateral"] or "not_stated")


@FEW
@given(st.sampled_from(CORD), one_level(), CHANCE, st.data())
def test_an_unknown_never_narrows_an_interval(level, said, chance, data):
    item = data.draw(st.sampled_from(["grade", "lesion", "collapse", "alignment", "posterolateral"]))
    seed = chance.random()
    with_it, without = (
        read_report(report({level: words}, random.Random(seed))).levels[0]
        for words in (said, {**said, item: None})
    )
    assert without.sins.contains(with_it.sins)
    assert without.score.contains(with_it.score)


_WORSE = {
    "grade": list(GRADE), "lesion": ["blastic", "mixed", "lytic"], "collapse": ["none", "lt50", "gt50"],
    "alignment": ["normal", "deformity", "subluxation"], "posterolateral": ["none", "unilateral", "bilateral"],
    "cord_signal": ["absent", "present"],
}  # fmt: skip


@FEW
@given(st.sampled_from(CORD), one_level(), CHANCE, st.data())
def test_a_worse_finding_never_lowers_the_lane(level, said, chance, data):
    item = data.draw(st.sampled_from(list(_WORSE)))
    order = _WORSE[item]
    at = data.draw(st.integers(0, len(order) - 2))
    seed = chance.random()
    calm, bad = (
        read_report(report({level: {**said, item: word}}, random.Random(seed)))
        for word in (order[at], data.draw(st.sampled_from(order[at + 1 :])))
    )
    assert LANES.index(bad.lane) >= LANES.index(calm.lane)


def wrapped(width):
    return lambda text: "\n".join(
        textwrap.fill(line, width, break_on_hyphens=False) for line in text.split("\n")
    )


HEADING = re.compile(r"(?m)^(FINDINGS|IMPRESSION|TECHNIQUE|CLINICAL HISTORY|COMPARISON|ADDENDUM):")
LAYOUTS = {
    "capitals": str.upper,
    "small letters": str.lower,
    "wrapped at 45": wrapped(45),
    "wrapped at 70": wrapped(70),
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "HL7 line ends": lambda text: text.replace("\n", "\r"),
    "two blanks for one": lambda text: text.replace(" ", "  "),
    "indented": lambda text: textwrap.indent(text, "    "),
    "headings with dashes": lambda text: HEADING.sub(r"\1 -", text),
    "headings in title case": lambda text: HEADING.sub(lambda m: m[1].title() + ":", text),
    "headings marked up": lambda text: HEADING.sub(r"**\1:**", text),
    "headings on a line of their own": lambda text: HEADING.sub(r"\1:\n", text),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_layout_changes_nothing(layout):
    chance = random.Random(5)
    for _ in range(40):
        levels = {
            level: {
                "grade": chance.choice([None, *GRADE]),
                **{item: chance.choice([None, *words]) for item, words in ITEM.items()},
            }
            for level in chance.sample(CORD, 2)
        }
        text = report(levels, chance)
        assert summary(layout(text)) == summary(text), text


def numbered(style):
    def number(sentences):
        return "\n".join(style.format(n) + sentence for n, sentence in enumerate(sentences, 1))

    return number


@pytest.mark.parametrize("style", ["", "- ", "* ", "{}. ", "{}) ", "({}) ", "• "])
def test_numbering_of_an_impression_changes_nothing(style):
    sentences = [
        "T8 metastasis with epidural tumour, ESCC 1c.",
        "L4 metastasis without epidural disease.",
        "No fracture.",
    ]
    plain = summary("IMPRESSION:\n" + "\n".join(sentences))
    assert summary("IMPRESSION:\n" + numbered(style)(sentences)) == plain
    assert plain[1] == "urgent"


def test_the_corpus_reads_the_same_in_capitals_and_small_letters():
    for file in sorted((Path(__file__).parents[2] / "corpus" / "open").glob("*.toml")):
        for case in tomllib.loads(file.read_text())["report"]:
            assert summary(case["text"].upper()) == summary(case["text"].lower()) == summary(case["text"])


FRAGMENTS = st.sampled_from(
    """T8|L4|metastasis|metastases|tumour|epidural|cord|compression|compresses|thecal sac|without|no|not|seen|cannot exclude|possible|
    previously|resolved|unchanged|HISTORY:|FINDINGS:|IMPRESSION:|ADDENDUM:|PRIOR REPORT:|Bilsky|ESCC|1c|2|one see|grade|CSF|effaced|.|,|;|:|?|
    (|)|and|or|but|except at|is|are|disc|abscess|haematoma|haemangioma|fracture|60%|height loss|subluxation|on|left|pedicle|both|new|stable|
    SBRT|in 2022|years ago|mother|if|T7-T9|T2 hyperintense|conus|at L1|\n|\r|\t|\n\n|1.|-|İ|½|ﬁ|\x00|lytic|sclerotic|none|yes|versus|mm|,,""".replace(
        "\n    ", ""
    ).split("|")
)


@MANY
@given(st.lists(FRAGMENTS, max_size=60).map(" ".join))
def test_no_shuffled_prose_raises(text):
    check(text)


@MANY
@given(st.text(max_size=400))
def test_no_text_raises(text):
    check(text)
    check("T8 metastasis " + text)


@MANY
@given(st.binary(max_size=400))
def test_no_bytes_raise(raw):
    check(raw.decode("latin-1"))
    check(raw.decode("utf-8", errors="replace"))


def check(text):
    reading = read_report(text)
    assert reading.lane in LANES
    assert reading.lane == "none" or reading.review or reading.source == "macro"
    for mark in (*reading.marks, *reading.set_aside):
        assert 0 <= mark.place.start <= mark.place.end <= len(text)
    for level in reading.levels:
        assert 0 <= level.sins.lo <= level.sins.hi <= 15
        for start, end in level.places.values():
            assert 0 <= start <= end <= len(text)


def test_marks_stand_where_their_words_are():
    text = "HISTORY: Prior cord compression.\nFINDINGS:  T8  metastasis.\n  Epidural tumour\ncompresses   the cord."
    reading = read_report(text)
    words = {
        mark.item: " ".join(text[slice(*mark.place)].split())
        for mark in reading.marks
        if mark.word != "1a to 3"
    }
    assert words == {"tumour": "Epidural tumour", "escc": "compresses the cord"}
    assert [(text[slice(*aside.place)], aside.why) for aside in reading.set_aside] == [
        ("cord compression", "history")
    ]


def test_a_paragraph_reads_the_same_alone_and_in_its_report():
    said = {
        "grade": "2",
        "lesion": "lytic",
        "collapse": "gt50",
        "alignment": "normal",
        "posterolateral": None,
        "cord_signal": None,
    }
    assert (
        summary(paragraph("T8", said, random.Random(1)))[0]
        == summary(report({"T8": said}, random.Random(1)))[0]
    )
