"""The invented story: fixed, synthetic, sensible, and read by the product as it was meant."""

import hashlib
import os
import subprocess
import sys
from collections import defaultdict
from datetime import timedelta

import pytest

from soar2.criteria.sins import SinsItems, imaging_sins
from soar2.demo import cast, present
from soar2.demo.answers import on_duty, programme
from soar2.demo.course import ORDER, points
from soar2.demo.events import AUTHORITY, START, Answer, Finding, Message, local
from soar2.demo.moments import MOMENTS, ahead
from soar2.demo.names import FAMILY, GIVEN_MEN, GIVEN_WOMEN
from soar2.demo.prose import MARK
from soar2.demo.story import story
from soar2.dictation.reading import read_report
from soar2.exchange.feeds import feeds_from, inside, select
from soar2.exchange.hl7v2.envelope import envelope_of
from soar2.exchange.hl7v2.message import parse
from soar2.exchange.hl7v2.results import read_results


def fingerprint():
    digest = hashlib.sha256()
    for event in (*story().history, *story().live):
        digest.update(repr((event.at, getattr(event, "raw", event))).encode())
    return digest.hexdigest()


@pytest.fixture(scope="module")
def feed():
    return feeds_from(list(programme().feed_tables))


def everything():
    return [*story().reports, *story().live]


def spine():
    return [message for message in everything() if message.exam.kind != "outside"]


def structured():
    return [message for message in spine() if message.exam.kind not in ("free-text", "outside")]


def read(message, feeds):
    parsed = parse(message.raw)
    feed = select(feeds, envelope_of(parsed))
    results = read_results(parsed, feed)
    assert len(results) == 1, message.control_id
    return results[0], feed


def test_the_story_is_the_same_in_every_process():
    code = "import sys; sys.path.insert(0, sys.argv[1]); import test_story; print(test_story.fingerprint())"
    other = subprocess.run(
        [sys.executable, "-c", code, os.path.dirname(__file__)],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == fingerprint()


def test_every_message_says_what_the_story_says(feed):
    for message in everything():
        result, of = read(message, feed)
        exam = message.exam
        assert result.faults == (), (exam.accession, result.faults)
        assert bool(result.identity_fault) == (exam.kind == "no-patient")
        assert inside(of, result) == (exam.kind != "outside"), exam.procedure
        assert (result.accession, result.status) == (exam.accession, exam.status)
        assert result.text.strip() == exam.text.strip()
        assert (result.exam_start, result.exam_end) == (_second(exam.start), _second(exam.end))
        assert not result.exam_time_is_start
        assert result.reported_at == _second(exam.reported)


def _second(at):
    return at.replace(microsecond=0)


def test_every_patient_is_plainly_synthetic(feed):
    invented = set(FAMILY) | {who.family for who in (*cast.EVERYBODY, *_present())}
    given = {*GIVEN_WOMEN, *GIVEN_MEN} | {who.given for who in (*cast.EVERYBODY, *_present())}
    for message in everything():
        assert message.exam.text.rstrip().endswith(MARK)
        if message.exam.kind == "no-patient":
            continue
        patient = read(message, feed)[0].patient
        assert patient.number.authority == AUTHORITY
        assert patient.number.value.startswith("SYN")
        assert patient.family in invented
        assert patient.given in given


def _present():
    return [exam.who for exam in present.exams()]


def test_a_number_means_one_person():
    people = defaultdict(set)
    for message in everything():
        people[message.exam.who.number].add(message.exam.who)
    assert all(len(found) == 1 for found in people.values())
    assert len({(who.given, who.family) for found in people.values() for who in found}) > 400


def test_each_macro_is_read_in_the_lane_that_was_meant():
    wrong = []
    for message in structured():
        reading = read_report(message.exam.text)
        if reading.lane != message.exam.lane or reading.source != "macro":
            wrong.append((message.exam.accession, message.exam.lane, reading.lane, reading.reasons))
    assert wrong == []


def test_no_macro_contradicts_its_own_prose():
    """A treated level that still touches the cord always asks for a person; nothing else here may."""
    asked = [
        (message.exam.accession, reading.review_reasons)
        for message in structured()
        if (reading := read_report(message.exam.text)).review
    ]
    assert asked == []


def test_free_text_has_no_macro():
    texts = [message.exam.text for message in spine() if message.exam.kind == "free-text"]
    assert len(texts) > 50
    assert all(read_report(text).source == "free-text" for text in texts)


def test_times_are_sane():
    for message in everything():
        exam = message.exam
        assert exam.start < exam.end < exam.reported <= message.at
        assert message.at - exam.reported < timedelta(minutes=1)
    assert all(event.at < START for event in story().history)
    assert all(START < message.at <= START + timedelta(days=14) for message in story().live)
    for events in (story().history, story().live):
        assert [event.at for event in events] == sorted(event.at for event in events)


def test_control_ids_are_used_once():
    ids = [message.control_id for message in everything()]
    assert len(ids) == len(set(ids))


def test_an_accession_belongs_to_one_exam():
    exams = defaultdict(set)
    for message in everything():
        exams[message.exam.accession].add(
            (message.exam.who.number, message.exam.end, message.exam.procedure.code)
        )
    assert all(len(found) == 1 for found in exams.values())


def by_patient():
    found = defaultdict(list)
    for message in structured():
        if message.exam.kind == "macro":
            found[message.exam.who.number].append(message.exam)
    return found


def test_disease_does_not_vanish_and_treatment_is_not_forgotten():
    for number, exams in by_patient().items():
        seen = {}
        for exam in exams:
            if exam.procedure.region == "lumbar" and exam.findings and exam.findings[0].level not in seen:
                continue  # another part of the same exam
            here = {finding.level: finding for finding in exam.findings}
            assert set(seen) <= set(here), (number, exam.accession)
            for level, finding in here.items():
                if level in seen and seen[level].treated:
                    assert finding.treated == seen[level].treated
            seen = here


def test_treatment_is_not_dated_after_the_report():
    for message in structured():
        for finding in message.exam.findings:
            if finding.treated:
                assert int(finding.treated[-4:]) <= message.exam.start.year


def test_a_stable_level_has_the_grade_it_had():
    order = ("0", "none", "1a", "1b", "mild", "1c", "moderate", "2", "3", "severe")
    for exams in by_patient().values():
        before = {}
        for exam in exams:
            for finding in exam.findings:
                if (was := before.get(finding.level)) is None:
                    continue
                if finding.status == "stable":
                    assert finding.grade == was.grade, exam.accession
                if finding.status == "progressed":
                    assert order.index(finding.grade) > order.index(was.grade), exam.accession
            before.update({finding.level: finding for finding in exam.findings})


def test_there_is_as_much_as_the_banner_says():
    history = [m for m in spine() if m.at < START]
    patients = {message.exam.who.number for message in history}
    month = [m for m in history if m.exam.lane != "none" and m.at > START - timedelta(days=28)]
    assert 320 <= len(patients) <= 460
    assert (START - history[0].at).days > 17.5 * 30
    assert 60 <= len(month) <= 85
    lanes = {lane: sum(m.exam.lane == lane for m in history) for lane in ORDER}
    assert lanes["routine"] > lanes["expedited"] > lanes["urgent"] > lanes["emergent"] >= 15
    kinds = {m.exam.kind for m in history}
    assert {"macro", "free-text", "addendum", "preliminary"} <= kinds
    assert any(finding.below for m in history for finding in m.exam.findings)


def test_answers_come_after_their_report_and_from_people_of_the_programme():
    people = {person.key for person in programme().people}
    first = {}
    for event in story().history:
        if isinstance(event, Message):
            first.setdefault(event.exam.accession, event.at)
        else:
            assert event.person in people
            assert first[event.accession] < event.at


def test_acknowledgement_is_quick_for_the_gravest_and_sometimes_late():
    waits = defaultdict(list)
    first = {m.exam.accession: m for m in reversed(story().reports)}
    for event in story().history:
        if isinstance(event, Answer) and event.kind == "mine":
            message = first[event.accession]
            waits[message.exam.lane].append((event.at - message.at).total_seconds() / 60)
    middle = {lane: sorted(found)[len(found) // 2] for lane, found in waits.items()}
    assert middle["emergent"] <= 8
    assert middle["urgent"] <= 25
    assert middle["emergent"] < middle["urgent"] < middle["expedited"] < middle["routine"]
    assert any(wait > 15 for wait in waits["emergent"])
    assert any(wait > 60 for wait in waits["urgent"])


@pytest.mark.parametrize(
    ("at", "role", "person"),
    [
        (local(2026, 3, 10, 14, 5), "navigator", "bell"),
        (local(2026, 3, 10, 14, 5), "spine-on-call", "okafor"),
        (local(2026, 3, 10, 6, 59), "spine-on-call", "lindqvist"),  # Monday's turn ends on Tuesday at 07:00
        (local(2026, 3, 14, 9, 0), "navigator", "ruiz"),
        (local(2026, 3, 14, 20, 0), "navigator", ""),
    ],
)
def test_the_rota_is_read_as_written(at, role, person):
    assert on_duty(role, at) == person


@pytest.mark.parametrize("level", ["C2", "C5", "C7", "T1", "T8", "T12", "L1", "L3", "L5"])
def test_the_story_counts_the_imaging_sins_as_the_product_does(level):
    finding = Finding(
        level, lesion="mixed", collapse=">50%", posterolateral="bilateral", alignment="deformity"
    )
    sins = imaging_sins(SinsItems(level, "mixed", "deformity", "gt50", "bilateral"))
    assert (sins.lo, sins.hi) == (points(finding), points(finding))


CAST = {
    "A-20931": (cast.ROSA, local(2026, 3, 10, 14, 5), "urgent"),
    "A-20932": (cast.NORA, local(2026, 3, 10, 14, 9), "none"),
    "A-20940": (cast.MEI, local(2026, 3, 11, 16, 50), "expedited"),
    "A-20950": (cast.LENA, local(2026, 3, 13, 18, 40), "emergent"),
}


@pytest.mark.parametrize("accession", CAST)
def test_the_named_cast_arrives_as_told(accession):
    who, reported, lane = CAST[accession]
    message = next(m for m in story().live if m.exam.accession == accession)
    assert (message.exam.who, message.exam.reported, message.exam.lane) == (who, reported, lane)


def test_rosa_rose_from_1b_to_1c_in_98_days():
    exams = [m.exam for m in spine() if m.exam.who == cast.ROSA]
    grades = [exam.findings[0].grade for exam in exams]
    assert grades == ["0", "1b", "1c"]
    assert (exams[2].end - exams[1].end).days == 98
    assert exams[2].findings[0].collapse == ">50%"
    assert exams[2].findings[0].posterolateral == "bilateral"


def test_moments_lie_ahead_of_what_they_announce():
    assert [moment.at for moment in MOMENTS] == sorted(moment.at for moment in MOMENTS)
    assert len({moment.key for moment in MOMENTS}) == len(MOMENTS)
    reported = [at for _, at, _ in CAST.values()]
    announced = {m.key: m.at for m in MOMENTS}
    for key, at in zip(("rosa", "nora", "mei", "lena"), reported, strict=True):
        assert timedelta(0) < at - announced[key] < timedelta(minutes=1)
    assert [m.key for m in ahead(local(2026, 3, 13, 18, 45))] == ["ladder", "weekend"]
