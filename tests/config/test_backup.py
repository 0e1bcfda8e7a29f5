"""A backup holds everything at one moment; a restored system answers the same questions; a fault changes nothing."""

import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from sample_reports import macro, oru
from visitor import Visitor
from whole_system import WholeSystem

from soar2.config import dump
from soar2.config.backup import head_for
from soar2.config.postgres import PrivateServer

STANDS = "2026-03-10T14:30:00-04:00"
LANES = ("emergent", "urgent", "expedited", "routine")
#: What lives on while nothing happens: signs of life, who looked, who is signed in.
ALIVE = {"record_heartbeat", "record_chartaccess", "django_session", "auth_user", "record_ledgerentry", "record_auditseal"}  # fmt: skip


def messages(count, first=1):
    return [oru(macro(LANES[n % 4]), n=n, name=f"QUILL^ROSA{n}") for n in range(first, first + count)]


def settled(system):
    stored = "SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored'"
    queued = "SELECT count(*) FROM record_outboxmessage WHERE state = 'queued'"
    system.wait_until(lambda: system.one(stored) == 0 and system.one(queued) == 0, "all is done", 90)


def tables(system):
    return [row[0] for row in system.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def everything(system):
    return {
        table: sorted(map(repr, system.query(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))))
        for table in tables(system)
        if table not in ALIVE
    }


def stand_still(system):
    system.query("UPDATE record_democlock SET running = false, hospital = %s RETURNING id", STANDS)


def answers(system):
    """What a navigator sees on every page that speaks of patients, at one standing moment."""
    visitor = Visitor(system)
    stand_still(system)
    pages = ["/", "/?show=overdue"]
    pages += [f"/patients/{row[0]}/" for row in system.query("SELECT id FROM record_patient ORDER BY id")]
    pages += [
        f"/notices/{row[0]}/" for row in system.query("SELECT case_code FROM notices_notice ORDER BY 1")
    ]
    seen = {page: main_of(visitor.get(page)) for page in pages}
    visitor.close()
    return seen


def main_of(page):
    """Without the list of who opened the chart, which each look makes longer."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return main.partition('id="opened"')[0]


@pytest.fixture(scope="module")
def system():
    with running(parts=("listen", "work", "web"), at=STANDS) as whole:
        whole.send(*messages(12))
        settled(whole)
        visitor = Visitor(whole)
        code = whole.one("SELECT case_code FROM notices_notice WHERE lane = 'emergent' ORDER BY id LIMIT 1")
        assert visitor.post(f"/notices/{code}/mine").status_code == 200
        visitor.close()
        stand_still(whole)
        yield whole


@pytest.fixture
def other():
    """An empty system of the same hospital, on another database."""
    with running(parts=()) as whole:
        yield whole


@pytest.fixture(scope="module")
def spare():
    """A system on which restores are refused, so that many tests can share it."""
    with running(parts=()) as whole:
        yield whole


@contextmanager
def running(**how):
    whole = WholeSystem()
    try:
        whole.start(**how)
        yield whole
    finally:
        whole.stop()


def test_a_restored_system_answers_the_same_questions(system, other, tmp_path):
    path = tmp_path / "whole.backup"
    wrote = system.command("backup", str(path))
    assert "12 messages, 12 reports, 12 notices" in wrote.stdout
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads((system.home / "last-backup.json").read_text())["bytes"] == path.stat().st_size
    restored = other.command("restore", str(path), "--yes")
    assert "Every row was counted again" in restored.stdout
    assert everything(other) == everything(system)
    other.launch("web")
    other.wait_until(other.answers, "the pages answer", 40)
    before, after = answers(system), answers(other)
    assert len(before) == 2 + 12 + 12
    assert after == before


def test_what_came_after_the_backup_can_be_sent_again_and_doubles_nothing(system, other, tmp_path):
    path, sent = tmp_path / "amid.backup", messages(60, first=100)
    traffic = threading.Thread(target=lambda: system.send(*sent))
    traffic.start()
    system.command("backup", str(path))  # the restore below counts its rows, taken while these came in
    traffic.join()
    settled(system)
    other.command("restore", str(path), "--yes")
    for part in ("listen", "work"):
        other.launch(part)
    other.wait_until(other.listens, "the listener answers", 40)
    other.send(*messages(12), *sent)
    settled(other)
    for table in ("exchange_inboundmessage", "reports_report", "notices_notice"):
        assert len(other.rows(table)) == 72, table
    assert {row[0] for row in other.query("SELECT accession FROM reports_report")} == {
        row[0] for row in system.query("SELECT accession FROM reports_report WHERE accession < 'A000160'")
    }


def test_settings_and_mappings_that_stand_elsewhere_are_kept_whole(spare, other, tmp_path):
    shared, theirs = tmp_path / "shared", tmp_path / "hospital.toml"
    (shared / "Radiology results" / "samples").mkdir(parents=True)
    (shared / "Radiology results" / "mapping.toml").write_text('name = "Radiology results"\nversion = 1\n')
    (shared / "Radiology results" / "samples" / "01.hl7").write_text("MSH|")
    (shared / "Radiology results" / ".mapping.toml.x1").write_text("half wri")
    (shared / "Radiology results" / "samples" / "loop").symlink_to(shared)
    theirs.write_text(spare.settings())
    (tmp_path / "soar2.toml").symlink_to(theirs)
    (spare.home / "mappings").symlink_to(shared)
    path = tmp_path / "linked.backup"
    spare.command("backup", str(path), env={"SOAR2_CONFIG": str(tmp_path / "soar2.toml")})
    with tarfile.open(path) as archive:
        assert archive.extractfile("soar2.toml").read() == theirs.read_bytes()
        assert not [entry.name for entry in archive if not (entry.isfile() or entry.isdir())]
        assert "mappings/Radiology results/.mapping.toml.x1" not in archive.getnames()
    other.command("restore", str(path), "--yes")
    put = other.home / "mappings" / "Radiology results"
    assert (put / "mapping.toml").read_text().startswith("name")
    assert (put / "samples" / "01.hl7").read_text() == "MSH|"
    (put / "mapping.toml").write_text("newer")
    again = other.command("restore", str(path), "--yes")
    assert "were left as they are" in again.stdout
    assert (put / "mapping.toml").read_text() == "newer"


def test_a_link_in_a_backup_leads_nowhere(spare, tmp_path):
    spare.command("backup", str(tmp_path / "good.backup"))
    bad = tmp_path / "bad.backup"
    changed(tmp_path / "good.backup", bad, lambda name, content: content)
    with tarfile.open(bad, "a") as archive:
        link = tarfile.TarInfo("mappings/away")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    assert spare.command("restore", str(bad), "--yes").returncode == 0


def test_nobody_is_signed_in_by_a_backup(system, other, tmp_path):
    Visitor(system).close()
    assert system.one("SELECT count(*) FROM django_session") > 0
    system.command("backup", str(tmp_path / "whole.backup"))
    other.command("restore", str(tmp_path / "whole.backup"), "--yes")
    assert other.one("SELECT count(*) FROM django_session") == 0


def test_a_password_beside_the_address_reaches_the_programs(monkeypatch, tmp_path):
    """As .pgpass does for SOaR2 itself."""
    program, said = tmp_path / "pg_dump", tmp_path / "said"
    program.write_text(
        f'#!/bin/sh\n[ "$1" = --version ] && echo "pg_dump (PostgreSQL) 99.1" || env > {said}\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("SOAR2_PG_BIN", str(tmp_path))
    monkeypatch.setenv("PGPASSFILE", "/etc/soar2/pgpass")
    monkeypatch.setenv("PGSERVICE", "another")
    dump.run("pg_dump", 15, "postgresql://soar2@db.example/soar2?sslmode=verify-full", "--file=x")
    found = dict(line.partition("=")[::2] for line in said.read_text().splitlines())
    assert found["PGPASSFILE"] == "/etc/soar2/pgpass"
    assert (found["PGHOST"], found["PGSSLMODE"]) == ("db.example", "verify-full")
    assert "PGSERVICE" not in found


HEAD = [b"--\n", b"\n", b"\\restrict k\n", b"SET lock_timeout = 0;\n", b"SET transaction_timeout = 0;\n"]
ROWS = [b"COPY t (a) FROM stdin;\n", b"SET transaction_timeout = 0;\n", b"\\.\n"]


@pytest.mark.parametrize(("server", "left_out"), [(15, 1), (16, 1), (17, 0), (18, 0)])
def test_an_older_server_is_spared_the_settings_of_newer_programs(server, left_out):
    script = iter([*HEAD, *ROWS])
    assert list(head_for(server, script)) == [*HEAD[: 5 - left_out], ROWS[0]]
    assert list(script) == ROWS[1:]


def changed(path, into, change):
    """A copy of a backup with one member changed."""
    with tarfile.open(path) as old, tarfile.open(into, "w") as new:
        for entry in old.getmembers():
            content = old.extractfile(entry).read() if entry.isfile() else b""
            content = change(entry.name, content)
            entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    return into


def with_manifest(path, into, **differences):
    def change(name, content):
        return json.dumps(json.loads(content) | differences).encode() if name == "manifest.json" else content

    return changed(path, into, change)


def cut_short(path, into):
    """A dump that ends in the middle, with the right digest: only PostgreSQL itself can find this."""
    with tarfile.open(path) as archive:
        dump = archive.extractfile("database.dump").read()
    half = dump[: len(dump) * 2 // 3]
    halved = changed(
        path, into.with_suffix(".1"), lambda name, content: half if name == "database.dump" else content
    )
    return with_manifest(halved, into, sha256=hashlib.sha256(half).hexdigest())


FAULTS = {
    "damaged": (
        lambda path, into: changed(
            path, into, lambda name, content: content[:-1] + b"?" if name == "database.dump" else content
        ),
        "is damaged",
    ),
    "no backup": (lambda path, into: into.write_bytes(b"not a tar") and into, "is no backup of SOaR2"),
    "not there": (lambda path, into: into, "There is no file"),
    "newer": (
        lambda path, into: with_manifest(path, into, migrations=["record.9999_from_the_future"]),
        "made by a newer version",
    ),
    "cut short": (cut_short, "error"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_backup_that_cannot_be_used_changes_nothing(spare, tmp_path, fault):
    make, words = FAULTS[fault]
    spare.command("backup", str(tmp_path / "good.backup"))
    before = everything(spare)
    ran = spare.command(
        "restore", str(make(tmp_path / "good.backup", tmp_path / "bad.backup")), "--yes", check=False
    )
    assert ran.returncode == 1
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert everything(spare) == before


def test_nothing_is_restored_under_a_running_system(system, tmp_path):
    system.command("backup", str(tmp_path / "x.backup"))
    before = system.one("SELECT count(*) FROM reports_report")
    ran = system.command("restore", str(tmp_path / "x.backup"), "--yes", check=False)
    assert ran.returncode == 1
    assert "Stop soar2 web, listen, work and watch" in ran.stderr
    assert system.one("SELECT count(*) FROM reports_report") == before


def test_a_restore_without_a_terminal_must_be_agreed_to(spare, tmp_path):
    spare.command("backup", str(tmp_path / "x.backup"))
    ran = spare.command("restore", str(tmp_path / "x.backup"), check=False, input="restore\n")
    assert ran.returncode == 1
    assert "say --yes" in ran.stderr


def test_a_disk_without_room_leaves_no_half_backup(system, tmp_path):
    full = "/dev/full"
    ran = system.command("backup", f"{full}/x.backup", check=False)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


# Upgrades


@pytest.fixture
def older(tmp_path):
    """A database as the first release left it, with one patient in it, and the environment to reach it."""
    tmp_path.chmod(0o711)
    server = PrivateServer(tmp_path)
    server.start()
    (tmp_path / "soar2.toml").write_text(WholeSystem(mode="demo").settings())
    env = os.environ | {
        "SOAR2_HOME": str(tmp_path),
        "SOAR2_CONFIG": str(tmp_path / "soar2.toml"),
        "DATABASE_URL": server.url(),
        "DJANGO_SETTINGS_MODULE": "soar2.config.settings",
    }
    for app, name in (
        ("record", "0003"),
        ("exchange", "0001"),
        ("notices", "0002"),
        ("reports", None),
        ("watch", "0001"),
    ):
        argv = [sys.executable, "-m", "django", "migrate", app, *([name] if name else []), "-v0"]
        subprocess.run(argv, env=env, check=True)
    with psycopg.connect(server.url(), autocommit=True) as link:
        link.execute(
            "INSERT INTO record_patient (id, family, given, sex, diagnosis, provisional, created_at)"
            " VALUES (gen_random_uuid(), 'Quill', 'Rosa', 'F', '', true, now())"
        )
    yield server, env
    server.erase()


def soar2(env, *argv):
    return subprocess.run(
        [sys.executable, "-m", "soar2.cli", *argv], env=env, capture_output=True, text=True, check=False
    )


def one(server, question):
    with psycopg.connect(server.url(), autocommit=True) as link:
        return link.execute(question).fetchone()[0]


SEALED = "SELECT to_regclass('record_auditseal') IS NOT NULL"


def test_a_dump_comes_before_migrations(older, tmp_path):
    server, env = older
    ran = soar2(env, "migrate")
    assert ran.returncode == 0, ran.stderr
    assert one(server, SEALED)
    (made,) = (tmp_path / "before-upgrades").glob("*.backup")
    with tarfile.open(made) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
    assert "record.0004_audit_seal" not in manifest["migrations"]
    assert manifest["rows"]["record_patient"] == 1
    assert soar2(env, "migrate").returncode == 0
    assert (
        len(list((tmp_path / "before-upgrades").glob("*.backup"))) == 1
    )  # nothing to change, nothing to dump
    assert soar2(env, "restore", str(made), "--yes").returncode == 0  # the way back
    assert not one(server, SEALED)
    assert one(server, "SELECT family FROM record_patient") == "Quill"


def test_without_the_dump_nothing_is_migrated(older, tmp_path):
    server, env = older
    ran = soar2(env | {"SOAR2_PG_BIN": str(tmp_path)}, "migrate")
    assert ran.returncode == 1
    assert "Nothing was migrated, because no dump could be written first" in ran.stderr
    assert not one(server, SEALED)


def test_two_hosts_may_migrate_at_once(older):
    server, env = older
    both = [
        subprocess.Popen([sys.executable, "-m", "soar2.cli", "migrate"], env=env, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for one_of_them in both:
        _, said = one_of_them.communicate(timeout=120)
        assert one_of_them.returncode == 0, said
    assert one(server, SEALED)


def test_there_is_no_way_back_but_the_dump(older):
    server, env = older
    assert soar2(env, "migrate").returncode == 0
    with psycopg.connect(server.url(), autocommit=True) as link:
        link.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('record', '9999_later', now())"
        )
    ran = soar2(env, "migrate")
    assert ran.returncode == 1
    assert "of a newer version (record.9999_later is not known here)" in ran.stderr
