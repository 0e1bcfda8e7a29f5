"""The private PostgreSQL server: started, shared, killed and healed for real."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from soar2.config.postgres import FALLBACK_ROOTS, PrivateServer, ServerFault, database_settings
from soar2.config.postgres_programs import find_binaries


@contextmanager
def open_directory() -> Iterator[Path]:
    """A directory that everybody may enter, as /srv or a usual home would be; pytest's own is closed."""
    parent = Path(tempfile.mkdtemp(prefix="soar2-test-", dir=FALLBACK_ROOTS[0]))
    parent.chmod(0o755)
    yield parent
    shutil.rmtree(parent)


@pytest.fixture
def home() -> Iterator[Path]:
    with open_directory() as parent:
        yield parent / "home"


@pytest.fixture(scope="module")
def shared_server() -> Iterator[PrivateServer]:
    with open_directory() as parent:
        server = PrivateServer(parent / "home")
        yield server
        server.erase()


@pytest.fixture
def server(shared_server: PrivateServer) -> PrivateServer:
    """Running, whatever the test before did to it: one for the module, since making one takes seconds."""
    shared_server.start()
    return shared_server


def run_sql(server: PrivateServer, *statements: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def postmaster(server: PrivateServer) -> int:
    return int((server.place / "data/cluster/postmaster.pid").read_text().split()[0])


def processes_of(server: PrivateServer) -> list[int]:
    """Every live process that works in the server's data directory."""
    cluster = (server.place / "data/cluster").resolve()
    found = []
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        try:
            if cwd.readlink() == cluster:
                found.append(int(cwd.parent.name))
        except OSError:
            continue
    return found


def test_a_new_home_gets_a_database_that_sorts_plainly_and_forces_commits_to_disk(
    server: PrivateServer,
) -> None:
    shown = run_sql(
        server,
        "SELECT current_database(), pg_encoding_to_char(encoding), datcollate, current_setting('fsync'), "
        "current_setting('synchronous_commit') FROM pg_database WHERE datname = current_database()",
    )
    assert shown[0][0:2] == ("soar2", "UTF8")
    assert shown[0][2] in ("C.UTF-8", "C")
    assert shown[0][3:] == ("on", "on")
    assert (server.started, server.keeper, server.running()) == (True, True, True)


def test_the_extensions_that_the_schema_may_want_are_there(server: PrivateServer) -> None:
    run_sql(server, "CREATE EXTENSION btree_gist", "CREATE EXTENSION pg_trgm")


def open_files(pid: int) -> list[str]:
    """What a process holds open; nothing of one that has just ended, as the server's helpers come and go."""
    found = []
    with suppress(FileNotFoundError):
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                found.append(os.readlink(handle))
    return found


def test_no_tcp_port_is_open(server: PrivateServer) -> None:
    assert run_sql(server, "SHOW listen_addresses") == [("",)]
    pids = processes_of(server)
    assert pids
    sockets = {place for pid in pids for place in open_files(pid)}
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        rows = Path(table).read_text().splitlines()[1:] if Path(table).exists() else []
        listening |= {f"socket:[{row.split()[9]}]" for row in rows if row.split()[3] == "0A"}
    assert not sockets & listening


def test_only_the_password_opens_it(server: PrivateServer) -> None:
    password = (server.place / "data/password").read_text()
    assert len(password) > 30
    for wrong in (server.url().replace(password, "guess"), server.url().replace(f":{password}@", "@")):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(wrong)


def test_data_socket_and_password_are_closed_to_other_accounts(server: PrivateServer) -> None:
    modes = {
        name: stat.S_IMODE((server.place / name).stat().st_mode)
        for name in ("data", "socket", "data/password")
    }
    assert modes == {"data": 0o700, "socket": 0o700, "data/password": 0o600}


def test_it_never_runs_as_root(server: PrivateServer) -> None:
    owner = Path(f"/proc/{postmaster(server)}").stat().st_uid
    assert owner != 0
    assert owner == os.geteuid() or os.geteuid() == 0


def test_no_mode_above_the_home_is_changed(home: Path) -> None:
    home.parent.chmod(0o711)
    before = [stat.S_IMODE(path.stat().st_mode) for path in home.parents]
    server = PrivateServer(home)
    server.start()
    server.erase()
    assert [stat.S_IMODE(path.stat().st_mode) for path in home.parents] == before


def test_a_home_below_a_closed_directory_stays_closed(home: Path) -> None:
    """Below /root, say: the server's account cannot enter, so as root the data live elsewhere."""
    home.parent.chmod(0o700)
    server = PrivateServer(home)
    server.start()
    try:
        assert run_sql(server, "SELECT 1") == [(1,)]
        assert stat.S_IMODE(home.parent.stat().st_mode) == 0o700
        inside = server.place.is_relative_to(home)
        assert inside == (os.geteuid() != 0)
        assert PrivateServer(home).place == server.place
        assert stat.S_IMODE((server.place / "data").stat().st_mode) == 0o700
    finally:
        server.erase()
    assert not server.place.exists()


def test_programs_below_a_closed_directory_are_copied_within_reach(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = find_binaries({}).parents[1]
    closed = home.parent / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(package, closed / package.name)
    if package.with_name(f"{package.name}.libs").exists():
        shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    monkeypatch.setenv("SOAR2_PG_BIN", str(closed / package.name / "pginstall/bin"))
    server = PrivateServer(home)
    server.start()
    try:
        assert run_sql(server, "SELECT 1") == [(1,)]
        assert (server.place / "binaries").exists() == (os.geteuid() == 0)
    finally:
        server.erase()


def test_a_foreign_directory_in_its_place_is_refused(home: Path) -> None:
    home.mkdir(mode=0o711)
    (home / "postgres").symlink_to(home.parent)
    with pytest.raises(ServerFault, match="belongs to someone else"):
        PrivateServer(home).start()


def test_a_home_with_a_long_path_still_gets_a_socket(home: Path) -> None:
    deep = home / ("d" * 60) / ("e" * 60)
    deep.parent.mkdir(parents=True)
    server = PrivateServer(deep)
    server.start()
    try:
        assert run_sql(server, "SELECT 1") == [(1,)]
    finally:
        server.erase()
    assert not list(FALLBACK_ROOTS[-1].glob(f"soar2-{server._tag()}*"))


def test_a_home_with_a_space_and_an_umlaut_works(home: Path) -> None:
    server = PrivateServer(home.parent / "Übung 1")
    server.start()
    try:
        assert run_sql(server, "SELECT 1") == [(1,)]
    finally:
        server.erase()


def test_data_outlive_a_stop(server: PrivateServer) -> None:
    run_sql(server, "CREATE TABLE kept (n int)", "INSERT INTO kept VALUES (7)")
    server.stop()
    assert not server.running()
    assert processes_of(server) == []
    server.start()
    assert run_sql(server, "SELECT n FROM kept") == [(7,)]


def test_stop_does_not_wait_for_open_connections(server: PrivateServer) -> None:
    with psycopg.connect(server.url()) as connection:
        connection.execute("SELECT 1")
        before = time.monotonic()
        server.stop()
        assert time.monotonic() - before < 10
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        connection.close()


def test_a_second_start_attaches_and_its_stop_leaves_the_server_to_the_first(server: PrivateServer) -> None:
    second = PrivateServer(server.home)
    second.start()
    assert (second.started, second.keeper) == (False, False)
    assert second.url() == server.url()
    second.stop()
    assert run_sql(server, "SELECT 1") == [(1,)]
    with pytest.raises(ServerFault, match="Another SOaR2 process"):
        second.erase()


STARTS_AND_WAITS = """
import sys, time
from pathlib import Path
from soar2.config.postgres import PrivateServer
server = PrivateServer(Path(sys.argv[1]))
server.start()
print(server.started, server.keeper, flush=True)
time.sleep(60)
"""


def start_elsewhere(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", STARTS_AND_WAITS, str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_of_four_that_start_at_once_one_launches_and_one_keeps(home: Path) -> None:
    starters = [start_elsewhere(home) for _ in range(4)]
    try:
        answers = [starter.stdout.readline().split() for starter in starters if starter.stdout]
    finally:
        for starter in starters:
            starter.kill()
            starter.communicate()
    assert sorted(launched for launched, _ in answers) == ["False", "False", "False", "True"]
    assert sorted(keeps for _, keeps in answers) == ["False", "False", "False", "True"]
    PrivateServer(home).erase()


def test_who_starts_after_a_killed_keeper_inherits_the_running_server(home: Path) -> None:
    with start_elsewhere(home) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "True True\n"
        killed.kill()
    heir = PrivateServer(home)
    assert heir.running()
    heir.start()
    assert (heir.started, heir.keeper) == (False, True)
    heir.stop()
    assert not heir.running()
    heir.erase()


@pytest.mark.faults
def test_committed_rows_survive_kill_9_of_the_server(server: PrivateServer) -> None:
    run_sql(server, "CREATE TABLE safe (n int)")
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for n in range(200):
            connection.execute("INSERT INTO safe VALUES (%s)", (n,))
        os.kill(postmaster(server), signal.SIGKILL)
    before = time.monotonic()
    server.start()
    assert time.monotonic() - before < 10
    assert run_sql(server, "SELECT count(*), max(n) FROM safe") == [(200, 199)]


@pytest.mark.faults
def test_a_killed_server_is_brought_back_by_tending_it(server: PrivateServer) -> None:
    first = postmaster(server)
    server.tend()
    assert postmaster(server) == first, "a healthy server is left alone"
    for pid in processes_of(server):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    deadline = time.monotonic() + 10
    while server.running() and time.monotonic() < deadline:
        time.sleep(0.05)
    server.tend()
    assert postmaster(server) != first
    assert run_sql(server, "SELECT 1") == [(1,)]


@pytest.mark.faults
@pytest.mark.parametrize("whose", ["nobody's", "this very test's", "no number"])
def test_a_stale_pid_file_does_not_block_the_start(server: PrivateServer, whose: str) -> None:
    """After a power cut the number in the file may belong to any program."""
    number = {"nobody's": 2**22 + 1, "this very test's": os.getpid(), "no number": ""}[whose]
    lock_file = server.place / "data/cluster/postmaster.pid"
    lines = lock_file.read_text().splitlines()
    server.stop()
    lock_file.write_text("\n".join([str(number), *lines[1:]]) + "\n")
    shutil.copy(lock_file, server.place / "socket/.s.PGSQL.5432.lock")
    for path in (lock_file, server.place / "socket/.s.PGSQL.5432.lock"):
        shutil.chown(path, server.place.joinpath("data").stat().st_uid)
        path.chmod(0o600)
    server.start(patience=10)
    assert run_sql(server, "SELECT 1") == [(1,)]


def test_a_failing_statement_leaves_no_patient_data_in_the_log(server: PrivateServer) -> None:
    run_sql(
        server, "CREATE TABLE person (name text PRIMARY KEY)", "INSERT INTO person VALUES ('Zzyzx^Synthetic')"
    )
    with pytest.raises(psycopg.errors.UniqueViolation, match="Zzyzx"):
        run_sql(server, "INSERT INTO person VALUES ('Zzyzx^Synthetic')")
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        run_sql(server, "SELECT 'Zzyzx^Synthetic'::int")
    log = server.log.read_text()
    assert "ready to accept connections" in log
    assert "Zzyzx" not in log


def test_erase_starts_over(server: PrivateServer) -> None:
    run_sql(server, "CREATE TABLE gone (n int)")
    server.erase()
    assert not server.place.exists()
    server.start()
    assert run_sql(server, "SELECT to_regclass('gone')::text") == [(None,)]


@contextmanager
def overwritten(path: Path, text: str) -> Iterator[None]:
    before = path.read_text()
    path.write_text(text)
    yield
    path.write_text(before)


def test_a_server_that_cannot_start_says_where_to_look(server: PrivateServer) -> None:
    server.stop()
    settings, sentence = (
        server.place / "data/cluster/postgresql.conf",
        r"does not start; .*postgres\.log says why",
    )
    with overwritten(settings, "no_such_setting = 1\n"), pytest.raises(ServerFault, match=sentence):
        server.start(patience=1)
    assert "no_such_setting" in server.log.read_text()


def test_data_of_another_postgresql_version_are_not_touched(server: PrivateServer) -> None:
    server.stop()
    mark, sentence = (
        server.place / "data/cluster/PG_VERSION",
        r"made by PostgreSQL 14, and .* set SOAR2_PG_BIN",
    )
    with overwritten(mark, "14\n"), pytest.raises(ServerFault, match=sentence):
        server.start(patience=1)


def test_before_the_first_start_there_is_no_address(home: Path) -> None:
    with pytest.raises(ServerFault, match="start it first"):
        PrivateServer(home).url()
    assert not PrivateServer(home).running()
    assert not home.exists(), "asking leaves nothing behind"


def test_a_wrong_SOAR2_PG_BIN_is_named() -> None:
    with pytest.raises(ServerFault, match="SOAR2_PG_BIN names /nowhere"):
        find_binaries({"SOAR2_PG_BIN": "/nowhere"})


ADDRESSES = [
    # address                                     name     user   password  host            port    options
    ("postgresql://ann:pw@db.example:5433/spine", "spine", "ann", "pw", "db.example", "5433", {}),
    ("postgres://ann@db.example/spine", "spine", "ann", "", "db.example", "", {}),
    ("postgresql://ann:p%40ss%2Fw%3Ard%25@db/spine", "spine", "ann", "p@ss/w:rd%", "db", "", {}),
    ("postgresql:///spine?host=/run/postgresql", "spine", "", "", "/run/postgresql", "", {}),
    ("postgresql://ann:pw@%2Frun%2Fpg/spine", "spine", "ann", "pw", "/run/pg", "", {}),
    ("postgresql://ann@[2001:db8::1]:5432/spine", "spine", "ann", "", "2001:db8::1", "5432", {}),
    ("postgresql://ann@one:5432,two:5433/spine", "spine", "ann", "", "one,two", "5432,5433", {}),
    (
        "postgresql://ann@db/spine?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=3",
        *("spine", "ann", "", "db", ""),
        {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem", "connect_timeout": "3"},
    ),
    ("postgresql://ann@db/spine?options=-c%20search_path%3Dsoar", "spine", "ann", "", "db", "", None),
]


@pytest.mark.parametrize(("url", "name", "user", "password", "host", "port", "options"), ADDRESSES)
def test_an_address_becomes_django_settings(
    url: str, name: str, user: str, password: str, host: str, port: str, options: dict[str, str] | None
) -> None:
    assert database_settings(url) == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": user,
        "PASSWORD": password,
        "HOST": host,
        "PORT": port,
        "OPTIONS": {"options": "-c search_path=soar"} if options is None else options,
    }


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("mysql://ann:secret@db/spine", "must start with postgresql://"),
        ("sqlite:///spine.db", "must start with postgresql://"),
        ("postgresql://ann:secret@db", "names no database"),
        ("postgresql://ann:secret@db/spine?colour=red", "cannot be read"),
        ("postgresql://ann:secret@db/spine?sslmode", "cannot be read"),
        ("postgresql://ann:sec%ret@db/spine", "cannot be read"),
    ],
)
def test_an_address_that_will_not_do_is_explained_without_its_password(url: str, sentence: str) -> None:
    with pytest.raises(ServerFault, match=sentence) as fault:
        database_settings(url)
    assert "secret" not in str(fault.value)
    assert "sec%ret" not in str(fault.value)


def test_django_settings_made_from_the_private_address_lead_to_it(server: PrivateServer) -> None:
    settings = database_settings(server.url())
    with psycopg.connect(
        dbname=settings["NAME"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        host=settings["HOST"],
        port=settings["PORT"],
    ) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == ("soar2",)
