"""MLLP framing: ``0x0B`` message ``0x1C 0x0D``, as bytes arrive, whatever their cut.

Nothing is thrown away in silence: bytes outside a frame, a frame cut off and a message beyond the limit
are events like a whole message. Source: HL7 v2 transport specification, MLLP release 1.
"""

import re
from dataclasses import dataclass

START, END, CR = b"\x0b", b"\x1c", b"\x0d"
LIMIT = 16 * 1024 * 1024
HEAD = 64 * 1024
_NEXT_START = re.compile(rb"\x0b(?=(?:MSH|FHS|BHS)[^A-Za-z0-9])")


@dataclass(frozen=True, slots=True)
class Frame:
    """A whole message, without its frame bytes."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Noise:
    """Bytes that stood outside any frame (line ends alone are no noise)."""

    content: bytes


@dataclass(frozen=True, slots=True)
class Truncated:
    """A frame that never ended: a new one began, or the connection closed."""

    content: bytes


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A message beyond the limit: its first bytes (enough to answer it) and its whole size in bytes."""

    head: bytes
    size: int


Event = Frame | Noise | Truncated | TooLarge


def frame(content: bytes) -> bytes:
    """A message in its frame. Raises ValueError when it holds the end mark, which would cut it in two."""
    if END + CR in content:
        raise ValueError("a message with the MLLP end mark inside cannot be framed")
    return START + content + END + CR


class Framer:
    """Turns the bytes of one connection into events, in order. ``limit`` is the largest message in bytes."""

    def __init__(self, limit: int = LIMIT):
        self.limit = limit
        self._buffer = bytearray()
        self._inside = False
        self._noisy = False
        self._searched = 0
        self._head: bytes | None = None  # set while a message beyond the limit passes by
        self._passed = 0  # bytes of it already gone by

    @property
    def waiting(self) -> int:
        """How many bytes of an unfinished message have come; 0 between messages."""
        return self._passed + len(self._buffer) if self._inside else 0

    @property
    def held(self) -> int:
        """How many bytes of an unfinished message are kept in memory."""
        return len(self._buffer) + len(self._head or b"")

    @property
    def over_limit(self) -> bool:
        """Whether the message now arriving is already beyond the limit."""
        return self._head is not None

    def feed(self, data: bytes) -> list[Event]:
        """Take bytes as they came; give the events they complete."""
        if not self._buffer and not self._inside and _one_frame(data) and len(data) - 3 <= self.limit:
            self._noisy = False
            return [Frame(data[1:-2])]
        self._buffer += data
        events: list[Event] = []
        while self._step(events):
            pass
        self._shed()
        return events

    def close(self) -> list[Event]:
        """The connection ended: what was not finished."""
        rest, inside = bytes(self._buffer), self._inside
        head, size = self._head, self._passed + len(rest)
        self._buffer.clear()
        self._inside, self._noisy, self._head, self._passed, self._searched = False, False, None, 0, 0
        if head is not None:
            return [TooLarge(head, size)]
        return [Truncated(rest)] if inside else []

    def _step(self, events: list[Event]) -> bool:
        return self._take_message(events) if self._inside else self._find_start(events)

    def _find_start(self, events: list[Event]) -> bool:
        at = self._buffer.find(START)
        noise = bytes(self._buffer if at < 0 else self._buffer[:at])
        if noise.strip(b"\r\n") or (noise and self._noisy):
            events.append(Noise(noise))
            self._noisy = True  # until the next frame, line ends belong to it
        del self._buffer[: len(noise) + (at >= 0)]
        self._inside = at >= 0
        self._noisy = self._noisy and not self._inside
        self._searched = 0
        return at >= 0

    def _take_message(self, events: list[Event]) -> bool:
        at = self._end()
        if at < 0:
            return False
        with memoryview(self._buffer) as seen:
            content = bytes(seen[:at])  # one copy, not two, of what may be 16 MiB
        del self._buffer[: at + 1]
        if self._buffer[:1] == CR:
            del self._buffer[:1]
        self._finish(content, events)
        self._inside = False
        return bool(self._buffer)

    def _end(self) -> int:
        """Where the end mark stands, or -1.

        The mark inside a text (no line end, no new frame and not the last byte after it) is text: cutting a
        report there would lose what follows. As the last byte it ends the message at once, because
        some senders leave out the final CR and then wait for the answer.
        """
        at = self._buffer.find(END, self._searched)
        while at >= 0:
            if self._buffer[at + 1 : at + 2] in (b"", CR, b"\n", START):
                return at
            at = self._buffer.find(END, at + 1)
        self._searched = len(self._buffer)
        return -1

    def _finish(self, content: bytes, events: list[Event]) -> None:
        if self._head is not None:
            events.append(TooLarge(self._head, self._passed + len(content)))
            self._head, self._passed = None, 0
        elif len(content) > self.limit:
            events.append(TooLarge(content[:HEAD], len(content)))
        else:
            events.extend(_apart(content))

    def _shed(self) -> None:
        """Keep memory bounded while a message beyond the limit goes by."""
        if not self._inside or (self._head is None and len(self._buffer) <= self.limit):
            return
        if self._head is None:
            self._head = bytes(self._buffer[:HEAD])
        self._passed += len(self._buffer)
        self._buffer.clear()
        self._searched = 0


def _one_frame(data: bytes) -> bool:
    """Whether the bytes are one frame and nothing else, as they nearly always come."""
    return (
        data[:1] == START and data.find(END) == len(data) - 2 and data[-1:] == CR and data.rfind(START) == 0
    )


def _apart(content: bytes) -> list[Event]:
    """A frame in which another began: the first was cut off, unless its end mark stands before that."""
    if START not in content:
        return [Frame(content)]
    pieces = _NEXT_START.split(content)
    events: list[Event] = []
    for piece in pieces[:-1]:
        whole, mark, rest = piece.partition(END)
        events.append(Frame(whole) if mark else Truncated(piece))
        if rest.strip(b"\r\n"):
            events.append(Noise(rest))
    return [*events, Frame(pieces[-1])]
