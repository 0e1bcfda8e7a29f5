"""The evaluation: labels in closed words, known numbers for a known set, and a page that quotes no report."""

import io
import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soar2.criteria.intervals import Interval
from soar2.dictation.evaluate import Rate, compare, evaluate
from soar2.dictation.labels import LEVEL_WORDS, UNSTATED, read_labels
from soar2.evaluate_command import UNSAFE, UNUSABLE, WELL, run_evaluate


def label(text="", name="case", **entry):
    labels, faults = read_labels({"text": text, **entry}, name)
    assert faults == []
    return labels[0]


def level(name="T8", **items):
    """One level as `soar2 read --json` prints it; silent but for what is given."""
    return {
        "level": name,
        "escc": None,
        "escc_range": None,
        "escc_status": "not_stated",
        "below_conus": None,
        "lesion": "not_stated",
        "alignment": "not_stated",
        "collapse": "not_stated",
        "posterolateral": "not_stated",
        "cord_signal": "not_stated",
        "status": "not_stated",
        "sins_imaging": [1, 13],
        "lane": "expedited",
    } | items


def answer(lane="none", *levels, **items):
    return {
        "source": "free-text",
        "tumour": "not_stated",
        "levels": list(levels),
        "lane": lane,
        "review": False,
        "outside": [],
    } | items


def differences(labelled, read):
    return [(one.level, one.item, one.label, one.read) for one in compare(labelled, read) if not one.agrees]


# ------------------------------------------------------------------------------------------ intervals


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [  # Newcombe RG, Stat Med 1998;17:857-72, table I, method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_the_published_ones(hits, total, low, high):
    assert Rate(hits, total).interval == pytest.approx((low, high), abs=5e-5)


def test_nothing_out_of_nothing_has_no_share():
    assert (Rate(0, 0).share, Rate(0, 0).interval) == (None, None)


@given(st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_an_interval_holds_its_share_and_is_never_a_point(pair):
    rate = Rate(*pair)
    low, high = rate.interval
    assert 0 <= low <= rate.share + 1e-12
    assert rate.share - 1e-12 <= high <= 1
    assert low < high


# --------------------------------------------------------------------------------------- known numbers


KNOWN = [
    # label lane, review -> read lane, review
    ("emergent", True, "emergent", True),  # found
    ("emergent", True, "urgent", True),  # not found, yet caught: a person looks within the same clock
    ("emergent", True, "urgent", False),  # missed
    ("emergent", True, "expedited", True),  # missed
    ("urgent", True, "emergent", True),  # too high
    ("urgent", True, "urgent", True),
    ("routine", True, "none", False),  # reaches nobody
    ("none", False, "none", False),
    ("none", False, "none", False),
    ("none", False, "none", True),  # in vain
    ("none", False, "routine", True),  # in vain
]


def known():
    return [
        (label(name=f"k{n}", lane=lane, review=review), answer(read, review=asks))
        for n, (lane, review, read, asks) in enumerate(KNOWN)
    ]


def test_known_lanes_give_known_numbers():
    result = evaluate(known())
    assert result.reports == 11
    assert result.caught == Rate(2, 4)
    assert result.missed_emergencies == ["k2", "k3"]
    assert not result.safe
    assert (result.emergent.sensitivity, result.emergent.precision) == (Rate(1, 4), Rate(1, 2))
    assert (result.urgent.sensitivity, result.urgent.precision) == (Rate(5, 6), Rate(5, 5))
    assert (result.person.sensitivity, result.person.precision) == (Rate(6, 7), Rate(6, 8))
    assert result.person.false_alarms == Rate(2, 4)
    assert result.agreement["report: lane"] == Rate(5, 11)
    assert result.lanes["emergent", "urgent"] == 2


def test_a_label_that_allows_several_lanes_counts_only_where_all_of_them_agree():
    either = label(lane=["emergent", "urgent"], review=True)
    result = evaluate([(either, answer("urgent", review=True))])
    assert result.emergent.sensitivity == Rate(0, 0)
    assert result.caught == Rate(0, 0)
    assert result.urgent.sensitivity == Rate(1, 1)
    assert result.agreement["report: lane"] == Rate(1, 1)
    assert result.safe


@pytest.mark.parametrize(
    ("lane", "review", "reaches"),
    [
        ("routine", "?", True),
        ("none", True, True),
        ("none", False, False),
        ("none", "?", None),
        (["none", "routine"], False, None),
        ("?", False, None),
    ],
)
def test_who_reaches_a_person(lane, review, reaches):
    assert label(lane=lane, review=review).reaches_a_person is reaches


# ---------------------------------------------------------------------------------------------- items


def test_every_item_that_differs_is_told_and_no_other():
    labelled = label(
        tumour="present",
        lane="urgent",
        review=True,
        outside=[],
        levels={"T8": {"escc": "1c", "lesion": "lytic", "status": "progressed", "collapse": UNSTATED}},
    )
    read = answer(
        "emergent",
        level(escc_range=["2", "3"], lesion="lytic", collapse="gt50", sins_imaging=[6, 13]),
        tumour="present",
        review=True,
        outside=["infection"],
    )
    assert differences(labelled, read) == [
        ("", "lane", "urgent", "emergent"),
        ("", "outside", "nothing", "infection"),
        ("T8", "escc", "1c", "2 to 3"),
        ("T8", "collapse", "unstated", "gt50"),
        ("T8", "status", "progressed", "not_stated"),
    ]


def test_a_level_that_was_not_read_is_wrong_in_all_that_its_words_determine():
    labelled = label(levels={"T8": {"escc": "1c", "lesion": UNSTATED}, "L3": {"below_conus": "mild"}})
    assert differences(labelled, answer("none", level("T9"))) == [
        ("T8", "level", "lesion", "nothing"),
        ("T8", "escc", "1c", "nothing"),
        ("L3", "level", "lesion", "nothing"),
        ("L3", "below_conus", "mild", "nothing"),
        ("T9", "level", "nothing", "lesion"),
    ]


def test_a_list_of_levels_that_is_not_complete_allows_others():
    labelled = label(levels={"T8": {}}, levels_complete=False)
    assert differences(labelled, answer("none", level("T8"), level("T9"))) == []


@pytest.mark.parametrize(
    ("wanted", "read", "agrees"),
    [
        ("1c", {"escc_range": ["1c", "1c"]}, True),
        ("1c", {"escc_range": ["1c", "2"]}, False),
        ("1c to 2", {"escc_range": ["1c", "2"]}, True),
        ("unstated", {"escc_range": None}, True),
        ("unstated", {"escc_range": None, "escc_status": "not_applicable"}, False),
        ("not_applicable", {"escc_range": None, "escc_status": "not_applicable"}, True),
        (["0", "1a"], {"escc_range": ["1a", "1a"]}, True),
        ("?", {"escc_range": ["3", "3"]}, True),
    ],
)
def test_grades(wanted, read, agrees):
    labelled = label(levels={"T8": {"escc": wanted}})
    assert (differences(labelled, answer("none", level(**read))) == []) is agrees


def test_what_is_unstated_may_be_read_as_not_stated_or_indeterminate_and_as_nothing_else():
    labelled = label(levels={"T8": {"lesion": UNSTATED}})
    for word, agrees in (("not_stated", True), ("indeterminate", True), ("lytic", False)):
        assert (differences(labelled, answer("none", level(lesion=word))) == []) is agrees
    exact = label(levels={"T8": {"lesion": "indeterminate"}})
    assert differences(exact, answer("none", level())) == [("T8", "lesion", "indeterminate", "not_stated")]


@pytest.mark.parametrize(
    ("wanted", "read", "agrees"),
    [
        (["abscess"], ["abscess"], True),
        (["abscess"], [], False),
        (["abscess"], ["abscess", "compression"], False),
        (["abscess", "compression?"], ["abscess", "compression"], True),
        (["abscess", "compression?"], ["compression"], False),
        ([], ["other"], False),
        ("?", ["other"], True),
    ],
)
def test_dangers_outside(wanted, read, agrees):
    assert (differences(label(outside=wanted), answer(outside=read)) == []) is agrees


ITEMS = {"lesion": "lytic", "alignment": "normal", "collapse": "lt50", "posterolateral": "none"}


@pytest.mark.parametrize(
    ("items", "points"),
    [
        (ITEMS, Interval(5, 5)),
        (ITEMS | {"collapse": UNSTATED}, Interval(3, 6)),
        (ITEMS | {"collapse": "eq50"}, Interval(5, 6)),
        (ITEMS | {"collapse": "?"}, None),
        (ITEMS | {"collapse": ["lt50", "gt50"]}, None),
        ({"sins": 7}, Interval(7, 7)),
        ({"sins": "7 to 9"}, Interval(7, 9)),
        ({"rest": UNSTATED}, Interval(1, 13)),
    ],
)
def test_the_points_a_label_stands_for(items, points):
    assert label(levels={"T8": items}).levels[0].sins == points


def test_an_interval_that_leaves_the_truth_out_is_not_safe():
    labelled = label(levels={"T8": ITEMS})
    wide = evaluate([(labelled, answer("none", level(**ITEMS, sins_imaging=[4, 6])))])
    assert (wide.contained, wide.safe) == (Rate(1, 1), True)
    narrow = evaluate([(labelled, answer("none", level(**ITEMS, sins_imaging=[6, 6])))])
    assert (narrow.contained, narrow.safe) == (Rate(0, 1), False)
    assert [(one.item, one.label, one.read) for one in narrow.disagreements] == [("sins", "5", "6")]


def test_each_item_counts_in_the_line_it_belongs_to():
    labelled = label(
        levels={
            "T3": {"escc": "1a", "lesion": "lytic", "collapse": UNSTATED},
            "T4": {"escc": "1a to 3", "lesion": "mixed"},
            "T5": {"escc": UNSTATED},
        }
    )
    read = answer(
        "none",
        level("T3", escc_range=["1a", "1a"], lesion="blastic"),
        level("T4", escc_range=["1a", "3"], lesion="mixed"),
        level("T5", escc_range=["0", "0"]),
    )
    agreement = evaluate([(labelled, read)]).agreement
    assert agreement == {
        "level found": Rate(3, 3),
        "escc": Rate(1, 1),
        "escc, a range": Rate(1, 1),
        "escc, unstated": Rate(0, 1),
        "lesion": Rate(1, 2),
        "SINS items": Rate(1, 2),
        "collapse, unstated": Rate(1, 1),
    }


LEVELS = st.sampled_from(["C4", "T8", "L1", "L4", "S1", "unknown"])
ITEM_WORDS = st.fixed_dictionaries(
    {}, optional={item: st.sampled_from(sorted(words | {"?"})) for item, words in LEVEL_WORDS.items()}
)


def spoken(labelled):
    """An answer that says exactly what the label says."""
    levels = []
    for one in labelled.levels:
        words = {item: one.word(item) for item in one.wanted}
        grade = words.pop("escc", None)
        read = {item: "not_stated" if word == UNSTATED else word for item, word in words.items()}
        if read.get("below_conus") == "not_applicable":
            read["below_conus"] = None
        if grade == "not_applicable":
            read["escc_status"] = grade
        elif grade != UNSTATED and grade is not None:
            read["escc_range"] = [grade, grade]
        levels.append(level(one.level, **read, sins_imaging=list(one.sins or (0, 15))))
    return answer("none", *levels)


@given(st.dictionaries(LEVELS, ITEM_WORDS, max_size=4))
def test_whoever_says_what_the_label_says_agrees_with_it(levels):
    labelled = label(levels=levels)
    assert differences(labelled, spoken(labelled)) == []


# --------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"lane": "red"}, "'red' is no word of 'lane'"),
        ({"tumour": "maybe"}, "'maybe' is no word of 'tumour'"),
        ({"outside": "abscess"}, "'outside' must be a list"),
        ({"outside": ["fire"]}, "'fire' is no word of 'outside'"),
        ({"review": "yes"}, "'review' is true, false"),
        ({"text": 5}, "'text' must be a text"),
        ({"colour": "red"}, "'colour' is no item"),
        ({"levels": ["T8"]}, "'levels' must be a table"),
        ({"levels": {"T8": "1c"}}, "the level T8 must be a table"),
        ({"levels": {"T14": {}}}, "'T14' is no level"),
        ({"levels": {"D8": {}}}, "'D8' is no level"),
        ({"levels": {"T3-T5": {}, "T4": {}}}, "the level T4 is labelled twice"),
        ({"levels": {"T8": {"escc": "4"}}}, "'4' is no word of 'escc'"),
        ({"levels": {"T8": {"escc": "3 to 1a"}}}, "'3 to 1a' is no word of 'escc'"),
        ({"levels": {"T8": {"lesion": "not_stated"}}}, "'not_stated' is no word of 'lesion'"),
        ({"levels": {"T8": {"grade": "1c"}}}, "'grade' is no item of the level T8"),
        ({"levels": {"T8": {"sins": 16}}}, "'16' is no imaging SINS"),
        ({"levels": {"T8": {"epidural": "4"}}}, "'4' is no grade"),
        ({"levels": {}, "levels_complete": "no"}, "'levels_complete' is true or false"),
    ],
)
def test_a_label_outside_the_closed_words_is_told_in_a_sentence(entry, says):
    labels, faults = read_labels(entry, "case")
    assert labels == []
    assert [fault.sentence.startswith(says) for fault in faults] == [True], faults


def test_shared_keys_are_defaults_and_a_name_stands_once():
    labels, faults = read_labels(
        {
            "lane": "none",
            "rest": UNSTATED,
            "report": [
                {"name": "a", "levels": {"T8": {}}},
                {"name": "a", "lane": "urgent", "levels": {"L4": {"rest": "?"}}},
            ],
        },
        "file",
    )
    assert [str(fault) for fault in faults] == ["file#a: two reports have this name."]
    assert [one.wanted["lane"] for one in labels] == [{"none"}, {"urgent"}]
    assert set(labels[0].levels[0].wanted) == {
        "lesion",
        "alignment",
        "collapse",
        "posterolateral",
        "status",
        "escc",
        "cord_signal",
    }
    assert labels[1].levels[0].wanted == {}


WORDS = st.sampled_from(
    [
        "levels",
        "report",
        "lane",
        "outside",
        "review",
        "rest",
        "T8",
        "T3-T5",
        "L4-",
        "escc",
        "sins",
        "name",
        "1c",
        "?",
        "none",
    ]
)
ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-2, 20),
        WORDS,
        st.sampled_from(["", "é", "C9", "3 to 1a", "4?"]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=12,
)


@given(st.dictionaries(WORDS, ANYTHING, max_size=6))
def test_no_label_of_any_kind_raises(document):
    labels, faults = read_labels(document, "any")
    assert all(fault.sentence for fault in faults)
    assert labels or faults or document.get("report") == []


# -------------------------------------------------------------------------------------------- command


MACRO = "SPINE ONCOLOGY MACRO\nConus: L1.\nLevel T8 | ESCC {} | Lesion lytic | Alignment normal | Collapse none | Posterolateral none\nSecret words\n"
LABEL = 'lane = "{}"\nlevels.T8 = {{ escc = "{}", lesion = "lytic" }}\n'


def archive(tmp_path, *cases):
    """(name, dictated grade, labelled lane, labelled grade) as a hospital would keep them: two files a report."""
    for name, grade, lane, labelled in cases:
        (tmp_path / f"{name}.txt").write_text(MACRO.format(grade))
        (tmp_path / f"{name}.toml").write_text(LABEL.format(lane, labelled))
    return tmp_path


def run(folder, **options):
    out, err = io.StringIO(), io.StringIO()
    code = run_evaluate(folder, out, err, **options)
    return code, out.getvalue(), err.getvalue()


def test_an_archive_on_which_the_reader_agrees(tmp_path):
    code, out, err = run(
        archive(tmp_path, ("a", "1c", "urgent", "1c"), ("b", "2", "emergent", "2")), as_json=True
    )
    result = json.loads(out)
    assert (code, err) == (WELL, "")
    assert (result["reports"], result["levels"], result["unusable"]) == (2, 2, 0)
    assert result["disagreements"] == []
    assert result["agreement"]["escc"] == {
        "hits": 2,
        "total": 2,
        "share": 1.0,
        "interval": [0.3424, 1.0],
    }


def test_a_missed_emergency_is_named_and_ends_with_one(tmp_path):
    code, out, err = run(archive(tmp_path, ("a", "1b", "emergent", "2"), ("b", "2", "emergent", "2")))
    assert (code, err) == (UNSAFE, "")
    assert "Missed emergencies\n  a\n" in out
    assert "  a  T8  escc  label: 2  read: 1b\n" in out
    assert "Secret" not in out


def test_the_text_is_shown_only_when_asked_and_only_of_reports_that_differ(tmp_path):
    folder = archive(tmp_path, ("a", "1b", "urgent", "1c"), ("b", "2", "emergent", "2"))
    code, out, _ = run(folder, show_text=True)
    assert code == WELL
    assert out.count("    | Secret words\n") == 1


def test_json_never_quotes_a_report(tmp_path):
    _, out, _ = run(archive(tmp_path, ("a", "1b", "urgent", "1c")), as_json=True, show_text=True)
    assert "Secret" not in out


def test_labels_and_reports_that_cannot_be_used_are_named_and_the_others_counted(tmp_path):
    folder = archive(tmp_path, ("good", "2", "emergent", "2"))
    (folder / "alone.toml").write_text('lane = "none"\n')
    (folder / "bad.toml").write_text("lane = \n")
    (folder / "latin.toml").write_bytes(b'lane = "\xe9"\n')
    (folder / "picture.toml").write_text('lane = "none"\n')
    (folder / "picture.pdf").write_bytes(b"%PDF-1.7")
    (folder / "twice.toml").write_text('lane = "none"\n')
    (folder / "twice.txt").write_text("one")
    (folder / "twice.hl7").write_text("two")
    (folder / "wrong.toml").write_text('lane = "red"\n')
    code, out, err = run(folder, as_json=True)
    assert code == UNUSABLE
    assert json.loads(out)["reports"] == 1
    assert [line.split(":")[0] for line in err.splitlines()] == [
        "alone",
        "bad",
        "latin",
        "picture",
        "twice",
        "wrong",
    ]
    assert json.loads(out)["unusable"] == 6


def test_a_file_with_two_reports_has_no_label(tmp_path):
    (tmp_path / "two.txt").write_text("one\ftwo")
    (tmp_path / "two.toml").write_text('lane = "none"\n')
    code, _, err = run(tmp_path)
    assert (code, err.splitlines()[0]) == (UNUSABLE, "two: its file holds 2 reports; a label is for one.")


def test_an_empty_folder_and_one_that_is_not_there(tmp_path):
    assert run(tmp_path)[0] == UNUSABLE
    code, _, err = run(tmp_path / "missing")
    assert code == UNUSABLE
    assert err == f"There is no usable label under {tmp_path / 'missing'}.\n"


def test_an_hl7_message_beside_its_label(tmp_path):
    segments = (
        "MSH|^~\\&|RAD|HOSP|SOAR2|HOSP|20261125080000||ORU^R01|M1|P|2.5.1",
        "PID|1||SYN-1^^^HOSP^MR||Example^Synthetic",
        "OBR|1||A1|MRTSP^MR thoracic spine|||20261125070000|20261125072000||||||||||||||20261125075900||MR|F",
        *(
            f"OBX|{n}|TX|RPT^Report||{line}||||||F"
            for n, line in enumerate(MACRO.format("2").replace(" | ", " \\F\\ ").splitlines(), 1)
        ),
    )
    (tmp_path / "a.hl7").write_text("\r".join(segments) + "\r")
    (tmp_path / "a.toml").write_text(LABEL.format("emergent", "2"))
    assert run(tmp_path)[0] == WELL


def test_one_label_file_for_many_reports(tmp_path):
    for name, grade in (("0001", "1c"), ("0002", "2")):
        (tmp_path / f"{name}.txt").write_text(MACRO.format(grade))
    (tmp_path / "labels.toml").write_text(
        '[[report]]\nname = "0001"\nlane = "urgent"\n'
        '[[report]]\nname = "0002"\nlane = "emergent"\n'
        '[[report]]\nname = "0003"\nlane = "none"\n'
        '[[report]]\nname = "../0001"\nlane = "none"\n'
    )
    code, out, err = run(tmp_path, as_json=True)
    assert (code, json.loads(out)["reports"], json.loads(out)["disagreements"]) == (UNUSABLE, 2, [])
    assert err.splitlines() == [
        "labels#0003: there is no report with the label's name beside it.",
        "labels#../0001: the name of a report that is a file holds no folder.",
    ]


def test_a_folder_with_a_hash_in_its_name(tmp_path):
    (tmp_path / "batch#1").mkdir()
    archive(tmp_path / "batch#1", ("a#b", "2", "emergent", "2"))
    assert run(tmp_path)[0] == WELL


def test_folders_are_searched_in_the_order_of_their_names(tmp_path):
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        archive(tmp_path / name, ("x", "1b", "urgent", "1c"))
    _, out, _ = run(tmp_path, as_json=True)
    assert list(dict.fromkeys(one["file"] for one in json.loads(out)["disagreements"])) == ["a/x", "b/x"]


GUIDE = Path(__file__).resolve().parents[2] / "docs/how-to/evaluate-on-your-archive.md"


def test_the_labels_of_the_guide_have_no_fault():
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.M | re.S)
    blocks = [body for language, body in fenced if not language]
    assert len(blocks) == 2
    for block in blocks:
        labels, faults = read_labels(tomllib.loads(block), "guide")
        assert faults == []
        assert labels[0].wanted


def test_the_interval_the_guide_names_for_a_hundred_emergencies():
    low, _ = Rate(100, 100).interval
    assert f"{low:.1%}" in GUIDE.read_text(encoding="utf-8")
    assert round(1 / (1 - low)) == 27
