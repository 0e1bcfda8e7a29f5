"""What holds for every address there is, whoever added it: sign-in, tokens, headers, markup, logs."""

import json
import logging
import os
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from urllib.parse import quote

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, path
from django.urls.converters import IntConverter, PathConverter, SlugConverter, StringConverter, UUIDConverter
from sample_reports import at, macro

from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice
from soar2.pathway.reports.actions import file_report
from soar2.pathway.reports.types import IncomingReport
from soar2.record import clock
from soar2.record.models import LedgerEntry, Patient
from soar2.record.patients import PatientIdentity

HERE = "127.0.0.1:8000"
OPEN = {"account_login", "account_logout", "health", "live", "metrics", "demo:personas", "demo:be"}
FAMILY, GIVEN, NUMBER = "Zyxwoman", "Quilla", "MRN7654321"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def patterns(found=None, prefix="", space=""):
    """(view name, pattern with its parameters, converters) of every address of the product."""
    for one in found or get_resolver().url_patterns:
        route = prefix + str(one.pattern)
        if hasattr(one, "url_patterns"):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            yield from patterns(one.url_patterns, route, inner)
        else:
            yield f"{space}{one.name}", route, one.pattern.converters


NAMES = [name for name, _, _ in patterns()]


@pytest.fixture
def story(people, settings, tmp_path):
    """One urgent report of one patient, its notice, one held message: something for every page to show."""
    settings.HOME = tmp_path
    people["bell"].roles.add("interface-desk", "security-officer", "neuroradiology")  # so that every page opens
    clock.start(at("10 14:06"), running=False)
    identity = PatientIdentity(identifiers=(("DEMO", NUMBER, "MR"),), family=FAMILY, given=GIVEN)
    report = IncomingReport(
        feed="Radiology results",
        accession="ACC1",
        status="F",
        text=macro("urgent"),
        identity=identity,
        exam_end=at("10 12:40"),
        reported_at=at("10 14:05"),
    )
    file_report(report, now=at("10 14:05"))
    held = InboundMessage.objects.create(
        received_at=at("10 14:05"),
        raw=b"MSH|^~\\&|X|Y\rPID|||\r",
        body_hash="0" * 64,
        answer_code="AA",
        answer=b"MSH|",
        state=InboundMessage.QUARANTINED,
        reason="The patient's number is missing.",
        where="PID-3",
    )
    notice = Notice.objects.get()
    return {
        "patient": Patient.objects.get().pk,
        "case_code": notice.case_code,
        "step": notice.steps.first().pk,
        "kind": "mine",
        "message": held.pk,
        "key": "bell",
        "report": notice.reports.first().report,
        "person": people["bell"].pk,
        "feed": "Radiology results",
    }


@pytest.fixture
def address_of(story):
    """From a view's name to an address that leads to something. A parameter not known in `story` fails."""
    routes = {name: (route, converters) for name, route, converters in patterns()}

    def make(name):
        route, _ = routes[name]
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(story[found[1]]), route)

    return make


@pytest.fixture
def stranger():
    return Client(headers={"host": HERE})


@pytest.fixture
def bell(story, people):
    client = Client(headers={"host": HERE})
    client.post("/demo/be/bell/")
    return client


# sign-in


def test_all_but_a_few_addresses_need_signing_in(address_of):
    for name in NAMES:
        address, stranger = address_of(name), Client(headers={"host": HERE})
        for answer in (stranger.get(address), stranger.post(address)):
            led_away = answer.headers.get("Location") == f"/accounts/login/?next={quote(quote(address))}"
            assert led_away is not (name in OPEN), name


def test_what_is_open_is_a_short_list(stranger, story):
    assert set(NAMES) >= OPEN
    assert stranger.get("/health/").content == b"well\n"


@pytest.mark.parametrize("name", NAMES)
def test_addresses_hold_opaque_ids_only(name):
    """An address ends in logs, histories and referrers: no name, number or free text of a patient in it."""
    known = {
        UUIDConverter: None,
        IntConverter: None,
        SlugConverter: {"kind", "key"},
        StringConverter: {"case_code"},
        PathConverter: {"feed"},  # a name that stands in soar2.toml
    }
    converters = next(converters for found, _, converters in patterns() if found == name)
    for parameter, converter in converters.items():
        allowed = known[type(converter)]
        assert allowed is None or parameter in allowed, f"{name}: {parameter}"


# requests that change something


def state_of_everything():
    """All rows of the product's tables, but for what is written down of reading: who opened what."""
    labels = {"record", "reports", "notices", "exchange", "watch", "demo"}
    models = [m for m in apps.get_models() if m._meta.app_label in labels and m.__name__ != "ChartAccess"]
    facts = LedgerEntry.objects.exclude(kind__endswith=".opened").exclude(kind__startswith="audit.")
    opened = {"LedgerEntry": facts}
    return {m.__name__: sorted(map(repr, opened.get(m.__name__, m.objects).values_list())) for m in models}


def test_reading_changes_nothing(bell, address_of):
    before = state_of_everything()
    for name in NAMES:
        answer = bell.get(f"{address_of(name)}?do=hour&kind=mine")
        assert answer.status_code in (200, 302, 403, 404, 405), name
        assert state_of_everything() == before, name
        assert "_auth_user_id" in bell.session, name


def test_without_its_token_no_post_is_taken(bell, address_of):
    strict = Client(enforce_csrf_checks=True, headers={"host": HERE})
    strict.cookies = bell.cookies
    before = state_of_everything()
    for name in NAMES:
        assert strict.post(address_of(name), {"do": "hour"}).status_code == 403, name
    assert state_of_everything() == before


def test_a_token_from_another_site_is_not_enough(bell, address_of):
    strict = Client(enforce_csrf_checks=True, headers={"host": HERE})
    strict.cookies = bell.cookies
    token = str(strict.get("/demo/").context["csrf_token"])
    there = {"origin": "https://elsewhere.example"}
    assert (
        strict.post("/demo/clock/", {"do": "hour", "csrfmiddlewaretoken": token}, headers=there).status_code
        == 403
    )
    assert strict.post("/demo/clock/", {"do": "hour", "csrfmiddlewaretoken": token}).status_code == 302


def test_signing_out_leads_nowhere_else(bell):
    assert bell.post("/accounts/logout/", {"next": "https://elsewhere.example/"})["Location"] == "/"


# headers


def check_headers(answer, what):
    for header, value in HEADERS.items():
        assert answer.headers.get(header) == value, f"{what}: {header}"
    assert "no-store" in answer.headers["Cache-Control"], what
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_headers(bell, stranger, address_of):
    for address in map(address_of, NAMES):
        for answer in (bell.get(address), bell.post(address), stranger.get(address)):
            check_headers(answer, address)
        bell.post("/demo/be/bell/")  # one of them signed the session out


class Breaks:
    """Addresses that go wrong, for the pages of last resort."""

    @staticmethod
    def fault(request):
        raise RuntimeError(f"no such row: {FAMILY}, {NUMBER}")

    urlpatterns = [path("fault/", fault), path("text/", lambda request: HttpResponse("text"))]


@pytest.fixture
def error_pages(bell, stranger, settings):
    """Each kind of error once, with its status."""
    bell.raise_request_exception = False
    strict = Client(enforce_csrf_checks=True, headers={"host": HERE})
    pages = {
        400: Client(headers={"host": "elsewhere.example"}).get("/"),
        403: strict.post("/demo/be/bell/"),
        404: bell.get("/nowhere/at/all/"),
        405: bell.get("/demo/clock/"),
    }
    urlconf, settings.ROOT_URLCONF = settings.ROOT_URLCONF, Breaks
    pages[500] = bell.get("/fault/")
    settings.ROOT_URLCONF = urlconf
    return pages


def test_error_pages_too(error_pages):
    for status, answer in error_pages.items():
        assert answer.status_code == status
        check_headers(answer, status)
        assert FAMILY not in answer.content.decode()


def test_static_files_may_be_kept_but_not_lent(stranger, db):
    answer = stranger.get("/static/soar2/app.css")
    answer.close()
    assert answer.status_code == 200
    assert "no-store" not in answer.headers.get("Cache-Control", "")
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert {header: answer.headers.get(header) for header in HEADERS} == HEADERS


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(stranger, story, settings):
    stranger.get("/demo/")
    stranger.post("/demo/be/bell/")
    assert set(stranger.cookies) == {settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME}
    for cookie in stranger.cookies.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
        assert FAMILY not in cookie.value


ASK = """
import json, django, logging; django.setup()
from django.conf import settings
from django.test import Client
answer = Client(headers={"host": "soar2.hospital.example", "x-forwarded-proto": "https"}).get("/nowhere/")
names = ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "DEBUG",
         "CSRF_TRUSTED_ORIGINS", "ALLOWED_HOSTS", "SECURE_HSTS_SECONDS")
print(json.dumps({**{name: getattr(settings, name) for name in names}, "headers": dict(answer.headers)}))
"""


def production(tmp_path, address, **environ):
    """The settings and one answer of a process started as in production."""
    config = tmp_path / "soar2.toml"
    config.write_text(f'mode = "production"\naddress = "{address}"\ntime_zone = "America/New_York"\n')
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("SOAR2_", "DATABASE_"))}
    more = {
        "SOAR2_CONFIG": str(config),
        "SOAR2_HOME": str(tmp_path),
        "SOAR2_ALLOWED_HOSTS": "soar2.hospital.example",
    }
    environ = {**kept, **more, "DJANGO_SETTINGS_MODULE": "soar2.config.settings", **environ}
    done = subprocess.run([sys.executable, "-c", ASK], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_behind_https_cookies_and_browsers_keep_to_https(tmp_path):
    found = production(tmp_path, "https://soar2.hospital.example", SOAR2_BEHIND_PROXY="1")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is True
    assert found["SESSION_COOKIE_NAME"].startswith("__Host-")
    assert found["CSRF_COOKIE_NAME"].startswith("__Host-")
    assert found["CSRF_TRUSTED_ORIGINS"] == ["https://soar2.hospital.example"]
    assert set(found["ALLOWED_HOSTS"]) == {"soar2.hospital.example"}
    assert found["DEBUG"] is False
    assert found["headers"]["Strict-Transport-Security"] == "max-age=31536000"
    assert found["headers"]["Content-Security-Policy"] == POLICY


def test_without_a_proxy_its_headers_mean_nothing(tmp_path):
    found = production(tmp_path, "https://soar2.hospital.example")
    assert "Strict-Transport-Security" not in found["headers"]
    assert found["SESSION_COOKIE_SECURE"] is True


def test_on_plain_http_cookies_can_still_travel(tmp_path):
    found = production(tmp_path, "http://127.0.0.1:8000")
    assert found["SESSION_COOKIE_SECURE"] is found["CSRF_COOKIE_SECURE"] is False
    assert found["SECURE_HSTS_SECONDS"] == 0


# markup


class Inline(HTMLParser):
    """Collects what a strict content security policy would block."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in ("style", "base", "iframe", "object") or (tag == "script" and not given.get("src")):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.found.append(f"<{tag} {name}=>")
            if name in ("src", "href", "action", "formaction") and not _ours(value or ""):
                self.found.append(f"<{tag} {name}={value}>")
            if (
                tag in ("script", "link", "img")
                and name in ("src", "href")
                and not (value or "").startswith("/")
            ):
                self.found.append(f"<{tag} {name}={value}>")


def _ours(address):
    """Local, or a telephone number to tap."""
    return not re.match(r"\s*([a-z][a-z0-9+.-]*:|//)", address, re.IGNORECASE) or address.startswith(
        ("tel:", "mailto:")
    )


def inline(page):
    parser = Inline()
    parser.feed(page)
    return parser.found


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ("<script>x()</script>", ["<script>"]),
        ('<p style="color:red" onclick="x()">', ["<p style=>", "<p onclick=>"]),
        ('<svg><rect style="fill:red"/></svg>', ["<rect style=>"]),
        ("<style>p{}</style>", ["<style>"]),
        ('<a href="javascript:x()">', ["<a href=javascript:x()>"]),
        ('<script src="/static/a.js"></script><a href="/feeds/">x</a><a href="tel:4-7766">y</a>', []),
    ],
)
def test_the_search_for_inline_code_finds_it(page, found):
    assert inline(page) == found


def test_no_page_has_inline_code(bell, stranger, address_of):
    for name in NAMES:
        for answer in (bell.get(address_of(name)), stranger.get(address_of(name))):
            if answer["Content-Type"].startswith("text/html"):
                assert inline(answer.content.decode()) == [], name


def test_no_error_page_has_inline_code(error_pages):
    assert [inline(answer.content.decode()) for answer in error_pages.values()] == [[]] * 5


def test_no_account_page_has_inline_code(client, people, settings):
    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    get_user_model().objects.create_user("lead", password="seven plain words in one row")
    wrong = [client.post("/accounts/login/", {"login": "other", "password": "wrong"}) for _ in range(5)]
    right = {"login": "lead", "password": "seven plain words in one row"}
    pages = [client.get("/accounts/login/"), wrong[0], wrong[-1]]
    assert client.post("/accounts/login/", right).status_code == 302
    pages += [client.get(f"/accounts/{one}/") for one in ("password", "again", "logout")]
    assert [page.status_code for page in pages] == [200, 200, 429, 200, 200, 200]
    for page in pages:
        assert inline(page.content.decode()) == []
        check_headers(page, page.request["PATH_INFO"])


# logs


@pytest.fixture
def written():
    """Everything the configured handlers write while the test runs, at every level they would ever be set to."""
    kept, root = StringIO(), logging.getLogger()
    ours = [one for one in root.handlers if type(one) is logging.StreamHandler]
    assert ours, "the shipped handler is not in place"
    before = [(one, one.setStream(kept)) for one in ours]
    yield kept
    for one, stream in before:
        one.setStream(stream)


def test_logs_name_no_patient(bell, stranger, settings, story, address_of, written):
    bell.raise_request_exception = False
    secrets = {"q": FAMILY, "family": FAMILY, "password": "hunter2hunter2", "login": NUMBER, "note": GIVEN}
    for name in NAMES:
        bell.get(address_of(name), secrets)
        bell.get(address_of(name))
    for name in [name for name in NAMES if name != "account_logout"]:
        bell.post(f"{address_of(name)}?q={FAMILY}", secrets)
    Client(enforce_csrf_checks=True, headers={"host": HERE}).post(f"/demo/be/bell/?q={FAMILY}", secrets)
    bell.get(f"/nowhere/?q={FAMILY}")
    bell.post(f"/nowhere/?q={FAMILY}", secrets)
    settings.ROOT_URLCONF = Breaks
    assert bell.post(f"/fault/?q={FAMILY}", secrets).status_code == 500
    lines = written.getvalue()
    assert "Internal Server Error: /fault/" in lines
    assert "builtins.RuntimeError" in lines
    assert "in fault" in lines
    for word in (FAMILY, GIVEN, NUMBER, "hunter2", "ESCC"):
        assert word not in lines, [line for line in lines.splitlines() if word in line]


def test_an_error_within_an_error_is_told_without_its_words(written):
    try:
        try:
            raise KeyError(FAMILY)
        except KeyError as first:
            raise ValueError(NUMBER) from first
    except ValueError:
        logging.getLogger("soar2.test").exception("could not be applied")
    lines = written.getvalue()
    assert "could not be applied" in lines
    assert lines.index("builtins.KeyError") < lines.index("builtins.ValueError")
    assert FAMILY not in lines
    assert NUMBER not in lines


def test_no_handler_mails_requests_and_no_logger_writes_statements():
    every = [logging.getLogger(), *(logging.getLogger(name) for name in logging.root.manager.loggerDict)]
    kinds = {type(handler).__name__ for logger in every for handler in logger.handlers}
    assert "AdminEmailHandler" not in kinds
    assert not logging.getLogger("django.db.backends").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("django.server").isEnabledFor(logging.ERROR)
