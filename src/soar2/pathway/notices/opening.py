"""From a scored report to the one notice that speaks for it."""

from datetime import datetime, timedelta

from django.conf import settings

from soar2.criteria.urgency import lane_rank
from soar2.pathway.notices import plan
from soar2.pathway.notices.models import Notice, NoticeReport
from soar2.pathway.reports.basis import Basis, basis
from soar2.record import ledger, people
from soar2.record.models import LedgerEntry

EXAM_WINDOW = timedelta(hours=4)  # parts of one exam ordered as several accessions share a notice


def follow_scored_report(entry: LedgerEntry) -> None:
    """Flow: a scored report with lane routine or above comes to belong to exactly one notice."""
    scored = basis(entry.subject)
    if lane_rank(scored.lane) == 0:
        _join_quietly(scored, entry.at)
        return
    notice = _notice_of_exam(scored)
    if notice is None:
        _open(scored, entry.at, role=plan.addressed(plan.active_pack(), scored.lane, entry.at))
    elif lane_rank(scored.lane) > lane_rank(notice.lane):
        _upgrade(notice, scored, entry.at)
    else:
        _join(notice, scored, entry.at)


def follow_late_report(entry: LedgerEntry) -> None:
    """Flow: a version overtaken by a newer one joins that one's notice and alerts nobody."""
    _join_quietly(basis(entry.subject), entry.at)


def follow_unidentified_report(entry: LedgerEntry) -> None:
    """Flow: a report without a usable identity still reaches the duty role when its words are urgent."""
    scored = basis(entry.subject)
    if lane_rank(scored.lane) >= lane_rank("urgent"):
        _open(scored, entry.at, role=settings.PROGRAMME.duty_role, unresolved=True)


def _notice_of_exam(scored: Basis) -> Notice | None:
    """The newest notice of this accession, else of an exam of this patient within the window."""
    links = NoticeReport.objects.filter(notice__patient=scored.patient).exclude(
        notice__close_reason="superseded"
    )
    link = links.filter(accession=scored.accession).order_by("-added_at").first()
    if link is None and scored.exam_end is not None:
        near = (scored.exam_end - EXAM_WINDOW, scored.exam_end + EXAM_WINDOW)
        link = links.filter(exam_end__range=near).order_by("-added_at").first()
    return Notice.objects.select_for_update().get(id=link.notice_id) if link else None


def _open(
    scored: Basis, now: datetime, *, role: str, unresolved: bool = False, supersedes: Notice | None = None
) -> Notice:
    pack = plan.active_pack()
    frozen = plan.freeze(pack, scored.lane)
    title = f"Upgraded: {scored.headline}" if supersedes else scored.headline
    notice = Notice.objects.create(
        case_code=plan.case_code(),
        patient=scored.patient,
        accession=scored.accession,
        lane=scored.lane,
        role=people.role(role),
        headline=f"Identity unresolved, accession {scored.accession}" if unresolved else title,
        reasons=list(scored.reasons),
        rise=scored.rise,
        review=scored.review or unresolved,
        identity_unresolved=unresolved,
        score_min=scored.score[0],
        score_max=scored.score[1],
        exam_end=supersedes.exam_end if supersedes else scored.exam_end,
        opened_at=now,
        changed_at=now,
        plan=frozen,
        pack_name=pack.name,
        pack_version=pack.version,
        acknowledge_due=plan.due(frozen, "acknowledge", now),
        visit_due=plan.due_if_any(frozen, "visit", scored.exam_end or now),
        supersedes=supersedes,
    )
    _link(notice, scored, now, "")
    plan.derive_steps(notice)
    plan.fire_due(notice, now)
    ledger.record(
        "notice.opened", at=now, patient=scored.patient, subject=notice.id, actor="flow",
        lane=notice.lane, role=role, case=notice.case_code, report=str(scored.report),
    )  # fmt: skip
    return notice


def _upgrade(notice: Notice, scored: Basis, now: datetime) -> None:
    """A worse finding needs its own acknowledgement, even where the milder one was acknowledged."""
    notice.closed_at, notice.close_reason, notice.changed_at = now, "superseded", now
    notice.save(update_fields=["closed_at", "close_reason", "changed_at"])
    plan.stop(notice)
    ledger.record("notice.superseded", at=now, patient=notice.patient, subject=notice.id, actor="flow")
    _open(scored, now, role=plan.addressed(plan.active_pack(), scored.lane, now), supersedes=notice)


def _join(notice: Notice, scored: Basis, now: datetime) -> None:
    lower = lane_rank(scored.lane) < lane_rank(notice.lane)
    same_exam_part = scored.accession != notice.accession
    note = "part of the same exam" if same_exam_part else "addended, lane unchanged"
    if lower and not same_exam_part:
        # A downgrade never stops a ladder by itself; a person must confirm it.
        note = f"later version reads {scored.lane}: confirm before standing down"
    _link(notice, scored, now, note)
    notice.review = notice.review or scored.review or (lower and not same_exam_part)
    notice.changed_at = now
    notice.save(update_fields=["review", "changed_at"])
    ledger.record(
        "notice.report-added", at=now, patient=notice.patient, subject=notice.id, actor="flow",
        note=note, report=str(scored.report), lane=scored.lane,
    )  # fmt: skip


def _join_quietly(scored: Basis, now: datetime) -> None:
    """A version that would open nothing still joins a notice its accession already has."""
    link = (
        NoticeReport.objects.filter(accession=scored.accession, notice__patient=scored.patient)
        .order_by("-added_at")
        .first()
    )
    if link is not None and scored.patient is not None:
        _join(Notice.objects.select_for_update().get(id=link.notice_id), scored, now)


def _link(notice: Notice, scored: Basis, now: datetime, note: str) -> None:
    NoticeReport.objects.create(
        notice=notice,
        report=scored.report,
        accession=scored.accession,
        exam_end=scored.exam_end,
        added_at=now,
        note=note,
    )
