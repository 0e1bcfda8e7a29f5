"""Persona buttons and the demo clock: on this machine alone, by POST alone, forward alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils.html import escape

from soar2.demo import controls, personas
from soar2.demo.moments import MOMENTS
from soar2.errors import Refused
from soar2.record import clock
from soar2.record.models import DemoClock

pytestmark = pytest.mark.django_db
HERE = "127.0.0.1:8000"
EASTERN = ZoneInfo("America/New_York")
SEEDED = datetime(2026, 3, 10, 14, 5, 12, tzinfo=EASTERN)


@pytest.fixture
def paused(people):
    """What the seed leaves: people, and a clock that waits for the first visitor."""
    clock.start(SEEDED, running=False)


@pytest.fixture
def here():
    return Client(headers={"host": HERE})


@pytest.fixture
def bell(here, paused):
    here.post("/demo/be/bell/")
    return here


def shown():
    return clock.now().astimezone(EASTERN)


# who one is


def test_signing_in_is_choosing_a_person(here, paused):
    away = here.get("/accounts/login/?next=/feeds/")
    assert away["Location"] == "/demo/?next=%2Ffeeds%2F"
    page = here.get(away["Location"]).content.decode()
    assert "Who are you today?" in page
    assert "synthetic data" in page
    assert page.count('value="/feeds/"') == len(personas.PERSONAS) == 7
    for one in personas.PERSONAS:
        assert f"{one.name} <" in page
        assert f'action="/demo/be/{one.key}/"' in page


@pytest.mark.parametrize("one", personas.PERSONAS, ids=lambda one: one.key)
def test_each_person_is_on_the_rota_and_starts_where_their_day_does(here, paused, people, one):
    assert people[one.key].label == one.name
    assert here.post(f"/demo/be/{one.key}/")["Location"] == one.leads
    account = get_user_model().objects.get(pk=here.session["_auth_user_id"])
    assert account.person == people[one.key]
    assert not account.has_usable_password()
    assert not account.is_staff


@pytest.mark.parametrize(
    ("onward", "leads"),
    [("/feeds/", "/feeds/"), ("//elsewhere.example", "/"), ("https://elsewhere.example/", "/"), ("", "/")],
)
def test_a_link_leads_on_but_not_away(here, paused, onward, leads):
    assert here.post("/demo/be/bell/", {"next": onward})["Location"] == leads


def test_changing_the_person_changes_the_session(bell, people, settings):
    before = bell.cookies[settings.SESSION_COOKIE_NAME].value
    bell.post("/demo/be/osei/")
    assert bell.cookies[settings.SESSION_COOKIE_NAME].value != before
    assert get_user_model().objects.get(pk=bell.session["_auth_user_id"]).person == people["osei"]
    bell.post("/demo/be/bell/")
    assert get_user_model().objects.count() == 2


def test_a_person_without_a_button_cannot_be_borrowed(here, paused):
    assert here.post("/demo/be/moreau/").status_code == 404
    assert "_auth_user_id" not in here.session


def test_an_account_with_a_password_is_not_opened_by_a_button(here, paused, people):
    people["bell"].user = get_user_model().objects.create_user("bell", password="seven plain words")
    people["bell"].save()
    answer = here.post("/demo/be/bell/")
    assert answer.status_code == 409
    assert "no button opens that" in answer.content.decode()
    assert "_auth_user_id" not in here.session


def test_before_the_seed_the_button_says_what_is_missing(here, db):
    answer = here.post("/demo/be/bell/")
    assert answer.status_code == 409
    assert "soar2 demo --reset" in answer.content.decode()


def test_get_changes_nothing(here, paused):
    for path in ("/demo/be/bell/", "/demo/clock/?do=run"):
        here.get(path)
    assert "_auth_user_id" not in here.session
    assert shown() == SEEDED
    here.post("/demo/be/bell/")
    assert here.get("/demo/be/bell/").status_code == 405
    assert here.get("/demo/clock/?do=hour").status_code == 405


def test_without_its_token_no_button_works(paused):
    strict = Client(enforce_csrf_checks=True, headers={"host": HERE})
    assert strict.post("/demo/be/bell/").status_code == 403
    page = strict.get("/demo/")
    token = page.context["csrf_token"]
    assert strict.post("/demo/be/bell/", {"csrfmiddlewaretoken": str(token)}).status_code == 302
    assert strict.post("/demo/clock/", {"do": "hour"}).status_code == 403


PATHS = ("/demo/", "/demo/mail/")


@pytest.mark.parametrize(
    "more",
    [
        {"REMOTE_ADDR": "10.0.0.7"},
        {"headers": {"host": "testserver"}},
        {"headers": {"host": HERE, "x-forwarded-for": "10.0.0.7"}},
        {"headers": {"host": HERE, "forwarded": "for=10.0.0.7"}},
    ],
    ids=["another machine", "another name", "through a proxy", "through another proxy"],
)
def test_from_elsewhere_there_is_no_demonstration(paused, more):
    far = Client(**{"headers": {"host": HERE}, **more})
    far.force_login(get_user_model().objects.create_user("somebody"))
    assert [far.get(path).status_code for path in PATHS] == [404, 404]
    assert far.post("/demo/be/bell/").status_code == 404
    assert far.post("/demo/clock/", {"do": "hour"}).status_code == 404
    assert shown() == SEEDED


def test_in_production_there_is_no_demonstration(here, people, settings):
    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    here.force_login(get_user_model().objects.create_user("somebody"))
    assert [here.get(path).status_code for path in PATHS] == [404, 404]
    assert [here.post(path).status_code for path in ("/demo/be/bell/", "/demo/clock/")] == [404, 404]


# what time it is


def test_the_first_to_come_sets_the_clock_going(here, paused):
    assert shown() == SEEDED
    here.post("/demo/be/bell/")
    assert clock.state().running


def test_a_clock_that_somebody_paused_stays_paused(bell):
    bell.post("/demo/clock/", {"do": "pause"})
    bell.post("/demo/be/osei/")
    assert not clock.state().running


@pytest.mark.parametrize(
    ("do", "running", "rate", "forward"),
    [
        ("pause", False, 1, timedelta()),
        ("run", True, 1, timedelta()),
        ("x1", True, 1, timedelta()),
        ("x60", True, 60, timedelta()),
        ("x600", True, 600, timedelta()),
        ("ten-minutes", False, 1, timedelta(minutes=10)),
        ("hour", False, 1, timedelta(hours=1)),
        ("morning", False, 1, datetime(2026, 3, 11, 7, 30, tzinfo=EASTERN) - SEEDED),
    ],
)
def test_each_button(bell, do, running, rate, forward):
    clock.start(SEEDED, running=False)
    answer = bell.post("/demo/clock/", {"do": do})
    row = DemoClock.objects.get()
    assert (answer.status_code, row.running, row.rate) == (302, running, rate)
    assert row.hospital == SEEDED + forward


def test_a_jump_out_of_a_hurry_lands_on_the_minute_at_ordinary_speed(bell):
    clock.start(SEEDED, running=True)
    clock.change(rate=600.0)
    bell.post("/demo/clock/", {"do": "morning"})
    row = DemoClock.objects.get()
    assert row.hospital == datetime(2026, 3, 11, 7, 30, tzinfo=EASTERN)
    assert (row.running, row.rate) == (True, 1.0)


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        (datetime(2026, 3, 10, 7, 29, 59, tzinfo=EASTERN), datetime(2026, 3, 10, 7, 30, tzinfo=EASTERN)),
        (datetime(2026, 3, 10, 7, 30, tzinfo=EASTERN), datetime(2026, 3, 11, 7, 30, tzinfo=EASTERN)),
        (datetime(2026, 3, 11, 3, 0, tzinfo=UTC), datetime(2026, 3, 11, 7, 30, tzinfo=EASTERN)),
        (
            datetime(2026, 3, 7, 23, 0, tzinfo=EASTERN),
            datetime(2026, 3, 8, 7, 30, tzinfo=EASTERN),
        ),  # a short night
    ],
)
def test_next_morning_is_local(now, morning):
    assert controls.next_morning(now) == morning


def test_moments(bell):
    last = MOMENTS[-1]
    clock.start(last.at - timedelta(days=1), running=False)
    assert escape(last.words) in bell.get("/demo/").content.decode()
    bell.post("/demo/clock/", {"do": "moment", "moment": last.key})
    assert DemoClock.objects.get().hospital == last.at


def test_a_moment_that_has_passed_is_refused_and_no_longer_offered(bell):
    last = MOMENTS[-1]
    later = last.at + timedelta(minutes=1)
    clock.start(later, running=True)
    answer = bell.post(
        "/demo/clock/",
        {"do": "moment", "moment": last.key},
        follow=True,
        headers={"referer": f"http://{HERE}/demo/"},
    )
    assert "only moves forward" in answer.content.decode()
    assert f">{escape(last.words)}<" not in answer.content.decode()
    assert clock.state().running
    assert clock.now() >= later


@pytest.mark.parametrize("post", [{}, {"do": "back"}, {"do": "moment", "moment": "nothing"}, {"do": "x1000"}])
def test_what_is_no_button_is_refused(bell, post):
    clock.start(SEEDED, running=False)
    assert bell.post("/demo/clock/", post).status_code == 302
    assert (shown(), clock.state().running) == (SEEDED, False)


def test_production_has_no_clock_to_turn(people, settings):
    settings.PROGRAMME = replace(settings.PROGRAMME, mode="production")
    with pytest.raises(Refused):
        controls.turn("hour")


@pytest.mark.parametrize(
    ("referrer", "leads"),
    [
        (f"http://{HERE}/feeds/?page=2", "/feeds/?page=2"),
        ("/feeds/", "/feeds/"),
        (f"http://{HERE}//elsewhere.example/", "/"),
        ("http://elsewhere.example/feeds/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_back_to_the_page_one_was_on(bell, referrer, leads):
    answer = bell.post("/demo/clock/", {"do": "run"}, headers={"referer": referrer})
    assert answer["Location"] == leads


def test_the_bar_says_what_time_it_is_and_whether_it_runs(bell):
    clock.start(SEEDED, running=False)
    page = bell.get("/demo/").content.decode()
    assert ">Tue 10 Mar 2026 14:05:12</time>" in page
    assert ">paused<" in page
    assert 'data-running="no"' in page
    assert 'value="run"' in page
    assert 'value="pause"' not in page
    bell.post("/demo/clock/", {"do": "x60"})
    page = bell.get("/demo/").content.decode()
    assert "running, 60 times as fast" in page
    assert 'value="x60" aria-pressed="true"' in page
    assert 'data-rate="60"' in page


def test_before_signing_in_the_bar_has_no_buttons(here, paused):
    page = here.get("/demo/").content.decode()
    assert "Tue 10 Mar 2026 14:05:12" in page
    assert 'action="/demo/clock/"' not in page
