"""The player: sends what the demo clock has reached, in order, over a real socket, and knows what arrived before."""

import socket
import threading
from contextlib import suppress
from datetime import UTC, timedelta

import pytest

from soar2.demo.events import START
from soar2.demo.player import Player, due
from soar2.demo.story import story
from soar2.exchange.arrival import received
from soar2.exchange.hl7v2.envelope import envelope
from soar2.exchange.mllp import Frame, Framer, frame
from soar2.exchange.models import InboundMessage
from soar2.exchange.send import NoAnswer


class Listener:
    """A plain MLLP receiver of this test: keeps control ids and accepts everything."""

    def __init__(self, port=0):
        self.socket = socket.create_server(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.received = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                link, _ = self.socket.accept()
            except OSError:
                return
            with link:
                self._talk(link)

    def _talk(self, link):
        framer = Framer()
        while data := link.recv(65536):
            for event in framer.feed(data):
                if isinstance(event, Frame):
                    self.received.append(envelope(event.content).control_id)
                    now = START.astimezone(UTC)
                    link.sendall(frame(received(event.content, peer="", now=now, answer_id="1").answer))

    def close(self):
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for the next caller
        self._thread.join(5)
        self.socket.close()


@pytest.fixture
def listener():
    found = Listener()
    yield found
    found.close()


LIVE = story().live


def ids(messages):
    return [message.control_id for message in messages]


def test_nothing_is_due_when_the_demonstration_starts():
    assert due(LIVE, set(), START) == []


def test_rosa_is_the_first_to_come():
    assert due(LIVE, set(), START + timedelta(seconds=20))[0].exam.who.family == "Quill"


@pytest.mark.django_db
def test_a_jump_sends_everything_on_the_way_in_order(listener):
    player = Player("127.0.0.1", listener.port)
    assert player.turn(START + timedelta(minutes=1)) == 1
    assert player.turn(START + timedelta(minutes=1)) == 0
    jumped = START + timedelta(hours=5)
    expected = ids(due(LIVE, set(), jumped))
    assert player.turn(jumped) == len(expected) - 1
    assert listener.received == expected
    player.client.close()


@pytest.mark.django_db
def test_a_listener_that_is_down_costs_nothing(listener):
    port = listener.port
    player = Player("127.0.0.1", port)
    assert player.turn(START + timedelta(minutes=1)) == 1
    player.client.close()
    listener.close()
    later = START + timedelta(hours=1)
    with pytest.raises(NoAnswer):
        player.turn(later)
    again = Listener(port)
    try:
        player.turn(later)
        assert [*listener.received, *again.received] == ids(due(LIVE, set(), later))
    finally:
        player.client.close()
        again.close()


@pytest.mark.django_db
def test_a_player_started_again_leaves_out_what_has_arrived(listener):
    first, second = LIVE[:2]
    arrival = received(first.raw, peer="", now=first.at, answer_id="1")
    InboundMessage.objects.create(
        received_at=first.at,
        raw=first.raw,
        body_hash=arrival.body_hash,
        sending_application=arrival.sending_application,
        sending_facility=arrival.sending_facility,
        control_id=arrival.control_id,
        answer_code="AA",
        answer=b"",
    )
    player = Player("127.0.0.1", listener.port)
    assert player.turn(second.at) == 1
    assert listener.received == [second.control_id]
    player.client.close()
