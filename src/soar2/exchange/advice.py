"""What a held message should have said at the place that failed, and what to ask its sender. Pure.

One row a place. The words are for the interface desk and may be copied into a mail: no patient data.
"""

import re
from dataclasses import dataclass

_PLACE = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[\d+])?(?:-(\d+))?")


@dataclass(frozen=True, slots=True)
class Advice:
    """``expected`` and ``ask`` are a sentence each; ``mapping`` says how a mapping may mend it, else empty."""

    expected: str
    ask: str
    mapping: str = ""


_TIME = Advice(
    "A time as HL7 writes it, YYYYMMDDHHMMSS with its offset, such as 20260310140500-0400.",
    "Please send this time as YYYYMMDDHHMMSS with the offset from UTC.",
)
_WHOLE = Advice(
    "One whole ORU^R01 message in one frame, from MSH to its last OBX.",
    "Please send each message whole and in a frame of its own.",
)
_ADVICE = {
    "": _WHOLE,
    "MSH": Advice(
        "MSH with its delimiters as the first segment, and no second MSH behind it.",
        "Please send one message a frame, beginning with MSH|^~\\&|.",
    ),
    "MSH-2": Advice("Four different delimiters, as a rule ^~\\&.", "Please send ^~\\& in MSH-2."),
    "MSH-3": Advice(
        "A sending application that one of the feeds names.",
        "Please tell us which system sends these messages.",
        "A mapping can count this sender as one of a feed's.",
    ),
    "MSH-9": Advice(
        "ORU^R01; results are all that is read here.", "Please route only ORU^R01 results to this listener."
    ),
    "MSH-10": Advice(
        "A control id of its own for each message.",
        "Please give each message its own MSH-10, and resend with the same one only what is unchanged.",
    ),
    "MSH-11": Advice(
        "P, for a patient who exists.", "Please send training and test messages to our test system."
    ),
    "MSH-12": Advice("A version from 2.1 to 2.9.", "Please send HL7 version 2.3 to 2.8 and say so in MSH-12."),
    "PID": Advice("A PID segment before the OBR.", "Please send the PID segment with each result."),
    "PID-3": Advice(
        "One record number with its issuer in the fourth component, and the issuer one that this feed trusts.",
        "Please send the medical record number in PID-3 with its issuer in PID-3.4 and the type MR.",
        "A mapping can trust another issuer, or say whose the numbers without an issuer are.",
    ),
    "PID-5": Advice(
        "The name of the patient to whom the number belongs.",
        "Please check whether the number in PID-3 and the name in PID-5 belong to one person.",
    ),
    "PID-7": Advice(
        "The birth date of the patient to whom the number belongs.",
        "Please check whether the number in PID-3 and the birth date in PID-7 belong to one person.",
    ),
    "OBR": Advice("An OBR segment for each report.", "Please send the OBR segment of the exam with each result."),
    "OBR-3": Advice(
        "The accession number of the exam.",
        "Please tell us in which field you send the accession number; we expect OBR-3.",
        "A mapping can say in which field the accession number stands.",
    ),
    "OBR-4": Advice(
        "A procedure that the feed counts as spine imaging.",
        "Please send us the list of your procedure codes for imaging of the spine.",
        "A mapping can count more codes as spine procedures.",
    ),
    "OBR-7": _TIME,
    "OBR-8": _TIME,
    "OBR-22": _TIME,
    "OBR-25": Advice(
        "A result status of HL7 table 0123: P, R or M preliminary; F final; C corrected; A addended; X, W or D "
        "withdrawn; O, I or S no report yet.",
        "Please send the result status of HL7 table 0123 in OBR-25, or tell us what your word stands for.",
        "A mapping can say which status the sender's word means.",
    ),
    "OBX": Advice("The report's text in OBX segments.", "Please send the text of the report in OBX-5."),
    "OBX-5": Advice(
        "The report's words as text. A scanned page or a PDF is opened by a person.",
        "Please send the report as text (OBX-2 TX or FT) beside or instead of the document.",
        "A mapping can say which value types carry the report's words.",
    ),
    "DSC": Advice(
        "A message that is whole, without a continuation pointer.",
        "Please send long reports in one message; up to 16 MiB are taken.",
    ),
}  # fmt: skip
_FHIR = Advice(
    "What FHIR R4 asks for at this place.",
    "Please correct this element; the answer we sent names what is wrong with it.",
)


_BY_REASON = (  # what the words of a fault say more exactly than its place
    ("another date of birth", "PID-7"),
    ("of another name", "PID-5"),
    ("has no text", "OBX-5"),
    ("is a document", "OBX-5"),
    ("no accession number", "OBR-3"),
)


def advice(where: str, reason: str = "") -> Advice:
    """The advice for a place (``OBR[2]-25``, ``PID-3.4``); for the segment where the field has none."""
    where = next((place for words, place in _BY_REASON if words in reason), where)
    found = _PLACE.match(where)
    if not found:
        return _FHIR if where else _WHOLE
    name, field = found.groups()
    return _ADVICE.get(f"{name}-{field}") or _ADVICE.get(name) or _WHOLE
