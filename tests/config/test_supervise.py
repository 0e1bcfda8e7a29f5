"""The supervisor, with real processes that end, hang and are killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from soar2.config.supervise import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    SETTLED_AFTER,
    Child,
    PortTaken,
    free_port,
    port_in_use,
    require_free_port,
)

STARTS_TWO = """
import sys
from pathlib import Path
from soar2.config.supervise import Child, Supervisor

here = Path(sys.argv[1])
children = [Child(name, [sys.executable, "-c", source], {"HERE": str(here)})
            for name, source in zip(sys.argv[2::2], sys.argv[3::2])]
tended = here / "tended"

def tend():
    tended.write_text(str(int(tended.read_text()) + 1) if tended.exists() else "1")
    raise RuntimeError("the database does not start")

Supervisor(children, here / "log", tend=tend, finally_=lambda: (here / "closed").touch()).run()
"""
SAY_PID = "import os, sys, time; print(os.getpid(), flush=True); "
LIVES = SAY_PID + "time.sleep(600)"
ENDS_WELL = SAY_PID + "sys.exit(0)"
IS_DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + LIVES
HAS_WORKER = (
    "import subprocess, sys; worker = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); "
    "print(worker.pid, flush=True); " + LIVES
)


class Running:
    """A supervisor in a process of its own, as it is in use."""

    def __init__(self, here: Path, children: dict[str, str]):
        self.here = here
        arguments = [word for child in children.items() for word in child]
        self.process = subprocess.Popen([sys.executable, "-c", STARTS_TWO, str(here), *arguments])

    def printed(self, name: str) -> list[int]:
        log = self.here / "log" / f"{name}.log"
        return [int(line) for line in log.read_text().split() if line.isdigit()] if log.exists() else []

    def pid_of(self, name: str, nth: int = 1) -> int:
        wait_until(lambda: len(self.printed(name)) >= nth)
        return self.printed(name)[nth - 1]


@contextmanager
def supervised(here: Path, **children: str) -> Iterator[Running]:
    running = Running(here, children)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        for name in children:
            for pid in running.printed(name):
                if lives(pid):
                    os.kill(pid, signal.SIGKILL)


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def test_a_child_that_ends_with_code_0_is_started_again_and_again(tmp_path: Path) -> None:
    with supervised(tmp_path, worker=ENDS_WELL) as running:
        wait_until(lambda: len(running.printed("worker")) >= 3)
        assert running.process.poll() is None
    assert "worker ended with 0; starting it again" in (tmp_path / "log/supervisor.log").read_text()


@pytest.mark.faults
def test_a_killed_child_is_started_again_and_its_neighbour_left_alone(tmp_path: Path) -> None:
    with supervised(tmp_path, listener=LIVES, worker=LIVES) as running:
        listener, worker = running.pid_of("listener"), running.pid_of("worker")
        os.kill(worker, signal.SIGKILL)
        assert running.pid_of("worker", nth=2) != worker
        assert running.printed("listener") == [listener]
        assert lives(listener)


@pytest.mark.faults
def test_a_killed_server_with_workers_does_not_leave_them_on_its_port(tmp_path: Path) -> None:
    with supervised(tmp_path, web=HAS_WORKER) as running:
        worker, web = running.pid_of("web", nth=1), running.pid_of("web", nth=2)
        os.kill(web, signal.SIGKILL)
        wait_until(lambda: not lives(worker))
        running.pid_of("web", nth=4)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_stop_it_ends_all_and_closes_the_database(tmp_path: Path, how: signal.Signals) -> None:
    with supervised(tmp_path, listener=LIVES, web=HAS_WORKER) as running:
        pids = [running.pid_of("listener"), running.pid_of("web", 1), running.pid_of("web", 2)]
        before = time.monotonic()
        running.process.send_signal(how)
        assert running.process.wait(timeout=8) == 0
        assert time.monotonic() - before < 5
        assert not any(lives(pid) for pid in pids)
        assert (tmp_path / "closed").exists()


def test_a_second_ctrl_c_does_not_wait_for_a_child_that_will_not_end(tmp_path: Path) -> None:
    with supervised(tmp_path, deaf=IS_DEAF) as running:
        deaf = running.pid_of("deaf")
        running.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert lives(deaf)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(timeout=3) == 0
        assert not lives(deaf)
        assert (tmp_path / "closed").exists()


@pytest.mark.faults
def test_a_killed_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    with supervised(tmp_path, listener=LIVES, worker=LIVES) as running:
        pids = [running.pid_of("listener"), running.pid_of("worker")]
        running.process.kill()
        running.process.wait()
        wait_until(lambda: not any(lives(pid) for pid in pids), seconds=3)


def test_ctrl_c_in_the_terminal_reaches_the_supervisor_alone(tmp_path: Path) -> None:
    with supervised(tmp_path, worker=LIVES) as running:
        worker = running.pid_of("worker")
        assert os.getsid(worker) != os.getsid(running.process.pid)
        assert os.getpgid(worker) == worker


def test_what_it_tends_may_fail_and_is_tried_again(tmp_path: Path) -> None:
    with supervised(tmp_path, worker=LIVES) as running:
        wait_until(lambda: (tmp_path / "tended").exists() and (tmp_path / "tended").read_text() >= "2")
        assert running.process.poll() is None
        assert lives(running.pid_of("worker"))
    assert "the database does not start" in (tmp_path / "log/supervisor.log").read_text()


def test_children_get_their_environment_and_logs_are_appended(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log/worker.log").write_text("from yesterday\n")
    with supervised(tmp_path, worker="import os; print(os.environ['HERE']); " + LIVES) as running:
        running.pid_of("worker")
        assert (tmp_path / "log/worker.log").read_text().startswith(f"from yesterday\n{tmp_path}\n")


def test_the_pause_grows_to_five_seconds_and_starts_over_after_a_long_life() -> None:
    child, pauses = Child("worker", ["true"]), []
    for _ in range(8):
        child.started_at = 100.0
        child.note_end(100.5)
        pauses.append(round(child.next_start - 100.5, 3))
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)
    child.note_end(100.0 + SETTLED_AFTER)
    assert child.next_start == 100.0 + SETTLED_AFTER + FIRST_PAUSE


def test_a_taken_port_is_named_with_the_setting_that_moves_it() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert port_in_use(port)
        with pytest.raises(PortTaken, match=f"^Port {port} is taken; set SOAR2_WEB_PORT to a free one\\.$"):
            require_free_port(port, "SOAR2_WEB_PORT")


def test_a_port_that_was_just_closed_or_never_opened_is_free() -> None:
    with socket.socket() as server, socket.socket() as caller:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as every server does
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        caller.connect(("127.0.0.1", port))
        server.accept()[0].close()
    assert not port_in_use(port)
    assert not port_in_use(free_port())


def test_an_address_of_another_machine_is_a_sentence_not_a_traceback() -> None:
    with pytest.raises(PortTaken, match="cannot be used"):
        require_free_port(8000, "SOAR2_WEB_PORT", host="192.0.2.1")
