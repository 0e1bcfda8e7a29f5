"""The worklist in a real browser: rows arrive, nothing moves under a hand, and `a` owns."""

import pytest
from sample_reports import at

from soar2.exchange.models import InboundMessage
from soar2.pathway.notices import actions
from soar2.pathway.notices.models import Notice

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def open_list(signed_in, live_server, chromium, settings):
    """Open the worklist as somebody; every script error fails the test."""
    contexts, faults = [], []

    def opened(key="bell", path="/", **options):
        cookie = signed_in(key).cookies[settings.SESSION_COOKIE_NAME].value
        context = chromium.new_context(viewport={"width": 1440, "height": 900}, **options)
        contexts.append(context)
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
        page = context.new_page()
        page.on(
            "console",
            lambda said: (
                faults.append(said.text) if said.type == "error" and "409" not in said.text else None
            ),
        )
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.goto(live_server.url + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


def cases(page):
    return [row.get_attribute("id").removeprefix("case-") for row in page.locator("[data-row]").all()]


def test_a_row_arrives_without_a_reload_and_is_announced(filed, open_list):
    first = filed("expedited", mrn="1")
    page = open_list()
    assert cases(page) == [first.case_code]
    second = filed("urgent", mrn="2", name="Rosa Quill")
    page.locator(f"#case-{second.case_code}").wait_for(timeout=2500)
    assert cases(page) == [second.case_code, first.case_code]
    assert page.locator("#worklist-said").inner_text() == "1 new: urgent, T8 epidural 1c"
    assert page.locator(f"#case-{first.case_code}").get_attribute("aria-selected") == "true", (
        "the selection stays"
    )


def test_an_empty_list_fills_by_itself(filed, people, standing_clock, open_list):
    page = open_list()
    assert page.get_by_text("Nothing waiting.").is_visible()
    notice = filed("emergent")
    page.locator(f"#case-{notice.case_code}").wait_for(timeout=2500)


def test_rows_do_not_move_under_a_key_that_is_in_use(filed, open_list):
    first = filed("expedited", mrn="1")
    page = open_list()
    page.locator(f"#case-{first.case_code}").focus()
    page.keyboard.press("j")
    second = filed("emergent", mrn="2")
    bar = page.locator(".waiting")
    bar.wait_for(state="visible", timeout=2500)
    assert bar.inner_text().split("\n")[0].startswith("1 new")
    assert cases(page) == [first.case_code]
    page.keyboard.press(".")
    assert cases(page) == [second.case_code, first.case_code]
    assert page.evaluate("document.activeElement.id") == f"case-{first.case_code}", (
        "the focus stays on its row"
    )
    assert not page.locator(".waiting").is_visible()


def test_rows_do_not_move_under_a_pointer_and_do_when_it_leaves(filed, open_list):
    first = filed("expedited", mrn="1")
    page = open_list()
    page.locator(f"#case-{first.case_code}").hover()
    second = filed("emergent", mrn="2")
    page.locator(".waiting").wait_for(state="visible", timeout=2500)
    assert cases(page) == [first.case_code]
    page.mouse.move(1400, 880)
    page.locator(f"#case-{second.case_code}").wait_for(timeout=2500)


def test_a_row_at_the_end_arrives_even_while_the_list_is_in_use(filed, open_list):
    first = filed("emergent", mrn="1")
    page = open_list()
    page.locator(f"#case-{first.case_code}").hover()
    last = filed("expedited", mrn="2")
    page.locator(f"#case-{last.case_code}").wait_for(timeout=2500)


def test_a_key_owns_and_the_row_says_so_in_place(filed, open_list, people):
    first = filed("urgent", mrn="1")
    page = open_list()
    page.locator(f"#case-{first.case_code}").focus()
    page.keyboard.press("a")
    page.get_by_text("Record what you did").first.wait_for(timeout=2500)
    notice = Notice.objects.get(id=first.id)
    assert (notice.owner, notice.owned_at) == (people["bell"], at("10 14:05"))
    assert not notice.steps.filter(state="waiting", due_at__lt=notice.action_due).exists(), (
        "the ladder has stopped"
    )
    assert "You own this now" in page.locator("#worklist-said").inner_text()


def test_a_refusal_stands_beside_the_button_that_asked(filed, open_list, people):
    """Somebody owned it between the last look at the list and the button."""
    first = filed("urgent", mrn="1")
    page = open_list()
    page.evaluate(
        "document.querySelector('#worklist').dataset.pulse = '/health/'"
    )  # an old list stays as it is
    actions.mine(first.id, person=people["okafor"], now=at("10 14:05"))
    page.locator(f"#case-{first.case_code} button").click()
    sentence = page.locator(f"#case-{first.case_code} .refused")
    sentence.wait_for(timeout=2500)
    assert "Dr Okafor owns this" in sentence.inner_text()
    page.wait_for_timeout(1500)
    assert sentence.is_visible(), "the next pulse does not wipe it away"


def test_what_another_does_is_seen_in_place(filed, open_list, people):
    first = filed("emergent", mrn="1")
    page = open_list()
    page.locator(f"#case-{first.case_code}").hover()
    actions.mine(first.id, person=people["okafor"], now=at("10 14:05"))
    page.locator(f"#case-{first.case_code}").get_by_text("Dr Okafor").wait_for(timeout=2500)


def test_the_pane_follows_the_selection(filed, open_list):
    filed("emergent", mrn="1", name="Ada Finch")
    filed("urgent", mrn="2", name="Rosa Quill")
    page = open_list()
    page.locator("#worklist-pane").get_by_text("Ada Finch").wait_for(timeout=2500)
    page.locator("[data-row]").first.focus()
    page.keyboard.press("j")
    page.locator("#worklist-pane").get_by_text("Rosa Quill").wait_for(timeout=2500)
    page.keyboard.press("Enter")
    page.wait_for_url("**/patients/**")


def test_a_list_that_cannot_be_updated_says_so(filed, open_list):
    filed("urgent", mrn="1")
    page = open_list()
    page.context.clear_cookies()
    page.locator("#worklist-trouble").wait_for(state="visible", timeout=4000)
    assert "signed out" in page.locator("#worklist-trouble").inner_text()


def test_an_open_page_says_when_the_feed_falls_silent(people, standing_clock, open_list):
    InboundMessage.objects.create(
        received_at=at("10 14:04"),
        feed="Radiology results",
        raw=b"",
        body_hash="h",
        answer_code="AA",
        answer=b"",
        state="applied",
    )
    page = open_list()
    assert "Feeds well, last report 1 min ago" in page.locator(".empty").inner_text()
    standing_clock(at("10 15:30"))
    page.locator(".empty").get_by_text("silent 1 h 26 min").wait_for(timeout=2500)
    assert "silent 1 h 26 min" in page.locator("#feed-state").inner_text()


def test_it_works_without_scripts(filed, open_list, people):
    first = filed("urgent", mrn="1")
    page = open_list(java_script_enabled=False)
    page.locator(f"#case-{first.case_code} button").click()
    assert page.get_by_text("You own this now.").is_visible()
    assert Notice.objects.get(id=first.id).owner == people["bell"]
