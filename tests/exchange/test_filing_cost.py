"""How many statements one report costs: a night's backlog is applied at this price a report."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from sample_reports import at, macro, oru

from soar2.exchange import deliver, dispatch
from soar2.exchange.models import InboundMessage
from soar2.exchange.senders import email
from soar2.record.models import OutboxMessage

COSTS = [
    # what                  lane         again    statements at most
    ("a first emergent report", "emergent", False, 14),
    ("a first routine report", "routine", False, 14),
    ("its addendum", "routine", True, 16),
]


def stored(raw, control):
    return InboundMessage.objects.create(
        received_at=at("10 14:05"),
        raw=raw,
        body_hash=control,
        control_id=control,
        answer_code="AA",
        answer=b"",
    )


@pytest.mark.parametrize(("what", "lane", "again", "most"), COSTS, ids=[row[0] for row in COSTS])
def test_a_report_is_filed_in_few_statements(people, what, lane, again, most):
    dispatch.feeds()
    stored(oru(macro("urgent"), n=1, mrn="SAME"), "warm")
    dispatch.apply_undone(at("10 14:05"))
    patient = {"mrn": "SAME", "accession": "A000001"} if again else {}
    row = stored(oru(macro(lane), n=2, control="second", **patient), "second")
    with CaptureQueriesContext(connection) as spent:
        assert dispatch.apply_one(row.id, at("10 14:06"))
    assert len(spent) <= most, "\n".join(query["sql"][:150] for query in spent)


def test_a_mail_is_delivered_in_few_statements(people, monkeypatch):
    """Each statement is a round trip, some hold several; three more are the ends of the transactions."""
    stored(oru(macro("urgent"), n=1), "one")
    dispatch.apply_undone(at("10 14:05"))
    monkeypatch.setattr(email, "send", lambda mail: {})
    with CaptureQueriesContext(connection) as spent:
        assert deliver.deliver_owed("w", at("10 14:06"), limit=1) == 1
    assert OutboxMessage.objects.get().state == "sent"
    statements = [query["sql"] for query in spent if "SAVEPOINT" not in query["sql"]]
    assert len(statements) <= 5, "\n".join(query[:150] for query in statements)
