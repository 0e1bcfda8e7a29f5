"""A connection to the mail server carries many mails; one that ends in between loses none and doubles none."""

import smtplib
import socket
import threading
from dataclasses import replace
from email.message import EmailMessage

import pytest
from django.conf import settings
from mail_server import MailServer

from soar2.exchange.senders.email import line


@pytest.fixture
def server(monkeypatch):
    found = MailServer()
    smtp = replace(
        settings.PROGRAMME.smtp, host="127.0.0.1", port=found.port, security="none", timeout_seconds=5
    )
    monkeypatch.setattr(settings, "PROGRAMME", replace(settings.PROGRAMME, smtp=smtp))
    yield found
    found.stop()


def mail(words="words"):
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "soar2@hospital.example", "n.bell@hospital.example", words
    made.set_content(words)
    return made


def subjects(server):
    return [words.decode().split("Subject: ")[1].split("\r\n")[0] for words in server.mails]


def closed_by(server, mine):
    """Wait until the end of the connection has reached us."""
    assert mine._server is not None
    mine._server.sock.settimeout(20)
    assert mine._server.sock.recv(1, socket.MSG_PEEK) == b""
    mine._server.sock.settimeout(5)


def test_mails_within_it_share_a_connection(server):
    with line.kept_open():
        for n in range(3):
            assert line.send(mail(str(n))) == {}
        assert len(server.lines) == 1
    assert subjects(server) == ["0", "1", "2"]
    assert server.lines[0].count("EHLO") == 1
    assert server.lines[0][-1] == "QUIT"


def test_without_it_each_mail_has_one_of_its_own(server):
    for n in range(2):
        line.send(mail(str(n)))
    assert subjects(server) == ["0", "1"]
    assert [heard[-1] for heard in server.lines] == ["QUIT", "QUIT"]


def test_a_server_that_hung_up_meanwhile_is_rung_up_again(server):
    with line.kept_open() as mine:
        server.hang_up.set()
        line.send(mail("first"))
        closed_by(server, mine)
        line.send(mail("second"))
    assert subjects(server) == ["first", "second"]
    assert len(server.lines) == 2


@pytest.mark.parametrize("answer", ["", "421 too many mails on this connection", "451 one more and I go"])
def test_a_kept_connection_that_has_had_enough_is_replaced_and_the_mail_goes_once(server, answer):
    """It hangs up or refuses in the moment in which the next mail begins."""
    with line.kept_open():
        line.send(mail("first"))
        server.wrong = ("MAIL", answer)
        line.send(mail("second"))
        assert len(server.lines) == 2
    assert subjects(server) == ["first", "second"]


@pytest.mark.parametrize("word", ["RCPT", "DATA"])
def test_a_connection_that_ends_before_the_words_have_left_is_replaced(server, word):
    with line.kept_open():
        line.send(mail("first"))
        server.wrong = (word, "")
        if word == "RCPT":
            line.send(mail("second"))
            assert subjects(server) == ["first", "second"]
        else:  # from DATA on it cannot be known here
            with pytest.raises(smtplib.SMTPServerDisconnected):
                line.send(mail("second"))
            assert subjects(server) == ["first"]


def test_what_the_server_may_have_taken_is_not_sent_again_at_once(server):
    """It has the words and ends without an answer: the outbox sends again, later, under the same id."""
    with line.kept_open():
        line.send(mail("first"))
        server.wrong = ("END", "")
        with pytest.raises(smtplib.SMTPServerDisconnected):
            line.send(mail("second"))
        assert subjects(server) == ["first", "second"]
        line.send(mail("third"))
    assert subjects(server) == ["first", "second", "third"]
    assert len(server.lines) == 2


def test_a_fresh_connection_that_fails_is_a_fault_at_once(server):
    with line.kept_open():
        server.wrong = ("MAIL", "451 not now")
        with pytest.raises(smtplib.SMTPSenderRefused):
            line.send(mail())
    assert len(server.lines) == 1
    assert server.mails == []


def test_a_refusal_ends_the_connection_and_not_the_next_mail(server):
    with line.kept_open():
        line.send(mail("first"))
        server.wrong = ("RCPT", "550 no such mailbox")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            line.send(mail("second"))
        line.send(mail("third"))
    assert subjects(server) == ["first", "third"]


def test_a_connection_unused_for_a_while_is_given_up(server, monkeypatch):
    with line.kept_open() as mine:
        line.send(mail("first"))
        mine.rest()
        assert mine._server is not None, "it has just been used"
        monkeypatch.setattr(line, "KEPT", 0.0)
        mine.rest()
        assert mine._server is None
        line.send(mail("second"))
        line.send(mail("third"))  # the one before it is too old by now
    assert subjects(server) == ["first", "second", "third"]
    assert len(server.lines) == 3


def test_other_settings_are_another_server(server, monkeypatch):
    other = MailServer()
    with line.kept_open():
        line.send(mail("here"))
        smtp = replace(settings.PROGRAMME.smtp, port=other.port)
        monkeypatch.setattr(settings, "PROGRAMME", replace(settings.PROGRAMME, smtp=smtp))
        line.send(mail("there"))
    assert (subjects(server), subjects(other)) == (["here"], ["there"])
    other.stop()


def test_each_thread_has_its_own(server):
    with line.kept_open():
        line.send(mail("mine"))
        thread = threading.Thread(target=lambda: line.send(mail("another's")))
        thread.start()
        thread.join()
        line.send(mail("mine again"))
    assert sorted(len([w for w in heard if w == "DATA"]) for heard in server.lines) == [1, 2]
