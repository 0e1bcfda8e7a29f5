"""Framing: whatever way the bytes are cut, each message comes out once and nothing vanishes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soar2.exchange.mllp import HEAD, Frame, Framer, Noise, TooLarge, Truncated, frame

ONE, TWO = b"MSH|^~\\&|RIS|1\rPID|1\r", b"MSH|^~\\&|RIS|2\rOBX|1\r"


def cut(data, size):
    return [data[start : start + size] for start in range(0, len(data), size)]


def events_of(chunks, **options):
    framer = Framer(**options)
    return [event for chunk in chunks for event in framer.feed(chunk)] + framer.close()


@pytest.mark.parametrize(
    ("data", "events"),
    [
        (frame(ONE), [Frame(ONE)]),
        (frame(ONE) + frame(TWO), [Frame(ONE), Frame(TWO)]),
        (frame(b""), [Frame(b"")]),
        (b"\x0b" + ONE + b"\x1c", [Frame(ONE)]),
        (b"\x0b" + ONE + b"\x1c" + frame(TWO), [Frame(ONE), Frame(TWO)]),
        (b"\x0b" + ONE + b"\x1c\n" + frame(TWO), [Frame(ONE), Frame(TWO)]),
        (b"\r\n" + frame(ONE) + b"\r\n\r\n", [Frame(ONE)]),
        (b"\x0b" + ONE, [Truncated(ONE)]),
        (b"\x0b" + ONE + frame(TWO), [Truncated(ONE), Frame(TWO)]),
        (frame(b"MSH|a\x0bb|\x0bc"), [Frame(b"MSH|a\x0bb|\x0bc")]),
        (b"", []),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_do_not_depend_on_how_bytes_are_cut(data, events, size):
    assert events_of(cut(data, size)) == events


def test_noise_between_frames_is_reported_with_its_bytes():
    found = events_of([b"GET / HTTP/1.1\r\n" + frame(ONE) + b"xx" + frame(TWO) + b"end"])

    assert found == [Noise(b"GET / HTTP/1.1\r\n"), Frame(ONE), Noise(b"xx"), Frame(TWO), Noise(b"end")]


def test_an_unframed_message_is_noise_and_not_lost():
    found = events_of(cut(ONE, 5))

    assert b"".join(event.content for event in found) == ONE
    assert {type(event) for event in found} == {Noise}


def test_an_end_mark_inside_a_text_does_not_cut_the_report():
    words = b"MSH|a\rOBX|1|TX|||before\x1cafter\r"

    assert events_of([frame(words)]) == [Frame(words)]


def test_junk_between_a_missing_final_return_and_the_next_message():
    assert events_of([b"\x0b" + ONE + b"\x1cxx" + frame(TWO)]) == [Frame(ONE), Noise(b"xx"), Frame(TWO)]


def test_a_message_without_its_final_return_is_not_waited_for():
    framer = Framer()

    assert framer.feed(b"\x0b" + ONE + b"\x1c") == [Frame(ONE)]
    assert framer.feed(b"\r" + frame(TWO)) == [Frame(TWO)]


@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_a_message_beyond_the_limit_is_reported_and_the_next_one_is_read(size):
    large = b"MSH|^~\\&|RIS|9\r" + b"x" * 5000
    found = events_of(cut(frame(large) + frame(ONE), size), limit=1000)

    assert [type(event) for event in found] == [TooLarge, Frame]
    assert found[0].size == len(large)
    assert large.startswith(found[0].head)
    assert found[0].head.startswith(b"MSH|^~\\&|RIS|9\r")
    assert found[1] == Frame(ONE)


def test_a_large_message_passing_by_is_not_kept_in_memory():
    framer = Framer(limit=100_000)
    framer.feed(b"\x0bMSH|")
    for _ in range(50):
        framer.feed(b"x" * 10_000)

    assert framer.over_limit
    assert framer.waiting == 500_004
    assert len(framer._buffer) <= 110_000
    found = framer.close()
    assert (found[0].size, len(found[0].head)) == (500_004, HEAD)


def test_a_message_at_the_limit_passes():
    assert events_of([frame(b"x" * 1000)], limit=1000) == [Frame(b"x" * 1000)]
    assert events_of(cut(frame(b"x" * 1000), 10), limit=1000) == [Frame(b"x" * 1000)]


def test_sixteen_mebibytes_by_default():
    large = b"MSH|" + b"x" * (16 * 1024 * 1024 - 4)

    assert events_of(cut(frame(large), 65_536)) == [Frame(large)]


def test_waiting_counts_an_unfinished_message():
    framer = Framer()
    assert framer.waiting == 0
    framer.feed(b"\x0bMSH|")
    assert framer.waiting == 4
    framer.feed(b"\x1c\r")
    assert framer.waiting == 0


def test_what_would_cut_itself_is_not_framed():
    with pytest.raises(ValueError, match="end mark"):
        frame(b"MSH|a\x1c\rb")


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(1, 50))
def test_no_bytes_are_lost_and_none_break_it(data, size):
    found = events_of(cut(data, size))
    kept = b"".join(getattr(event, "content", b"") for event in found)

    assert sorted(kept.translate(None, b"\x0b\x1c\r\n")) == sorted(data.translate(None, b"\x0b\x1c\r\n"))


def test_many_messages_in_random_pieces_come_out_in_order():
    random.seed(20931)
    messages = [
        b"MSH|^~\\&|RIS|%d\r" % n + random.randbytes(300).translate(None, b"\x0b\x1c") for n in range(200)
    ]
    data = b"".join(map(frame, messages))
    chunks = []
    while data:
        size = random.randint(1, 900)
        chunks.append(data[:size])
        data = data[size:]

    assert events_of(chunks) == [Frame(message) for message in messages]
