"""An emergency on a Friday night, answered with a thumb: mine, not me, already known, acted."""

import re
from itertools import count
from urllib.parse import urlsplit

import pytest
from sample_reports import at, macro, oru

pytestmark = pytest.mark.browser
STARTS = at("13 22:40")
STATE = (
    "notices_notice",
    "notices_reply",
    "notices_step",
    "record_outboxmessage",
    "reports_report",
    "record_ledgerentry",
)
numbers = count(1)


@pytest.fixture
def emergency(system):
    """Send one emergent report; returns the case code once the on-call's mail is there."""
    n = next(numbers)
    before = len(system.mail.mails)
    name = f"MARSH{n}^LENA"
    system.send(
        oru(macro("emergent"), n=n, name=name, exam="20260313213000-0400", reported="20260313223900-0400")
    )
    system.wait_until(lambda: len(system.mail.mails) > before, "the on-call is written to")
    return system.one(
        "SELECT n.case_code FROM notices_notice n JOIN record_patient p ON p.id = n.patient_id WHERE p.family = %s",
        f"MARSH{n}",
    )


def notice(system, code, *columns):
    row = system.query("SELECT * FROM notices_notice WHERE case_code = %s", code)
    names = [r[0] for r in system.query(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'notices_notice' ORDER BY ordinal_position"
    )]  # fmt: skip
    found = dict(zip(names, row[0], strict=True))
    return tuple(found[column] for column in columns)


def person(system, key):
    return system.one("SELECT id FROM record_person WHERE key = %s", key)


def still_to_fire(system, code):
    return system.one(
        "SELECT count(*) FROM notices_step s JOIN notices_notice n ON n.id = s.notice_id"
        " WHERE n.case_code = %s AND s.state = 'waiting'",
        code,
    )


def mails_of(system, code):
    return [mail for mail in system.mail.mails if mail["Subject"].endswith(f"case {code}")]


def link_in(mail):
    """The path of the link, as a telephone would open it."""
    (link,) = re.findall(r"http://\S+", mail.get_payload(decode=True).decode())
    return urlsplit(link).path


def test_the_on_call_owns_from_the_link_in_the_mail(system, desk, emergency):
    (mail,) = mails_of(system, emergency)
    assert mail["To"] == "c.okafor@hospital.example"
    phone = desk("phone")
    page = phone.be("Dr Okafor", link_in(mail))
    assert page.locator("main h1").inner_text() == "T11 ESCC 3"
    mine = page.get_by_role("button", name="Mine: I am responsible now")
    box = mine.bounding_box()
    assert box["y"] + box["height"] <= 844, "the answer is under the thumb without scrolling"
    assert box["height"] >= 44
    mine.tap()
    page.get_by_text("You own this now. The ladder has stopped.").wait_for()
    owner, due = notice(system, emergency, "owner_id", "action_due")
    assert owner == person(system, "okafor")
    assert due is not None


def test_not_me_passes_it_on_to_a_role_at_once(system, desk, emergency):
    page = desk("phone").be("Dr Okafor", link_in(mails_of(system, emergency)[0]))
    page.locator("summary", has_text="Not me").tap()
    page.get_by_label("Pass on to").select_option(label="Radiation oncology on call")
    page.get_by_role("button", name="Not me").tap()
    page.get_by_text("It is with Radiation oncology on call").wait_for()
    system.wait_until(
        lambda: "i.varga@hospital.example" in [mail["To"] for mail in mails_of(system, emergency)],
        "the role passed on to is written to",
    )
    assert notice(system, emergency, "owner_id", "role_id") == (None, "radiation-oncology-on-call")
    assert still_to_fire(system, emergency), "the ladder goes on"


def test_already_known_leaves_it_without_an_owner(system, desk, emergency):
    page = desk("phone").be("Dr Okafor", link_in(mails_of(system, emergency)[0]))
    page.locator("summary", has_text="Already known").tap()
    page.get_by_label("Which plan").select_option(label="In treatment here")
    page.get_by_role("button", name="Already known, not mine").tap()
    page.get_by_text("Noted as known. The ladder goes on").wait_for()
    owner, known_by = notice(system, emergency, "owner_id", "acknowledged_by_id")
    assert (owner, known_by) == (None, person(system, "okafor"))
    assert still_to_fire(system, emergency)


def test_acted_closes_it_and_it_leaves_every_list(system, desk, emergency):
    watching = desk().be("Dr Lindqvist")
    watching.locator(f"#case-{emergency}").wait_for()
    page = desk("phone").be("Dr Okafor", link_in(mails_of(system, emergency)[0]))
    page.get_by_role("button", name="Mine: I am responsible now").tap()
    page.locator("summary", has_text="Record what you did").tap()
    page.get_by_label("Seen").check()
    page.get_by_label("In words").fill("Seen in the emergency department.")
    page.get_by_role("button", name="Record and close").tap()
    page.get_by_text("Recorded and closed.").wait_for()
    assert notice(system, emergency, "action", "close_reason") == ("seen", "acted")
    assert not still_to_fire(system, emergency)
    watching.locator(f"#case-{emergency}").wait_for(state="detached")


def test_no_action_needs_its_reason_and_keeps_what_was_chosen(system, desk, emergency):
    page = desk("phone").be("Dr Okafor", link_in(mails_of(system, emergency)[0]))
    page.get_by_role("button", name="Mine: I am responsible now").tap()
    page.locator("summary", has_text="Record what you did").tap()
    page.get_by_label("No action, because").check()
    page.get_by_role("button", name="Record and close").tap()
    page.get_by_text("Say why no action is needed.").wait_for()
    assert page.get_by_label("No action, because").is_checked()
    assert notice(system, emergency, "closed_at") == (None,)
    page.get_by_label("In words").fill("Comfort care was agreed yesterday.")
    page.get_by_role("button", name="Record and close").tap()
    page.get_by_text("Recorded and closed.").wait_for()
    assert page.url == system.url(f"/notices/{emergency}/"), (
        "the page after a corrected answer can be loaded again"
    )


def test_a_second_person_is_refused_in_a_sentence(system, desk, emergency):
    """Two thumbs in one second; and when the first passes it on, the second must press anew to own it."""
    link = link_in(mails_of(system, emergency)[0])
    late = desk("phone").be("Dr Lindqvist", link)
    late.route("**/pulse", lambda route: route.fulfill(status=204))  # her card has not heard of it yet
    first = desk("phone").be("Dr Okafor", link)
    first.get_by_role("button", name="Mine: I am responsible now").tap()
    first.get_by_text("You own this now.").wait_for()
    late.get_by_role("button", name="Mine: I am responsible now").tap()
    late.get_by_text("Dr Okafor owns this. Ask them, or have them answer Not me.").wait_for()
    assert notice(system, emergency, "owner_id") == (person(system, "okafor"),)
    late.unroute("**/pulse")
    first.locator("summary", has_text="Not me").tap()
    first.get_by_role("button", name="Not me").tap()
    first.get_by_text("Noted. It is with").wait_for()
    late.get_by_role("button", name="Mine: I am responsible now").wait_for()
    assert notice(system, emergency, "owner_id") == (None,)


def test_an_open_card_shows_who_was_first(desk, system, emergency):
    link = link_in(mails_of(system, emergency)[0])
    other = desk("phone").be("Dr Lindqvist", link)
    page = desk("phone").be("Dr Okafor", link)
    page.get_by_role("button", name="Mine: I am responsible now").tap()
    other.get_by_text("Dr Okafor owns this.").first.wait_for()
    assert not other.get_by_role("button", name="Mine").is_visible()


def test_an_answer_given_after_the_session_ended_is_asked_for_again(system, desk, emergency):
    """Signing in leads back by GET, which answers nothing; the card says so instead of showing an empty page."""
    one = desk("phone")
    page = one.be("Dr Okafor", link_in(mails_of(system, emergency)[0]))
    one.context.clear_cookies(name=f"soar2-{system.web_port}")
    page.get_by_role("button", name="Mine: I am responsible now").tap()
    page.get_by_role("button", name="Be Dr Okafor,").tap()
    page.get_by_text("Nothing was recorded. Please give your answer again.").wait_for()
    assert notice(system, emergency, "owner_id") == (None,)
    page.get_by_role("button", name="Mine: I am responsible now").tap()
    page.get_by_text("You own this now.").wait_for()
    one.faults = [fault for fault in one.faults if "status of 405" not in fault]


def test_opening_any_link_changes_nothing(system, desk, emergency):
    """Mail scanners open links. All that an opening leaves is the note of who looked."""
    one = desk()
    page = one.be("Dr Okafor", f"/notices/{emergency}/")
    one.clock("Pause")
    links = {"/", f"/notices/{emergency}/"}
    for place in (
        "/",
        f"/notices/{emergency}/",
        *page.eval_on_selector_all("dd a", "links => links.map(a => a.pathname)"),
    ):
        page.goto(place)
        links |= set(
            page.eval_on_selector_all("a[href^='/']", "links => links.map(a => a.pathname + a.search)")
        )
    posts = {f"/notices/{emergency}/{kind}" for kind in ("mine", "not-me", "already-known", "acted")}
    before = [system.rows(table) for table in STATE]
    for link in sorted(links):
        assert page.request.get(link).status == 200, link
    for link in sorted(posts):
        assert page.request.get(link).status == 405, link
    assert [system.rows(table) for table in STATE] == before
    assert len(links) > 5


def test_a_post_without_the_pages_own_token_is_refused(system, desk, emergency):
    page = desk().be("Dr Okafor", f"/notices/{emergency}/")
    assert page.request.post(f"/notices/{emergency}/mine").status == 403
    assert notice(system, emergency, "owner_id") == (None,)
