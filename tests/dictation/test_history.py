"""Line 2 of the lane table: nothing named, but cancer known from the report's own history asks for a reader."""

import pytest

from soar2.dictation.reading import read_report

NOTHING = "SPINE ONCOLOGY MACRO\nConus: L1.\nOther levels: no epidural disease."

CASES = [
    ("Indication: breast cancer, back pain.", True),
    ("HISTORY: 60-year-old with multiple myeloma", True),
    ("Clinical history: known metastatic lung carcinoma; new weakness.", True),
    ("Reason for exam: back pain", False),
    ("Indication: back pain, no history of cancer.", False),
    ("Indication: rule out metastasis.", False),
    ("Indication: ? metastases", False),
    ("History: mother had breast cancer.", False),
    ("Comparison: CT of 2 May. Breast cancer centre.", False),
    ("", False),
]


@pytest.mark.parametrize(("line", "review"), CASES, ids=[row[0] or "no history" for row in CASES])
def test_a_known_cancer_beside_silence_asks_for_review(line, review):
    reading = read_report(f"{line}\n{NOTHING}")
    assert (reading.lane, reading.rule, reading.review) == ("none", 2, review)


def test_the_record_may_know_what_the_report_does_not_say():
    assert read_report(NOTHING, cancer_known=True).review
