"""A connection to the mail server that carries one mail after another.

Greeting, TLS and login cost more than a mail does. A connection is kept for a few seconds only: no server hangs up
so soon, and one that did all the same, or that had enough, is rung up again at once.
"""

import contextlib
import select
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings

from soar2.record.programme import Smtp

KEPT = 5.0  # seconds without a mail after which a connection is given up
GOODBYE = 1.0  # seconds that the server has for its answer to QUIT


class _Told:
    """What has been said on a connection: once the mail's words have left, the server may have taken it."""

    words_left = False

    def data(self, msg: object) -> tuple[int, bytes]:
        self.words_left = True
        return super().data(msg)  # type: ignore[misc]


class _Plain(_Told, smtplib.SMTP):
    pass


class _Tls(_Told, smtplib.SMTP_SSL):
    pass


class Line:
    """One thread's way to the mail server. Errors are those of ``smtplib``, and ``OSError``."""

    def __init__(self) -> None:
        self._server: _Plain | _Tls | None = None
        self._smtp: Smtp | None = None
        self._used = 0.0

    def send(self, mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
        """Hand over one mail; the addresses that were refused. A kept connection that fails before the words of
        the mail have left is replaced, once; after that, whether the mail was taken cannot be known here."""
        server, kept = self._connected()
        try:
            return self._handed_over(server, mail)
        except (smtplib.SMTPServerDisconnected, smtplib.SMTPSenderRefused) as fault:
            if not kept or server.words_left or isinstance(fault.__context__, TimeoutError):
                raise
        server, _ = self._connected()
        return self._handed_over(server, mail)

    def rest(self) -> None:
        """Nothing is owed at the moment: give up a connection that has not been used for a while."""
        if self._server is not None and time.monotonic() - self._used >= KEPT:
            self.close()

    def close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                if server.sock is not None:
                    server.sock.settimeout(GOODBYE)
                server.quit()
            server.close()

    def _handed_over(self, server: "_Plain | _Tls", mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
        server.words_left = False
        try:
            refused = server.send_message(mail)
        except BaseException:
            self.close()  # what the server thinks is under way is not known
            raise
        self._used = time.monotonic()
        return refused

    def _connected(self) -> tuple["_Plain | _Tls", bool]:
        """A connection, and whether it is one that was kept."""
        smtp = settings.PROGRAMME.smtp
        if self._server is not None and self._smtp == smtp and _quiet(self._server) and not self._old():
            return self._server, True
        self.close()
        self._server, self._smtp = _connect(smtp), smtp
        return self._server, False

    def _old(self) -> bool:
        return time.monotonic() - self._used >= KEPT


def _quiet(server: smtplib.SMTP) -> bool:
    """Whether the server has said nothing unasked: a goodbye (421), or the end of the connection."""
    if server.sock is None:
        return False
    heard = select.poll()
    heard.register(server.sock, select.POLLIN)
    return not heard.poll(0)


def _connect(smtp: Smtp) -> "_Plain | _Tls":
    if smtp.security == "tls":
        server: _Plain | _Tls = _Tls(
            smtp.host, smtp.port, timeout=smtp.timeout_seconds, context=ssl.create_default_context()
        )
    else:
        server = _Plain(smtp.host, smtp.port, timeout=smtp.timeout_seconds)
    try:
        if smtp.security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if smtp.username:
            server.login(smtp.username, Path(smtp.password_file).read_text().strip())
    except BaseException:
        server.close()
        raise
    return server


_own = threading.local()


@contextlib.contextmanager
def kept_open() -> Iterator[Line]:
    """Within it, mails of this thread share a connection; without it, each has one of its own."""
    _own.line = Line()
    try:
        yield _own.line
    finally:
        line = _own.line
        del _own.line
        line.close()


def send(mail: EmailMessage) -> dict[str, tuple[int, bytes]]:
    """Hand over one mail by this thread's line; the addresses that were refused."""
    line = getattr(_own, "line", None)
    if line is not None:
        refused: dict[str, tuple[int, bytes]] = line.send(mail)
        return refused
    with contextlib.closing(Line()) as line:
        return line.send(mail)
