"""The feed file: every slip is named, every message finds its feed, and only spine results come in."""

from dataclasses import replace

import pytest

from soar2.errors import Refused
from soar2.exchange.feeds import Feed, check, chosen, feeds_from, inside, select, why_outside
from soar2.exchange.hl7v2.envelope import Envelope
from soar2.exchange.hl7v2.message import parse
from soar2.exchange.hl7v2.results import Procedure, read_results

TABLE = {
    "name": "ris",
    "sending_applications": ["RIS"],
    "procedure_codes": ["30855-1"],
    "identifier_authority": "DEMO",
}
SPINE = Feed("ris", ("RIS",), procedure_codes=("30855-1", "MRTSP"), procedure_words=("mri spine", "myelo-mr"))


def result(code="", name="", alternate_code="", alternate_name=""):
    raw = b"MSH|^~\\&|RIS\rPID|1||44\rOBR|1||A-1||||||||||||||||||||||F\rOBX|1|TX|||x"
    (found,) = read_results(parse(raw))
    return replace(found, procedure=Procedure(code, name, "", alternate_code, alternate_name))


def test_a_good_table_becomes_a_feed():
    table = {
        **TABLE,
        "sending_facilities": ["DEMO"],
        "procedure_words": ["mri spine"],
        "assume_authority": True,
        "text_types": ["tx", "FT"],
        "time_zone": "America/New_York",
        "default_charset": "8859/1",
        "accession_field": "OBR-18",
        "expected_gap_minutes": 90,
    }
    assert check([table]) == []
    (feed,) = feeds_from([table], "Europe/London")

    assert feed.text_types == ("TX", "FT")
    assert feed.zone.key == "America/New_York"
    assert feed.expected_gap_minutes == 90
    assert feeds_from([TABLE], "Europe/London")[0].zone.key == "Europe/London"
    assert feeds_from([TABLE])[0].zone is None
    assert feeds_from([]) == ()


@pytest.mark.parametrize(
    ("authority", "assume", "assumed"),
    [
        ("DEMO", True, "DEMO"),
        ("DEMO", False, ""),
        ("*", False, ""),
        ("*", "HOSP", "HOSP"),
        ("DEMO", "HOSP", "HOSP"),
    ],
)
def test_whose_number_is_assumed(authority, assume, assumed):
    table = {**TABLE, "identifier_authority": authority, "assume_authority": assume}
    assert feeds_from([table])[0].assumed_authority == assumed


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"sending_aplications": ["X"]}, "feed 'ris': 'sending_aplications' is not a setting; did you mean 'sending_applications'?"),
        ({"colour": "red"}, "feed 'ris': 'colour' is not a setting."),
        ({"name": ""}, "feed 1: name must be a word in quotation marks."),
        ({"sending_applications": "RIS"}, "feed 'ris': sending_applications must be a list of words, such as [\"A\", \"B\"]."),
        ({"procedure_codes": [30855]}, "feed 'ris': procedure_codes must be a list of words, such as [\"A\", \"B\"]."),
        ({"procedure_codes": []}, "feed 'ris': procedure_codes and procedure_words are both missing, so every report would be filtered out."),
        ({"identifier_authority": ""}, "feed 'ris': identifier_authority must be a word in quotation marks."),
        ({"assume_authority": "yes"}, "feed 'ris': assume_authority must be true, false or the name of an authority."),
        ({"assume_authority": "*"}, "feed 'ris': assume_authority must be true, false or the name of an authority."),
        ({"identifier_authority": "*", "assume_authority": True}, "feed 'ris': assume_authority cannot be true where identifier_authority is *: name the authority that numbers without one belong to."),
        ({"text_types": ["TX", "ED"]}, "feed 'ris': text_types must name one or more of TX, FT and ST."),
        ({"text_types": []}, "feed 'ris': text_types must name one or more of TX, FT and ST."),
        ({"time_zone": "EST5EDT4"}, "feed 'ris': time_zone 'EST5EDT4' is not a time zone; write it like 'America/New_York'."),
        ({"time_zone": "../etc"}, "feed 'ris': time_zone '../etc' is not a time zone; write it like 'America/New_York'."),
        ({"time_zone": "America"}, "feed 'ris': time_zone 'America' is not a time zone; write it like 'America/New_York'."),
        ({"default_charset": "klingon"}, "feed 'ris': default_charset 'klingon' is not a character set of HL7 table 0211."),
        ({"accession_field": "OBR-4"}, "feed 'ris': accession_field 'OBR-4' is not one of OBR-2, OBR-3, OBR-18, OBR-19, OBR-20, ORC-2, ORC-3, IPC-1, ZDS-1."),
        ({"expected_gap_minutes": 0}, "feed 'ris': expected_gap_minutes must be a whole number of minutes above 0."),
        ({"expected_gap_minutes": True}, "feed 'ris': expected_gap_minutes must be a whole number of minutes above 0."),
    ],
)  # fmt: skip
def test_each_fault_is_one_clear_sentence(change, fault):
    assert fault in check([{**TABLE, **change}])
    with pytest.raises(Refused):
        feeds_from([{**TABLE, **change}])


def test_an_empty_table_names_all_that_is_missing():
    assert [fault.split(": ", 1)[1].split()[0] for fault in check([{}])] == [
        "name",
        "sending_applications",
        "procedure_codes",
        "identifier_authority",
    ]


def test_a_feed_that_would_never_hear_anything_is_named():
    other = {**TABLE, "name": "second"}

    assert check([TABLE, other]) == ["feed 2: an earlier feed already takes every message of these senders."]
    assert check([TABLE, {**other, "sending_facilities": ["EAST"]}]) == []
    assert check([TABLE, TABLE])[0] == "feed 'ris': another feed has the same name."


@pytest.mark.parametrize(
    ("application", "facility", "name"),
    [
        ("RIS", "EAST", "east"),
        ("RIS", "WEST", "ris"),
        ("ris", "", "ris"),
        ("LAB", "EAST", "any"),
        ("", "", "any"),
    ],
)
def test_the_named_sender_goes_before_any_sender(application, facility, name):
    feeds = (Feed("any"), Feed("east", ("RIS",), ("EAST",)), Feed("ris", ("RIS", "PACS")))

    assert select(feeds, Envelope(application, facility)).name == name


def test_an_unknown_sender_has_no_feed():
    assert select((Feed("ris", ("RIS",)),), Envelope("LAB")) is None
    assert select((), Envelope("LAB")) is None


@pytest.mark.parametrize(
    ("procedure", "is_inside"),
    [
        ({"code": "30855-1"}, True),
        ({"code": "mrtsp"}, True),
        ({"code": "X1", "alternate_code": "30855-1"}, True),
        ({"code": "X1", "name": "MRI LUMBAR SPINE W/O"}, True),
        ({"code": "X1", "name": "Spine, thoracic (MRI)"}, True),
        ({"code": "X1", "alternate_name": "MYELO-MR"}, True),
        ({"code": "X1", "name": "CT spine"}, False),
        ({"code": "X1", "name": "MRI spinel"}, False),
        ({"code": "30855", "name": "MRI brain"}, False),
        ({}, False),
    ],
)
def test_which_procedures_are_inside(procedure, is_inside):
    found = result(**procedure)

    assert inside(SPINE, found) is is_inside
    assert (why_outside(SPINE, found) == "") is is_inside


def test_an_empty_code_in_the_message_matches_nothing():
    assert not inside(Feed("x", procedure_codes=("",)), result())


def test_the_reason_to_leave_a_result_out_names_no_patient():
    assert why_outside(SPINE, result("24628-0", "CT Chest")) == (
        "Procedure code 24628-0 (OBR-4) is not among the spine procedures of feed ris."
    )
    assert "without a procedure code" in why_outside(SPINE, result())


def test_a_spine_order_whose_text_stands_under_another_order_brings_that_one_in():
    raw = (
        b"MSH|^~\\&|RIS\rPID|1||44\rOBR|1||A-1|MRTSP|||||||||||||||||||||F\r"
        b"OBR|2||A-2|OTHER|||||||||||||||||||||F\rOBX|1|TX|||whole spine\r"
        b"OBR|3||A-3|CHEST|||||||||||||||||||||F\rOBX|1|TX|||chest"
    )
    results = read_results(parse(raw))

    assert [found.accession for found in chosen(SPINE, results)] == ["A-1", "A-2"]
