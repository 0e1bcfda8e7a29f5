"""Every page of the running product under axe-core: large and small, light and dark, empty and full."""

import mailbox
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from desk import SIZES, Desk
from sample_reports import macro, oru

pytestmark = pytest.mark.browser
MESSAGES = Path(__file__).parent.parent / "messages"
NARROW = {"desk": (1000, 640), "phone": (320,)}
OLDER = "Level T8 | ESCC 1b | Cord signal normal | Lesion lytic | Alignment normal | Collapse <50% | Posterolateral none | Status new"
PAGES = {  # name: (who looks, what is expected on it)
    "worklist": ("N. Bell RN", "Needs you now"),
    "worklist, filtered to nothing": ("N. Bell RN", "None here."),
    "worklist, quiet": ("N. Bell RN", "Quiet"),
    "patient, prior beside current": ("N. Bell RN", "Spine"),
    "patient, free text only": ("N. Bell RN", "Spine"),
    "report with the macro": ("N. Bell RN", "As read"),
    "report in free text": ("N. Bell RN", "What came of it?"),
    "notice, open": ("N. Bell RN", "Who is told, and when"),
    "notice, own": ("N. Bell RN", "Record what you did"),
    "notice, closed": ("N. Bell RN", "Closed"),
    "notice, identity unresolved": ("N. Bell RN", "Identity unresolved"),
    "feeds": ("R. Osei", "Receipts"),
    "held message": ("R. Osei", "As it came"),
    "held message, its bytes": ("R. Osei", "Place, codes, characters"),
    "mapping, with samples": ("R. Osei", "As they are read with this draft"),
    "mapping, of a new sender": ("R. Osei", "Name of the feed"),
    "personas": ("N. Bell RN", "Who are you today?"),
    "telephone": ("N. Bell RN", "The simulated telephone"),
    "sign out": ("N. Bell RN", "Sign out?"),
    "not here": ("N. Bell RN", "There is no page at this address."),
}


@pytest.fixture(scope="module")
def screens(system):
    """One screen for each person and size, kept open for the whole module."""
    open_screens = {}

    def screen(who, size):
        if (who, size) not in open_screens:
            one = Desk(system, size)
            one.be(who, "/feeds/" if who == "R. Osei" else "/")  # the interface desk has no worklist
            open_screens[who, size] = one
        return open_screens[who, size]

    yield screen
    for one in open_screens.values():
        one.close()


def examine(one, words, *, dark=True):
    """axe finds nothing, light or dark, the browser complains of nothing, nothing hangs over the side."""
    one.page.get_by_text(words).first.wait_for(state="attached")
    for scheme in ("dark", "light") if dark else ("light",):  # light last: so it stays for what follows
        one.page.emulate_media(color_scheme=scheme)
        found = Axe().run(one.page)
        assert found.violations_count == 0, f"{scheme}: {found.generate_report()}"
    faults, one.faults = one.faults, []
    assert [fault for fault in faults if "status of 404" not in fault] == []
    assert one.sideways() == 0


def squeeze(one, *widths):
    """The page again at other widths: by how much it can then be moved to the side."""
    before, found = one.page.viewport_size, {}
    for width in widths:
        one.page.set_viewport_size({"width": width, "height": 900})
        found[width] = one.sideways()
    one.page.set_viewport_size(before)
    return found


def test_the_empty_pages(screens):
    for size in SIZES:
        one = screens("N. Bell RN", size)
        for path, words in (
            ("/", "Nothing waiting."),
            ("/demo/mail/", "Nothing has been sent yet."),
            ("/feeds/", "Nothing held."),
        ):
            one.page.goto(path)
            examine(one, words)


@pytest.fixture(scope="module")
def places(system, screens):
    """Reports of every kind, sent over MLLP, some of them answered; returns the address of each page."""
    files = [
        (MESSAGES / f"{name}.hl7").read_bytes()
        for name in ("rosa-quill", "free-text", "no-patient", "chest-ct")
    ]
    earlier = {"exam": "20251202110500-0500", "reported": "20251202132000-0500"}
    system.send(
        oru(macro(OLDER), n=90, mrn="00044471", name="Quill^Rosa", born="19631104", **earlier),
        *files,
        *(oru(macro(lane), n=n, name=f"TERN{n}^AMOS") for n, lane in enumerate(("emergent", "urgent", "expedited", "routine"), 1)),
        oru(macro("urgent"), n=50).replace(b"T000050^^^DEMO^MR", b""),
        b"MSH|^~\\&|RIS|DEMO|SOAR2|DEMO|20260310140501-0400||ORU^R01|X1|P|2.5.1\rPID|1||1^^^DEMO^MR||NOBODY^NO\r",
    )  # fmt: skip
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored'") == 0,
        "all is applied",
    )
    system.wait_until(lambda: len(system.mail.mails) >= 4, "the mails arrive")
    fill_the_telephone(system)
    code = {
        family: code
        for code, family in system.query(
            "SELECT n.case_code, p.family FROM notices_notice n JOIN record_patient p ON p.id = n.patient_id"
            " ORDER BY n.opened_at"
        )
    }
    own(screens, code["TERN2"])
    own(screens, code["TERN3"], then=act)
    patient = dict(system.query("SELECT family, id FROM record_patient"))
    report = dict(system.query("SELECT accession, id FROM reports_report"))
    unresolved = system.one("SELECT case_code FROM notices_notice WHERE identity_unresolved LIMIT 1")
    held = system.one(
        "SELECT id FROM exchange_inboundmessage WHERE state = 'quarantined' ORDER BY id DESC LIMIT 1"
    )
    return {
        "worklist": "/",
        "worklist, filtered to nothing": "/?show=overdue",
        "worklist, quiet": "/?show=quiet",
        "patient, prior beside current": f"/patients/{patient['Quill']}/",
        "patient, free text only": f"/patients/{patient['Mbeki-Strand']}/",
        "report with the macro": f"/reports/{report['A-20931']}/",
        "report in free text": f"/reports/{report['A-21004']}/",
        "notice, open": f"/notices/{code['TERN1']}/",
        "notice, own": f"/notices/{code['TERN2']}/",
        "notice, closed": f"/notices/{code['TERN3']}/",
        "notice, identity unresolved": f"/notices/{unresolved}/",
        "feeds": "/feeds/",
        "held message": f"/feeds/held/{held}/",
        "held message, its bytes": f"/feeds/held/{held}/bytes",
        "mapping, with samples": f"/feeds/Radiology%20results/mapping/?held={held}",
        "mapping, of a new sender": "/feeds/mapping/new/",
        "personas": "/demo/",
        "telephone": "/demo/mail/",
        "sign out": "/accounts/logout/",
        "not here": "/nowhere/",
    }


def own(screens, code, then=None):
    page = screens("N. Bell RN", "desk").page
    page.goto(f"/notices/{code}/")
    page.get_by_role("button", name="Mine").click()
    page.get_by_text("You own this now.").wait_for()
    if then:
        then(page)


def act(page):
    page.locator("summary", has_text="Record what you did").click()
    page.get_by_label("Booked").check()
    page.get_by_role("button", name="Record and close").click()
    page.get_by_text("Recorded and closed.").wait_for()


def fill_the_telephone(system):
    """The demonstration's mail server is not part of this system; its box gets what ours was sent."""
    box = mailbox.Maildir(system.home / "mail", create=True)
    for mail in system.mail.mails:
        mail["X-Demo-Arrived"], mail["X-Demo-For"] = "2026-03-10T18:06:00+00:00", mail["To"]
        box.add(mail)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", PAGES)
def test_a_page(places, screens, name, size):
    who, words = PAGES[name]
    one = screens(who, size)
    one.page.goto(places[name])
    examine(one, words)
    assert set(squeeze(one, *NARROW[size]).values()) == {0}


@pytest.mark.parametrize("size", SIZES)
def test_what_opens_on_a_page_is_accessible_too(places, screens, size):
    """The other answers, the record form, the keys, the clock's jumps: open, as a person has them."""
    one = screens("N. Bell RN", size)
    for name, inner in (
        ("notice, open", "summary:has-text('Not me')"),
        ("notice, open", "summary:has-text('Already known')"),
        ("notice, own", "summary:has-text('Record what you did')"),
        ("worklist", ".menu summary"),
        ("worklist", ".demo-more summary"),
    ):
        one.page.goto(places[name])
        one.page.locator(inner).first.click()
        examine(one, PAGES[name][1], dark=False)
    one.page.goto(places["worklist"])
    one.page.locator(".menu summary").click()
    one.page.locator(".menu [data-keys-help]").click()
    examine(one, "Keys")
