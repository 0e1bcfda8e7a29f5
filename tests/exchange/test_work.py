"""The worker: hears the database's call, again after the connection was lost, and shares work with others."""

import asyncio
import random
import threading
import time

import psycopg
import pytest
from django.db import connection
from sample_reports import at, macro, oru
from whole_system import Mailbox, WholeSystem

from soar2.exchange import dispatch
from soar2.exchange.models import InboundMessage
from soar2.exchange.work import INBOX, OUTBOX, Worker
from soar2.pathway.notices.models import Notice, NoticeReport
from soar2.record.models import Patient

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
