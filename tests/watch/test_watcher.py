"""The watcher's questions: each finding opens when the answer is bad and closes when it is good again."""

import shutil
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import trustme
from django.utils import timezone
from sample_reports import at, macro

from soar2.exchange.models import InboundMessage, SenderSequence
from soar2.pathway.notices.models import Notice, Step
from soar2.pathway.reports.actions import file_report
from soar2.pathway.reports.types import IncomingReport
from soar2.record.models import Heartbeat, OutboxMessage
from soar2.record.patients import PatientIdentity
from soar2.watch import watcher
from soar2.watch.models import Finding
from soar2.watch.watcher import look

NOW = at("10 14:05")


@pytest.fixture
def alive(people):
    """Listener and worker have just given a sign of life, and the feed has spoken."""
    for kind in ("listener", "worker"):
        Heartbeat.objects.create(name=kind, kind=kind, seen=timezone.now())
    message("applied")


def message(state, *, stored=timedelta(0), received=NOW):
    count = InboundMessage.objects.count()
    row = InboundMessage.objects.create(
        received_at=received, raw=b"MSH", body_hash=str(count), answer_code="AA", answer=b"",
        state=state, feed="Radiology results" if state == "applied" else "",
    )  # fmt: skip
    InboundMessage.objects.filter(id=row.id).update(stored_at=timezone.now() - stored)
    return row


def notice(lane="emergent"):
    report = IncomingReport(
        feed="Radiology results",
        accession="A1",
        status="F",
        text=macro(lane),
        identity=PatientIdentity(identifiers=(("DEMO", "M1", "MR"),)),
        exam_end=NOW,
        reported_at=NOW,
    )
    file_report(report, now=NOW)
    return Notice.objects.get()


def an_undone_message():
    message("stored", stored=timedelta(seconds=61))


def its_end():
    InboundMessage.objects.filter(state="stored").update(state="applied")


def a_step_not_fired():
    notice().steps.filter(n=4).update(due_at=NOW - timedelta(seconds=61))


def it_fires():
    Step.objects.filter(n=4).update(state=Step.HAND)


def a_notice_without_steps():
    made = notice()
    Notice.objects.update(acknowledge_due=NOW - timedelta(seconds=61))
    made.steps.all().delete()


def it_is_closed():
    Notice.objects.update(closed_at=NOW)


def a_message_owed():
    notice()
    OutboxMessage.objects.update(not_before=timezone.now() - timedelta(seconds=61))


def it_is_sent():
    OutboxMessage.objects.update(state="sent")


def silence(kind):
    return lambda: Heartbeat.objects.filter(kind=kind).update(seen=timezone.now() - timedelta(seconds=31))


def a_sign(kind):
    return lambda: Heartbeat.objects.filter(kind=kind).update(seen=timezone.now())


def a_quiet_feed():
    InboundMessage.objects.update(received_at=NOW - timedelta(minutes=61))


def it_speaks():
    message("applied")


QUESTIONS = [
    # key                            made bad                 made good       the sentence
    ("inbox.undone", an_undone_message, its_end, "1 stored message not applied for over a minute"),
    ("notice.no-next-step", a_step_not_fired, it_fires, "1 open notice without a valid next step"),
    ("notice.no-next-step", a_notice_without_steps, it_is_closed, "1 open notice without a valid next step"),
    ("outbox.waiting", a_message_owed, it_is_sent, "1 message owed for over a minute"),
    ("process.listener", silence("listener"), a_sign("listener"), "No listener has given a sign of life"),
    ("process.worker", silence("worker"), a_sign("worker"), "No worker has given a sign of life"),
    ("feed.Radiology results", a_quiet_feed, it_speaks, "Radiology results has been silent for"),
]


@pytest.mark.parametrize(
    ("key", "bad", "good", "words"), QUESTIONS, ids=[f"{row[0]}, {row[1].__name__}" for row in QUESTIONS]
)
def test_a_finding_opens_and_closes(alive, key, bad, good, words):
    assert look(NOW, timezone.now()) == []
    bad()
    [said] = look(NOW, timezone.now())
    assert said.startswith(words)
    finding = Finding.objects.get()
    assert (finding.key, finding.words, finding.closed_at) == (key, said, None)
    good()
    assert look(NOW, timezone.now()) == []
    assert Finding.objects.get().closed_at is not None


def test_a_finding_that_stays_is_one_row_with_its_latest_words(alive):
    an_undone_message()
    look(NOW, timezone.now())
    an_undone_message()
    look(NOW, timezone.now())
    assert Finding.objects.get().words.startswith("2 stored messages")


def test_a_fault_that_comes_back_is_a_new_finding(alive):
    for _ in range(2):
        silence("worker")()
        look(NOW, timezone.now())
        a_sign("worker")()
        look(NOW, timezone.now())
    assert Finding.objects.filter(key="process.worker").count() == 2


def test_a_feed_that_never_spoke_is_not_silent(people):
    for kind in ("listener", "worker"):
        Heartbeat.objects.create(name=kind, kind=kind, seen=timezone.now())
    assert look(NOW, timezone.now()) == []


def test_a_message_under_way_and_a_back_off_under_way_are_no_faults(alive):
    message("stored", stored=timedelta(seconds=20))
    notice()
    OutboxMessage.objects.update(not_before=timezone.now() + timedelta(seconds=60), attempts=2)
    assert look(NOW, timezone.now()) == []


def test_no_finding_names_a_patient(alive):
    a_message_owed()
    a_quiet_feed()
    an_undone_message()
    said = " ".join(look(NOW, timezone.now()))
    for secret in ("M1", "A1", "T11", "emergent"):
        assert secret not in said


# the house, in production only


@pytest.fixture
def production(alive, settings, tmp_path):
    """A hospital's own installation, with a backup of an hour ago and half of its disk free."""
    settings.HOME = tmp_path
    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    backup(hours=1)
    free(50)
    yield
    shutil.disk_usage = USAGE


USAGE = shutil.disk_usage


def backup(hours):
    from django.conf import settings

    at = timezone.now() - timedelta(hours=hours)
    (settings.HOME / "last-backup.json").write_text(f'{{"at": "{at.isoformat()}", "file": "x", "bytes": 1}}')


def free(percent):
    """The disk as the operating system tells of it: nobody can fill one for a test."""
    shutil.disk_usage = lambda path: SimpleNamespace(free=percent, total=100)


def no_backup():
    from django.conf import settings

    (settings.HOME / "last-backup.json").unlink()
    InboundMessage.objects.update(stored_at=timezone.now() - timedelta(hours=27))


def certificate(days):
    """A real certificate in place of the door's."""
    from django.conf import settings

    path = settings.HOME / "door.pem"
    ends = timezone.now() + timedelta(days=days, minutes=1)
    trustme.CA().issue_cert("soar2.hospital.example", not_after=ends).cert_chain_pems[0].write_to_path(path)
    settings.PROGRAMME = replace(
        settings.PROGRAMME, mllp=replace(settings.PROGRAMME.mllp, certificate=str(path))
    )


def sequence(gaps):
    SenderSequence.objects.update_or_create(
        sending_application="RIS", sending_facility="A", defaults={"last": 9, "gaps": gaps}
    )


SEEN = NOW.isoformat()
HOUSE = [
    # key            made bad                    made good            the sentence
    ("disk", lambda: free(9), lambda: free(10), "The disk of the state folder has 9% left."),
    ("backup", lambda: backup(27), lambda: backup(25), "The last backup is 1 d 3 h old."),
    ("backup", no_backup, lambda: backup(0), "There is no backup yet."),
    ("certificate.mllp", lambda: certificate(29), lambda: certificate(31), "The certificate of [mllp] ends in 29 d"),
    ("certificate.mllp", lambda: certificate(-1), lambda: certificate(31), "The certificate of [mllp] has ended;"),
    (
        "sequence.RIS",
        lambda: sequence([[4, 6, SEEN, "missing"], [7, 7, SEEN, "repeated"]]),
        lambda: sequence([[4, 6, (NOW - timedelta(days=2)).isoformat(), "missing"]]),
        "3 messages numbered by RIS never came.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("key", "bad", "good", "words"), HOUSE, ids=[f"{row[0]}: {row[3]}" for row in HOUSE])
def test_a_finding_of_the_house_opens_and_closes(production, key, bad, good, words):
    assert look(NOW, timezone.now()) == []
    bad()
    [said] = look(NOW, timezone.now())
    assert said.startswith(words)
    assert Finding.objects.get().key == key
    good()
    assert look(NOW, timezone.now()) == []


def test_a_certificate_that_cannot_be_read_is_a_finding(production, settings):
    certificate(31)
    (settings.HOME / "door.pem").write_text("nothing")
    assert look(NOW, timezone.now()) == ["The certificate of [mllp] cannot be read."]


def test_a_mapping_that_is_not_in_force_is_a_finding(production, settings):
    folder = settings.HOME / "mappings" / "radiology"
    folder.mkdir(parents=True)
    (folder / "mapping.toml").write_text("this is no TOML")
    [said] = look(NOW, timezone.now())
    assert said.startswith("A mapping is not in force as it is written.")
    assert Finding.objects.get().key == "mappings"


def test_a_fresh_system_needs_no_backup_yet(production, settings):
    (settings.HOME / "last-backup.json").unlink()
    assert look(NOW, timezone.now()) == []


def test_a_question_that_breaks_is_a_finding_and_the_others_are_asked(production, monkeypatch):
    def broken(now, real):
        raise RuntimeError("a bug")
        yield

    monkeypatch.setattr(watcher, "QUESTIONS", (broken, *watcher.QUESTIONS))
    free(9)
    said = look(NOW, timezone.now())
    assert said[0] == "The watcher cannot ask about broken; its log says why."
    assert said[1].startswith("The disk")


# telling the interface desk


def owed(kind=None):
    rows = OutboxMessage.objects.filter(role_id="interface-desk").order_by("created_at", "id")
    return list(rows.filter(kind=kind) if kind else rows)


def looked(seconds):
    """One look, this many seconds from now by the machine's clock; processes and backups keep pace."""
    real = timezone.now() + timedelta(seconds=seconds)
    Heartbeat.objects.update(seen=real)
    return look(NOW, real)


def test_a_finding_that_lasts_is_told_once_and_settled_once(production):
    free(9)
    looked(0)
    looked(59)
    assert owed() == [], "what is over within a minute is no mail"
    for seconds in (61, 66, 71):
        looked(seconds)
    [mail] = owed()
    assert (mail.kind, mail.channel, mail.words) == (
        "finding",
        "email",
        "The disk of the state folder has 9% left.",
    )
    OutboxMessage.objects.update(state="sent")
    free(50)
    looked(80)
    looked(85)
    [settled] = owed("settled")
    assert settled.words == "Settled: The disk of the state folder has 9% left."
    assert settled.about == mail.about


def test_what_is_settled_before_its_mail_left_is_not_told(production):
    free(9)
    looked(0)
    looked(61)
    free(50)
    looked(70)
    [mail] = owed()
    assert (mail.kind, mail.state) == ("finding", "dropped")


def test_a_fault_that_comes_back_is_told_again(production):
    for start in (0, 200):
        free(9)
        looked(start)
        looked(start + 61)
        OutboxMessage.objects.update(state="sent")
        free(50)
        looked(start + 70)
        OutboxMessage.objects.update(state="sent")
    assert len(owed("finding")) == 2
    assert len({mail.about for mail in owed()}) == 2


def test_a_demonstration_tells_nobody(alive):
    silence("worker")()
    real = timezone.now()
    look(NOW, real)
    assert look(NOW, real + timedelta(seconds=120))
    assert owed() == []
