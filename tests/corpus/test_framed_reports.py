"""The frames: every name of compression in each of them, and the lane that follows from what it means there."""

from framed_reports import ADVISED, DENIED, DOUBTED, NAMES, NOT_TODAY, SAID, framed_reports

REPORTS = framed_reports()


def test_every_name_stands_in_every_frame():
    assert len(REPORTS) == len(NAMES) * sum(map(len, (SAID, DENIED, DOUBTED, NOT_TODAY, ADVISED)))
    assert len({report.text for report in REPORTS}) == len(REPORTS)
    assert framed_reports() == REPORTS


def test_what_is_said_is_emergent_what_is_doubted_urgent_and_the_rest_below():
    lanes = [next(iter(report.wanted["lane"])) for report in REPORTS]
    assert lanes.count("emergent") == len(NAMES) * len(SAID)
    assert lanes.count("urgent") == len(NAMES) * len(DOUBTED)
    assert set(lanes) == {"emergent", "urgent", "expedited", "routine"}
