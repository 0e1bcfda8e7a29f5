"""The worklist without a pointer: keys, their switch, what has the focus, the Tab key, and no scripts at all."""

import pytest
from sample_reports import macro, oru

pytestmark = pytest.mark.browser
ROW = "[data-row][aria-selected=true]"


@pytest.fixture(scope="module")
def reports(system):
    """Four reports; the case codes in the order of the list."""
    system.send(
        *(oru(macro(lane), n=n, name=f"TERN{n}^AMOS") for n, lane in enumerate(("emergent", "urgent", "urgent", "expedited"), 1)),
        oru("FINDINGS: a lesion of T6, without the macro.", n=5, name="PIKE^NORA"),
    )  # fmt: skip
    system.wait_until(lambda: system.one("SELECT count(*) FROM reports_report") == 5, "all is applied")
    return [code for (code,) in system.query(
        "SELECT case_code FROM notices_notice ORDER BY array_position(ARRAY['emergent', 'urgent', 'expedited'], lane::text)"
    )]  # fmt: skip


@pytest.fixture
def page(desk, reports):
    return desk().be("N. Bell RN")


def current(page):
    return page.locator(ROW).get_attribute("id")


def in_focus(page):
    """What a person at the keyboard is on: the id of a row, else the words of a link or button."""
    return page.evaluate(
        "(e => (e.matches('[data-row]') ? e.id : e.ariaLabel || e.innerText || e.tagName).trim())(document.activeElement)"
    )


def owner(system, case):
    return system.one("SELECT owner_id FROM notices_notice WHERE case_code = %s", case.removeprefix("case-"))


def test_j_and_k_move_and_stop_at_both_ends(page):
    rows = [row.get_attribute("id") for row in page.locator("[data-row]").all()]
    assert len(rows) == 5
    assert in_focus(page) == current(page) == rows[0], "the list has the focus when the page opens"
    for row in [*rows[1:], rows[-1]]:
        page.keyboard.press("j")
        assert in_focus(page) == current(page) == row
    for row in [*reversed(rows[:-1]), rows[0]]:
        page.keyboard.press("k")
        assert in_focus(page) == current(page) == row
    assert page.locator("[data-row][tabindex='0']").count() == 1, "one stop of the Tab key for the whole list"


def test_the_focus_is_seen(page):
    page.keyboard.press("j")
    seen = page.locator(ROW).evaluate(
        "row => [row, ...row.cells].map(e => getComputedStyle(e)).some(s => parseFloat(s.outlineWidth) > 1 && s.outlineStyle !== 'none' || s.boxShadow !== 'none')"
    )
    assert seen
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "(s => s.boxShadow !== 'none' || s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 1)(getComputedStyle(document.activeElement))"
        ), in_focus(page)


def test_enter_opens_and_the_list_is_there_on_the_way_back(page):
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/patients/**")
    page.go_back()
    page.locator(ROW).wait_for()


def test_the_question_mark_lists_the_keys_and_escape_returns(page):
    before = current(page)
    page.keyboard.press("?")
    assert page.get_by_role("heading", name="Keys").is_visible()
    page.keyboard.press("j")
    assert current(page) == before, "no key reaches the list behind the sheet"
    page.keyboard.press("Escape")
    assert not page.get_by_role("heading", name="Keys").is_visible()
    assert in_focus(page) == before


def test_keys_switched_off_do_nothing_and_stay_off(system, page):
    first = current(page)
    page.keyboard.press("?")
    page.get_by_label("Single keys are on").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.locator(ROW).focus()
    for key in "ja.?":
        page.keyboard.press(key)
    assert current(page) == first
    assert not page.get_by_role("heading", name="Keys").is_visible()
    assert owner(system, first) is None
    page.keyboard.press("Enter")
    page.wait_for_url("**/patients/**"), "Enter is no single-letter key and still opens"


def test_keys_never_act_in_a_form_field(system, page, reports):
    """'a' in a free-text box must never make somebody responsible."""
    case = reports[1]
    page.goto(f"/notices/{case}/")
    page.locator("summary", has_text="Not me").click()
    page.get_by_label("Pass on to").focus()
    page.keyboard.press("a")
    task = page.get_by_label("Whom you reached").first
    if task.count():
        task.press_sequentially("a k j ?")
        assert task.input_value() == "a k j ?"
    page.get_by_role("link", name="SOaR2", exact=True).focus()
    page.keyboard.press("a")
    page.wait_for_timeout(400)
    assert owner(system, case) is None
    assert page.url.endswith(f"/notices/{case}/")


def test_the_tab_key_goes_from_the_skip_link_through_the_bar_to_the_list(page, reports):
    page.evaluate("document.activeElement.blur(); document.body.tabIndex = -1; document.body.focus()")
    seen = []
    while len(seen) < 40 and not (seen and seen[-1].startswith("case-")):
        page.keyboard.press("Tab")
        seen.append(in_focus(page))
    assert seen[0] == "To the page"
    assert seen[-1] == current(page), seen
    wanted = ["To the page", "SOaR2", "Worklist", "Feeds", "All 5"]
    assert [words for words in (" ".join(one.split()) for one in seen) if words in wanted] == wanted
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert in_focus(page).startswith("Own "), "the row's link, then its one action"


def test_the_skip_link_leads_to_the_page(page):
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_without_scripts_own_is_a_plain_form(system, desk, reports):
    page = desk(java_script_enabled=False).be("N. Bell RN")
    case = reports[2]
    page.locator(f"#case-{case} button").click()
    assert page.get_by_text("You own this now. The ladder has stopped.").is_visible()
    assert owner(system, case) is not None
    page.locator(f"#case-{case}").get_by_role("link", name="Record what you did").click()
    page.locator("summary", has_text="Record what you did").click()
    page.get_by_label("Called").check()
    page.get_by_role("button", name="Record and close").click()
    assert page.get_by_text("Recorded and closed.").is_visible()


def test_a_owns_the_current_row_and_no_other(system, page, reports):
    page.keyboard.press("j")
    case = current(page)
    page.keyboard.press("a")
    page.locator(f"#{case}").get_by_text("Record what you did").wait_for()
    assert in_focus(page) == case, "the focus stays with the row"
    owned = [code for code in reports if owner(system, code) is not None]
    assert case.removeprefix("case-") in owned
    assert set(owned) == {case.removeprefix("case-"), reports[2]}
