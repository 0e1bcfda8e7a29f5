"""Patients who do not exist, in production: read like any other, and nobody is woken for them."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_reports import at, macro, oru

from soar2.exchange import dispatch
from soar2.exchange.hl7v2.types import Identifier, Patient
from soar2.exchange.models import InboundMessage
from soar2.exchange.practice import TEST_PATIENT, is_test
from soar2.pathway.notices.models import Notice
from soar2.pathway.reports.models import Report
from soar2.record.programme import TestPatients as Patterns

PATTERNS = Patterns(numbers=(r"9{5,}\d", "TEST-.*"), names=(r"ZZ.*", r"TEST\^.*", "DONALD DUCK"))


def patient(number="1", family="Quill", given="Rosa"):
    return Patient(stated=(Identifier("DEMO", number, "MR"),), family=family, given=given)


@pytest.mark.parametrize(
    ("who", "test"),
    [
        (patient(), False),
        (patient(number="999991"), True),
        (patient(number="1999991"), False),  # the whole number, not a part of it
        (patient(number="test-7"), True),
        (patient(family="ZZTEST"), True),
        (patient(family="Pizzo"), False),
        (patient(family="Test", given="Case"), True),
        (patient(family="Testa", given="Maria"), False),
        (patient(family="Duck", given="Donald"), True),
        (patient(family="", given=""), False),
        (Patient(), False),
    ],
)
def test_the_whole_number_or_the_whole_name_decides(who, test):
    assert is_test(who, PATTERNS) == test
    assert not is_test(who, Patterns())


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_whoever_is_no_test_patient_by_the_patterns_is_none(number, family, given):
    if re.match(r"99999|test-", number.strip(), re.I) or re.match(
        r"zz|test|duck|donald", f"{family.strip()}{given}", re.I
    ):
        return
    assert not is_test(
        patient(number, family, given), Patterns(numbers=("9{5,}", "TEST-.*"), names=("ZZ.*", "TEST"))
    )


def applied(raw):
    row = InboundMessage.objects.create(
        received_at=at("10 14:06"),
        raw=raw,
        body_hash=str(hash(raw)),
        control_id="C",
        answer_code="AA",
        answer=b"",
    )
    dispatch.apply_undone(at("10 14:06"))
    row.refresh_from_db()
    return row


def test_an_urgent_report_of_a_test_patient_opens_and_counts_nothing(people, settings):
    settings.PROGRAMME = replace(settings.PROGRAMME, test_patients=PATTERNS)
    row = applied(oru(macro("emergent"), name="ZZTEST^ONE"))

    assert (row.state, row.reason, row.where) == ("filtered", TEST_PATIENT, "PID-3")
    assert (Report.objects.count(), Notice.objects.count()) == (0, 0)


def test_beside_a_test_patient_a_real_one_is_still_read(people, settings):
    """Two patients in one message: the pattern speaks of one of them."""
    settings.PROGRAMME = replace(settings.PROGRAMME, test_patients=PATTERNS)
    first, other = oru(macro("emergent"), name="ZZTEST^ONE"), oru(macro("urgent"), n=2, name="QUILL^ROSA")
    row = applied(first + other[other.index(b"PID|") :])

    assert row.state == "applied"
    assert [notice.lane for notice in Notice.objects.all()] == ["urgent"]
