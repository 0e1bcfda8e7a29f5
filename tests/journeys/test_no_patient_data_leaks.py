"""A whole run, faults included; then every place that is read without signing in is searched for the patient."""

import re
import signal
from urllib.parse import unquote_plus

import pytest
from sample_reports import macro, oru

pytestmark = pytest.mark.browser
NAME, MRN, ACCESSION = "ZWETSCHKE^ORTRUD", "MRN77123401", "ACC99887701"
FREE = "FINDINGS: xylophonic lesion of the thoracic spine, dark on every sequence."
PRIVATE = (
    "zwetschke", "ortrud", MRN.casefold(), ACCESSION.casefold(), "xylophonic", "posterolateral", "lytic", "escc",
    "epidural", "cord signal", "spine oncology macro", "19600101", "1960-01-01",
)  # fmt: skip


def private(text):
    """Which private words stand in a text, however they are written in an address."""
    plain = unquote_plus(text).casefold()
    return [word for word in PRIVATE if word in plain]


@pytest.fixture(scope="module")
def ran(system):
    """The run: reports good and bad, answers good and refused, pages found and not, processes killed."""
    from desk import Desk

    person = {"mrn": MRN, "name": NAME}
    system.send(
        oru(macro("urgent"), n=1, accession=ACCESSION, **person),
        oru(macro("emergent"), n=2, accession=f"{ACCESSION}-2", **person),
        oru(FREE, n=3, accession=f"{ACCESSION}-3", **person),
        oru(macro("emergent"), n=4, accession=f"{ACCESSION}-4", mrn="", name=NAME),
        oru(
            macro("urgent"), n=5, accession=f"{ACCESSION}-5", mrn=MRN, name="ZWETSCHKE^OTTO", born="20010101"
        ),
        oru(macro("urgent"), n=6, **person)
        .replace(b"OBR|1", b"OBR|zwetschke")
        .replace(b"|F\r", b"|zwetschke\r"),
        oru(macro("urgent"), n=7, **person)[:300],
        b"zwetschke " + MRN.encode(),
        oru("\x00zwetschke \xff", n=8, **person),
    )
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored'") == 0,
        "all is applied",
    )
    system.wait_until(lambda: len(system.mail.mails) >= 3, "the mails arrive")
    system.mail.refuse = "451 try later"
    system.send(oru(macro("urgent"), n=9, accession=f"{ACCESSION}-9", mrn=f"{MRN}9", name=NAME))
    one, desk = Desk(system), Desk(system)
    walk(system, one, desk)
    system.kill_database()
    system.revive_database()
    one.page.goto("/")
    system.mail.refuse = None
    for part in ("listen", "work"):
        system.kill(part, signal.SIGTERM)
        system.launch(part)
    system.wait_until(system.listens, "the listener answers")
    system.send(oru(macro("urgent"), n=10, accession=f"{ACCESSION}-10", mrn=f"{MRN}10", name=NAME))
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM record_outboxmessage WHERE state = 'queued'") == 0,
        "all is sent",
        60,
    )
    yield [*one.addresses, *desk.addresses]
    one.close()
    desk.close()


def walk(system, one, desk):
    """Open what there is, answer, be refused, get lost."""
    page = one.be("N. Bell RN")
    for link in page.eval_on_selector_all(
        "main a[href^='/']", "links => links.map(a => a.pathname + a.search)"
    ):
        page.goto(link)
    for path in ("/feeds/", "/demo/mail/", "/notices/B2B2B/", "/?show=zwetschke"):
        page.goto(path)
    page.goto("/")
    page.locator("[data-row] button").first.click()
    page.get_by_text("Record what you did").first.wait_for()
    page.locator("[data-row]", has_text="Record what you did").get_by_role(
        "link", name="Record what you did"
    ).click()
    page.locator("summary", has_text="Record what you did").click()
    page.get_by_label("No action, because").check()
    page.get_by_role("button", name="Record and close").click()
    page.get_by_text("Say why").wait_for()
    page.get_by_label("No action, because").check()
    page.get_by_label("In words").fill("Ortrud Zwetschke died.")
    page.get_by_role("button", name="Record and close").click()
    page.get_by_text("Recorded and closed.").wait_for()
    held = desk.be("R. Osei", "/feeds/")
    held.get_by_role("link", name="Open the oldest held message").click()
    held.locator("details.settle summary").click()
    held.get_by_label("Settled, because").fill("Ortrud Zwetschke is known, mended by hand.")
    held.get_by_role("button", name="Settled").click()
    held.get_by_text("The message stays stored.").wait_for()


def test_no_log_of_any_process_names_the_patient(system, ran):
    logs = {
        path.name: path.read_text(errors="replace") for path in system.home.rglob("*") if is_log(system, path)
    }
    assert {"web.log", "listen.log", "work.log", "watch.log", "postgres.log"} <= set(logs), sorted(logs)
    assert logs["work.log"], "a log that says nothing would pass too"
    found = [
        (name, private(line), line)
        for name, text in logs.items()
        for line in text.splitlines()
        if private(line)
    ]
    assert found == []


def is_log(system, path):
    return path.is_file() and (path.suffix == ".log" or path == system.server.log)


def test_no_address_names_the_patient(ran):
    addresses = {
        one for one in ran if not one.endswith("show=zwetschke")
    }  # that one was typed by hand, above
    assert len(addresses) > 15
    assert {one: private(one) for one in addresses if private(one)} == {}


def test_no_mail_names_the_patient(system, ran):
    assert len(system.mail.mails) >= 4
    for mail in system.mail.mails:
        whole = "\n".join(
            [*(f"{key}: {value}" for key, value in mail.items()), mail.get_payload(decode=True).decode()]
        )
        assert private(whole) == [], whole
        assert re.search(r"case [A-Z0-9]{5}\b", whole)


def test_the_search_would_find_something(system, ran):
    """The same words are all there behind the sign-in."""
    stored = "".join(row[0] for row in system.query("SELECT text FROM reports_report"))
    stored += "".join(
        f"{family} {given} {born}"
        for family, given, born in system.query("SELECT family, given, birth_date FROM record_patient")
    )
    stored += "".join(row[0] for row in system.query("SELECT value FROM record_patientidentifier"))
    assert {"zwetschke", "ortrud", "xylophonic", "lytic", "1960-01-01", MRN.casefold()} <= set(
        private(stored)
    )
