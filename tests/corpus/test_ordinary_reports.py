"""The ordinary reports: the same for everybody, different from each other, and about nothing that alarms."""

import hashlib
import re

from ordinary_reports import _CANCER_ANSWERS, _CANCERS, ordinary_reports

REPORTS = ordinary_reports()


def test_there_are_several_hundred_and_no_two_are_alike():
    assert len(REPORTS) >= 400
    assert len({report.text for report in REPORTS}) == len(REPORTS)
    regions = [report.region for report in REPORTS]
    assert regions.count("lumbar") >= 200
    assert {"cervical", "thoracic"} <= set(regions)


def test_a_seed_gives_the_same_reports_everywhere():
    assert ordinary_reports(20) == REPORTS[:20]
    assert ordinary_reports(20, seed=6) != REPORTS[:20]
    digest = hashlib.sha256("\f".join(report.text for report in REPORTS).encode()).hexdigest()
    assert digest[:16] == "ad6f498a69c60923"


def flat(text):
    return " ".join(text.split()).lower().replace("tumour", "tumor")


def test_whoever_has_a_cancer_has_an_answer():
    """Cancer known and nothing said of metastasis would be reviewed, and rightly."""
    for report in REPORTS:
        words = flat(report.text)
        if any(flat(cancer) in words for cancer in _CANCERS):
            assert any(flat(answer) in words for answer in _CANCER_ANSWERS), report.name


def test_nothing_in_them_is_a_danger():
    danger = re.compile(
        r"severe (?:central |canal |spinal )|cord (?:is |was )?compressed|compresses the cord|myelopath|discitis"
        r"|(?<!no )retropuls|unstable|cord signal change|complete effacement",
        re.I,
    )
    assert [report.name for report in REPORTS if danger.search(flat(report.text))] == []
