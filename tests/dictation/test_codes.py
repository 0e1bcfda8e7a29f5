"""Codes: both ways without loss, one value a code, and what RadElement lacks is ours and listed."""

import json

import fhirkit
import pytest

from soar2.criteria.anatomy import LEVELS
from soar2.dictation import codes
from soar2.dictation.template import FIELD

CLOSED = {"level": LEVELS} | {
    key: (*(choice.word for choice in field.choices), codes.NOT_STATED)
    for key, field in FIELD.items()
    if field.choices
}
VALUES = [(key, word) for key, words in CLOSED.items() for word in words]
# RDES21 and RDES288 as published: element -> how many values it has.
PUBLISHED = {"RDE151": 28, "RDE153": 5, "RDE154": 5, "RDE155": 4, "RDE156": 5, "RDE1998": 6}


@pytest.mark.parametrize(("key", "word"), VALUES)
def test_every_value_comes_back_from_each_of_its_codes(key, word):
    codings = codes.codings_of(key, word)
    assert codings
    assert {codes.value_of(one.system, one.code) for one in codings} == {(key, word)}


@pytest.mark.parametrize(("element", "count"), PUBLISHED.items())
def test_every_value_of_the_published_sets_is_known_and_goes_back_to_itself(element, count):
    for n in range(count):
        key, word = codes.value_of(codes.RADELEMENT, f"{element}.{n}")
        assert codes.element_of(key) == element
        assert f"{element}.{n}" in {one.code for one in codes.codings_of(key, word)}
    assert codes.value_of(codes.RADELEMENT, f"{element}.{count}") is None


@pytest.mark.parametrize(
    ("key", "word", "code"),
    [
        ("level", "T8", "11068009"),
        ("level", "T8", "RDE151.7"),
        ("level", "C1", "RDE151.12"),
        ("level", "L5", "RDE151.27"),
        ("level", "S5", "21452006"),
        ("lesion", "lytic", "RDE153.2"),
        ("alignment", "normal", "RDE154.0"),
        ("collapse", "none_gt50_involved", "RDE155.3"),
        ("posterolateral", "bilateral", "RDE156.2"),
        ("escc", "1c", "RDE1998.3"),
    ],
)
def test_codes_read_from_the_published_tables(key, word, code):
    assert code in {one.code for one in codes.codings_of(key, word)}


def test_what_the_sets_do_not_hold_is_listed_and_nothing_else():
    own = set(codes.own_words())
    assert {("level", "T13"), ("level", "L6"), ("level", "Oc"), ("collapse", "eq50"), ("collapse", "indeterminate"),
            ("below_conus", "severe"), ("cord_signal", "new"), ("status", "treated_stable")} <= own  # fmt: skip
    assert not {("level", "S5"), ("escc", "2"), ("lesion", codes.NOT_STATED)} & own


def test_the_code_system_has_every_word_and_is_fhir_r4():
    system = codes.code_system()
    assert {tuple(one["code"].split(".", 1)) for one in system["concept"]} == set(VALUES)
    assert system["count"] == len(VALUES)
    assert [fault for fault in fhirkit.validate(json.dumps(system)) if fault.severity == "error"] == []


@pytest.mark.parametrize(("system", "code"), [("", ""), (codes.SNOMED, "54735007"), (codes.OWN, "escc.4")])
def test_an_unknown_code_is_none(system, code):
    assert codes.value_of(system, code) is None


def test_a_word_or_field_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="escc has no word '4'"):
        codes.codings_of("escc", "4")
    with pytest.raises(KeyError):
        codes.codings_of("treated", "SBRT")


def test_one_code_for_two_values_is_refused():
    with pytest.raises(ValueError, match="stands for"):
        codes._unique(iter([(("s", "1"), ("level", "T12")), (("s", "1"), ("level", "T13"))]))
