"""Who sent a message and what it is: the few MSH fields the door needs before anything else is read."""

import re
from dataclasses import dataclass

from soar2.errors import Unreadable
from soar2.exchange.hl7v2.message import Message, Segment, parse_header

_NUMBER = re.compile(r"(?:\d{1,18}|-1)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Envelope:
    """MSH-3, 4, 7, 9, 10, 11, 12, 13; empty strings where a message does not say.

    Applications and facilities are the namespace (HD.1), else the universal id (HD.2).
    """

    sending_application: str = ""
    sending_facility: str = ""
    control_id: str = ""
    message_type: str = ""
    trigger: str = ""
    version: str = ""
    processing_id: str = ""
    timestamp: str = ""
    sequence: str = ""

    @property
    def sequence_number(self) -> int | None:
        """MSH-13 as a number; None when it is absent or none."""
        return int(self.sequence) if _NUMBER.match(self.sequence) else None

    @property
    def starts_link(self) -> bool:
        """Whether this is the message without content by which a sender starts its sequence numbers."""
        return self.sequence_number in (0, -1) and not self.message_type


def envelope(raw: bytes) -> Envelope:
    """The envelope of any bytes; never raises."""
    try:
        return envelope_of(parse_header(raw))
    except Unreadable:
        return Envelope()


def envelope_of(message: Message) -> Envelope:
    """The envelope of a message parsed before."""
    header = message.header
    return Envelope(
        sending_application=_authority(header, 3),
        sending_facility=_authority(header, 4),
        control_id=header.field(10).strip(),
        message_type=header.component(9, 1).upper(),
        trigger=header.component(9, 2).upper(),
        version=header.component(12, 1),
        processing_id=header.component(11, 1).upper(),
        timestamp=header.component(7, 1),
        sequence=header.component(13, 1),
    )


def _authority(header: Segment, number: int) -> str:
    return header.component(number, 1) or header.component(number, 2)
