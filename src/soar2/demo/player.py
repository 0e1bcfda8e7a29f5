"""The sender of the demonstration: follows its clock and sends each message once its time has come, over real MLLP."""

import logging
import signal
import time
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import Error as DatabaseFault
from django.db import connection

from soar2.demo.events import Message
from soar2.demo.story import story
from soar2.demo.wire import APPLICATION
from soar2.exchange.models import InboundMessage
from soar2.exchange.send import Client, NoAnswer
from soar2.record import clock

log = logging.getLogger("soar2.demo")

PAUSE = 0.25  # seconds between two looks at the clock


def due(messages: Sequence[Message], sent: Collection[str], now: datetime) -> list[Message]:
    """What should have been sent by ``now`` and was not, in order of events."""
    return [message for message in messages if message.at <= now and message.control_id not in sent]


def arrived(messages: Sequence[Message]) -> set[str]:
    """Control ids that the inbox holds already, from a player before this one."""
    wanted = [message.control_id for message in messages]
    rows = InboundMessage.objects.filter(sending_application=APPLICATION, control_id__in=wanted)
    return set(rows.values_list("control_id", flat=True))


class Player:
    """One sending process. ``turn`` sends what is due; ``run`` turns until SIGTERM or SIGINT.

    Control ids are fixed, so a message sent twice (an answer lost on the way) is one in the inbox.
    """

    def __init__(self, host: str, port: int, messages: Sequence[Message] | None = None):
        self.client = Client(host, port)
        self.messages = story().live if messages is None else messages
        self.sent: set[str] | None = None
        self.stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        log.info("demo player started, %d messages to come", len(self.messages))
        while not self.stopping:
            try:
                self.turn(clock.now())
            except NoAnswer as fault:
                log.info("the listener did not answer, trying again: %s", fault)
                time.sleep(1.0)
            except DatabaseFault as fault:
                log.warning("database away (%s), trying again", type(fault).__name__)
                connection.close()
                time.sleep(1.0)
            time.sleep(PAUSE)
        self.client.close()
        return 0

    def turn(self, now: datetime) -> int:
        """Send what is due at ``now``; returns how many. Raises ``NoAnswer``; the rest then waits for the next turn."""
        if self.sent is None:
            self.sent = arrived(self.messages)
        waiting = due(self.messages, self.sent, now)
        if waiting:  # a jump of the clock has brought the messages on its way itself
            self.sent |= arrived(waiting)
        count = 0
        for message in due(waiting, self.sent, now):
            if self.stopping:
                break
            self.client.send(message.raw)
            self.sent.add(message.control_id)
            count += 1
        return count

    def _stop(self, *_: object) -> None:
        self.stopping = True


def run_player(host: str, port: int) -> int:
    """The process behind ``soar2 demo-player``."""
    return Player(host, port).run()
