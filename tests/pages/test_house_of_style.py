"""One place for colour, no inline style or script, and every class a template names has a look."""

import re
from pathlib import Path

import pytest

import soar2.pages

PAGES = Path(soar2.pages.__file__).parent
STYLES = sorted((PAGES / "static" / "soar2").glob("*.css"))
TEMPLATES = sorted((PAGES / "templates").rglob("*.html"))
SCRIPTS = sorted((PAGES / "static" / "soar2").glob("*.js"))
COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(|\boklch\(|:\s*(?:white|black|red|orange|green|gr[ae]y)\b", re.I
)


@pytest.mark.parametrize("style", [s for s in STYLES if s.name != "tokens.css"], ids=lambda s: s.name)
def test_colour_is_written_in_the_tokens_only(style):
    assert COLOUR.findall(style.read_text()) == []


def test_the_colour_pattern_finds_colours():
    assert len(COLOUR.findall("a { color: #fff; background: rgb(1, 2, 3); border-color: red }")) == 3


@pytest.mark.parametrize("style", STYLES, ids=lambda s: s.name)
def test_every_token_that_is_used_is_defined(style):
    defined = set(re.findall(r"(--[\w-]+):", "".join(s.read_text() for s in STYLES)))
    assert set(re.findall(r"var\((--[\w-]+)\)", style.read_text())) - defined == set()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: t.name)
def test_templates_carry_no_inline_style_or_script(template):
    text = template.read_text()
    assert not re.search(r"\sstyle=|<style|\son\w+=|<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.name)
def test_scripts_are_short_and_put_no_text_in_as_markup(script):
    text = script.read_text()
    assert len(text.splitlines()) < 150
    assert not re.search(r"innerHTML|insertAdjacentHTML|\beval\(|document\.write|\.style\b", text)


def test_motion_is_only_for_those_who_want_it():
    calm = [s.name for s in STYLES for m in re.finditer(r"animation:|transition:", s.read_text())]
    assert calm == ["app.css"]
    asked = (PAGES / "static/soar2/app.css").read_text().index("prefers-reduced-motion: no-preference")
    assert (PAGES / "static/soar2/app.css").read_text().index("animation:") > asked
