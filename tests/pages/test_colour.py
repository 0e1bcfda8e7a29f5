"""The tokens, measured: contrast by WCAG 2.2, and lane colours as colour-blind readers see them.

Protanopia and deuteranopia: Machado, Oliveira and Fernandes 2009, severity 1, in linear light.
Tritanopia: Brettel, Viénot and Mollon 1997, two half planes; the 2009 model does not hold for it.
Distance is the plain difference in OKLab, times 100; 5 is easily told apart side by side.
"""

import itertools
import re
from importlib.resources import files

import pytest

CSS = files("soar2.pages").joinpath("static/soar2/tokens.css").read_text()
THEMES = ("light", "dark")
TEXT, SHAPE = 4.5, 3.0
LANES = ("emergent", "urgent", "expedited", "routine")

WORDS = (
    "ink", "ink-2", "ink-3", "act", "emergent-word", "urgent-word", "expedited-word", "routine-word", "none-word",
    "well", "warn", "fault",
)  # fmt: skip
TEXT_PAIRS = [
    *itertools.product(WORDS, ("surface", "ground", "sunk", "here")),
    *((f"{lane}-ink", lane) for lane in LANES[:3]),
    ("act-ink", "act"),
    ("alarm-ink", "alarm"),
    ("over-ink", "over"),
    ("warn", "warn-wash"),
    ("fault", "fault-wash"),
    ("well", "well-wash"),
    ("focus-ink", "focus"),
]
SHAPES = (
    "edge", "emergent", "expedited", "routine", "spent", "c-now", "c-then", "lesion", "bone-edge", "ghost",
)  # fmt: skip
SHAPE_PAIRS = [
    *itertools.product(SHAPES, ("surface", "ground")),
    ("urgent-word", "surface"),
    ("lesion", "bone"),
    ("lesion", "csf"),
    ("lesion", "cord"),
]

PROTAN = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
DEUTAN = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
TRITAN = (
    ((1.01277, 0.13548, -0.14826), (-0.01243, 0.86812, 0.14431), (0.07589, 0.80500, 0.11911)),
    ((0.93678, 0.18979, -0.12657), (0.06154, 0.81526, 0.12320), (-0.37562, 1.12767, 0.24796)),
)
TRITAN_SIDE = (0.03901, -0.02788, -0.01113)


def tokens(theme):
    """Every colour token of a theme."""
    screen = CSS.split("@media print")[0]
    found = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", screen))
    both = re.findall(r"--([\w-]+):\s*light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", screen)
    return found | {name: (light, dark)[THEMES.index(theme)] for name, light, dark in both}


def linear(colour):
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return tuple(p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)


def contrast(a, b):
    shades = [sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(x), strict=True)) for x in (a, b)]
    return (max(shades) + 0.05) / (min(shades) + 0.05)


def times(matrix, rgb):
    return tuple(min(1, max(0, sum(m * c for m, c in zip(row, rgb, strict=True)))) for row in matrix)


def seen(kind, colour):
    """A colour in linear light as a reader of this kind sees it."""
    rgb = linear(colour)
    if kind == "tritan":
        side = sum(n * c for n, c in zip(TRITAN_SIDE, rgb, strict=True)) >= 0
        return times(TRITAN[0 if side else 1], rgb)
    return rgb if kind == "normal" else times(PROTAN if kind == "protan" else DEUTAN, rgb)


def oklab(rgb):
    r, g, b = rgb
    long = (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b) ** (1 / 3)
    mid = (0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b) ** (1 / 3)
    short = (0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * mid - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * mid + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * mid - 0.8086757660 * short,
    )


def apart(kind, a, b):
    ends = zip(oklab(seen(kind, a)), oklab(seen(kind, b)), strict=True)
    return 100 * sum((x - y) ** 2 for x, y in ends) ** 0.5


def test_the_measure_itself_knows_black_from_white():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert apart("deutan", "#c00000", "#607000") < apart("normal", "#c00000", "#607000")


def test_all_pairs_are_measured():
    assert (len(TEXT_PAIRS), len(SHAPE_PAIRS)) == (58, 24)


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable(theme):
    t = tokens(theme)
    low = {(a, b): round(contrast(t[a], t[b]), 2) for a, b in TEXT_PAIRS if contrast(t[a], t[b]) < TEXT}
    assert low == {}


@pytest.mark.parametrize("theme", THEMES)
def test_shapes_stand_out(theme):
    t = tokens(theme)
    low = {(a, b): round(contrast(t[a], t[b]), 2) for a, b in SHAPE_PAIRS if contrast(t[a], t[b]) < SHAPE}
    assert low == {}


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("kind", ["normal", "protan", "deutan", "tritan"])
def test_lanes_are_told_apart_by_every_reader(theme, kind):
    t = tokens(theme)
    nearest = min(apart(kind, t[a], t[b]) for a, b in itertools.combinations(LANES, 2))
    assert nearest >= 5


@pytest.mark.parametrize("theme", THEMES)
def test_time_spent_is_told_from_time_left(theme):
    t = tokens(theme)
    assert contrast(t["spent"], t["left"]) >= 2.9
    assert contrast(t["cord-edge"], t["csf"]) >= 2.0
