"""Who may come in at the MLLP door: by network, by number, by certificate.

A connection that may not come is closed at once. What it would have said is not read; the log has its
address and the reason.
"""

import asyncio
import logging
import os
import socket
import ssl
from collections.abc import Callable

from soar2.exchange.tls import names_in, networks, server_context, within
from soar2.record.programme import Mllp

log = logging.getLogger("soar2.listen")

HANDSHAKE_SECONDS = 10.0
PAUSE = 0.2  # seconds, when no connection can be taken (no more file descriptors)


class Gate:
    """The rules of ``[mllp]``, and the loop that takes connections. ``refused`` counts those turned away."""

    def __init__(self, mllp: Mllp, most: int):
        self._mllp = mllp
        self._allowed = networks(mllp.allow)
        self._names = frozenset(mllp.client_names)
        self._context = server_context(mllp)
        self._seen = _marks(mllp)
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused = 0

    @property
    def tls(self) -> bool:
        return self._context is not None

    async def take(self, door: socket.socket, make: Callable[[], asyncio.Protocol]) -> None:
        """Take connections from a listening socket, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                link, address = await loop.sock_accept(door)
            except OSError as fault:
                log.error("cannot take connections: %s", fault.strerror)
                await asyncio.sleep(PAUSE)
                continue
            host, port = address[:2] if isinstance(address, tuple) else ("local", 0)
            task = loop.create_task(self._admit(link, host, port, make))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def fault_of(self, transport: asyncio.BaseTransport) -> str:
        """Why a connection that is through the handshake may not stay; empty when it may."""
        if self._names and not self._names & names_in(transport.get_extra_info("peercert")):
            return "certificate-name"
        return ""

    def refuse(self, peer: str, reason: str) -> None:
        self.refused += 1
        log.warning("refused peer=%s reason=%s", peer, reason)

    def refresh(self) -> None:
        """Use renewed certificate files for the connections to come; while they are no good, the old ones."""
        if (marks := _marks(self._mllp)) == self._seen:
            return
        self._seen = marks
        try:
            self._context = server_context(self._mllp)
        except OSError as fault:
            log.error(
                "the changed certificate files cannot be used: %s", fault.strerror or type(fault).__name__
            )
        else:
            log.info("certificate files read again")

    def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()

    async def _admit(
        self, link: socket.socket, host: str, port: int, make: Callable[[], asyncio.Protocol]
    ) -> None:
        peer = f"{host}:{port}"
        if self._allowed and not within(host, self._allowed):
            self._turn_away(link, peer, "address")
            return
        if len(self._tasks) > self._most:  # each is one handshake under way
            self._turn_away(link, peer, "too-many-handshakes")
            return
        loop = asyncio.get_running_loop()
        try:
            if self._context is None:
                await loop.connect_accepted_socket(make, link)
            else:
                seconds = HANDSHAKE_SECONDS
                await loop.connect_accepted_socket(
                    make, link, ssl=self._context, ssl_handshake_timeout=seconds
                )
        except (OSError, TimeoutError) as fault:
            self._turn_away(link, peer, _word(fault))

    def _turn_away(self, link: socket.socket, peer: str, reason: str) -> None:
        self.refuse(peer, reason)
        link.close()


def _word(fault: BaseException) -> str:
    """The handshake's fault in one word: OpenSSL's own reason, which quotes no content."""
    if isinstance(fault, ssl.SSLError) and fault.reason:
        return f"tls-{fault.reason.lower().replace('_', '-')}"
    return "tls-handshake"


def _marks(mllp: Mllp) -> tuple[tuple[int, int, int], ...]:
    """What changes when one of the files is replaced or written anew."""
    return tuple(_mark(path) for path in (mllp.certificate, mllp.key, mllp.client_ca) if path)


def _mark(path: str) -> tuple[int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0, 0)
    return found.st_ino, found.st_mtime_ns, found.st_size
