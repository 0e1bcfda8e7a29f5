"""No bytes break the door, and on well-formed messages it agrees with another parser."""

import random
import time
from datetime import UTC, datetime
from pathlib import Path

import hl7
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soar2.errors import Unreadable
from soar2.exchange.feeds import Feed
from soar2.exchange.hl7v2.acknowledge import acknowledge, answers, envelope, verdict
from soar2.exchange.hl7v2.message import parse, split_batch
from soar2.exchange.hl7v2.results import read_results

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "messages").glob("*.hl7"))]
NOW = datetime(2026, 3, 10, tzinfo=UTC)
FEED = Feed("ris", identifier_authority="DEMO", time_zone="America/New_York")
# A busy machine is no fault of the parser.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
PLACES = ("MSH-2", "PID-3[2].4.2", "OBX[3]-5", "OBR-25", "NTE[1]-3[2]")


def handle(raw):
    """Everything the door does with a message; only Unreadable may come out of it, and never from an answer."""
    found = verdict(raw)
    for one in answers(raw, found, NOW, "A-1"):
        assert parse(one).value("MSA-1")[1:] in ("A", "E", "R")
    assert isinstance(acknowledge(raw, found, NOW, "A-1"), bytes)
    envelope(raw)
    split_batch(raw)
    try:
        message = parse(raw)
    except Unreadable:
        return None
    for segment in message.segments():
        for number in range(len(segment) + 2):
            segment.field(number), segment.components(number), segment.repetitions(number)
    for place in PLACES:
        span = message.position(place)
        assert span is None or message.text[span.start : span.end] is not None
    try:
        results = read_results(message, FEED)
    except Unreadable:
        return message
    for result in results:
        assert "\0" not in result.text
        assert "\r" not in result.text
        result.text.encode()
        for source in result.sources:
            assert message.position(source.where) is not None
    return message


@PATIENT
@given(st.binary(max_size=300))
def test_any_bytes(raw):
    handle(raw)


@PATIENT
@given(
    st.binary(max_size=120),
    st.sampled_from([b"MSH|^~\\&|", b"MSH|^~\\&|\r", b"MSH", b"\xef\xbb\xbfMSH|", b"M\0S\0H\0|\0"]),
)
def test_any_bytes_after_a_header(rest, start):
    handle(start + rest)


TOKENS = [b"|", b"^", b"~", b"\\", b"&", b"\r", b"\n", b"\0", b"\x0b", b"\x1c", b"MSH", b"PID|", b"OBR|", b"OBX|1|TX|", b"\\.br\\",
          b"\\X0A\\", b"\\E", b"ESCC 2", b"\xff", "ü".encode(), b'""', b"20260310", b"-0400", b"ORC|", b"NTE|1||", b"DSC|", b"BTS|"]  # fmt: skip


@PATIENT
@given(st.lists(st.sampled_from(TOKENS), max_size=60))
def test_any_order_of_what_hl7_is_made_of(tokens):
    handle(b"MSH|^~\\&|RIS|D|||20260310||ORU^R01|C1|P|2.5\r" + b"".join(tokens))


def test_damaged_samples():
    """Five hundred samples with bytes changed, dropped, doubled or cut off."""
    chance = random.Random(20931)
    read = 0
    for _ in range(500):
        raw = bytearray(chance.choice(SAMPLES))
        for _ in range(chance.randint(1, 12)):
            at = chance.randrange(len(raw))
            how = chance.randrange(4)
            if how == 0:
                raw[at] = chance.randrange(256)
            elif how == 1:
                del raw[at : at + chance.randint(1, 40)]
            elif how == 2:
                raw[at:at] = raw[max(0, at - 30) : at]
            else:
                raw[at:at] = chance.choice(TOKENS)
            raw = raw or bytearray(b"x")
        read += handle(bytes(raw)) is not None
    assert read > 250


@pytest.mark.parametrize(
    "line",
    [b"OBX|1|TX|||x||||||F\r", b"no segment\n", b"OBR|1||A" + b"|" * 22 + b"F\r", b"~", b"\\.br\\"],
)
def test_effort_grows_with_the_size_and_not_with_its_square(line):
    """Four hundred kilobytes of the least convenient kind must not hold up the messages behind it."""
    raw = SAMPLES[-1] + b"OBX|1|TX|||" + line * (400_000 // len(line))
    started = time.process_time()
    verdict(raw), read_results(parse(raw), FEED)

    assert time.process_time() - started < 15


WORD = st.text(
    st.characters(codec="utf-8", categories=["L", "N"], include_characters=" .,-%<>µ≥"),
    min_size=1,
    max_size=12,
).filter(lambda word: word == word.strip())
FIELD = st.lists(
    st.lists(st.lists(WORD, min_size=1, max_size=3), min_size=1, max_size=3), min_size=1, max_size=3
)
SEGMENT = st.tuples(st.sampled_from(["PID", "PV1", "OBR", "ZXY"]), st.lists(FIELD, min_size=1, max_size=6))


def written(field):
    return "~".join("^".join("&".join(parts) for parts in components) for components in field)


@PATIENT
@given(st.lists(SEGMENT, min_size=1, max_size=5))
def test_well_formed_messages_read_as_another_parser_reads_them(segments):
    lines = ["MSH|^~\\&|RIS|DEMO|||20260310||ORU^R01|C1|P|2.5"]
    lines += ["|".join([name, *map(written, fields)]) for name, fields in segments]
    text = "\r".join(lines)
    ours, theirs = parse(text.encode()), hl7.parse(text)

    assert [segment.name for segment in ours.segments()] == [str(segment[0]) for segment in theirs]
    assert "\r".join(segment.text for segment in ours.segments()) == text
    for one, (_, fields), other in zip(ours.segments()[1:], segments, list(theirs)[1:], strict=True):
        for number, field in enumerate(fields, 1):
            assert one.raw(number) == str(other[number])
            for rep, components in enumerate(field, 1):
                for component, parts in enumerate(components, 1):
                    for sub, part in enumerate(parts, 1):
                        assert one.component(number, component, rep, sub) == part.strip()


@pytest.mark.parametrize("raw", SAMPLES)
def test_samples_read_as_another_parser_reads_them(raw):
    ours, theirs = parse(raw), hl7.parse(raw.decode())

    for place in ("MSH.10", "PID.3.1.1", "PID.5.1.1", "OBR.3.1.1", "OBR.22", "OBR.25", "OBX.5"):
        path = place.replace(".", "-", 1)
        try:
            expected = theirs[place]
        except (IndexError, KeyError):
            expected = ""
        name, _, rest = path.partition("-")
        number, *deeper = rest.split(".")
        found = f"{name}-{number}" + (f"[{deeper[0]}].{deeper[1]}" if deeper else "")
        assert ours.value(found) == str(expected)


@PATIENT
@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=60))
def test_escaped_words_come_back_unchanged(words):
    escaped = (
        words.replace("\\", "\\E\\")
        .replace("|", "\\F\\")
        .replace("^", "\\S\\")
        .replace("&", "\\T\\")
        .replace("~", "\\R\\")
    )
    value = parse(f"MSH|^~\\&|RIS\rOBX|1|TX|||{escaped}|x".encode()).first("OBX")[5]

    assert value == (words if words != '""' else "")
