"""The MLLP door as a process: many connections, one writer, grouped commits.

Several listeners, on one machine or on many, may share a database.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import django
import uvloop
from django.conf import settings

from soar2.errors import Refused
from soar2.exchange import tls
from soar2.exchange.arrival import AnswerIds
from soar2.exchange.connection import Connection, Limits
from soar2.exchange.door import Listener
from soar2.exchange.feeds import Feed, select
from soar2.exchange.gate import Gate
from soar2.exchange.hl7v2.envelope import Envelope
from soar2.exchange.inbox import Inbox, connection_arguments
from soar2.exchange.mappings import active_feeds
from soar2.exchange.mllp import LIMIT

log = logging.getLogger("soar2.listen")

BACKLOG = 512


async def serve(
    host: str,
    port: int,
    *,
    max_bytes: int = LIMIT,
    limits: Limits | None = None,
    ready: Callable[[int], None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Listen until ``stop`` is set, then drain. ``ready`` is told the port once the door is open.

    Raises OSError when the address cannot be taken.
    """
    limits = limits or Limits(max_bytes=max_bytes)
    stop = stop or asyncio.Event()
    answer_ids, demo = AnswerIds(), settings.PROGRAMME.demo
    inbox, large = (Inbox(connection_arguments(), demo=demo, answer_ids=answer_ids) for _ in range(2))
    gate = Gate(settings.PROGRAMME.mllp, limits.connections)
    name = f"listener@{socket.gethostname()[:40]}:{port}"
    listener = Listener(
        inbox, large, limits, gate, answer_ids=answer_ids, name=name, production=not demo, feed_of=_feed_of
    )
    try:
        if await _unless(stop, listener.wait_for_database()):
            await _keep_open(listener, gate, host, port, ready, stop)
    finally:
        await inbox.close()
        await large.close()


def _feed_of(sender: Envelope) -> Feed | None:
    """Whose message it is, by the feed file and the mappings as they are at this moment."""
    try:
        return select(active_feeds(settings.PROGRAMME), sender)
    except Refused:  # a fault of the settings file must not end a sender's connection
        return None


async def _keep_open(
    listener: Listener,
    gate: Gate,
    host: str,
    port: int,
    ready: Callable[[int], None] | None,
    stop: asyncio.Event,
) -> None:
    loop = asyncio.get_running_loop()
    doors = [_listening(*found) for found in await _addresses(host, port)]
    work = [
        listener.write(),
        listener.tick(),
        *(gate.take(one, lambda: Connection(listener)) for one in doors),
    ]
    tasks: list[asyncio.Task[Any]] = [loop.create_task(one) for one in work]
    stopping = loop.create_task(stop.wait())
    bound = doors[0].getsockname()[1]
    log.info("listening host=%s port=%d tls=%s", host, bound, "yes" if gate.tls else "no")
    if ready is not None:
        ready(bound)
    try:
        # A task of ours that ends is a fault: better no door than one behind which nobody stores.
        ended, _ = await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks[2:]:
            task.cancel()
        await asyncio.gather(*tasks[2:], return_exceptions=True)
        _shut(doors)
        if stopping in ended:
            await listener.stop()
        for task in ended:
            task.result()
    finally:
        _shut(doors)
        gate.close()
        for task in (stopping, *tasks):
            task.cancel()
        await asyncio.gather(stopping, *tasks, return_exceptions=True)
        log.info("stopped port=%d", bound)


async def _addresses(host: str, port: int) -> list[tuple[int, str, int]]:
    """Family, address and port of each address the host's name stands for."""
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    return list(dict.fromkeys((family, str(place[0]), int(place[1])) for family, _, _, _, place in found))


def _listening(family: int, host: str, port: int) -> socket.socket:
    door = socket.socket(family, socket.SOCK_STREAM)
    try:
        door.setblocking(False)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        door.bind((host, port))
        door.listen(BACKLOG)
    except OSError:
        door.close()
        raise
    return door


def _shut(doors: list[socket.socket]) -> None:
    for door in doors:
        door.close()


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, None]) -> bool:
    """Whether ``work`` finished before ``stop`` was set."""
    task, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait([task, stopping], return_when=asyncio.FIRST_COMPLETED)
    done = task.done()
    for one in (task, stopping):
        one.cancel()
    await asyncio.gather(task, stopping, return_exceptions=True)
    return done


def limits_from_environment() -> Limits:
    """The limits, with what an installation sets: SOAR2_MLLP_MAX_BYTES, _MEMORY_BYTES, _FRAME_SECONDS,
    _PATIENCE_SECONDS."""
    variables: dict[str, tuple[str, type]] = {
        "max_bytes": ("MAX_BYTES", int),
        "unfinished_bytes": ("MEMORY_BYTES", int),
        "frame_seconds": ("FRAME_SECONDS", float),
        "patience": ("PATIENCE_SECONDS", float),
    }
    given = {
        name: kind(os.environ[f"SOAR2_MLLP_{variable}"])
        for name, (variable, kind) in variables.items()
        if os.environ.get(f"SOAR2_MLLP_{variable}")
    }
    return replace(Limits(), **given)


def run_listener(bind: str, port: int) -> int:
    """The listener's process: until SIGTERM or SIGINT, which drain it. The exit status."""
    django.setup()
    if faults := tls.faults(settings.PROGRAMME.mllp):
        for sentence in faults:
            log.error(sentence)
        return 1
    # Nothing of what start-up made is ever thrown away; without it a search for garbage takes no time.
    gc.collect()
    gc.freeze()
    try:
        asyncio.run(_until_signalled(bind, port), loop_factory=uvloop.new_event_loop)
    except OSError as fault:
        log.error("cannot listen host=%s port=%d: %s", bind, port, fault.strerror)
        return 1
    return 0


async def _until_signalled(bind: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # A service manager's reload: certificate files are looked at every few seconds anyway.
    loop.add_signal_handler(
        signal.SIGHUP, log.info, "certificate files are read again when they have changed"
    )
    await serve(bind, port, limits=limits_from_environment(), stop=stop)
