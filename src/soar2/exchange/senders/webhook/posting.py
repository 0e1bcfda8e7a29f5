"""One POST with an end: no redirect, certificates checked, an answer's head and nothing more."""

import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import httpx

MOST_READ = 4096  # bytes of an answer's body; it is not used, only taken so that the receiver can finish


@dataclass(frozen=True)
class Answer:
    """What the receiver said: the status and, where it names one, its Retry-After."""

    status: int
    retry_after: str


def post(url: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
    """POST ``body``; raises ``httpx.HTTPError`` or ``httpx.InvalidURL``.

    Each wait lasts ``seconds`` at most, and the whole twice as long: a receiver that trickles its answer a
    byte at a time is cut off. Proxies of the environment are not used: a page leaves by one known way.
    """
    tls = ssl.create_default_context()
    with (
        _Deadline(2 * seconds) as deadline,
        httpx.Client(verify=tls, timeout=seconds, follow_redirects=False, trust_env=False) as client,
        client.stream(
            "POST", url, content=body, headers=dict(headers), extensions={"trace": deadline.notice}
        ) as response,
    ):
        _take_some(response)
        return Answer(response.status_code, response.headers.get("retry-after", ""))


def _take_some(response: httpx.Response) -> None:
    """The status has decided already: what goes wrong after it changes nothing."""
    taken = 0
    with suppress(httpx.HTTPError):
        for chunk in response.iter_raw(1024):
            taken += len(chunk)
            if taken >= MOST_READ:
                return


class _Deadline:
    """Shuts the connection when the time is over, whatever it waits for then: also in the middle of a TLS greeting."""

    def __init__(self, seconds: float):
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._over = False
        self._link: socket.socket | None = None

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._link is not None:
                self._link.close()
                self._link = None

    def notice(self, event: str, info: Mapping[str, Any]) -> None:
        """Told by the client of each step: keeps a handle of its own on the connection, since TLS takes the
        client's socket away from whoever holds it."""
        if event == "connection.connect_tcp.complete":
            found: socket.socket = info["return_value"].get_extra_info("socket")
            with self._lock:
                self._link = found.dup()
                if self._over:
                    self._shut()

    def _end(self) -> None:
        with self._lock:
            self._over = True
            self._shut()

    def _shut(self) -> None:
        if self._link is not None:
            with suppress(OSError):
                self._link.shutdown(socket.SHUT_RDWR)
