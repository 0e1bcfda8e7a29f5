"""Hundreds of messages of every type and quality, one after another through a real listener.

Each is stored as it came and answered as its class is owed, and the worker brings each to its end; none raises
and the listener stays up.
"""

import re
import sys
from pathlib import Path

import hl7
import pytest
from odd_messages import CLASSES, Odd

from soar2.exchange.mllp import END

SCRIPTS = Path(__file__).parents[2] / "scripts"
ENDS = re.compile(r"[\r\n]+")


def said(answer: bytes | None) -> tuple[str, str, str, str]:
    """MSA-1, MSA-2, the place in ERR and the condition of table 0357, in whatever delimiters and version."""
    assert answer is not None, "the connection was closed without an answer"
    text = answer.decode("utf-16-le" if b"\0" in answer else "utf-8", "replace")  # in the sender's own
    start = text.index("MSH")
    field, component = text[start + 3], (text[start + 4 : start + 5].strip() or "^")
    lines = {line[:3]: line.split(field) for line in ENDS.split(text[start:])}
    code, control = [*lines["MSA"], ""][1:3]
    if "ERR" not in lines:
        return code, control, "", ""
    error = [*lines["ERR"], "", "", ""]
    old = error[1].split(component)
    place = error[2].split(component) if not error[1] else old
    condition = (
        error[3].split(component)[0] if not error[1] else re.split(r"\W", [*old, "", "", "", ""][3])[0]
    )
    return code, control, "-".join(part for part in (place[0], [*place, "", ""][2]) if part), condition


def asked(line, odd: Odd) -> None:
    """Send it; every answer it is owed comes, in order, and for no other message."""
    line.write(b"\x0b" + odd.raw + END + b"\r")
    found = [said(line.answer()) for _ in odd.codes]
    assert tuple(code for code, *_ in found) == odd.codes, odd.name
    assert {control for _, control, *_ in found} <= {odd.control}, odd.name
    refused = [place for code, _, place, _ in found if code[1] != "A"]
    assert set(refused) <= {odd.where}, odd.name
    assert all(condition for code, _, _, condition in found if code[1] != "A"), odd.name


@pytest.mark.parametrize("sort", CLASSES)
def test_every_message_is_stored_answered_and_brought_to_its_end(database, listener, worker, wire, oru, sort):
    sent = list(CLASSES[sort]())
    with wire(listener.port, timeout=60) as line:
        for odd in sent:
            asked(line, odd)
        assert said(line.ask(oru("after")))[:2] == ("AA", "after")  # so no answer was left over
    assert [bytes(raw) for (raw,) in database.inbox("raw")] == [*(odd.raw for odd in sent), oru("after")]

    for _ in range(1 + len(sent) // 300):
        worker.work()
    ends = database.inbox("state, attempts, reason")
    wrong = {odd.name: end for odd, end in zip(sent, ends, strict=False) if end[0] != odd.state}
    assert wrong == {}
    assert {attempts for _, attempts, _ in ends} == {0}
    assert not [
        odd.name for odd, end in zip(sent, ends, strict=False) if odd.state != "applied" and not end[2]
    ]
    assert "Traceback" not in listener.log


def test_there_are_hundreds_and_of_every_kind():
    every = [odd for make in CLASSES.values() for odd in make()]
    assert len(every) > 700
    assert len({odd.raw for odd in every}) == len(every)
    assert {code for odd in every for code in odd.codes} == {"AA", "AE", "AR", "CA", "CE", "CR"}


@pytest.mark.parametrize("version", ["2.3", "2.8"])
def test_another_parser_reads_the_answers(listener, database, wire, version):
    """What is answered to a content fault is itself HL7, by an independent reader's measure."""
    odd = next(one for one in CLASSES["packed"]() if one.name.endswith(version))
    with wire(listener.port) as line:
        answer = hl7.parse(line.ask(odd.raw.replace(b"900001", b"")).decode())
    assert str(answer.segment("MSA")[1]) == "AE"
    assert str(answer.segment("MSH")[12]) == version
    assert "PID" in str(answer.segment("ERR"))


def test_the_reference_page_names_every_class_of_answer(monkeypatch):
    """docs/reference/hl7-answers.md is what interface teams are given; see `scripts/reference/answers.py`."""
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    from reference import answers

    rows = [line.split(" | ") for line in answers.page().splitlines() if "| **A" in line]
    told = {(row[1].strip("*"), re.sub("OBR-(7|8|22)$", "OBR-time", row[3])) for row in rows}
    given = {
        (odd.codes[0], re.sub("OBR-(7|8|22)$", "OBR-time", odd.where))
        for sort in ("other types", "results", "faults", "refused")
        for odd in CLASSES[sort]()
        if odd.codes
    }
    assert given <= told
    assert told - given == {("AR", "")}  # larger than the limit: tests/exchange/test_bad_input_mllp.py
