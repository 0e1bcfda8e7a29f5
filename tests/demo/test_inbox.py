"""The demonstration's mail server, spoken to over real SMTP, and the page that shows what it kept."""

import asyncio
import os
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from soar2.demo import inbox

ADDRESS = "http://127.0.0.1:8000"
AT = datetime(2026, 3, 10, 14, 5, 12, tzinfo=ZoneInfo("America/New_York"))
BODY = f"SOaR2 emergent, case K7F2.\nOpen: {ADDRESS}/notices/K7F2/\nor call 4-7766.\n"


@pytest.fixture
def server(tmp_path):
    """A running inbox; its clock moves a minute with each message."""
    times = (AT + timedelta(minutes=n) for n in range(100))
    loop = asyncio.new_event_loop()  # in a thread of its own: a browser test may have left a loop in this one
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def there(work):
        return asyncio.run_coroutine_threadsafe(work, loop).result(timeout=10)

    listening = there(inbox.serve(tmp_path, 0, times.__next__))
    yield listening.sockets[0].getsockname()
    loop.call_soon_threadsafe(listening.close)
    there(asyncio.sleep(0.05))
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def a_message(subject="SOaR2 emergent, case K7F2", body=BODY, to="on-call@hospital.example"):
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "soar2@hospital.example", to, subject
    message.set_content(body)
    return message


def send(server, *messages, to=None):
    with smtplib.SMTP(*server, timeout=5) as client:
        for message in messages:
            client.send_message(message, to_addrs=to)


def test_what_is_sent_is_kept_as_a_file_and_shown_newest_first(server, tmp_path):
    send(server, a_message(), a_message("SOaR2 urgent, case M3Q8"))
    assert len(list((tmp_path / "mail/new").iterdir())) == 2
    second, first = inbox.received(tmp_path, ADDRESS)
    assert (first.subject, second.subject) == ("SOaR2 emergent, case K7F2", "SOaR2 urgent, case M3Q8")
    assert (first.at, second.at) == (AT, AT + timedelta(minutes=1))
    assert first.to == "on-call@hospital.example"
    assert first.body == BODY.strip()
    assert first.path == "/notices/K7F2/"


def test_it_listens_on_this_machine_alone(server):
    assert server[0] == "127.0.0.1"


def test_any_recipient_is_taken(server, tmp_path):
    send(
        server,
        a_message(),
        to=["nobody@nowhere.example", "böll@hospital.example".encode("ascii", "ignore").decode()],
    )
    assert inbox.received(tmp_path, ADDRESS)[0].to == "nobody@nowhere.example, bll@hospital.example"


def test_a_sender_cannot_set_the_time_or_the_recipient(server, tmp_path):
    forged = a_message()
    forged[inbox.ARRIVED], forged[inbox.FOR] = "2001-01-01T00:00:00+00:00", "somebody@else.example"
    send(server, forged)
    (kept,) = inbox.received(tmp_path, ADDRESS)
    assert (kept.at, kept.to) == (AT, "on-call@hospital.example")


def test_words_outside_ascii_survive(server, tmp_path):
    send(server, a_message("Kreiskrankenhaus · Fall K7F2", "Rufen Sie an – 4-7766 …\n"))
    (kept,) = inbox.received(tmp_path, ADDRESS)
    assert (kept.subject, kept.body) == ("Kreiskrankenhaus · Fall K7F2", "Rufen Sie an – 4-7766 …")


@pytest.mark.parametrize(
    "body",
    [
        "http://elsewhere.example/notices/K7F2/",
        "http://127.0.0.1:8000.elsewhere.example/notices/K7F2/",
        "no link at all",
    ],
)
def test_only_a_link_to_the_product_is_made_one(server, tmp_path, body):
    send(server, a_message(body=body))
    assert inbox.received(tmp_path, ADDRESS)[0].path == ""


def test_without_mail_the_list_is_empty(tmp_path):
    assert inbox.received(tmp_path / "none", ADDRESS) == []


def test_the_process_keeps_mail_until_it_is_told_to_stop(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"from soar2.demo.inbox import run_inbox; import pathlib; run_inbox(pathlib.Path({str(tmp_path)!r}), {port})"
    environ = {**os.environ, "SOAR2_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "soar2.config.settings"}
    process = subprocess.Popen([sys.executable, "-c", f"import django; django.setup(); {code}"], env=environ)
    try:
        _until_open(port)
        send(("127.0.0.1", port), a_message())  # in production mode its clock is the machine's
        assert len(inbox.received(tmp_path, ADDRESS)) == 1
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def _until_open(port):
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("The inbox does not listen.")


# the page


@pytest.fixture
def bell(people, settings, tmp_path):
    settings.HOME = tmp_path
    settings.PROGRAMME = replace(settings.PROGRAMME, address=ADDRESS)
    client = Client(headers={"host": "127.0.0.1:8000"})
    client.post("/demo/be/bell/")
    return client


def test_the_telephone_shows_whom_when_and_what(server, bell):
    send(server, a_message(to="e.lindqvist@hospital.example"))
    page = bell.get("/demo/mail/").content.decode()
    for words in ("Dr Lindqvist", "Tue 10 Mar 2026 14:05:12", "SOaR2 emergent, case K7F2", "or call 4-7766."):
        assert words in page
    assert 'href="/notices/K7F2/"' in page


def test_what_a_message_says_is_text_not_markup(server, bell):
    send(server, a_message("<script>alert(1)</script>", "<img src=x onerror=alert(1)>"))
    page = bell.get("/demo/mail/").content.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "<img" not in page


def test_an_empty_telephone_says_so(bell):
    assert "Nothing has been sent yet." in bell.get("/demo/mail/").content.decode()


def test_the_telephone_needs_a_person(people):
    answer = Client(headers={"host": "127.0.0.1:8000"}).get("/demo/mail/")
    assert answer["Location"].startswith("/accounts/login/")
