"""The web process: pages served by granian, health included."""

from pathlib import Path

from granian import Granian
from granian.constants import Interfaces
from granian.http import HTTP1Settings


def run_web(bind: str, port: int) -> int:
    """Serve until SIGTERM or SIGINT. Several may run behind one proxy; they share the database only."""
    server = Granian(
        "soar2.config.wsgi:application",
        address=bind,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=16,
        backpressure=64,
        http1_settings=HTTP1Settings(header_read_timeout=15_000),
        log_access=False,  # addresses hold only opaque ids, and still need not be kept
        working_dir=Path.cwd(),
        workers_kill_timeout=5,
    )
    server.serve()
    return 0
