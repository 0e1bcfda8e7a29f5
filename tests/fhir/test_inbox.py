"""The inbox as the FHIR door writes to it: one row for each body, whoever brings it and however often."""

import asyncio
from dataclasses import replace

import psycopg
import pytest
from sample_fhir import raw, report

from soar2.exchange.fhir.inbox import BodyInbox
from soar2.exchange.fhir.keys import CREATE, Holder
from soar2.exchange.fhir.reading import Told
from soar2.exchange.fhir.receipt import accepted

HOLDER = Holder("0" * 64, "ris", "Radiology results", frozenset({CREATE}))


def arrival(number):
    body = raw(report(f"Report {number}.", accession=f"I{number}"))
    return accepted(body, Told("DiagnosticReport", (), ()), HOLDER, "10.1.2.3")


@pytest.fixture
def store(visitor, loop):
    """Store groups at once, each over a connection of its own; their answers."""

    def stored(*groups, demo=False):
        async def together():
            inboxes = [BodyInbox({"conninfo": visitor.url}, demo=demo) for _ in groups]
            try:
                return await asyncio.gather(
                    *[inbox.store(group) for inbox, group in zip(inboxes, groups, strict=True)]
                )
            finally:
                for inbox in inboxes:
                    await inbox.close()

        return loop.run(together())

    return stored


@pytest.mark.parametrize("count", [1, 2, 60])
@pytest.mark.parametrize("demo", [False, True])
def test_each_is_stored_once_and_answered_in_order(visitor, store, count, demo):
    group = [arrival(number) for number in range(count)]
    assert store(group, demo=demo) == [[item.answer for item in group]]
    assert visitor.inbox("raw, answer, resent, state, feed, format, door") == [
        (item.raw, item.answer, 0, "stored", HOLDER.feed, "fhir", "fhir")
        for item in sorted(group, key=lambda item: item.key if count > 1 else ())
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_what_is_there_is_answered_as_the_first_time_and_counted(visitor, store, count):
    group = [arrival(number) for number in range(count)]
    store(group)
    other = [replace(item, answer=b"[503]") for item in group]
    assert store(other) == [[item.answer for item in group]]
    assert store([*other, other[0]]) == [[item.answer for item in [*group, group[0]]]]
    assert sorted(visitor.inbox("resent")) == sorted([(3,)] + [(2,)] * (count - 1))


def test_the_same_bodies_by_many_at_once_in_any_order_are_rows_once(visitor, store):
    group = [arrival(number) for number in range(40)]
    orders = [group, group[::-1], group[20:] + group[:20], group[::2] + group[1::2]]
    for order, answers in zip(orders, store(*orders), strict=True):
        assert answers == [item.answer for item in order]
    assert visitor.inbox("resent") == [(3,)] * 40


@pytest.mark.parametrize("count", [1, 2])
def test_the_worker_is_called_when_something_is_stored(visitor, store, count):
    with psycopg.connect(visitor.url, autocommit=True) as listening:
        listening.execute("LISTEN soar2_inbox")
        store([arrival(number) for number in range(count)])
        assert len(list(listening.notifies(timeout=30, stop_after=1))) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_what_the_database_refuses_leaves_nothing_behind(visitor, store, count):
    group = [replace(arrival(number), state="x" * 1000) for number in range(count)]
    with pytest.raises(psycopg.DataError):
        store(group)
    assert visitor.inbox("id") == []
