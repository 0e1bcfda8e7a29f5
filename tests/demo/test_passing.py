"""A jump of the demo clock: messages, answers and rungs happen on the way, at their own time, once."""

from datetime import timedelta

import pytest

from soar2.demo.answers import programme
from soar2.demo.events import START, local
from soar2.demo.meanwhile import meanwhile
from soar2.demo.passing import pass_time
from soar2.demo.player import Player
from soar2.demo.seed import arrivals
from soar2.demo.story import story
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices import actions, queries
from soar2.pathway.reports import queries as reports
from soar2.record.models import OutboxMessage, Person
from soar2.record.people import load_programme

ROSA = "A-20931"
HOUR = timedelta(hours=1)


@pytest.fixture
def begun(db):
    """The end of the history stands for the whole of it: its last message is how a jump knows the demonstration."""
    load_programme(programme())
    list(arrivals(story().reports[-1:]))


def rosa():
    (report,) = reports.of_accession(ROSA)
    return queries.card(queries.about_report(report.id))


def test_what_happens_on_the_way_happens_at_its_own_time(begun):
    assert pass_time(START, START + HOUR) > 3
    row = rosa().row
    assert row.opened_at == local(2026, 3, 10, 14, 5, 2)
    assert (row.owner_name, row.owned_at) == ("N. Bell RN", local(2026, 3, 10, 14, 24))
    assert [rung.fired_at for rung in rosa().rungs if rung.channel == "email" and rung.fired_at] == [
        row.opened_at
    ]
    assert rosa().closed_at == local(2026, 3, 10, 14, 53)
    assert not OutboxMessage.objects.filter(state=OutboxMessage.QUEUED).exists(), "no old mail goes out"


def test_time_passed_once_is_not_passed_again(begun):
    pass_time(START, START + HOUR)
    stored = InboundMessage.objects.count()
    assert pass_time(START + HOUR, START + HOUR) == 0
    assert InboundMessage.objects.count() == stored


def test_the_player_does_not_send_what_a_jump_has_brought(begun):
    player = Player("127.0.0.1", 1)
    player.sent = set()
    pass_time(START, START + HOUR)
    assert player.turn(START + HOUR) == 0


def test_the_visitor_keeps_what_the_visitor_owns(begun):
    pass_time(START, START + timedelta(minutes=1))
    actions.mine(rosa().row.id, person=Person.objects.get(key="lindqvist"), now=START + timedelta(minutes=2))
    pass_time(START + timedelta(minutes=2), START + HOUR)
    assert (rosa().row.owner_name, rosa().acted_by) == ("Dr Lindqvist", "Dr Lindqvist")


def test_a_ladder_climbs_at_its_own_minutes_where_nobody_answers(begun):
    lena = local(2026, 3, 13, 18, 39)
    list(arrivals([message for message in story().live if message.at <= lena]))
    pass_time(lena, local(2026, 3, 13, 18, 51))
    (report,) = reports.of_accession("A-20950")
    rungs = queries.card(queries.about_report(report.id)).rungs
    fired = [(rung.fired_at - rungs[0].fired_at).total_seconds() / 60 for rung in rungs if rung.fired_at]
    assert fired == [0, 0, 0, 5, 10]


def test_a_database_that_is_no_demonstration_is_left_alone(db):
    load_programme(programme())
    assert pass_time(START, START + HOUR) == 0
    assert not InboundMessage.objects.exists()


def test_every_report_that_asks_something_is_answered_on_the_way():
    answered = {answer.accession for answer in meanwhile(story().live)}
    asking = {
        m.exam.accession for m in story().live if m.exam.lane not in ("none",) and m.exam.kind == "macro"
    }
    assert asking - answered == set()
