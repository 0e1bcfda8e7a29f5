"""A paging service: a real HTTP or HTTPS server that keeps what it is posted and answers as it is told."""

import base64
import secrets
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook as Verifier


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True)
class Posted:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str):
        """The parsed body; raises where the reference library would not accept it."""
        return Verifier(secret).verify(self.body, self.headers)


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """A request that was cut off is no matter for standard error."""


class Receiver:
    """``answers`` are (status, headers) for the next requests; when they are used up, 204. ``gate`` holds answers
    back until it is set; ``on_post`` is told of each request before it is answered."""

    def __init__(self, tls: ssl.SSLContext | None = None):
        self.posts: list[Posted] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.trickle = False
        self.on_post: Callable[[Posted], None] = lambda posted: None
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}/pages"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def stop(self):
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    def of_case(self, case):
        return [post for post in self.posts if f'"case":"{case}"'.encode() in post.body]

    def _handler(self):
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # the line was cut: what has not come whole was not posted, and gets no answer
                posted = Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                receiver.posts.append(posted)
                receiver.on_post(posted)
                receiver.gate.wait(60)
                status, more = receiver.answers.pop(0) if receiver.answers else (204, {})
                try:
                    receiver._answer(self, status, more)
                except OSError:
                    pass  # the sender has gone: that is often what a test is about

            def log_message(self, *_):
                pass

        return Handler

    def _answer(self, handler, status, more):
        if self.trickle:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while True:
                handler.wfile.write(b"x")
                handler.wfile.flush()
                if threading.Event().wait(0.05) or handler.wfile.closed:
                    return
        handler.send_response(status)
        for name, value in more.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()
