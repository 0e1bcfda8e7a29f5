"""/metrics: what it says, read back by the reference parser; who may read it; and that it names no patient."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from sample_reports import at, macro, minutes, oru

from soar2.config import scrape
from soar2.exchange import deliver, dispatch
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.actions import mine
from soar2.pathway.notices.models import Notice
from soar2.record import clock
from soar2.record.models import Heartbeat, OutboxMessage
from soar2.watch import metrics, tallies
from soar2.watch.metrics import METRICS, Metrics
from soar2.watch.models import Finding
from soar2.watch.tallies import Tally

NOW = at("10 14:06")
FEED = "Radiology results"
STATES = ("applied", "filtered", "held", "other")
PATIENT = {"name": "ZYXWOMAN^QUILLA", "mrn": "MRN7654321", "accession": "ACC-ZYX"}


@pytest.fixture(autouse=True)
def hospital(people, settings, tmp_path):
    """A quiet hospital at six past two; no mail server answers."""
    settings.HOME = tmp_path
    settings.PROGRAMME = replace(
        settings.PROGRAMME, smtp=replace(settings.PROGRAMME.smtp, port=1, timeout_seconds=1)
    )
    clock.start(NOW, running=False)


def arrive(lane, n=1, **message):
    raw = oru(macro(lane), n=n, **message)
    row = InboundMessage.objects.create(
        received_at=NOW, raw=raw, body_hash=f"{lane}{n}", control_id=str(n), answer_code="AA", answer=b""
    )
    dispatch.apply_undone(NOW)
    return row


def said(collector=None):
    """Sample values by name and labels, of a scrape that nothing was kept for."""
    text = (collector or Metrics()).text().decode()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(found, name, **labels):
    return found.get((name, *sorted(labels.items())))


def test_every_metric_of_the_list_is_there_and_no_other(settings):
    """With one of everything that can be there."""
    arrive("urgent")
    deliver.deliver_owed("w", NOW)
    InboundMessage.objects.create(
        received_at=NOW,
        raw=b"x",
        body_hash="x",
        answer_code="AE",
        answer=b"",
        state="quarantined",
        where="PID-3",
    )
    Heartbeat.objects.create(name="w", kind="worker", seen=timezone.now())
    Finding.objects.create(key="disk", words="Full.", opened_at=timezone.now())
    (settings.HOME / "last-backup.json").write_text(f'{{"at": "{timezone.now().isoformat()}"}}')
    names = {family.name for family in text_string_to_metric_families(Metrics().text().decode())}
    wanted = {metric.name for metric in METRICS}
    assert names == wanted - {"soar2_certificate_expiry_timestamp_seconds"}, "this door has no certificate"


def test_messages_are_counted_by_door_and_answer_and_feed():
    arrive("urgent")
    arrive("routine", n=2)
    InboundMessage.objects.create(
        received_at=NOW,
        raw=b"x",
        body_hash="x",
        answer_code="AE",
        answer=b"",
        state="quarantined",
        where="PID-3.1",
    )
    found = said()
    assert value(found, "soar2_messages_received_total", door="mllp", answer="AA") == 2
    assert value(found, "soar2_messages_received_total", door="mllp", answer="AE") == 1
    assert value(found, "soar2_feed_messages_day", feed=FEED, state="applied") == 2
    assert value(found, "soar2_feed_silence_seconds", feed=FEED) == 0
    assert value(found, "soar2_feed_expected_gap_seconds", feed=FEED) == 3600
    assert value(found, "soar2_messages_held", place="PID") == 1
    assert value(found, "soar2_messages_undone") == 0


def test_the_states_of_a_day_add_up_and_name_no_message_twice():
    arrive("urgent")
    for state, age, kind in (
        ("quarantined", 0, "new"),
        ("quarantined", 3000, "old"),
        ("stored", 0, "undone"),
    ):
        InboundMessage.objects.create(
            received_at=NOW - minutes(age), raw=b"x", body_hash=kind, control_id=kind, answer_code="AE", answer=b"",
            state=state, feed=FEED,
        )  # fmt: skip
    found = said()
    states = {state: value(found, "soar2_feed_messages_day", feed=FEED, state=state) for state in STATES}
    assert states == {"applied": 1, "filtered": 0, "held": 1, "other": 1}


def test_a_silence_does_not_end_because_it_has_lasted_for_over_a_week():
    InboundMessage.objects.create(
        received_at=NOW - minutes(60 * 24 * 8), raw=b"x", body_hash="x", answer_code="AA", answer=b"",
        state="applied", feed=FEED,
    )  # fmt: skip
    assert value(said(), "soar2_feed_silence_seconds", feed=FEED) == 7 * 24 * 3600


def test_what_a_sender_calls_itself_is_no_label():
    real = timezone.now()
    for sender, age in (("ZYXWOMAN", 60), ("OTHER", 120)):
        Finding.objects.create(key=f"sequence.{sender}", words="x", opened_at=real - timedelta(seconds=age))
    text = Metrics().text().decode()
    assert "ZYXWOMAN" not in text
    assert value(said(), "soar2_finding_age_seconds", key="sequence") >= 120


def test_a_scrape_does_not_wait_for_ever_for_another(monkeypatch):
    monkeypatch.setattr(metrics, "PATIENCE", 0.05)
    collector = Metrics()
    with collector._lock, pytest.raises(OperationalError):
        collector.text()
    assert b"soar2_build_info" in collector.text()


def test_the_first_count_goes_over_all_rows_in_stretches(monkeypatch):
    monkeypatch.setattr(tallies, "STRETCH", 10)
    asked = []

    def count(after, upto):
        asked.append((after, upto))
        return Counter({("x",): (25 if upto is None else upto) - after})

    tally = Tally(count, lambda before: 23)
    assert tally.total(timezone.now()) == Counter({("x",): 25})
    assert tally.total(timezone.now()) == Counter({("x",): 25})
    assert asked == [(0, 10), (10, 20), (20, 23), (23, None), (23, None)]


def test_a_place_that_is_no_segment_makes_no_label_of_its_own():
    for n, where in enumerate(("ZYX-1", "Quilla Zyxwoman", "", "OBR[2]-4")):
        InboundMessage.objects.create(
            received_at=NOW, raw=b"x", body_hash=str(n), answer_code="AE", answer=b"", state="quarantined",
            where=where,
        )  # fmt: skip
    places = {key[1][1]: held for key, held in said().items() if key[0] == "soar2_messages_held"}
    assert places == {"other": 2, "whole": 1, "OBR": 1}


def test_what_waits_has_an_age():
    arrive("urgent")
    row = InboundMessage.objects.create(
        received_at=NOW, raw=b"x", body_hash="x", answer_code="AA", answer=b"", control_id="late"
    )
    InboundMessage.objects.filter(id=row.id).update(stored_at=timezone.now() - timedelta(seconds=90))
    OutboxMessage.objects.update(not_before=timezone.now() - timedelta(seconds=40))
    found = said()
    assert value(found, "soar2_messages_undone") == 1
    assert value(found, "soar2_messages_undone_oldest_seconds") >= 90
    assert value(found, "soar2_outbox_queued", channel="email") == 1
    assert value(found, "soar2_outbox_oldest_seconds", channel="email") >= 40


def test_notices_by_lane(people):
    arrive("urgent", n=1)
    arrive("urgent", n=2)
    arrive("emergent", n=3)
    first = Notice.objects.filter(lane="urgent").first()
    mine(first.id, person=people["bell"], now=NOW)
    clock.change(forward=minutes(61))
    found = said()
    names = ("open", "unowned", "overdue")
    assert [value(found, f"soar2_notices_{name}", lane="urgent") for name in names] == [2, 1, 1]
    assert [value(found, f"soar2_notices_{name}", lane="emergent") for name in names] == [1, 1, 1]
    assert [value(found, f"soar2_notices_{name}", lane="routine") for name in names] == [0, 0, 0]
    assert value(found, "soar2_hand_tasks", lane="emergent") == 2, "pager and the radiologist's call"


def test_the_time_from_a_report_to_its_first_attempt_is_a_histogram():
    row = arrive("urgent")
    InboundMessage.objects.filter(id=row.id).update(stored_at=timezone.now() - timedelta(seconds=20))
    deliver.deliver_owed("w", NOW)
    OutboxMessage.objects.update(not_before=timezone.now() - timedelta(seconds=1))
    deliver.deliver_owed("w", NOW)  # the second attempt at the same notice counts for nothing here
    found = said()
    name = "soar2_report_to_attempt_seconds"
    assert value(found, f"{name}_count", lane="urgent") == 1
    assert value(found, f"{name}_bucket", lane="urgent", le="10.0") == 0
    assert value(found, f"{name}_bucket", lane="urgent", le="3600.0") == 1
    assert value(found, f"{name}_bucket", lane="urgent", le="+Inf") == 1
    assert value(found, f"{name}_sum", lane="urgent") >= 20
    assert value(found, "soar2_delivery_attempts_total", channel="email", outcome="retry") == 2


def test_rows_are_counted_once_whether_they_are_old_or_new(monkeypatch):
    """A scrape keeps what is settled; later scrapes add to it."""
    collector = Metrics()
    monkeypatch.setattr("soar2.watch.metrics.KEPT", -1)
    name, labels = "soar2_messages_received_total", {"door": "mllp", "answer": "AA"}
    for n in range(1, 4):
        arrive("routine", n=n)
        InboundMessage.objects.filter(id__in=InboundMessage.objects.values("id")[: n - 1]).update(
            stored_at=timezone.now() - timedelta(seconds=90)
        )
        for _ in range(2):
            assert value(said(collector), name, **labels) == n
    assert value(said(Metrics()), name, **labels) == 3, "a process that has just started says the same"
    InboundMessage.objects.all().delete()
    assert value(said(collector), name, **labels) is None, "another database stands in the place of the first"


def test_the_watchers_silence_is_seen():
    Heartbeat.objects.create(name="w", kind="watcher", seen=timezone.now() - timedelta(seconds=100))
    found = said()
    assert value(found, "soar2_processes_alive", kind="watcher") == 0
    assert value(found, "soar2_heartbeat_age_seconds", kind="watcher") >= 100


def test_an_answer_is_kept_for_some_seconds(django_assert_num_queries):
    collector = Metrics()
    first = collector.text()
    with django_assert_num_queries(0):
        assert collector.text() == first


def test_a_scrape_asks_a_bounded_number_of_questions(django_assert_max_num_queries):
    def questions(reports):
        for n in range(reports):
            arrive("urgent", n=100 * reports + n)
        with django_assert_max_num_queries(60) as asked:
            Metrics().text()
        return len(asked)

    assert questions(1) == questions(8)


def test_no_metric_names_a_patient():
    arrive("emergent", **PATIENT)
    deliver.deliver_owed("w", NOW)
    text = Metrics().text().decode().lower()
    for word in ("zyxwoman", "quilla", "mrn7654321", "acc-zyx", Notice.objects.get().case_code.lower()):
        assert word not in text, word


# who may read it


@pytest.fixture
def scraper(settings, monkeypatch):
    monkeypatch.setattr(scrape, "METRICS", Metrics())

    def ask(address="127.0.0.1", **headers):
        return Client(headers={"host": "127.0.0.1", **headers}, REMOTE_ADDR=address).get("/metrics")

    return ask


@pytest.fixture
def token(settings, tmp_path):
    path = tmp_path / "metrics.token"
    path.write_text("a-token-of-more-than-twenty-characters\n")
    settings.METRICS_TOKEN_FILE = str(path)
    return path.read_text().strip()


@pytest.mark.parametrize(
    ("address", "proxy", "status"),
    [("127.0.0.1", False, 200), ("::1", False, 200), ("10.1.2.3", False, 403), ("127.0.0.1", True, 403), ("", False, 403)],
)  # fmt: skip
def test_without_a_token_only_this_machine_reads_it(scraper, settings, address, proxy, status):
    settings.BEHIND_PROXY = proxy
    answer = scraper(address)
    assert answer.status_code == status
    assert (b"soar2_build_info" in answer.content) is (status == 200)


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded"])
def test_a_proxy_that_nobody_told_us_of_opens_nothing(scraper, header):
    assert scraper(**{header: "for=10.1.2.3"}).status_code == 403


@pytest.mark.parametrize(
    ("given", "status"),
    [("Bearer {}", 200), ("bearer {}", 200), ("Bearer {}x", 401), ("Basic {}", 401), ("Bearer", 401), ("", 401),
     ("Bearer é", 401)],
)  # fmt: skip
def test_with_a_token_whoever_shows_it_reads_it(scraper, token, settings, given, status):
    settings.BEHIND_PROXY = True
    answer = scraper("10.1.2.3", authorization=given.format(token))
    assert answer.status_code == status
    assert answer.headers.get("WWW-Authenticate", "").startswith("Bearer") is (status == 401)
    if status == 200:
        assert answer["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_a_token_that_is_gone_opens_to_nobody(scraper, token, settings, tmp_path):
    (tmp_path / "metrics.token").unlink()
    assert scraper(authorization=f"Bearer {token}").status_code == 401
    assert scraper().status_code == 401
