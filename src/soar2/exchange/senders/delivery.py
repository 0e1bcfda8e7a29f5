"""What a sender is given: enough to reach a person, and nothing about a patient."""

from dataclasses import dataclass
from uuid import UUID

from soar2.record.models import Person


@dataclass(frozen=True)
class Delivery:
    """One message to one person. ``notice`` is the same in every copy; ``message`` names this delivery."""

    notice: UUID
    message: UUID
    kind: str  # notice, digest
    lane: str
    case_code: str
    words: str
    count: int
    person: Person
    phone: str
    address: str  # where the link leads: the programme's own address
