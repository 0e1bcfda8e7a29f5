"""Commands that cannot run say why in a sentence, and change nothing."""

import os
import subprocess
import sys

import pytest

from soar2.config.supervise import free_port


def soar2(home, *argv, **environment):
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("SOAR2_") and key != "DATABASE_URL"
    }
    return subprocess.run(
        [sys.executable, "-m", "soar2.cli", *argv],
        env=kept | {"SOAR2_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


SAID = [
    # what                       command       environment                                              the sentence
    ("no database", ["web"], {}, "There is no database"),
    ("no database to work on", ["work"], {}, "There is no database"),
    ("no database to migrate", ["migrate"], {}, "There is no database"),
    (
        "a database that is away",
        ["migrate"],
        {"DATABASE_URL": "postgresql://x:pw@127.0.0.1:1/x"},
        "does not answer",
    ),
    ("another database", ["migrate"], {"DATABASE_URL": "mysql://x"}, "must start with postgresql://"),
    ("a word for a port", ["template"], {"SOAR2_MLLP_PORT": "abc"}, "SOAR2_MLLP_PORT is 'abc'"),
    ("a port beyond all", ["web"], {"SOAR2_WEB_PORT": "99999"}, "must be a number from 1 to 65535"),
    ("a demonstration for all", ["demo"], {"SOAR2_BIND": "192.0.2.1"}, "it runs on 127.0.0.1 only"),
]


@pytest.mark.parametrize(("what", "command", "environment", "words"), SAID, ids=[row[0] for row in SAID])
def test_what_cannot_run_says_why(tmp_path, what, command, environment, words):
    ran = soar2(tmp_path, *command, **environment)
    assert ran.returncode != 0
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "pw" not in ran.stderr


@pytest.mark.parametrize(
    "text", ['mode = "demo', "feed = 3\nperson = [1, 2]\nrota = {}\n", "smtp = 1\n[calendar]\nopens = 7\n"]
)
def test_check_explains_a_broken_file(tmp_path, text):
    (tmp_path / "broken.toml").write_text(text)
    ran = soar2(tmp_path, "check", str(tmp_path / "broken.toml"))
    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.count("\n") >= 1


def test_a_file_in_wrong_bytes_and_a_folder_are_explained(tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    for name in ("bytes.toml", "."):
        ran = soar2(tmp_path, "check", str(tmp_path / name))
        assert (ran.returncode, ran.stderr) == (1, "")


def test_a_port_of_the_demonstration_that_is_taken_is_named(tmp_path):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        ports = {
            "SOAR2_WEB_PORT": str(free_port()),
            "SOAR2_MLLP_PORT": taken,
            "SOAR2_SMTP_PORT": str(free_port()),
        }
        ran = soar2(tmp_path, "demo", **ports)
    assert (ran.returncode, ran.stderr) == (1, f"Port {taken} is taken; set SOAR2_MLLP_PORT to a free one.\n")


def test_a_second_demonstration_on_the_same_state_is_refused(tmp_path):
    import fcntl

    with (tmp_path / "demo.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ran = soar2(tmp_path, "demo")
    assert ran.returncode == 1
    assert "runs on" in ran.stderr
    assert "SOAR2_HOME" in ran.stderr


def test_a_broken_file_takes_nobody_off_the_rota(tmp_path, private_server):
    from importlib.resources import files

    import psycopg

    with psycopg.connect(private_server.url(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE rota")
    url = private_server.url().replace("/soar2?", "/rota?")
    config = tmp_path / "soar2.toml"
    good = files("soar2.demo").joinpath("soar2.toml").read_text()
    for text, code in ((good, 0), (good.replace('key = "bell"', 'key = ""'), 1), ("", 1)):
        config.write_text(text)
        ran = soar2(tmp_path, "migrate", DATABASE_URL=url)
        assert ran.returncode == code, ran.stderr
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM record_rotarule").fetchone()[0] > 10
        assert connection.execute("SELECT active FROM record_person WHERE key = 'bell'").fetchone() == (True,)


def test_check_names_a_pack_that_is_not_there(tmp_path):
    from importlib.resources import files

    good = files("soar2.demo").joinpath("soar2.toml").read_text()
    (tmp_path / "soar2.toml").write_text(good.replace('name = "soar2-open"', 'name = "no-such-pack"'))
    ran = soar2(tmp_path, "check")
    assert ran.returncode == 1
    assert "[pack] The file no-such-pack-1.toml could not be read." in ran.stdout
