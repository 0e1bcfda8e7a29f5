"""Twelve of twenty phrases on which a general tool went wrong (``docs/adr/0009``): denied, doubted, resolved, unchanged."""

import pytest

from soar2.dictation.reading import read_report

# The words, what the reader makes of them: levels with range, tumour, lane.
PHRASES = [
    ("T6: No epidural disease.", "none", "not_stated"),
    ("Level T6: No cord compression.", "none", "not_stated"),
    ("L2: No cord signal abnormality.", "none", "not_stated"),
    ("Cord compression is not seen.", "none", "not_stated"),
    ("Epidural disease: absent", "none", "not_stated"),
    ("Cord compression has resolved.", "none", "not_stated"),
    ("Neither epidural tumor nor cord compression.", "none", "not_stated"),
    ("Epidural tumor (none)", "none", "not_stated"),
    ("Cannot exclude cord compression.", "unknown 0 to 3 urgent", "not_stated"),
    ("No significant interval change in T8 metastasis.", "T8 None expedited", "present"),
    ("Concern for cord compression.", "unknown 0 to 3 urgent", "not_stated"),
    ("No evidence of metastatic disease.", "none", "absent"),
    ("Family history: mother with spinal metastasis and cord compression.", "none", "not_stated"),
    ("The mother had breast cancer with cord compression.", "none", "not_stated"),
    ("If cord compression develops, please call.", "none", "not_stated"),
    ("MRI to evaluate for cord compression.", "none", "not_stated"),
    ("Prior cord compression at T8.", "none", "not_stated"),
    ("Cord compression at T8 is again seen.", "T8 2 to 3 emergent", "not_stated"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected", "tumour"), PHRASES)
def test_phrases(text, expected, tumour):
    reading = read_report(text)
    levels = "".join(f"{lv.level} {lv.epidural} " for lv in reading.levels)
    assert (f"{levels}{reading.lane}", reading.tumour) == (expected, tumour)
