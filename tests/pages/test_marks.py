"""Signs with their words: lanes, chips, states, clocks, scores, traffic."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from django.utils import timezone

from soar2.pages.bars import clock, clock_bar, day_axis, sins_bar, sins_class, traffic, when
from soar2.pages.marks import SHAPES, chip_mark, lane_mark, state_mark

NOW = datetime(2026, 3, 10, 18, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _hospital_zone():
    with timezone.override("America/New_York"):
        yield


def words(markup):
    """What a person reads."""
    return " ".join(re.sub(r"<[^>]+>", " ", markup).split())


@pytest.mark.parametrize("lane", ["emergent", "urgent", "expedited", "routine", "none"])
def test_a_lane_is_shape_and_word(lane):
    made = lane_mark(lane)
    assert words(made) == lane.capitalize()
    assert f"lane-{lane}" in made
    assert SHAPES[lane] in made
    assert len(set(SHAPES.values())) == 5


def test_only_known_lanes_chips_and_states():
    with pytest.raises(KeyError):
        lane_mark("red")
    with pytest.raises(ValueError, match="chip"):
        chip_mark("Late", "red")
    with pytest.raises(KeyError):
        state_mark("fine", "Well")


def test_words_are_escaped():
    assert "<b>" not in chip_mark("<b>") + state_mark("well", "<b>", "<b>")
    assert "&lt;b&gt;" in chip_mark("<b>")
    assert 'aria-label="&lt;&quot;"' in traffic([1], label='<"')


def test_a_state_says_more_on_a_desk():
    assert (
        words(state_mark("well", "Feeds well", ", last report 3 min ago"))
        == "Feeds well , last report 3 min ago"
    )
    assert '<span class="long">' in state_mark("well", "a", "b")


@pytest.mark.parametrize(
    ("due", "options", "said"),
    [
        (timedelta(hours=70), {"what": "visit"}, "visit: 2 d 22 h left by Fri 13 Mar 12:12"),
        (timedelta(minutes=41), {"verb": "decide"}, "decide in 41 min by 14:53"),
        (timedelta(minutes=41), {}, "41 min left by 14:53"),
        (-timedelta(hours=2, minutes=22), {"verb": "tell", "by": "told by"}, "Over 2 h 22 min told by 11:50"),
        (timedelta(0), {}, "Over 0 s by 14:12"),
    ],
)
def test_a_clock_says_relative_first_then_absolute(due, options, said):
    made = clock(NOW + due, NOW, NOW - timedelta(hours=1), **options)
    assert words(made) == said


def test_past_its_target_a_clock_is_solid_ink_with_a_word():
    late = clock(NOW - timedelta(hours=1), NOW, NOW - timedelta(hours=3))
    early = clock(NOW + timedelta(hours=1), NOW, NOW - timedelta(hours=3))
    assert 'class="chip over"' in late
    assert "cb-over" in late
    assert "over" not in early


def test_no_clock_is_said():
    assert words(clock(None, NOW)) == "no clock"


def test_a_clock_without_a_start_has_no_bar():
    assert "<svg" not in clock(NOW + timedelta(hours=1), NOW)
    assert "<svg" not in clock(NOW, NOW + timedelta(hours=1), NOW)


def widths(markup):
    """Class to width of every bar."""
    return {r.get("class"): float(r.get("width")) for r in ElementTree.fromstring(markup).iter("rect")}  # noqa: S314


@pytest.mark.parametrize(
    ("share", "spent", "target", "over"),
    [
        (0, 0, 150, None),
        (0.5, 75, 150, None),
        (1, 150, 150, None),
        (2, 75, 75, 75),
        (100, 8, 8, 142),
        (-1, 0, 150, None),
    ],
)
def test_length_is_time(share, spent, target, over):
    bars = widths(clock_bar(share))
    assert (bars["cb-spent"], bars["cb-left"], bars.get("cb-over")) == (spent, target, over)


def test_a_moment_is_for_machines_too():
    assert when(NOW, NOW) == '<time datetime="2026-03-10T18:12:00+00:00">14:12</time>'


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 6, "stable"), (7, 12, "potentially unstable"), (13, 18, "unstable"), (6, 7, "stable to potentially unstable"),
        (7, 13, "potentially unstable to unstable"), (0, 18, "stable to unstable"), (12, 12, "potentially unstable"),
    ],
)  # fmt: skip
def test_an_interval_names_both_ends_of_its_class(low, high, said):
    assert sins_class(low, high) == said
    assert f"{said}" in sins_bar(low, high)


def test_an_unknown_score_is_drawn_open():
    assert "not stated" in sins_bar(None, None)
    assert "c-open" in sins_bar(None, 4)
    assert "c-span" not in sins_bar(None, None)


@pytest.mark.parametrize(("low", "high"), [(-1, 3), (4, 3), (3, 19)])
def test_a_score_outside_its_scale_is_a_fault(low, high):
    with pytest.raises(ValueError, match="between 0 and 18"):
        sins_bar(low, high)


def test_traffic_draws_what_came_and_outlines_silence():
    made = traffic([0, 4, 2, 0, 0], [1, 1, 1, 1, 1], silent_from=3)
    assert made.count("c-bar") == 2
    assert made.count("c-gap") == 1
    assert "c-gap" not in traffic([0, 4], silent_from=None)
    assert 'aria-hidden="true"' in made


def test_no_traffic_is_a_line_not_a_hole():
    assert 'class="c-axis"' in traffic([])
    assert "c-bar" not in traffic([0] * 96)


def test_the_axis_spreads_its_words():
    assert re.findall(r'x="(\d+)"', day_axis(["14:00", "02", "now"], 200)) == ["0", "100", "200"]
