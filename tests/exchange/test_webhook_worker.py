"""A real worker and a real paging service: one slow, one that loses its worker in the middle of a message."""

import json
import threading

import psycopg
import pytest
from receiver import Receiver, new_secret
from sample_reports import macro, oru
from whole_system import WholeSystem

PATIENT = {"mrn": "MRN7654321", "name": "ZYXWOMAN^QUILLA", "accession": "ACC-ZYX"}


class WithPager(WholeSystem):
    """The demonstration with a paging service connected."""

    def __init__(self):
        super().__init__()
        self.receiver = Receiver()
        self.secret = new_secret()

    def settings(self):
        secret_file = self.home / "page.secret"
        secret_file.write_text(self.secret + "\n")
        secret_file.chmod(0o600)
        table = {
            "channel": "page",
            "url": self.receiver.url,
            "secret_file": str(secret_file),
        }
        lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
        return "\n".join([super().settings(), "[[webhook]]", *lines, "timeout_seconds = 20", ""])

    def store(self, raw, n):
        """As the listener does once a message is safe."""
        with psycopg.connect(self.server.url(), autocommit=True) as link:
            link.execute(
                "INSERT INTO exchange_inboundmessage (received_at, door, peer, feed, raw, body_hash,"
                " sending_application, sending_facility, control_id, message_type, answer_code, answer, resent,"
                " state, reason, \"where\", attempts, settled_note) VALUES (now(), 'mllp', '', '', %s, %s, '', '',"
                " %s, '', 'AA', '', 0, 'stored', '', '', 0, '')",
                [raw, str(n), str(n)],
            )
            link.execute("SELECT pg_notify('soar2_inbox', '')")

    def pages(self, state):
        return self.one(
            "SELECT count(*) FROM record_outboxmessage WHERE channel = 'page' AND state = %s", state
        )

    def stop(self):
        self.receiver.stop()
        super().stop()


@pytest.fixture(scope="module")
def system():
    whole = WithPager()
    whole.start(parts=("work",))
    yield whole
    whole.stop()


@pytest.mark.faults
def test_a_slow_paging_service_delays_no_mail(system):
    receiver = system.receiver
    receiver.gate.clear()
    for n in (1, 2, 3):  # more than there are threads for pages
        system.store(oru(macro("emergent"), n=n), n)
    system.wait_until(lambda: len(receiver.posts) >= 2, "pages hang in the service")
    system.store(oru(macro("urgent"), n=4), 4)
    mails = "SELECT count(*) FROM record_outboxmessage WHERE channel = 'email' AND state = 'sent'"
    system.wait_until(lambda: system.one(mails) >= 4, "all mail goes out past them")
    assert system.pages("sent") == 0
    receiver.gate.set()
    system.wait_until(lambda: system.pages("sent") == 3, "the pages end")
    ids = {post.id for post in receiver.posts}
    assert len(ids) == 3
    assert {post.verified(system.secret)["data"]["lane"] for post in receiver.posts} == {"emergent"}


@pytest.mark.faults
def test_a_worker_killed_before_it_wrote_down_the_sending_sends_the_same_id_again(system):
    receiver = system.receiver
    before = len(receiver.posts)
    killed = threading.Event()

    def kill(posted):
        if not killed.is_set():
            killed.set()
            system.kill("work")

    receiver.on_post = kill
    system.store(oru(macro("emergent"), n=9, **PATIENT), 9)
    system.wait_until(killed.is_set, "the service is told, and the worker dies")
    assert system.pages("queued") == 1, "nothing was written down"
    system.query("UPDATE record_outboxmessage SET leased_until = now() WHERE state = 'queued' RETURNING id")
    system.launch("work")
    system.wait_until(lambda: system.pages("queued") == 0, "the page is sent by another worker")
    first, *again = receiver.posts[before:]
    assert again, "no second copy was sent"
    assert {post.id for post in again} == {first.id}
    for post in (first, *again):
        assert post.verified(system.secret)["data"]["person"]["key"] == "okafor"

    no_patient_in(system)


def no_patient_in(system):
    """Neither in what was posted nor in all that the workers wrote."""
    assert (PATIENT["accession"],) in system.query("SELECT accession FROM reports_report")
    told = "".join(f"{post.path}{post.headers}{post.body.decode()}" for post in system.receiver.posts)
    written = "".join(path.read_text() for path in system.home.glob("*.log"))
    assert "sent notice" in written
    for word in ("zyxwoman", "quilla", "mrn7654321", "acc-zyx", system.secret.lower()):
        assert word not in (told + written).lower(), word
