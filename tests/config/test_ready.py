"""What keeps SOaR2 from starting, and what `soar2 admin create` and the demonstration's secret do."""

import os
import re
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.resources import files
from types import SimpleNamespace

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.test import RequestFactory

from soar2.config import settings as shipped
from soar2.config.ready import create_admin, demo_secret, faults_before_start, loopback, warnings_before_start
from soar2.record.programme import Mllp, Smtp, load

GOOD_SECRET = "Zq3-7hLw0vXc9Rt2Ky8_mB5nJd1sGf4pUe6aWi-oQxTzVyCk"
EVERYWHERE = ".".join("0000")
GOOD_SECRET += GOOD_SECRET[::-1]


def settings_of(mode="production", **changed):
    programme, faults = load(files("soar2.demo").joinpath("soar2.toml"))
    parts = {key[1:]: changed.pop(key) for key in list(changed) if key.startswith("_")}
    return SimpleNamespace(
        **{
            "PROGRAMME": replace(programme, mode=mode, address="https://soar2.hospital.example", **parts),
            "PROGRAMME_FAULTS": faults,
            "PLACEHOLDER_SECRET": shipped.PLACEHOLDER_SECRET,
            "SECRET_KEY": GOOD_SECRET,
            "DEBUG": False,
            "BIND": "127.0.0.1",
            "ALLOWED_HOSTS": ["soar2.hospital.example"],
            "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
            **changed,
        }
    )


def test_a_programme_in_order_starts():
    assert faults_before_start(settings_of(), {}) == []
    assert warnings_before_start(settings_of(), {}) == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"SECRET_KEY": shipped.PLACEHOLDER_SECRET}, "SOAR2_SECRET_KEY is not set"),
        ({"SECRET_KEY": "django-insecure-" + "abcdefghij" * 6}, "SOAR2_SECRET_KEY is not set"),
        ({"SECRET_KEY": GOOD_SECRET[:49]}, "too short or too plain"),
        ({"SECRET_KEY": "ab" * 40}, "too short or too plain"),
        ({"SECRET_KEY": ""}, "too short or too plain"),
        ({"DEBUG": True}, "SOAR2_DEBUG is 1"),
        ({"ALLOWED_HOSTS": ["*"]}, "SOAR2_ALLOWED_HOSTS is *"),
        ({"PROGRAMME_FAULTS": ["time_zone is 'Mars'."]}, "time_zone is 'Mars'."),
        ({"_feed_tables": ({"name": "R", "sending_aplications": ["*"]},)}, "sending_applications"),
        ({"_mllp": Mllp(certificate="/no/such.pem", key="/no/such.key")}, "/no/such.pem"),
        ({"_mllp": Mllp(allow=("the ward",))}, "the ward"),
        ({"_smtp": Smtp(host="mail", username="soar2")}, "no password_file"),
        ({"_smtp": Smtp(host="mail", username="soar2", password_file="/nowhere/at/all")}, "cannot be read"),
    ],
)
def test_production_refuses_to_start(changed, words):
    faults = faults_before_start(settings_of(**changed), {})
    assert any(words in fault for fault in faults), faults
    assert not any(GOOD_SECRET[:20] in fault for fault in faults)


def test_without_a_settings_file_nothing_starts(tmp_path):
    programme, faults = load(tmp_path / "soar2.toml")
    said = faults_before_start(settings_of(PROGRAMME=programme, PROGRAMME_FAULTS=faults), {})
    assert any("no settings file" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("bind", "starts"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), (EVERYWHERE, False), ("10.1.2.3", False)],
)
def test_a_demonstration_stays_on_its_machine(bind, starts):
    said = faults_before_start(settings_of("demo", BIND=bind, SECRET_KEY="short"), {})
    assert bool(said) is not starts
    assert starts or "127.0.0.1 only" in said[0]


@pytest.mark.parametrize(
    ("address", "proxy", "words"),
    [
        ("http://soar2.hospital.example", None, "not https"),
        ("http://127.0.0.1:8000", None, ""),
        ("http://localhost", None, ""),
        ("https://soar2.hospital.example", None, "SOAR2_BEHIND_PROXY"),
    ],
)
def test_warnings(address, proxy, words):
    said = warnings_before_start(_with(address, proxy), {})
    assert any(words in sentence for sentence in said) if words else said == []


def _with(address, proxy):
    made = settings_of(SECURE_PROXY_SSL_HEADER=proxy)
    made.PROGRAMME = replace(made.PROGRAMME, address=address)
    return made


def test_mail_in_the_clear_to_another_machine_is_said():
    made = settings_of(_smtp=Smtp(host="mail.hospital.example", security="none"))
    assert any("unencrypted" in sentence for sentence in warnings_before_start(made, {}))


@pytest.mark.parametrize(
    ("host", "near"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("[::1]", True),
        ("LOCALHOST", True),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        (EVERYWHERE, False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback(host, near):
    assert loopback(host) is near


def test_the_demonstration_keeps_its_secret_to_itself(tmp_path):
    home = tmp_path / "state"
    secret = demo_secret(home)
    assert len(secret) >= 50
    assert demo_secret(home) == secret
    assert stat.S_IMODE((home / "secret-key").stat().st_mode) == 0o600
    assert [entry.name for entry in home.iterdir()] == ["secret-key"]


@pytest.mark.parametrize("left", ["", "half"], ids=["nothing there", "one cut short"])
def test_processes_that_start_together_agree_on_the_secret(tmp_path, left):
    """Many times, changing threads as often as can be: one lucky order shows nothing."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(8) as together:
            for start in range(100):
                home = tmp_path / str(start)
                if left:
                    home.mkdir()
                    (home / "secret-key").write_text(left)
                assert len(set(together.map(lambda _, home=home: demo_secret(home), range(16)))) == 1
    finally:
        sys.setswitchinterval(usual)


def test_a_secret_cut_short_or_left_readable_is_mended(tmp_path):
    kept = tmp_path / "secret-key"
    kept.write_text("half")
    assert len(demo_secret(tmp_path)) >= 50
    os.chmod(kept, 0o644)
    demo_secret(tmp_path)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def check(tmp_path, **environ):
    """What `soar2 check` says of the demo's file, changed."""
    config = tmp_path / "soar2.toml"
    text = files("soar2.demo").joinpath("soar2.toml").read_text()
    config.write_text(environ.pop("edit", lambda text: text)(text))
    code = "import sys; from soar2.config.ready import run_check; sys.exit(run_check(sys.stdout))"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SOAR2_", "DATABASE_"))}
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**kept, "SOAR2_HOME": str(tmp_path), "SOAR2_CONFIG": str(config), **environ},
        capture_output=True,
        text=True,
    )


def in_production(text):
    text = text.replace('mode = "demo"', 'mode = "production"')
    return text.replace('address = "http://127.0.0.1:8000"', 'address = "https://soar2.hospital.example"')


def test_check_of_a_file_in_order(tmp_path):
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"in order: 16 roles, 11 people, \d+ turns, 1 feed\.", done.stdout)


def test_check_names_each_fault_and_each_warning(tmp_path):
    done = check(tmp_path, edit=lambda text: in_production(text).replace("America/New_York", "Mars", 1))
    assert done.returncode == 1
    for words in ("time_zone is 'Mars'", "SOAR2_SECRET_KEY is not set", "Warning: address is https but"):
        assert words in done.stdout


def test_check_of_production_in_order(tmp_path):
    done = check(tmp_path, edit=in_production, SOAR2_SECRET_KEY=GOOD_SECRET, SOAR2_BEHIND_PROXY="1")
    assert (done.returncode, done.stderr) == (0, "")


def test_check_warns_of_a_mapping_that_is_not_in_force(tmp_path):
    kept = tmp_path / "mappings" / "Radiology results"
    kept.mkdir(parents=True)
    (kept / "mapping.toml").write_text("this is = not = a mapping")
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search("Warning: .*Radiology results.*", done.stdout)


# soar2 admin create

PASSWORD = "seven plain words in one row"


def create(name="lead", **given):
    said = []
    code = create_admin(name, say=said.append, **given)
    return code, " ".join(said)


def test_an_administrator_can_sign_in_and_is_no_superuser(people):
    code, said = create(person="ruiz", email="lead@hospital.example", password=PASSWORD, administrator=True)
    account = get_user_model().objects.get(username="lead")
    assert (code, account.is_staff, account.is_superuser) == (0, True, False)
    assert account.person == people["ruiz"]
    assert "stands for Alma Ruiz" in said
    assert (
        authenticate(RequestFactory().post("/"), username="lead", password=PASSWORD, login="lead") == account
    )
    assert PASSWORD not in said


def test_the_password_is_asked_twice_without_echo(people):
    asked = []
    answers = iter([PASSWORD, PASSWORD])
    code, _ = create(ask=lambda prompt: asked.append(prompt) or next(answers))
    assert (code, asked) == (0, ["Password: ", "Password again: "])


def test_an_ordinary_account_is_no_administrator(people):
    assert create(password=PASSWORD)[0] == 0
    account = get_user_model().objects.get()
    assert (account.is_staff, account.is_superuser) == (False, False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"password": "short"}, "too short"),
        ({"password": "qwerty123456"}, "too common"),
        ({"name": "leadnavigator", "password": "leadnavigator1"}, "too similar"),
        ({"password": ""}, "too short"),
        ({"ask": iter([PASSWORD, "other"]).__next__}, "differ"),
        ({"name": "bad name!", "password": PASSWORD}, "valid username"),
        ({"person": "nobody", "password": PASSWORD}, "There is no [[person]] 'nobody'"),
        ({"email": "no address", "password": PASSWORD}, "valid email"),
    ],
)
def test_a_refusal_says_why_and_makes_nothing(people, given, words):
    if "ask" in given:
        words_to_give = given["ask"]
        given = {"ask": lambda prompt: words_to_give()}
    code, said = create(**given)
    assert code == 1
    assert words in said
    assert not get_user_model().objects.exists()


def test_a_name_or_person_is_given_away_once(people):
    create(person="ruiz", password=PASSWORD)
    assert "already is an account" in create("LEAD", password=PASSWORD)[1]
    code, said = create("second", person="ruiz", password=PASSWORD)
    assert code == 1
    assert "already has the account 'lead'" in said
    assert get_user_model().objects.count() == 1
