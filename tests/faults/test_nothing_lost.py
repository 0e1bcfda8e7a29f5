"""Nothing is lost and nothing doubled: the short form of `make faults` (long_run.py says how to run that).

Listener, workers, pages, watcher and database are killed, the network between all of them fails in every way
the proxy knows, and the disk is full, while reports are sent by MLLP and FHIR by senders that send again whatever
was not acknowledged. Afterwards each message is stored once and became what its kind demands, each report was
filed once, each scored one belongs to exactly one notice, and what was received of each delivery carries one id.
"""

import os
import random
from dataclasses import replace

import psycopg
import pytest
from fault_plan import short_plan
from fault_receipts import copies_of
from fault_run import Run

SEED = int(os.environ.get("SOAR2_FAULT_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
#: What could be wrong in the end, as a change of the rows, and the law that must then be found broken.
WRONGS = {
    "a message is gone": ("lost", "DELETE FROM exchange_inboundmessage WHERE id = {message}"),
    "a byte of it is": ("lost", "UPDATE exchange_inboundmessage SET raw = substr(raw, 2) WHERE id = {message}"),
    "it stands there twice": (
        "doubled",
        "INSERT INTO exchange_inboundmessage (received_at, door, peer, feed, raw, body_hash, sending_application,"
        " sending_facility, control_id, message_type, answer_code, answer, resent, state, reason, \"where\", attempts,"
        " settled_note) SELECT received_at, door, peer, feed, raw, body_hash, sending_application, 'again', control_id,"
        " message_type, answer_code, answer, resent, state, reason, \"where\", attempts, settled_note"
        " FROM exchange_inboundmessage WHERE id = {message}",
    ),
    "it is not applied": ("wrong", "UPDATE exchange_inboundmessage SET state = 'stored' WHERE id = {message}"),
    "a report has another lane": ("lost", "UPDATE reports_report SET lane = 'none' WHERE inbound = {message}"),
    "a report is on another chart": (
        "lost",
        "UPDATE reports_report SET patient_id = (SELECT patient_id FROM reports_report WHERE inbound > {message}"
        " AND patient_id IS NOT NULL ORDER BY inbound DESC LIMIT 1) WHERE inbound = {message}",
    ),
    "a report belongs to no notice": ("lost", "DELETE FROM notices_noticereport WHERE id = {link}"),
    "a delivery is still owed": ("undelivered", "UPDATE record_outboxmessage SET state = 'queued' WHERE id = {sent}"),
    "a delivery was never tried": (
        "undelivered", "UPDATE record_deliveryattempt SET outcome = 'retry' WHERE message_id = {sent}",
    ),
    "a message belongs to no rung": ("doubled", "UPDATE notices_step SET message_id = NULL WHERE message_id = {sent}"),
}  # fmt: skip
ONE = {
    "message": "(SELECT min(id) FROM exchange_inboundmessage WHERE state = 'applied' AND resent = 0)",
    "link": "(SELECT min(id) FROM notices_noticereport)",
    "sent": "(SELECT id FROM record_outboxmessage WHERE state = 'sent' AND kind = 'notice' ORDER BY id LIMIT 1)",
}


@pytest.mark.faults
def test_nothing_is_lost_and_nothing_doubled():
    run = Run(short_plan(SEED))
    blind: list[str] = []
    verdict = run.go(afterwards=lambda: blind.extend(unseen(run)))
    print(run.report(verdict))
    assert verdict.good, run.report(verdict)
    assert blind == [], "wrongs that the comparison does not see"


def unseen(run):
    """The wrongs that would have gone by unnoticed. Each is made in a transaction and taken back."""
    copies = copies_of(list(run.system.mail.mails), list(run.system.pager.pages))
    for words, (law, change) in WRONGS.items():
        with psycopg.connect(run.system.server.url()) as connection:
            connection.execute("SET LOCAL session_replication_role = replica")  # append-only tables, too
            assert connection.execute(change.format(**ONE)).rowcount > 0, words
            found = run.compare(lambda asked, *args: connection.execute(asked, args).fetchall(), copies)
            connection.rollback()
        if not vars(found)[law]:
            yield words
    spoilt = {
        "a copy never came": ("undelivered", [copy for copy in copies if copy.message != copies[0].message]),
        "a copy has its own id": ("wrong", [*copies, replace(copies[0], message="another")]),
        "a copy speaks of another notice": ("wrong", [*copies, replace(copies[0], about="another")]),
        "a copy names the patient": ("wrong", [*copies, replace(copies[0], private=True)]),
    }
    for words, (law, received) in spoilt.items():
        if not vars(run.compare(run.system.query, received))[law]:
            yield words
