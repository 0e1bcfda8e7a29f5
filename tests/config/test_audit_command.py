"""``soar2 audit`` from a shell: what it prints, how it ends, and that its own looks are rows."""

import io
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from sample_reports import at

from soar2.config.audit_command import run_verify, run_who
from soar2.record import audit, clock, ledger, seals
from soar2.record.models import AuditSeal, ChartAccess, LedgerEntry
from soar2.record.patients import PatientIdentity, find_or_create

NOW = at("10 14:05")


@pytest.fixture
def quill(people, settings, tmp_path):
    settings.HOME = tmp_path
    clock.start(NOW, running=False)
    return patient()


def patient(number="M1", family="Quill"):
    return find_or_create(PatientIdentity((("DEMO", number, "MR"),), family, "Rosa"), now=NOW)


def who(*words):
    out = io.StringIO()
    code = run_who(words, out)
    return code, out.getvalue()


def verify():
    out = io.StringIO()
    code = run_verify(out)
    return code, out.getvalue()


@pytest.mark.parametrize("words", [("M1",), ("quill",), ("rosa", "quill"), ("rosa quill\0",)])
def test_one_patient_is_told_newest_first(quill, people, words):
    audit.opened(quill, person=people["bell"], username="bell", page="patient", at=NOW - timedelta(hours=1))
    code, said = who(*words)
    head, title, *rows = said.splitlines()
    assert code == 0
    assert head == "Rosa Quill, birth date not known, DEMO M1"
    assert title == "Who opened or changed this chart, newest first:"
    assert "2026-03-10 14:05:00  SOaR2, door  Patient put on record" in rows
    assert rows[-1] == "2026-03-10 13:05:00  N. Bell RN (account bell)  Opened the patient's page"


def test_its_own_look_is_a_row_and_so_is_what_was_typed(quill):
    _, said = who("quill")
    rows = ChartAccess.objects.order_by("id").values_list("kind", "page", "person")
    assert list(rows) == [("searched", "audit", None), ("opened", "audit", None)]
    assert all(
        name.endswith(" by soar2 audit") for name in ChartAccess.objects.values_list("username", flat=True)
    )
    fact = LedgerEntry.objects.get(kind="audit.searched")
    assert (fact.data["words"], fact.data["found"]) == ("quill", 1)
    assert "by soar2 audit" in said.splitlines()[2], "it is the newest row of what it prints"


def test_several_patients_are_told_to_choose_from_and_no_chart_is_opened(quill):
    patient("M2")
    code, said = who("quill")
    assert code == 1
    assert said.startswith("2 patients. Say one record number:")
    assert "DEMO M1" in said
    assert "DEMO M2" in said
    assert set(ChartAccess.objects.values_list("kind", flat=True)) == {"searched"}


def test_nobody_and_somebody_who_works_here(quill):
    assert who("nobody")[0] == 1
    code, said = who("bell")
    assert (code, said.strip()) == (
        1,
        "No patient found. Nora Bell works here: what they opened stands on the audit page.",
    )


def test_a_long_trail_is_printed_whole(quill, monkeypatch):
    from soar2.worklists import trail

    monkeypatch.setattr(trail, "PAGE", 4)
    for n in range(13):
        audit.opened(
            quill, person=None, username=f"user-{n}", page="patient", at=NOW - timedelta(minutes=n // 3)
        )
    _, said = who("M1")
    assert [f"user-{n} " in said for n in range(13)] == [True] * 13
    assert len(said.splitlines()) == 2 + 13 + 1 + 2


# verify


def test_before_anything_was_sealed(quill):
    assert verify() == (0, "Nothing is sealed yet: soar2 watch seals what is new several times a minute.\n")


def test_whole(quill):
    ledger.record("patient.test", at=NOW, patient=quill)
    seals.seal(timezone.now())
    head = seals.head()
    code, said = verify()
    assert code == 0
    assert said.startswith(f"Whole: 2 rows are as they were sealed. Newest seal {head}.")
    assert "an end cut off would not show here" in said
    from django.conf import settings

    seals.keep_head(settings.HOME)
    assert verify() == (0, f"Whole: 2 rows are as they were sealed. Newest seal {head}.\n")


def test_broken(quill):
    seals.seal(timezone.now())
    link = AuditSeal.objects.get()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE record_ledgerentry DISABLE TRIGGER append_only")
        cursor.execute("UPDATE record_ledgerentry SET actor = 'x' WHERE id = %s", [link.last])
        cursor.execute("ALTER TABLE record_ledgerentry ENABLE TRIGGER append_only")
    code, said = verify()
    first, last = said.splitlines()
    assert code == 1
    assert first.startswith(f"record_ledgerentry, rows {link.first} to {link.last}, sealed ")
    assert last.endswith("docs/runbooks/the-audit-chain-is-broken.md")


def test_an_end_that_is_gone(quill, settings):
    seals.seal(timezone.now())
    (settings.HOME / seals.KEPT).write_text("f" * 64 + " 2026-03-10T18:05:00Z\n")
    code, said = verify()
    assert code == 1
    assert "its end was cut off" in said


# what replaces the data on purpose


def test_a_demonstration_that_starts_over_forgets_the_last_seal(tmp_path, monkeypatch):
    from soar2.config.postgres import PrivateServer
    from soar2.demo import run

    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name in (seals.KEPT, "secret-key"):
        (tmp_path / name).write_text("x")
    run._erase(tmp_path, PrivateServer(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]
