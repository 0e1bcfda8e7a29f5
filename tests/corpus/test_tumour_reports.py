"""The tumour reports put together from phrases: the same for everybody, every phrase in them, every lane among them."""

import hashlib

from labelled import decided
from tumour_reports import CAUDA_PHRASES, CORD_PHRASES, tumour_reports

REPORTS = tumour_reports()


def flat(text):
    return " ".join(text.split()).lower().replace("tumour", "tumor")


def test_there_are_several_hundred_and_no_two_are_alike():
    assert len(REPORTS) >= 400
    assert len({report.text for report in REPORTS}) == len(REPORTS)


def test_a_seed_gives_the_same_reports_everywhere():
    assert tumour_reports(20) == REPORTS[:20]
    assert tumour_reports(20, seed=6) != REPORTS[:20]
    digest = hashlib.sha256("\f".join(report.text for report in REPORTS).encode()).hexdigest()
    assert digest[:16] == "65aed5ceec4d36b2"


def test_every_phrase_is_there_and_every_lane_of_a_tumour():
    words = "\n".join(flat(report.text) for report in REPORTS)
    phrases = [flat(phrase.format(t="tumor")) for phrase, _ in (*CORD_PHRASES, *CAUDA_PHRASES)]
    assert [phrase for phrase in phrases if phrase not in words] == []
    assert {lane for report in REPORTS for lane in report.wanted["lane"]} == {
        "routine",
        "expedited",
        "urgent",
        "emergent",
    }


def test_a_lane_is_the_lane_tables():
    assert all(report.wanted["lane"] == {decided(report).lane} for report in REPORTS)
