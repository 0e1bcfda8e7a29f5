"""Levels and their names; the order and the meaning of epidural grades."""

import pytest

from soar2.criteria import anatomy, escc
from soar2.criteria.escc import GradeRange

NAMES = [
    ("t8", "T8"),
    ("T-8", "T8"),
    ("D8", "T8"),
    ("thoracic 8", "T8"),
    ("Th12", "T12"),
    ("T 08", "T8"),
    ("lumbar 4", "L4"),
    ("S1", "S1"),
    ("occiput", "Oc"),
    ("C0", "Oc"),
    ("T13", "T13"),
    ("L6", "L6"),
    ("C8", None),  # a nerve root
    ("T14", None),
    ("L7", None),
    ("S6", None),
    ("8", None),
    ("", None),
    ("T8 left", None),
]


@pytest.mark.parametrize(("word", "level"), NAMES)
def test_names_of_levels(word, level):
    assert anatomy.canonical(word) == level


def test_every_level_is_its_own_name_and_ranks_rise_from_the_head_down():
    assert [anatomy.canonical(level) for level in anatomy.LEVELS] == list(anatomy.LEVELS)
    assert [anatomy.rank(level) for level in anatomy.LEVELS] == list(range(32))
    assert anatomy.rank("unknown") == 32


def test_a_range_passes_over_vertebrae_that_most_people_do_not_have():
    assert anatomy.between("T11", "L2") == ("T11", "T12", "L1", "L2")
    assert anatomy.between("L4", "S1") == ("L4", "L5", "S1")
    assert anatomy.between("L4", "S1", present=frozenset({"L6"})) == ("L4", "L5", "L6", "S1")
    assert anatomy.between("T9", "T7") == ("T7", "T8", "T9")


SCALES = [
    # level, conus, scale
    ("T12", None, "cord"),
    ("T13", None, "either"),
    ("L1", None, "either"),
    ("L2", None, "cauda"),
    ("unknown", None, "either"),
    ("unknown", "L1", "either"),
    ("L1", "L1", "cord"),
    ("L2", "L1", "cauda"),
    ("L2", "L2", "cord"),
    ("L1", "T12", "cauda"),
    ("T12", "T11", "cauda"),
    ("S1", "L2", "cauda"),
    ("C1", "L1", "cord"),
]


@pytest.mark.parametrize(("level", "conus", "scale"), SCALES)
def test_the_conus_decides_the_scale(level, conus, scale):
    assert anatomy.scale(level, conus) == scale


def test_grades_are_ordered_labels():
    assert sorted(["3", "1c", "0", "2", "1a", "1b"], key=escc.rank) == ["0", "1a", "1b", "1c", "2", "3"]
    with pytest.raises(KeyError):
        escc.rank("1")
    with pytest.raises(ValueError, match="backwards"):
        GradeRange("2", "1a")


SIGNS = [
    # name, epidural, deformed, touched, compressed, fluid seen, grades
    ("E1 no epidural tumour", False, False, False, False, True, "0"),
    ("E2 sac contour unchanged", True, False, False, False, True, "1a"),
    ("E3 fluid between tumour and cord", True, True, False, False, True, "1b"),
    ("E4 tumour touches a round cord", True, True, True, False, True, "1c"),
    ("E5 cord flattened, dorsal fluid seen", True, True, True, True, True, "2"),
    ("E6 cord flattened, no fluid", True, True, True, True, False, "3"),
    ("E8 severe narrowing, no axial images", None, None, None, True, None, "2 to 3"),
    ("epidural tumour and no more", True, None, None, None, None, "1a to 3"),
    ("signs that exclude each other", False, True, None, None, None, "None"),
    ("nothing seen at all is not grade 0", None, None, None, None, None, "None"),
]


@pytest.mark.parametrize("row", SIGNS, ids=[row[0] for row in SIGNS])
def test_grades_from_signs(row):
    _, epidural, deformed, touched, compressed, fluid, grades = row
    found = escc.from_signs(
        epidural=epidural,
        sac_deformed=deformed,
        cord_touched=touched,
        cord_compressed=compressed,
        fluid_seen=fluid,
    )
    assert str(found) == grades


def test_e7_below_the_conus_there_is_no_cord_to_grade():
    assert anatomy.scale("L4", None) == "cauda"
    assert escc.below_conus_range("severe") == GradeRange("3", "3")


def test_places_of_the_below_conus_words():
    assert [str(escc.below_conus_range(word)) for word in escc.BELOW_CONUS] == ["0", "1b", "1c", "3"]


def test_ranges():
    wide = GradeRange("1a", "3")
    assert wide.meet(GradeRange("0", "1c")) == GradeRange("1a", "1c")
    assert escc.exactly("0").meet(wide) is None
    assert escc.exactly("1b").raised_to("3") == GradeRange("1b", "3")
    assert escc.exactly("3").raised_to("2") == escc.exactly("3")
    assert escc.most_urgent([escc.exactly("0"), GradeRange("2", "3"), escc.exactly("1c")]) == GradeRange(
        "2", "3"
    )
    assert escc.worst_upper_end([GradeRange("0", "1c"), escc.exactly("1b")]) == "1c"
    assert escc.worst_upper_end([]) is None
