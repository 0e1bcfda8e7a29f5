"""The security officer's pages: search, trail, file; each look at them a row, no name in any address."""

import csv
import io
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from sample_reports import at

import soar2
from soar2.record import audit, ledger, seals
from soar2.record.models import AuditSeal, ChartAccess, Heartbeat, LedgerEntry, Patient
from soar2.worklists import trail

NOW = at("10 14:05")


@pytest.fixture
def finch(filed):
    return filed("emergent", mrn="M1", name="Ada Finch")


@pytest.fixture
def officer(signed_in):
    return signed_in("whitlock")


def search(officer, words):
    return officer.post("/audit/", {"words": words})


def text(answer):
    return answer.content.decode()


# searching


@pytest.mark.parametrize("words", ["M1", "finch", "Ada Fin", "  FINCH ada ", "{code}", "\0M1"])
def test_what_leads_to_one_patient_leads_to_the_trail(finch, officer, words):
    answer = search(officer, words.format(code=finch.case_code))
    assert answer.status_code == 302
    assert answer.url == f"/audit/patients/{finch.patient_id}/"


def test_several_are_listed_and_each_is_noted_as_found(finch, filed, officer):
    filed("routine", mrn="M2", name="Adam Finchley")
    page = text(search(officer, "finch"))
    assert "Patients, 2" in page
    for name in ("Ada Finch", "Adam Finchley", "M1", "M2"):
        assert name in page
    assert (
        list(ChartAccess.objects.values_list("kind", "page", "username"))
        == [("searched", "audit", "whitlock")] * 2
    )
    fact = LedgerEntry.objects.get(kind="audit.searched")
    assert (fact.data["words"], fact.data["found"], fact.person.key) == ("finch", 2, "whitlock")


def test_people_who_work_here_are_found_by_name(people, standing_clock, officer):
    page = text(search(officer, "bell"))
    assert f"/audit/people/{people['bell'].id}/" in page
    assert "No patient found." in page


def test_nothing_and_nobody(people, standing_clock, officer):
    assert "Type a record number" in text(search(officer, "  "))
    assert not LedgerEntry.objects.filter(kind="audit.searched").exists()
    assert "No patient found." in text(search(officer, "nobody at all"))
    assert LedgerEntry.objects.get(kind="audit.searched").data["found"] == 0


@pytest.mark.parametrize("words", ["%", "_", "' OR 1=1 --", "<script>", "\\", "x" * 5000, "\u202e"])
def test_words_that_are_no_name_are_words(finch, officer, words):
    answer = search(officer, words)
    assert answer.status_code == 200
    assert "Ada Finch" not in text(answer)
    assert "<script>x" not in text(answer)


def test_many_of_one_name_are_cut_and_said(people, standing_clock, officer):
    for n in range(trail.FOUND + 1):
        Patient.objects.create(family="Finch", given=f"N{n:02d}", created_at=NOW)
    page = text(search(officer, "finch"))
    assert f"Patients, {trail.FOUND}" in page
    assert "the first of more; add a word" in page


# the trail


def test_the_trail_tells_looks_and_changes_newest_first_and_this_look_too(
    finch, officer, signed_in, standing_clock
):
    bell = signed_in("bell")
    bell.get(f"/patients/{finch.patient_id}/")
    standing_clock(NOW + timedelta(minutes=5))
    bell.post(f"/notices/{finch.case_code}/mine")
    standing_clock(NOW + timedelta(minutes=9))
    page = text(officer.get(f"/audit/patients/{finch.patient_id}/"))
    order = [
        page.index(words)
        for words in (
            "Opened this audit trail",
            "Owned the notice",
            "Opened the patient&#x27;s page",
            "Report scored",
        )
    ]
    assert order == sorted(order)
    assert "10 Mar 2026 14:14:00" in page
    assert "SOaR2, reader" in page


def test_a_range_of_days_and_one_kind_of_rows(finch, officer, signed_in):
    signed_in("bell").get(f"/patients/{finch.patient_id}/")
    address = f"/audit/patients/{finch.patient_id}/"
    looks = text(officer.get(address, {"what": "looks"}))
    assert "Opened the patient&#x27;s page" in looks
    assert "Report scored" not in looks
    changes = text(officer.get(address, {"what": "changes", "since": "2026-03-10", "until": "2026-03-10"}))
    assert "Report scored" in changes
    assert "Opened the" not in changes
    assert "Nothing in this range." in text(officer.get(address, {"until": "2026-03-09"}))
    assert "Write days as 2026-03-10" in text(officer.get(address, {"since": "yesterday"}))


@pytest.mark.parametrize("before", ["", "x", "nan", "inf", "-1e400", "1e30", "\0"])
def test_a_page_address_that_somebody_changed_breaks_nothing(finch, officer, before):
    answer = officer.get(f"/audit/patients/{finch.patient_id}/", {"before": before})
    assert answer.status_code == 200


def test_pages_follow_each_other_without_a_row_lost_or_doubled(finch, people, monkeypatch):
    """Rows of one moment, as a list of many patients makes them, stay together."""
    monkeypatch.setattr(trail, "PAGE", 5)
    patient = Patient.objects.get()
    for n in range(30):
        moment = NOW + timedelta(minutes=n // 7)
        if n % 3:
            audit.opened(patient, person=people["bell"], username=f"u{n}", page="patient", at=moment)
        else:
            ledger.record("patient.test", at=moment, patient=patient, actor=f"u{n}", person=people["bell"])
    wanted = sorted(row.account for row in trail.everything(trail.Asked(patient=patient)))
    asked, seen, pages = trail.Asked(patient=patient), [], 0
    while True:
        rows, older = trail.page(asked)
        seen += rows
        pages += 1
        if older is None:
            break
        asked = trail.Asked(patient=patient, until=older)
    assert pages > 2
    assert sorted(row.account for row in seen) == wanted
    assert [row.at for row in seen] == sorted((row.at for row in seen), reverse=True)


def test_an_older_page_is_a_link_that_works(finch, officer, people, monkeypatch):
    monkeypatch.setattr(trail, "PAGE", 3)
    patient = Patient.objects.get()
    for n in range(9):
        audit.opened(
            patient,
            person=None,
            username=f"number-{n}",
            page="patient",
            at=NOW - timedelta(days=1, minutes=n),
        )
    address, seen = f"/audit/patients/{patient.id}/", set()
    while True:
        page = text(officer.get(address))
        seen |= set(re.findall(r"number-\d", page))
        found = re.search(r'href="([^"]*before=[^"]*)">Older', page)
        if found is None:
            break
        address = found[1].replace("&amp;", "&")
    assert seen == {f"number-{n}" for n in range(9)}


def test_one_person_has_a_trail_whose_patients_are_noted(finch, officer, signed_in, people):
    signed_in("bell").get(f"/patients/{finch.patient_id}/")
    before = ChartAccess.objects.count()
    page = text(officer.get(f"/audit/people/{people['bell'].id}/"))
    assert "Opened the patient&#x27;s page" in page
    assert "Ada Finch" in page
    row = ChartAccess.objects.order_by("-id")[0]
    assert ChartAccess.objects.count() == before + 1
    assert (row.kind, row.page, row.username) == ("listed", "audit", "whitlock")
    assert LedgerEntry.objects.get(kind="audit.person-opened").subject == "bell"


def test_what_is_not_there_is_404(people, standing_clock, officer):
    for address in ("patients/00000000-0000-4000-8000-000000000000/", "people/999999/"):
        assert officer.get(f"/audit/{address}").status_code == 404
        assert officer.get(f"/audit/{address}csv").status_code == 404


def test_no_address_holds_a_name(finch, officer):
    page = text(officer.get(f"/audit/patients/{finch.patient_id}/"))
    for address in re.findall(r'(?:href|action)="([^"]*)"', page):
        assert not re.search("finch|ada|M1", address, re.IGNORECASE), address


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390, 320])
def test_what_was_found_and_what_is_broken_fit_and_can_be_read(
    finch, filed, officer, live_server, chromium, settings, width, theme
):
    from axe_playwright_python.sync_playwright import Axe

    filed("routine", mrn="M2-WITH-A-VERY-LONG-NUMBER-0000001", name="Adam Finchley-Throckmorton")
    said = "The audit is not as it was written. record_ledgerentry, rows 1 to 9"
    ledger.record(seals.BROKEN, at=NOW, subject="audit.tampered.7", actor="watcher", words=said)
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
    cookie = officer.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": live_server.url}])
    page = context.new_page()
    page.goto(live_server.url + "/audit/")
    page.get_by_label("Record number").fill("finch")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Adam Finchley-Throckmorton").wait_for()
    assert page.url == live_server.url + "/audit/"
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.get_by_role("link", name="Ada Finch").click()
    page.get_by_role("heading", name="Who opened or changed this chart").wait_for()
    date, kind = (
        page.get_by_label("To", exact=True).bounding_box(),
        page.locator("section.pane").first.bounding_box(),
    )
    assert date["x"] + date["width"] <= kind["x"] + kind["width"]
    context.close()


# the file


def test_the_file_holds_every_row_and_no_formula(finch, officer, people):
    patient = Patient.objects.get()
    for n in range(trail.PAGE + 5):
        audit.opened(patient, person=None, username=f"user{n}", page="patient", at=NOW)
    Patient.objects.update(given="=cmd|' /C calc'!A0")
    answer = officer.get(f"/audit/patients/{patient.id}/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    head, *rows = list(csv.reader(io.StringIO(text(answer))))
    assert head[:4] == ["when", "who", "account", "what"]
    assert len(rows) >= trail.PAGE + 6
    assert "exported" in ChartAccess.objects.values_list("kind", flat=True)
    cells = [cell for row in rows for cell in row]
    assert any(cell.startswith("'=cmd") for cell in cells)
    assert not any(cell.startswith(("=", "+", "@", "-")) for cell in cells)


def test_a_persons_file_notes_every_patient_in_it(finch, filed, officer, people, signed_in):
    other = filed("routine", mrn="M2", name="Ben Tern")
    for notice in (finch, other):
        signed_in("bell").get(f"/patients/{notice.patient_id}/")
    officer.get(f"/audit/people/{people['bell'].id}/csv")
    noted = ChartAccess.objects.filter(username="whitlock", kind="listed").values_list("patient", flat=True)
    assert set(noted) == {finch.patient_id, other.patient_id}


# what the officer sees of the audit itself


def watched(seconds_ago=1):
    Heartbeat.objects.update_or_create(
        name="watcher",
        defaults={"kind": "watcher", "seen": timezone.now() - timedelta(seconds=seconds_ago)},
    )


def test_the_page_says_whether_the_rows_are_sealed_and_whether_anybody_looks(finch, officer):
    assert "Nobody looks: no watcher" in text(officer.get("/audit/"))
    watched()
    assert "Nothing sealed yet" in text(officer.get("/audit/"))
    seals.seal(timezone.now())
    page = text(officer.get("/audit/"))
    assert AuditSeal.objects.order_by("-id").first().digest[:16] in page
    assert "Sealed" in page
    watched(seconds_ago=60)
    assert "Nobody looks: no watcher" in text(officer.get("/audit/"))


def test_a_break_stands_above_all_until_it_is_whole(finch, officer):
    watched()
    said = "The audit is not as it was written. record_ledgerentry, rows 1 to 9"
    note = {"at": timezone.now(), "subject": "audit.tampered.7", "actor": "watcher", "words": said}
    ledger.record(seals.BROKEN, **note)
    page = text(officer.get("/audit/"))
    assert said in page
    assert "Changed, see above" in page
    ledger.record(seals.WHOLE, **note)
    assert said not in text(officer.get("/audit/"))


def test_who_was_refused_stands_on_the_page(finch, officer, signed_in):
    signed_in("osei").get(f"/patients/{finch.patient_id}/")
    page = text(officer.get("/audit/"))
    assert "R. Osei" in page
    assert "Was refused the patient&#x27;s page" in page


def test_every_kind_of_fact_has_words(settings):
    root = Path(soar2.__file__).parent
    written = set()
    for path in root.rglob("*.py"):
        written |= set(re.findall(r'record\(\s*"([a-z]+\.[a-z-]+)"', path.read_text()))
    assert len(written) > 20
    assert written - set(trail.DID) == set()
