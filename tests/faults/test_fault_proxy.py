"""The failing network fails as asked: otherwise a fault run would prove nothing."""

import re
import socket
import threading
import time

import pytest
from fault_proxy import KINDS, Fault, FaultNet, Moment

REQUEST, ANSWER = b"one request, long enough to be cut", b"an answer as long as the request"
ARRIVES_WHOLE = {
    "delay the request", "delay the answer", "dribble the request", "dribble the answer", "half-close to the server",
}  # fmt: skip
SERVER_HEARS_ALL = ARRIVES_WHOLE | {
    "cut before the answer", "truncate the answer", "swallow the answer", "half-close to the client",
    "deliver after the cut",
}  # fmt: skip


class Answering(threading.Thread):
    """A server that answers each whole request and remembers what it heard on each connection."""

    def __init__(self):
        super().__init__(daemon=True)
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        self.heard, self.changed = [], threading.Condition()

    def run(self):
        while True:
            try:
                link, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        number, heard = len(self.heard), b""
        self.heard.append(b"")
        with link:
            try:
                while more := link.recv(4096):
                    heard += more
                    self.heard[number] = heard
                    if heard.endswith(REQUEST):
                        link.sendall(ANSWER)
                    with self.changed:
                        self.changed.notify_all()
            except OSError:
                pass

    def wait_for(self, question):
        with self.changed:
            return self.changed.wait_for(lambda: question(self.heard), 20)


@pytest.fixture
def server():
    answering = Answering()
    answering.start()
    yield answering
    answering.door.close()


@pytest.fixture
def net():
    with FaultNet() as failing:
        yield failing


def ask(port):
    """What comes back for one request; '' and a reset look alike to who asks."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        try:
            link.sendall(REQUEST)
            while got != ANSWER and (more := link.recv(4096)):
                got += more
        except OSError:
            pass
    return got


@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_does_what_its_name_says(net, server, kind):
    proxy = net.before("the server", lambda: ("127.0.0.1", server.port))
    proxy.plan(Fault(kind, REQUEST[:3]))
    got = ask(proxy.port)
    if kind == "refuse the next connection":
        got += ask(proxy.port)
    assert (got == ANSWER) == (kind in ARRIVES_WHOLE)
    assert got == ANSWER[: len(got)]
    if kind in SERVER_HEARS_ALL:
        assert server.wait_for(lambda heard: REQUEST in heard)
    else:
        assert REQUEST not in server.heard
    assert proxy.caused == {kind: 1}
    assert proxy.outstanding == 0
    assert ask(proxy.port) == ANSWER


def test_a_fault_waits_for_the_request_that_it_is_meant_for(net, server):
    proxy = net.before("the server", lambda: ("127.0.0.1", server.port))
    proxy.plan(Fault("cut before the answer", b"something else"))
    assert ask(proxy.port) == ANSWER
    assert (proxy.outstanding, sum(proxy.caused.values())) == (1, 0)


@pytest.mark.parametrize("answer", [b"", ANSWER[:2]], ids=["at the request", "at the answer"])
@pytest.mark.parametrize("passes", [True, False])
def test_a_moment_stands_still_until_it_is_told_how_to_go_on(net, server, answer, passes):
    proxy = net.before("the server", lambda: ("127.0.0.1", server.port))
    moment = Moment(REQUEST[:3], answer)
    proxy.lie_in_wait(moment)
    got = []
    asking = threading.Thread(target=lambda: got.append(ask(proxy.port)))
    asking.start()
    wait_until_reached(moment, asking)
    assert moment.port in proxy.clients
    if answer:  # the server has heard and said it all, and the client knows nothing of it
        assert REQUEST in server.heard
        assert proxy.pending == 1
    else:
        assert REQUEST not in server.heard
    assert got == []
    proxy.go_on(moment, passes=passes)
    asking.join(20)
    assert got == [ANSWER if passes else b""]
    assert ask(proxy.port) == ANSWER


def test_an_answer_that_never_comes_leaves_the_moment_to_another_conversation(net, server):
    proxy = net.before("the server", lambda: ("127.0.0.1", server.port))
    moment = Moment(REQUEST[:3], ANSWER)
    proxy.lie_in_wait(moment)
    with socket.create_connection(("127.0.0.1", proxy.port)) as link:
        link.sendall(REQUEST[:5])
        assert server.wait_for(lambda heard: REQUEST[:5] in heard)
    asking = start_to_ask(proxy.port)
    while not moment.reached:
        time.sleep(0.005)
        if not asking.is_alive():  # it came before the proxy had seen the end of the other one
            asking = start_to_ask(proxy.port)
    proxy.go_on(moment, passes=True)
    asking.join(20)


def start_to_ask(port):
    asking = threading.Thread(target=ask, args=(port,))
    asking.start()
    return asking


def wait_until_reached(moment, asking):
    while not moment.reached:
        assert asking.is_alive()
        time.sleep(0.005)


def test_a_moment_may_need_an_earlier_request_on_the_same_connection(net, server):
    proxy = net.before("the server", lambda: ("127.0.0.1", server.port))
    moment = Moment(REQUEST[:3], after=re.compile(REQUEST[:3]))
    proxy.lie_in_wait(moment)
    assert ask(proxy.port) == ANSWER
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=20) as link:
        link.sendall(REQUEST)
        assert link.recv(4096) == ANSWER
        assert not moment.reached
        link.sendall(REQUEST)
        while not moment.reached:
            time.sleep(0.005)
        proxy.go_on(moment, passes=True)
        assert link.recv(4096) == ANSWER
