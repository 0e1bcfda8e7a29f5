"""The frame, the tags and the error pages, through the project's own template engine."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.template import engines
from django.template.loader import get_template
from django.test import RequestFactory
from django.urls import resolve
from django.utils import timezone

NOW = datetime(2026, 3, 10, 18, 12, tzinfo=UTC)
ERRORS = ("404.html", "403.html", "403_csrf.html", "500.html")


def render(text, **context):
    return engines["django"].from_string("{% load soar2 %}" + text).render(context)


@pytest.fixture(autouse=True)
def _hospital_zone():
    with timezone.override("America/New_York"):
        yield


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_page_needs_nothing_and_says_what_is_safe(name):
    page = get_template(name).render({})
    assert "<dt>Safe</dt>" in page
    assert "<dt>To do</dt>" in page
    assert len(re.findall("<h1>", page)) == 1
    assert 'lang="en"' in page


def test_no_error_page_looks_anything_up():
    text = get_template("pages/error.html").template.source
    assert "{% load" not in text
    assert "{% url" not in text


def test_the_banner_stands_only_in_a_demo():
    page = get_template("pages/base.html").render({})
    assert "Synthetic data" not in page
    assert 'href="#main"' in page
    assert '<main id="main"' in page


def test_the_frame_needs_no_script_inside_it():
    page = get_template("pages/base.html").render({"person": {"name": "N. Bell RN"}})
    assert "N. Bell RN" in page
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=", page)


def test_feed_state_is_mark_and_words():
    page = get_template("pages/base.html").render(
        {"feed_state": {"mark": "fault", "words": "Results silent 41 min"}}
    )
    assert '<span class="state fault">' in page
    assert "Results silent 41 min" in page


def test_the_page_one_is_on_is_marked():
    request = RequestFactory().get("/")
    request.resolver_match = resolve("/")
    made = render("{% navigation %}", request=request, may={"patients_see": True, "feeds_see": True})
    assert re.findall(r'<a href="([^"]+)" aria-current="page">(\w+)', made) == [("/", "Worklist")]
    assert 'href="/feeds/"' in made
    assert made.count("aria-current") == 1
    assert "/audit/" not in made, "a link that would lead to a refusal"


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("{{ span|in_words }}", "1 h 30 min"),
        ("{{ now|hospital_time:now }}", "Tue 10 Mar 14:12"),
        ("{{ now|hospital_time }}", "10 Mar 2026 14:12"),
        ("{{ now|hospital_day }}", "10 Mar 2026"),
        ("{{ before|ago:now }}", "1 h 30 min ago"),
        ("{% chip 'New' 'new' %}", '<span class="chip new">New</span>'),
        ("{% when now %}", '<time datetime="2026-03-10T18:12:00+00:00">14:12</time>'),
    ],
)
def test_tags_and_filters(text, made):
    span = timedelta(minutes=90)
    assert render(text, span=span, now=NOW, before=NOW - span) == made


def test_a_clock_speaks_at_the_contexts_now():
    text = "{% clock due start verb='own' %}"
    made = render(text, now=NOW, due=NOW + timedelta(minutes=9), start=NOW - timedelta(minutes=6))
    assert "own in 9 min" in made
    with pytest.raises(KeyError):
        render(text, due=NOW, start=NOW)


def test_every_tag_makes_markup():
    text = (
        "{% lane 'urgent' %}{% state 'well' 'Well' %}{% sins_bar 7 12 %}{% traffic bars %}{% day_axis 'a' 'b' %}"
        "{% spine_symbols %}{% spine_column levels uid='c' %}{% spine_pair levels levels uid='p' %}"
    )
    made = render(text, bars=[1, 2], levels={})
    assert "&lt;" not in made
    assert made.count("<svg") == 8
