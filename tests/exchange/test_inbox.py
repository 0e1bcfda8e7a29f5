"""What one commit of the inbox holds, and what each sender is told, on a real PostgreSQL."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.conf import settings

from soar2.exchange.arrival import AnswerIds, leftover, received, too_large
from soar2.exchange.inbox import Inbox, connection_arguments

NOW = datetime(2026, 3, 10, 18, 5, tzinfo=UTC)
IDS = AnswerIds()


def arrival(raw: bytes):
    return received(raw, peer="10.0.0.7:4711", now=NOW, answer_id=IDS.next())


def with_inbox(database, work, **options):
    async def run():
        inbox = Inbox({"conninfo": database.url, "application_name": "inbox test"}, **options)
        try:
            return await work(inbox)
        finally:
            await inbox.close()

    with ThreadPoolExecutor(1) as alone:  # a browser test may have left a loop in this thread
        return alone.submit(asyncio.run, run()).result()


def store(database, *groups, **options):
    """The answers to each group, stored one group after the other."""

    async def work(inbox):
        return [await inbox.store(group) for group in groups]

    return with_inbox(database, work, **options)


def test_a_group_is_one_transaction_and_every_row_holds_its_bytes_and_its_answer(database, oru):
    group = [arrival(oru(f"G{n}", f"Report {n}")) for n in range(200)]
    [answers] = store(database, group)
    rows = database.inbox(
        "raw, answer, state, answer_code, peer, sending_application, control_id, message_type"
    )
    assert rows == [
        (item.raw, item.answer, "stored", "AA", "10.0.0.7:4711", "RIS", f"G{n}", "ORU^R01")
        for n, item in enumerate(group)
    ]
    assert answers == [item.answer for item in group]
    assert database.rows("SELECT count(DISTINCT xmin::text) FROM exchange_inboundmessage") == [(1,)]


def test_a_resend_is_counted_and_gets_the_first_answer_again(database, oru):
    first, again, third = (arrival(oru("R1")) for _ in range(3))
    assert len({first.answer, again.answer, third.answer}) == 3  # each would have an answer of its own
    answers = store(database, [first, again], [third])
    assert answers == [[first.answer, first.answer], [first.answer]]
    assert database.inbox("resent, state") == [(2, "stored")]


@pytest.mark.parametrize("together", [True, False], ids=["in one group", "later"])
def test_one_control_id_with_other_content_is_quarantined_and_both_replay_their_own_answers(
    database, oru, together
):
    one, other = arrival(oru("C1", "Cord compressed.")), arrival(oru("C1", "No compression."))
    if together:
        [[said_one, said_other]] = store(database, [one, other])
    else:
        [[said_one], [said_other]] = store(database, [one], [other])
    assert said_one == one.answer
    assert b"MSA|AE|C1" in said_other
    assert b"MSH^1^10" in said_other
    rows = database.inbox('state, answer_code, "where", raw')
    assert rows == [("stored", "AA", "", one.raw), ("quarantined", "AE", "MSH-10", other.raw)]
    again = store(database, [arrival(other.raw), arrival(one.raw)])
    assert again == [[said_other, said_one]]
    assert database.inbox("resent") == [(1,), (1,)]


@pytest.mark.parametrize("together", [True, False], ids=["in one group", "later"])
def test_a_refused_message_takes_no_control_id_from_the_mended_one(database, oru, together):
    refused, mended = arrival(oru("R1", type="ADT^A08")), arrival(oru("R1"))
    store(database, *([[refused, mended]] if together else [[refused], [mended]]))
    assert database.inbox("answer_code, state") == [("AR", "filtered"), ("AA", "stored")]


def test_the_same_control_id_from_another_sender_is_another_message(database, oru):
    store(database, [arrival(oru("X1", app="RIS")), arrival(oru("X1", "Other words.", app="PACS"))])
    assert database.inbox("state") == [("stored",), ("stored",)]


def test_two_writers_at_once_never_accept_two_contents_for_one_control_id(database, oru):
    async def work(inbox):
        second = Inbox({"conninfo": database.url})
        try:
            for n in range(25):
                left, right = arrival(oru(f"W{n}", "Left.")), arrival(oru(f"W{n}", "Right."))
                await asyncio.gather(inbox.store([left]), second.store([right]))
        finally:
            await second.close()

    with_inbox(database, work)
    counted = (
        "SELECT control_id, count(*) FILTER (WHERE state = 'stored'), count(*) FROM exchange_inboundmessage"
    )
    found = database.rows(f"{counted} GROUP BY control_id")
    assert len(found) == 25
    assert {row[1:] for row in found} == {(1, 2)}


def test_two_writers_with_the_same_messages_in_opposite_order_do_not_block_each_other(database, oru):
    raws = [oru(f"D{n}", app=f"RIS{n % 3}") for n in range(60)]

    async def work(inbox):
        second = Inbox({"conninfo": database.url})
        try:
            return await asyncio.gather(
                inbox.store([arrival(raw) for raw in raws]),
                second.store([arrival(raw) for raw in reversed(raws)]),
            )
        finally:
            await second.close()

    one, other = with_inbox(database, work)
    assert one == other[::-1]
    assert database.inbox("resent") == [(1,)] * 60


@pytest.mark.parametrize(
    ("demo", "running", "rate", "expected"),
    [
        (True, False, 1.0, timedelta(0)),
        (True, True, 60.0, timedelta(minutes=10)),  # ten seconds ago by the machine, at sixty times its speed
        (False, True, 60.0, None),
    ],
    ids=["paused demo", "hastened demo", "production"],
)
def test_messages_carry_the_hospital_time(database, oru, demo, running, rate, expected):
    hospital = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute(
            'INSERT INTO record_democlock (id, "real", hospital, rate, running) '
            "VALUES (1, now() - interval '10 seconds', %s, %s, %s)",
            (hospital, rate, running),
        )
    store(database, [arrival(oru("T1"))], demo=demo)
    [(received_at, stored_at)] = database.inbox("received_at, stored_at")
    if expected is None:
        assert abs(received_at - stored_at) < timedelta(seconds=5)
    else:
        assert timedelta(0) <= received_at - hospital - expected < timedelta(minutes=5)


@pytest.mark.parametrize(
    "control_id", ["L" * 6000, "N\0UL", "\ufffe", "Ü" * 300], ids=["long", "NUL", "nonchar", "umlauts"]
)
def test_no_control_id_is_too_odd_to_be_stored(database, oru, control_id):
    one = arrival(oru(control_id))
    other = arrival(oru(control_id + "1"))
    store(database, [one, other])
    assert [raw for (raw,) in database.inbox("raw")] == [one.raw, other.raw]
    assert "AE" not in [code for (code,) in database.inbox("answer_code")]


STATES = [
    # change of a good message, state of its row, code, place
    ({}, "stored", "AA", ""),
    ({"pid": ""}, "stored", "AE", "PID"),  # its words are still read: they may describe a compressed cord
    ({"type": "ADT^A08"}, "filtered", "AR", "MSH-9"),
    ({"processing": "T"}, "quarantined", "AR", "MSH-11"),
    ({"processing": "Q"}, "quarantined", "AR", "MSH-11"),
]


@pytest.mark.parametrize(("change", "state", "code", "where"), STATES)
def test_what_becomes_of_a_message_follows_from_its_verdict(database, oru, change, state, code, where):
    store(database, [arrival(oru("V1", **change))])
    [(found_state, found_code, found_where, reason)] = database.inbox('state, answer_code, "where", reason')
    assert (found_state, found_code, found_where) == (state, code, where)
    assert bool(reason) == (code != "AA")


def test_what_is_no_message_is_kept_without_a_key_so_that_the_real_one_can_still_come(database, oru):
    whole = oru("P1")
    partial = leftover(whole[:90], "A frame was begun and not finished.", peer="p")
    large = too_large(whole, 20_000_000, limit=16_777_216, peer="p", now=NOW, answer_id=IDS.next())
    [answers] = store(database, [partial, large, arrival(whole)])
    assert answers[0] == b""
    assert b"MSA|AR|P1" in answers[1]
    assert b"MSA|AA|P1" in answers[2]
    rows = database.inbox("state, control_id, raw")
    assert rows == [("quarantined", "", whole[:90]), ("quarantined", "", whole), ("stored", "P1", whole)]
    assert "20,000,000" in database.inbox("reason")[1][0]


def test_the_enhanced_answers_are_told_apart_on_the_wire(oru):
    raw = oru("E1").replace(b"2.5.1||||||", b"2.5.1|||AL|AL||")
    item = arrival(raw)
    accept, application = item.answer.split(b"\x1c\r\x0b")
    assert item.answer_code == "CA"
    assert b"MSA|CA|E1" in accept
    assert b"MSA|AA|E1" in application
    assert arrival(oru("E2").replace(b"2.5.1||||||", b"2.5.1|||NE|NE||")).answer == b""


def test_waiting_workers_are_woken_by_the_commit(database, oru):
    with psycopg.connect(database.url, autocommit=True) as worker:
        worker.execute("LISTEN soar2_inbox")
        store(database, [arrival(oru("N1")), arrival(oru("N2"))])
        assert [note.channel for note in worker.notifies(timeout=5, stop_after=1)] == ["soar2_inbox"]


def test_one_message_the_database_refuses_does_not_keep_back_the_others(database, oru):
    good = [arrival(oru(f"B{n}")) for n in range(4)]
    poison = replace(arrival(oru("B9")), state="a state that fits no column")

    async def work(inbox):
        return await inbox.store_patiently([*good[:2], poison, *good[2:]], patience=1)

    answers = with_inbox(database, work)
    assert answers == [good[0].answer, good[1].answer, None, good[2].answer, good[3].answer]
    assert len(database.inbox("id")) == 4


def test_nothing_is_answered_while_the_database_is_away_and_the_wait_is_bounded(database, oru):
    async def work(_):
        inbox = Inbox({"host": "/nonexistent", "dbname": "door"})
        began = time.monotonic()
        return await inbox.store_patiently([arrival(oru("A1"))], patience=0.4), time.monotonic() - began

    answers, seconds = with_inbox(database, work)
    assert answers == [None]
    assert seconds < 5


def test_a_cut_database_connection_is_replaced_at_once(database, oru):
    async def work(inbox):
        await inbox.store([arrival(oru("K1"))])
        database.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'door' AND pid <> pg_backend_pid()"
        )
        return await inbox.store_patiently([arrival(oru("K2"))], patience=5)

    [answer] = with_inbox(database, work)
    assert b"MSA|AA|K2" in answer
    assert len(database.inbox("id")) == 2


def test_the_statement_finds_its_rows_by_index_even_when_planned_on_a_small_table(database, oru):
    """A plan made for eight rows is kept while the table grows: reading it whole each time would not do."""
    store(database, [arrival(oru(f"I{n}")) for n in range(8)])
    with psycopg.connect(database.url, autocommit=True) as other:
        other.execute("ANALYZE exchange_inboundmessage")
    before = scans(database)
    store(database, *([arrival(oru(f"I{n}"))] for n in range(6, 20)))
    assert scans(database) == before


def scans(database) -> list[tuple]:
    """How often the table was read whole, by every session that has ended: none of ours may be left."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'door'"
    others += " AND pid <> pg_backend_pid() AND application_name = 'inbox test'"
    while database.rows(others) != [(0,)]:
        time.sleep(0.01)
    return database.rows("SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'exchange_inboundmessage'")


def test_connection_arguments_come_from_djangos_settings(monkeypatch):
    given = {"NAME": "soar2", "USER": "soar2", "PASSWORD": "secret", "HOST": "/run/soar2", "PORT": ""}
    options = {"sslmode": "require", "pool": True}
    monkeypatch.setitem(settings.DATABASES, "default", {**given, "OPTIONS": options})
    found = connection_arguments()
    expected = {"dbname": "soar2", "user": "soar2", "password": "secret", "host": "/run/soar2"}
    assert {**expected, "sslmode": "require"}.items() <= found.items()
    assert not {"port", "pool"} & found.keys()
