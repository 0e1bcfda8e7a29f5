"""The prose around the macro: clear statements of today count, everything else must not."""

import pytest

from soar2.dictation.reading import read_report

HEAD = "SPINE ONCOLOGY MACRO\nNumbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.\n"
CALM = "Lesion blastic | Alignment normal | Collapse none | Posterolateral none | Status new"
MACRO = f"{HEAD}Level T8 | ESCC 1b | {CALM}\nLevel L4 | Below conus mild | {CALM}\nOther levels: no epidural disease.\n"


def brief(prose, macro=MACRO):
    reading = read_report(f"{macro}\n{prose}\n")
    levels = " ".join(f"{lv.level}:{lv.epidural}" for lv in reading.levels)
    return f"{levels} -> {reading.lane}{' review' if reading.review else ''}"


CALM_ANSWER = "T8:1b L4:1b -> expedited"

CONTRADICTIONS = [
    ("Cord compression at T8.", "T8:2 to 3 L4:1b -> emergent review"),
    ("IMPRESSION:\n1. The spinal cord is compressed at T8.", "T8:2 to 3 L4:1b -> emergent review"),
    ("Tumour compresses the cord at T8.", "T8:2 to 3 L4:1b -> emergent review"),
    ("At T8, epidural tumour with cord compression.", "T8:2 to 3 L4:1b -> emergent review"),
    ("ESCC 2 at T8.", "T8:2 L4:1b -> emergent review"),
    ("T8: Bilsky grade 1c.", "T8:1c L4:1b -> urgent review"),
    ("Epidural disease at T8, Bilsky 2-3.", "T8:2 to 3 L4:1b -> emergent review"),
    ("No epidural disease at T8.", "T8:1b L4:1b -> expedited review"),
    ("IMPRESSION: No epidural disease.", "T8:1b L4:1b -> expedited review"),
    ("IMPRESSION: Cord compression.", "T8:2 to 3 L4:1b -> emergent review"),
    ("Previously ESCC 1a at T8, now ESCC 2.", "T8:2 L4:1b -> emergent review"),
    ("Cord compression at T8, new compared with the prior study.", "T8:2 to 3 L4:1b -> emergent review"),
    ("Metastases at T4, T8 and L2 with cord compression at T8.", "T8:2 to 3 L4:1b -> emergent review"),
    ("Cord compression at T4.", "T8:1b L4:1b T4:2 to 3 -> emergent review"),  # a level without a line
    ("Cannot exclude cord compression at T8.", "T8:1b to 3 L4:1b -> urgent review"),
    ("Possible cord compression at T8.", "T8:1b to 3 L4:1b -> urgent review"),
    ("Epidural tumour compressing the cauda equina at L4.", "T8:1b L4:2 to 3 -> emergent review"),
    ("No evidence of metastatic disease.", "T8:1b L4:1b -> expedited review"),
]


@pytest.mark.parametrize(("prose", "answer"), CONTRADICTIONS)
def test_a_clear_statement_that_differs_is_a_contradiction_and_the_more_urgent_stands(prose, answer):
    assert brief(prose) == answer


AGREEING_OR_SILENT = [
    "IMPRESSION: 1. T8 metastasis, ESCC 1b. 2. L4 metastasis.",
    "Bilsky 1b at T8.",
    "Epidural tumour at T8.",
    "T8 metastasis with epidural extension, without cord compression.",
    "No cord compression.",
    "No cord compression at T8.",
    "No abscess, fracture or cord compression at T8.",
    "There is no evidence of cord compression at T8 or elsewhere.",
    "Cord compression is not seen at T8.",
    "Cord compression at T8 has been ruled out.",
    "No other epidural disease.",
    "No new epidural disease elsewhere.",
    "No epidural disease at T4.",
    "HISTORY: Cord compression at T8.",
    "CLINICAL HISTORY: Known metastatic cord compression at T8, ESCC 3.",
    "INDICATION: Suspected cord compression at T8.",
    "COMPARISON: MRI of May with cord compression at T8.",
    "REASON FOR EXAM: cord compression at T8?",
    "Prior cord compression at T8 has resolved.",
    "Previously, cord compression at T8.",
    "The cord compression at T8 seen on the prior study is no longer present.",
    "Cord compression at T8 in 2022.",
    "T8 was ESCC 3 before treatment.",
    "ESCC 1b (previously 2) at T8.",
    "If weakness develops, repeat imaging for cord compression at T8 is advised.",
    "Should cord compression at T8 develop, call the service.",
    "Disc extrusion at L2-L3 without cord compression.",
    "Mild canal stenosis at T8 from a disc bulge.",
    "T2 hyperintense haemangioma at T10.",
    "Sagittal T1 and T2 weighted images were obtained; epidural fat is preserved.",
    "Worst ESCC 1b.",
    "Incidental 2 mm epidural cyst.",
    "Grade 1 anterolisthesis at L4.",
]


@pytest.mark.parametrize("prose", AGREEING_OR_SILENT)
def test_history_denials_and_agreement_change_nothing(prose):
    assert brief(prose) == CALM_ANSWER


THREE = MACRO.replace("Other levels", f"Level T5 | ESCC 0 | {CALM}\nOther levels")
THREE_CALM = "T8:1b L4:1b T5:0 -> expedited"

BOUND = [
    # the level in whose line or paragraph a sentence stands is the one it speaks of
    ("T5: blastic lesion. No epidural extension.", THREE_CALM),
    ("T5: blastic lesion.\nNo epidural extension.", THREE_CALM),
    ("There is a lesion at T5. No epidural disease.", THREE_CALM),
    ("T2 hyperintense lesion in T5. No epidural disease.", THREE_CALM),
    ("- T5: blastic. No epidural disease.\n- T8: epidural tumour, ESCC 1b.\n- L4: mild.", THREE_CALM),
    ("T8: lytic lesion. No epidural extension.", THREE_CALM + " review"),
    ("At T8 there is tumour. There is no epidural extension.", THREE_CALM + " review"),
    ("T5, T8: blastic lesions. No epidural extension.", THREE_CALM + " review"),
    ("Lesions at T5 and T8. No epidural extension.", THREE_CALM),  # open which is meant
    ("T5: blastic lesion. Cord compression is present.", "T8:1b L4:1b T5:2 to 3 -> emergent review"),
    ("L4: mild narrowing. T5: cord compression.", "T8:1b L4:1b T5:2 to 3 -> emergent review"),
    ("L4: cannot exclude cord compression.", "T8:1b L4:1b to 3 T5:0 -> urgent review"),
    # a region
    ("CERVICAL SPINE: No epidural disease.", THREE_CALM),
    ("CERVICAL SPINE:\nNormal alignment. No metastatic disease.", THREE_CALM),
    ("THORACIC SPINE:\nNo epidural disease.", THREE_CALM + " review"),
    ("The cervical cord is compressed by tumour.", "T8:1b L4:1b T5:0 unknown:2 to 3 -> emergent review"),
    # a denial for all, among findings and in the conclusion
    ("FINDINGS: Heights preserved. No epidural disease.", THREE_CALM),
    ("EPIDURAL SPACE: No epidural disease.", THREE_CALM),
    ("IMPRESSION: No epidural disease.", THREE_CALM + " review"),
    ("IMPRESSION: 1. T8 metastasis, ESCC 1b. 2. Diffuse marrow disease. No epidural disease.", THREE_CALM),
    ("No significant epidural disease at T8.", THREE_CALM),
]


@pytest.mark.parametrize(("prose", "answer"), BOUND)
def test_a_sentence_without_a_level_is_bound_to_its_line_paragraph_or_region(prose, answer):
    assert brief(prose, THREE) == answer


def test_a_signal_change_is_bound_to_the_level_of_its_line():
    reading = read_report(THREE + "\nFINDINGS:\nT8: epidural tumour. New cord oedema is present.\n")
    assert [level.cord_signal for level in reading.levels] == ["new", "not_stated", "not_stated"]
    assert reading.lane == "emergent"


SIGNAL = [
    # prose, cord signal at T8, lane
    ("New cord signal change at T8.", "new", "emergent review"),
    ("Cord oedema at T8.", "present", "emergent review"),
    ("Chronic cord signal abnormality at T8.", "old", "expedited review"),  # the macro calls it normal
    ("No cord signal change at T8.", "absent", "expedited"),
    ("No abnormal cord signal.", "absent", "expedited"),
    ("Prior cord oedema at T8 has resolved.", "absent", "expedited"),
    ("HISTORY: cord oedema at T8.", "absent", "expedited"),
    ("Cord oedema at T3.", "absent", "expedited review"),  # a level without a line
]


@pytest.mark.parametrize(("prose", "signal", "lane"), SIGNAL)
def test_cord_signal_change_in_the_prose(prose, signal, lane):
    macro = MACRO.replace("ESCC 1b |", "ESCC 1b | Cord signal normal |")
    reading = read_report(f"{macro}\n{prose}\n")
    assert reading.levels[0].cord_signal == signal
    assert f"{reading.lane}{' review' if reading.review else ''}" == lane


DENIED_SIGNAL = [
    # what the macro says, prose, review because of a contradiction
    ("new", "No cord signal change at T8.", True),
    ("new", "T8: epidural tumour. No abnormal cord signal.", True),
    ("old", "No new cord signal change at T8.", False),
    ("new", "No cord signal change at T5.", False),
    ("new", "No other cord signal abnormality.", False),
]


@pytest.mark.parametrize(("signal", "prose", "contradicts"), DENIED_SIGNAL)
def test_a_denied_signal_change_speaks_against_the_same_level_only(signal, prose, contradicts):
    macro = MACRO.replace("ESCC 1b |", f"ESCC 1b | Cord signal {signal} |")
    reading = read_report(f"{macro}\nIMPRESSION:\n{prose}\n")
    assert reading.levels[0].cord_signal == signal  # the more urgent one stands
    assert reading.review is contradicts


def test_prose_before_the_macro_counts_as_well():
    text = "FINDINGS: Cord compression at T8.\n" + MACRO
    assert read_report(text).lane == "emergent"
    assert read_report("HISTORY: Cord compression at T8.\n" + MACRO).lane == "expedited"


def test_an_impression_against_an_empty_macro():
    macro = HEAD + "Other levels: no epidural disease.\n"
    assert brief("IMPRESSION: Cord compression at T8.", macro) == "T8:2 to 3 -> emergent review"
    assert brief("IMPRESSION: Cord compression.", macro) == "unknown:2 to 3 -> emergent review"
    assert brief("IMPRESSION: No cord compression.", macro) == " -> none"


def test_the_span_of_a_finding_in_the_prose():
    text = MACRO + "\nIMPRESSION: Cord compression at T8.\n"
    level = read_report(text).levels[0]
    assert text[slice(*level.places["escc"])] == "Cord compression"


def test_other_levels_may_hold_a_finding():
    macro = MACRO.replace("Other levels: no epidural disease.", "Other levels: ESCC 2 at T3.")
    assert brief("", macro) == "T8:1b L4:1b T3:2 -> emergent review"
    odd = MACRO.replace("Other levels: no epidural disease.", "Other levels: see text.")
    assert brief("", odd) == CALM_ANSWER + " review"


OUTSIDE = [
    # prose, dangers
    ("Outside: abscess", ("abscess",)),
    ("Outside: unstable fracture at L2 and discitis", ("infection", "unstable_fracture")),
    ("Outside: aortic aneurysm", ("other",)),
    ("Outside: none", ()),
    ("Epidural abscess at L3.", ("abscess",)),
    ("Findings in keeping with discitis osteomyelitis at L3-L4.", ("infection",)),
    ("Acute epidural hematoma at T4.", ("haematoma",)),
    ("Unstable fracture of L2.", ("unstable_fracture",)),
    ("Large disc extrusion at L3-L4 with severe cauda equina compression.", ("compression",)),
    ("Disc protrusion at T6 with cord compression.", ("compression",)),
    ("No abscess.", ()),
    ("No evidence of discitis or abscess.", ()),
    ("No fracture, abscess or epidural hematoma.", ()),
    ("History: epidural abscess.", ()),
    ("Prior epidural abscess has resolved.", ()),
    ("Disc bulge at L4-L5 indents the sac; moderate stenosis.", ()),
    ("Old benign compression fracture of L2.", ()),
    ("Typical haemangioma at T10.", ()),
]


@pytest.mark.parametrize(("prose", "dangers"), OUTSIDE)
def test_dangers_outside_the_programme(prose, dangers):
    reading = read_report(f"{MACRO}{prose}\n")
    assert reading.outside == dangers
    assert (reading.lane, reading.review) == ("expedited", bool(dangers))


FREE = [
    # text, levels, lane, review
    ("", "", "none", True),
    ("   \n", "", "none", True),
    ("MRI thoracic spine. T8 metastasis with cord compression, Bilsky 3.", "T8:3", "emergent", True),
    ("Level T8 shows a lytic lesion with ESCC 1c.", "T8:1c", "urgent", True),
    ("The lesion at level T8 is stable.", "T8:None", "expedited", True),
    ("Levels of degenerative change: multiple.", "", "none", False),
    ("Normal MRI of the spine.", "", "none", False),
]


@pytest.mark.parametrize(("text", "levels", "lane", "review"), FREE)
def test_a_report_without_the_macro_is_read_by_the_grammar(text, levels, lane, review):
    reading = read_report(text)
    assert reading.source == "free-text"
    assert " ".join(f"{lv.level}:{lv.epidural}" for lv in reading.levels) == levels
    assert (reading.lane, reading.review) == (lane, review)


def test_a_danger_in_free_text_is_named():
    assert read_report("MRI spine. Epidural abscess at L3 with severe narrowing.").outside == ("abscess",)
