"""The drawing of the spine: what is drawn, what is said, and that nothing is lost or invented."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from soar2.pages.spine import Level, changes, column, describe, pair, symbols, window_around
from soar2.pages.spine.canal import BACK, CORD, SAC, cord_edges, masses, reach
from soar2.pages.spine.curve import MID
from soar2.pages.spine.table import LEVELS

NEAR = ("T7", "T9")
SVG = "{http://www.w3.org/2000/svg}"


def tree(markup):
    return ElementTree.fromstring(markup.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314


def classes(markup):
    return " ".join(re.findall(r'class="([^"]+)"', markup)).split()


def text(markup):
    return [t.text for t in tree(markup).iter(SVG + "text")]


def desc(markup):
    return tree(markup).find(SVG + "desc").text


def test_every_level_from_c1_to_s5_can_be_drawn_at_every_grade():
    for name in LEVELS:
        for grade in ("0", "1a", "1b", "1c", "2", "3", None):
            made = column({name: Level(grade, "lytic", 0.4, 2, signal=True)}, uid="a")
            assert name in text(made)
            assert tree(made).get("role") == "img"


@pytest.mark.parametrize(
    ("grade", "touches_sac", "touches_cord", "fluid_behind"),
    [
        (None, False, False, True),
        ("0", False, False, True),
        ("1a", True, False, True),
        ("1b", True, False, True),
        ("1c", True, True, True),
        ("2", True, True, True),
        ("3", True, True, False),
    ],
)
def test_a_grade_is_read_from_what_touches_what(grade, touches_sac, touches_cord, fluid_behind):
    found, s = masses({"T8": Level(grade, "lytic")}), MID["T8"]
    front, back = cord_edges(found, s)
    assert (reach(found, s) >= SAC) is touches_sac
    assert (reach(found, s) >= CORD[0] - 0.02) is touches_cord
    assert (back < BACK - 0.01) is fluid_behind
    assert front < back


def test_a_worse_grade_never_reaches_less():
    depth = [max(reach(masses({"T8": Level(g)}), MID["T8"]), 0) for g in ("0", "1a", "1b", "1c", "2", "3")]
    assert depth == sorted(set(depth))


def test_neighbours_keep_their_place():
    """Prior and current are compared by eye: lost height must show, never shift the column."""
    was, now = (column({"T8": Level("1b", "lytic", c)}, uid="a", window=NEAR) for c in (0.0, 0.6))
    assert tree(was).get("viewBox") == tree(now).get("viewBox")
    assert "sp-ghost" in now
    assert "sp-ghost" not in was


@pytest.mark.parametrize(
    ("level", "drawn"),
    [
        (Level("0", "lytic"), "sp-lytic"),
        (Level("0", "blastic"), "sp-blastic"),
        (Level("0", "mixed"), "sp-mixed"),
        (Level("0", "unknown"), "sp-unknown"),
        (Level("1c"), "sp-inv"),
        (Level("0", pedicles=1), "sp-ped1"),
        (Level("0", pedicles=2), "sp-ped2"),
        (Level("2", signal=True), "sp-signal"),
        (Level("0", treated="radiation 2024"), "sp-treated"),
        (Level("0", "lytic", 0.3), "sp-ghost"),
        (Level(None, "lytic"), "sp-unsure"),
        (Level(None, span=("1a", "3")), "sp-unsure"),
    ],
)
def test_each_finding_has_its_sign_and_a_normal_level_has_none(level, drawn):
    assert drawn in classes(column({"T8": level}, uid="a"))
    assert drawn not in classes(column({"T8": Level("0")}, uid="a"))


def test_what_is_not_stated_is_hollow_and_said_never_zero():
    made = column({"T8": Level(None, "unknown")}, uid="a")
    assert "sp-unsure" in classes(made)
    assert "sp-inv" not in classes(made)
    assert "?" in text(made)
    assert "epidural not stated" in desc(made)
    assert "lesion, type not stated" in desc(made)


def test_an_interval_is_solid_to_what_is_known_and_hollow_beyond():
    made = column({"T8": Level(None, "lytic", span=("1a", "3"))}, uid="a")
    assert {"sp-inv", "sp-unsure"} <= set(classes(made))
    assert "1a to 3" in text(made)


def test_unknown_collapse_and_pedicles_are_said_and_not_drawn():
    made = column({"T8": Level("1a", "lytic", None, None)}, uid="a")
    assert "collapse not stated, pedicles not stated" in desc(made)
    assert not {"sp-ghost", "sp-ped1", "sp-ped2"} & set(classes(made))


def test_a_word_that_is_no_grade_is_shown_and_drawn_as_not_stated():
    made = column({"T8": Level("4")}, uid="a")
    assert "4" in text(made)
    assert "sp-unsure" in classes(made)


@pytest.mark.parametrize(
    ("word", "drawn"), [("none", False), ("mild", True), ("moderate", True), ("severe", True)]
)
def test_below_the_cord_the_sac_has_words_and_no_grade(word, drawn):
    made = column({"L4": Level(None, "mixed", sac=word)}, uid="a")
    assert ("sp-inv" in classes(made)) is drawn
    assert "sp-unsure" not in classes(made)
    said = "free" if word == "none" else word
    assert f"sac {said}" in text(made)
    assert desc(made) == f"L4: sac {said}, mixed lesion."


def test_there_is_no_cord_to_change_signal_below_it_but_it_is_said():
    made = column({"L4": Level(None, sac="severe", signal=True)}, uid="a")
    assert "sp-signal" not in classes(made)
    assert "cord signal change" in desc(made)


@pytest.mark.parametrize(
    ("name", "said"), [("L6", "L6"), ("T13", "T13"), ("Oc", "Oc"), ("unknown", "level not stated")]
)
def test_a_level_without_a_place_is_said_in_words(name, said):
    made = column({name: Level("2", "lytic"), "T8": Level("1a")}, uid="a")
    assert f"{said} 2" in text(made)
    assert f"{said} (not in the picture): epidural 2, lytic lesion." in desc(made)
    assert classes(made).count("sp-inv") == 1


def test_a_level_outside_the_window_is_not_lost():
    made = column({"T8": Level("1a"), "C5": Level("3")}, uid="a", window=NEAR)
    assert "C5 3" in text(made)
    both = pair({}, {"T8": Level("1a"), "C5": Level("3")}, uid="a", window=NEAR)
    assert "C5 3 new" in text(both)


def test_words_under_the_picture_fit_its_width():
    made = column({"unknown": Level(None, span=("1a", "3"))}, uid="a", width=120)
    svg = tree(made)
    scale = 120 / float(svg.get("viewBox").split()[2])
    line = next(t for t in svg.iter(SVG + "text") if t.text.startswith("level"))
    assert float(line.get("font-size")) * scale * 0.6 * len(line.text) <= 120


def test_nothing_abnormal_is_said_too():
    assert desc(column({}, uid="a")) == "No abnormal level."
    assert desc(pair({}, {}, uid="a")) == "No abnormal level."


def test_words_are_escaped():
    level = Level("1c", note="<b>&", treated='"<i>')
    made = column({"T8": level}, uid="a", title="<script>") + pair(
        {}, {"T8": level}, uid="p", dates=("<u>", "now")
    )
    assert not re.search(r"<(b|i|u|script)>", made)
    assert "&lt;b&gt;&amp;" in made


def test_strict_content_policy_and_unique_ids():
    levels = {"T8": Level("2", "lytic", 0.3, 2, True), "L2": Level(None, "mixed")}
    made = symbols() + column(levels, uid="a") + column(levels, uid="b") + pair(levels, levels, uid="c")
    ids = re.findall(r'\sid="([^"]+)"', made)
    assert len(ids) == len(set(ids))
    assert not re.search(r'\sstyle=|<style|\son\w+=|(?:href|fill)="(?!#|url\(#)', made)
    wanted = set(re.findall(r'(?:href="#|url\(#)([^")]+)', made))
    assert wanted <= set(ids)


def test_a_column_costs_a_few_kilobytes():
    assert len(symbols()) < 30_000
    assert len(column({}, uid="a")) < 2_000
    assert len(column({"T8": Level("1c", "lytic", 0.58, 2)}, uid="a", width=46, labels=False)) < 10_000


def test_the_picture_has_a_name_and_sentences():
    svg = tree(
        column({"T8": Level("1c", "lytic", 0.58, 2, True, "radiation 2024")}, uid="a", title="10 March 2026")
    )
    assert svg.get("aria-labelledby") == "a-t a-d"
    assert svg.find(SVG + "title").text == "10 March 2026"
    assert svg.find(SVG + "desc").text == (
        "T8: epidural 1c, lytic lesion, half or more of its height lost, both pedicles, cord signal change, "
        "radiation 2024."
    )


@pytest.mark.parametrize(
    ("was", "now", "lines"),
    [
        (Level("1b"), Level("1c"), ["1b → 1c"]),
        (Level("1b"), Level("1b"), ["1b unchanged"]),
        (None, Level("1c"), ["1c new"]),
        (Level("1c"), None, ["1c → not mentioned"]),
        (Level(None), Level("1c"), ["? → 1c"]),
        (Level("1c"), Level(None), ["1c → ?"]),
        (Level(None), Level(None), ["? not stated"]),
        (Level("1b", collapse=0.2), Level("1b", collapse=0.6), ["1b still", "more collapsed"]),
        (Level("2"), Level("2", signal=True), ["2 still", "signal new"]),
        (Level("2", pedicles=1), Level("3", pedicles=2), ["2 → 3", "pedicles 1 → 2"]),
        (Level("2", pedicles=None, collapse=None), Level("2", pedicles=2, collapse=0.6), ["2 unchanged"]),
        (Level(sac="mild"), Level(sac="severe"), ["sac mild → sac severe"]),
        (Level(None, span=("1a", "3")), Level("2"), ["1a to 3 → 2"]),
    ],
)
def test_the_change_is_written_between_the_two(was, now, lines):
    assert changes(was, now) == lines
    before, after = ({"T8": x} if x else {} for x in (was, now))
    made = text(pair(before, after, uid="a", window=NEAR, gutter=160))
    assert set(lines) <= set(made)


def test_the_sentences_of_a_pair_hold_both_exams():
    assert describe({"T8": Level("1c")}, {"T8": Level("1b"), "L1": Level("0", "blastic")}) == (
        "T8: epidural 1c, was 1b. L1: not mentioned now, was epidural 0, blastic lesion."
    )


def test_changes_of_crowded_levels_do_not_overlap_and_stay_inside():
    names = ("T3", "T4", "T5", "T6", "T7", "T8")
    prior = {n: Level("1a", pedicles=1) for n in names}
    current = {n: Level("2", collapse=0.6, pedicles=2, signal=True) for n in names}
    svg = tree(pair(prior, current, uid="a", width=452, window=("T3", "T8")))
    _, top, _, height = map(float, svg.get("viewBox").split())
    middle = [
        t
        for t in svg.iter(SVG + "text")
        if "sp-mid" in t.get("class", "") and "sp-date" not in t.get("class")
    ]
    ys = [float(t.get("y")) for t in middle]
    assert ys == sorted(ys)
    size = min(float(t.get("font-size")) for t in middle)
    assert all(b - a >= size for a, b in pairwise(ys))
    assert top < ys[0]
    assert ys[-1] < top + height


@pytest.mark.parametrize(
    ("names", "window"),
    [((), None), (("T8",), ("T6", "T10")), (("C1",), ("C1", "C3")), (("S5", "L5"), ("L3", "S5")), (("L6",), None),
     (("C2", "S4"), None), (("T8", "L6"), ("T6", "T10"))],
)  # fmt: skip
def test_a_window_leaves_two_levels_on_each_side(names, window):
    assert window_around({n: Level("1a") for n in names}) == window
