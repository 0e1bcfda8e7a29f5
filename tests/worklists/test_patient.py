"""The patient's page and a report's page."""

from datetime import timedelta

from sample_reports import at, macro

from soar2.pathway.notices import actions
from soar2.pathway.reports.models import Report
from soar2.record.models import ChartAccess, LedgerEntry, Patient

LEVEL = "Level T8 | ESCC {} | Cord signal normal | Lesion {} | Alignment normal | Collapse none | Posterolateral none | Status new"
FREE = "MRI lumbar spine. Compression at L1 in known myeloma."


def patient_page(client, given="Ada"):
    answer = client.get(f"/patients/{Patient.objects.get(given=given).id}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_first_report_says_that_no_history_is_loaded(filed, signed_in):
    filed("urgent")
    text = patient_page(signed_in())
    assert "First report; no history loaded." in text
    assert "Mine: I am responsible now" in text
    assert "line 9: cord touched, or may be" in text


def test_the_prior_is_drawn_beside_the_current_with_the_change(filed, signed_in):
    filed(LEVEL.format("1b", "lytic"), exam="9 12:00", when="9 13:00")
    filed(LEVEL.format("1c", "lytic"), exam="10 12:00")
    text = patient_page(signed_in())
    assert "1b → 1c" in text
    assert "Up: T8 1b to 1c in 1 day" in text
    assert "Exam by exam" in text


def test_what_is_not_stated_is_shown_as_such_and_the_score_as_an_interval(filed, signed_in):
    filed(LEVEL.format("1c", "not stated"))
    text = patient_page(signed_in())
    report = Report.objects.get()
    assert report.score_min < report.score_max
    assert f"{report.score_min} to {report.score_max}" in text
    assert '<span class="unknown">not stated</span>' in text
    assert "demonstration, unsigned" in text
    assert "pain not known to MRI" in text
    assert "not yet signed against the papers" in text


def test_the_score_bar_spans_every_pain(filed, signed_in):
    filed(LEVEL.format("1c", "lytic"))
    low, high = Report.objects.get().reading["levels"][0]["sins_imaging"]
    assert f'aria-label="SINS {low} to {high + 3} of 18' in patient_page(signed_in())


def test_an_unusual_spine_says_how_it_was_counted(filed, signed_in):
    usual = macro("urgent")
    filed(text=usual.replace("12 rib-bearing, 5 lumbar", "13 rib-bearing, 4 lumbar"))
    assert "Numbering is not the usual one:" in patient_page(signed_in())


def test_the_usual_spine_says_nothing_of_it(filed, signed_in):
    filed("urgent")
    assert "Numbering is not the usual one" not in patient_page(signed_in())


def test_the_timeline_tells_the_whole_story_newest_first(filed, signed_in, people):
    notice = filed("emergent", when="10 13:00")
    actions.mine(notice.id, person=people["okafor"], now=at("10 13:04"))
    task = notice.steps.filter(state="hand").first()
    actions.step_done(task.id, person=people["bell"], now=at("10 13:05"), note="reached Dr Okafor")
    actions.acted(notice.id, person=people["okafor"], now=at("10 13:20"), action="seen", detail="in the ward")
    text = patient_page(signed_in())
    log = text[text.index('id="log"') :]
    told = [
        "seen: in the ward",
        "reached Dr Okafor",
        ">Owned<",
        ">Notice opened<",
        ">Report final<",
        ">Exam<",
    ]
    places = [log.index(words) for words in told]
    assert places == sorted(places)


def test_a_report_opens_its_text_with_the_words_of_each_finding_marked(filed, signed_in):
    filed("urgent")
    text = patient_page(signed_in())
    assert '<mark title="T8 epidural grade">ESCC 1c</mark>' in text
    assert '<mark title="T8 collapse">Collapse &gt;50%</mark>' in text


def test_an_earlier_version_is_kept_and_said_to_be_replaced(filed, signed_in):
    filed("expedited", accession="A1", when="10 13:00")
    filed("urgent", accession="A1", when="10 13:30", status="C")
    text = patient_page(signed_in())
    assert "Report final, replaced" in text
    assert "Report corrected" in text
    assert "Exam by exam" not in text, "two versions of one exam are one exam"


def test_a_report_to_be_read_is_the_next_thing(filed, signed_in):
    filed(text=FREE, name="Nora Pike")
    text = patient_page(signed_in(), "Nora")
    assert "No scored report yet." in text
    assert "Read the report" in text


def test_opening_a_patient_is_recorded_and_nothing_else(filed, signed_in, people):
    filed("urgent")
    facts = LedgerEntry.objects.count()
    patient_page(signed_in("okafor"))
    patient_page(signed_in("bell"))
    assert [(seen.person.key, seen.page) for seen in ChartAccess.objects.order_by("id")] == [
        ("okafor", "patient"),
        ("bell", "patient"),
    ]
    assert LedgerEntry.objects.count() == facts
    assert "Dr Okafor" in patient_page(signed_in("bell"))


def test_an_account_without_a_person_sees_nothing_and_its_attempt_is_recorded_by_its_name(filed, signed_in):
    notice = filed("urgent", name="Ada Finch")
    answer = signed_in("somebody").get(f"/patients/{notice.patient_id}/")
    assert (answer.status_code, b"Finch" in answer.content) == (403, False)
    (seen,) = ChartAccess.objects.all()
    assert (seen.person, seen.username, seen.kind) == (None, "somebody", "refused")


def test_the_page_costs_the_same_for_a_short_and_a_long_story(
    filed, signed_in, people, django_assert_max_num_queries
):
    for n in range(6):
        notice = filed(
            "urgent",
            exam=at("10 12:40") - timedelta(days=30 * n),
            when=at("10 14:00") - timedelta(days=30 * n),
        )
        actions.mine(notice.id, person=people["bell"], now=notice.opened_at)
    client = signed_in()
    with django_assert_max_num_queries(30):
        patient_page(client)


def test_no_such_patient(people, signed_in):
    assert signed_in().get("/patients/00000000-0000-0000-0000-000000000000/").status_code == 404


def test_reading_a_report_takes_it_off_the_list(filed, signed_in, people):
    filed(text=FREE, name="Nora Pike")
    report, client = Report.objects.get(), signed_in()
    answer = client.post(
        f"/reports/{report.id}/read",
        {"outcome": "Asked the radiologist to add the macro", "words": "Dr Hale"},
    )
    assert answer.status_code == 302
    report.refresh_from_db()
    assert (report.read_by, report.read_outcome) == (
        people["bell"],
        "Asked the radiologist to add the macro: Dr Hale",
    )
    assert "Please read 0" not in client.get("/").content.decode()
    assert "Nora Pike" not in client.get("/").content.decode()


def test_reading_without_saying_what_came_of_it_is_refused_beside_the_button(filed, signed_in):
    filed(text=FREE, name="Nora Pike")
    answer = signed_in().post(f"/reports/{Report.objects.get().id}/read", {})
    assert answer.status_code == 409
    assert "Say in a few words what you found or did." in answer.content.decode()
    assert Report.objects.get().read_at is None


def test_opening_a_report_is_recorded(filed, signed_in):
    filed(text=FREE)
    assert signed_in().get(f"/reports/{Report.objects.get().id}/").status_code == 200
    assert ChartAccess.objects.get().page == "report"
