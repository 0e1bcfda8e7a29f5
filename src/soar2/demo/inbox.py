"""A mail server that keeps what it is given: in a demonstration, the telephones of those on call.

It speaks real SMTP, so that what is shown is what was sent, and listens on this machine alone.
"""

import asyncio
import email.policy
import mailbox
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.utils import timezone

LOOPBACK = "127.0.0.1"
ARRIVED, FOR = "X-Demo-Arrived", "X-Demo-For"
LARGEST = 256 * 1024  # bytes; a notice has well under one thousand
NEWEST = 50
_LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True)
class Received:
    """One kept message. ``at`` is hospital time on arrival, ``path`` where its link leads on this host."""

    at: datetime
    to: str
    subject: str
    body: str
    path: str


class Keeper:
    """aiosmtpd's handler: any recipient is taken, each message becomes one file below ``home``/mail."""

    def __init__(self, home: Path, now: Callable[[], datetime]):
        self._box = mailbox.Maildir(Path(home) / "mail", create=True)
        self._now = now

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        arrived = await asyncio.to_thread(self._now)
        message = email.message_from_bytes(envelope.original_content or b"", policy=email.policy.SMTP)
        del message[ARRIVED], message[FOR]  # ours to say, not the sender's
        message[ARRIVED] = arrived.isoformat()
        message[FOR] = ", ".join(envelope.rcpt_tos)
        self._box.add(message.as_bytes())
        return "250 Kept"


async def serve(home: Path, port: int, now: Callable[[], datetime] = timezone.now) -> asyncio.Server:
    """Listen on the loopback ``port`` (0: any free one); the caller closes what is returned."""
    keeper = Keeper(home, now)
    loop = asyncio.get_running_loop()
    return await loop.create_server(
        lambda: SMTP(keeper, hostname="soar2-demo", data_size_limit=LARGEST, loop=loop), LOOPBACK, port
    )


def run_inbox(home: Path, port: int) -> int:
    """The process `soar2 demo-inbox`: keep mail until SIGTERM or Ctrl-C. Needs Django set up."""
    asyncio.run(_run(home, port))
    return 0


async def _run(home: Path, port: int) -> None:
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    server = await serve(home, port, _hospital_time)
    await done.wait()
    server.close()


def _hospital_time() -> datetime:
    """The demo clock's time; the machine's while the database cannot be asked: no mail is refused for it."""
    from django.db import DatabaseError, close_old_connections

    from soar2.record import clock

    try:
        close_old_connections()
        return clock.now()
    except DatabaseError:
        return timezone.now()


def received(home: Path, address: str, newest: int = NEWEST) -> list[Received]:
    """The newest kept messages, latest first. Only a link to ``address``, the product itself, leads on."""
    place = Path(home) / "mail"
    if not place.is_dir():
        return []
    box = mailbox.Maildir(place, create=False)
    parse = email.message_from_bytes
    messages = (parse(box.get_bytes(key), policy=email.policy.default) for key in box.iterkeys())
    return sorted((_shown(one, address) for one in messages), key=lambda one: one.at, reverse=True)[:newest]


def _shown(message: EmailMessage, address: str) -> Received:
    part = message.get_body(("plain",))
    body = "\n".join(part.get_content().splitlines()).strip() if part else ""
    found = _LINK.search(body)
    link = found.group().rstrip(".,") if found else ""
    inside = address and link.startswith(f"{address}/")
    return Received(
        at=_arrival(str(message.get(ARRIVED, ""))),
        to=str(message.get(FOR, "")),
        subject=str(message.get("Subject", "")),
        body=body,
        path=link[len(address) :] if inside else "",
    )


def _arrival(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
