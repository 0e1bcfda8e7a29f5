"""Reads request bodies: never more than the limit, and never with more than half of the web process's threads.

The server's own stream cannot be read with a deadline, and the server stands still when a request is answered
while another thread still reads its body (granian 2.8). So a body is read where it is wanted, by a few threads at
a time: a sender that stops in the middle holds one of these until its connection ends, never those that serve the
pages. A proxy that takes whole bodies before it passes them on, as most do, keeps such senders out altogether.
"""

import zlib
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from soar2.exchange.fhir.http import NotTaken

AT_ONCE = 16  # of the web process's 32 threads
PATIENCE = 2.0  # seconds a request waits for its turn to be read
PIECE = 1 << 16


class Stream(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Bodies:
    """At most ``at_once`` bodies are read at a time; whoever gets no turn is told to come again."""

    def __init__(self, at_once: int = AT_ONCE, patience: float = PATIENCE):
        self._patience = patience
        self._turns: SimpleQueue[None] = SimpleQueue()
        for _ in range(at_once):
            self._turns.put(None)

    def read(self, environ: dict[str, Any], limit: int) -> bytes:
        """The body as it was meant, unpacked. Raises ``NotTaken``: 400, 413, 415 or 503."""
        stated = environ.get("CONTENT_LENGTH") or ""
        length = int(stated) if stated.isascii() and stated.isdigit() else None
        if length is not None and length > limit:
            raise _too_large(limit)
        encoding = environ.get("HTTP_CONTENT_ENCODING", "").strip().lower()
        if encoding not in ("", "identity", "gzip"):
            words = "Only gzip is known as a content encoding."
            raise NotTaken(415, "not-supported", words, (("Accept-Encoding", "gzip"),))
        body = self._in_turn(environ["wsgi.input"], limit + 1 if length is None else length)
        if len(body) > limit:
            raise _too_large(limit)
        if length is not None and len(body) < length:
            raise NotTaken(400, "incomplete", "The body is shorter than its Content-Length says.")
        return unpacked(body, limit) if encoding == "gzip" else body

    def _in_turn(self, stream: Stream, size: int) -> bytes:
        try:
            self._turns.get(timeout=self._patience)
        except Empty:
            words = "Too many requests wait for their bodies to come."
            raise NotTaken(503, "throttled", words, (("Retry-After", "5"),)) from None
        try:
            return whole(stream, size)
        finally:
            self._turns.put(None)


def whole(stream: Stream, size: int) -> bytes:
    """Up to ``size`` bytes; memory is taken as they come, not as they are announced."""
    if size <= PIECE:
        return stream.read(size) if size else b""
    pieces: list[bytes] = []
    left = size
    while left > 0 and (piece := stream.read(min(left, PIECE))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def unpacked(body: bytes, limit: int) -> bytes:
    """A gzip body unpacked, and no further than ``limit``: a few kilobytes can hold gigabytes."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = reader.decompress(body, limit + 1)
    except zlib.error:
        raise NotTaken(400, "structure", "The body is not gzip, as Content-Encoding says.") from None
    if len(found) > limit:
        raise _too_large(limit)
    if not reader.eof or reader.unused_data:
        raise NotTaken(400, "incomplete", "The gzip body is not one whole stream.")
    return found


def _too_large(limit: int) -> NotTaken:
    return NotTaken(413, "too-long", f"A body has at most {limit:,} bytes, unpacked.")
