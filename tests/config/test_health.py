"""/health/ reports whether traffic flows, and tells apart where it stops; /health/live asks the process alone."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone
from sample_reports import macro, minutes, oru

from soar2.exchange import dispatch
from soar2.exchange.models import InboundMessage
from soar2.record import outbox
from soar2.record import people as record_people
from soar2.record.models import DeliveryAttempt, Heartbeat, OutboxMessage

PATIENT = {"name": "ZYXWOMAN^QUILLA", "mrn": "MRN7654321", "accession": "ACC-ZYX"}


@pytest.fixture
def production(people, settings):
    """A hospital in which all is well: processes alive, a report read, its notice delivered."""
    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    for kind in ("listener", "worker", "watcher"):
        Heartbeat.objects.create(name=f"{kind}@host7:4711", kind=kind, seen=timezone.now())
    now = timezone.now()
    InboundMessage.objects.create(
        received_at=now, raw=oru(macro("urgent"), **PATIENT), body_hash="h", answer_code="AA", answer=b""
    )
    dispatch.apply_undone(now)
    for message in OutboxMessage.objects.all():
        outbox.sent(message, person=people["bell"], now=now)


def ask(path="/health/", **headers):
    return Client(headers={"host": "127.0.0.1", **headers}).get(path)


def told(answer=None):
    return json.loads((answer or ask("/health/?format=json")).content)


def test_well_while_traffic_flows(production):
    answer = ask()
    assert (answer.status_code, answer.content, answer["Content-Type"]) == (200, b"well\n", "text/plain")


def test_json_says_what_it_looked_at(production):
    answer = ask(accept="application/json")
    found = told(answer)
    assert (answer.status_code, found["status"], found["faults"]) == (200, "well", [])
    assert set(found["last"]) == {"stored", "read", "delivered"}
    assert None not in found["last"].values()
    assert found["unread"] == {"count": 0, "oldest": None}
    [feed] = [feed for feed in found["feeds"] if feed["name"] == "Radiology results"]
    assert feed["last_seen"] is not None
    assert feed["expected_gap_minutes"] == 60
    assert {one["kind"]: one["alive"] for one in found["processes"]} == {
        "listener": 1,
        "worker": 1,
        "watcher": 1,
    }


def nothing_came():
    InboundMessage.objects.update(received_at=timezone.now() - minutes(61))


def not_read():
    row = InboundMessage.objects.create(
        received_at=timezone.now(), raw=b"x", body_hash="x", answer_code="AA", answer=b"", control_id="x"
    )
    InboundMessage.objects.filter(id=row.id).update(stored_at=timezone.now() - timedelta(seconds=61))


def not_sent():
    outbox.owe(
        about="00000000-0000-0000-0000-000000000001", kind="notice", channel="email",
        role=record_people.role("navigator"), now=timezone.now(),
    )  # fmt: skip
    OutboxMessage.objects.filter(state="queued").update(not_before=timezone.now() - timedelta(seconds=121))


def sent_in_vain():
    not_sent()
    message = OutboxMessage.objects.get(state="queued")
    OutboxMessage.objects.filter(id=message.id).update(not_before=timezone.now() + timedelta(seconds=300))
    DeliveryAttempt.objects.create(
        message=message,
        at=timezone.now(),
        outcome="retry",
        recorded_at=timezone.now() - timedelta(seconds=121),
    )


def silent(kind):
    def silence():
        Heartbeat.objects.filter(kind=kind).update(seen=timezone.now() - timedelta(minutes=2))

    silence.__name__ = f"silent_{kind}"
    return silence


STOPS = [
    (nothing_came, "nothing-came", "Radiology results has been silent for 1 h 1 min"),
    (not_read, "not-read", "1 message came in and is not read, the oldest for 1 min."),
    (not_sent, "not-sent", "1 message by e-mail is owed and not sent, the oldest for 2 min."),
    (sent_in_vain, "not-sent", "1 message by e-mail is owed and not sent, the oldest for 2 min."),
    (silent("listener"), "process", "No listener has given a sign of life for 2 min."),
    (silent("worker"), "process", "No worker has given a sign of life for 2 min."),
    (silent("watcher"), "process", "No watcher has given a sign of life for 2 min."),
]


@pytest.mark.parametrize(("stop", "kind", "words"), STOPS, ids=[row[0].__name__ for row in STOPS])
def test_where_it_stops(production, stop, kind, words):
    stop()
    answer = ask()
    assert answer.status_code == 503
    assert answer.content.decode().startswith(words)
    [fault] = told()["faults"]
    assert fault["kind"] == kind
    assert ask("/health/live").content == b"alive\n"


def test_a_process_that_was_never_seen(production):
    Heartbeat.objects.filter(kind="watcher").delete()
    assert ask().content == b"No watcher has given a sign of life yet.\n"


def test_silence_that_is_expected_is_well(production, settings):
    tables = tuple(dict(table) for table in settings.PROGRAMME.feed_tables)
    for table in tables:
        table.pop("expected_gap_minutes", None)
    settings.PROGRAMME = replace(settings.PROGRAMME, feed_tables=tables)
    nothing_came()
    assert ask().content == b"well\n"


def test_a_demonstration_is_well_while_its_database_is(people):
    assert ask().content == b"well\n"
    found = told()
    assert found["status"] == "well"
    assert {fault["kind"] for fault in found["faults"]} == {"process"}, "they are listed all the same"


def test_a_database_that_takes_no_writes(production):
    before = transaction.savepoint_create()
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    answer = ask()
    transaction.savepoint_rollback(before)
    assert answer.status_code == 503
    assert answer.content.startswith(b"The database answers and takes no writes")


def test_looking_leaves_nothing(production):
    before = Heartbeat.objects.count()
    ask()
    assert Heartbeat.objects.count() == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("DELETE FROM django_migrations WHERE app = 'watch'", b"of an older version"),
        (
            "INSERT INTO django_migrations (app, name, applied) VALUES ('watch', '9999_later', now())",
            b"of a newer version",
        ),
    ],
)
def test_a_database_of_another_version(production, change, words):
    with connection.cursor() as cursor:
        cursor.execute(change)
    answer = ask()
    assert answer.status_code == 503
    assert words in answer.content


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away(settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    right = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict["PORT"] = "1"
    try:
        answer, alive = ask(), ask("/health/live")
        as_json = told()
    finally:
        connection.settings_dict.update(right)
        connection.close()
    assert (answer.status_code, answer.content) == (503, b"The database does not answer.\n")
    assert as_json["faults"] == [{"kind": "database", "words": "The database does not answer."}]
    assert alive.status_code == 200


def test_it_names_no_patient_and_no_machine(production):
    for stop in (nothing_came, not_read, not_sent, silent("worker")):
        stop()
    whole = (ask().content + ask("/health/?format=json").content).decode().lower()
    for word in ("zyxwoman", "quilla", "mrn7654321", "acc-zyx", "host7", "4711", "demo-ris"):
        assert word not in whole, word
