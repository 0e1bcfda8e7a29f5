"""What dictation does to a macro, and what the reader makes of it."""

import pytest

from soar2.dictation.reading import read_report

TITLE = "SPINE ONCOLOGY MACRO\n"
HEAD = TITLE + "Numbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.\n"
OTHERS = "Other levels: no epidural disease.\n"
CALM = "Cord signal normal | Lesion blastic | Alignment normal | Collapse none | Posterolateral none | Status new"
LINE = f"Level T8 | ESCC 1b | {CALM}\n"
PLAIN = HEAD + LINE + OTHERS


def findings(text):
    """Everything of the answer but the places."""
    answer = read_report(text).as_json()
    levels = [{k: v for k, v in level.items() if k != "spans"} for level in answer.pop("levels")]
    answer.pop("spans")
    return levels, answer


def brief(text):
    reading = read_report(text)
    levels = " ".join(
        f"{lv.level}:{lv.below_conus if lv.below_conus not in (None, 'not_stated') else lv.epidural}"
        for lv in reading.levels
    )
    return f"{levels} -> {reading.lane} {reading.rule}{' review' if reading.review else ''}".strip()


SAME = [
    ("labels in any order", HEAD + "Level T8 | Status new | Posterolateral none | Lesion blastic | ESCC 1b | Collapse none"
     " | Cord signal normal | Alignment normal\n" + OTHERS),
    ("capitals", HEAD + LINE.upper() + OTHERS),
    ("small letters", HEAD + LINE.lower() + OTHERS),
    ("more spaces", HEAD + LINE.replace(" ", "   ").replace("|", " | ") + OTHERS),
    ("no spaces around pipes", HEAD + LINE.replace(" | ", "|") + OTHERS),
    ("Windows line ends", PLAIN.replace("\n", "\r\n")),
    ("HL7 line ends", PLAIN.replace("\n", "\r")),
    ("all on one line", PLAIN.replace("\n", " ")),
    ("a colon after the level", HEAD + LINE.replace("Level T8", "Level T8:") + OTHERS),
    ("a colon after the word", HEAD + LINE.replace("Level T8", "Level: T8") + OTHERS),
    ("colons after the labels", HEAD + LINE.replace("ESCC 1b", "ESCC: 1b").replace("Lesion bl", "Lesion: bl") + OTHERS),
    ("the level's other names", HEAD + LINE.replace("T8", "D-8") + OTHERS),
    ("no word Level", HEAD + LINE.replace("Level T8", "T8") + OTHERS),
    ("a numbered list", HEAD + "1. " + LINE + OTHERS),
    ("a bullet", HEAD + "- " + LINE + OTHERS),
    ("pipes lost", HEAD + LINE.replace(" |", "") + OTHERS),
    ("commas for pipes", HEAD + LINE.replace(" |", ",") + OTHERS),
    ("one pipe lost", HEAD + LINE.replace(" | Alignment", " Alignment") + OTHERS),
    ("an empty piece", HEAD + LINE.replace(" | Alignment", " | | Alignment") + OTHERS),
    ("wrapped after a pipe", HEAD + LINE.replace("| Alignment", "|\nAlignment") + OTHERS),
    ("wrapped before a pipe", HEAD + LINE.replace(" | Alignment", "\n| Alignment") + OTHERS),
    ("wrapped inside a piece", HEAD + LINE.replace("Alignment normal", "Alignment\nnormal") + OTHERS),
    ("wrapped before the last word", HEAD + LINE.replace("Status new", "Status\nnew") + OTHERS),
    ("wrapped before the last label", HEAD + LINE.replace(" | Status new", " |\n  Status new") + OTHERS),
    ("said twice, the same", PLAIN + LINE),
    ("spread over two lines", HEAD + "Level T8 | ESCC 1b | Cord signal normal\nLevel T8 | Lesion blastic | Alignment normal |"
     " Collapse none | Posterolateral none | Status new\n" + OTHERS),
    ("synonyms", HEAD + "Level T8 | Bilsky grade 1 b | Cord signal no abnormality | Bone lesion sclerotic | Alignment preserved"
     " | Vertebral collapse nil | Posterior elements spared | Change new\n" + OTHERS),
    ("other levels first", HEAD + OTHERS + LINE),
    ("other levels: normal", HEAD + LINE + "Other levels: normal.\n"),
    ("inside a report", "EXAM: MRI spine.\nHISTORY: Breast cancer. Cord compression at T4 in 2022.\n\nFINDINGS:\n" + PLAIN
     + "\nIMPRESSION:\n1. T8 metastasis, ESCC 1b, without cord compression.\n2. No abscess.\n"),
    ("typographic dashes", PLAIN.replace("rib-bearing", "rib‑bearing")),
]  # fmt: skip


@pytest.mark.parametrize("text", [row[1] for row in SAME], ids=[row[0] for row in SAME])
def test_the_same_findings_however_it_is_laid_out(text):
    levels, answer = findings(text)
    expected_levels, expected = findings(PLAIN)
    assert levels == expected_levels
    assert answer == expected


def line(words):
    return HEAD + words + "\n" + OTHERS


READ = [
    # what, text, levels -> lane line
    ("one level", PLAIN, "T8:1b -> expedited 11"),
    ("a missing grade is not zero", line("Level T8 | " + CALM), "T8:None -> expedited 11 review"),
    ("nothing but a level", line("Level T8"), "T8:None -> expedited 11 review"),
    ("only a lesion", line("Level T8 | Lesion lytic"), "T8:None -> expedited 11 review"),
    ("a range", line(f"Level T7-T9 | ESCC 1b | {CALM}"), "T7:1b T8:1b T9:1b -> expedited 11"),
    ("a short range", line(f"Level T7-9 | ESCC 1b | {CALM}"), "T7:1b T8:1b T9:1b -> expedited 11"),
    ("a range in words", line(f"Levels T7 to T9 | ESCC 1b | {CALM}"), "T7:1b T8:1b T9:1b -> expedited 11"),
    ("a list", line(f"Levels T7, T8 and T10 | ESCC 1b | {CALM}"), "T7:1b T8:1b T10:1b -> expedited 11"),
    ("a range over the junction", line(f"Level T12-L2 | ESCC 0 | {CALM}"), "T12:0 L1:0 L2:0 -> routine 12 review"),
    ("below the conus", line(f"Level L4 | Below conus mild | {CALM}"), "L4:mild -> expedited 11"),
    ("below the conus, none", line(f"Level L4 | Below conus none | {CALM}"), "L4:none -> routine 12"),
    ("below the conus, severe", line(f"Level L4 | Below conus severe | {CALM}"), "L4:severe -> emergent 6"),
    ("below the conus, nothing said", line(f"Level L4 | {CALM}"), "L4:None -> expedited 11 review"),
    ("a cord grade below the conus", line(f"Level L4 | ESCC 2 | {CALM}"), "L4:2 -> emergent 6 review"),
    ("a below-conus word on the cord", line(f"Level T8 | Below conus severe | {CALM}"), "T8:3 -> emergent 6 review"),
    ("a below-conus word after ESCC", line(f"Level L4 | ESCC moderate | {CALM}"), "L4:moderate -> urgent 9"),
    ("both scales, one exact", line(f"Level L4 | ESCC 0 | Below conus severe | {CALM}"), "L4:severe -> emergent 6 review"),
    ("both scales, one not applicable", line(f"Level L4 | ESCC n/a | Below conus mild | {CALM}"), "L4:mild -> expedited 11"),
    ("a low conus keeps L2 on the cord", line(f"Level L2 | ESCC 1b | {CALM}").replace("L1.", "L2."), "L2:1b -> expedited 11"),
    ("a high conus", line(f"Level T12 | Below conus mild | {CALM}").replace("Conus: L1.", "Conus: T11-T12."), "T12:mild -> expedited 11"),
    ("L1 without conus takes what is dictated", TITLE + f"Level L1 | Below conus mild | {CALM}\n", "L1:mild -> expedited 11"),
    ("L1 without conus, as cord", TITLE + f"Level L1 | ESCC 1b | {CALM}\n", "L1:1b -> expedited 11"),
    ("the conus from the prose", TITLE + f"Level L1 | Below conus mild | {CALM}\nThe conus terminates at T12.\n", "L1:mild -> expedited 11"),
    ("no level named", line(f"Level unknown | ESCC 2 | {CALM}"), "unknown:2 -> emergent 6 review"),
    ("a level without a name", line(f"Level | ESCC 1b | {CALM}"), "unknown:1b -> expedited 11 review"),
    ("a vertebra that nobody has", line(f"Level C8 | ESCC 1b | {CALM}"), "unknown:1b -> expedited 11 review"),
    ("six lumbar vertebrae", line(f"Level L6 | Below conus mild | {CALM}").replace("5 lumbar", "6 lumbar"), "L6:mild -> expedited 11"),
    ("a sixth where five were counted", line(f"Level L6 | Below conus mild | {CALM}"), "L6:mild -> expedited 11 review"),
    ("thirteen ribs", line(f"Level T12-L1 | ESCC 1b | {CALM}").replace("12 rib", "13 rib"), "T12:1b T13:1b L1:1b -> expedited 11"),
    ("the same level twice, different", PLAIN + f"Level T8 | ESCC 2 | {CALM}\n", "T8:2 -> emergent 6 review"),
    ("two grades in one line", line(f"Level T8 | ESCC 1b | ESCC 1c | {CALM}"), "T8:1c -> urgent 9 review"),
    ("two alignments in one line", line(f"Level T8 | ESCC 1b | {CALM} | Alignment subluxation"), "T8:1b -> emergent 8 review"),
    ("signal normal and new", line(f"Level T8 | ESCC 1b | {CALM} | Cord signal new"), "T8:1b -> emergent 7 review"),
    ("a pick-list left in", line("Level T8 | ESCC 1b | Cord signal [normal|new|old|present] | Lesion blastic | Alignment normal"
     " | Collapse none | Posterolateral none"), "T8:1b -> expedited 11 review"),
    ("a grade left in its list", line(f"Level T8 | ESCC [0|1a|1b] | {CALM}"), "T8:None -> expedited 11 review"),
    ("a bracketed grade", line(f"Level T8 | ESCC [2] | {CALM}"), "T8:2 -> emergent 6 review"),
    ("a bracketed default", line(f"Level T8 | ESCC [0] | {CALM}"), "T8:None -> expedited 11 review"),
    ("blanks", line(f"Level T8 | ESCC ___ | {CALM}"), "T8:None -> expedited 11 review"),
    ("an unknown label", line(f"Level T8 | ESCC 1b | {CALM} | Sparkle high"), "T8:1b -> expedited 11 review"),
    ("an unknown value", line(f"Level T8 | ESCC purple | {CALM}"), "T8:None -> expedited 11 review"),
    ("a lesion denied", line("Level T8 | ESCC 0 | Lesion none | Alignment normal | Collapse none"), "-> none 2"),
    ("a lesion denied, epidural tumour", line("Level T8 | ESCC 1b | Lesion none | Alignment normal | Collapse none |"
     " Posterolateral none"), "T8:1b -> expedited 11"),
    ("a lesion denied beside bone findings", line("Level T8 | ESCC 0 | Lesion none | Posterolateral bilateral | Collapse none |"
     " Alignment normal"), "T8:0 -> expedited 11 review"),
    ("only other levels", HEAD + OTHERS, "-> none 2"),
    ("only the title", TITLE, "-> none 2 review"),
    ("another cause", line("Level L4 | Below conus mild | Cause disc herniation | Lesion none"), "-> none 2"),
    ("another cause, dangerous", line("Level L4 | Below conus severe | Cause disc herniation"), "-> none 2 review"),
    ("without the title", LINE, "T8:1b -> expedited 11"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_what_is_read(text, expected):
    assert brief(text) == expected


TREATED = [
    # words of the line, status, lane and line
    ("ESCC 0 | Treated SBRT 2024 | Status stable", "treated_stable", "routine 4"),
    ("ESCC 1b | Treated SBRT 2024 | Status improved", "treated_stable", "routine 4"),
    ("ESCC 2 | Treated SBRT 2024 | Status stable", "treated_stable", "expedited 5 review"),
    ("Treated SBRT 2024 | Status stable", "treated_stable", "expedited 11 review"),
    ("ESCC 0 | Status treated, stable", "treated_stable", "routine 4"),
    ("ESCC 0 | Status stable post SBRT", "treated_stable", "routine 4"),
    ("ESCC 0 | Treated SBRT 2024 | Status new", "new", "routine 12"),
    ("ESCC 0 | Treated SBRT 2024 | Status progressed", "progressed", "routine 12"),
    ("ESCC 0 | Treated SBRT 2024", "not_stated", "routine 12"),
    ("ESCC 0 | Status stable", "stable", "routine 12"),
    ("ESCC 0 | Treated no | Status stable", "stable", "routine 12"),
    ("ESCC 0 | Treated planned 2026 | Status stable", "stable", "routine 12 review"),
    ("ESCC 1c (was 1b) | Treated SBRT 2024 | Status stable", "progressed", "urgent 9 review"),
    ("ESCC 1b (was 1b) | Treated SBRT 2024 | Status stable", "treated_stable", "routine 4"),
    ("ESCC 1b | Prior 1a | Treated SBRT 2024 | Status stable", "progressed", "expedited 11 review"),
    ("ESCC 1b | Treated SBRT 2024 | Status stable | Cord signal new", "treated_stable", "emergent 7"),
    ("ESCC 1b | Treated SBRT 2024 | Status stable | Cord signal old", "treated_stable", "routine 4"),
    (
        "ESCC 1a | Treated SBRT 2024 | Status stable | Alignment subluxation",
        "treated_stable",
        "emergent 8 review",
    ),
    ("ESCC 0 | Treated SBRT 2024 | Status stable | Status new", "new", "routine 12 review"),
]


@pytest.mark.parametrize(("words", "status", "lane"), TREATED)
def test_treated_and_stable(words, status, lane):
    calm = "Lesion blastic | Alignment normal | Collapse none | Posterolateral none"
    reading = read_report(line(f"Level T5 | {words} | {calm}"))
    assert reading.levels[0].status == status
    assert f"{reading.lane} {reading.rule}{' review' if reading.review else ''}" == lane


def test_in_the_running_system_the_record_must_agree_that_a_level_is_treated():
    text = line("Level T5 | ESCC 0 | Treated SBRT 2024 | Lesion blastic | Alignment normal | Collapse none"
                " | Posterolateral none | Status stable")  # fmt: skip
    agreed = read_report(text, confirmed_treated=frozenset({"T5"}))
    alone = read_report(text, confirmed_treated=frozenset({"T6"}))
    assert (agreed.lane, agreed.rule, agreed.review) == ("routine", 4, False)
    assert (alone.lane, alone.rule, alone.review) == ("routine", 12, True)
    assert alone.levels[0].status == "treated_stable"
    assert alone.review_reasons == (
        "Called treated and stable, but no earlier report or treatment here is on record.",
    )


TUMOUR = [
    # line about tumour, level line, tumour, lane and line
    ("", LINE, "present", "expedited 11"),
    ("Tumour: metastasis from breast.\n", LINE, "present", "expedited 11"),
    ("Tumour: suspected.\n", LINE, "suspected", "expedited 11 review"),
    ("Tumour suspected\n", LINE.replace("1b", "0"), "suspected", "expedited 11 review"),
    ("Tumour: possible metastasis\n", LINE.replace("1b", "0"), "suspected", "expedited 11 review"),
    ("Tumour: not stated\n", LINE.replace("1b", "0"), "not_stated", "expedited 11 review"),
    ("Tumor: absent\n", "", "absent", "none 1"),
    ("Tumour: absent\n", LINE, "present", "expedited 11 review"),
    ("Tumour: absent\n", LINE.replace("1b", "0"), "absent", "none 1 review"),
    ("Tumour: absent\nTumour: suspected\n", LINE, "suspected", "expedited 11 review"),
    ("Tumour: present\n", "", "present", "routine 12 review"),
    ("No evidence of metastatic disease.\n", LINE, "present", "expedited 11 review"),
    ("No evidence of metastatic disease.\n", "", "absent", "none 1"),
    ("No new metastatic disease elsewhere.\n", LINE, "present", "expedited 11"),
    ("", LINE.replace("Lesion blastic", "Lesion metastasis"), "present", "expedited 11"),
    (
        "",
        LINE.replace("Lesion blastic", "Lesion blastic | Tumour suspected"),
        "suspected",
        "expedited 11 review",
    ),
]


@pytest.mark.parametrize(("tumour_line", "level_line", "tumour", "lane"), TUMOUR)
def test_tumour(tumour_line, level_line, tumour, lane):
    reading = read_report(HEAD + tumour_line + level_line + OTHERS)
    assert reading.tumour == tumour
    assert f"{reading.lane} {reading.rule}{' review' if reading.review else ''}" == lane


def test_cancer_known_from_elsewhere_asks_for_a_look_when_no_tumour_is_named():
    assert read_report(HEAD + OTHERS, cancer_known=True).review is True
    assert read_report(HEAD + OTHERS).review is False


def test_unknown_words_are_kept_verbatim():
    assert read_report(line("Level T8 | ESCC Purple | Lesion Lacy | Sparkle high")).unread == (
        "Purple",
        "Lacy",
        "Sparkle high",
    )


def test_levels_come_in_the_order_of_the_report():
    text = line("Level T8 | ESCC 1b\nLevel L4 | Below conus mild\nLevel T5 | ESCC 0")
    assert [level.level for level in read_report(text).levels] == ["T8", "L4", "T5"]


def test_spans_fit_the_original_text_when_lines_are_wrapped():
    text = line("Level T8 | ESCC 1b | Alignment\r\nnormal | Status new")
    level = read_report(text).levels[0]
    assert text[slice(*level.places["alignment"])] == "Alignment\r\nnormal"
    assert text[slice(*level.places["status"])] == "Status new"


def test_the_score_is_the_greatest_of_the_minima_and_of_the_maxima():
    text = line(f"Level T8 | ESCC 2 | {CALM}\nLevel C7 | Lesion blastic | Alignment normal | Collapse none")
    reading = read_report(text)
    assert [tuple(level.score) for level in reading.levels] == [(10, 10), (3, 18)]
    assert reading.score == (10, 18)


def test_no_reason_names_a_treatment_and_there_are_at_most_three():
    text = line(
        "\n".join(f"Level T{n} | ESCC 3 | Lesion lytic | Collapse >50% | Status new" for n in range(1, 13))
    )
    reading = read_report(text)
    assert len(reading.reasons) == 3
    assert not any(
        word in " ".join(reading.reasons).lower() for word in ("surgery", "radiat", "decompress", "steroid")
    )


BOTH_SCALES = [
    # the grade and the below-conus word say the same; the one that fits the level is shown
    ("T8", ("1b", "graded", None)),
    ("L4", (None, "not_applicable", "mild")),
]


@pytest.mark.parametrize("order", ["ESCC 1b | Below conus mild", "Below conus mild | ESCC 1b"])
@pytest.mark.parametrize(("level", "shown"), BOTH_SCALES)
def test_of_two_scales_the_one_that_fits_the_level_is_shown(level, shown, order):
    reading = read_report(line(f"Level {level} | {order} | {CALM}"))
    found = reading.levels[0]
    assert (found.escc, found.escc_status, found.below_conus) == shown
    assert reading.review


def test_the_closed_words_themselves_may_be_dictated():
    text = line(
        "Level T8 | ESCC not_stated | Cord signal absent | Collapse lt50 | Status treated_stable | Lesion not_stated"
    )
    level = read_report(text).levels[0]
    assert (level.cord_signal, level.collapse, level.status, level.lesion) == (
        "absent",
        "lt50",
        "treated_stable",
        "not_stated",
    )
    assert read_report(text).unread == ()
