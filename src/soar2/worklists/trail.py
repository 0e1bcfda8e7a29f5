"""Who opened and changed what: the audit rows of one patient or one person, newest first, in words.

Two tables hold them, who looked (accesses) and what was done (facts); here they are one list.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from soar2.pathway.notices import queries as notices
from soar2.record import audit
from soar2.record.models import ChartAccess, LedgerEntry, Patient, Person

FOUND = 20  # patients a search shows; whoever finds more says more
PAGE = 200  # rows a page shows
LOOKS, CHANGES = "looks", "changes"
PAGES = {
    "patient": "the patient's page", "report": "a report", "notice": "the notice", "worklist": "the worklist",
    "worklist-pane": "the worklist's side pane", "audit": "this audit trail", "audit-patient": "this audit trail",
    "notice-answer": "answering the notice", "notice-step-done": "noting a task by hand",
    "report-read": "noting a report as read", "audit-patient-csv": "the file of this trail",
}  # fmt: skip
LOOKED = {
    audit.OPENED: "Opened {}", audit.LISTED: "Had on screen: {}", audit.SEARCHED: "Found by a search in {}",
    audit.EXPORTED: "Took a file of {}", audit.REFUSED: "Was refused {}",
}  # fmt: skip
DID = {
    "notice.mine": "Owned the notice", "notice.not-me": "Answered: not me",
    "notice.already-known": "Answered: already known", "notice.acted": "Acted and closed the notice",
    "notice.hand-task-done": "Did a task by hand", "notice.opened": "Notice opened",
    "notice.escalated": "Notice went up its ladder", "notice.superseded": "Notice superseded",
    "notice.report-added": "Report joined to a notice", "notice.identified": "Notice given its patient",
    "notice.standing-task": "Notice given a standing task", "report.read": "Noted a report as read",
    "report.scored": "Report scored", "report.free-text": "Report filed without a score",
    "report.late": "Report filed late", "report.withdrawn": "Report withdrawn by its sender",
    "report.restored": "Report in force again", "report.opened": "Read a report of nobody known",
    "patient.provisional": "Patient put on record", "patient.completed": "Patient's details completed",
    "message.opened": "Opened a held message", "message.settled": "Settled a held message",
    "access.refused": "Was refused {page}", "audit.searched": "Searched the audit",
}  # fmt: skip
TOLD = ("lane", "role", "outcome", "detail", "note", "names", "words", "case")
"""What of a fact's data is shown beside it."""


@dataclass(frozen=True)
class Seen:
    """One line: who did what when. ``machine``: a process did it, nobody looked."""

    at: datetime
    who: str
    account: str
    what: str
    detail: str
    machine: bool
    patient: UUID | None
    patient_name: str


@dataclass(frozen=True)
class Found:
    """What a search led to."""

    patients: tuple[Patient, ...] = ()
    people: tuple[Person, ...] = ()
    more: bool = False

    @property
    def only(self) -> Patient | None:
        return self.patients[0] if len(self.patients) == 1 and not self.people else None


def search(said: str) -> Found:
    """Patients by record number, case code or name, and people by name. A number or code alone decides."""
    words = said.split()
    if not words:
        return Found()
    exact = _by_number(said.strip()) or _by_case(said.strip())
    if exact:
        return Found(patients=tuple(exact))
    named = Q()
    for word in words:
        named &= Q(family__istartswith=word) | Q(given__istartswith=word) | Q(family__icontains=f" {word}")
    patients = list(_patients().filter(named).order_by("family", "given", "birth_date")[: FOUND + 1])
    people = Q()
    for word in words:
        people &= Q(name__icontains=word) | Q(short__icontains=word)
    found = Person.objects.filter(people).order_by("name")[:FOUND]
    return Found(tuple(patients[:FOUND]), tuple(found), len(patients) > FOUND)


def _patients() -> QuerySet[Patient]:
    return Patient.objects.prefetch_related("identifiers")


def _by_number(said: str) -> list[Patient]:
    return list(_patients().filter(identifiers__value=said).distinct()[:FOUND])


def _by_case(said: str) -> list[Patient]:
    found = notices.patient_of(said) if said.isalnum() else None
    return list(_patients().filter(id=found)) if found else []


@dataclass(frozen=True)
class Asked:
    """Which rows: of whom, from when to when, looks or changes or both."""

    patient: Patient | None = None
    person: Person | None = None
    since: datetime | None = None
    until: datetime | None = None
    what: str = ""

    def accesses(self) -> QuerySet[ChartAccess]:
        rows = self._of(ChartAccess.objects.select_related("person", "patient"))
        return rows.none() if self.what == CHANGES else rows

    def facts(self) -> QuerySet[LedgerEntry]:
        rows = self._of(LedgerEntry.objects.select_related("person", "patient"))
        return rows.filter(kind__in=("report.opened", "message.opened")) if self.what == LOOKS else rows

    def _of(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        if self.patient is not None:
            rows = rows.filter(patient=self.patient)
        if self.person is not None:
            rows = rows.filter(person=self.person)
        if self.since is not None:
            rows = rows.filter(at__gte=self.since)
        if self.until is not None:
            rows = rows.filter(at__lt=self.until)
        return rows.order_by("-at", "-id")


def page(asked: Asked) -> tuple[list[Seen], datetime | None]:
    """The newest rows, and the moment before which the next page begins; None when these are all."""
    rows = list(islice(_merged(asked.accesses()[: PAGE + 1], asked.facts()[: PAGE + 1]), PAGE + 1))
    return rows[:PAGE], rows[PAGE - 1].at if len(rows) > PAGE else None


def everything(asked: Asked) -> Iterator[Seen]:
    """Every row, newest first, without holding them all."""
    return _merged(asked.accesses().iterator(2000), asked.facts().iterator(2000))


def _merged(accesses: Iterable[ChartAccess], facts: Iterable[LedgerEntry]) -> Iterator[Seen]:
    return heapq.merge(map(_looked, accesses), map(_did, facts), key=lambda one: one.at, reverse=True)


def _looked(row: ChartAccess) -> Seen:
    what = LOOKED.get(row.kind, row.kind + " {}").format(PAGES.get(row.page, row.page))
    who = row.person.label if row.person else row.username
    return Seen(row.at, who, row.username, what, row.detail, False, row.patient_id, row.patient.name)


def _did(row: LedgerEntry) -> Seen:
    page_name = str(row.data.get("page", ""))
    what = DID.get(row.kind, row.kind.replace(".", ": ").replace("-", " ")).replace(
        "{page}", PAGES.get(page_name, page_name)
    )
    who = row.person.label if row.person else row.actor
    name = row.patient.name if row.patient else ""
    machine = row.person is None and row.actor in PROCESSES
    return Seen(
        row.at, who, "" if machine else row.actor, what, _detail(row.data), machine, row.patient_id, name
    )


PROCESSES = ("reader", "flow", "sweep", "door", "worker", "clock")


def _detail(data: dict[str, Any]) -> str:
    said = [data[key] for key in TOLD if data.get(key)]
    return ", ".join(
        ", ".join(map(str, one))
        if isinstance(one, list)
        else str(one).replace("-", " ")
        if " " not in str(one)
        else str(one)
        for one in said
    )


def refusals(limit: int = 12) -> list[Seen]:
    """The latest requests that were refused for want of a permission, newest first."""
    accesses = ChartAccess.objects.filter(kind=audit.REFUSED).select_related("person", "patient")
    facts = LedgerEntry.objects.filter(kind="access.refused").select_related("person", "patient")
    rows = _merged(accesses.order_by("-at")[:limit], facts.order_by("-at")[:limit])
    return list(islice(rows, limit))
