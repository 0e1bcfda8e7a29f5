"""Sign-time rules: what must be settled before a report is signed, one row for each rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soar2.criteria.anatomy import LEVELS
from soar2.dictation.signing import ALERT, FORBID, RULES, unsettled
from soar2.dictation.template import FIELD

WHOLE = {"escc": "1b", "cord_signal": "absent", "lesion": "lytic", "alignment": "normal", "status": "new"}
LOW = {"below_conus": "mild", "lesion": "lytic"}


def found(*rows, conus="L1"):
    return [(one.row, one.key, one.weight) for one in unsettled(rows, conus=conus)]


def test_a_whole_row_has_nothing_to_settle():
    assert found(("T8", WHOLE), ("L3", LOW)) == []


@pytest.mark.parametrize(
    ("level", "words", "key", "weight"),
    [
        ("", WHOLE, "level", FORBID),
        ("C8", WHOLE, "level", FORBID),
        ("T8", WHOLE | {"escc": ""}, "grade", FORBID),
        ("T8", WHOLE | {"escc": "not_stated"}, "grade", FORBID),
        ("T8", WHOLE | {"below_conus": "mild"}, "one-scale", FORBID),
        ("L3", WHOLE, "below-conus", ALERT),
        ("T8", LOW, "above-conus", ALERT),
        ("T8", WHOLE | {"escc": "1c", "cord_signal": ""}, "cord-signal", ALERT),
        ("T8", WHOLE | {"lesion": ""}, "lesion", ALERT),
        ("T8", WHOLE | {"treated": "SBRT 2024", "status": ""}, "status", ALERT),
    ],
)
def test_each_rule(level, words, key, weight):
    assert (0, key, weight) in found((level, words))


def test_each_rule_has_a_row_above():
    tested = {"level", "grade", "one-scale", "below-conus", "above-conus", "cord-signal", "lesion", "status"}
    assert {rule.key for rule in RULES} == tested


def test_the_stated_conus_decides_the_scale():
    assert found(("L2", WHOLE), conus="L2") == []
    assert found(("L2", WHOLE), conus="L1") == [(0, "below-conus", ALERT)]


def test_a_level_twice_is_refused_however_it_is_written():
    assert found(("T8", WHOLE), ("d8", WHOLE)) == [(1, "twice", FORBID)]


def test_an_unknown_field_is_refused():
    with pytest.raises(KeyError, match="esc"):
        unsettled([("T8", {"esc": "2"})])


@given(
    st.lists(
        st.tuples(
            st.sampled_from([*LEVELS, "", "unknown"]),
            st.dictionaries(
                st.sampled_from(sorted(FIELD)), st.sampled_from(["", "not_stated", "none", "2", "mild"])
            ),
        ),
        max_size=6,
    )
)
def test_what_forbids_is_never_silent(rows):
    """A row without a level or without a grade always has something that forbids signing."""
    forbidden = {one.row for one in unsettled(rows) if one.weight == FORBID}
    for n, (level, words) in enumerate(rows):
        graded = any(words.get(key, "") not in ("", "not_stated") for key in ("escc", "below_conus"))
        assert n in forbidden or (level in LEVELS and graded)
