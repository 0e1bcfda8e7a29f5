"""Properties that hold for every report, found by generating them."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soar2.criteria import anatomy, escc
from soar2.criteria.urgency import LANES
from soar2.dictation import template
from soar2.dictation.reading import read_report

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
MANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)

CORD = [level for level in anatomy.LEVELS if anatomy.scale(level, "L1") == "cord" and level != "T13"]
CAUDA = [level for level in anatomy.LEVELS if anatomy.scale(level, "L1") == "cauda" and level != "L6"]


def words(key, *, without=()):
    return st.sampled_from(
        ["not_stated", *(c.word for c in template.FIELD[key].choices if c.word not in without)]
    )


COMMON = {
    "lesion": words("lesion"),
    "alignment": words("alignment"),
    "collapse": words("collapse"),
    "posterolateral": words("posterolateral"),
    "status": words("status", without=("treated_stable",)),
    "treated": st.sampled_from(["not_stated", "SBRT 2024", "surgery 2023"]),
}
CORD_LINE = st.fixed_dictionaries({"escc": words("escc"), "cord_signal": words("cord_signal"), **COMMON})
CAUDA_LINE = st.fixed_dictionaries({"below_conus": words("below_conus"), **COMMON})
LINES = st.dictionaries(st.sampled_from(CORD), CORD_LINE, max_size=4).flatmap(
    lambda cord: st.dictionaries(st.sampled_from(CAUDA), CAUDA_LINE, max_size=3).map(
        lambda cauda: {**cord, **cauda}
    )
)

FRAGMENTS = st.sampled_from(
    [
        "SPINE ONCOLOGY MACRO",
        "Level ",
        "Level T8",
        "T8",
        "Levels T7-T9",
        "L4",
        "unknown",
        " ",
        " ",
        "\n",
        "\r\n",
        "\r",
        "ESCC ",
        "1c",
        "2",
        "[0",
        "1a]",
        "Below conus ",
        "severe",
        "Cord signal ",
        "new",
        "Lesion ",
        "lytic",
        "none",
        "Alignment ",
        "subluxation",
        "Collapse ",
        ">50%",
        "none but >50% involved",
        "Posterolateral ",
        "bilateral",
        "Status ",
        "stable",
        "Treated SBRT 2024",
        "Other levels: ",
        "no epidural disease.",
        "Conus: L1.",
        "Numbering: ",
        "6 lumbar",
        "Tumour: absent",
        "Outside: abscess",
        "HISTORY:",
        "IMPRESSION: ",
        "cord compression at T8",
        "no ",
        "cannot exclude ",
        ", ",
        "; ",
        ".",
        "(",
        ")",
        "[",
        "]",
        "was 1b",
        "İ",
        "\x00",
        "½",
        "ﬁ",
        "12",
        "S1 to C1",
        "T2 hyperintensity",
        "|",
        " | ",
    ]
)


@MANY
@given(st.lists(FRAGMENTS, max_size=60).map("".join))
def test_no_shuffled_macro_raises(text):
    check_answer(text)


@MANY
@given(st.text(max_size=300))
def test_no_text_raises(text):
    check_answer(text)
    check_answer("SPINE ONCOLOGY MACRO\nLevel T8 | ESCC " + text)


def check_answer(text):
    answer = read_report(text).as_json()
    assert answer["lane"] in LANES
    assert len(answer["reasons"]) <= 3
    for level in answer["levels"]:
        lo, hi = level["sins_imaging"]
        assert 0 <= lo <= hi <= 15
        assert level["level"] in (*anatomy.LEVELS, "unknown")
        for start, end in level["spans"].values():
            assert 0 <= start <= end <= len(text)
    if answer["levels"]:
        assert answer["lane"] == max((lv["lane"] for lv in answer["levels"]), key=LANES.index)


@FEW
@given(LINES)
def test_reading_what_the_template_wrote_gives_the_same_findings(lines):
    reading = read_report(template.write_macro(lines.items()))
    found = {level.level: level for level in reading.levels}
    assert list(found) == list(lines)
    for name, said in lines.items():
        level = found[name]
        for item in ("lesion", "alignment", "collapse", "posterolateral", "cord_signal"):
            assert getattr(level, item) == said.get(item, "not_stated")
        assert level.status == expected_status(said)
        if "escc" in said:
            assert (level.escc or "not_stated", level.below_conus) == (said["escc"], None)
        else:
            assert (level.escc, level.below_conus) == (None, said["below_conus"])


def expected_status(said):
    treated = said["treated"] != "not_stated" and said["status"] in ("stable", "improved")
    return "treated_stable" if treated else said["status"]


@FEW
@given(LINES, st.randoms(use_true_random=False))
def test_order_case_and_spacing_change_nothing(lines, chance):
    expected = summary(template.write_macro(lines.items()))
    mixed = []
    for line in template.write_macro(lines.items()).splitlines():
        if line.startswith("Level "):
            head, *pieces = line.split(" | ")
            chance.shuffle(pieces)
            line = " | ".join([head, *pieces]).replace(" | ", chance.choice(["|", " | ", "  |\t"]))
        mixed.append(chance.choice([line, line.upper(), line.lower()]))
    assert summary(chance.choice(["\n", "\r\n", "\r"]).join(mixed)) == expected


def summary(text):
    reading = read_report(text)
    levels = [(lv.level, str(lv.epidural), lv.lesion, lv.alignment, lv.collapse, lv.posterolateral, lv.cord_signal,
               lv.status, lv.sins, lv.lane, lv.rule) for lv in reading.levels]  # fmt: skip
    return (levels, reading.lane, reading.rule, reading.review, reading.score, reading.tumour)


@FEW
@given(LINES, st.randoms(use_true_random=False))
def test_an_unknown_never_narrows_an_interval(lines, chance):
    before = {level.level: level for level in read_report(template.write_macro(lines.items())).levels}
    for name, said in lines.items():
        item = chance.choice(["lesion", "alignment", "collapse", "posterolateral", "escc", "below_conus"])
        if item not in said:
            continue
        fewer = {name: {**said, item: "not_stated"}}
        after = read_report(template.write_macro(fewer.items())).levels[0]
        assert after.sins.contains(before[name].sins)
        assert after.score.contains(before[name].score)


def test_the_empty_template_reads_as_nothing_filled_in():
    reading = read_report(template.as_text())
    assert (reading.source, reading.levels, reading.lane, reading.review) == ("macro", (), "none", True)


def test_worse_words_never_lower_the_lane_of_a_report():
    chance = random.Random(20)
    grades = list(escc.GRADES)
    for _ in range(200):
        said = {
            "escc": chance.choice(grades[:-1]),
            "lesion": chance.choice(["blastic", "mixed"]),
            "collapse": chance.choice(["none", "lt50"]),
            "alignment": chance.choice(["normal", "deformity"]),
        }
        worse = dict(said)
        item = chance.choice(list(said))
        worse[item] = {
            "escc": grades[grades.index(said["escc"]) + 1],
            "lesion": "lytic",
            "collapse": "gt50",
            "alignment": "subluxation",
        }[item]
        level = chance.choice(CORD)
        calm, bad = (read_report(template.write_macro([(level, w)])) for w in (said, worse))
        assert LANES.index(bad.lane) >= LANES.index(calm.lane)


def test_of_all_readings_of_contradicting_words_the_most_urgent_stands():
    """The reader takes the severer word of each item; the contract asks for the most urgent of all readings."""
    chance = random.Random(3)
    for _ in range(150):
        pairs = {
            "escc": chance.sample(list(escc.GRADES), 2),
            "alignment": ["normal", chance.choice(["deformity", "subluxation"])],
            "cord_signal": ["normal", chance.choice(["new", "old"])],
            "collapse": chance.sample(["none", "<50%", ">50%"], 2),
        }
        both = " | ".join(f"{template.FIELD[k].label} {w}" for k, ws in pairs.items() for w in ws)
        standing = read_report(
            f"SPINE ONCOLOGY MACRO\nLevel T8 | {both} | Lesion lytic | Posterolateral none"
        )
        singles = [
            read_report(
                "SPINE ONCOLOGY MACRO\nLevel T8 | "
                + " | ".join(
                    f"{template.FIELD[k].label} {ws[bit >> n & 1]}" for n, (k, ws) in enumerate(pairs.items())
                )
                + " | Lesion lytic | Posterolateral none"
            )
            for bit in range(16)
        ]
        assert standing.lane == max((r.lane for r in singles), key=LANES.index)
        assert standing.review is True
