"""Somebody with every right in the database changes the audit while the system runs: the watcher finds it, a person
is told, and a restore that was meant to be raises no alarm."""
# ruff: noqa: S608 - one who tampers uses no parameters

import psycopg
import pytest
from psycopg import sql
from sample_reports import macro, oru
from whole_system import WholeSystem

SECURITY, DESK = "d.whitlock@hospital.example", "r.osei@hospital.example"
PARTS = ("listen", "work", "watch")
ROWS = "SELECT id FROM record_chartaccess ORDER BY id"
INSERT = (
    "INSERT INTO record_chartaccess (id, at, recorded_at, patient_id, username, page, kind, detail)"
    " SELECT {id}, at, {recorded}, patient_id, 'nobody', page, kind, detail FROM record_chartaccess LIMIT 1"
)


@pytest.fixture(scope="module")
def system():
    whole = WholeSystem(mode="production")
    try:
        whole.start(parts=PARTS)
        yield whole
    finally:
        whole.stop()


def looked(system, times=1):
    """Somebody looks at a chart, by the front door of whoever has a shell; then all of it is sealed."""
    if not system.query("SELECT 1 FROM record_patient LIMIT 1"):
        system.send(oru(macro("routine"), name="QUILL^ROSA"))
        system.wait_until(lambda: system.query("SELECT 1 FROM record_patient"), "the report is filed")
    for _ in range(times):
        assert system.command("audit", "who", "T000001").returncode == 0
    system.wait_until(lambda: unsealed(system) == 0, "all is sealed", 60)


def unsealed(system):
    return system.one(
        "SELECT count(*) FROM record_chartaccess WHERE id >"
        " (SELECT coalesce(max(last), 0) FROM record_auditseal WHERE \"table\" = 'record_chartaccess')"
    )


def tamper(system, *statements):
    """As the owner of the tables, with the triggers switched off."""
    with psycopg.connect(system.server.url()) as link:
        for table in ("record_chartaccess", "record_auditseal"):
            link.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        for statement in statements:
            link.execute(statement)
        link.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("record_chartaccess", "record_auditseal"):
            link.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def last_seal(system):
    (row,) = system.query(
        "SELECT id, first, last FROM record_auditseal WHERE \"table\" = 'record_chartaccess' ORDER BY id DESC LIMIT 1"
    )
    return row


def open_findings(system, key="audit."):
    rows = system.query(
        "SELECT key, words FROM watch_finding WHERE closed_at IS NULL AND key LIKE %s", f"{key}%"
    )
    return dict(rows)


def found(system, words, place):
    """The watcher says so, under the seal's own key, within a few looks."""

    def said():
        return words in open_findings(system).get(f"audit.tampered.{place}", "")

    system.wait_until(said, f"the watcher finds at {place}: {words}", 60)


def a_row_changed(system, place, first, last):
    tamper(system, f"UPDATE record_chartaccess SET username = 'somebody else' WHERE id = {last}")
    return place, f"rows {first} to {last}", "was changed"


def a_row_deleted(system, place, first, last):
    tamper(system, f"DELETE FROM record_chartaccess WHERE id = {last}")
    return place, f"rows {first} to {last}", "sealed rows missing"


def a_row_slipped_in(system, place, first, last):
    """Under a number that was left free, as one is whenever a transaction is taken back."""
    free = system.one("SELECT nextval(pg_get_serial_sequence('record_chartaccess', 'id'))")
    looked(system)
    place, first, last = last_seal(system)
    tamper(system, INSERT.format(id=free, recorded="recorded_at"))
    return place, f"rows {first} to {last}", "a row was added among"


def a_row_of_yesterday_added(system, place, first, last):
    tamper(
        system,
        INSERT.format(
            id="nextval(pg_get_serial_sequence('record_chartaccess', 'id'))",
            recorded="now() - interval '1 day'",
        ),
    )
    system.wait_until(lambda: unsealed(system) == 0, "it is sealed like any row", 60)
    return last_seal(system)[0], "", "says it was written before rows that were there already"


def the_newest_rows_deleted(system, place, first, last):
    """With their seals and all that follows: from inside nothing shows."""
    tamper(
        system,
        f"DELETE FROM record_chartaccess WHERE id >= {first}",
        f"DELETE FROM record_auditseal WHERE id >= {place}",
    )
    return "end", "", "its end was cut off"


WAYS = (
    a_row_changed,
    a_row_deleted,
    a_row_slipped_in,
    a_row_of_yesterday_added,
    the_newest_rows_deleted,
)


@pytest.mark.parametrize("way", WAYS, ids=[way.__name__ for way in WAYS])
def test_the_watcher_finds(system, way):
    looked(system)
    assert "audit.tampered.end" not in open_findings(system)
    place, *words = way(system, *last_seal(system))
    for said in words:
        found(system, said, place)


def test_the_security_officer_and_the_desk_are_told_in_words_without_a_patient(system):
    """After the others in this module: their findings are a minute old by now, or will be."""

    def told():
        return {SECURITY, DESK} <= {mail["To"] for mail in mails(system)}

    system.wait_until(told, "both have mail", 120)
    body = next(mail for mail in mails(system) if mail["To"] == SECURITY).get_payload(decode=True).decode()
    assert "The audit is not as it was written." in body
    assert system.url("/audit/") in body
    for secret in ("QUILL", "Rosa", "T000001"):
        assert secret not in body


def mails(system):
    return [mail for mail in list(system.mail.mails) if mail["Subject"] == "SOaR2 system: please look"]


def test_the_command_names_every_break_and_fails(system):
    ran = system.command("audit", "verify", check=False)
    assert ran.returncode == 1
    for words in ("was changed", "sealed rows missing", "was added", "its end was cut off"):
        assert words in ran.stdout
    assert "the-audit-chain-is-broken.md" in ran.stdout
    assert ran.stderr == ""


# databases put back


@pytest.fixture
def whole():
    one = WholeSystem(mode="production")
    try:
        one.start(parts=PARTS)
        yield one
    finally:
        one.stop()


def stand_still(system):
    for part in PARTS:
        system.kill(part, 15)


def by_hand(system, *statements):
    """From another database of the same server: nobody may be connected to what is copied."""
    address = system.server.url().rpartition("/")
    with psycopg.connect(f"{address[0]}/postgres{address[2].removeprefix('soar2')}", autocommit=True) as link:
        for statement in statements:
            link.execute(sql.SQL(statement))


def test_a_restore_raises_no_alarm_and_an_older_copy_put_in_place_by_hand_does(whole, tmp_path):
    looked(whole)
    verified = whole.command("audit", "verify")
    assert verified.stdout.startswith("Whole: ")
    stand_still(whole)
    kept = tmp_path / "then.backup"
    whole.command("backup", str(kept))
    by_hand(whole, "CREATE DATABASE older TEMPLATE soar2")
    run_on(whole)
    later = noted(whole)

    stand_still(whole)
    whole.command("restore", str(kept), "--yes")
    assert whole.command("audit", "verify").returncode == 0
    run_on(whole)
    assert open_findings(whole) == {}
    assert noted(whole) != later

    stand_still(whole)
    by_hand(whole, "DROP DATABASE soar2", "ALTER DATABASE older RENAME TO soar2")
    whole.launch("watch")
    found(whole, "an older copy was put in its place", "end")
    assert whole.command("audit", "verify", check=False).returncode == 1


def run_on(system):
    """All processes again, some rows, and two looks of the watcher after they were sealed."""
    for part in PARTS:
        system.launch(part)
    system.wait_until(system.listens, "the listener answers", 40)
    looked(system)
    for _ in range(2):
        seen = beat(system)
        system.wait_until(lambda seen=seen: beat(system) > seen, "the watcher has looked", 40)


def beat(system):
    return system.one("SELECT max(seen) FROM record_heartbeat WHERE kind = 'watcher'")


def noted(system):
    return (system.home / "last-seal").read_text()
