"""What every test may lean on: a private PostgreSQL, the demo's settings, and how to leave things out honestly."""

import os
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Machines are shared and slow at times: no test fails for its duration.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

os.environ.pop("DATABASE_URL", None)  # tests make their own server; yours is never touched
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")  # Playwright's loop lives in the test's own thread

CHROMIUM = shutil.which("chromium")
LEFT_OUT: list[str] = []


def pytest_configure(config):
    from django.conf import settings

    from soar2.record.programme import load

    programme, faults = load(Path(str(files("soar2.demo").joinpath("soar2.toml"))))
    assert not faults, faults
    settings.PROGRAMME = programme
    settings.TIME_ZONE = str(programme.zone)
    settings.ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]
    settings.SECRET_KEY = "only-for-tests-" + "x" * 50


def pytest_collection_modifyitems(config, items):
    """A test that needs a system package which is not here is left out, or fails where packages are required."""
    if CHROMIUM:
        return
    needing = [item for item in items if item.get_closest_marker("browser")]
    if needing and os.environ.get("SOAR2_REQUIRE_SYSTEM") == "1":
        raise pytest.UsageError("chromium is missing; install what apt.txt lists.")
    for item in needing:
        LEFT_OUT.append(item.nodeid)
        item.add_marker(pytest.mark.skip(reason="needs chromium (apt.txt)"))


def pytest_terminal_summary(terminalreporter):
    skipped = [
        report for report in terminalreporter.stats.get("skipped", []) if "apt.txt" in str(report.longrepr)
    ]
    terminalreporter.write_line(f"Left out for want of a system package (apt.txt): {len(skipped)}")


@pytest.fixture(scope="session")
def private_server():
    """A private PostgreSQL for this test process, gone afterwards."""
    from soar2.config.postgres import PrivateServer

    home = Path(tempfile.mkdtemp(prefix="soar2-test-"))
    home.chmod(0o711)  # the server may run as another user
    server = PrivateServer(home)
    server.start()
    yield server
    server.erase()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(private_server):
    """Point Django at the private server before the test database is made."""
    from django.db import connections

    from soar2.config.postgres import database_settings

    found = database_settings(private_server.url())
    connection = connections["default"]
    connection.settings_dict.update(found, CONN_MAX_AGE=0)
    connections.databases["default"].update(found)


@pytest.fixture(scope="session")
def django_db_keepdb():
    """The whole server is erased at the end, with whatever a worker's thread still has open in it."""
    return True


@pytest.fixture
def people(db):
    """The demo's roles, people and rota as rows; returns people by key."""
    from django.conf import settings

    from soar2.record.models import Person
    from soar2.record.people import load_programme

    load_programme(settings.PROGRAMME)
    return {person.key: person for person in Person.objects.all()}


@pytest.fixture
def signed_in(people):
    """A browser session of one of the demo's people, by key; or of an account that stands for nobody."""
    from django.contrib.auth import get_user_model
    from django.test import Client

    def client(key="bell", **account):
        user, _ = get_user_model().objects.get_or_create(username=key, defaults=account)
        if key in people and people[key].user != user:
            people[key].user = user
            people[key].save()
        session = Client()
        session.force_login(user)
        return session

    return client
