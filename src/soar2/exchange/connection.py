"""One sender's connection to the MLLP door: bytes become arrivals, answers leave in order of arrival."""

import asyncio
import logging
import socket
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol, TypedDict, TypeGuard

from soar2.exchange.arrival import AnswerIds, Arrival, FeedOf, broken, leftover, received, too_large
from soar2.exchange.mllp import CR, END, LIMIT, START, Event, Frame, Framer, Noise, TooLarge, Truncated

log = logging.getLogger("soar2.listen")

NOISE_KEPT = 64 * 1024  # bytes outside frames in one row; more of them end the connection
NOISE = "Bytes came outside an MLLP frame: the sender does not frame its messages, or a frame was damaged."
UNFINISHED = "A frame was begun and not finished; a sender that got no answer sends the message again."
LARGE = 256 * 1024  # bytes; reading more than this would keep other senders waiting


@dataclass(frozen=True)
class Limits:
    """What the door takes and how long it waits (bytes, seconds, counts)."""

    max_bytes: int = LIMIT
    frame_seconds: float = 60.0  # from the first byte of a frame to its last
    unanswered: int = 64  # messages of one connection; then it is not read until answers have left
    connections: int = 500
    group: int = 256  # messages in one commit
    group_bytes: int = 8 * 1024 * 1024
    waiting_bytes: int = 64 * 1024 * 1024  # of all connections; then none is read
    unfinished_bytes: int = 256 * 1024 * 1024  # of all unfinished frames; then the largest is ended
    patience: float = 10.0  # how long a message waits for a database that is away
    drain_seconds: float = 6.0
    beat_seconds: float = 5.0


class _Given(TypedDict):
    peer: str
    now: datetime
    answer_id: str


class Door(Protocol):
    """What a connection needs of the listener behind it."""

    limits: Limits
    answer_ids: AnswerIds
    production: bool
    feed_of: FeedOf | None

    @property
    def full(self) -> bool: ...

    def joined(self, connection: "Connection", transport: asyncio.BaseTransport) -> bool: ...

    def left(self, connection: "Connection") -> None: ...

    def arrived(self, connection: "Connection", arrival: Arrival) -> None: ...

    def arrived_large(self, connection: "Connection", read: Callable[[], Arrival], size: int) -> None: ...

    def begun(self, more: int) -> None: ...


class Connection(asyncio.Protocol):
    """Reads one sender. It is not read while too many of its messages, or too many bytes in all, wait.

    A large message travels alone: it is taken up when everything before it is answered, and what came after
    it waits until it is answered itself. So answers keep the order of the messages.
    """

    def __init__(self, door: Door):
        self._door = door
        self._framer = Framer(door.limits.max_bytes)
        self._noise = bytearray()
        self._begun: float | None = None  # loop time at which the unfinished frame, or the noise, began
        self._behind: deque[Event] = deque()  # a large message that waits its turn, and what came after it
        self._large = False  # a large message is under way
        self._unanswered = 0
        self._ending = False  # nothing more is read; closes when all is answered
        self._reading = True
        self._blocked = False  # the sender does not take its answers
        self._tls = False
        self.held = 0  # bytes of its unfinished frame in memory
        self.messages = 0
        self.peer = ""

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._loop = asyncio.get_running_loop()
        host, port, *_ = transport.get_extra_info("peername") or ("?", 0)
        self.peer = f"{host}:{port}"
        self._tls = transport.get_extra_info("sslcontext") is not None
        _settle(transport.get_extra_info("socket"))
        if not self._door.joined(self, transport):
            self._ending = True
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        if self._ending:
            return
        before = self.messages
        for event in self._framer.feed(data):
            self._take(event)
        self._keep_time(anew=self.messages > before)
        self._count_held()
        if len(self._noise) >= NOISE_KEPT:
            self.end("too many bytes outside frames")
        self.pace()

    def eof_received(self) -> bool:
        """The sender will say no more; it may still wait for answers, so the way back stays open.

        TLS has no such half-way state: there the sender gets no answer and sends again.
        """
        self.end("")
        return not self._tls and not self._transport.is_closing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._finish()
        self._door.left(self)
        if self.messages:
            log.info("closed peer=%s messages=%d unanswered=%d", self.peer, self.messages, self._unanswered)

    def pause_writing(self) -> None:
        self._blocked = True
        self.pace()

    def resume_writing(self) -> None:
        self._blocked = False
        self.pace()

    # What the listener calls

    def answered(self, answers: Sequence[bytes | None]) -> None:
        """Send what is committed. None ends the connection; ``Listener`` says why there is no answer then."""
        self._unanswered -= len(answers)
        self._large = False
        known = answers[: answers.index(None)] if None in answers else answers
        if not self._transport.is_closing():
            self._transport.write(b"".join([START + answer + END + CR for answer in known if answer]))
            if len(known) < len(answers):
                self._ending = True
                self._behind.clear()
                self._transport.close()
        if self._behind:
            self._go_on()
        self.pace()

    def check_time(self, now: float) -> None:
        """Close on a sender that leaves a frame unfinished: it holds memory, its message is not coming."""
        if self._begun is not None and self._reading and now - self._begun > self._door.limits.frame_seconds:
            self.end("a frame was not finished in time")

    def end(self, why: str) -> None:
        """Read nothing more, keep what is there, and close as soon as everything is answered."""
        if self._ending:
            return
        if why:
            log.warning("ending peer=%s reason=%s", self.peer, why)
        self._finish()
        self.pace()

    def abort(self) -> None:
        self._transport.abort()

    def pace(self) -> None:
        """Read or do not read; close when there is nothing left to say."""
        if self._transport.is_closing():
            return
        if self._ending and self._unanswered == 0 and not self._behind:
            self._transport.close()
            return
        limit = self._door.limits.unanswered // (1 if self._reading else 2)
        busy = self._ending or self._blocked or self._large or bool(self._behind) or self._door.full
        wanted = not busy and self._unanswered < limit
        if wanted and not self._reading:
            self._transport.resume_reading()
            self._begun = self._begun and self._loop.time()  # the pause was ours, not the sender's
        elif self._reading and not wanted:
            self._transport.pause_reading()
        self._reading = wanted

    # Inside

    def _finish(self) -> None:
        if not self._ending:
            self._ending = True
            self._begun = None
            for event in self._framer.close():
                self._take(event)
            self._take(Noise(b""))
            self._count_held()

    def _take(self, event: Event) -> None:
        if self._behind or self._large or (self._unanswered and _is_large(event)):
            self._behind.append(event)
        else:
            self._pass_on(event)

    def _go_on(self) -> None:
        """Take up what waited behind a large message, up to the next one."""
        while self._behind and not self._large and not (self._unanswered and _is_large(self._behind[0])):
            self._pass_on(self._behind.popleft())

    def _pass_on(self, event: Event) -> None:
        match event:
            case Noise(content) if content:
                self._noise += content
                return
            case Truncated(b""):
                return
        if self._noise:
            self._hand_over(leftover(bytes(self._noise), NOISE, peer=self.peer))
            self._noise.clear()
        if isinstance(event, Noise):  # the end of all noise
            return
        self.messages += 1
        read = self._read_of(event)
        if _is_large(event):
            self._large = True
            self._unanswered += 1
            self._door.arrived_large(self, read, len(event.content))
        else:
            self._hand_over(read())

    def _hand_over(self, arrival: Arrival) -> None:
        self._unanswered += 1
        self._door.arrived(self, arrival)

    def _read_of(self, event: Frame | TooLarge | Truncated) -> Callable[[], Arrival]:
        """What makes the arrival of an event; for another thread, if need be."""
        if isinstance(event, Truncated):
            return partial(leftover, event.content, UNFINISHED, peer=self.peer)
        now, answer_id = datetime.now(UTC), self._door.answer_ids.next()
        if isinstance(event, Frame):
            return partial(self._received, event.content, now, answer_id)
        limit = self._framer.limit
        return partial(
            too_large, event.head, event.size, limit=limit, peer=self.peer, now=now, answer_id=answer_id
        )

    def _received(self, raw: bytes, now: datetime, answer_id: str) -> Arrival:
        door, given = self._door, _Given(peer=self.peer, now=now, answer_id=answer_id)
        try:
            return received(raw, production=door.production, feed_of=door.feed_of, **given)
        except Exception as fault:  # a bug of ours must neither lose the message nor stop the ones behind it
            # Where it happened and no more: the words of an error may quote what a message says.
            place = traceback.extract_tb(fault.__traceback__)[-1]
            log.error(
                "a message broke the listener: %s at %s:%s", type(fault).__name__, place.name, place.lineno
            )
            return broken(raw, fault, **given)

    def _keep_time(self, *, anew: bool) -> None:
        if not (self._framer.waiting or self._noise):
            self._begun = None
        elif anew or self._begun is None:
            self._begun = self._loop.time()

    def _count_held(self) -> None:
        before, self.held = self.held, self._framer.held
        if before != self.held:
            self._door.begun(self.held - before)


def _is_large(event: Event) -> TypeGuard[Frame | Truncated]:
    return isinstance(event, Frame | Truncated) and len(event.content) > LARGE


def _settle(link: socket.socket | None) -> None:
    """Answers leave at once; a sender whose machine vanished is noticed within minutes."""
    if link is None or link.family == socket.AF_UNIX:
        return
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", 60),
        ("TCP_KEEPINTVL", 15),
        ("TCP_KEEPCNT", 4),
        ("TCP_USER_TIMEOUT", 120_000),
    ):
        if hasattr(socket, option):
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
