"""The reader against a second, independent reading of the contract: its own tables, its own arithmetic.

Nothing here comes from the code under test. Random macros are written together with what they mean, the meaning
is worked out from the words of the contract, and every key of the answer is compared.
"""

import random

import pytest

from soar2.dictation.reading import read_report

GRADES = ["0", "1a", "1b", "1c", "2", "3"]
ORDER = ["Oc", *(f"C{n}" for n in range(1, 8)), *(f"T{n}" for n in range(1, 14))]
ORDER += [*(f"L{n}" for n in range(1, 7)), *(f"S{n}" for n in range(1, 6))]
LANES = ["none", "routine", "expedited", "urgent", "emergent"]
SAC = {"none": 0, "mild": 2, "moderate": 3, "severe": 5}
POINTS = [0, 2, 4, 6, 9, 12]
SINS = {
    "lesion": {"lytic": (2, 2), "mixed": (1, 1), "blastic": (0, 0), "indeterminate": (0, 2)},
    "alignment": {"normal": (0, 0), "deformity": (2, 2), "subluxation": (4, 4), "indeterminate": (0, 4)},
    "collapse": {
        "none": (0, 0), "none_gt50_involved": (1, 1), "lt50": (2, 2), "eq50": (2, 3), "gt50": (3, 3),
        "indeterminate": (0, 3),
    },
    "posterolateral": {"none": (0, 0), "unilateral": (1, 1), "bilateral": (3, 3), "indeterminate": (0, 3)},
}  # fmt: skip
WHOLE = {"lesion": (0, 2), "alignment": (0, 4), "collapse": (0, 3), "posterolateral": (0, 3)}
WORDS = {
    **{item: list(table) for item, table in SINS.items()},
    "cord_signal": ["new", "old", "present", "absent"],
    "status": ["new", "progressed", "stable", "improved", "treated_stable"],
}
SHOWN = {
    "lt50": "<50%", "eq50": "50%", "gt50": ">50%", "none_gt50_involved": "none but >50% involved",
    "treated_stable": "treated, stable", "absent": "normal",
}  # fmt: skip


def place(level):
    if level in ("T13", "L6"):
        return (0, 3)
    junctional = ("Oc", "C1", "C2", "C7", "T1", "T2", "T11", "T12", "L1", "L5", "S1")
    mobile = ("C3", "C4", "C5", "C6", "L2", "L3", "L4")
    points = 3 if level in junctional else 2 if level in mobile else 0 if level[0] == "S" else 1
    return (points, points)


def scale(level, conus):
    if conus:
        return "cord" if ORDER.index(level) <= ORDER.index(conus) else "sac"
    if ORDER.index(level) <= ORDER.index("T12"):
        return "cord"
    return "sac" if ORDER.index(level) >= ORDER.index("L2") else "either"


def table(grade, sins, signal, slipped, treated):
    """Lines 4 to 12 for a named level with tumour present: lane and review."""
    lo, hi = grade or (None, None)
    lines = [
        (treated and grade and hi <= 2, "routine", False),
        (treated and grade, "expedited", True),
        (grade and lo >= 4, "emergent", False),
        (grade and signal and lo >= 2, "emergent", False),
        (grade and slipped and lo >= 1, "emergent", False),
        (grade and hi >= 3, "urgent", grade != (3, 3)),
        (slipped or signal or sins >= 10, "urgent", grade is None),
        (grade is None or hi >= 1 or sins >= 4, "expedited", grade is None or lo != hi),
        (True, "routine", False),
    ]
    return next((lane, review) for holds, lane, review in lines if holds)


def epidural(said, side):
    """The four keys of the epidural finding, and whether the words are on the wrong scale."""
    grade, word = said["grade"], said["sac"]
    below = None if side == "cord" else "not_stated"
    if grade is None:
        return (None, None, "not_applicable" if side == "sac" else "not_stated", below), False
    if word and side != "cord":
        return (None, None, "not_applicable", word), False
    ends = [GRADES[grade[0]], GRADES[grade[1]]]
    exact = ends[0] if ends[0] == ends[1] else None
    shown = "not_stated" if side == "sac" else None
    return (exact, ends, "described" if word else "graded", shown), bool(word) or side == "sac"


def meaning(level, said, conus):
    parts = [place(level), *(SINS[item].get(said[item], WHOLE[item]) for item in SINS)]
    sins = [sum(lo for lo, _ in parts), sum(hi for _, hi in parts)]
    signal, slipped = said["cord_signal"] in ("new", "present"), said["alignment"] == "subluxation"
    status = said["status"]
    if said["treated"] and status in ("stable", "improved"):
        status = "treated_stable"
    treated = status == "treated_stable" and not signal and not slipped
    lane, review = table(said["grade"], sins[0], signal, slipped, treated)
    review = review or table(said["grade"], sins[1], signal, slipped, treated)[0] != lane
    keys, wrong = epidural(said, scale(level, conus))
    answer = {item: said[item] for item in WORDS} | {"level": level, "status": status, "lane": lane}
    answer |= dict(zip(("escc", "escc_range", "escc_status", "below_conus"), keys, strict=True))
    lo, hi = said["grade"] or (0, 5)
    answer |= {"sins_imaging": sins, "score": [sins[0] + POINTS[lo], sins[1] + POINTS[hi]]}
    return answer, review or wrong or level in ("T13", "L6")


def level_line(chance, level, conus):
    said = {
        item: chance.choice(words) if chance.random() < 0.8 else "not_stated" for item, words in WORDS.items()
    }
    said |= {
        "treated": said["status"] == "treated_stable" or chance.random() < 0.3,
        "grade": None,
        "sac": None,
    }
    pieces = []
    if chance.random() < 0.85:
        cord = scale(level, conus) == "cord" or (scale(level, conus) == "either" and chance.random() < 0.5)
        if cord == (chance.random() < 0.85):
            lo, hi = (
                sorted(chance.choices(range(6), k=2)) if chance.random() < 0.2 else [chance.randrange(6)] * 2
            )
            said["grade"] = (lo, hi)
            pieces.append(f"ESCC {GRADES[lo]}" + (f"-{GRADES[hi]}" if hi > lo else ""))
        else:
            said["sac"] = chance.choice(list(SAC))
            said["grade"] = (SAC[said["sac"]],) * 2
            pieces.append(f"Below conus {said['sac']}")
    if said["treated"] and said["status"] != "treated_stable":
        pieces.append("Treated SBRT 2024")
    labels = {"cord_signal": "Cord signal"}
    pieces += [
        f"{labels.get(item, item.capitalize())} {SHOWN.get(said[item], said[item])}"
        for item in WORDS
        if said[item] != "not_stated"
    ]
    chance.shuffle(pieces)
    return f"Level {level} | {' | '.join(pieces or ['Lesion not stated'])}", said


def random_report(chance):
    conus = chance.choice(["L1", "L1", "L2", "T12", "T11", None, None])
    levels = chance.sample([*ORDER, "L1", "L1", "T12", "L2"], chance.randint(1, 4))
    levels = list(dict.fromkeys(levels))
    lines = [level_line(chance, level, conus) for level in levels]
    head = "Numbering: 7 cervical, 12 rib-bearing, 5 lumbar." + (f" Conus: {conus}." if conus else "")
    text = "\n".join(
        ["SPINE ONCOLOGY MACRO", head, *(line for line, _ in lines), "Other levels: no epidural disease."]
    )
    return text, [meaning(level, said, conus) for level, (_, said) in zip(levels, lines, strict=True)]


@pytest.mark.parametrize("seed", range(300))
def test_every_key_of_a_random_macro(seed):
    text, meant = random_report(random.Random(seed))
    answer = read_report(text).as_json()
    found = [
        {key: level[key] for key in want} for level, (want, _) in zip(answer["levels"], meant, strict=True)
    ]
    assert found == [want for want, _ in meant], text
    ends = [want["escc_range"][1] for want, _ in meant if want["escc_range"]]
    score = answer["imaging_score"]
    assert (score["min"], score["max"]) == tuple(max(want["score"][n] for want, _ in meant) for n in (0, 1))
    assert answer["worst_escc"] == (max(ends, key=GRADES.index) if ends else None)
    assert answer["lane"] == max((want["lane"] for want, _ in meant), key=LANES.index)
    assert (answer["tumour"], answer["review"]) == ("present", any(review for _, review in meant)), text
    assert 1 <= len(answer["reasons"]) <= 3
