"""The radiologist composes six levels without a pointer: few keys, what is typed is what is filed."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from desk import SIZES
from sample_reports import oru

pytestmark = pytest.mark.browser
#: What is pressed, row by row; text is typed key by key, a name in capitals is one key.
SIX = (
    ("c5", "TAB", "1b", "TAB", "TAB", "l", "TAB", "TAB", "TAB", "u", "TAB", "n", "ENTER"),
    ("t4", "TAB", "1c", "TAB", "TAB", "l", "TAB", ">", "TAB", "TAB", "b", "TAB", "p", "ENTER"),
    ("t8", "TAB", "2", "TAB", "ne", "TAB", "m", "TAB", "<", "TAB", "TAB", "u", "TAB", "p", "ENTER"),
    ("t10", "TAB", "0", "TAB", "TAB", "b", "TAB", "TAB", "TAB", "TAB", "s", "ENTER"),
    ("l2", "TAB", "mo", "TAB", "m", "TAB", "TAB", "TAB", "TAB", "n", "ENTER"),
    ("l4", "TAB", "mi", "TAB", "l", "TAB", "TAB", "TAB", "TAB", "n"),
)
NARROW = {"desk": (1000, 640), "phone": (320,)}
WORDS = (
    "Level C5 | ESCC 1b | Cord signal normal | Lesion lytic | Alignment normal | Collapse none | Posterolateral unilateral | Status new",
    "Level T4 | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse >50% | Posterolateral bilateral | Status progressed",
    "Level T8 | ESCC 2 | Cord signal new | Lesion mixed | Alignment normal | Collapse <50% | Posterolateral unilateral | Status progressed",
    "Level T10 | ESCC 0 | Cord signal normal | Lesion blastic | Alignment normal | Collapse none | Posterolateral none | Status stable",
    "Level L2 | Below conus moderate | Lesion mixed | Alignment normal | Collapse none | Posterolateral none | Status new",
    "Level L4 | Below conus mild | Lesion lytic | Alignment normal | Collapse none | Posterolateral none | Status new",
)


@pytest.fixture
def patient(system):
    """A patient whose only report came without the macro: its exam is open in the composer."""
    system.send(oru("MRI of the spine. Please see the addendum.", n=71, name="TERN^AMOS"))
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM reports_report WHERE accession = 'A000071'"),
        "the report is filed",
    )
    query = "SELECT {} FROM reports_report WHERE accession = 'A000071'"
    return system.one(query.format("patient_id")), system.one(query.format("id"))


def press(page, keys):
    """Each key by itself; returns how many were pressed."""
    pressed = 0
    for key in keys:
        if key.isupper():
            page.keyboard.press(key.capitalize())
            pressed += 1
        else:
            for one in key:
                page.keyboard.press(one)
            pressed += len(key)
    return pressed


def test_six_levels_by_the_keyboard_alone(system, desk, patient):
    hale = desk(theme="dark")
    person, report = patient
    page = hale.be("Dr Hale", f"/patients/{person}/compose/?report={report}")
    page.evaluate(
        "for (const kind of ['pointerdown', 'mousedown']) addEventListener(kind, () => { window.touched = true; }, true)"
    )
    page.wait_for_function("document.activeElement?.dataset.key === 'level'")
    pressed = sum(press(page, keys) for keys in SIX)
    page.keyboard.press("F9")
    pressed += 1
    text = page.locator("#composed-text")
    for line in WORDS:
        page.wait_for_function(
            "line => document.getElementById('composed-text').textContent.includes(line)", arg=line
        )
    assert "rule gives emergent" in page.locator("#composed").inner_text()
    kept = text.text_content()
    page.keyboard.press("Control+Enter")
    pressed += 2
    page.wait_for_url("**/composed/*/")
    assert pressed <= 125, pressed
    assert page.evaluate("window.touched") is None
    system.wait_until(
        lambda: system.one(
            "SELECT count(*) FROM reports_report WHERE accession = 'A000071' AND source = 'macro'"
        ),
        "the composed report is read",
    )
    filed = "SELECT {} FROM reports_report WHERE accession = 'A000071' AND current"
    assert system.one(filed.format("text")).split() == kept.split()
    assert system.one(filed.format("lane")) == "emergent"
    page.get_by_text("Telephone as always").wait_for()
    assert hale.faults == []


def test_a_cord_grade_below_the_conus_is_refused_in_its_cell(desk, patient):
    hale = desk(theme="dark")
    page = hale.be("Dr Hale", f"/patients/{patient[0]}/compose/")
    page.wait_for_function("document.activeElement?.dataset.key === 'level'")
    press(page, ("l4", "TAB", "1c", "TAB"))
    page.get_by_text("L4 lies below the conus").wait_for()
    cell = page.locator('input[data-key="epidural"][aria-invalid="true"]')
    assert cell.input_value() == "1c"
    assert page.locator('input[data-key="cord_signal"]').first.get_attribute("readonly") is not None
    assert page.locator('[data-press="file"]').count() == 0


@pytest.mark.parametrize("size", SIZES)
def test_axe_finds_nothing_on_the_composers_pages(desk, patient, size):
    hale = desk(size=size)
    for path, words in (
        (f"/patients/{patient[0]}/compose/?report={patient[1]}", "This report will"),
        ("/mine/", "report"),
    ):
        page = hale.page
        if page.url == "about:blank":
            hale.be("Dr Hale", path)
        page.goto(path)
        page.get_by_role("heading", name=words).first.wait_for()
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path} {theme}: {found.generate_report()}"
        before = page.viewport_size
        for width in NARROW[size]:
            page.set_viewport_size({"width": width, "height": 900})
            assert hale.sideways() == 0, (path, width)
        page.set_viewport_size(before)
