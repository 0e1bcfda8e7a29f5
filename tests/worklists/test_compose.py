"""The composer: the scale follows the level, what was before is one key away, the filed report is the one shown."""

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sample_reports import at

from soar2.exchange.dispatch import apply_one
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice
from soar2.pathway.reports.actions import file_report
from soar2.pathway.reports.models import Report
from soar2.pathway.reports.types import IncomingReport
from soar2.record import clock
from soar2.record.models import ChartAccess, LedgerEntry, Patient
from soar2.record.patients import PatientIdentity
from soar2.worklists import compose

NONE_BEFORE = compose.Before(None, {}, "")
T8 = {"level": "t8", "epidural": "1c", "cord_signal": "n", "lesion": "l", "collapse": ">", "alignment": "n",
      "posterolateral": "b", "status": "p"}  # fmt: skip
EXAM = {
    "accession": "A-NEW",
    "exam": "30855-1",
    "ended": "2026-03-10T12:40",
    "status": "F",
    "others": "clear",
}


def form(*rows, **head):
    return {f"r{n}.{key}": text for n, row in enumerate(rows) for key, text in row.items()} | EXAM | head


def row(prior=NONE_BEFORE, conus="L1", **texts):
    return {cell.key: cell for cell in compose.form_row(0, texts, conus, prior).cells}


@pytest.fixture
def patient(people):
    """One patient whose last report, in December, has T8 1b."""
    clock.start(at("10 14:06"), running=False)
    words = (
        "SPINE ONCOLOGY MACRO\nNumbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.\n"
        "Level T8 | ESCC 1b | Cord signal normal | Lesion lytic | Alignment normal | Collapse <50% | "
        "Posterolateral unilateral | Status new\nOther levels: no epidural disease.\n"
    )
    identity = PatientIdentity(identifiers=(("DEMO", "SYN1", "MR"),), family="TERN", given="AMOS")
    file_report(
        IncomingReport(
            feed="Radiology results",
            accession="A-OLD",
            status="F",
            text=words,
            identity=identity,
            exam_end=at("02 12:40"),
            reported_at=at("02 14:05"),
        ),
        now=at("02 14:06"),
    )
    return Patient.objects.get()


@pytest.fixture
def hale(people):
    client = Client(headers={"host": "127.0.0.1:8000"})
    client.post("/demo/be/hale/")
    return client


# the cells


def test_above_the_conus_the_cord_scale_and_below_it_the_words():
    assert row(level="t8", epidural="1c")["epidural"].word == "escc.1c"
    assert row(level="l4", epidural="mo")["epidural"].word == "below_conus.moderate"
    assert row(level="l4")["epidural"].choices == "below_conus"
    assert row(level="t8")["epidural"].choices == "escc"


def test_a_cord_grade_cannot_be_given_below_the_conus_by_accident():
    cell = row(level="l4", epidural="1c")["epidural"]
    assert (cell.word, cell.text) == ("", "1c")
    assert cell.fault == "L4 lies below the conus, where there is no cord: none, mild, moderate, severe."


def test_a_low_conus_moves_the_scale():
    assert row(conus="L3", level="l2", epidural="1c")["epidural"].word == "escc.1c"


def test_below_the_conus_there_is_no_cord_signal_to_state():
    cell = row(level="l4", cord_signal="normal")["cord_signal"]
    assert cell.closed
    assert (cell.text, cell.word) == ("", "")


def test_a_row_with_the_usual_findings_alone_is_empty():
    assert compose.form_row(0, dict(compose.NORMALS), "L1", NONE_BEFORE).empty
    assert not compose.form_row(0, {"level": "t8"}, "L1", NONE_BEFORE).empty


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.sampled_from([key for key, _ in compose.COLUMNS]), st.text(max_size=20)),
    st.text(max_size=8),
)
def test_no_text_breaks_a_row(texts, conus):
    found = compose.form_row(0, texts, conus, NONE_BEFORE)
    assert len(found.cells) == len(compose.COLUMNS)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("MR Cervical and thoracic and lumbar spine", "30855-1"),
        ("MRI TOTAL SPINE W/O CONTRAST", "30854-4"),
        ("MRI total spine without contrast", "30854-4"),
        ("MRI thoracic spine without and with contrast", "24981-3"),
        ("MRI lumbar spine with contrast", "24967-2"),
        ("MRI thoracic and lumbar spine", ""),
        ("CT chest", ""),
        ("", ""),
    ],
)
def test_the_exam_is_taken_from_the_senders_words_where_they_tell(words, code):
    assert compose.exam_named(words) == code


def test_no_more_rows_than_a_spine_has():
    assert len(compose.rows_given({f"r{n}.level": "t8" for n in range(500)})) == compose.MOST_ROWS


# the page


def test_it_opens_with_the_levels_of_the_report_before(hale, patient):
    page = hale.get(f"/patients/{patient.pk}/compose/").content.decode()
    assert 'name="r0.level" value="T8"' in page
    assert 'name="r0.epidural" value=""' in page  # what it is today must be said
    assert ">1b<" in page
    assert LedgerEntry.objects.filter(kind="report.composed").count() == 0


def test_a_full_stop_takes_over_what_was_said_before(hale, patient):
    said = {
        "level": "t8",
        **dict.fromkeys(("epidural", "cord_signal", "lesion", "collapse", "posterolateral"), "."),
    }
    page = hale.post(f"/patients/{patient.pk}/compose/composed", form(said)).content.decode()
    assert (
        "Level T8 | ESCC 1b | Cord signal normal | Lesion lytic | Collapse &lt;50% | Posterolateral unilateral"
        in page
    )


def test_the_lane_and_whom_it_tells_are_shown_as_typed(hale, patient):
    page = hale.post(f"/patients/{patient.pk}/compose/composed", form(T8)).content.decode()
    assert "rule gives urgent" in page
    assert "N. Bell RN" in page
    assert "Confirm urgent and file" in page
    assert "was 1b" in page


def test_a_contradiction_stands_in_place_with_both_readings_and_holds_the_button(hale, patient):
    words = "At T8 the cord is compressed by tumour."
    page = hale.post(
        f"/patients/{patient.pk}/compose/composed", form(T8 | {"epidural": "1a"}, own_words=words)
    ).content.decode()
    assert "two statements exclude each other" in page
    assert "ESCC 1a" in page
    assert words in page
    assert "Confirm emergent and file" not in page


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"accession": ""}, "Give the accession number"),
        ({"ended": "yesterday"}, "Give when the exam ended"),
        ({"exam": "71045"}, "Choose the exam"),
        ({"conus": "low"}, "The conus needs a level"),
        ({"r0.epidural": ""}, "T8: Give ESCC"),
        ({"r0.epidural": "9"}, "T8: “9” could be"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_filed(hale, patient, changed, words):
    answer = hale.post(f"/patients/{patient.pk}/compose/", form(T8) | changed | {"file": "yes"})
    assert answer.status_code == 409
    assert words in answer.content.decode()
    assert not InboundMessage.objects.exists()


def test_filing_goes_through_the_inbox_and_ends_as_what_was_shown(hale, patient):
    answer = hale.post(f"/patients/{patient.pk}/compose/", form(T8) | {"file": "yes"})
    message = InboundMessage.objects.get()
    assert answer.headers["Location"] == f"/patients/{patient.pk}/composed/{message.pk}/"
    assert "Stored, being read" in hale.get(answer.headers["Location"]).content.decode()
    apply_one(message.pk, at("10 14:07"))
    message.refresh_from_db()
    assert (message.state, message.reason) == (InboundMessage.APPLIED, "")
    report = Report.objects.get(accession="A-NEW")
    assert (report.patient, report.lane, report.author) == (patient, "urgent", "Simon Hale")
    assert report.rise.startswith("T8 1b to 1c")
    after = hale.get(answer.headers["Location"]).content.decode()
    assert Notice.objects.get(lane="urgent").case_code in after
    assert "nobody yet" in after


def test_who_owned_it_is_seen_afterwards(hale, patient):
    hale.post(f"/patients/{patient.pk}/compose/", form(T8) | {"file": "yes"})
    message = InboundMessage.objects.get()
    apply_one(message.pk, at("10 14:07"))
    bell = Client(headers={"host": "127.0.0.1:8000"})
    bell.post("/demo/be/bell/")
    case = Notice.objects.get(lane="urgent").case_code
    bell.post(f"/notices/{case}/mine")
    for address in (f"/patients/{patient.pk}/composed/{message.pk}/", "/mine/"):
        assert "N. Bell RN" in hale.get(address).content.decode()


def test_each_look_is_written_down(hale, patient):
    ChartAccess.objects.all().delete()
    hale.get(f"/patients/{patient.pk}/compose/")
    hale.post(f"/patients/{patient.pk}/compose/composed", form(T8))
    assert sorted(ChartAccess.objects.values_list("kind", "page")) == [
        ("listed", "composer"),
        ("opened", "composer"),
    ]


def test_another_patients_report_is_not_shown_under_this_one(hale, patient):
    hale.post(f"/patients/{patient.pk}/compose/", form(T8) | {"file": "yes"})
    message = InboundMessage.objects.get()
    apply_one(message.pk, at("10 14:07"))
    other = Patient.objects.create(family="OTHER", given="ONE", created_at=at("10 14:00"))
    assert hale.get(f"/patients/{other.pk}/composed/{message.pk}/").status_code == 404
