"""The chain over audit rows: what is sealed, when, and that every way of tampering is found and named."""
# ruff: noqa: S608 - the statements of these tests are written here, and one who tampers uses no parameters

import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soar2.record import audit, ledger, outbox, seals
from soar2.record.models import AuditSeal, ChartAccess, LedgerEntry, OutboxMessage, Patient

NOW = datetime(2026, 3, 10, 18, 5, tzinfo=UTC)


@pytest.fixture
def patient(db):
    return Patient.objects.create(family="Quill", given="Rosa", created_at=NOW)


def write(patient, count):
    for n in range(count):
        audit.opened(patient, person=None, username=f"user{n}", page="patient", at=NOW)
        ledger.record(
            "patient.test", at=NOW, patient=patient, subject=n, score=[n, n + 0.5], b=1, a={"z": None}
        )


@pytest.fixture
def sealed(patient):
    """Three rounds of rows, each sealed: six seals over two tables."""
    for _ in range(3):
        write(patient, 4)
        assert seals.seal(NOW) == 8
    assert seals.verify() == []
    return patient


def sql(*statements):
    """As whoever owns the database, past the triggers."""
    with connection.cursor() as cursor:
        for table in (*seals.COLUMNS, "record_auditseal"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        for statement in statements:
            cursor.execute(statement)
        for table in (*seals.COLUMNS, "record_auditseal"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def settled():
    """Foreign keys are checked at the end of a transaction; a table with checks pending cannot be altered."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --------------------------------------------------------------------------------------------- sealing


def test_every_new_row_is_sealed_once(sealed):
    assert seals.seal(NOW) == 0
    links = list(AuditSeal.objects.order_by("id"))
    assert len(links) == 6
    for table in ("record_ledgerentry", "record_chartaccess"):
        own = [link for link in links if link.table == table]
        assert own[0].first == 1
        assert [two.first for two in own[1:]] == [one.last + 1 for one in own[:-1]]
    assert [two.previous for two in links] == ["", *(one.digest for one in links[:-1])]
    assert seals.head() == links[-1].digest


def test_delivery_attempts_are_sealed_too(people):
    message = OutboxMessage.objects.create(
        about=uuid4(), kind="notice", channel="email", role_id="navigator", created_at=NOW
    )
    outbox.put_off(message, person=people["bell"], reason="451 try later", now=NOW)
    assert seals.seal(NOW) == 1
    assert AuditSeal.objects.get().table == "record_deliveryattempt"
    settled()
    sql("UPDATE record_deliveryattempt SET outcome = 'sent'")
    assert "record_deliveryattempt" in seals.verify()[0].words


def test_many_rows_make_several_seals(patient, monkeypatch):
    monkeypatch.setattr(seals, "BATCH", 10)
    write(patient, 25)
    assert seals.seal(NOW) == 50
    assert [link.count for link in AuditSeal.objects.order_by("id")] == [10, 10, 5] * 2
    assert seals.verify() == []
    walk, steps = seals.Walk(), 0
    while walk is not None:
        broken, walk = seals.verify_next(walk, rows=10)
        assert broken == []
        steps += 1
    assert steps > 3


def test_what_is_hashed_is_every_column():
    for table, columns in seals.COLUMNS.items():
        fields = [one.column for one in seals.ROWS[table]._meta.concrete_fields]
        assert sorted(columns) == sorted(fields), (
            f"say in seals.COLUMNS whether {table}'s new column is hashed"
        )


def test_the_bytes_of_a_row_do_not_depend_on_where_it_is_stored():
    here = {"id": 1, "at": NOW, "data": '{"b": 1, "a": {"y": 2, "x": "\\u00e9"}}'}
    there = {"data": '{"a": {"x": "é", "y": 2}, "b": 1}', "at": NOW.astimezone(), "id": 1}
    assert seals.canonical(here) == seals.canonical(there)
    assert seals.canonical(here) != seals.canonical(here | {"id": 2})
    assert json.loads(seals.canonical(here))["at"] == "2026-03-10T18:05:00.000000+00:00"


def test_the_database_itself_refuses_to_change_a_seal(sealed):
    from django.db import DatabaseError

    for change in (lambda rows: rows.update(count=1), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(AuditSeal.objects.all())


# ---------------------------------------------------------------------------------------- tampering found

CHANGED, MISSING, ADDED = "was changed", "missing", "was added"
ACCESS = "record_chartaccess, rows {first} to {last}"
TAMPERING = {
    "a row changed": ("UPDATE record_chartaccess SET username = 'somebody' WHERE id = {row}", CHANGED),
    "a time changed": ("UPDATE record_chartaccess SET at = at + interval '1 microsecond' WHERE id = {row}", CHANGED),
    "a row deleted": ("DELETE FROM record_chartaccess WHERE id = {row}", MISSING),
    "a row moved behind the chain": ("UPDATE record_chartaccess SET id = id + 1000 WHERE id = {row}", MISSING),
    "a row put where one was deleted": (
        "DELETE FROM record_chartaccess WHERE id = {row};"
        " INSERT INTO record_chartaccess (id, at, patient_id, username, page, kind, detail)"
        " SELECT {row}, at, patient_id, 'nobody', page, kind, detail FROM record_chartaccess WHERE id = {first}",
        CHANGED,
    ),
    "a seal changed": ("UPDATE record_auditseal SET sealed_at = sealed_at + interval '1 hour' WHERE id = {seal}", CHANGED),
}  # fmt: skip


@pytest.mark.parametrize("how", TAMPERING)
def test_tampering_is_found_and_its_rows_named(sealed, how):
    link = AuditSeal.objects.filter(table="record_chartaccess").order_by("id")[1]
    statement, words = TAMPERING[how]
    settled()
    sql(statement.format(row=link.first + 1, first=link.first, last=link.last, seal=link.id))
    found = seals.verify()
    assert ACCESS.format(first=link.first, last=link.last) in found[0].words
    assert words in found[0].words


def test_a_changed_fact_is_found_inside_its_json(sealed):
    row = LedgerEntry.objects.order_by("id")[5]
    settled()
    sql(f"UPDATE record_ledgerentry SET data = jsonb_set(data, '{{a,z}}', '1') WHERE id = {row.id}")
    assert [one for one in seals.verify() if "record_ledgerentry" in one.words and CHANGED in one.words]


def test_a_row_slipped_in_between_is_found(patient):
    with transaction.atomic():
        write(patient, 2)
    with connection.cursor() as cursor:  # a rolled-back transaction leaves a gap in the ids like this one
        cursor.execute("SELECT nextval(pg_get_serial_sequence('record_chartaccess', 'id'))")
        gap = cursor.fetchone()[0]
    write(patient, 2)
    seals.seal(NOW)
    assert seals.verify() == []
    settled()
    sql(
        "INSERT INTO record_chartaccess (id, at, patient_id, username, page, kind, detail)"
        f" VALUES ({gap}, now(), '{patient.id}', 'x', 'patient', 'opened', '')"
    )
    (found,) = seals.verify()
    assert ADDED in found.words


def test_a_row_below_the_first_is_found(sealed):
    settled()
    sql(
        "INSERT INTO record_chartaccess (id, at, patient_id, username, page, kind, detail)"
        f" VALUES (-5, now(), '{sealed.id}', 'x', 'patient', 'opened', '')"
    )
    assert ADDED in seals.verify()[0].words


def test_a_removed_seal_is_found(sealed):
    second = AuditSeal.objects.order_by("id")[2]
    settled()
    sql(f"DELETE FROM record_auditseal WHERE id = {second.id}")
    found = seals.verify()
    assert "does not follow the one before it" in found[0].words
    assert any("are in no seal" in one.words for one in found)


def test_a_seal_computed_anew_over_a_changed_row_does_not_fit_the_next(sealed):
    link = AuditSeal.objects.filter(table="record_chartaccess").order_by("id").first()
    settled()
    sql(f"UPDATE record_chartaccess SET username = 'x' WHERE id = {link.last}")
    link.digest = seals.digest(link, seals._rows(link.table, link.first, link.last, 100))
    sql(f"UPDATE record_auditseal SET digest = '{link.digest}' WHERE id = {link.id}")
    assert "does not follow the one before it" in seals.verify()[0].words


def test_an_end_cut_off_with_its_rows_is_found_by_the_digest_kept_outside(sealed, tmp_path):
    seals.keep_head(tmp_path)
    kept = seals.kept_head(tmp_path)
    assert kept == seals.head()
    last = AuditSeal.objects.order_by("-id").first()
    settled()
    sql(
        f"DELETE FROM {last.table} WHERE id >= {last.first}",
        f"DELETE FROM record_auditseal WHERE id = {last.id}",
    )
    assert seals.verify() == [], "from inside, nothing shows"
    assert "cut off" in seals.verify(kept=kept)[0].words
    seals.keep_head(tmp_path)
    assert seals.kept_head(tmp_path) == seals.head() != kept


def test_a_place_without_a_kept_digest_says_nothing(db, tmp_path):
    seals.keep_head(tmp_path)
    assert not list(tmp_path.iterdir())
    assert seals.kept_head(tmp_path) == ""
    assert seals.cut_off("") == []


def test_the_newest_seals_are_looked_at_by_themselves(sealed):
    assert seals.verify_newest(2) == []
    newest = AuditSeal.objects.order_by("-id").first()
    oldest = AuditSeal.objects.order_by("id").first()
    settled()
    sql(f"UPDATE {newest.table} SET at = at + interval '1 s' WHERE id = {newest.last}")
    (found,) = seals.verify_newest(2)
    assert f"rows {newest.first} to {newest.last}" in found.words
    sql(f"UPDATE {newest.table} SET at = at - interval '1 s' WHERE id = {newest.last}")
    sql(f"UPDATE {oldest.table} SET at = at + interval '1 s' WHERE id = {oldest.last}")
    assert seals.verify_newest(2) == [], "an old row is for the whole walk"
    assert len(seals.verify()) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_changed_anywhere_is_found(sealed, data):
    link = data.draw(st.sampled_from(list(AuditSeal.objects.order_by("id"))))
    ids = [row[0] for row in seals._rows(link.table, link.first, link.last, link.count)]
    row = data.draw(st.sampled_from(ids))
    columns = [name for name in seals.COLUMNS[link.table] if name not in ("patient_id", "person_id", "id")]
    column = data.draw(st.sampled_from(columns))
    value = {
        "at": "'2020-01-01Z'", "recorded_at": "'2020-01-01Z'", "data": "'{\"x\": 1}'",
    }.get(column, "'altered'")  # fmt: skip
    change = data.draw(
        st.sampled_from((f"UPDATE {link.table} SET {column} = {value} WHERE id = {row}",
                         f"DELETE FROM {link.table} WHERE id = {row}"))
    )  # fmt: skip
    settled()
    with transaction.atomic():
        sql(change)
        found = seals.verify()
        transaction.set_rollback(True)
    assert f"{link.table}, rows {link.first} to {link.last}" in found[0].words, change
    assert seals.verify() == []


def test_rows_that_wait_too_long_for_their_seal_are_counted(patient):
    write(patient, 2)
    later = datetime.now(UTC) + timedelta(minutes=11)
    assert seals.unsealed(datetime.now(UTC)) == 0
    assert seals.unsealed(later) == 4
    seals.seal(NOW)
    assert seals.unsealed(later) == 0


# ------------------------------------------------------------------------------------------ at the same time


class Elsewhere:
    """A thread with a connection of its own, which opens a chart and leaves its transaction open until told."""

    def __init__(self, patient):
        self.patient, self.wrote, self.go_on = patient, threading.Event(), threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            with transaction.atomic():
                audit.opened(self.patient, person=None, username="slow", page="patient", at=NOW)
                self.wrote.set()
                self.go_on.wait(60)
        finally:
            connection.close()

    def __enter__(self):
        self.thread.start()
        assert self.wrote.wait(30)
        return self

    def finish(self):
        self.go_on.set()
        self.thread.join(30)

    def __exit__(self, *_):
        self.finish()


@pytest.mark.django_db(transaction=True)
def test_a_slow_transaction_with_a_lower_id_is_waited_for():
    patient = Patient.objects.create(family="Quill", created_at=NOW)
    with Elsewhere(patient) as slow:
        audit.opened(patient, person=None, username="quick", page="patient", at=NOW)
        quick = ChartAccess.objects.get()
        assert seals.seal(NOW, patience=0.1) == 0, "a row below this one may still come"
        slow.finish()
    assert ChartAccess.objects.filter(id__lt=quick.id).count() == 1
    assert seals.seal(NOW) == 2
    assert seals.verify() == []


@pytest.mark.django_db(transaction=True)
def test_writers_that_come_later_do_not_hold_sealing_up():
    patient = Patient.objects.create(family="Quill", created_at=NOW)
    audit.opened(patient, person=None, username="first", page="patient", at=NOW)
    cut = seals._highest("record_chartaccess")
    with Elsewhere(patient):
        assert seals._add_seal("record_chartaccess", cut, NOW) == 1
    assert seals.seal(NOW) == 1
    assert seals.verify() == []


@pytest.mark.django_db(transaction=True)
def test_of_two_watchers_at_once_one_adds_to_the_chain():
    patient = Patient.objects.create(family="Quill", created_at=NOW)
    write(patient, 3)
    done, go_on, took = threading.Event(), threading.Event(), []

    def other():
        try:
            with transaction.atomic():
                took.append(seals.seal(NOW))
                done.set()
                go_on.wait(60)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    assert done.wait(30)
    assert seals.seal(NOW) == 0, "the other one holds the chain"
    go_on.set()
    thread.join(30)
    assert took == [6]
    assert seals.seal(NOW) == 0
    assert seals.verify() == []
