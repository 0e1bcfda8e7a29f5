"""After the faults: what was sent, beside what the system holds and what the mail server was given.

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

INTERRUPTING = ("emergent", "urgent", "expedited")  # in working hours each of them sends a mail at once
NO_PATIENT = "(nobody)"
STATES = {
    "outside": ("filtered", "AA"),
    "unreadable": ("quarantined", "AR"),
    "nameless": ("quarantined", "AE"),
}
PRIVATE = re.compile("|".join((FAMILY, GIVEN, NUMBER, "SPINE ONCOLOGY", "Posterolateral")), re.IGNORECASE)
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
    """Compares once. ``query`` asks the database; ``sent`` are all acknowledged messages by number."""

    def __init__(self, query: Callable, script: Script, acknowledged: dict[int, str], mails: list):
        self.query, self.mails, self.codes = query, mails, acknowledged
        self.sent: list[Sent] = [script.message(n) for n in sorted(acknowledged)]
        self.verdict = Verdict()
        self.expected: set[Version] = set()

    def run(self, *, morning: bool) -> Verdict:
        """``morning``: the next day's digest is due too."""
        self.inbox()
        self.reports()
        self.notices()
        self.ledger()
        self.deliveries(morning)
        self.copies()
        self.left_over()
        return self.verdict

    # Messages

    def inbox(self) -> None:
        rows = defaultdict(list)
        for control, digest, state, reason, code, raw in self.query(
            "SELECT control_id, body_hash, state, reason, answer_code, raw FROM exchange_inboundmessage"
        ):
            rows[control, digest].append((state, reason == CLASH, code, bytes(raw)))
        whole = defaultdict(int)
        for message in self.sent:
            found = rows.pop((message.control, message.hash), [])
            if len(found) != 1:
                law = self.verdict.doubled if found else self.verdict.lost
                law.append(f"message {message.n} ({message.kind}) is stored {len(found)} times")
                continue
            state, clash, code, _ = found[0]
            whole[message.control] += not clash
            self._became(message, state, clash, code)
            if not clash and message.kind not in ("outside", "unreadable"):
                self.expected.add(_version(message))
        for control, count in whole.items():
            if control and count != 1:
                self.verdict.wrong.append(f"of the messages with control id {control} {count} were taken")
        self._remains(rows)

    def _became(self, message: Sent, state: str, clash: bool, code: str) -> None:
        wanted = ("quarantined", "AE") if clash else STATES.get(message.kind, ("applied", "AA"))
        if (state, code) != wanted or code != self.codes[message.n]:
            self.verdict.wrong.append(
                f"message {message.n} ({message.kind}{', reused id' if clash else ''}) is {state}, {code}, told"
                f" {self.codes[message.n]}; it must be {wanted}"
            )

    def _remains(self, rows: dict) -> None:
        """What else is stored can only be the beginning of a message whose connection was cut."""
        for (control, _), found in rows.items():
            state, _, _, raw = found[0]
            begun = any((message.raw + b"\x1c").startswith(raw) for message in self.sent)
            if control or state != "quarantined" or not begun:
                self.verdict.wrong.append(f"a row nobody sent: {control!r}, {state}, {len(raw)} bytes")

    # Reports

    def reports(self) -> None:
        filed = Counter(
            Version(accession, status, lane, reported, NO_PATIENT if nobody else "known")
            for accession, status, lane, reported, nobody in self.query(
                "SELECT accession, status, lane, reported_at, patient_id IS NULL FROM reports_report"
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
        wanted = len({version.accession for version in self.expected if version.patient != NO_PATIENT})
        found = self.query("SELECT count(*) FROM record_patient")[0][0]
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
        for words, wanted in (
            ("kind IN ('report.scored', 'report.late', 'report.unidentified')", reports),
            ("kind = 'notice.opened'", notices),
            ("kind = 'notice.report-added'", links - notices),
        ):
            found, subjects = self.query(
                "SELECT count(*), count(DISTINCT CASE WHEN kind = 'notice.report-added' THEN data->>'report'"
                f" ELSE subject END) FROM record_ledgerentry WHERE {words}"  # noqa: S608 - our own words
            )[0]
            if (found, subjects) != (wanted, wanted):
                law = self.verdict.doubled if found > wanted else self.verdict.lost
                law.append(f"{found} facts about {subjects} things where {words}; it must be {wanted}")

    # Deliveries

    def deliveries(self, morning: bool) -> None:
        arrived = Counter(_message_id(mail) for mail in self.mails)
        delivered = set()
        for message, about, kind, state, attempted, needless in self.query(
            "SELECT o.id, o.about, o.kind, o.state, EXISTS (SELECT FROM record_deliveryattempt a WHERE"
            " a.message_id = o.id AND a.outcome = 'sent'), n.closed_at IS NOT NULL"
            " FROM record_outboxmessage o LEFT JOIN notices_notice n ON n.id = o.about"
        ):
            if state == "sent" and attempted and arrived[str(message)]:
                delivered.add(str(about))
            elif not (state == "dropped" and needless):
                self.verdict.undelivered.append(
                    f"{kind} {message}: {state}, a successful attempt: {attempted}, mails: {arrived[str(message)]}"
                )
        self._rungs()
        self._each_notice(delivered, morning)

    def _each_notice(self, delivered: set[str], morning: bool) -> None:
        """By its own mail or by the morning's list. A notice that a worse one replaced may have been spared:
        the worse one is looked at for itself."""
        for notice, code, lane, replaced, listed in self.query(
            "SELECT n.id, n.case_code, n.lane, n.close_reason = 'superseded', ARRAY(SELECT d.about FROM"
            " notices_step s JOIN record_outboxmessage d ON d.id = s.message_id WHERE s.notice_id = n.id)"
            " FROM notices_notice n"
        ):
            reached = str(notice) in delivered or any(str(about) in delivered for about in listed)
            if not (reached or replaced or (lane not in INTERRUPTING and not morning)):
                self.verdict.undelivered.append(f"nobody was told of case {code}, {lane}")

    def _rungs(self) -> None:
        """Each rung that was sent owes exactly one message, and each message belongs to one rung."""
        for words, question in (
            (
                "messages that no rung owes",
                "SELECT count(*) FROM record_outboxmessage o WHERE kind = 'notice' AND state <> 'dropped' AND NOT EXISTS"
                " (SELECT FROM notices_step s WHERE s.message_id = o.id)",
            ),
            (
                "messages owed by two rungs",
                "SELECT count(*) FROM (SELECT FROM notices_step WHERE channel <> 'digest' AND message_id IS NOT NULL"
                " GROUP BY message_id HAVING count(*) > 1) two",
            ),
            (
                "days with two digest messages",
                "SELECT count(*) FROM (SELECT FROM record_outboxmessage WHERE kind = 'digest' AND state <> 'dropped'"
                " GROUP BY about HAVING count(*) > 1) two",
            ),
        ):
            if count := self.query(question)[0][0]:
                self.verdict.doubled.append(f"{count} {words}")

    def copies(self) -> None:
        """However often a mail came: one notice, one id, one case code; and no mail about nothing."""
        known = {
            str(message): (str(about), code)
            for message, about, code in self.query("SELECT id, about, case_code FROM record_outboxmessage")
        }
        case_of = dict(self.query("SELECT id::text, case_code FROM notices_notice"))
        for mail in self.mails:
            about, code = known.get(_message_id(mail), ("", ""))
            if mail["X-SOaR2-Notice"] != about:
                self.verdict.wrong.append(f"a mail about {mail['X-SOaR2-Notice']} that nobody owed")
            elif code and (case_of.get(about) != code or not mail["Subject"].endswith(f"case {code}")):
                self.verdict.wrong.append(f"a mail {mail['Subject']!r} about case {case_of.get(about)}")
            if PRIVATE.search(str(mail)):
                self.verdict.wrong.append(f"patient data in the mail about {about}")

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
    patient = NO_PATIENT if message.kind == "nameless" else "known"
    return Version(message.accession, message.status, message.lane, reported, patient)


def _message_id(mail) -> str:
    return mail["Message-ID"].strip("<>").partition("@")[0]
