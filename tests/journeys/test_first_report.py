"""From one command to one owner: a report is sent, a row appears, a mail arrives, `a` owns, the ladder stops."""

import re
import time
from pathlib import Path

import pytest
from sample_reports import at, minutes

pytestmark = pytest.mark.browser
ROSA = Path(__file__).parent.parent / "messages" / "rosa-quill.hl7"
PATIENT = ("Quill", "Rosa", "00044471", "A-20931", "breast", "T8", "L4", "ESCC", "epidural", "MRI", "metast")
NOTE_FIRST_ROW = """
new MutationObserver((_, watch) => {
  if (!document.querySelector("[data-row]")) return;
  window.rowSeen = Date.now() / 1000;
  watch.disconnect();
}).observe(document.getElementById("worklist"), { childList: true, subtree: true });
"""


def waiting(system):
    """(rung, due) of the steps that will still fire by themselves."""
    return system.query("SELECT n, due_at FROM notices_step WHERE state = 'waiting' ORDER BY n")


def sweeps(system):
    """Until the worker has looked at the clock at least twice more."""
    time.sleep(2.5)
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM record_outboxmessage WHERE state = 'queued'") == 0,
        "all is sent",
    )


@pytest.fixture
def nora(desk):
    one = desk()
    one.be("N. Bell RN")
    return one


def test_a_sent_report_gets_one_owner_from_the_keyboard(system, nora):
    page = nora.page
    assert "Nothing waiting." in page.locator(".empty").inner_text()
    assert "No message has come yet" in page.locator(".empty").inner_text(), (
        "an empty list says what the feeds do"
    )

    # One command sends; the page that is open shows the row.
    page.evaluate(NOTE_FIRST_ROW)
    loads, begun = nora.loads, time.time()
    said = system.command("send", str(ROSA))
    answered = time.time()
    assert "AA" in said.stdout
    row = page.locator("[data-row]")
    row.wait_for()
    assert nora.loads == loads, "the row came without a reload"
    assert "Rosa Quill" in row.inner_text()
    assert "T8 epidural 1c" in row.inner_text()

    # The mail has the case and nothing else.
    code = row.get_attribute("id").removeprefix("case-")
    system.wait_until(lambda: system.mail.mails, "the mail arrives")
    print(
        "measured: from `soar2 send` (a new process) to "
        f"acknowledgement {answered - begun:.2f} s, row {page.evaluate('window.rowSeen') - begun:.2f} s, "
        f"inbox {system.mail.times[0] - begun:.2f} s"
    )
    (mail,) = system.mail.mails
    whole = mail.as_string() + mail.get_payload(decode=True).decode()
    assert (mail["To"], mail["Subject"]) == ("n.bell@hospital.example", f"SOaR2 urgent, case {code}")
    assert f"{system.url('')}/notices/{code}/" in whole
    assert [word for word in PATIENT if word.casefold() in whole.casefold()] == []

    # Owned without a pointer.
    assert row.evaluate("row => row === document.activeElement"), "the only row has the focus"
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/patients/**")
    page.go_back()
    row.wait_for()
    page.keyboard.press("a")
    row.get_by_text("Record what you did").wait_for()
    assert re.search(r"You\s+owned", row.inner_text())
    owner, due = system.query(
        "SELECT p.key, n.action_due FROM notices_notice n JOIN record_person p ON p.id = n.owner_id"
    )[0]
    assert owner == "bell"

    # The ladder stands still until her two hours are over, and only until then.
    assert [n for n, _ in waiting(system)] == [2, 3, 4, 5]
    assert min(at for _, at in waiting(system)) == due
    nora.clock("+1 h")
    sweeps(system)
    assert len(waiting(system)) == 4
    assert len(system.mail.mails) == 1, "nobody else is told while she acts"
    nora.clock("+1 h", "+10 min")
    system.wait_until(lambda: len(waiting(system)) < 4, "the next rung fires when the time to act has passed")
    nora.clock("+10 min", "+10 min")
    system.wait_until(lambda: len(system.mail.mails) == 2, "the backup is written to")
    assert system.mail.subjects()[1] == f"SOaR2 urgent, case {code}"
    assert system.mail.mails[1]["To"] == "e.lindqvist@hospital.example"


def test_the_row_came_within_seconds_of_hospital_time(system):
    """The clock stood at 14:05 until somebody signed in, and runs since."""
    opened = system.one("SELECT opened_at FROM notices_notice")
    assert at("10 14:05") <= opened < at("10 14:05") + minutes(2)
