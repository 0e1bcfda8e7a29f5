"""Where a notice stands, in which order, and what its one next action is."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sample_reports import at

from soar2.pathway.notices.queries import Answer, NoticeRow, Rung, Who, order
from soar2.worklists import groups

NOW = at("10 14:05")
END = at("11 00:00")
ME, OTHER = 1, 2
TASK = Rung(
    id=7, n=1, due_at=NOW, role="neurosurgery-backup", role_name="Neurosurgery backup", phone="4-7751", channel="page",
    words="", state="hand", fired_at=NOW, message=None, hand_why="", done_at=None, done_by="", done_note="",
)  # fmt: skip


def hours(number):
    return timedelta(hours=number)


def notice(
    lane="urgent",
    *,
    owner=None,
    due=1,
    age=1,
    rise="",
    score=10,
    tasks=(),
    digest=False,
    code="K7F2M",
    **more,
):
    """``due`` and ``age`` in hours from now; a negative ``due`` is overdue."""
    made = NoticeRow(
        id=UUID(int=1), case_code=code, patient=Who(UUID(int=2), "Ada Finch", None, "F", "", True), accession="A1",
        place="", lane=lane, role="navigator", role_name="Nurse navigator", headline="T8 epidural 1c",
        reasons=("T8: epidural tumour touches the cord (ESCC 1c).", "T8: progressed, over half collapsed, both sides."),
        rise=rise, review=False, identity_unresolved=False, score=(score, score), exam_end=None,
        opened_at=NOW - hours(age), acknowledge_due=NOW + hours(due), action_due=NOW + hours(due) if owner else None,
        visit_due=None, acknowledged_at=None, acknowledged_by="", owner=owner, owner_name="Dr Okafor" if owner else "",
        owned_at=NOW - hours(age) if owner else None, answers=(), hand_tasks=tuple(tasks), in_digest=digest, changed_at=NOW,
    )  # fmt: skip
    return replace(made, **more)


def test_the_order_is_lane_overdue_rise_clock_score_age():
    """Each row differs from the one above it in the first thing that counts."""
    rows = [
        notice("emergent", due=5, code="emergent"),
        notice("urgent", due=-1, code="overdue"),
        notice("urgent", due=5, rise="T8 1b to 1c in 98 days", code="rise"),
        notice("urgent", due=1, score=3, code="sooner"),
        notice("urgent", due=2, score=12, code="score"),
        notice("urgent", due=2, score=9, age=9, code="older"),
        notice("urgent", due=2, score=9, age=1, code="younger"),
        notice("expedited", due=-9, rise="T5 0 to 1b in 9 days", score=20, code="expedited"),
        notice("routine", due=-99, code="routine"),
    ]
    for shuffled in (rows[::-1], rows[3:] + rows[:3]):
        assert [row.case_code for row in order(shuffled, NOW)] == [row.case_code for row in rows]


def test_an_owned_notice_without_an_action_clock_stands_behind_those_with_one():
    timed, timeless = (
        notice(owner=ME, due=50, code="timed"),
        notice(owner=ME, action_due=None, code="timeless"),
    )
    assert [row.case_code for row in order([timeless, timed], NOW)] == ["timed", "timeless"]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        # whose, what                                     where it stands
        (notice("emergent"), groups.NOW),
        (notice("emergent", owner=OTHER), groups.NOW),
        (notice("emergent", owner=ME, due=40), groups.NOW),
        (notice("urgent"), groups.NOW),
        (notice("expedited", due=30), groups.NOW),
        (notice("urgent", owner=OTHER), groups.OTHERS),
        (notice("urgent", owner=OTHER, due=-1), groups.NOW),
        (notice("urgent", owner=OTHER, tasks=[TASK]), groups.NOW),
        (notice("urgent", owner=ME), groups.TODAY),
        (notice("urgent", owner=ME, due=30), groups.LATER),
        (notice("routine", due=40), groups.QUIET),
        (notice("routine", due=2, digest=True), groups.TODAY),
        (notice("routine", due=40, digest=True), groups.LATER),
        (notice("routine", due=-1), groups.NOW),
        (notice("routine", due=2, digest=True, tasks=[TASK]), groups.TODAY),
        (notice("routine", due=40, identity_unresolved=True), groups.NOW),
    ],
)
def test_the_group_of_a_notice(case, expected):
    assert groups.place(case, ME, NOW, END) == expected


@pytest.mark.parametrize(
    ("case", "action", "words"),
    [
        (notice(), "own", "Own"),
        (notice(tasks=[TASK]), "own", "Own"),
        (notice(owner=ME), "record", "Record what you did"),
        (notice(owner=OTHER), "open", "Open"),
        (notice(owner=OTHER, tasks=[TASK]), "hand", "Telephone Neurosurgery backup 4-7751"),
    ],
)
def test_every_row_has_one_next_action(case, action, words):
    assert groups.next_action(case, ME) == (action, words)


def test_a_call_that_no_machine_can_make_stands_in_the_row_of_an_unowned_notice():
    row = groups.row(notice(tasks=[TASK]), ME, NOW, END)
    assert (row.owner, row.owner_since) == ("Nobody yet", "telephone Neurosurgery backup 4-7751")


def test_the_second_line_is_the_rise_else_what_the_headline_leaves_out():
    assert groups.second_fact(notice(rise="T8 1b to 1c in 98 days")) == "up: T8 1b to 1c in 98 days"
    assert groups.second_fact(notice()) == "progressed, over half collapsed"


def test_new_is_what_nobody_has_answered():
    answered = notice(answers=(Answer(NOW, "Dr Okafor", "not-me", ""),))
    shown = [groups.row(case, ME, NOW, END) for case in (notice(), answered, notice(owner=OTHER))]
    assert [groups.keeps(row, "new") for row in shown] == [True, False, False]
    assert [groups.keeps(row, "unowned") for row in shown] == [True, True, False]


def test_counts_are_of_the_whole_list_whatever_is_shown():
    rows = [
        groups.row(case, ME, NOW, END) for case in (notice(due=-1), notice(owner=ME), notice(tasks=[TASK]))
    ]
    found = {count.key: count.n for count in groups.counts(rows, to_read=2)}
    assert found == {"": 5, "new": 2, "unowned": 2, "due": 2, "overdue": 1, "read": 2, "hand": 1}
