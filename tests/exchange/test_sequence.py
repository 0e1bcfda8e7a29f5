"""Sequence numbers (MSH-13): what the sender is told to send next, and what a person sees of gaps."""

import pytest

from soar2.exchange.gaps import sequence_gaps
from soar2.exchange.mllp import frame
from soar2.exchange.models import SenderSequence
from soar2.exchange.sequence import ANY, KEPT, Count

AT = "2026-03-10T18:05:00Z"


def heard(*numbers, start=None):
    count = start or Count()
    for number in numbers:
        count = count.heard(number, AT)
    return count


@pytest.mark.parametrize(
    ("numbers", "expected", "odd"),
    [
        ((1, 2, 3), 4, []),
        ((41, 42), 43, []),  # a sender that was counting before it came here
        ((0,), 1, []),
        ((0, 1, 2), 3, []),
        ((1, 2, 0, 3), 4, []),
        ((1, 2, 5), 6, [(3, 4, "missing")]),
        ((1, 2, 5, 3), 6, [(4, 4, "missing")]),
        ((1, 2, 5, 4), 6, [(3, 3, "missing")]),
        ((1, 2, 5, 4, 3), 6, []),
        ((1, 5, 3), 6, [(2, 2, "missing"), (4, 4, "missing")]),
        ((5, 6, 6), 7, [(6, 6, "repeated")]),
        ((5, 6, 5), 7, [(5, 5, "repeated")]),
        ((7, 8, 1, 2), 3, [(1, 1, "restarted")]),
        ((7, -1), -1, []),
        ((7, -1, 900), 901, []),  # the number after -1 is taken as it comes
        ((-1, 0), 1, []),
    ],
)
def test_what_comes_next_and_what_is_odd(numbers, expected, odd):
    count = heard(*numbers)
    assert count.expected == expected
    assert [(first, last, kind) for first, last, _, kind in count.entries] == odd


def test_only_the_latest_oddities_are_kept():
    count = heard(*range(1, 403, 3))
    assert len(count.entries) == KEPT
    assert count.entries[-1][:2] == (398, 399)


def test_any_number_may_come_first():
    assert Count().expected == ANY


# Through the door


def numbered(oru, control_id, number, text="Words.", **change):
    return oru(control_id, text, **change).replace(b"|2.5.1||||||", b"|2.5.1|%d|||||" % number)


def told(answer: bytes) -> tuple[str, str]:
    """MSA-1 and MSA-4."""
    fields = answer.split(b"\rMSA|")[1].split(b"\r")[0].decode().split("|")
    return fields[0], fields[3] if len(fields) > 3 else ""


def test_the_answer_names_the_next_number_and_a_gap_is_never_refused(database, listener, oru, wire):
    with wire(listener.port) as line:
        answers = [told(line.ask(numbered(oru, f"S{n}", n))) for n in (7, 8, 11, 9)]
    assert answers == [("AA", "8"), ("AA", "9"), ("AA", "12"), ("AA", "12")]
    [(last, gaps)] = database.rows("SELECT last, gaps FROM exchange_sendersequence")
    assert last == 11
    assert [(first, until, kind) for first, until, _, kind in gaps] == [(10, 10, "missing")]


def test_a_resend_is_told_the_same_and_is_no_repeat(database, listener, hasty_listener, oru, wire):
    with wire(listener.port) as line, wire(hasty_listener.port) as other:
        first = line.ask(numbered(oru, "R1", 1))
        line.ask(numbered(oru, "R2", 2))
        assert other.ask(numbered(oru, "R1", 1)) == first
        assert told(line.ask(numbered(oru, "R3", 2))) == (
            "AA",
            "3",
        )  # another message with a number used before
    [(gaps,)] = database.rows("SELECT gaps FROM exchange_sendersequence")
    assert [(first, last, kind) for first, last, _, kind in gaps] == [(2, 2, "repeated")]
    assert database.inbox("control_id, resent") == [("R1", 1), ("R2", 0), ("R3", 0)]


def test_many_in_one_commit_are_counted_in_order(database, listener, oru, wire):
    with wire(listener.port) as line:
        line.write(b"".join(frame(numbered(oru, f"M{n}", n)) for n in range(1, 41)))
        assert [told(line.answer())[1] for _ in range(40)] == [str(n + 1) for n in range(1, 41)]
    assert database.rows("SELECT last, gaps FROM exchange_sendersequence") == [(40, [])]


@pytest.mark.parametrize(("number", "expected"), [(0, "43"), (-1, "-1")])
def test_the_message_that_starts_a_link_has_no_content_and_opens_nothing(
    database, listener, oru, wire, number, expected
):
    with wire(listener.port) as line:
        line.ask(numbered(oru, "L1", 42))
        start = b"MSH|^~\\&|RIS|SITEA|SOAR2|SITEA|20260310||^|L2|P|2.5.1|%d\r" % number
        assert told(line.ask(start)) == ("AA", expected)
    [_, (state, reason)] = database.inbox("state, reason")
    assert state == "filtered"
    assert "starts its sequence numbers" in reason


def test_a_reused_control_id_is_refused_and_its_number_still_counted_once(database, listener, oru, wire):
    with wire(listener.port) as line:
        line.ask(numbered(oru, "C1", 1))
        assert told(line.ask(numbered(oru, "C1", 2, "Other words."))) == ("AE", "3")
        assert told(line.ask(numbered(oru, "C2", 3))) == ("AA", "4")
    assert database.rows("SELECT last, gaps FROM exchange_sendersequence") == [(3, [])]


def test_senders_count_each_for_itself_and_without_numbers_nothing_is_kept(database, listener, oru, wire):
    with wire(listener.port) as line:
        assert told(line.ask(oru("N1")))[1] == ""
        assert told(line.ask(numbered(oru, "A1", 5, app="A")))[1] == "6"
        assert told(line.ask(numbered(oru, "B1", 9, app="B")))[1] == "10"
    kept = database.rows("SELECT sending_application, last FROM exchange_sendersequence ORDER BY 1")
    assert kept == [("A", 5), ("B", 9)]


@pytest.mark.django_db
def test_a_person_sees_them_as_sentences():
    SenderSequence.objects.create(
        sending_application="RIS", sending_facility="SITEA", last=9,
        gaps=[[3, 4, "2026-03-10T18:05:00Z", "missing"], [7, 7, "2026-03-10T19:05:00Z", "repeated"]],
    )  # fmt: skip
    SenderSequence.objects.create(sending_application="PACS", sending_facility="", last=9)
    assert [gap.sentence for gap in sequence_gaps()] == [
        "RIS/SITEA: number 7 came a second time, with another message.",
        "RIS/SITEA: numbers 3 to 4 never came. Ask its interface team to send them again.",
    ]
