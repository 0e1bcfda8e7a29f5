"""Two people at two screens: what one does the other sees, and no row moves under a hand."""

import signal
from itertools import count

import pytest
from sample_reports import macro, oru

pytestmark = pytest.mark.browser
SECONDS = 5000  # milliseconds in which another screen must show what happened
numbers = count(1)


@pytest.fixture
def arrives(system):
    """Send a report; returns the row's id once its notice is open."""

    def arrived(lane):
        n = next(numbers)
        system.send(oru(macro(lane), n=n, name=f"FINCH{n}^ADA"))
        question = "SELECT n.case_code FROM notices_notice n JOIN record_patient p ON p.id = n.patient_id WHERE p.family = %s"
        system.wait_until(lambda: system.query(question, f"FINCH{n}"), "the notice opens")
        return f"case-{system.one(question, f'FINCH{n}')}"

    return arrived


@pytest.fixture
def two(desk):
    first, second = desk(), desk()
    first.be("N. Bell RN")
    second.be("Dr Lindqvist")
    return first, second


def order(page):
    return [row.get_attribute("id") for row in page.locator("[data-row]").all()]


def test_one_owns_and_the_other_sees_it_without_a_reload(arrives, two):
    nora, eva = two
    row = arrives("urgent")
    eva.page.locator(f"#{row}").wait_for(timeout=SECONDS)
    loads = eva.loads
    nora.page.locator(f"#{row}").wait_for(timeout=SECONDS)
    nora.page.locator(f"#{row} button").click()
    eva.page.locator(f"#{row} .c-own").get_by_text("N. Bell RN").wait_for(timeout=SECONDS)
    assert not eva.page.locator(f"#{row}").get_by_role("button", name="Own").is_visible()
    assert eva.loads == loads


def test_both_press_own_and_the_later_is_told_who_was_first(system, arrives, two):
    nora, eva = two
    row = arrives("urgent")
    for one in two:
        one.page.locator(f"#{row} button").wait_for(timeout=SECONDS)
    eva.page.route("**/worklist/pulse*", lambda route: route.abort())  # her screen has not heard of it yet
    nora.page.locator(f"#{row} button").click()
    system.wait_until(
        lambda: system.one(
            "SELECT owner_id FROM notices_notice WHERE case_code = %s", row.removeprefix("case-")
        ),
        "N. Bell owns",
    )
    eva.page.locator(f"#{row} button").click()
    eva.page.locator(f"#{row} .refused").get_by_text("N. Bell RN owns this.").wait_for(timeout=SECONDS)
    eva.page.unroute("**/worklist/pulse*")
    eva.faults.clear()  # the requests that were cut off


def test_a_row_never_moves_under_the_pointer(arrives, two):
    nora, _ = two
    page = nora.page
    row = arrives("expedited")
    page.locator(f"#{row}").wait_for(timeout=SECONDS)
    page.locator(f"#{row}").hover()
    before, box = order(page), page.locator(f"#{row}").bounding_box()
    emergent = arrives("emergent")
    bar = page.locator(".waiting")
    bar.wait_for(state="visible", timeout=SECONDS)
    assert "1 new" in bar.inner_text()
    assert order(page) == before
    moved = page.locator(f"#{row}").bounding_box()["y"] - box["y"]
    assert moved == 0, f"the row under the pointer moved by {moved} px when the bar came"
    page.locator(f"#{row}").focus()
    page.keyboard.press(".")
    page.locator(f"#{emergent}").wait_for(timeout=SECONDS)
    assert order(page)[0] == emergent
    assert not bar.is_visible()


def test_the_list_waits_no_longer_than_the_hand(arrives, two):
    page = two[0].page
    page.locator("[data-row]").first.hover()
    emergent = arrives("emergent")
    page.locator(".waiting").wait_for(state="visible", timeout=SECONDS)
    assert emergent not in order(page)
    page.mouse.move(5, 5)
    page.locator(f"#{emergent}").wait_for(timeout=SECONDS)


def test_a_page_left_open_when_the_server_goes_says_so_and_recovers(system, two):
    page = two[0].page
    system.kill("web", signal.SIGTERM)
    page.locator("#worklist-trouble").wait_for(state="visible", timeout=10_000)
    system.launch("web")
    system.wait_until(system.answers, "the pages answer again", 30)
    page.locator("#worklist-trouble").wait_for(state="hidden", timeout=10_000)
    for one in two:
        one.faults.clear()  # requests that met nobody
