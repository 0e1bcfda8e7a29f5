"""Stability, signal, change and treatment in prose; what an addendum, a contradiction and a heading do."""

import pytest

from soar2.dictation.reading import read_report

ITEMS = [
    # item, text, word at its first level
    ("lesion", "Lytic metastasis at T8.", "lytic"),
    ("lesion", "Sclerotic metastasis at T8.", "blastic"),
    ("lesion", "Mixed lytic and sclerotic metastasis at T8.", "mixed"),
    ("lesion", "Destructive metastasis of T8.", "lytic"),
    ("lesion", "Metastasis at T8.", "not_stated"),
    ("collapse", "T8 metastasis with 60% loss of height.", "gt50"),
    ("collapse", "T8 metastasis with 30% height loss.", "lt50"),
    ("collapse", "T8 metastasis. The vertebral body is collapsed by about half.", "eq50"),
    ("collapse", "T8 metastasis which has lost a third of its height.", "lt50"),
    ("collapse", "T8 metastasis with vertebra plana.", "gt50"),
    ("collapse", "T8 metastasis without height loss.", "none"),
    ("collapse", "T8 metastasis. Vertebral body heights are maintained.", "none"),
    ("collapse", "Pathologic fracture of T8.", "indeterminate"),
    ("collapse", "Pathologic fractures of T8 (20%) and L1 (40%).", "lt50"),
    ("collapse", "T8 metastasis.", "not_stated"),
    ("alignment", "T8 metastasis. Alignment is normal.", "normal"),
    ("alignment", "T8 metastasis with new focal kyphosis.", "deformity"),
    ("alignment", "T8 metastasis with subluxation of T8 on T9.", "subluxation"),
    ("alignment", "T8 metastasis. Degenerative anterolisthesis of L4 on L5.", "not_stated"),
    ("posterolateral", "T8 metastasis involving both pedicles.", "bilateral"),
    ("posterolateral", "T8 metastasis extending into the left pedicle.", "unilateral"),
    ("posterolateral", "T8 metastasis involving the left pedicle and the right lamina.", "bilateral"),
    ("posterolateral", "T8 metastasis sparing the posterior elements.", "none"),
    ("posterolateral", "T8 metastasis. L4-L5 facet arthropathy.", "not_stated"),
    ("cord_signal", "T8 metastasis with new cord oedema at T8.", "new"),
    ("cord_signal", "T8 metastasis. Abnormal T2 signal in the cord at T8.", "present"),
    ("cord_signal", "T8 metastasis. Chronic cord signal abnormality at T8.", "old"),
    ("cord_signal", "T8 metastasis. The cord is normal in signal.", "absent"),
    ("cord_signal", "T8 metastasis. No cord signal abnormality.", "absent"),
    ("status", "New metastasis at T8.", "new"),
    ("status", "The T8 metastasis has progressed.", "progressed"),
    ("status", "The T8 metastasis is unchanged.", "stable"),
    ("status", "The T8 metastasis has decreased in size.", "improved"),
    ("status", "The T8 metastasis measures 7 mm, previously 4 mm.", "progressed"),
    ("status", "T8 metastasis, not present on the prior study.", "new"),
    ("status", "T8 metastasis treated with SBRT, stable.", "treated_stable"),
    ("status", "T8 metastasis, SBRT planned, stable.", "stable"),
]


@pytest.mark.parametrize(("item", "text", "word"), ITEMS)
def test_items(item, text, word):
    reading = read_report(text)
    assert getattr(reading.levels[0], item) == word


LEVELS = [
    # text, levels with a lesion
    ("Metastases at T4 (lytic), T8 (with cord compression) and L2.", "T4 T8 L2"),
    ("Metastases from T7 to T9.", "T7 T8 T9"),
    ("Metastasis in the eighth thoracic vertebra.", "T8"),
    ("Metastasis at thoracic eight.", "T8"),
    ("D8 metastasis.", "T8"),
    ("T2 hyperintense metastasis in T9.", "T9"),
    ("Sagittal T1 and T2 weighted images. T9 metastasis.", "T9"),
    ("T8 metastasis. T6: no epidural disease.", "T8"),
    ("C7 metastasis encasing the C8 nerve root.", "C7"),
    ("L3 metastasis extending into the L3-L4 neural foramen.", "L3"),
    ("T8 metastasis with posterior fusion from T6 to T10.", "T8"),
    ("T8 metastasis. The conus terminates at L1.", "T8"),
    ("T8 metastasis. L4-L5 disc bulge. Haemangioma at L1.", "T8"),
    ("Metastasis of C2 with subluxation of C1 on C2.", "C2"),
    ("Diffuse spinal metastases.", "unknown"),
    ("Liver metastases. No spinal lesion.", ""),
]


@pytest.mark.parametrize(("text", "levels"), LEVELS)
def test_levels_with_a_lesion(text, levels):
    assert " ".join(level.level for level in read_report(text).levels) == levels


def brief(text):
    reading = read_report(text)
    return " ".join([*(f"{lv.level}:{lv.epidural}" for lv in reading.levels), reading.lane])


PARTS = [
    # text, levels and lane
    ("HISTORY: Cord compression at T8.\n\nFINDINGS: T8 metastasis. No epidural disease.", "T8:0 routine"),
    ("COMPARISON: MRI of May with cord compression at T8.\nFINDINGS: T8 metastasis, ESCC 1b.", "T8:1b expedited"),
    ("PRIOR REPORT: T8 metastasis with cord compression.\nFINDINGS: T8 metastasis, ESCC 1a.", "T8:1a expedited"),
    ("FINDINGS: T8 metastasis, ESCC 1b.\nIMPRESSION: Cord compression at T8.", "T8:2 to 3 emergent"),
    ("FINDINGS: T8 metastasis with cord compression.\nIMPRESSION: No cord compression at T8.", "T8:2 to 3 emergent"),
    ("T8 metastasis, Bilsky 1b, compressing the cord.", "T8:2 to 3 emergent"),
    ("IMPRESSION: T8 metastasis, ESCC 2.\nADDENDUM: ESCC at T8 is corrected to 1b.", "T8:1b expedited"),
    ("ADDENDUM: The cord is not compressed at T8.\n\nORIGINAL REPORT:\nFINDINGS: T8 metastasis with cord compression.", "T8:None expedited"),
    ("IMPRESSION: T8 metastasis, ESCC 1a.\nADDENDUM: There is cord compression at T8.", "T8:2 to 3 emergent"),
    ("IMPRESSION: T8 metastasis, ESCC 1c.\nADDENDUM: The metastasis is at T9, not T8.", "T9:1c urgent"),
    ("T8 metastasis, ESCC 1b. No epidural disease elsewhere.", "T8:1b expedited"),
    ("T8 metastasis, ESCC 1b. T9 metastasis. No other epidural disease.", "T8:1b T9:0 expedited"),
    ("MRI CERVICAL SPINE\nIMPRESSION: C6 metastasis, ESCC 1a.\n\nMRI THORACIC SPINE\nIMPRESSION: T8 metastasis, ESCC 2.",
     "C6:1a T8:2 emergent"),
    ("Cord compression? No. Epidural tumor? No. T8 metastasis.", "T8:0 routine"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PARTS)
def test_sections_contradictions_and_addenda(text, expected):
    assert brief(text) == expected


def test_an_addendum_that_overrules_is_a_reason_to_look():
    reading = read_report("IMPRESSION: T8 metastasis, ESCC 2.\nADDENDUM: ESCC at T8 is corrected to 0.")
    assert "An addendum overrules the report's own words." in reading.review_reasons


def test_cancer_in_the_history_beside_silence_asks_for_a_look():
    assert read_report("HISTORY: Breast cancer.\nFINDINGS: Mild disc bulge at L4-L5.").review
    assert not read_report("HISTORY: Back pain.\nFINDINGS: Mild disc bulge at L4-L5.").review


def test_an_empty_report_is_handed_to_a_person():
    reading = read_report("  \n")
    assert (reading.source, reading.lane, reading.review) == ("free-text", "none", True)
