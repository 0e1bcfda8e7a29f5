"""After the faults: what was sent, beside what the system holds; ``fault_receipts`` looks at what it delivered.

The database is only read. What must be there follows from the messages alone and, where two versions of a
report could be applied in either order, from the order in which the ledger says they were.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from fault_traffic import CLASH, FAMILY, GIVEN, NUMBER, Script, Sent
from psycopg import sql

from soar2.criteria.urgency import lane_rank

TOLD = {"201": "AA", "422": "AE"}  # an HTTP status as the code that the inbox keeps
NO_PATIENT = "(nobody)"
STATES = {
    "outside": ("filtered", "AA"),
    "unreadable": ("quarantined", "AR"),
    "nameless": ("quarantined", "AE"),
}
PRIVATE = re.compile("|".join((FAMILY, GIVEN, NUMBER, "ONCOLOGY MACRO", "Posterolateral")), re.IGNORECASE)
SHOWN = 8


@dataclass
class Verdict:
    """Sentences by the law that was broken; all empty when it holds."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.undelivered or self.wrong)

    def __str__(self) -> str:
        found = vars(self).items()
        lines = [f"{law}: {sentence}" for law, some in found for sentence in some[:SHOWN]]
        more = [f"{law}: {len(some) - SHOWN} more" for law, some in found if len(some) > SHOWN]
        return "\n".join([*lines, *more]) or "nothing lost, nothing doubled, nothing undelivered"


@dataclass(frozen=True)
class Version:
    """One version of one report, as the messages tell it or as the system filed it."""

    accession: str
    status: str
    lane: str
    reported: datetime
    patient: str


class Audit:
    """Compares once. ``query`` asks the database; ``acknowledged`` and ``names`` are what the senders were told,
    by the number of the message."""

    def __init__(self, query: Callable, script: Script, acknowledged: dict[int, str], names: dict[int, str]):
        self.query, self.codes, self.names = query, acknowledged, names
        self.sent: list[Sent] = [script.message(n) for n in sorted(acknowledged)]
        self.verdict = Verdict()
        self.expected: set[Version] = set()

    def run(self) -> Verdict:
        self.inbox()
        self.reports()
        self.notices()
        self.ledger()
        self.left_over()
        return self.verdict

    # Messages

    def inbox(self) -> None:
        """Each acknowledged message, byte by byte, in one row that became what the message's kind demands."""
        rows = defaultdict(list)
        for door, control, state, reason, code, raw in self.query(
            "SELECT door, control_id, state, reason, answer_code, raw FROM exchange_inboundmessage"
        ):
            rows[bytes(raw)].append((door, control, state, reason == CLASH, code))
        whole: Counter[str] = Counter()
        for message in self.sent:
            found = rows.pop(message.raw, [])
            if len(found) != 1:
                law = self.verdict.doubled if found else self.verdict.lost
                law.append(
                    f"message {message.n} ({message.kind}, {message.door}) is stored {len(found)} times"
                )
                continue
            clash = found[0][3]
            whole[message.control] += not clash
            self._became(message, *found[0])
            if not clash and message.kind not in ("outside", "unreadable"):
                self.expected.add(_version(message))
        for control, count in whole.items():
            if control and count != 1:
                self.verdict.wrong.append(f"of the messages with control id {control} {count} were taken")
        self._remains(rows)

    def _became(self, message: Sent, door: str, control: str, state: str, clash: bool, code: str) -> None:
        wanted = ("quarantined", "AE") if clash else STATES.get(message.kind, ("applied", "AA"))
        told = self.codes[message.n]
        if (state, code) != wanted or code != TOLD.get(told, told):
            self.verdict.wrong.append(
                f"message {message.n} ({message.kind}{', reused id' if clash else ''}) is {state}, {code}, told"
                f" {told}; it must be {wanted}"
            )
        if door != message.door or (message.door == "mllp" and control != message.control):
            self.verdict.wrong.append(f"message {message.n} is filed under another door or control id")
        if (name := self.names.get(message.n)) and name != control:
            self.verdict.wrong.append(f"message {message.n} was given a name under which it is not found")

    def _remains(self, rows: dict) -> None:
        """What else is stored can only be the beginning of a message whose connection was cut."""
        for raw, found in rows.items():
            begun = any((message.raw + b"\x1c").startswith(raw) for message in self.sent)
            for door, control, state, _, _ in found:
                if door != "mllp" or control or state != "quarantined" or not begun:
                    self.verdict.wrong.append(
                        f"a row nobody sent: {door}, {control!r}, {state}, {len(raw)} bytes"
                    )

    # Reports

    def reports(self) -> None:
        """Each version once, with its lane and status, on the chart of the patient whom its message names."""
        filed = Counter(
            Version(accession, status, lane, reported, number or NO_PATIENT)
            for accession, status, lane, reported, number in self.query(
                "SELECT r.accession, r.status, r.lane, r.reported_at, (SELECT string_agg(i.value, ' and ') FROM"
                " record_patientidentifier i WHERE i.patient_id = r.patient_id) FROM reports_report r"
            )
        )
        for version in self.expected - set(filed):
            self.verdict.lost.append(f"no report {version}")
        self.verdict.doubled += [
            f"{count} reports {version}" for version, count in filed.items() if count > 1
        ]
        self.verdict.wrong += [f"an unexpected report {version}" for version in set(filed) - self.expected]
        self._patients()
        self._current()

    def _patients(self) -> None:
        wanted = len({version.patient for version in self.expected} - {NO_PATIENT})
        found = self._count("record_patient")
        if found != wanted:
            law = self.verdict.doubled if found > wanted else self.verdict.lost
            law.append(f"{found} patients, of {wanted}")

    def _current(self) -> None:
        newest = defaultdict(list)
        for accession, reported, current in self.query(
            "SELECT accession, reported_at, current FROM reports_report"
        ):
            newest[accession].append((reported, current))
        for accession, versions in newest.items():
            if [current for _, current in sorted(versions)] != [False] * (len(versions) - 1) + [True]:
                self.verdict.wrong.append(f"the newest version of {accession} is not the current one")

    # Notices

    def notices(self) -> None:
        chains, links = self._what_must_follow()
        held = defaultdict(list)
        for accession, lane, first, closed in self.query(
            "SELECT accession, lane, supersedes_id IS NULL, closed_at IS NOT NULL FROM notices_notice"
        ):
            held[accession].append((lane_rank(lane), lane, first, closed))
        for accession in chains.keys() | held.keys():
            self._compare_chain(accession, chains.get(accession, []), sorted(held[accession]))
        found = Counter(str(row[0]) for row in self.query("SELECT report FROM notices_noticereport"))
        self.verdict.lost += [f"report {report} belongs to no notice" for report in links - set(found)]
        self.verdict.doubled += [
            f"report {one} in {count} notices" for one, count in found.items() if count > 1
        ]
        self.verdict.wrong += [f"report {report} in a notice of no use" for report in set(found) - links]
        strangers = self.query(
            "SELECT l.report FROM notices_noticereport l JOIN notices_notice n ON n.id = l.notice_id JOIN"
            " reports_report r ON r.id = l.report WHERE r.patient_id IS DISTINCT FROM n.patient_id"
        )
        self.verdict.wrong += [f"report {row[0]} in the notice of another patient" for row in strangers]

    def _compare_chain(self, accession: str, wanted: list[str], held: list[tuple]) -> None:
        lanes = [lane for _, lane, _, _ in held]
        if lanes != wanted:
            law = self.verdict.lost if len(lanes) < len(wanted) else self.verdict.doubled
            law.append(f"{accession} has the notices {lanes}; it must have {wanted}")
        elif [(first, closed) for _, _, first, closed in held] != [
            (n == 0, n < len(held) - 1) for n in range(len(held))
        ]:
            self.verdict.wrong.append(f"the notices of {accession} do not follow each other: {held}")

    def _what_must_follow(self) -> tuple[dict[str, list[str]], set[str]]:
        """By accession the lanes of its notices, the last one open; and the reports that belong to one."""
        chains, links, newest = defaultdict(list), set(), {}
        for report, accession, lane, reported, nobody in self.query(
            "SELECT r.id, r.accession, r.lane, r.reported_at, r.patient_id IS NULL FROM record_ledgerentry f"
            " JOIN reports_report r ON r.id::text = f.subject"
            " WHERE f.kind IN ('report.scored', 'report.late', 'report.unidentified') ORDER BY f.id"
        ):
            chain, late = chains[accession], reported < newest.get(accession, reported)
            newest[accession] = max(reported, newest.get(accession, reported))
            alarm = lane_rank("urgent" if nobody else "routine")
            if (
                not late
                and lane_rank(lane) >= alarm
                and lane_rank(lane) > lane_rank(chain[-1] if chain else "none")
            ):
                chain.append(lane)
            if chain:
                links.add(str(report))
        return {accession: chain for accession, chain in chains.items() if chain}, links

    def ledger(self) -> None:
        """One fact for each thing that happened."""
        reports = self._count("reports_report")
        notices = self._count("notices_notice")
        links = self._count("notices_noticereport")
        for kinds, wanted in (
            (["report.scored", "report.late", "report.unidentified"], reports),
            (["notice.opened"], notices),
            (["notice.report-added"], links - notices),
        ):
            found, subjects = self.query(
                "SELECT count(*), count(DISTINCT CASE WHEN kind = 'notice.report-added' THEN data->>'report'"
                " ELSE subject END) FROM record_ledgerentry WHERE kind = ANY(%s)",
                kinds,
            )[0]
            if (found, subjects) != (wanted, wanted):
                law = self.verdict.doubled if found > wanted else self.verdict.lost
                law.append(f"{found} facts {kinds} about {subjects} things; it must be {wanted}")

    def left_over(self) -> None:
        for words, question in (
            ("messages not applied", "SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored'"),
            ("deliveries still owed", "SELECT count(*) FROM record_outboxmessage WHERE state = 'queued'"),
            (
                "rungs that are due and not fired",
                "SELECT count(*) FROM notices_step s JOIN notices_notice n ON n.id = s.notice_id WHERE"
                " s.state = 'waiting' AND n.closed_at IS NULL AND s.due_at <="
                " (SELECT hospital FROM record_democlock)",
            ),
        ):
            if count := self.query(question)[0][0]:
                self.verdict.undelivered.append(f"{count} {words}")

    def _count(self, table: str) -> int:
        return len(self.query(sql.SQL("SELECT FROM {}").format(sql.Identifier(table))))


def private_lines(name: str, lines: Iterable[str]) -> list[str]:
    """Where a log names a patient; the words themselves are not repeated."""
    return [f"patient data in {name}, line {n}" for n, line in enumerate(lines, 1) if PRIVATE.search(line)]


def _version(message: Sent) -> Version:
    reported = datetime.strptime(message.reported, "%Y%m%d%H%M%S%z")
    return Version(message.accession, message.status, message.lane, reported, message.mrn or NO_PATIENT)
