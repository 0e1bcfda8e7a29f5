"""A small programme filed through the real verbs, a clock that stands still, and people who are signed in."""

from datetime import date

import pytest
from sample_reports import at, macro

from soar2.pathway.notices.models import NoticeReport
from soar2.pathway.reports.actions import file_report
from soar2.pathway.reports.types import IncomingReport
from soar2.record import clock
from soar2.record.patients import PatientIdentity

NOW = at("10 14:05")  # a Tuesday


@pytest.fixture
def standing_clock(db, settings):
    """Hospital time stands at Tuesday 10 March 2026, 14:05, in New York; returns a setter."""
    settings.TIME_ZONE = str(settings.PROGRAMME.zone)
    clock.start(NOW, running=False)
    return lambda moment: clock.start(moment, running=False)


@pytest.fixture
def filed(people, standing_clock):
    """File one report; lane words or level lines make the macro. Returns the notice, or None when none opened."""

    def file(
        *lines,
        mrn="M1",
        name="Ada Finch",
        when="10 14:00",
        exam="10 12:40",
        text=None,
        accession=None,
        **more,
    ):
        given, family = name.split(" ")
        identity = PatientIdentity((("DEMO", mrn, "MR"),), family, given, date(1960, 4, 4), "F")
        incoming = IncomingReport(
            feed="Radiology results",
            accession=accession or f"A-{mrn}-{exam}",
            status=more.pop("status", "F"),
            text=text if text is not None else macro(*lines),
            identity=None if more.get("identity_fault") else identity,
            exam_end=at(exam) if isinstance(exam, str) else exam,
            reported_at=at(when) if isinstance(when, str) else when,
            **more,
        )
        report = file_report(incoming, now=incoming.reported_at).report
        link = NoticeReport.objects.filter(report=report).select_related("notice").first()
        return link.notice if link else None

    return file


@pytest.fixture
def chromium():
    """Debian's Chromium, driven; a driver that the test process already has is used again."""
    from chromium_driver import chromium as driven

    return driven()
