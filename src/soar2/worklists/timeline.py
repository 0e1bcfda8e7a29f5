"""What happened to one patient, newest first: reports, notices, deliveries, answers, openings. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from soar2.pages import words
from soar2.pathway.notices.ladder import CHANNELS
from soar2.pathway.notices.queries import Delivery, NoticeCard
from soar2.pathway.reports import levels
from soar2.pathway.reports.queries import ReportView

ANSWERS = {"mine": "Owned", "not-me": "Not me", "already-known": "Already known", "acted": "Acted"}


@dataclass(frozen=True)
class Happened:
    """One line. ``report`` is set on the line that opens a report's text, ``case`` where a card is linked."""

    at: datetime
    what: str
    detail: str
    report: ReportView | None = None
    case: str = ""
    order: int = 0

    @property
    def words(self) -> list[levels.Words]:
        """The report's text, cut at the words of each finding."""
        return levels.marked(self.report.text, self.report.reading) if self.report else []


def timeline(reports: Iterable[ReportView], cards: Iterable[NoticeCard]) -> tuple[Happened, ...]:
    """Every line of one patient, the newest first; within one moment in the order in which it came about."""
    lines = [line for report in reports for line in _report(report)]
    lines += [line for card in cards for line in _notice(card)]
    return tuple(sorted(lines, key=lambda line: (line.at, line.order), reverse=True))


def _report(report: ReportView) -> Iterator[Happened]:
    if report.exam_at is not None:
        start = " (start; end not stated)" if report.exam_end_is_start else ""
        what = f"{words.procedure(report.procedure) or 'Exam'}{start}, accession {report.accession}"
        yield Happened(report.exam_at, "Exam", what, order=0)
    kind = f"Report {report.status_words}" + ("" if report.current else ", replaced")
    yield Happened(report.received_at, kind, _filed(report), report=report, order=1)
    if report.read_at is not None:
        yield Happened(
            report.read_at, "Read by a person", f"{report.read_by}: {report.read_outcome}", order=3
        )


def _filed(report: ReportView) -> str:
    author = report.author or "author not stated"
    if not report.scored:
        return f"{author}; {report.read_why or 'not scored'}"
    line = f"line {report.rule} of the table" if report.rule else ""
    low, high = report.score
    score = (
        "" if low is None else f"; imaging score {low}" if low == high else f"; imaging score {low} to {high}"
    )
    return f"{author}; lane {report.lane}{f', {line}' if line else ''}{score}"


def _notice(card: NoticeCard) -> Iterator[Happened]:
    row = card.row
    yield Happened(
        row.opened_at, "Notice opened", f"{row.lane}, to {row.role_name}", case=row.case_code, order=2
    )
    for delivery in card.deliveries:
        yield from _delivery(card, delivery)
    for answer in row.answers:
        detail = f"{answer.person}{f', {answer.detail}' if answer.detail else ''}"
        yield Happened(answer.at, ANSWERS.get(answer.kind, answer.kind), detail, case=row.case_code, order=4)
    for rung in card.rungs:
        if rung.done_at is not None:
            detail = (
                f"{rung.role_name}{f', {rung.done_note}' if rung.done_note else ''}; by hand, {rung.done_by}"
            )
            yield Happened(rung.done_at, "Told by a person", detail, case=row.case_code, order=3)
    if card.closed_at is not None and card.close_reason != "acted":
        yield Happened(card.closed_at, "Notice closed", card.close_reason, case=row.case_code, order=5)


def _delivery(card: NoticeCard, delivery: Delivery) -> Iterator[Happened]:
    channel = CHANNELS.get(delivery.channel, delivery.channel)
    to = f"{delivery.person}, {delivery.role_name}" if delivery.person else delivery.role_name
    code = card.row.case_code
    if delivery.sent_at is not None:
        yield Happened(delivery.sent_at, "Sent", f"{channel} to {to}", case=code, order=3)
    elif delivery.state == "failed" and delivery.tries:
        yield Happened(
            delivery.tries[-1].at,
            "Not delivered",
            f"{channel} to {to}: {delivery.failure}",
            case=code,
            order=3,
        )
