"""From a scored report to the one notice that speaks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from soar2.criteria.urgency import lane_rank
from soar2.pathway.notices import plan
from soar2.pathway.notices.models import Notice, NoticeReport
from soar2.pathway.reports.basis import (
    UNIDENTIFIED_OF,
    Basis,
    bases,
    basis,
    basis_behind,
    unidentified_before,
)
from soar2.pathway.reports.types import EXAM_WINDOW, WITHDRAWN
from soar2.record import ledger, rows
from soar2.record.models import LedgerEntry


@dataclass(frozen=True)
class _Found:
    """The notice a report belongs to, and the version of the same report that it already speaks for."""

    notice: Notice
    version: Basis | None


def follow_scored_report(entry: LedgerEntry) -> None:
    """Flow: a scored report with lane routine or above comes to belong to exactly one notice."""
    scored = basis_behind(entry)
    found = (
        _of_accession(scored)
        if lane_rank(scored.lane) == 0
        else _of_exam(scored) or _adopted(scored, entry.at)
    )
    if found is not None:
        _add(found, scored, entry.at)
    elif lane_rank(scored.lane) > 0:
        _open(scored, entry.at, role=plan.addressed(plan.active_pack(), scored.lane, entry.at))


def follow_late_report(entry: LedgerEntry) -> None:
    """Flow: a version overtaken by a newer one joins that one's notice and alerts nobody."""
    scored = basis_behind(entry)
    if (found := _of_accession(scored)) is not None:
        _join(found, scored, entry.at, "older version, overtaken by a newer one")


def follow_withdrawn_report(entry: LedgerEntry) -> None:
    """Flow: a withdrawal joins the notice of its report. Only a person stands a ladder down."""
    scored = basis_behind(entry)
    if (found := _of_accession(scored)) is not None:
        _join(found, scored, entry.at, "withdrawn by the sender: confirm before standing down", review=True)


def follow_unidentified_report(entry: LedgerEntry) -> None:
    """Flow: a report without a usable identity still reaches the duty role when its words are urgent."""
    scored = basis_behind(entry)
    found = _unresolved(scored)
    if found is not None:
        _add(found, scored, entry.at)
    elif lane_rank(scored.lane) >= lane_rank("urgent"):
        _open(scored, entry.at, role=settings.PROGRAMME.duty_role, unresolved=True)


# Which notice


def _of_exam(scored: Basis) -> _Found | None:
    """The notice of this accession, else of an exam of this patient within the window."""
    if scored.patient is None:
        return None
    mine, values = "r.accession = %s", [scored.patient.id, scored.accession]
    if scored.exam_end is not None:
        mine += " OR r.exam_end BETWEEN %s AND %s"
        values += [scored.exam_end - EXAM_WINDOW, scored.exam_end + EXAM_WINDOW]
    return _newest(scored, f"notice.patient_id = %s AND ({mine})", values)


def _of_accession(scored: Basis) -> _Found | None:
    """The notice that speaks for an earlier version of this report."""
    if scored.patient is None:
        return _unresolved(scored)
    return _newest(
        scored, "notice.patient_id = %s AND r.accession = %s", [scored.patient.id, scored.accession]
    )


def _unresolved(scored: Basis) -> _Found | None:
    """The notice of a report nobody could be named for: by its accession, which is one feed's own, or by the
    message it came with, which may have been read when its accession could not be told."""
    mine = f"r.accession = %s OR r.report IN ({UNIDENTIFIED_OF})"
    unnamed = f"notice.patient_id IS NULL AND notice.identity_unresolved AND ({mine})"
    for link in _links(scored, unnamed, [scored.accession, scored.inbound]):
        if link.accession != scored.accession and link.report not in unidentified_before(scored):
            continue
        version = basis(link.report)
        if version.feed == scored.feed:
            return _Found(_last_of_chain(link.notice_id), version)
    return None


def _adopted(scored: Basis, now: datetime) -> _Found | None:
    """The identity came after the alarm: the notice gets its patient, and who owns it keeps it."""
    found = _unresolved(scored)
    if found is None or found.notice.closed_at is not None:
        return None
    notice = found.notice
    notice.patient, notice.identity_unresolved, notice.headline = scored.patient, False, scored.headline
    notice.changed_at = now
    notice.save(update_fields=["patient", "identity_unresolved", "headline", "changed_at"])
    ledger.record("notice.identified", at=now, patient=scored.patient, subject=notice.id, actor="flow")
    return found


def _newest(scored: Basis, where: str, values: Sequence[Any]) -> _Found | None:
    """The notice of the newest link, this accession's before any other; of a chain of upgrades the last."""
    link = next(iter(_links(scored, where, values, "LIMIT 1")), None)
    if link is None:
        return None
    version = basis(link.report) if link.accession == scored.accession else None
    return _Found(_last_of_chain(link.notice_id), version)


def _links(scored: Basis, where: str, values: Sequence[Any], limit: str = "") -> list[NoticeReport]:
    """Links of notices to reports, this accession's before any other, then the newest."""
    return rows.read(
        NoticeReport,
        f"JOIN notices_notice AS notice ON notice.id = r.notice_id WHERE {where}"
        f" ORDER BY (r.accession = %s) DESC, r.added_at DESC, r.id DESC {limit}",
        [*values, scored.accession],
    )


def _last_of_chain(notice_id: UUID) -> Notice:
    chain = Notice.objects.select_for_update(of=("self",)).select_related("superseded_by")
    notice = chain.get(id=notice_id)
    while hasattr(notice, "superseded_by"):
        notice = chain.get(id=notice.superseded_by.id)
    return notice


# What becomes of it


def _add(found: _Found, scored: Basis, now: datetime) -> None:
    """Upgrade, join, or open anew where the notice is closed and the report says something new."""
    notice = found.notice
    if lane_rank(scored.lane) > lane_rank(notice.lane):
        _upgrade(notice, scored, now)
        return
    news = scored.news_since(bases(notice.reports.values_list("report", flat=True)))
    if news and notice.closed_at is not None and lane_rank(scored.lane) > 0:
        role = plan.addressed(plan.active_pack(), scored.lane, now) if scored.patient else notice.role_id
        _open(scored, now, role=role, unresolved=scored.patient is None)
    else:
        _join(found, scored, now, *_note(found, scored, news), news=news)


def _note(found: _Found, scored: Basis, news: tuple[str, ...]) -> tuple[str, bool]:
    """What the notice says of a report that joins it, and whether a person must confirm something."""
    adds = f", adds {', '.join(news)}" if news else ""
    if found.version is None:
        return f"part of the same exam{adds}", False
    before, after = lane_rank(found.version.lane), lane_rank(scored.lane)
    if after < before:  # a downgrade never stops a ladder by itself; a person must confirm it
        return f"later version reads {scored.lane}: confirm before standing down", True
    return (
        f"later version reads {scored.lane}{adds}" if after > before else f"addended, lane unchanged{adds}"
    ), False


def _open(
    scored: Basis, now: datetime, *, role: str, unresolved: bool = False, supersedes: Notice | None = None
) -> Notice:
    pack = plan.active_pack()
    frozen = plan.freeze(pack, scored.lane)
    exam_end = _earliest(supersedes.exam_end if supersedes else None, scored.exam_end)
    title = f"Upgraded: {scored.headline}" if supersedes else scored.headline
    notice = Notice(
        case_code=plan.case_code(),
        patient=scored.patient,
        accession=scored.accession,
        lane=scored.lane,
        role_id=role,
        headline=f"Identity unresolved, accession {scored.accession}" if unresolved else title,
        reasons=list(scored.reasons),
        rise=scored.rise,
        review=scored.review or unresolved,
        identity_unresolved=unresolved,
        score_min=scored.score[0],
        score_max=scored.score[1],
        exam_end=exam_end,
        opened_at=now,
        changed_at=now,
        plan=frozen,
        pack_name=pack.name,
        pack_version=pack.version,
        acknowledge_due=plan.due(frozen, "acknowledge", now),
        visit_due=plan.due_if_any(frozen, "visit", exam_end or now),
        supersedes=supersedes,
    )
    ladder = plan.start(notice, now)
    ledger.record(
        "notice.opened", at=now, patient=scored.patient, subject=notice.id, actor="flow",
        lane=notice.lane, role=role, case=notice.case_code, report=str(scored.report),
        along=[rows.insert(notice, _link(notice, scored, now, "")), *ladder],
    )  # fmt: skip
    return notice


def _earliest(*times: datetime | None) -> datetime | None:
    return min((time for time in times if time is not None), default=None)


def _upgrade(notice: Notice, scored: Basis, now: datetime) -> None:
    """A worse finding needs its own acknowledgement, even where the milder one was acknowledged or acted on."""
    if notice.closed_at is None:
        notice.closed_at, notice.close_reason, notice.changed_at = now, "superseded", now
        notice.save(update_fields=["closed_at", "close_reason", "changed_at"])
        plan.stop(notice)
    ledger.record("notice.superseded", at=now, patient=scored.patient, subject=notice.id, actor="flow")
    unresolved = scored.patient is None
    role = (
        settings.PROGRAMME.duty_role if unresolved else plan.addressed(plan.active_pack(), scored.lane, now)
    )
    _open(scored, now, role=role, unresolved=unresolved, supersedes=notice)


def _join(
    found: _Found, scored: Basis, now: datetime, note: str, review: bool = False, news: tuple[str, ...] = ()
) -> None:
    notice = found.notice
    notice.review = notice.review or review or (scored.review and scored.status not in WITHDRAWN)
    notice.exam_end = _earliest(notice.exam_end, scored.exam_end)
    notice.visit_due = plan.due_if_any(notice.plan, "visit", notice.exam_end or notice.opened_at)
    if news and not notice.identity_unresolved:
        notice.headline = f"{notice.headline}; added: {', '.join(news)}"
    notice.changed_at = now
    changed = rows.update(notice, "review", "exam_end", "visit_due", "headline", "changed_at")
    ledger.record(
        "notice.report-added", at=now, patient=scored.patient, subject=notice.id, actor="flow",
        note=note, report=str(scored.report), lane=scored.lane,
        along=[rows.insert(_link(notice, scored, now, note)), changed],
    )  # fmt: skip


def _link(notice: Notice, scored: Basis, now: datetime, note: str) -> NoticeReport:
    return NoticeReport(
        notice=notice,
        report=scored.report,
        accession=scored.accession,
        exam_end=scored.exam_end,
        added_at=now,
        note=note,
    )
