"""Log lines as text and as JSON: what each holds, and that neither ever names a patient."""

import json
import logging
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from sample_reports import macro, oru
from whole_system import WholeSystem

from soar2.config.logs import JsonLines, WithoutValues, event_of

FAMILY, GIVEN, NUMBER, ACCESSION = "ZYXWOMAN", "QUILLA", "MRN7654321", "ACC-ZYX"


def record(template, *args, fault=None, level=logging.INFO):
    info = (type(fault), fault, fault.__traceback__) if fault else None
    return logging.LogRecord("soar2.deliver", level, __file__, 1, template, args, info)


def line(*given, **more):
    written = JsonLines().format(record(*given, **more))
    assert "\n" not in written
    return json.loads(written)


def test_a_line_has_time_level_logger_event_message_and_fields():
    found = line("sent %(kind)s %(id)s case %(case)s", {"kind": "notice", "id": 7, "case": "K7F2M"})
    assert found.pop("time").endswith("+00:00")
    assert found.pop("process") > 0
    assert found == {
        "level": "INFO",
        "logger": "soar2.deliver",
        "event": "sent",
        "message": "sent notice 7 case K7F2M",
        "fields": {"kind": "notice", "id": 7, "case": "K7F2M"},
    }


def test_values_without_a_name_go_by_their_place():
    assert line("stored %s in %.1f s", "x", 0.25)["fields"] == {"1": "x", "2": 0.25}
    assert line("worker started")["fields"] == {}


@pytest.mark.parametrize(
    ("template", "event"),
    [
        ("sent %s %s", "sent"),
        ("not sent %(kind)s: %(why)s", "not sent"),
        ("found: %s: %s", "found"),
        ("database away (%s), trying again", "database away"),
        ("worker started", "worker started"),
        ("%s", "message"),
        ("disk 100%% full", "disk 100 full"),
    ],
)
def test_an_event_is_what_stays_the_same(template, event):
    assert event_of(template) == event


def broken():
    try:
        try:
            raise KeyError(f"no such row: {FAMILY}")
        except KeyError as first:
            raise RuntimeError(f"{NUMBER} is not there") from first
    except RuntimeError as fault:
        return fault


@pytest.mark.parametrize("formatter", [JsonLines(), WithoutValues()])
def test_an_error_is_its_kind_and_its_lines_never_its_words(formatter):
    written = formatter.format(record("delivery failed", fault=broken(), level=logging.ERROR))
    assert "builtins.KeyError" in written
    assert "builtins.RuntimeError" in written
    assert "in broken" in written
    assert FAMILY not in re.sub(r'f\\?"[^"]*"', "", written)
    assert NUMBER not in written


def test_another_handlers_text_of_the_error_is_not_repeated():
    given = record("failed", fault=broken())
    given.exc_text = f"Traceback: {FAMILY}"
    assert FAMILY not in JsonLines().format(given)


FORGED = f"RIS\n2026-03-10 CRITICAL soar2.watch all is well\r\x1b[2K{chr(0x2028)}"


def test_no_sender_writes_a_line_of_its_own():
    written = WithoutValues("%(levelname)s %(message)s").format(record("ending peer=%s", FORGED))
    assert len(written.splitlines()) == 1
    assert written.startswith("INFO ending peer=RIS\\x0a2026")


@pytest.mark.parametrize("formatter", [JsonLines(), WithoutValues()])
def test_the_event_loop_tells_of_no_object(formatter):
    given = record(f"Task exception was never retrieved\nfuture: <Task exception=KeyError('{FAMILY}')>")
    given.name = "asyncio"
    written = formatter.format(given)
    assert "Task exception was never retrieved" in written
    assert FAMILY not in written


COMMAND, SERVER = "from soar2.config.start import setup; setup()", "import soar2.config.rsgi"


@pytest.mark.parametrize("begun", [COMMAND, SERVER], ids=["command", "server"])
@pytest.mark.parametrize(
    "how",
    [
        "raise KeyError(sys.argv[1])",
        "def run(): raise KeyError(sys.argv[1])\nt = threading.Thread(target=run); t.start(); t.join()",
        "class A:\n    def __del__(self): raise KeyError(sys.argv[1])\nA()",
    ],
    ids=["process", "thread", "clearing up"],
)
def test_an_error_nobody_caught_says_no_word_of_its_text(begun, how, tmp_path):
    env = os.environ | {"SOAR2_HOME": str(tmp_path), "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys, threading\n{begun}\n{how}", FAMILY],
        env=env,
        capture_output=True,
        text=True,
    )
    assert "CRITICAL soar2 an error" in ran.stderr
    assert "builtins.KeyError" in ran.stderr
    assert FAMILY not in ran.stderr


class InJson(WholeSystem):
    """The demonstration, its logs for a collector."""

    def ask(self, path):
        """A page as a stranger asks for it; whatever it answers."""
        try:
            urllib.request.urlopen(self.url(path), timeout=10).close()
        except urllib.error.HTTPError as answer:
            answer.close()

    def environment(self, config):
        return super().environment(config) | {"SOAR2_LOG_FORMAT": "json", "SOAR2_LOG_LEVEL": "DEBUG"}


@pytest.fixture(scope="module")
def system():
    whole = InJson()
    whole.start()
    yield whole
    whole.stop()


def named(n, text, **more):
    given = {"mrn": f"{NUMBER}{n}", "accession": f"{ACCESSION}{n}", "name": f"{FAMILY}^{GIVEN}"}
    return oru(text, n=n, **given | more)


@pytest.mark.faults
def test_no_process_writes_of_a_patient_and_every_line_is_json(system):
    """Good reports, unreadable ones, one without a patient, a mail server that refuses, pages that are not there."""
    system.mail.refuse = "554 no such mailbox"
    good = [named(n, macro(lane)) for n, lane in enumerate(("emergent", "urgent", "expedited", "routine"))]
    held = [
        named(5, macro("urgent"), status="Q"),
        named(6, macro("urgent"), mrn=""),
        named(7, macro("urgent"), exam="20269999"),
        good[0][:200],
        b"MSH|^~\\&|" + FAMILY.encode(),
    ]
    system.send(*good, *held)
    system.ask(f"/patients/{NUMBER}/?q={FAMILY}")
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored'") == 0,
        "all is read",
    )
    system.wait_until(lambda: "not sent" in events(system), "a mail was refused")
    lines = list(written(system))
    assert {"worker started", "not sent"} <= events(system)
    for text, parsed in lines:
        assert {"time", "level", "logger", "event", "message", "fields"} <= set(parsed), text
    whole = "".join(path.read_text() for path in system.home.glob("*.log"))
    for word in (FAMILY, GIVEN, NUMBER, ACCESSION):
        assert word.lower() not in whole.lower(), word


def written(system):
    """Every line of every process, the web server's own among them."""
    for path in system.home.glob("*.log"):
        for text in path.read_text().splitlines():
            yield text, json.loads(text)


def events(system):
    return {parsed["event"] for _, parsed in written(system)}
