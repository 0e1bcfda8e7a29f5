"""One soar2.toml: every fault is a sentence that says where and what."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from soar2.exchange.feeds import check as check_feeds
from soar2.record.programme import load, parse

DEMO = files("soar2.demo").joinpath("soar2.toml").read_text(encoding="utf-8")
EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "soar2.example.toml"


@pytest.mark.parametrize(
    "text", [DEMO, EXAMPLE.read_text(encoding="utf-8")], ids=["the demo's", "the example"]
)
def test_the_settings_we_ship_have_no_fault(text):
    table = tomllib.loads(text)
    _, faults = parse(table)
    assert faults == []
    assert check_feeds(table["feed"]) == []


FAULTS = [
    ("time_zone", 'time_zone = "America/New_York"', 'time_zone = "New York"', "time_zone is 'New York'"),
    ("mode", 'mode = "demo"', 'mode = "test"', "mode is 'test'"),
    ("spelling", 'duty_role = "spine-on-call"', 'duty_rol = "spine-on-call"', "did you mean 'duty_role'?"),
    ("address", 'address = "http://127.0.0.1:8000"', "", "address is missing"),
    ("duty role", 'duty_role = "spine-on-call"', 'duty_role = "nobody"', "duty_role is 'nobody'"),
    ("hours", 'closes = "19:00"', 'closes = "06:00"', "closes must be later"),
    ("time", 'opens = "07:00"', 'opens = "seven"', "[calendar] opens is 'seven'"),
    ("days", 'working_days = "mon-fri"', 'working_days = "weekdays"', "write days as mon-fri"),
    ("holiday", "2025-11-27", '"Thanksgiving"', "holidays holds 'Thanksgiving'"),
    ("smtp port", "port = 2525", "port = 99999", "[smtp] port is '99999'"),
    ("smtp security", 'security = "none"', 'security = "maybe"', "[smtp] security is 'maybe'"),
    ("mail address", 'email = "n.bell@hospital.example"', 'email = ""', "'bell': email is missing"),
    ("rota person", 'person = "ruiz"', 'person = "rubin"', "there is no [[person]] 'rubin'"),
    ("person's role", 'roles = ["service-chief"]', 'roles = ["boss"]', "there is no [[role]] 'boss'"),
    (
        "uncovered",
        'role = "navigator"\nperson',
        'role = "director"\nperson',
        "No [[rota]] line covers the role 'navigator'",
    ),
]


@pytest.mark.parametrize(("what", "before", "after", "words"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_fault_is_explained_in_a_sentence(what, before, after, words):
    assert before in DEMO
    _, faults = parse(tomllib.loads(DEMO.replace(before, after)))
    assert any(words in fault for fault in faults), faults
    assert all(fault.endswith((".", "?")) for fault in faults)


MISSHAPEN = [
    # what                         a line that replaces what was there          the sentence begins
    ("a list for a word", 'duty_role = ["a"]', "duty_role must be a word"),
    ("truth for a word", "name = true", "name must be a word"),
    ("a word for a table", 'smtp = "mail"', "smtp must be a table"),
    ("a word for tables", 'role = "navigator"', "role must be tables"),
    ("numbers for tables", "person = [1, 2]", "person must be tables"),
    ("a table for tables", "rota = {}", "rota must be tables"),
    ("a number for tables", "feed = 3", "feed must be tables"),
    (
        "a word for the holidays",
        'calendar = {holidays = "none"}',
        "[calendar] holidays must be a list of dates",
    ),
    ("a time for a holiday", "calendar = {holidays = [2026-12-25T00:00:00]}", "[calendar] holidays must be"),
    ("a word for a port", 'smtp = {port = "a"}', "[smtp] port must be a number"),
    ("a wait without end", "smtp = {timeout_seconds = 0}", "[smtp] timeout_seconds is 0"),
    ("a word for roles", 'person = [{key = "a", roles = "navigator"}]', "[[person]] 1: roles must be a list"),
    ("a list in a turn", 'rota = [{role = ["a"]}]', "[[rota]] 1: role must be a word"),
    ("a list for the zone", "time_zone = []", "time_zone must be a word"),
    ("phones in a list", "phones = []", "phones must be a table"),
]


@pytest.mark.parametrize(("what", "line", "words"), MISSHAPEN, ids=[row[0] for row in MISSHAPEN])
def test_a_value_of_the_wrong_kind_is_a_sentence_and_no_crash(what, line, words):
    _, faults = parse(tomllib.loads(line))
    assert any(fault.startswith(words) for fault in faults), faults


def test_a_missing_file_and_broken_toml_are_sentences(tmp_path):
    assert "There is no settings file" in load(tmp_path / "none.toml")[1][0]
    (tmp_path / "bad.toml").write_text("mode = ")
    assert "not valid TOML" in load(tmp_path / "bad.toml")[1][0]
