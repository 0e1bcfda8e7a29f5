"""From a final report to the first attempt to deliver its notice: the whole system, as a hospital runs it.

Emergent macro reports, each of another patient, arrive by MLLP on a fixed schedule; listener, worker, web and
watcher run; the mail server is a real one. The time of a report runs from the moment it was due to be sent until
the mail server has the notice in its hands.
"""

import time
from collections import Counter

import sample

SECTION, WHO = "delivery", "the whole system"
RATE, CONNECTIONS = 50, 8
CASE = f"open loop, {RATE}/s"
PATIENCE = 30  # seconds in which nothing at all is delivered; what is still owed then counts as lost
NOTICES = """
    SELECT report.accession, notice.id::text,
           (SELECT count(*) FROM record_outboxmessage AS owed JOIN record_deliveryattempt AS attempt
            ON attempt.message_id = owed.id WHERE owed.about = notice.id)
    FROM notices_noticereport AS report JOIN notices_notice AS notice ON notice.id = report.notice_id
    WHERE report.accession LIKE %s"""


def measure(place, load, book, plan):
    """All runs one after another in the same processes; there is no peer, only the goal."""
    log = place.directory / "mails"
    log.touch()
    place.peer("mailbox.py", "--log", str(log), port=place.ports["mail"])
    for part in ("listen", "work", "web", "watch"):
        place.part(part)
    place.wait_for(place.ports["mllp"], "the listener")
    place.wait_for(place.ports["web"], "the web process")
    _run(place, load, log, seconds=1, warm=1)  # not counted
    for number in range(1, plan.runs + 1):
        place.query("CHECKPOINT")
        book.add(
            SECTION, CASE, WHO, number, _run(place, load, log, seconds=plan.open_seconds, warm=plan.warm)
        )
    for figure, bound in (("p50_ms", 200), ("p99_ms", 1000)):
        name = f"final report to first delivery attempt at {RATE}/s, {figure[:3]}, ms"
        book.goal(name, list(book.values(SECTION, CASE, WHO, figure).values()), bound, at_least=False)


def _run(place, load, log, *, seconds, warm):
    sent_log = place.directory / "sent"
    begin = log.stat().st_size
    options = {"connections": CONNECTIONS, "rate": RATE, "seconds": seconds, "warm": warm, "log": sent_log}
    client = load.run(place.ports["mllp"], sample.oru(), **options)
    sent = {words[0]: words[1:] for words in map(str.split, sent_log.read_text().splitlines())}
    notices, mails = _settled(place, log, begin, client)
    arrived = {}
    for at, notice, _ in mails:
        arrived.setdefault(notice, float(at))
    waits, after_answer, undelivered = [], [], 0
    for number, (due, answered, counts) in sent.items():
        at = arrived.get(notices.get(number, ("", 0))[0])
        if at is None:
            undelivered += 1
        elif counts == "1":
            waits.append(1000 * (at - float(due)))
            after_answer.append(1000 * (at - float(answered)))
    return {
        "rate": len(waits) / seconds,
        **_shares(waits),
        "after_answer_p50_ms": _shares(after_answer)["p50_ms"],
        "after_answer_p99_ms": _shares(after_answer)["p99_ms"],
        "acknowledged": client["acknowledged"],
        "rows": sum(attempts > 0 for _, attempts in notices.values()),
        "lost": client["lost"] + undelivered,
        "wrong": client["wrong"],
        "out_of_order": client["out_of_order"],
        "mails": len(mails),
        "mails_sent_twice": sum(n - 1 for n in Counter(message for _, _, message in mails).values()),
        "fault": client["fault"]
        or (undelivered and f"{undelivered} without a mail after {PATIENCE} s in which nothing came")
        or "",
        "prefix": client["prefix"],
    }


def _settled(place, log, begin, client):
    """Wait while deliveries go on: late is not lost. The notices, with their attempts, and the mails by then."""
    before, last_progress = -1, time.monotonic()
    while True:
        rows = place.query(NOTICES, client["prefix"] + "%")
        done = sum(attempts > 0 for *_, attempts in rows)
        if done > before:
            before, last_progress = done, time.monotonic()
        if done >= client["acknowledged"] or time.monotonic() - last_progress > PATIENCE:
            with log.open() as lines:
                lines.seek(begin)
                return {accession: rest for accession, *rest in rows}, [line.split() for line in lines]
        time.sleep(0.5)


def _shares(times):
    ordered = sorted(times)
    if not ordered:
        return {"p50_ms": 0.0, "p99_ms": 0.0, "max_ms": 0.0}
    last = len(ordered) - 1
    return {
        name: round(ordered[round(part * last)], 2)
        for name, part in (("p50_ms", 0.5), ("p99_ms", 0.99), ("max_ms", 1))
    }
