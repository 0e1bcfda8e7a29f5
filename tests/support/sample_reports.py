"""Synthetic HL7 messages made to measure. Nobody in them exists."""

from datetime import datetime, timedelta

MACRO = {
    "emergent": "Level T11 | ESCC 3 | Cord signal new | Lesion lytic | Alignment normal | Collapse <50% | Posterolateral unilateral | Status new",
    "urgent": "Level T8 | ESCC 1c | Cord signal normal | Lesion lytic | Alignment normal | Collapse >50% | Posterolateral bilateral | Status progressed",
    "expedited": "Level T5 | ESCC 1b | Cord signal normal | Lesion mixed | Alignment normal | Collapse none | Posterolateral none | Status new",
    "routine": "Level T6 | ESCC 0 | Cord signal normal | Lesion blastic | Alignment normal | Collapse none | Posterolateral none | Status new",
}


def macro(*lines):
    """A whole macro text with these level lines (or lanes by name)."""
    levels = "\n".join(MACRO.get(line, line) for line in lines)
    return (
        "SPINE ONCOLOGY MACRO\nNumbering: 7 cervical, 12 rib-bearing, 5 lumbar. Conus: L1.\n"
        f"{levels}\nOther levels: no epidural disease."
    )


def oru(
    text,
    *,
    n=1,
    mrn=None,
    accession=None,
    control=None,
    status="F",
    name="TEST^PATIENT",
    born="19600101",
    exam="20260310124000-0400",
    reported="20260310140500-0400",
    procedure="30855-1^MR Cervical and thoracic and lumbar spine^LN",
    application="DEMO-RIS",
):
    """One ORU^R01 2.5.1 as bytes, CR between segments; ``mrn=''`` leaves PID-3 empty."""
    number = f"T{n:06d}" if mrn is None else mrn
    pid3 = f"{number}^^^DEMO^MR" if number else ""
    segments = [
        f"MSH|^~\\&|{application}|DEMO|SOAR2|DEMO|20260310140501-0400||ORU^R01^ORU_R01|{control or f'C{n:06d}'}|P|2.5.1||||||UNICODE UTF-8",
        f"PID|1||{pid3}||{name}||{born}|F",
        f"OBR|1|P{n}|{accession or f'A{n:06d}'}|{procedure}|||{exam}|{exam}||||||||1234^REFERRER^A||||||{reported}||RAD|{status}",
    ]
    segments += [f"OBX|{i}|TX|GDT^Report||{line}||||||{status}" for i, line in enumerate(text.split("\n"), 1)]
    return ("\r".join(segments) + "\r").encode()


def at(text):
    """A moment in New York in March 2026: '10 14:05' is Tuesday the tenth, five past two."""
    from zoneinfo import ZoneInfo

    day, clock = text.split()
    hour, minute = (int(part) for part in clock.split(":"))
    return datetime(2026, 3, int(day), hour, minute, tzinfo=ZoneInfo("America/New_York"))


def minutes(number):
    return timedelta(minutes=number)
