"""Senders, one folder each: ``deliver(delivery)`` sends or raises ``Undelivered``.

To add one, copy a folder and name it in ``SENDERS``; the folder's name is the channel's.
"""

from collections.abc import Callable

from soar2.exchange.senders import email
from soar2.exchange.senders.delivery import Delivery

SENDERS: dict[str, Callable[[Delivery], None]] = {"email": email.deliver}

__all__ = ["SENDERS", "Delivery"]
