"""How many statements one report costs: a night's backlog is applied at this price a report."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from sample_reports import at, macro, oru

from soar2.exchange import dispatch
from soar2.exchange.models import InboundMessage

COSTS = [
    # what                  lane         again    statements at most
    ("a first emergent report", "emergent", False, 30),
    ("a first routine report", "routine", False, 28),
    ("its addendum", "routine", True, 26),
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
