"""Keeps a handful of processes running on one machine, for the demo and for a small site without systemd.

A child that ends is started again, whatever its exit code: a delivery worker that ends "successfully"
because the database was restarted is still a worker that no longer delivers. Nothing outlives the supervisor,
not even after kill -9, so that the next start never meets an old listener on its port.

Run as a script it is the small wrapper around each child; so it imports the standard library only.
"""

import ctypes
import errno
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0  # seconds before a child that ended is started again
SETTLED_AFTER = 30.0  # a child that lived this long starts over with the first pause
PATIENCE = 10.0  # seconds between SIGTERM and SIGKILL
TURN = 0.1
PR_SET_PDEATHSIG = 1


class PortTaken(RuntimeError):
    """SOaR2 cannot listen where it should."""


def port_in_use(port: int, host: str = "127.0.0.1") -> bool:
    """Whether another program holds the TCP port: asked by trying to take it, not by calling it."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # remains of a connection do not count
        try:
            probe.bind((host, port))
        except OSError as fault:
            if fault.errno != errno.EADDRINUSE:
                raise
            return True
    return False


def require_free_port(port: int, variable: str, host: str = "127.0.0.1") -> None:
    """Raise ``PortTaken`` with the setting that moves SOaR2 elsewhere."""
    try:
        taken = port_in_use(port, host)
    except OSError as fault:
        raise PortTaken(f"Port {port} on {host} cannot be used: {fault.strerror}; set {variable}.") from None
    if taken:
        raise PortTaken(f"Port {port} is taken; set {variable} to a free one.")


def free_port(host: str = "127.0.0.1") -> int:
    """A TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


@dataclass
class Child:
    """One process to keep running: its name (also its log's), its command, and what its environment adds."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)
    started_at: float = field(default=0.0, init=False)
    next_start: float = field(default=0.0, init=False)
    pause: float = field(default=FIRST_PAUSE, init=False)

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def note_end(self, now: float) -> None:
        """Plan the next start: soon after a long life, later and later after short ones."""
        self.process = None
        if now - self.started_at >= SETTLED_AFTER:
            self.pause = FIRST_PAUSE
        self.next_start = now + self.pause
        self.pause = min(2 * self.pause, LONGEST_PAUSE)


class Supervisor:
    """Runs ``children`` until SIGINT or SIGTERM, then ends them and calls ``finally_``.

    Each child's output is appended to ``log_directory``/<name>.log. ``tend``, if given, is called about once
    a second: the private database is brought back there. Its ``RuntimeError`` is logged and it is called
    again. A second Ctrl-C kills the children at once.
    """

    def __init__(
        self,
        children: Sequence[Child],
        log_directory: Path,
        *,
        tend: Callable[[], None] | None = None,
        finally_: Callable[[], None] | None = None,
    ):
        self.children = list(children)
        self.log_directory = Path(log_directory)
        self._tend = tend
        self._finally = finally_
        self._stops_asked = 0

    def run(self) -> None:
        """Blocks until told to stop. Call it in the main thread: it takes SIGINT, SIGTERM and SIGHUP."""
        self.log_directory.mkdir(parents=True, exist_ok=True)
        taken = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means: outlive the terminal
            taken.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._on_signal) for number in taken}
        try:
            self._keep_running()
        finally:
            try:
                self._end_all()
                if self._finally is not None:
                    self._finally()
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def stop(self) -> None:
        """Ask for an orderly end; from a signal, another thread, or ``tend``."""
        self._stops_asked += 1

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop()

    def _keep_running(self) -> None:
        next_tending = 0.0
        while not self._stops_asked:
            if time.monotonic() >= next_tending:
                self._tend_once()
                next_tending = time.monotonic() + 1
            for child in self.children:
                self._keep(child, time.monotonic())
            time.sleep(TURN)

    def _tend_once(self) -> None:
        if self._tend is not None:
            try:
                self._tend()
            except RuntimeError as fault:
                self._say(str(fault))

    def _keep(self, child: Child, now: float) -> None:
        if child.alive:
            return
        if child.process is not None:
            self._say(f"{child.name} ended with {child.process.returncode}; starting it again")
            _signal_group(child.process.pid, signal.SIGKILL)  # its own workers still hold its port
            child.note_end(now)
        if now >= child.next_start:
            self._start(child, now)

    def _start(self, child: Child, now: float) -> None:
        child.started_at = now
        guarded = [sys.executable, "-IS", __file__, str(os.getpid()), *child.argv]
        with (self.log_directory / f"{child.name}.log").open("ab") as log:
            child.process = subprocess.Popen(  # noqa: S603
                guarded,
                env={**os.environ, **child.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal reaches the supervisor alone
            )

    def _end_all(self) -> None:
        """SIGTERM, then SIGKILL to what is left after ``PATIENCE`` or a second Ctrl-C."""
        self._signal_all(signal.SIGTERM)
        asked, deadline = self._stops_asked, time.monotonic() + PATIENCE
        while any(child.alive for child in self.children):
            if time.monotonic() > deadline or self._stops_asked > max(asked, 1):
                break
            time.sleep(0.02)
        self._signal_all(signal.SIGKILL)
        for child in self.children:
            if child.process is not None:
                child.process.wait()

    def _signal_all(self, number: signal.Signals) -> None:
        for child in self.children:
            if child.process is not None:
                _signal_group(child.process.pid, number)

    def _say(self, sentence: str) -> None:
        with (self.log_directory / "supervisor.log").open("a") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {sentence}\n")


def _signal_group(leader: int, number: signal.Signals) -> None:
    """To the whole group, even when its leader is gone: the processes that it started may not be."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return


def become(parent: int, argv: Sequence[str]) -> None:
    """In the child: ask the kernel for SIGTERM when the supervisor dies, then turn into the real program.

    The wish survives ``exec``. A supervisor that died before it was made has already handed us to another
    parent; then there is nothing to run for.
    """
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(f"The supervisor {parent} is gone.")
    os.execvp(argv[0], list(argv))  # noqa: S606


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
