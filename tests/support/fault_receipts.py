"""After the faults: what mail server and pager were given, beside what the system owed and says that it sent.

A message may come more than once, which is the price of its never being lost; each copy must be the same. What
was not received does not count as delivered, whatever the database says.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fault_audit import PRIVATE, Verdict

INTERRUPTING = ("emergent", "urgent", "expedited")  # in working hours each of them sends a mail at once


@dataclass(frozen=True)
class Copy:
    """One copy of one delivery as it was received. ``message`` is its own id, the same in each copy."""

    message: str
    about: str  # the notice, or the day's list
    case: str
    words: str
    channel: str
    private: bool  # whether anything in it names a patient


def copies_of(mails: Iterable, pages: Iterable[tuple[str, dict]]) -> list[Copy]:
    """What was received: whole mails, and whole pages whose signature was right."""
    found = []
    for mail in mails:
        subject = str(mail["Subject"])
        case = subject.partition(", case ")[2]
        message = mail["Message-ID"].strip("<>").partition("@")[0]
        found.append(
            Copy(
                message,
                mail["X-SOaR2-Notice"],
                case,
                f"{subject}\n{mail.get_payload()}",
                "email",
                _private(mail),
            )
        )
    for message, page in pages:
        data = page["data"]
        words = f"{page['type']} {data['words']} {data['link']}"
        found.append(Copy(message, data["notice"], data["case"], words, data["channel"], _private(page)))
    return found


def _private(whole: object) -> bool:
    return PRIVATE.search(str(whole)) is not None


class Receipts:
    """Compares once; adds to ``verdict``. ``query`` asks the database, which is only read."""

    def __init__(self, query: Callable, copies: list[Copy], verdict: Verdict):
        self.query, self.copies, self.verdict = query, copies, verdict
        self.arrived = Counter(copy.message for copy in copies)

    def run(self) -> None:
        self.deliveries()
        self.notices()
        self.rungs()
        self.each_copy()

    def deliveries(self) -> None:
        """What is owed was received, recorded as sent and tried with success; or is dropped because its notice
        was closed. A message that failed is only right where its rung went another way, and a cut line is no
        reason for a lasting failure."""
        for message, kind, state, attempted, needless in self.query(
            "SELECT o.id, o.kind, o.state, EXISTS (SELECT FROM record_deliveryattempt a WHERE a.message_id = o.id"
            " AND a.outcome = 'sent'), n.closed_at IS NOT NULL FROM record_outboxmessage o LEFT JOIN"
            " notices_notice n ON n.id = o.about"
        ):
            came = self.arrived[str(message)]
            if not (state == "sent" and attempted and came) and not (state == "dropped" and needless):
                self.verdict.undelivered.append(
                    f"{kind} {message}: {state}, a successful attempt: {attempted}, copies that came: {came}"
                )

    def notices(self) -> None:
        """Each was received, by its own mail or page or by the morning's list. A notice that a worse one replaced
        may have been spared: the worse one is looked at for itself."""
        told = {copy.about for copy in self.copies}
        paged = {copy.about for copy in self.copies if copy.channel == "page"}
        for notice, code, lane, replaced, listed in self.query(
            "SELECT n.id, n.case_code, n.lane, n.close_reason = 'superseded', ARRAY(SELECT d.about FROM"
            " notices_step s JOIN record_outboxmessage d ON d.id = s.message_id WHERE s.notice_id = n.id)"
            " FROM notices_notice n"
        ):
            own, by_list = str(notice) in told, any(str(about) in told for about in listed)
            if not (own or replaced or (by_list and lane not in INTERRUPTING)):
                self.verdict.undelivered.append(f"nobody was told of case {code}, {lane}")
            if lane == "emergent" and not replaced and str(notice) not in paged:
                self.verdict.undelivered.append(f"nobody was paged about case {code}")

    def rungs(self) -> None:
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

    def each_copy(self) -> None:
        """However often a delivery came: one id, one notice, one case code, the same words; and none about nothing."""
        known = {
            str(message): (str(about), code)
            for message, about, code in self.query("SELECT id, about, case_code FROM record_outboxmessage")
        }
        case_of = dict(self.query("SELECT id::text, case_code FROM notices_notice"))
        told = defaultdict(set)
        for copy in self.copies:
            if copy.case:  # the number on a day's list grows while it is owed
                told[copy.message].add(copy.words)
            about, code = known.get(copy.message, ("", ""))
            if copy.about != about:
                self.verdict.wrong.append(f"a copy about {copy.about} that nobody owed")
            elif code and not code == copy.case == case_of.get(about):
                self.verdict.wrong.append(f"a copy with case {copy.case!r} about case {case_of.get(about)}")
            if copy.private:
                self.verdict.wrong.append(f"patient data in what was sent about {copy.about}")
        self.verdict.wrong += [
            f"copies of {one} differ in their words" for one, words in told.items() if len(words) > 1
        ]
