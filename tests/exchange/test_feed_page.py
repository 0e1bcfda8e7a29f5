"""The feed page: its title says the finding; held messages are shown to those who mend them, and to nobody else."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from sample_reports import at

from soar2.exchange import headline, queries, receipts
from soar2.exchange import held as held_messages
from soar2.exchange.models import InboundMessage
from soar2.record import clock, outbox
from soar2.record import people as record_people
from soar2.record.models import Heartbeat, LedgerEntry, OutboxMessage, Role

NOW = at("10 14:05")
FEED = "Radiology results"
RAW = (
    b"\x0bMSH|^~\\&|DEMO-RIS|DEMO|SOAR2|DEMO|20260310132901-0400||ORU^R01|C9|P|2.5.1\r"
    b"PID|1||<script>alert(1)</script>\xff^^^OTHER^MR||TEST^PATIENT\rOBX|1|TX|GDT||T8\x0c\x1c\r"
)


@pytest.fixture(autouse=True)
def _standing_clock(db, settings):
    settings.TIME_ZONE = str(settings.PROGRAMME.zone)
    clock.start(NOW, running=False)


def came(minutes_ago, state=InboundMessage.APPLIED, **more):
    number = InboundMessage.objects.count()
    values = {
        "feed": FEED,
        "raw": RAW,
        "body_hash": f"h{number}",
        "control_id": f"C{number}",
        "message_type": "ORU^R01",
    }
    return InboundMessage.objects.create(
        received_at=NOW - timedelta(minutes=minutes_ago),
        state=state,
        answer_code="AA",
        answer=b"",
        **values | more,
    )


def held(minutes_ago=30, **more):
    return came(
        minutes_ago, InboundMessage.QUARANTINED, reason="The message names no patient.", where="PID-3", **more
    )


def finding():
    return headline.finding(
        queries.feed_lines(NOW), held_messages.held_count(), queries.queue(), receipts.channels(NOW), NOW
    )


def delivery(state="queued", tries=0):
    role = record_people.role("navigator")
    message = outbox.owe(
        about="00000000-0000-0000-0000-000000000001", kind="notice", channel="email", role=role, now=NOW
    )
    for _ in range(tries):
        outbox.put_off(
            OutboxMessage.objects.get(id=message.id), person=None, reason="The mail server is away.", now=NOW
        )
    if state == "failed":
        outbox.failed(
            OutboxMessage.objects.get(id=message.id), person=None, reason="No such mailbox.", now=NOW
        )


def test_the_title_says_the_worst_that_is_true(people):
    assert finding() == "No message has come yet; the door is open"
    came(3)
    assert finding() == "Feeds well: 1 message in 24 hours, none held"
    held()
    assert finding() == "1 message held for a person; nothing is lost"
    delivery("failed")
    assert finding() == "1 delivery failed in 24 hours; each became a task for a person"
    came(2, InboundMessage.STORED, feed="")
    assert finding() == "1 message stored and not yet read, the oldest 2 min ago"
    InboundMessage.objects.all().update(received_at=NOW - timedelta(minutes=200))
    assert finding() == f"{FEED} has been silent 3 h 20 min; nothing is lost, what is shown may be old"


@pytest.mark.parametrize(
    ("minutes_ago", "silent"), [(59, False), (60, False), (61, True), (60 * 24 * 8, True)]
)
def test_a_feed_is_silent_past_its_expected_gap(people, minutes_ago, silent):
    came(minutes_ago)
    assert bool(list(queries.silent_feeds(NOW))) is silent
    assert queries.feed_state(NOW).mark == ("fault" if silent else "well")


def test_a_message_that_is_filtered_proves_that_a_feed_lives(people):
    came(300)
    came(2, InboundMessage.FILTERED)
    assert queries.feed_state(NOW).sentence == "Feeds well, last report 5 h ago"


def test_a_day_is_counted_by_state_and_by_quarter_hour(people):
    for minutes_ago, state in (
        (1, "applied"),
        (2, "filtered"),
        (20, "filtered"),
        (60 * 23, "applied"),
        (60 * 25, "applied"),
    ):
        came(minutes_ago, state)
    held(40, resent=3)
    line = queries.feed_lines(NOW)[0]
    assert (line.received, line.applied, line.filtered, line.held, line.resent) == (5, 2, 2, 1, 3)
    assert sum(line.quarters) == 5
    assert (line.quarters[-1], line.quarters[-2], line.quarters[-3], line.quarters[4]) == (2, 1, 1, 1)
    assert line.last_seen == NOW - timedelta(minutes=1)


def test_messages_of_no_feed_have_a_line_of_their_own(people):
    came(5)
    came(5, InboundMessage.FILTERED, feed="")
    assert [(line.name, line.received) for line in queries.feed_lines(NOW)] == [(FEED, 1), ("", 1)]


def test_what_was_held_at_the_door_counts_for_the_feed_its_sender_has(people, settings):
    only = {**settings.PROGRAMME.feed_tables[0], "sending_applications": ["RIS"]}
    settings.PROGRAMME = replace(settings.PROGRAMME, feed_tables=(only,))
    came(5)
    held(4, feed="", sending_application="RIS")
    held(3, feed="", sending_application="STRANGER")
    counted = [(line.name, line.received, line.held) for line in queries.feed_lines(NOW)]
    assert counted == [(FEED, 2, 1), ("", 1, 1)]


def test_a_held_message_stays_counted_after_a_day_until_it_is_settled(people):
    message = held(60 * 50)
    assert [one.id for one in held_messages.held()] == [message.id]
    InboundMessage.objects.update(settled_at=NOW)
    assert not held_messages.held()


def test_the_page_names_what_is_held_where_since_when_and_whose_it_is(people, signed_in):
    came(3)
    message = held(36)
    text = signed_in("bell").get("/feeds/").content.decode()
    for said in ("The message names no patient.", "PID-3", "36 min ago", "R. Osei", "4-7719"):
        assert said in text, said
    assert f"/feeds/held/{message.id}/" not in text, "a navigator is not led where she may not go"
    assert f"/feeds/held/{message.id}/" in signed_in("osei").get("/feeds/").content.decode()
    assert "TEST" not in text, "the list holds no patient data"


@pytest.mark.parametrize(
    ("who", "account", "status"),
    [
        ("osei", {}, 200),
        ("admin", {"is_staff": True}, 200),
        ("bell", {}, 403),
        ("okafor", {}, 403),
        ("visitor", {}, 403),
    ],
)
def test_raw_messages_are_for_the_interface_desk_and_administrators(people, signed_in, who, account, status):
    message = held()
    client = signed_in(who, **account)
    assert client.get(f"/feeds/held/{message.id}/").status_code == status
    posted = client.post(f"/feeds/held/{message.id}/settle", {"note": "Sender mended it."})
    assert posted.status_code == (302 if status == 200 else 403)
    looks = LedgerEntry.objects.filter(kind="message.opened").values_list("subject", "actor")
    assert list(looks) == ([(f"inbound {message.id}", who)] if status == 200 else [])


def test_the_raw_text_is_escaped_and_shows_what_is_no_text(people, signed_in):
    text = signed_in("osei").get(f"/feeds/held/{held().id}/").content.decode()
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\\xff^^^OTHER^MR" in text
    assert "T8\\x0c" in text
    assert "PID|1||<mark>&lt;script&gt;" in text
    assert "^^^OTHER^MR</mark>||TEST" in text, "the field that failed is marked, and it alone"
    assert text.count("<mark>") == 1


def test_only_what_is_held_can_be_opened(people, signed_in):
    fine = came(3)
    assert signed_in("osei").get(f"/feeds/held/{fine.id}/").status_code == 404


def test_settling_needs_words_once_and_keeps_the_message(people, signed_in):
    message, client = held(), signed_in("osei")
    refused = client.post(f"/feeds/held/{message.id}/settle", {"note": "  "})
    assert refused.status_code == 409
    assert "Say in a few words how it was settled." in refused.content.decode()
    assert client.post(f"/feeds/held/{message.id}/settle", {"note": "Sender mended it."}).status_code == 302
    message.refresh_from_db()
    assert (message.settled_by, message.settled_note, message.settled_at) == (
        people["osei"],
        "Sender mended it.",
        NOW,
    )
    assert bytes(message.raw) == RAW
    again = client.post(f"/feeds/held/{message.id}/settle", {"note": "Once more."})
    assert again.status_code == 409
    assert "R. Osei has settled this already." in again.content.decode()


def test_looking_at_the_feed_page_changes_nothing(people, signed_in):
    held()
    before = LedgerEntry.objects.count()
    signed_in("osei").get("/feeds/")
    assert LedgerEntry.objects.count() == before


def test_receipts_tell_every_attempt_and_what_is_owed_stands_first(people, signed_in):
    delivery()
    delivery(tries=2)
    delivery("failed", tries=1)
    line = receipts.channels(NOW)[0]
    assert (line.name, line.queued, line.retrying, line.failed, line.mark) == ("email", 1, 1, 1, "fault")
    assert sorted((one.state, len(one.attempts)) for one in receipts.receipts()) == [
        ("failed", 2),
        ("queued", 0),
        ("retrying", 2),
    ]
    text = signed_in("osei").get("/feeds/").content.decode()
    assert "The mail server is away." in text
    assert "No such mailbox." in text


def test_processes_show_their_last_sign_of_life(people, signed_in):
    real = timezone.now()
    Heartbeat.objects.create(name="worker@a:1", kind="worker", seen=real)
    Heartbeat.objects.create(name="worker@b:2", kind="worker", seen=real - timedelta(seconds=5))
    Heartbeat.objects.create(name="listener@a:3", kind="listener", seen=real - timedelta(minutes=4))
    found = {line.kind: (line.alive, line.count) for line in receipts.processes(real)}
    assert found == {"listener": (False, 0), "worker": (True, 2), "watcher": (False, 0)}
    assert "Start what is missing: listener, watcher." in signed_in("osei").get("/feeds/").content.decode()


def test_the_page_costs_the_same_for_few_and_for_many(people, signed_in, django_assert_max_num_queries):
    assert Role.objects.exists()
    for n in range(40):
        came(n)
        held(n)
        delivery(tries=n % 3)
    client = signed_in("osei")
    with django_assert_max_num_queries(30):
        client.get("/feeds/")


def test_a_feed_that_was_never_watched_is_never_silent(people, settings):
    from dataclasses import replace

    table = {
        key: value
        for key, value in settings.PROGRAMME.feed_tables[0].items()
        if key != "expected_gap_minutes"
    }
    settings.PROGRAMME = replace(settings.PROGRAMME, feed_tables=(table,))
    came(60 * 24 * 3)
    assert not list(queries.silent_feeds(NOW))
    assert queries.feed_state(NOW).mark == "well"
