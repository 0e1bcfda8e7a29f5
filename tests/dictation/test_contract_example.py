"""The macro of the contract, read; its answer written out by hand."""

import json

from soar2.dictation.reading import read_report

MACRO = """SPINE ONCOLOGY MACRO
Numbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.
Level T8 | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse >50% | Posterolateral bilateral | Status progressed
Level L4 | Below conus moderate | Lesion mixed | Alignment normal | Collapse none | Posterolateral unilateral | Status new
Level T5 | ESCC 0 | Treated SBRT 2024 | Lesion blastic | Alignment normal | Collapse none | Posterolateral none | Status stable
Other levels: no epidural disease.
"""

# T8: location 1 + lytic 2 + normal 0 + more than half collapsed 3 + bilateral 3 = 9; 1c adds 6: 15. Line 9.
T8 = {
    "level": "T8",
    "escc": "1c",
    "escc_range": ["1c", "1c"],
    "escc_status": "graded",
    "below_conus": None,
    "lesion": "lytic",
    "alignment": "normal",
    "collapse": "gt50",
    "posterolateral": "bilateral",
    "cord_signal": "absent",
    "status": "progressed",
    "sins_imaging": [9, 9],
    "lane": "urgent",
}
# L4: location 2 + mixed 1 + 0 + 0 + unilateral 1 = 4; moderate adds 6: 10. Read as 1c: line 9.
L4 = {
    "level": "L4",
    "escc": None,
    "escc_range": None,
    "escc_status": "not_applicable",
    "below_conus": "moderate",
    "lesion": "mixed",
    "alignment": "normal",
    "collapse": "none",
    "posterolateral": "unilateral",
    "cord_signal": "not_stated",
    "status": "new",
    "sins_imaging": [4, 4],
    "lane": "urgent",
}
# T5: location 1 + blastic 0 + 0 + 0 + 0 = 1; grade 0 adds nothing: 1. Treated, said to be stable: line 4.
T5 = {
    "level": "T5",
    "escc": "0",
    "escc_range": ["0", "0"],
    "escc_status": "graded",
    "below_conus": None,
    "lesion": "blastic",
    "alignment": "normal",
    "collapse": "none",
    "posterolateral": "none",
    "cord_signal": "not_stated",
    "status": "treated_stable",
    "sins_imaging": [1, 1],
    "lane": "routine",
}
ANSWER = {
    "file": "example.txt",
    "source": "macro",
    "tumour": "present",
    "worst_escc": "1c",
    "imaging_score": {"pack": "soar2-open", "version": "1", "min": 15, "max": 15},
    "lane": "urgent",
    "review": False,
    "outside": [],
    "reasons": [
        "T8: epidural tumour touches the cord (ESCC 1c).",
        "T8: progressed since the last scan, collapse of more than half, both sides of the posterior elements involved.",
        "L4, also urgent: moderate narrowing of the sac by tumour below the conus.",
    ],
}


def test_the_answer_to_the_contracts_own_macro():
    answer = json.loads(json.dumps(read_report(MACRO).as_json("example.txt")))
    assert {key: answer[key] for key in ANSWER} == ANSWER
    assert [{key: level[key] for key in T8} for level in answer["levels"]] == [T8, L4, T5]


def test_the_lines_that_held():
    answer = read_report(MACRO).as_json()
    assert answer["rule"] == 9
    assert [level["rule"] for level in answer["levels"]] == [9, 9, 4]
    assert answer["review_reasons"] == []
    assert answer["unread"] == []


def test_the_counting_statement_and_the_conus_are_kept():
    answer = read_report(MACRO).as_json()
    assert (answer["numbering"], answer["conus"]) == ("7 cervical, 12 rib-bearing, 5 lumbar", "L1")


def test_each_finding_keeps_the_span_of_its_words():
    answer = read_report(MACRO).as_json()
    words = [{item: MACRO[a:b] for item, (a, b) in level["spans"].items()} for level in answer["levels"]]
    assert words[0] == {
        "level": "T8",
        "escc": "ESCC 1c",
        "cord_signal": "Cord signal normal",
        "lesion": "Lesion lytic",
        "alignment": "Alignment normal",
        "collapse": "Collapse >50%",
        "posterolateral": "Posterolateral bilateral",
        "status": "Status progressed",
    }
    assert words[1]["below_conus"] == "Below conus moderate"
    assert words[2]["treated"] == "Treated SBRT 2024"
    spans = {item: MACRO[a:b] for item, (a, b) in answer["spans"].items()}
    assert spans == {
        "conus": "L1",
        "numbering": "7 cervical, 12 rib-bearing, 5 lumbar",
        "other_levels": "no epidural disease",
    }


def test_the_label_of_the_unsigned_pack_travels_with_the_answer():
    assert "not the published" in read_report(MACRO).as_json()["pack_label"]
