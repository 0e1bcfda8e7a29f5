"""What was agreed with a sender in the feed file changes its answers, and nobody else's."""

import re
from importlib.resources import files

import pytest

MSA = re.compile(rb"\rMSA\|(\w\w)")
TERMS = """
[[feed]]
name = "Agreed"
sending_applications = ["AGREED"]
procedure_codes = ["30855-1"]
identifier_authority = "DEMO"
status_words = { FINAL = "F", "IN WORK" = "I" }
other_messages = "accept"
"""


@pytest.fixture(scope="module")
def agreed_listener(door_database, running_listener):
    """A listener in production whose feed file knows one sender's own words."""
    config = door_database.home / "agreed.toml"
    demo = files("soar2.demo").joinpath("soar2.toml").read_text()
    config.write_text(demo.replace('mode = "demo"', 'mode = "production"') + TERMS)
    listener = running_listener(door_database, {"SOAR2_CONFIG": str(config)})
    yield listener
    listener.kill()


STATUS = b"||RAD|F\r"
CASES = [
    # what                               change                              agreed with it     with another
    ("a result in order", (), ("AA", "stored"), ("AA", "stored")),
    ("its own word", ((STATUS, b"||RAD|Final\r"),), ("AA", "stored"), ("AE", "quarantined")),
    ("a word with a blank", ((STATUS, b"||RAD|IN WORK\r"),), ("AA", "stored"), ("AE", "quarantined")),
    ("its own word in the row alone", ((STATUS, b"||RAD|\r"), (b"||||||F\r", b"||||||FINAL\r")), ("AA", "stored"), ("AE", "quarantined")),
    ("a word nobody taught", ((STATUS, b"||RAD|SIGNED\r"),), ("AE", "quarantined"), ("AE", "quarantined")),
    ("its own word and no patient", ((STATUS, b"||RAD|FINAL\r"), (b"900001", b"")), ("AE", "stored"), ("AE", "stored")),
    ("an admission", ((b"ORU^R01^ORU_R01", b"ADT^A01"),), ("AA", "filtered"), ("AR", "filtered")),
    ("an admission for training", ((b"ORU^R01^ORU_R01", b"ADT^A01"), (b"|P|2", b"|T|2")), ("AA", "filtered"), ("AR", "filtered")),
    ("a type that is none", ((b"ORU^R01^ORU_R01", b"report"),), ("AR", "quarantined"), ("AR", "quarantined")),
    ("another event", ((b"ORU^R01^ORU_R01", b"ORU^R30"),), ("AR", "quarantined"), ("AR", "quarantined")),
    ("a result for training", ((b"|P|2", b"|T|2"),), ("AR", "quarantined"), ("AR", "quarantined")),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes", "agreed", "other"), CASES, ids=[row[0] for row in CASES])
def test_only_the_sender_it_was_agreed_with_is_answered_by_it(
    database, agreed_listener, oru, wire, what, changes, agreed, other
):
    found = []
    with wire(agreed_listener.port) as line:
        for sender in ("AGREED", "OTHER"):
            raw = oru(f"A{sender[0]}", app=sender)
            for old, new in changes:
                assert old in raw
                raw = raw.replace(old, new)
            found.append(MSA.search(line.ask(raw))[1].decode())
    states = [state for (state,) in database.inbox("state")]
    assert list(zip(found, states, strict=True)) == [agreed, other]
