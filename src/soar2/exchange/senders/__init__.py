"""Senders, one folder each: ``deliver(delivery)`` sends or raises ``Undelivered``.

E-mail is always there. A channel that a [[webhook]] of soar2.toml names has one too.
"""

from collections.abc import Callable
from functools import partial

from django.conf import settings

from soar2.exchange.senders import email, webhook
from soar2.exchange.senders.delivery import Delivery
from soar2.exchange.senders.email import kept_open

EMAIL = "email"

__all__ = ["EMAIL", "Delivery", "channels", "kept_open", "sender_of"]


def channels() -> tuple[str, ...]:
    """Every channel with a sender, by the settings."""
    return EMAIL, *(hook.channel for hook in settings.PROGRAMME.webhooks)


def sender_of(channel: str) -> Callable[[Delivery], None] | None:
    """What sends on this channel; None when nothing does."""
    if channel == EMAIL:
        return email.deliver
    hooks = {hook.channel: hook for hook in settings.PROGRAMME.webhooks}
    return partial(webhook.deliver, hooks[channel]) if channel in hooks else None
