"""What one HL7 result says, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from soar2.exchange.hl7v2.charsets import Note
from soar2.exchange.hl7v2.times import Moment


@dataclass(frozen=True, slots=True)
class Identifier:
    """One PID-3 repetition: who issued the number (CX.4), the number (CX.1), its kind (CX.5, such as MR)."""

    authority: str
    value: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong that did not stop the reading; ``words`` is a sentence without patient data."""

    where: str
    words: str


@dataclass(frozen=True, slots=True)
class Patient:
    """Who the message says the patient is.

    ``identifiers`` are those the feed trusts, empty when identity is at fault; ``stated`` are all that
    were sent. ``number`` is the one issued by the feed's authority.
    """

    identifiers: tuple[Identifier, ...] = ()
    stated: tuple[Identifier, ...] = ()
    number: Identifier | None = None
    family: str = ""
    given: str = ""
    birth_date: date | None = None
    sex: str = ""


@dataclass(frozen=True, slots=True)
class Procedure:
    """OBR-4: the hospital's own code and, in the alternate triplet, often a LOINC one."""

    code: str = ""
    name: str = ""
    system: str = ""
    alternate_code: str = ""
    alternate_name: str = ""
    alternate_system: str = ""


@dataclass(frozen=True, slots=True)
class Practitioner:
    """A clinician as the message names one; any part may be empty."""

    id: str = ""
    family: str = ""
    given: str = ""

    @property
    def name(self) -> str:
        """Given and family name, else the identifier."""
        return " ".join(part for part in (self.given, self.family) if part) or self.id


@dataclass(frozen=True, slots=True)
class TextSource:
    """Which stretch of the report text (characters) came from which place; ``code`` is OBX-3.1 there."""

    start: int
    end: int
    where: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A document that is not text (OBX of type ED or RP): a person has to open it."""

    where: str
    type: str
    media: str = ""


@dataclass(frozen=True, slots=True)
class ImagingResult:
    """One OBR with its patient and its text.

    ``identity_fault`` is a sentence when patient or exam cannot be told; the text is still there, so that an
    urgent finding is not lost with the identity. ``exam_end`` is OBR-8, else OBR-7 and then
    ``exam_time_is_start`` is True; it is None when neither can be read, and never taken from MSH-7.
    ``status`` is the code of OBR-25 (HL7 table 0123) after OBX-11 was heard, ``standing`` its plain word:
    pending (ordered, no report yet), preliminary, final, corrected, addended or wrong. ``text_at`` names
    the accession whose result holds the text when several orders share one report; it is empty otherwise.
    """

    where: str
    patient: Patient
    identity_fault: str
    accession: str
    placer_number: str
    study_uid: str
    procedure: Procedure
    status: str
    standing: str
    text: str
    exam_start: datetime | None = None
    exam_end: datetime | None = None
    exam_time_is_start: bool = False
    reported_at: datetime | None = None
    sent_at: datetime | None = None
    moments: Mapping[str, Moment] = field(default_factory=lambda: MappingProxyType({}))
    sources: tuple[TextSource, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    text_at: str = ""
    author: Practitioner = Practitioner()
    ordering: Practitioner = Practitioner()
    location: str = ""
    patient_class: str = ""
    visit_number: str = ""
    reason: str = ""
    clinical_information: str = ""
    control_id: str = ""
    sequence: int | None = None
    sending_application: str = ""
    sending_facility: str = ""
    faults: tuple[Fault, ...] = ()
    notes: tuple[Note, ...] = ()
