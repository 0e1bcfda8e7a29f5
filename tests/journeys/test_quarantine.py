"""From a held message to the field, to a mapping with its tests, to the report on file and its one notice."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from desk import SIZES
from sample_reports import macro, oru

pytestmark = pytest.mark.browser
WORD = "FINALISED"  # what this sender writes for F
NARROW = {"desk": (1000, 640), "phone": (320,)}


def late(lane, n, **more):
    return oru(macro(lane), n=n, status=WORD, name=f"TERN{n}^AMOS", **more)


def examine(one):
    """axe finds nothing, light or dark, and nothing hangs over the side, however narrow."""
    for theme in ("dark", "light"):
        one.page.emulate_media(color_scheme=theme)
        found = Axe().run(one.page)
        assert found.violations_count == 0, f"{one.page.url} {theme}: {found.generate_report()}"
    before = one.page.viewport_size
    for width in NARROW["desk" if before["width"] > 500 else "phone"]:
        one.page.set_viewport_size({"width": width, "height": 900})
        assert one.sideways() == 0, (one.page.url, width)
    one.page.set_viewport_size(before)


def held(system):
    return system.one(
        "SELECT count(*) FROM exchange_inboundmessage WHERE state = 'quarantined' AND settled_at IS NULL"
    )


def test_a_held_message_is_mended_and_read_again(system, desk):
    answers = system.send(late("urgent", 1), late("expedited", 2), late("routine", 3))
    assert len(answers) == 3
    system.wait_until(lambda: held(system) == 3, "all three are held")
    notices = "SELECT count(*) FROM notices_notice"
    assert system.one(notices) == 0

    # One line for the cause; it opens, and so does the message, with its field marked.
    rita = desk()
    page = rita.be("R. Osei", "/feeds/")
    assert page.locator("details.cause").count() == 1
    assert "3 held" in page.locator("details.cause summary").inner_text()
    page.locator("details.cause summary").press("Enter")
    page.locator("details.cause").get_by_role("link", name="Message").first.click()
    page.get_by_text("As it came").wait_for()
    assert page.locator("mark").all_inner_texts() == [WORD]
    assert "Please send the result status" in page.locator("main").inner_text()
    page.get_by_role("button", name="I look after this").click()
    page.get_by_text("You look after this message now.").wait_for()

    # The mapping page has the three of them; two more are pasted, one of another part of the body.
    page.get_by_role("link", name="Mend by mapping").click()
    page.get_by_role("heading", name="0 of 3 understood").wait_for()
    pasted = late("expedited", 4) + oru(macro("urgent"), n=5, procedure="71250^CT CHEST^CPT")
    page.get_by_label("Paste messages").fill(pasted.decode().replace("\r", "\n"))
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("heading", name="1 of 5 understood").wait_for()
    page.get_by_role("button", name=f"Use: {WORD} means final (F)").click()
    page.get_by_role("heading", name="5 of 5 understood; 4 inside, 1 outside").wait_for()
    assert page.get_by_label("Words for a status").input_value() == f"{WORD} = F"
    page.get_by_label("Why this change").fill("This sender writes a word for F")
    page.get_by_role("button", name="Save version 1 with 5 samples").click()
    page.get_by_text("Version 1 is saved and in force.").wait_for()
    page.get_by_text("Look over the text of the samples").wait_for()
    examine(rita)

    # The file is there with its tests, names nobody, and passes.
    folder = system.home / "mappings" / "Radiology results"
    assert f'"{WORD}" = "F"' in (folder / "mapping.toml").read_text().replace(
        f'{WORD} = "F"', f'"{WORD}" = "F"'
    )
    samples = sorted((folder / "samples").glob("*.hl7"))
    assert len(samples) == 5
    assert not any(b"TERN" in path.read_bytes() or b"T00000" in path.read_bytes() for path in samples)
    tested = system.command("mapping", "test")
    assert tested.stdout == "Radiology results v1: 5 samples read as expected.\n"

    # Read again: the notices open, once; the quarantine is empty.
    page.get_by_role("button", name="Read them all again").click()
    page.get_by_role("heading", name="3 read.").wait_for()
    examine(rita)
    assert held(system) == 0
    assert system.one(notices) == 3
    page.get_by_role("link", name="All feeds").click()
    page.get_by_text("Nothing held since").wait_for()
    assert system.command("replay").stdout == "Nothing is held.\n"
    system.wait_until(
        lambda: system.one("SELECT count(*) FROM record_outboxmessage WHERE state = 'queued'") == 0,
        "all is sent",
    )
    assert len(set(system.mail.notices())) == len(system.mail.notices())
    nora = desk()
    nora.be("N. Bell RN")
    nora.page.get_by_text("Tern1").or_(nora.page.get_by_text("TERN1")).first.wait_for()

    # The next of its kind is read by the worker at once, without a restart.
    system.send(late("expedited", 6))
    system.wait_until(lambda: system.one(notices) == 4, "the next message is read with the mapping")
    assert held(system) == 0


@pytest.mark.parametrize("size", SIZES)
def test_the_pages_of_the_desk_without_script(system, desk, size):
    """Everything works with no JavaScript; on a phone as on a desk."""
    system.query(
        "UPDATE exchange_inboundmessage SET settled_at = now() WHERE state = 'quarantined' RETURNING id"
    )
    system.send(oru(macro("expedited"), n=21 + (size == "phone"), mrn=""))
    system.wait_until(lambda: held(system) > 0, "one is held")
    one = desk(size, java_script_enabled=False)
    page = one.page
    page.goto("/feeds/")
    page.get_by_role("button", name="Be R. Osei,").click()
    page.goto("/feeds/")
    page.get_by_role("link", name="Open the oldest held message").click()
    page.get_by_role("link", name="Show its").click()
    page.get_by_text("4d 53 48 7c").first.wait_for()
    page.get_by_role("link", name="Back to the message").click()
    page.get_by_role("button", name="Read it again").click()
    page.get_by_role("heading", name="1 still held.").wait_for()
    page.goto("/feeds/mapping/new/")
    page.get_by_label("Name of the feed").fill("East imaging")
    page.get_by_label("Paste messages").fill(oru(macro("urgent"), n=30, application="EAST").decode())
    page.get_by_role("button", name="Check").click()
    page.get_by_role("heading", name="of 1 understood").wait_for()
    page.goto("/feeds/")
    page.locator("details.cause summary").first.click()
    page.locator("details.cause[open]").get_by_label("Settled, because").fill("Mended at the source.")
    page.locator("details.cause[open]").get_by_role("button", name="Settle").click()
    page.get_by_text("Nothing held since").wait_for()
    assert held(system) == 0
