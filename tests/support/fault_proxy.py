"""A network that fails on purpose: TCP proxies that delay, cut, half-close, truncate, swallow and hold.

A fault is planned from any thread and caused at the next bytes of a real conversation, never at an idle
connection; so a fault that was counted has hit the traffic, on a fast machine as on a slow one. A moment is held
until whoever laid it says how to go on: meanwhile a process can be killed at exactly this place.
"""

import asyncio
import random
import re
import socket
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
CHUNK = 64 * 1024
DRIBBLED = 600  # bytes sent one at a time; the rest of a longer chunk follows whole
SILENCE = 4.0  # seconds after which a conversation whose answers are swallowed is cut at last

KINDS = (
    "delay the request",
    "delay the answer",
    "dribble the request",
    "dribble the answer",
    "cut before the request",
    "cut before the answer",
    "truncate the request",
    "truncate the answer",
    "swallow the answer",
    "half-close to the server",
    "half-close to the client",
    "refuse the next connection",
    "deliver after the cut",
)


@dataclass
class Fault:
    """One fault to come. ``needle``: only at a request that holds these bytes; empty: at any."""

    kind: str
    needle: bytes = b""
    chance: random.Random = field(default_factory=random.Random)

    @property
    def at_answer(self) -> bool:
        return self.kind.endswith("the answer")


class Moment:
    """A place in a conversation at which it stands still: the first request that holds ``needle``, before it is
    passed on; or, with ``answer``, the answer to it that holds these bytes, before that is passed back. ``after``:
    only where it was found in an earlier request on the same connection."""

    def __init__(self, needle: bytes, answer: bytes = b"", after: re.Pattern[bytes] | None = None):
        self.needle, self.answer, self.after = needle, answer, after
        self.port = 0  # the client's, once the moment is reached
        self._goes_on = asyncio.Event()
        self._passes = False

    @property
    def reached(self) -> bool:
        return self.port != 0

    async def stand_still(self, link: "Link") -> None:
        """Until somebody says how to go on."""
        self.port = link.port
        await self._goes_on.wait()
        if not self._passes:
            raise ConnectionResetError

    def go_on(self, passes: bool) -> None:
        self._passes = passes
        self._goes_on.set()


@dataclass(eq=False)
class Link:
    """One connection through the proxy: the client's side and the server's."""

    client: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    server: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    waiting: Fault | None = None  # strikes at the next answer
    moment: Moment | None = None  # is reached with the next answer
    marks: set[Moment] = field(default_factory=set)  # what their ``after`` has been seen of
    asked: bool = False  # a request was passed on and not answered yet
    deaf: bool = False  # answers go nowhere
    finished: bool = False  # the server was told that no more comes

    @property
    def port(self) -> int:
        """The client's."""
        return self.client[1].get_extra_info("peername")[1]


class FaultProxy:
    """Stands before one server. ``caused`` counts what it did by kind, ``at`` by the request that was hit."""

    def __init__(self, net: "FaultNet", name: str, upstream: Callable[[], tuple[str, int] | Path]):
        self.net, self.name, self.upstream = net, name, upstream
        self.caused: Counter[str] = Counter()
        self.at: Counter[bytes] = Counter()
        self.port = 0
        self._links: set[Link] = set()
        self._moments: list[Moment] = []
        self._planned: deque[Fault] = deque()
        self._refusing: list[Fault] = []
        self._held = 0  # taken by a link and not yet caused
        self._server: asyncio.Server | None = None

    @property
    def outstanding(self) -> int:
        """How many planned faults have not struck yet."""
        return len(self._planned) + self._held + len(self._refusing)

    @property
    def pending(self) -> int:
        """Requests that the server has and has not answered."""
        return sum(link.asked for link in tuple(self._links))

    @property
    def clients(self) -> list[int]:
        """The ports of all who are connected."""
        return [link.port for link in tuple(self._links)]

    def plan(self, fault: Fault) -> None:
        self._planned.append(fault)

    def lie_in_wait(self, moment: Moment) -> None:
        self.net.loop.call_soon_threadsafe(self._moments.append, moment)

    def go_on(self, moment: Moment, *, passes: bool) -> None:
        """End a moment, reached or not. ``passes``: the bytes that stood still go on; else the line is cut."""

        def end() -> None:
            if moment in self._moments:
                self._moments.remove(moment)
            moment.go_on(passes)

        self.net.loop.call_soon_threadsafe(end)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()

    # One connection

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.net.tasks.add(task := asyncio.current_task())
        try:
            if self._refusing:
                self._count(self._refusing.pop())
                _reset(writer)
                return
            try:
                server = await self._connect()
            except OSError:  # nobody behind us: to the client it is as if nobody listened
                _reset(writer)
                return
            await self._carry(Link((reader, writer), server))
        finally:
            self.net.tasks.discard(task)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        where = self.upstream()
        if isinstance(where, Path):
            return await asyncio.open_unix_connection(where)
        return await asyncio.open_connection(*where)

    async def _carry(self, link: Link) -> None:
        ways = [asyncio.ensure_future(self._requests(link)), asyncio.ensure_future(self._answers(link))]
        self._links.add(link)
        try:
            await asyncio.gather(*ways)
        except (OSError, asyncio.IncompleteReadError):
            _reset(link.client[1])
        finally:
            self._links.discard(link)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self._rearm(link)
            if link.waiting is not None:  # its answer never came: it strikes another conversation
                self._held -= 1
                self._planned.appendleft(link.waiting)
            for _, writer in (link.client, link.server):
                writer.close()

    async def _requests(self, link: Link) -> None:
        reader, writer = link.client[0], link.server[1]
        while chunk := await reader.read(CHUNK):
            if link.finished:
                raise ConnectionResetError
            self._rearm(link)
            if await self._is_moment(link, chunk):
                continue
            fault = self._due(chunk) if link.waiting is None and not link.deaf else None
            link.asked = True
            if fault is None:
                await _pass(writer, chunk)
            elif fault.at_answer:
                link.waiting = fault
                self._held += 1
                await _pass(writer, chunk)
            else:
                self._count(fault)
                await self._strike_request(link, fault, chunk)
        if not link.finished:
            link.finished = True
            _half_close(writer)

    async def _answers(self, link: Link) -> None:
        reader, writer = link.server[0], link.client[1]
        while chunk := await reader.read(CHUNK):
            if link.moment is not None and link.moment.answer in chunk:
                moment, link.moment = link.moment, None
                await moment.stand_still(link)
            link.asked = False
            if link.waiting is not None:
                fault, link.waiting = link.waiting, None
                self._held -= 1
                self._count(fault)
                await self._strike_answer(link, fault, chunk)
            elif not link.deaf:
                await _pass(writer, chunk)
        if not link.deaf:
            _half_close(writer)

    async def _is_moment(self, link: Link, chunk: bytes) -> bool:
        """Whether these bytes are what somebody lies in wait for; then they are taken care of."""
        found = [one for one in self._moments if one.needle in chunk and (one in link.marks or not one.after)]
        link.marks.update(one for one in self._moments if one.after and one.after.search(chunk))
        if not found or link.waiting is not None or link.deaf:
            return False
        moment = found[0]
        self._moments.remove(moment)
        if moment.answer:
            link.moment = moment
        else:
            await moment.stand_still(link)
        link.asked = True
        await _pass(link.server[1], chunk)
        return True

    def _rearm(self, link: Link) -> None:
        """The answer that was waited for did not come on this connection: another one's will do."""
        if link.moment is not None:
            self._moments.append(link.moment)
            link.moment = None

    def _due(self, chunk: bytes) -> Fault | None:
        for fault in tuple(self._planned):
            if fault.needle in chunk:
                self._planned.remove(fault)
                return fault
        return None

    def _count(self, fault: Fault) -> None:
        self.caused[fault.kind] += 1
        self.at[fault.needle] += 1

    # What can go wrong

    async def _strike_request(self, link: Link, fault: Fault, chunk: bytes) -> None:
        server = link.server[1]
        match fault.kind:
            case "delay the request":
                await asyncio.sleep(fault.chance.uniform(0.05, 1.0))
                await _pass(server, chunk)
            case "dribble the request":
                await _dribble(server, chunk)
            case "cut before the request":
                _reset(server)
                raise ConnectionResetError
            case "truncate the request":
                await _pass(server, chunk[: fault.chance.randrange(1, max(2, len(chunk)))])
                if fault.chance.random() < 0.5:
                    await asyncio.sleep(0.02)  # let it be read before the end is
                    _reset(server)
                raise ConnectionResetError
            case "half-close to the server":
                await _pass(server, chunk)
                link.finished = True
                _half_close(server)
            case "half-close to the client":
                link.deaf = True
                _half_close(link.client[1])
                await _pass(server, chunk)
            case "refuse the next connection":
                self._refusing.append(fault)
                self.caused[fault.kind] -= 1  # counted when it refuses
                self.at[fault.needle] -= 1
                _reset(server)
                raise ConnectionResetError
            case "deliver after the cut":
                await self._deliver_late(link, fault, chunk)
            case other:
                raise ValueError(other)

    async def _deliver_late(self, link: Link, fault: Fault, chunk: bytes) -> None:
        """The client gives this connection up and tries another way; then the request arrives after all."""
        link.deaf = True
        _reset(link.client[1])
        await asyncio.sleep(fault.chance.uniform(0.1, 1.5))
        await _pass(link.server[1], chunk)
        await asyncio.sleep(0.5)
        raise ConnectionResetError

    async def _strike_answer(self, link: Link, fault: Fault, chunk: bytes) -> None:
        client = link.client[1]
        match fault.kind:
            case "delay the answer":
                await asyncio.sleep(fault.chance.uniform(0.05, 1.0))
                await _pass(client, chunk)
            case "dribble the answer":
                await _dribble(client, chunk)
            case "cut before the answer":
                raise ConnectionResetError
            case "truncate the answer":
                await _pass(client, chunk[: fault.chance.randrange(1, max(2, len(chunk)))])
                await asyncio.sleep(0.02)
                raise ConnectionResetError
            case "swallow the answer":
                link.deaf = True
                await asyncio.sleep(SILENCE)
                raise ConnectionResetError
            case other:
                raise ValueError(other)


class FaultNet:
    """All proxies of one run in one loop, in a thread of its own. Use as a context."""

    def __init__(self):
        self.loop = uvloop.new_event_loop()
        self.proxies: dict[str, FaultProxy] = {}
        self.tasks: set = set()
        self._thread = threading.Thread(target=self.loop.run_forever, name="fault net", daemon=True)

    def __enter__(self) -> "FaultNet":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(20)
        self.loop.close()

    def before(self, name: str, upstream: Callable[[], tuple[str, int] | Path]) -> FaultProxy:
        """A proxy before the server that ``upstream`` names at each connection: host and port, or a socket."""
        proxy = self.proxies[name] = FaultProxy(self, name, upstream)
        asyncio.run_coroutine_threadsafe(proxy.open(), self.loop).result(20)
        return proxy

    @property
    def outstanding(self) -> int:
        return sum(proxy.outstanding for proxy in self.proxies.values())

    async def _end(self) -> None:
        for proxy in self.proxies.values():
            proxy.close()
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.05)  # transports say goodbye in the loop's next turn


async def _pass(writer: asyncio.StreamWriter, data: bytes) -> None:
    if writer.transport.is_closing():
        raise ConnectionResetError
    writer.write(data)
    await writer.drain()


def _half_close(writer: asyncio.StreamWriter) -> None:
    """Say that no more comes; the other way stays open."""
    if writer.transport.is_closing():
        raise ConnectionResetError
    writer.write_eof()


async def _dribble(writer: asyncio.StreamWriter, chunk: bytes) -> None:
    for at in range(min(DRIBBLED, len(chunk))):
        await _pass(writer, chunk[at : at + 1])
        await asyncio.sleep(0.001 if at % 8 == 0 else 0)
    if rest := chunk[DRIBBLED:]:
        await _pass(writer, rest)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End with RST where the socket can, as a machine does that knows nothing of the connection any more."""
    link = writer.get_extra_info("socket")
    if link is not None and link.family != socket.AF_UNIX:
        with suppress(OSError, ValueError):  # it is closed already
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
