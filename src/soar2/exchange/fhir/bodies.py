"""Reads request bodies: within a limit, within a time that grows with what has come, and within a common budget.

A sender that stops in the middle of a body holds a few kilobytes of this process until its time is up, and no
thread; the server's asynchronous interface (RSGI) is used for that. Its WSGI stream can only be waited for
without end, by a thread that meanwhile may drive the connections of everybody.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable
from typing import Protocol

from soar2.exchange.fhir.http import Environ, NotTaken

AT_ONCE = 1 << 16  # bytes of a body that are asked for in one piece and not counted
BUDGET = 256 << 20  # bytes of larger bodies that are held at a time, from their first byte to their answer
SECONDS = 15.0  # for any body, and one more for each
BYTES_A_SECOND = 256 << 10  # that have come


class Source(Protocol):
    """The body of a request as an RSGI server gives it: whole, or piece by piece. One of them, once."""

    def __call__(self) -> Awaitable[bytes]: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...


class Held:
    """What one request holds of the budget, given back at the end of its ``with``."""

    __slots__ = ("_bodies", "size")

    def __init__(self, bodies: "Bodies"):
        self._bodies = bodies
        self.size = 0

    def __enter__(self) -> "Held":
        return self

    def __exit__(self, *_: object) -> None:
        self._bodies.given_back(self.size)


class Bodies:
    """All bodies of one process. Used by one event loop."""

    def __init__(
        self, budget: int = BUDGET, seconds: float = SECONDS, bytes_a_second: float = BYTES_A_SECOND
    ):
        self._left = budget
        self._seconds = seconds
        self._rate = bytes_a_second

    def room(self) -> Held:
        """Room for one body: ``with bodies.room() as held``."""
        return Held(self)

    def given_back(self, size: int) -> None:
        """So many bytes of the budget are free again."""
        self._left += size

    async def read(self, environ: Environ, source: Source, limit: int, held: Held) -> bytes:
        """The body as it came. Raises ``NotTaken``: 408 when it ends early or too late, 413, or 503 without
        room."""
        length = _length(environ)
        if length is not None and length > limit:
            raise too_large(limit)
        if length == 0 or (length is None and "HTTP_TRANSFER_ENCODING" not in environ):
            return b""
        try:
            async with asyncio.timeout(self._seconds) as patience:
                if length is not None and length <= AT_ONCE:
                    body = bytes(await source())
                else:
                    body = await self._pieces(source, length, limit, held, patience)
        except TimeoutError:
            raise NotTaken(408, "timeout", "The body did not come in time.") from None
        except RuntimeError:  # the server's, when the connection ends or the chunks make no sense
            raise _SHORT from None
        if length is not None and len(body) < length:
            raise _SHORT
        return body

    async def _pieces(
        self, source: Source, length: int | None, limit: int, held: Held, patience: asyncio.Timeout
    ) -> bytes:
        began, size, empty = asyncio.get_running_loop().time(), 0, 0
        pieces: list[bytes] = []
        async for piece in source:
            pieces.append(piece)
            size += len(piece)
            empty += not piece
            if size > limit:
                raise too_large(limit)
            self._take(held, len(piece))
            if size == length:
                break  # asking for more would wait for the sender
            patience.reschedule(began + self._seconds + size / self._rate)
        if empty > 1:  # granian 2.8 ends with one empty piece, and puts one more where the body broke off
            raise _SHORT
        return b"".join(pieces)

    def _take(self, held: Held, more: int) -> None:
        if more > self._left:
            words = "Too many large bodies are being received at once."
            raise NotTaken(503, "throttled", words, (("Retry-After", "5"),))
        self._left -= more
        held.size += more


# Not 400, which says that the body is bad and need not be sent again: the line broke off, not the report. 408 is the
# one answer of this class after which a client may repeat a request (RFC 9110, 15.5.9).
_SHORT = NotTaken(408, "incomplete", "The body broke off before its end. Send it again.")


def check_encoding(environ: Environ) -> bool:
    """Whether the body is packed by gzip. Raises ``NotTaken`` (415) for any other encoding."""
    encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        words = "Only gzip is known as a content encoding."
        raise NotTaken(415, "not-supported", words, (("Accept-Encoding", "gzip"),))
    return bool(encoding == "gzip")


def unpacked(body: bytes, limit: int) -> bytes:
    """A gzip body unpacked, and no further than ``limit``: a few kilobytes can hold gigabytes."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = reader.decompress(body, limit + 1)
    except zlib.error:
        raise NotTaken(400, "structure", "The body is not gzip, as Content-Encoding says.") from None
    if len(found) > limit:
        raise too_large(limit)
    if not reader.eof or reader.unused_data:
        raise NotTaken(400, "incomplete", "The gzip body is not one whole stream.")
    return found


def too_large(limit: int) -> NotTaken:
    """The refusal of a body above the limit, packed or unpacked."""
    return NotTaken(413, "too-long", f"A body has at most {limit:,} bytes, unpacked.")


def _length(environ: Environ) -> int | None:
    stated = environ.get("CONTENT_LENGTH", "")
    return int(stated) if stated.isascii() and stated.isdigit() and len(stated) < 20 else None
