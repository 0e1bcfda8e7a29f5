"""The watcher's question about the audit: what opens a finding, what keeps it open, and what settles it."""
# ruff: noqa: S608 - one who tampers uses no parameters

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from sample_reports import at

from soar2.record import audit, ledger, seals
from soar2.record.models import AuditSeal, Heartbeat, LedgerEntry, OutboxMessage, Patient
from soar2.watch import chain, watcher
from soar2.watch.chain import CHAIN
from soar2.watch.models import Finding

NOW = at("10 14:05")


@pytest.fixture
def patient(people):
    for kind in ("listener", "worker"):
        Heartbeat.objects.create(name=kind, kind=kind, seen=timezone.now())
    return Patient.objects.create(family="Quill", given="Rosa", created_at=NOW)


def rounds(count=1, *, seconds=0, sealing=True):
    """What the watcher finds in the last of so many looks."""
    for _ in range(count):
        if sealing:
            CHAIN._next_seal = 0
        Heartbeat.objects.update(seen=timezone.now() + timedelta(seconds=seconds))
        found = watcher.look(NOW, timezone.now() + timedelta(seconds=seconds))
    return found


def opened(patient, count=3):
    for n in range(count):
        audit.opened(patient, person=None, username=f"user{n}", page="patient", at=NOW)


def sealed(patient, times=1):
    """Rows in so many seals of the access table."""
    for _ in range(times):
        opened(patient)
        rounds()


def sql(*statements):
    """As whoever owns the database, past the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("record_chartaccess", "record_auditseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        for statement in statements:
            cursor.execute(statement)
        for table in ("record_chartaccess", "record_auditseal"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def link(n):
    return AuditSeal.objects.filter(table="record_chartaccess").order_by("id")[n]


def rename(seal, name):
    sql(f"UPDATE record_chartaccess SET username = '{name}' WHERE id = {seal.last}")


def tampered():
    return Finding.objects.filter(closed_at=None, key__startswith="audit.tampered").order_by("key")


def test_each_look_seals_what_is_new_and_notes_the_end_outside(patient, caplog):
    opened(patient)
    with caplog.at_level("INFO", "soar2.watch"):
        assert rounds() == []
    head = seals.head()
    assert seals.kept_head(settings.HOME) == head
    assert f"sealed: 3 rows, {head[:16]}" in caplog.text


def test_seals_are_not_made_at_every_look(patient):
    sealed(patient)
    opened(patient)
    assert rounds(sealing=False) == []
    assert AuditSeal.objects.count() == 1
    rounds()
    assert AuditSeal.objects.count() == 2


@pytest.mark.parametrize("which", [0, -1], ids=("the oldest", "the newest"))
def test_a_changed_row_is_a_finding_that_names_its_rows(patient, which):
    sealed(patient, 6)
    seal = list(AuditSeal.objects.filter(table="record_chartaccess").order_by("id"))[which]
    rename(seal, "somebody")
    [said] = rounds()
    assert said.startswith("The audit is not as it was written. record_chartaccess, rows ")
    assert f"rows {seal.first} to {seal.last}" in said
    assert tampered().get().key == f"audit.tampered.{seal.id}"


def test_a_finding_stays_until_a_whole_walk_is_clean(patient, monkeypatch):
    sealed(patient, 6)
    step = seals.verify_next
    monkeypatch.setattr(seals, "verify_next", lambda walk: step(walk, rows=3))  # one seal a look
    first, name = link(0), "user2"
    rename(first, "somebody")
    while not tampered().exists():
        rounds()
    rename(first, name)
    assert seals.verify() == []
    after = CHAIN.walk.after
    rounds()
    assert CHAIN.walk.after > after, "the walk is under way"
    assert tampered().exists(), "the rest of this walk has not been looked at"
    looks = 0
    while tampered().exists():
        rounds()
        looks += 1
        assert looks < 40
    assert looks > 3
    kinds = (
        LedgerEntry.objects.filter(kind__startswith="audit.").order_by("id").values_list("kind", flat=True)
    )
    assert list(kinds) == ["audit.broken", "audit.whole"]
    assert seals.known_breaks() == []


def test_a_finding_outlives_the_watcher_that_made_it(patient, monkeypatch):
    sealed(patient, 6)
    rename(link(0), "somebody")
    [said] = rounds()
    chain.CHAIN.__init__()
    step, second = seals.verify_next, link(1)
    past = seals.Walk(second.id, second.digest, {second.table: second.last})
    monkeypatch.setattr(seals, "verify_next", lambda walk: step(past, rows=3))
    assert rounds() == [said], "a new watcher that has not come there yet"
    assert tampered().count() == 1


def test_a_second_place_is_a_finding_of_its_own_and_many_are_counted(patient):
    sealed(patient, 9)
    rename(link(2), "somebody")
    rounds()
    rename(link(5), "somebody")
    assert len(rounds()) == 2
    assert tampered().count() == 2
    for n in range(9):
        rename(link(n), "somebody")
    said = rounds()
    assert len(said) == chain.SHOWN + 1
    assert "in 4 more places; soar2 audit verify names them all" in said[-1]


def test_an_end_cut_off_stays_found_and_its_note_is_not_written_over(patient):
    sealed(patient, 4)
    last = link(3)
    sql(
        f"DELETE FROM record_chartaccess WHERE id >= {last.first}",
        f"DELETE FROM record_auditseal WHERE id = {last.id}",
    )
    noted = seals.kept_head(settings.HOME)
    [said] = rounds()
    assert "its end was cut off" in said
    opened(patient)
    assert rounds(3) == [said]
    assert seals.kept_head(settings.HOME) == noted
    seals.forget_head(settings.HOME)  # what the runbook has its reader do at the end
    assert rounds() == []
    assert seals.kept_head(settings.HOME) == seals.head()


def test_a_row_of_yesterday_added_today_is_found(patient):
    sealed(patient, 2)
    sql(
        "INSERT INTO record_chartaccess (at, recorded_at, patient_id, username, page, kind, detail)"
        f" VALUES (now() - interval '1 day', now() - interval '1 day', '{patient.id}', 'x', 'patient', 'opened', '')"
    )
    rounds()
    [said] = rounds()
    assert "says it was written before rows that were there already" in said


def test_a_state_folder_that_takes_no_note_is_said(patient, tmp_path):
    settings.HOME = tmp_path / "nowhere"
    opened(patient)
    [said] = rounds()
    assert said == "The newest seal cannot be noted in the state folder (No such file or directory)."
    assert AuditSeal.objects.count() == 1, "sealed all the same"


def test_rows_that_nobody_seals_are_said(patient, monkeypatch):
    opened(patient)
    monkeypatch.setattr(seals, "seal", lambda now: 0)
    assert rounds() == []
    real = timezone.now() + timedelta(minutes=11)
    assert dict(CHAIN.audit_chain(NOW, real)) == {
        "audit.unsealed": "3 audit rows not sealed for over ten minutes: a transaction may be hanging."
    }


# whom it is told to


@pytest.fixture
def production(patient, settings, tmp_path):
    from dataclasses import replace

    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    return patient


def owed(kind):
    rows = OutboxMessage.objects.filter(kind=kind).order_by("role_id")
    return [(row.role_id, row.words) for row in rows]


def test_the_security_officer_is_told_as_well_as_the_desk(production):
    sealed(production, 2)
    rename(link(0), "somebody")
    [said] = rounds()
    rounds(seconds=61)
    assert owed("finding") == [("interface-desk", said), ("security-officer", said)]
    OutboxMessage.objects.update(state="sent")
    rename(link(0), "user2")
    rounds(2, seconds=70)
    again = f"Settled: {said}"
    assert owed("settled") == [("interface-desk", again), ("security-officer", again)]


def test_a_security_officer_whom_no_rota_names_cannot_be_written_to(production, settings):
    from soar2.record.models import RotaRule

    RotaRule.objects.filter(role_id="security-officer").delete()
    sealed(production)
    rename(link(0), "somebody")
    rounds()
    rounds(seconds=61)
    assert [role for role, _ in owed("finding")] == ["interface-desk"]


def test_no_other_finding_goes_to_the_security_officer(production):
    Heartbeat.objects.filter(kind="worker").update(seen=timezone.now() - timedelta(minutes=5))
    for seconds in (0, 61):
        watcher.look(NOW, timezone.now() + timedelta(seconds=seconds))
    assert {role for role, _ in owed("finding")} == {"interface-desk"}


def test_no_sentence_holds_patient_data(production):
    ledger.record("patient.test", at=NOW, patient=production, subject="S1", words="epidural")
    sealed(production, 2)
    rename(link(0), "somebody")
    said = " ".join(rounds())
    for secret in ("Quill", "Rosa", "somebody", "epidural", "S1", str(production.id)):
        assert secret not in said
