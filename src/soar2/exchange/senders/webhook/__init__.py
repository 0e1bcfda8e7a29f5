"""A paging, telephone or chat service by signed HTTP POST, after the Standard Webhooks specification."""

import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from soar2.errors import Undelivered
from soar2.exchange.senders.delivery import Busy, Delivery
from soar2.exchange.senders.webhook.body import body
from soar2.exchange.senders.webhook.checks import faults, warnings
from soar2.exchange.senders.webhook.posting import Answer, post
from soar2.exchange.senders.webhook.signature import SecretFault, headers, read_secrets
from soar2.record.programme import Webhook

__all__ = ["deliver", "faults", "warnings"]

SERVICES = {"page": "paging service", "voice": "telephone service"}
GONE = 410
LATER = frozenset({408, 425, 429})  # the only answers of the 4xx kind that may be better next time
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds; what a Retry-After may ask of a page


def deliver(hook: Webhook, delivery: Delivery) -> None:
    """Post one message; raises ``Undelivered`` with whether trying again can help.

    Its id is the outbox row's, so a second copy, after a lost answer or a worker that died, is known as one.
    """
    service = SERVICES[hook.channel]
    try:
        secrets = read_secrets(hook.secret_file)
    except SecretFault as fault:
        raise Undelivered(str(fault), permanent=False) from None  # mended in a minute, where somebody looks
    content = body(delivery)
    signed = headers(secrets, str(delivery.message), int(time.time()), content)
    sent_as = {**signed, "content-type": "application/json", "user-agent": "SOaR2"}
    try:
        answer = post(hook.url, content, sent_as, hook.timeout_seconds)
    except httpx.HTTPError as fault:
        raise Undelivered(f"The {service} {_trouble(fault)}.", permanent=False) from None
    except (httpx.InvalidURL, ValueError):
        raise Undelivered(f"The address of the {service} is none.", permanent=True) from None
    _judge(service, answer)


def _judge(service: str, answer: Answer) -> None:
    """Nothing of the answer but its number is repeated: a body could hold anything."""
    status = answer.status
    if 200 <= status < 300:
        return
    if status == GONE:
        raise Undelivered(f"The {service} says that this address is gone (410).", permanent=True)
    reason = f"The {service} answered {status}."
    if 300 <= status < 400:
        raise Undelivered(f"{reason[:-1]}, a redirect, which is not followed.", permanent=True)
    if status in LATER or status >= 500:
        wait = _seconds(answer.retry_after)
        raise Undelivered(reason, permanent=False) if wait is None else Busy(reason, seconds=wait)
    raise Undelivered(reason, permanent=True)


def _seconds(retry_after: str) -> float | None:
    """Retry-After as seconds from now within bounds; None where there is none that can be read."""
    if retry_after.isascii() and retry_after.isdecimal():
        wanted = float(retry_after[:9])
    else:
        try:
            at = parsedate_to_datetime(retry_after)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        wanted = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(wanted, SHORTEST_WAIT), LONGEST_WAIT)


def _trouble(fault: httpx.HTTPError) -> str:
    """What went wrong on the way, without what the fault itself says: that may quote the answer."""
    if isinstance(fault, httpx.TimeoutException):
        return "did not answer in time"
    cause: BaseException | None = fault
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return f"could not be trusted ({type(cause).__name__})"
        cause = cause.__cause__ or cause.__context__
    return f"could not be reached ({type(fault).__name__})"
