"""``soar2 demo``: one command from nothing to a running synthetic programme with one address."""

import fcntl
import os
import shutil
import sys
import time
import urllib.request
from importlib.resources import files
from pathlib import Path

from soar2.config.postgres import PrivateServer, ServerFault
from soar2.config.start import bring_up, home, setup
from soar2.config.supervise import Child, PortTaken, Supervisor, require_free_port
from soar2.errors import Refused

PARTS = ("web", "listen", "work", "watch", "demo-inbox", "demo-player")


def run_demo(*, reset: bool = False) -> int:
    """Prepare, seed when empty, start every process, print the address, run until Ctrl-C."""
    state = home()
    state.mkdir(parents=True, exist_ok=True)
    server = PrivateServer(state)
    try:
        _alone(state)
        _check_ports()
        if reset:
            _erase(state, server)
        _prepare(state, server)
        _supervisor(state, server).run()
    except (ServerFault, PortTaken, Refused) as fault:
        print(fault, file=sys.stderr)
        return 1
    finally:
        server.stop()
    print("Stopped. Everything is kept for the next soar2 demo.")
    return 0


def _supervisor(state: Path, server: PrivateServer) -> Supervisor:
    children = [Child(part, [sys.executable, "-m", "soar2.cli", part]) for part in PARTS]
    return Supervisor(children, state / "log", tend=_Tender(server))


def _alone(state: Path) -> None:
    """Refuse a second demonstration on the same state: two players would tell one story twice. The lock goes
    with the process, however it ends."""
    lock = os.open(state / "demo.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refused(
            f"A demonstration runs on {state} already: stop it with Ctrl-C where it was started, or give this "
            "one a state of its own with SOAR2_HOME."
        ) from None


def _check_ports() -> None:
    from soar2.config.ready import loopback

    bind = os.environ.setdefault("SOAR2_BIND", "127.0.0.1")
    if not loopback(bind):
        raise Refused(
            f"SOAR2_BIND is {bind}, and a demonstration has no passwords: it runs on 127.0.0.1 only. Unset it."
        )
    for variable, default in (
        ("SOAR2_WEB_PORT", "8000"),
        ("SOAR2_MLLP_PORT", "2575"),
        ("SOAR2_SMTP_PORT", "2525"),
    ):
        require_free_port(int(os.environ.setdefault(variable, default)), variable, bind)


def _erase(state: Path, server: PrivateServer) -> None:
    if os.environ.get("DATABASE_URL"):
        raise ServerFault(
            "--reset erases only the private database; DATABASE_URL names another one. Unset it first."
        )
    server.erase()
    for name in ("mail", "log"):
        shutil.rmtree(state / name, ignore_errors=True)
    for name in ("soar2.toml", "last-seal"):
        (state / name).unlink(missing_ok=True)


def _prepare(state: Path, server: PrivateServer) -> None:
    config = Path(os.environ.setdefault("SOAR2_CONFIG", str(state / "soar2.toml")))
    if not config.exists():
        config.write_text(
            files("soar2.demo").joinpath("soar2.toml").read_text(encoding="utf-8"), encoding="utf-8"
        )
    if not os.environ.get("DATABASE_URL"):
        server.start()
        os.environ["DATABASE_URL"] = server.url()
    from soar2.config.ready import demo_secret, faults_before_start

    os.environ.setdefault("SOAR2_SECRET_KEY", demo_secret(state))
    setup()
    from django.conf import settings

    if not settings.PROGRAMME.demo:
        raise ServerFault(
            f"{config} is not a demonstration's settings (mode is not demo); soar2 demo leaves it alone."
        )
    if faults := faults_before_start(settings, os.environ):
        raise ServerFault("\n  ".join(["SOaR2 does not start:", *faults]))
    bring_up(sys.stdout)
    _seed_once()


def _seed_once() -> None:
    from django.db import connections

    from soar2.demo.seed import seed, seeded

    if seeded():
        print("The demonstration goes on where it stopped; start over with: soar2 demo --reset")
    else:
        summary = seed(progress=lambda words: print(f"  {words}", flush=True))
        print(summary.words)
    connections.close_all()


class _Tender:
    """Called every second by the supervisor: keeps the database up and says once when the pages answer."""

    def __init__(self, server: PrivateServer):
        self.server = server
        self.said = False
        self.since = time.monotonic()

    def __call__(self) -> None:
        if not os.environ.get("DATABASE_URL") or self.server.keeper:
            self.server.tend()
        if not self.said and _answers():
            self.said = True
            print(
                f"\n  SOaR2 is at http://127.0.0.1:{os.environ['SOAR2_WEB_PORT']}/  (Ctrl-C stops everything)\n",
                flush=True,
            )


def _answers() -> bool:
    address = f"http://127.0.0.1:{os.environ['SOAR2_WEB_PORT']}/health/"
    try:
        with urllib.request.urlopen(address, timeout=1) as response:
            return response.status == 200
    except OSError:
        return False
