"""Reports filed through the real verbs, and notices found by what they are about."""

import pytest
from sample_reports import at, macro

from soar2.pathway.reports.actions import file_report
from soar2.pathway.reports.types import IncomingReport
from soar2.record.patients import PatientIdentity


@pytest.fixture
def filed(people):
    """File one report; lane words or level lines make the macro. Returns what the verb returned."""

    def file(
        *lines,
        when="10 14:05",
        mrn="M1",
        accession="A1",
        status="F",
        text=None,
        exam="10 12:40",
        reported=None,
        fault="",
    ):
        identity = (
            None if fault else PatientIdentity(identifiers=(("DEMO", mrn, "MR"),), family="Test", given=mrn)
        )
        report = IncomingReport(
            feed="Radiology results",
            accession=accession,
            status=status,
            text=text if text is not None else macro(*lines),
            identity=identity,
            identity_fault=fault,
            exam_end=at(exam),
            reported_at=at(reported or when),
        )
        return file_report(report, now=at(when))

    return file


@pytest.fixture
def notice_of():
    from soar2.pathway.notices.models import NoticeReport

    return lambda filed: NoticeReport.objects.get(report=filed.report).notice
