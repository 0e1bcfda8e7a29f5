"""What the patient's page and the side pane show, gathered from the stages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from soar2.pages import spine, words
from soar2.pathway.notices import queries as notices
from soar2.pathway.notices.views import answer_forms, phones
from soar2.pathway.reports import levels
from soar2.pathway.reports import queries as reports
from soar2.record import people
from soar2.record.models import ChartAccess, Patient
from soar2.worklists.timeline import timeline

STRIP = 5  # exams in the strip of small spines
STANDARD = {"7 cervical", "12 rib-bearing", "5 lumbar"}
UNSIGNED = "SINS and ESCC tables are not yet signed against the papers."


@dataclass(frozen=True)
class Exam:
    """One exam as the drawings take it."""

    report: reports.ReportView
    levels: dict[str, spine.Level]
    day: str
    worst: str

    @property
    def uid(self) -> str:
        """A name for its drawing, unique on a page."""
        return self.report.id.hex[:12]


@dataclass(frozen=True)
class Drawn:
    """The current exam beside the one before it."""

    current: Exam
    prior: Exam | None
    window: tuple[str, str] | None
    narrow: tuple[str, str] | None

    @property
    def dates(self) -> tuple[str, str]:
        return (self.prior.day if self.prior else "", self.current.day)


def pane(
    request: HttpRequest, card: notices.NoticeCard, seen: Sequence[reports.ReportView], now: datetime
) -> dict[str, Any]:
    """The side pane of the worklist: the drawing, the reasons, one button, the facts."""
    viewer = people.person_of(request.user)
    drawing = drawn(seen)
    mine = viewer is not None and card.row.owner == viewer.id
    return {
        "now": now,
        "card": card,
        "row": card.row,
        "drawn": drawing,
        "facts": _facts(drawing)[:1],
        "line": levels.line_words(drawing.current.report.rule) if drawing else "",
        "pack_label": pack_label(drawing.current.report) if drawing else "",
        "mine": mine,
        "next_rung": card.next_rung,
    }


def patient(
    request: HttpRequest, found: Patient, openings: Sequence[ChartAccess], now: datetime
) -> dict[str, Any]:
    """The whole page of one patient."""
    filed = reports.of_patient(found.id)
    cards = notices.of_patient(found.id)
    drawing = drawn(reports.scored(filed))
    open_cards = _pressing_first(cards, now)
    card = open_cards[0] if open_cards else None
    viewer = people.person_of(request.user)
    return {
        "now": now,
        "patient": found,
        "identifiers": list(found.identifiers.all()),
        "card": card,
        "row": card.row if card else None,
        "notice": card,
        "closed": next((one for one in cards if not one.open), None),
        "others": open_cards[1:],
        "mine": card is not None and viewer is not None and card.row.owner == viewer.id,
        "to_read": [report for report in filed if report.awaits_reading],
        "drawn": drawing,
        "facts": _facts(drawing),
        "was": _was(drawing),
        "sins": _worst_sins(drawing),
        "line": levels.line_words(drawing.current.report.rule) if drawing else "",
        "pack_label": pack_label(drawing.current.report) if drawing else "",
        "unsigned": UNSIGNED,
        "strip": [_exam(report) for report in reversed(reports.scored(filed)[:STRIP])],
        "numbering": numbering(drawing),
        "timeline": timeline(filed, cards),
        "openings": openings,
        "latest": filed[0] if filed else None,
        "phones": phones(card, filed[0] if filed else None),
        **answer_forms(request),
    }


def _pressing_first(cards: Sequence[notices.NoticeCard], now: datetime) -> list[notices.NoticeCard]:
    found = {card.row.case_code: card for card in cards if card.open}
    return [found[row.case_code] for row in notices.order((card.row for card in found.values()), now)]


def drawn(seen: Sequence[reports.ReportView]) -> Drawn | None:
    """The newest scored exam beside the one before it; None when nothing could be scored."""
    if not seen:
        return None
    current = _exam(seen[0])
    prior = _exam(seen[1]) if len(seen) > 1 else None
    both = (current.levels, prior.levels if prior else {})
    return Drawn(current, prior, levels.window(*both, margin=3), levels.window(*both, margin=2))


def _exam(report: reports.ReportView) -> Exam:
    at = report.exam_at or report.received_at
    return Exam(report, levels.drawn(report.levels), words.hospital_day(at), levels.shortest(report.levels))


def _facts(drawing: Drawn | None) -> list[levels.LevelFacts]:
    if drawing is None:
        return []
    return [levels.facts(level) for level in levels.worst_first(drawing.current.report.levels)]


def _was(drawing: Drawn | None) -> dict[str, levels.LevelFacts]:
    if drawing is None or drawing.prior is None:
        return {}
    return {level["level"]: levels.facts(level) for level in drawing.prior.report.levels}


def _worst_sins(drawing: Drawn | None) -> levels.LevelFacts | None:
    """The level with the highest score MRI allows for; the bar names it."""
    known = [fact for fact in _facts(drawing) if fact.full_sins]
    return max(known, key=lambda fact: fact.full_sins or (0, 0), default=None)


def pack_label(report: reports.ReportView) -> str:
    """The words of the pack that scored the report; they stand beside every score."""
    return report.reading.get("pack_label") or report.pack


def numbering(drawing: Drawn | None) -> str:
    """The report's statement about numbering when the spine is not the usual one: its labels then count otherwise."""
    said = str(drawing.current.report.reading.get("numbering") or "") if drawing else ""
    return "" if {part.strip() for part in said.split(",")} == STANDARD else said
