"""The web process: pages served by granian, health included."""

from pathlib import Path
from typing import Any

from django.conf import settings
from granian import Granian
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings


def _line() -> Any:
    """How the server's own few lines are written: as all others."""
    logging: Any = settings.LOGGING
    return logging["formatters"]["line"]


def run_web(bind: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT. Several may run behind one proxy; they share the database only."""
    server = Granian(
        "soar2.config.rsgi:application",
        address=bind,
        port=port,
        interface=Interfaces.RSGI,
        loop=Loops.uvloop,
        websockets=False,
        workers=1,
        backpressure=512,  # connections; the system allows a process 1,024 open files by default
        http=HTTPModes.http1,  # the other modes wait without end for a connection's first bytes
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
        log_access=False,  # addresses hold only opaque ids, and still need not be kept
        log_dictconfig={"formatters": dict.fromkeys(("generic", "access"), _line())},
        working_dir=Path.cwd(),
        workers_kill_timeout=5,
    )
    server.serve()
    return 0
