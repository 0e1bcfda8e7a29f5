"""The worklist as a page: rows, filters, what it costs, and what it never does."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from sample_reports import at

from soar2.exchange.models import InboundMessage
from soar2.pathway.notices import actions
from soar2.record.models import ChartAccess, LedgerEntry

CASES = re.compile(r'id="case-(\w+)"')
TOKEN = re.compile(r'data-version="(\w+)"')
FREE = "MRI lumbar spine. Compression at L1 in known myeloma."
DANGER = "MRI cervical spine. Disc extrusion at C5-6 with severe cord compression. No tumour."


def page(client, query=""):
    answer = client.get(f"/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def queries_of(client, address):
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert client.get(address).status_code in (200, 204)
    return len(seen)


def test_rows_stand_in_the_order_of_their_urgency(filed, signed_in):
    expedited, emergent, urgent = (
        filed(lane, mrn=lane, name=f"{lane.title()} Case") for lane in ("expedited", "emergent", "urgent")
    )
    found = CASES.findall(page(signed_in()))
    assert found == [emergent.case_code, urgent.case_code, expedited.case_code]


def test_a_row_says_who_why_until_when_whose_and_what_next(filed, signed_in, people):
    filed("urgent", mrn="P", name="Rosa Quill", exam="2 12:00", when="2 13:00",
          text=None, location="Clinic 4")  # fmt: skip
    text = page(signed_in())
    for said in ("Rosa Quill", "65 F", "T8 epidural 1c", "Clinic 4", "Nobody yet", ">Own</button>", "Over"):
        assert said in text, said


def test_the_rise_stands_in_the_row(filed, signed_in):
    level = "Level T8 | ESCC {} | Cord signal normal | Lesion lytic | Alignment normal | Collapse none | Posterolateral none | Status new"
    filed(level.format("1b"), exam="9 12:00", when="9 13:00")
    filed(level.format("1c"), exam="10 12:00")
    assert "up: T8 1b to 1c in 1 day" in page(signed_in())


def test_owned_by_me_asks_what_i_did_and_by_another_only_opens(filed, signed_in, people, standing_clock):
    notice = filed("urgent")
    actions.mine(notice.id, person=people["bell"], now=at("10 14:03"))
    assert "Record what you did" in page(signed_in("bell"))
    assert "owned 14:03" in page(signed_in("bell"))
    other = page(signed_in("okafor"))
    assert "With others 1" in other
    assert "N. Bell RN" in other
    assert "Record what you did" not in other


def test_routine_is_one_quiet_line_until_its_digest(filed, signed_in):
    notice = filed("routine", name="Amos Tern")
    text = page(signed_in())
    assert not CASES.findall(text)
    assert "Quiet 1, routine, waiting for the morning digest: Amos Tern, T6 bone only" in text
    assert CASES.findall(page(signed_in(), "?show=quiet")) == [notice.case_code]


@pytest.mark.parametrize(
    ("show", "expected"),
    [
        ("", {"emergent", "urgent", "expedited"}),
        ("new", {"emergent", "urgent"}),
        ("unowned", {"emergent", "urgent"}),
        ("overdue", {"urgent"}),
        ("hand", {"emergent"}),
        ("read", set()),
    ],
)
def test_filters(filed, signed_in, people, show, expected):
    made = {
        "emergent": filed("emergent", mrn="1"),
        "urgent": filed("urgent", mrn="2", when="10 12:50"),
        "expedited": filed("expedited", mrn="3"),
    }
    actions.mine(made["expedited"].id, person=people["bell"], now=at("10 14:00"))
    found = set(CASES.findall(page(signed_in(), f"?show={show}")))
    assert found == {made[lane].case_code for lane in expected}


def test_an_unknown_filter_is_not_a_page(filed, signed_in):
    assert signed_in().get("/?show=everything").status_code == 404


def test_reports_without_a_macro_wait_to_be_read_and_dangers_stand_first(filed, signed_in):
    assert filed(text=FREE, mrn="1", name="Nora Pike", when="10 09:00") is None
    filed(text=DANGER, mrn="2", name="Gus Thorn", when="10 13:00")
    text = page(signed_in())
    assert "Please read 2" in text
    assert text.index("Gus Thorn") < text.index("Nora Pike")
    assert "critical results 4-7700" in text
    assert "Read report" in text


def test_an_unresolved_identity_stands_by_its_accession(filed, signed_in):
    filed("emergent", accession="A-991", identity_fault="The message names no patient.")
    text = page(signed_in())
    assert "A-991" in text
    assert "Identity unresolved" in text
    assert "who is this? ask the reading room" in text


def message(received, state=InboundMessage.APPLIED):
    return InboundMessage.objects.create(
        received_at=received,
        feed="Radiology results",
        raw=b"",
        body_hash=str(received),
        answer_code="AA",
        answer=b"",
        state=state,
    )


def test_an_empty_list_proves_that_the_feed_lives(signed_in, standing_clock):
    message(at("10 14:02"))
    text = page(signed_in())
    assert "Nothing waiting." in text
    assert "Feeds well, last report 3 min ago." in text


def test_an_empty_list_says_when_the_feed_is_silent_and_whom_to_call(signed_in, standing_clock):
    message(at("10 12:00"))
    text = page(signed_in())
    assert "Radiology results silent 2 h 5 min." in text
    assert "Call 4-7719" in text


def test_the_pulse_is_silent_until_something_changes(filed, signed_in, people, standing_clock):
    first = filed("urgent", mrn="1")
    client = signed_in()
    token = TOKEN.search(page(client))[1]
    assert client.get(f"/worklist/pulse?v={token}").status_code == 204
    second = filed("expedited", mrn="2")
    answer = client.get(f"/worklist/pulse?v={token}")
    assert answer.status_code == 200
    assert CASES.findall(answer.content.decode()) == [first.case_code, second.case_code]
    assert "<html" not in answer.content.decode()


def test_what_moves_the_pulse(filed, signed_in, people, standing_clock):
    client = signed_in()
    notice = filed("emergent")

    def moved(do):
        token = TOKEN.search(page(client))[1]
        do()
        return client.get(f"/worklist/pulse?v={token}").status_code == 200

    assert not moved(lambda: None)
    assert moved(lambda: actions.mine(notice.id, person=people["bell"], now=at("10 14:05")))
    assert moved(lambda: filed(text=FREE, mrn="9"))
    assert moved(lambda: standing_clock(at("10 14:06")))
    assert moved(lambda: actions.acted(notice.id, person=people["bell"], now=at("10 14:06"), action="called"))
    assert not moved(lambda: None)


def test_the_pulse_keeps_the_filter(filed, signed_in, people, standing_clock):
    owned, free = filed("urgent", mrn="1"), filed("urgent", mrn="2")
    actions.mine(owned.id, person=people["okafor"], now=at("10 14:05"))
    text = signed_in().get("/worklist/pulse?v=old&show=unowned").content.decode()
    assert CASES.findall(text) == [free.case_code]


def test_the_list_costs_the_same_for_two_rows_and_for_twelve(filed, signed_in):
    client = signed_in()

    def fill(first, last):
        for n in range(first, last):
            filed(("emergent", "urgent", "expedited")[n % 3], mrn=str(n))
            filed(text=FREE, mrn=f"free{n}")

    fill(0, 2)
    page(client)
    few = queries_of(client, "/")
    fill(2, 12)
    assert queries_of(client, "/") == few
    assert few <= 24


def test_a_pulse_without_news_is_cheap(filed, signed_in):
    filed("urgent")
    client = signed_in()
    token = TOKEN.search(page(client))[1]
    assert queries_of(client, f"/worklist/pulse?v={token}") <= 6


def test_looking_at_the_list_changes_nothing_but_who_saw_whom(filed, signed_in):
    filed("emergent")
    client = signed_in()
    facts = LedgerEntry.objects.count()
    page(client)
    client.get("/worklist/pulse?v=")
    assert LedgerEntry.objects.count() == facts
    assert [(seen.kind, seen.page) for seen in ChartAccess.objects.all()] == [("listed", "worklist")]


def test_the_pane_shows_the_drawing_and_writes_down_who_looked(filed, signed_in, people):
    notice = filed("urgent")
    answer = signed_in().get(f"/worklist/pane/{notice.case_code}/")
    text = answer.content.decode()
    assert "<svg" in text
    assert "not the published Spine Oncology Imaging Score" in text
    seen = ChartAccess.objects.get()
    assert (seen.patient_id, seen.person, seen.page) == (notice.patient_id, people["bell"], "worklist")


def test_nobody_sees_it_without_signing_in(filed, client):
    filed("urgent")
    for address in ("/", "/worklist/pulse?v="):
        answer = client.get(address)
        assert answer.status_code == 302
        assert "/accounts/login/" in answer["Location"]


def test_a_list_that_is_left_open_over_midnight_moves_its_rows(filed, signed_in, people, standing_clock):
    """Due tomorrow is later today and due today tomorrow."""
    notice = filed("urgent")
    actions.mine(notice.id, person=people["bell"], now=at("10 14:05"))
    notice.refresh_from_db()
    type(notice).objects.filter(id=notice.id).update(action_due=at("11 09:00"))
    assert "Later 1" in page(signed_in())
    standing_clock(at("11 00:01"))
    assert "Due today 1" in page(signed_in())
    standing_clock(at("11 09:00") + timedelta(minutes=1))
    assert "Needs you now 1" in page(signed_in())
