"""Exams as the HL7 messages a radiology system would send: ORU^R01, version 2.5.1, in UTF-8. Pure."""

from datetime import datetime, timedelta

from soar2.demo.events import AUTHORITY, ZONE, Exam, Message
from soar2.demo.names import CLINICIANS, RADIOLOGISTS

APPLICATION = "DEMO-RIS"
FACILITY = "SYNTHETIC"
_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})


def message(exam: Exam, *, delay: int = 6) -> Message:
    """The message of one report, ``delay`` seconds after it was signed. Its control id follows from the exam, so
    that sending it again is recognised as the same."""
    at = exam.reported + timedelta(seconds=delay)
    control = f"{exam.accession}-{exam.status}{exam.reported.astimezone(ZONE):%m%d%H%M}"
    lines = [_msh(exam, at, control), *_pid(exam), _pv1(exam), _orc(exam), _obr(exam), *_obx(exam)]
    return Message(at, exam, control, "\r".join(lines).encode() + b"\r")


def moment(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y%m%d%H%M%S%z")


def escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _segment(name: str, fields: dict[int, str]) -> str:
    row = [fields.get(n, "") for n in range(1, max(fields) + 1)]
    return "|".join([name, *row])


def _msh(exam: Exam, at: datetime, control: str) -> str:
    rest = {
        2: APPLICATION, 3: FACILITY, 4: "SOAR2", 5: FACILITY, 6: moment(at), 8: "ORU^R01^ORU_R01", 9: control,
        10: "P", 11: "2.5.1", 17: "UNICODE UTF-8",
    }  # fmt: skip
    return _segment("MSH", {1: "^~\\&", **rest})


def _pid(exam: Exam) -> list[str]:
    if exam.kind == "no-patient":
        return []
    who = exam.who
    number = f"{who.mrn}^^^{AUTHORITY}^MR"
    name = f"{escaped(who.family)}^{escaped(who.given)}"
    return [_segment("PID", {1: "1", 3: number, 5: name, 7: f"{who.born:%Y%m%d}", 8: who.sex})]


def _pv1(exam: Exam) -> str:
    return _segment("PV1", {1: "1", 2: exam.patient_class, 3: escaped(exam.location)})


def _orc(exam: Exam) -> str:
    return _segment("ORC", {1: "RE", 3: f"{exam.accession}^{APPLICATION}", 12: _clinician(exam)})


def _clinician(exam: Exam) -> str:
    number, family, given = CLINICIANS[exam.clinician % len(CLINICIANS)]
    return f"{number}^{family}^{given}"


def _obr(exam: Exam) -> str:
    code = f"{exam.procedure.code}^{exam.procedure.name}^{exam.procedure.system}"
    number, family, given = RADIOLOGISTS[exam.radiologist % len(RADIOLOGISTS)]
    fields = {
        1: "1", 3: f"{exam.accession}^{APPLICATION}", 4: code, 7: moment(exam.start), 8: moment(exam.end),
        16: _clinician(exam), 22: moment(exam.reported), 24: "RAD", 25: exam.status,
        32: f"{number}&{family}&{given}",
    }  # fmt: skip
    return _segment("OBR", fields)


def _obx(exam: Exam) -> list[str]:
    """Most senders put one line in one OBX; some one formatted text in a single OBX. Both are sent here."""
    code = "18782-3^Radiology Study observation^LN"
    if exam.who.number % 7 == 3:
        text = "\\.br\\".join(escaped(line) for line in exam.text.splitlines())
        return [_segment("OBX", {1: "1", 2: "FT", 3: code, 5: text, 11: exam.status})]
    return [
        _segment("OBX", {1: str(n), 2: "TX", 3: code, 4: str(n), 5: escaped(line), 11: exam.status})
        for n, line in enumerate(exam.text.splitlines(), 1)
    ]
