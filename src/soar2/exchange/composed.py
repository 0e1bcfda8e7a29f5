"""The verb behind the composer's button: a report made here goes through the inbox like any that comes by a door."""

import hashlib
import json
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from soar2.errors import Refused
from soar2.exchange.dispatch import feeds
from soar2.exchange.feeds import Feed
from soar2.exchange.fhir.outcome import Refusal
from soar2.exchange.fhir.reading import told
from soar2.exchange.fhir.receipt import Receipt
from soar2.exchange.inbox_sql import CHANNEL
from soar2.exchange.models import InboundMessage
from soar2.record import ledger
from soar2.record.models import Patient, Person

DOOR = "composer"


def feed_for(named: str = "") -> Feed:
    """The feed a composed report is read as: that of the exam's earlier report, else the first of the feed file.

    Raises Refused when there is none.
    """
    known = feeds()
    if not known:
        raise Refused("No feed is set up in soar2.toml, so a report cannot be filed.")
    return next((feed for feed in known if feed.name == named), known[0])


@transaction.atomic
def file_composed(
    resource: dict[str, Any], *, feed: Feed, patient: Patient, person: Person, now: datetime
) -> int:
    """Store a composed DiagnosticReport for a worker to read; returns the number of its message.

    The same report filed twice by the same person is one message. Raises Refused with a sentence when the report
    could not be read back, or names no patient whom the feed trusts.
    """
    raw = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
    try:
        read = told(raw, feed, "DiagnosticReport")
    except Refusal as fault:
        raise Refused(f"The report cannot be filed: {fault.issues[0].words}") from fault
    if read.issues:
        raise Refused(f"The report cannot be filed: {read.issues[0].words}")
    digest = hashlib.sha256(raw).hexdigest()
    row, made = InboundMessage.objects.get_or_create(
        sending_application=f"composer {person.key}",
        sending_facility="",
        control_id=digest[:32],
        body_hash=digest,
        defaults={
            "received_at": now,
            "door": DOOR,
            "format": InboundMessage.FHIR,
            "feed": feed.name,
            "raw": raw,
            "message_type": "DiagnosticReport",
            "answer_code": "AA",
            "answer": Receipt(201, digest[:32], ()).stored(),
        },
    )
    if made:
        ledger.record(
            "report.composed", at=now, subject=str(row.id), actor=person.key, person=person, patient=patient
        )
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])
    return row.id
