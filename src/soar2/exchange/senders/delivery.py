"""What a sender is given: enough to reach a person, and nothing about a patient. And what it may raise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from soar2.errors import Undelivered

if TYPE_CHECKING:
    from datetime import datetime

    from soar2.record.models import Person  # the settings are checked before there are any models


@dataclass(frozen=True)
class Delivery:
    """One message to one person. ``notice`` is the same in every copy; ``message`` names this delivery.

    ``person`` is None only where a telephone service can ring the role's own number.
    """

    notice: UUID
    message: UUID
    kind: str  # notice, digest; finding and settled are about the system itself
    channel: str
    lane: str
    case_code: str
    words: str
    count: int
    role: str
    role_name: str
    phone: str  # of the role
    person: Person | None
    address: str  # where the link leads: the programme's own address
    created_at: datetime
    rung: int | None = None
    identity_unresolved: bool = False

    @property
    def link(self) -> str:
        """Where to read more, after signing in."""
        if self.kind == "notice":
            return f"{self.address}/notices/{self.case_code}/"
        if self.kind == "digest":
            return f"{self.address}/"
        return f"{self.address}/audit/" if self.role == "security-officer" else f"{self.address}/feeds/"


class Busy(Undelivered):
    """A passing fault of a service that says for how many seconds it wants to be left alone."""

    def __init__(self, reason: str, *, seconds: float):
        super().__init__(reason, permanent=False)
        self.seconds = seconds
