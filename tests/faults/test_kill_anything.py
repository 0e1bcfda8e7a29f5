"""kill -9 of listener, worker or database while 200 messages are sent with resends.

Afterwards: each acknowledged message is stored once, each scored report with lane routine or above
belongs to exactly one notice, each interrupting notice was attempted, every copy with one id.
"""

import os
import random
import socket
import threading
import time

import pytest
from sample_reports import macro, oru
from whole_system import WholeSystem

from soar2.exchange.mllp import frame

MESSAGES, SENDERS, KILLS = 200, 8, 9
LANES = ("emergent", "urgent", "expedited", "routine")
SEED = int(os.environ.get("SOAR2_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)


def message(n):
    return oru(macro(LANES[n % 4]), n=n)


class Sender(threading.Thread):
    """Sends its share and sends again whatever was not acknowledged, as an interface engine does."""

    def __init__(self, port, numbers, chance):
        super().__init__(daemon=True)
        self.port, self.numbers, self.chance = port, numbers, chance
        self.acknowledged, self.sent_again = [], 0

    def run(self):
        for n in self.numbers:
            time.sleep(self.chance.uniform(0, 0.15))  # spread over the time in which things are killed
            while not self.send(n):
                self.sent_again += 1
                time.sleep(0.05)
            self.acknowledged.append(n)
            if self.chance.random() < 0.1:  # an engine that lost the answer sends once more
                self.send(n)

    def send(self, n):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as link:
                link.sendall(frame(message(n)))
                link.settimeout(10)
                answer = b""
                while not answer.endswith(b"\x1c\r"):
                    if not (more := link.recv(4096)):
                        return False
                    answer += more
        except OSError:
            return False
        return f"MSA|AA|C{n:06d}".encode() in answer


@pytest.fixture
def system():
    whole = WholeSystem()
    whole.start(parts=("listen", "work", "work"))
    yield whole
    whole.stop()


@pytest.mark.faults
def test_nothing_is_lost_and_nothing_doubled(system):
    print(f"SOAR2_FAULT_SEED={SEED}")
    chance = random.Random(SEED)
    senders = [
        Sender(system.mllp_port, range(i, MESSAGES, SENDERS), random.Random(SEED + i)) for i in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    kill_the_listener_until_a_sender_misses_it(system, senders)
    kills = 1
    while kills < KILLS and any(sender.is_alive() for sender in senders):
        time.sleep(chance.uniform(0.05, 0.6))
        kill_something(system, chance)
        kills += 1
    for sender in senders:
        sender.join(timeout=180)
    acknowledged = {n for sender in senders for n in sender.acknowledged}
    assert len(acknowledged) == MESSAGES, f"seed {SEED}: a sender never got its answers\n{system.logs()}"
    resends = sum(sender.sent_again for sender in senders)
    print(f"{kills} kills, {resends} resends for want of an answer")
    assert kills >= 3, "the faults fell outside the traffic"
    assert resends > 0, "the faults fell outside the traffic"
    settle(system)
    look(system, acknowledged)


def kill_the_listener_until_a_sender_misses_it(system, senders):
    """So that at least one fault falls into the traffic, however fast or slow the machine is."""
    system.kill("listen")
    system.wait_until(lambda: any(sender.sent_again for sender in senders), "a sender misses the listener")
    system.launch("listen")


def kill_something(system, chance):
    what = chance.choice(["listen", "work", "database"])
    if what == "database":
        system.kill_database()
        system.revive_database()
    else:
        count = len(system.processes.get(what, []))
        system.kill(what)
        for _ in range(count):
            system.launch(what)


def settle(system):
    """Until all is applied and every owed message has been tried."""
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored'") == 0,
        "all is applied",
        90,
    )
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM record_outboxmessage WHERE state = 'queued'") == 0,
        "all is sent",
        120,
    )


def look(system, acknowledged):
    stored = system.query("SELECT control_id, count(*) FROM exchange_inboundmessage GROUP BY control_id")
    assert {int(control[1:]) for control, _ in stored} >= acknowledged
    assert [row for row in stored if row[1] != 1] == [], f"seed {SEED}: stored more than once"
    unapplied = system.query(
        "SELECT control_id, state, reason FROM exchange_inboundmessage WHERE state <> 'applied'"
    )
    assert unapplied == [], f"seed {SEED}"
    belonging = system.query(
        "SELECT r.accession, count(l.id) FROM reports_report r LEFT JOIN notices_noticereport l ON l.report = r.id"
        " WHERE r.lane <> 'none' GROUP BY r.id, r.accession"
    )
    assert len(belonging) == MESSAGES
    assert [row for row in belonging if row[1] != 1] == [], f"seed {SEED}"
    assert system.one("SELECT count(*) FROM notices_notice") == MESSAGES
    untried = system.query(
        "SELECT n.case_code FROM notices_notice n WHERE n.lane IN ('emergent', 'urgent') AND NOT EXISTS"
        " (SELECT 1 FROM record_outboxmessage o JOIN record_deliveryattempt a ON a.message_id = o.id WHERE o.about = n.id)"
    )
    assert untried == [], f"seed {SEED}"
    interrupting = {
        str(row[0])
        for row in system.query("SELECT id FROM notices_notice WHERE lane IN ('emergent', 'urgent')")
    }
    assert interrupting <= set(system.mail.notices()), f"seed {SEED}: a notice without its mail"
    codes = {}
    for mail in system.mail.mails:
        codes.setdefault(mail["Subject"], set()).add(mail["X-SOaR2-Notice"])
    assert [subject for subject, ids in codes.items() if len(ids) != 1] == [], (
        "one case, one id, in every copy"
    )
