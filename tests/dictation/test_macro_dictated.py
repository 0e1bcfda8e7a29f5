"""What speech, typing and editing do to a macro: the same findings, or the words kept and flagged."""

import textwrap

import pytest

from soar2.dictation.reading import read_report

HEAD = "SPINE ONCOLOGY MACRO\nNumbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.\n"
OTHERS = "Other levels: no epidural disease.\n"
LINE = (
    "Level T8 | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse >50% | Posterolateral bilateral"
    " | Status progressed\n"
)
BELOW = LINE.replace(" | ", "\n")
LABELLED = "Level T8\n" + "".join(
    f"{label}: {value}\n"
    for label, value in (
        ("ESCC", "1c"), ("Cord signal", "normal"), ("Alignment", "normal"), ("Collapse", ">50%"),
        ("Posterolateral", "bilateral"), ("Status", "progressed"),
    )
)  # fmt: skip


def findings(text):
    reading = read_report(text)
    return [(lv.level, str(lv.epidural), lv.lesion, lv.alignment, lv.collapse, lv.posterolateral, lv.cord_signal, lv.status)
            for lv in reading.levels], reading.lane  # fmt: skip


SAME = {
    "a grade as it was heard": LINE.replace("1c", "one see"),
    "a grade as it was typed": LINE.replace("ESCC 1c", "ESCC 1-C"),
    "the label spelt out": LINE.replace("ESCC 1c", "E S C C one C"),
    "the label with full stops": LINE.replace("ESCC 1c", "E.S.C.C. 1c"),
    "the level in words": LINE.replace("Level T8", "Level T eight"),
    "the region in words": LINE.replace("Level T8", "Level thoracic eight"),
    "pipes as words": LINE.replace(" | ", " vertical bar "),
    "misspelt labels": LINE.replace("Alignment", "Allignment").replace("Collapse", "Colapse").replace("Posterol", "Postero-l"),
    "more misspelt labels": LINE.replace("ESCC", "ESSC").replace("Lesion", "Leison").replace("Cord", "Chord").replace("Status", "Staus"),
    "a field on each line": BELOW,
    "wrapped narrowly": "\n".join(textwrap.wrap(LINE, 30)) + "\n",
    "tabs for pipes": LINE.replace(" | ", "\t"),
    "percent in words": LINE.replace(">50%", "greater than fifty percent"),
}  # fmt: skip


@pytest.mark.parametrize("line", SAME.values(), ids=SAME)
def test_the_same_findings(line):
    assert findings(HEAD + line + OTHERS) == findings(HEAD + LINE + OTHERS)


def test_labels_with_colons_on_lines_of_their_own():
    (level,), lane = findings(HEAD + LABELLED + OTHERS)
    assert level == ("T8", "1c", "not_stated", "normal", "gt50", "bilateral", "absent", "progressed")
    assert lane == "urgent"


def test_a_misspelt_value_is_read_and_its_words_are_kept():
    reading = read_report(
        HEAD + LINE.replace("bilateral", "bilatral").replace("progressed", "progresed") + OTHERS
    )
    assert (reading.levels[0].posterolateral, reading.levels[0].status) == ("bilateral", "progressed")
    assert reading.unread == ("bilatral", "progresed")
    assert reading.review


@pytest.mark.parametrize("word", ["lacy", "purple", "later"])
def test_what_misspells_nothing_is_not_guessed(word):
    reading = read_report(HEAD + LINE.replace("lytic", word) + OTHERS)
    assert reading.levels[0].lesion == "not_stated"
    assert reading.unread == (word,)


EDITED = [
    # what the prose beside the macro says, item, word
    ("Level T8 has lost 70% of its height.", "collapse", "gt50"),
    ("At T8 there is new cord oedema.", "cord_signal", "new"),
    ("At T8 tumour involves both pedicles.", "posterolateral", "bilateral"),
    ("The T8 metastasis is lytic.", "lesion", "lytic"),
    ("T8 metastasis with subluxation of T8 on T9.", "alignment", "subluxation"),
]
NORMAL = "Level T8 | ESCC 0 | Cord signal normal | Lesion blastic | Alignment normal | Collapse none | Posterolateral none\n"


@pytest.mark.parametrize(("prose", "item", "word"), EDITED)
def test_a_normal_default_that_the_prose_contradicts(prose, item, word):
    reading = read_report(HEAD + NORMAL + OTHERS + f"\nIMPRESSION: {prose}\n")
    assert getattr(reading.levels[0], item) == word
    assert item in reading.levels[0].conflicts
    assert reading.review


def test_the_prose_fills_a_field_that_was_dropped():
    reading = read_report(
        HEAD + "Level T8 | ESCC 1b\n" + OTHERS + "\nIMPRESSION: T8 metastasis, lytic, with 70% height loss.\n"
    )
    assert (reading.levels[0].lesion, reading.levels[0].collapse) == ("lytic", "gt50")
    assert reading.levels[0].conflicts == ()


@pytest.mark.parametrize("prose", [
    "Epidural tumour at T4 flattens the cord.", "T4: tumour displaces the cord.", "At T4 no CSF is seen around the cord, which tumour surrounds.",
])  # fmt: skip
def test_compression_in_the_prose_at_a_level_without_a_line(prose):
    reading = read_report(HEAD + LINE + OTHERS + f"\nIMPRESSION: {prose}\n")
    assert reading.lane == "emergent"
    assert [level.level for level in reading.levels] == ["T8", "T4"]


def test_a_line_rewritten_as_a_sentence():
    line = "Level T8: ESCC 1c with a lytic lesion, normal alignment, more than 50% collapse and bilateral pedicle involvement.\n"
    (level,), lane = findings(HEAD + line)
    assert level[:6] == ("T8", "1c", "lytic", "normal", "gt50", "bilateral")
    assert lane == "urgent"
