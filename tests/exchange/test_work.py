"""The worker: hears the database's call, again after the connection was lost, and shares work with others."""

import asyncio
import random
import threading
import time
from dataclasses import replace

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from mail_server import MailServer
from sample_reports import at, macro, oru
from whole_system import Mailbox, WholeSystem

from soar2.errors import Unreadable
from soar2.exchange import dispatch
from soar2.exchange.models import InboundMessage
from soar2.exchange.work import INBOX, OUTBOX, Worker
from soar2.pathway.notices.models import Notice, NoticeReport
from soar2.record import clock, outbox
from soar2.record.models import DeliveryAttempt, LedgerEntry, OutboxMessage, Patient

NOW = at("10 14:06")


def call(channel):
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as other:
        other.execute("SELECT pg_notify(%s, '')", [channel])


@pytest.mark.django_db(transaction=True)
def test_a_call_is_heard_and_heard_again_on_a_new_connection():
    worker = Worker()
    for _ in range(2):
        worker._listen()
        worker.next_sweep = time.monotonic() + 10
        call(INBOX)
        call(OUTBOX)
        began = time.monotonic()
        worker._wait()
        assert time.monotonic() - began < 2, "it slept although it was called"
        assert worker.owed.is_set()
        worker.owed.clear()
        connection.close()  # a database that was restarted


@pytest.mark.django_db(transaction=True)
def test_a_call_that_comes_during_the_work_is_not_slept_over():
    worker = Worker()
    worker._listen()
    worker.next_sweep = time.monotonic() + 10
    call(INBOX)
    InboundMessage.objects.count()  # the call arrives with this answer
    began = time.monotonic()
    worker._wait()
    assert time.monotonic() - began < 2


def stored(raw, n):
    return InboundMessage.objects.create(
        received_at=NOW, raw=raw, body_hash=str(n), control_id=str(n), answer_code="AA", answer=b""
    )


def two_orders(mrn, *accessions):
    """One message with two results, in the order given."""
    first, *others = (oru(macro("urgent"), mrn=mrn, accession=accession) for accession in accessions)
    return first + b"".join(other[other.index(b"OBR") :] for other in others)


def apply_by_two(ids):
    """Two workers, each with its own connection, on the same messages in different orders."""

    def work(order):
        try:
            for message in order:
                dispatch.apply_one(message, NOW)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(order,)) for order in (ids, ids[::-1])]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


@pytest.mark.django_db(transaction=True)
def test_two_workers_on_one_patient_and_one_accession_open_one_notice_each(people):
    """Ten patients; for each four versions of one accession, and two messages that cross two more accessions."""
    messages = []
    for patient in range(10):
        mrn, exam = f"P{patient}", f"E{patient}"
        for n, lane in enumerate(("urgent", "emergent", "expedited", "urgent")):
            messages.append(oru(macro(lane), mrn=mrn, accession=exam, reported=f"2026031014050{n}-0400"))
        messages.append(two_orders(mrn, f"{exam}-1", f"{exam}-2"))
        messages.append(two_orders(mrn, f"{exam}-2", f"{exam}-1"))
    random.Random(3).shuffle(messages)
    apply_by_two([stored(raw, n).id for n, raw in enumerate(messages)])
    assert set(InboundMessage.objects.values_list("state", "attempts")) == {("applied", 0)}
    assert Patient.objects.count() == 10
    assert Notice.objects.filter(closed_at=None).count() == 10
    assert NoticeReport.objects.values("report").distinct().count() == NoticeReport.objects.count()


class SlowMailbox(Mailbox):
    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(4)
        return await super().handle_DATA(server, session, envelope)


@pytest.mark.faults
def test_a_slow_mail_server_delays_no_report():
    system = WholeSystem()
    system.mail = SlowMailbox()
    system.start(parts=("work",))
    try:
        for n in range(4):
            with psycopg.connect(system.server.url(), autocommit=True) as link:
                link.execute(
                    "INSERT INTO exchange_inboundmessage (received_at, door, peer, feed, raw, body_hash,"
                    " sending_application, sending_facility, control_id, message_type, answer_code, answer, resent,"
                    " state, reason, \"where\", attempts, settled_note) VALUES (now(), 'mllp', '', '', %s, %s, '', '',"
                    " %s, '', 'AA', '', 0, 'stored', '', '', 0, '')",
                    [oru(macro("urgent"), n=n), str(n), str(n)],
                )
                link.execute("SELECT pg_notify('soar2_inbox', '')")
            time.sleep(0.5)
        system.wait_until(
            lambda: system.one("SELECT count(*) FROM notices_notice") == 4,
            "all four are filed behind a slow mail server",
            5,
        )
        assert len(system.mail.mails) < 4
        system.wait_until(lambda: len(system.mail.mails) == 4, "all four arrive", 40)
        assert len(set(system.mail.notices())) == 4
    finally:
        system.stop()


@pytest.mark.django_db(transaction=True)
def test_what_a_report_owes_is_there_for_others_before_the_next_report_is_read(people):
    """Delivery is called after each commit, in order of arrival, and not at the end of a batch."""
    ids = [stored(oru(macro("urgent"), n=n, mrn=f"P{n}", accession=f"E{n}"), n).id for n in range(3)]
    seen = []

    def look():
        with psycopg.connect(**connection.get_connection_params()) as other:
            done = other.execute("SELECT id FROM exchange_inboundmessage WHERE state = 'applied' ORDER BY id")
            owed = other.execute("SELECT count(*) FROM record_outboxmessage WHERE state = 'queued'")
            seen.append(([row[0] for row in done], owed.fetchone()[0]))

    assert dispatch.apply_undone(NOW, after_each=look) == 3
    assert seen == [(ids[:n], n) for n in (1, 2, 3)]


@pytest.mark.django_db(transaction=True)
def test_a_message_that_fails_calls_nobody_and_holds_up_nobody(people, monkeypatch):
    bad, good = (stored(oru(macro("urgent"), n=n, mrn=f"P{n}", accession=f"E{n}"), n).id for n in range(2))
    file_in_turn, called = dispatch.file_in_turn, []

    def broken(incoming, *, now):
        if incoming.inbound == bad:
            raise RuntimeError("a bug of ours")
        return file_in_turn(incoming, now=now)

    monkeypatch.setattr(dispatch, "file_in_turn", broken)
    assert dispatch.apply_undone(NOW, after_each=lambda: called.append(1)) == 1
    assert called == [1]
    assert list(InboundMessage.objects.order_by("id").values_list("id", "state", "attempts")) == [
        (bad, "stored", 1),
        (good, "applied", 0),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_message_found_unreadable_half_way_leaves_its_row_and_nothing_else(people, monkeypatch):
    row = stored(two_orders("P", "E-1", "E-2"), 1)
    file_in_turn, filed = dispatch.file_in_turn, []

    def half_way(incoming, *, now):
        if filed:
            raise Unreadable("The second result cannot be read.", "OBX-5")
        filed.append(file_in_turn(incoming, now=now))
        return filed[0]

    monkeypatch.setattr(dispatch, "file_in_turn", half_way)
    assert dispatch.apply_one(row.id, NOW)
    row.refresh_from_db()
    assert (row.state, row.reason, row.where) == ("quarantined", "The second result cannot be read.", "OBX-5")
    assert filed
    for table in (Patient, Notice, LedgerEntry, OutboxMessage):
        assert not table.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_workers_that_lease_at_once_share_the_messages_and_none_is_taken_twice(people):
    for n in range(20):
        stored(oru(macro("urgent"), n=n, mrn=f"P{n}", accession=f"E{n}"), n)
    dispatch.apply_undone(NOW)
    taken, together = [], threading.Barrier(4)

    def work(name):
        together.wait()
        try:
            while some := outbox.lease(name, 3):
                taken.extend((message.id, name) for message in some)
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(taken) == 20
    assert dict(taken) == dict(OutboxMessage.objects.values_list("id", "leased_by"))


@pytest.mark.django_db(transaction=True)
def test_a_delivery_thread_sends_all_by_one_connection_and_each_has_its_own_attempt(people, monkeypatch):
    server = MailServer()
    smtp = replace(settings.PROGRAMME.smtp, host="127.0.0.1", port=server.port)
    monkeypatch.setattr(settings, "PROGRAMME", replace(settings.PROGRAMME, smtp=smtp))
    for n in range(6):
        stored(oru(macro("urgent"), n=n, mrn=f"P{n}", accession=f"E{n}"), n)
    dispatch.apply_undone(NOW)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    worker = Worker()
    monkeypatch.setattr(worker, "_going", lambda: OutboxMessage.objects.filter(state="queued").exists())
    monkeypatch.setattr(worker.owed, "wait", lambda *_: worker.stopping.set())
    thread = threading.Thread(target=worker._deliver, args=("delivery email",))
    thread.start()
    thread.join()
    server.stop()
    assert not worker.failed
    assert [heard.count("DATA") for heard in server.lines] == [6]
    assert DeliveryAttempt.objects.filter(outcome="sent").values("message").distinct().count() == 6
    assert (
        DeliveryAttempt.objects.count() == OutboxMessage.objects.filter(state="sent", attempts=1).count() == 6
    )
