"""The quick look at the door says of every message what the full reading says of it, or nothing."""

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from soar2.exchange.arrival import read_in_full, received
from soar2.exchange.hl7v2.acknowledge import verdict
from soar2.exchange.hl7v2.glance import glance
from soar2.exchange.hl7v2.message import RUN_TOGETHER

NOW = datetime(2026, 3, 10, 18, 5, 30, 250_000, tzinfo=UTC)
SAMPLES = sorted(Path(__file__).parent.parent.joinpath("messages").glob("*.hl7"))
OBR = "OBR|1|P-1|A-1|30855-1^MR spine^LN|||20260310121500-0400|||||||||||||||20260310140500-0400|||F"


def message(
    head="MSH|^~\\&|RIS|DEMO|SOAR2|HUB|20260310140512||ORU^R01^ORU_R01|C1|P|2.5.1",
    pid="PID|1||44^^^DEMO^MR||Quill^Rosa",
    order=OBR,
    text="OBX|1|TX|X||Words of a report.||||||F",
    *more,
):
    return "\r".join([head, pid, order, text, *more]).encode() + b"\r"


def both_ways(raw, production=True):
    """The arrival by the quick look, if it said something, beside the one by the full reading."""
    given = {"peer": "10.0.0.7:1", "now": NOW, "answer_id": "a1b2", "production": production}
    return received(raw, **given), read_in_full(raw, **given)


HEAD = "MSH|^~\\&|RIS|DEMO|SOAR2|HUB|20260310140512||ORU^R01^ORU_R01|C1|P|2.5.1"
PLAIN = {
    "as most are": message(),
    "utf-8": message(HEAD + "||||||UNICODE UTF-8", text="OBX|1|TX|X||Rückenmark||||||F"),
    "latin-1": message(HEAD + "||||||8859/1", text="OBX|1|TX|X||R?ckenmark||||||F").replace(b"?", b"\xfc"),
    "utf-8 undeclared": message(text="OBX|1|TX|X||Rückenmark||||||F"),
    "accept answers": message(HEAD + "|||AL|NE"),
    "both answers": message(HEAD + "|||AL|AL"),
    "no answers": message(HEAD + "|||NE|NE"),
    "old version": message(HEAD.replace("2.5.1", "2.3")),
    "no version, no processing id": message(HEAD.replace("P|2.5.1", "")),
    "escapes in the text": message(text="OBX|1|TX|X||One\\.br\\two \\T\\ three||||||F"),
    "several orders": message(HEAD, "PID|1||44", OBR, OBR.replace("OBR|1", "OBR|2"), "OBX|1|TX|||x"),
    "notes only": message(text="NTE|1||Words."),
    "own segments": message(HEAD, "PID|1||44", OBR, "OBX|1|TX|||x", "ZDS|1.2.3", "ZZ9|x"),
    "no last line end": message().rstrip(b"\r"),
    "two line ends": message().replace(b"\r", b"\r\r"),
    "no times": message(order="OBR|1||A-1" + "|" * 22 + "F"),
    "the number in OBR-18": message(order="OBR|1" + "|" * 17 + "A-1|||||||F"),
    "applications in parts": message(HEAD.replace("RIS", "^1.2.3^ISO").replace("HUB", "A\\T\\B")),
    "a long application": message(HEAD.replace("RIS", "R" * 400)),
    "acknowledgement code in the id": message(HEAD.replace("C1", "MSA|AA".replace("|", "-"))),
}


@pytest.mark.parametrize("raw", PLAIN.values(), ids=PLAIN)
def test_a_plain_message_is_not_read_in_full_and_answered_alike(raw):
    assert glance(raw) is not None
    assert verdict(raw).code == "AA"
    quick, full = both_ways(raw)
    assert quick == full


UNUSUAL = {
    "line feeds": message().replace(b"\r", b"\n"),
    "NUL": message().replace(b"Words", b"Wo\0rds"),
    "byte-order mark": b"\xef\xbb\xbf" + message(),
    "leading line end": b"\r" + message(),
    "other delimiters": message().replace(b"|", b"#"),
    "five delimiters": message().replace(b"^~\\&", b"^~\\&#", 1),
    "batch": b"BHS|^~\\&|x\r" + message() + b"BTS|1\r",
    "batch end": message() + b"BTS|1\r",
    "two messages": message() + message(),
    "segments run together": message(text="OBX|1|TX|X||Words||||||FOBX|2|TX|X||More||||||F"),
    "line of no segment": message(text="OBX|1|TX|X||Words\rand more words||||||F"),
    "indented segment": message(text=" OBX|1|TX|X||Words||||||F"),
    "no PID": message(pid="PV1|1"),
    "no number": message(pid="PID|1||^^^DEMO"),
    "null number": message(pid='PID|1||""^^^DEMO'),
    "number of escapes": message(pid="PID|1||\\H\\^^^DEMO"),
    "blank number": message(pid="PID|1||  ^^^DEMO"),
    "first repetition empty": message(pid="PID|1||~44"),
    "no OBR": message(order="ORC|RE"),
    "no text": message(text="PV1|1"),
    "unknown status": message(order=OBR[:-1] + "Q"),
    "no status": message(order="OBR|1||A-1"),
    "no status in the order, one in the row": message(order=OBR[:-1]),
    "no accession": message(order=OBR.replace("P-1", "").replace("A-1", "")),
    "a part of a longer one": message(HEAD, "PID|1||44", OBR, "OBX|1|TX|||x", "DSC|7|F"),
    "a second message on the line of a text": message().rstrip(b"\r") + message(),
    "garbled time": message(order=OBR.replace("20260310121500-0400", "at noon")),
    "other type": message(HEAD.replace("ORU^R01", "ADT^A08")),
    "acknowledgement": message(HEAD.replace("ORU^R01^ORU_R01", "ACK^R01")),
    "training": message(HEAD.replace("|P|", "|T|")),
    "no control id": message(HEAD.replace("|C1|", "||")),
    "null control id": message(HEAD.replace("|C1|", '|""|')),
    "blank around control id": message(HEAD.replace("|C1|", "| C1 |")),
    "escape in control id": message(HEAD.replace("|C1|", "|C\\T\\1|")),
    "long control id": message(HEAD.replace("|C1|", f"|{'C' * 161}|")),
    "end mark in control id": message(HEAD.replace("|C1|", "|C\x1c1|")),
    "umlaut in control id": message(HEAD.replace("|C1|", "|Ü1|")),
    "sequence number": message(HEAD + "|7"),
    "starts its numbers": b"MSH|^~\\&|RIS|DEMO|||||^|C1|P|2.5.1|0\r",
    "wrong character set": message(HEAD + "||||||UNICODE UTF-8").replace(b"Words", b"W\xf6rter"),
    "not ASCII as declared": message(HEAD + "||||||ASCII", text="OBX|1|TX|X||Rückenmark||||||F"),
    "Japanese": message(HEAD + "||||||ISO IR87"),
    "Chinese": message(HEAD + "||||||GB 18030-2000", text="OBX|1|TX|X||x||||||F"),
    "UTF-16": message().decode().encode("utf-16"),
    "header alone": HEAD.encode(),
    "nothing": b"",
}


@pytest.mark.parametrize("raw", UNUSUAL.values(), ids=UNUSUAL)
@pytest.mark.parametrize("production", [True, False])
def test_an_unusual_message_is_read_in_full(raw, production):
    quick, full = both_ways(raw, production)
    assert quick == full


def test_what_nobody_prepared_for_is_not_called_plain():
    """By the quick look alone; a header that is refused is found by the prepared answer instead."""
    refused_by_header = {"other type", "acknowledgement", "training", "Japanese", "Chinese"}
    undecodable = {"wrong character set", "not ASCII as declared"}
    plain = {name for name, raw in UNUSUAL.items() if glance(raw) is not None}
    assert plain == refused_by_header | undecodable


@pytest.mark.parametrize("name", RUN_TOGETHER)
def test_no_segment_hides_in_the_line_of_another(name):
    raw = message(text=f"OBX|1|TX|X||Words||||||F{name}|1|TX|hidden")
    assert glance(message(text="OBX|1|TX|X||Words||||||F|1|TX|hidden")) is not None
    assert glance(raw) is None
    assert verdict(raw).code == "AE" or name == "ORC"  # the full reading wants two letters after ORC


PIECES = [
    "", '""', "^", "~", "44", "44^^^DEMO^MR", "\\T\\", "\\H\\", " ", "F", "f", "Q", "20260310", "2026031014-0500",
    "ü", "\x0b", "\x1c", "\0", "\n", "\r", "PID", "OBX|1|TX", "OBR|1|", "MSH|", "AL", "NE", "0", "-1", "17",
    "UNICODE UTF-8", "8859/1", "ORU^R01", "ORU", "ADT^A08", "ACK", "P", "T", "2.5.1", "2.3", "3.0", "C7", "\x85",
]  # fmt: skip
NAMES = ["MSH", "PID", "PV1", "ORC", "OBR", "OBX", "NTE", "ZDS", "BTS", "pid", " OBX", ""]
FIELD = st.sampled_from(PIECES) | st.text(max_size=6)
SEGMENT = st.builds(
    lambda name, fields: "|".join([name, *fields]), st.sampled_from(NAMES), st.lists(FIELD, max_size=27)
)
HEADER = st.builds(
    lambda fields: "|".join(["MSH", "^~\\&", *fields]), st.lists(FIELD, min_size=6, max_size=18)
)


@settings(max_examples=600, deadline=None)
@given(HEADER | st.just(HEAD), st.lists(SEGMENT | st.sampled_from(["PID|1||44", OBR, "OBX|1|TX|||x"])))
@example(HEAD, ["PID|1||44", OBR, "OBX|1|TX|||x"])
def test_whatever_is_sent_both_ways_agree(head, segments):
    raw = "\r".join([head, *segments]).encode("utf-8", "surrogatepass")
    quick, full = both_ways(raw)
    assert quick == full


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, taken out, put in or doubled, at random places."""
    data = bytearray(raw)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del data[at : at + chance.randint(1, 8)]
        elif kind == 2:
            data[at:at] = chance.choice(
                [b"|", b"^", b"~", b"\\", b"\r", b"\n", b"\0", b"OBX|", b'""', b"\xfc"]
            )
        elif kind == 3:
            other = chance.randrange(len(data) + 1)
            data[at:at] = data[other : other + chance.randint(1, 60)]
        else:
            field = data.find(b"|", at) + 1
            data[field : max(data.find(b"|", field), field)] = chance.choice(PIECES).encode()
    return bytes(data)


def test_thousands_of_damaged_messages_are_judged_alike():
    chance = random.Random(20_931)
    seeds = [*PLAIN.values(), *(path.read_bytes().replace(b"\n", b"\r") for path in SAMPLES)]
    plain = 0
    for number in range(5000):
        raw = mutated(chance.choice(seeds), chance)
        quick, full = both_ways(raw)
        assert quick == full, f"message {number}: {raw!r}"
        plain += glance(raw) is not None
    assert 1000 < plain < 4500  # or the test would compare the full reading with itself


def test_a_sender_that_changes_its_header_each_time_is_answered_alike():
    for number in range(1200):  # more headers than are remembered
        quick, full = both_ways(message(HEAD.replace("RIS", f"RIS{number % 700}")))
        assert quick == full
