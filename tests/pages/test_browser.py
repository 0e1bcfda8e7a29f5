"""The sample pages in a real browser: policy, accessibility, width, theme and keys."""

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.browser
SAMPLES = ("feeds", "notice", "patient", "spines", "worklist")
ROW = "[data-row][aria-selected=true]"


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
@pytest.mark.parametrize("name", SAMPLES)
def test_pages_are_accessible_and_keep_to_the_policy(open_page, name, width, theme):
    page = open_page(name, width=width, theme=theme)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("width", [1440, 1000, 640, 390, 320])
@pytest.mark.parametrize("name", [s for s in SAMPLES if s != "spines"])
def test_no_page_moves_sideways(open_page, name, width):
    page = open_page(name, width=width)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide == 0


def test_the_answers_stay_under_the_thumb(open_page):
    page = open_page("notice", width=390)
    box = page.locator(".dock").bounding_box()
    assert box["y"] + box["height"] == 900
    targets = page.locator(".dock button").all()
    assert min(t.bounding_box()["height"] for t in targets) >= 44


def test_a_theme_is_kept_and_overrides_the_system(open_page):
    page = open_page("worklist", theme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.locator("details.menu summary").click()
    page.locator("[data-theme-switch]").click()
    assert page.locator("[data-theme-words]").inner_text() == "dark"
    assert page.evaluate(ground) != light
    page.reload()
    assert page.evaluate(ground) != light
    page.emulate_media(media="print")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_without_scripts_the_system_chooses_the_theme(open_page):
    grounds = set()
    for theme in ("light", "dark"):
        page = open_page("worklist", theme=theme, java_script_enabled=False)
        grounds.add(page.locator("body").evaluate("b => getComputedStyle(b).backgroundColor"))
        assert not page.locator("[data-theme-switch]").is_visible()
    assert len(grounds) == 2


def test_keys_move_open_and_press(open_page):
    page = open_page("worklist")
    page.evaluate("document.addEventListener('click', e => window.pressed = e.target.textContent.trim())")
    assert page.locator(ROW).get_attribute("id") == "row-AdaFinch"
    page.keyboard.press("j")
    assert page.locator(ROW).get_attribute("id") == "row-RosaQuill"
    assert page.evaluate("document.activeElement.id") == "row-RosaQuill"
    assert page.locator("[data-row][tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    page.wait_for_url("**#RosaQuill")
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert page.locator(ROW).get_attribute("id") == "row-AdaFinch"
    page.keyboard.press("a")
    assert page.evaluate("window.pressed") == "Own"


def test_a_row_without_the_button_falls_back_to_the_card(open_page):
    page = open_page("worklist")
    page.evaluate("document.addEventListener('click', e => window.pressed = e.target.textContent.trim())")
    page.keyboard.press("j")
    page.keyboard.press("a")
    assert page.evaluate("window.pressed").startswith("Mine")


def test_keys_act_only_inside_and_never_with_a_modifier(open_page):
    page = open_page("worklist")
    page.keyboard.press("Control+j")
    assert page.locator(ROW).get_attribute("id") == "row-AdaFinch"
    page.locator(".brand").focus()
    page.keyboard.press("j")
    page.keyboard.press("?")
    assert page.locator(ROW).get_attribute("id") == "row-AdaFinch"
    assert not page.locator("#keys-help").is_visible()


def test_keys_leave_typing_alone(open_page):
    page = open_page("worklist")
    page.evaluate("document.querySelector('[data-keys] .keys').append(document.createElement('input'))")
    page.locator(".keys input").focus()
    page.keyboard.type("jak?")
    assert page.locator(".keys input").input_value() == "jak?"
    assert page.locator(ROW).get_attribute("id") == "row-AdaFinch"


def test_keys_can_be_turned_off_and_stay_off(open_page):
    page = open_page("worklist")
    page.keyboard.press("?")
    page.locator("[data-keys-on]").uncheck()
    page.keyboard.press("Escape")
    assert not page.locator("#keys-help").is_visible()
    page.reload()
    page.keyboard.press("j")
    assert page.locator(ROW).get_attribute("id") == "row-AdaFinch"
    page.locator(".keys [data-keys-help]").click()
    assert not page.locator("[data-keys-on]").is_checked()
    page.locator("[data-keys-on]").check()
    page.keyboard.press("Escape")
    page.locator(ROW).focus()
    page.keyboard.press("j")
    assert page.locator(ROW).get_attribute("id") == "row-RosaQuill"


def test_a_redrawn_list_keeps_the_current_row_and_the_focus(open_page):
    page = open_page("worklist")
    page.keyboard.press("j")
    redraw = (
        "const b = document.querySelectorAll('.work tbody')[0]; b.innerHTML = b.innerHTML.replace(%s, '')"
    )
    page.evaluate(redraw % '/ (aria-selected|tabindex)="[^"]*"/g')
    page.wait_for_function("document.activeElement.id === 'row-RosaQuill'")
    assert page.locator(ROW).get_attribute("id") == "row-RosaQuill"
    page.evaluate("document.getElementById('row-RosaQuill').remove()")
    page.wait_for_function("document.activeElement.id === 'row-TheoBrandt'")


def test_a_pointer_makes_its_row_current(open_page):
    page = open_page("worklist")
    page.locator("#row-CoraLind a.open").click()
    assert page.locator(ROW).get_attribute("id") == "row-CoraLind"
