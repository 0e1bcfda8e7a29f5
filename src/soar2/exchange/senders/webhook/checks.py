"""What is wrong with the [[webhook]] tables of soar2.toml, before the first page is owed."""

import ipaddress
import os
import stat
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from soar2.exchange.senders.webhook.signature import SecretFault, read_secrets
from soar2.record.programme import Webhook

LONGEST_WAIT = 20.0  # seconds; a delivery must end well before another worker may take it up


def faults(webhooks: Iterable[Webhook]) -> list[str]:
    """A sentence for each reason why a webhook could not be sent or would not be safe."""
    return [f"[[webhook]] {hook.channel}: {sentence}" for hook in webhooks for sentence in _faults(hook)]


def warnings(webhooks: Iterable[Webhook]) -> list[str]:
    """What works and should not stay so: secrets that other accounts of this machine can read."""
    return [
        f"[[webhook]] {hook.channel}: secret_file {hook.secret_file} can be read by other accounts; "
        f"chmod 600 it."
        for hook in webhooks
        if _open_to_others(hook.secret_file)
    ]


def _faults(hook: Webhook) -> Iterator[str]:
    yield from _address_faults(hook.url)
    if hook.timeout_seconds > LONGEST_WAIT:
        yield f"timeout_seconds is {hook.timeout_seconds:g}; at most {LONGEST_WAIT:g}, or a page comes too late."
    try:
        read_secrets(hook.secret_file)
    except SecretFault as fault:
        yield str(fault)


def _address_faults(url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        yield "url is no address."
        return
    if parts.scheme not in ("https", "http") or not host:
        yield "url must be an https:// address with a host."
    elif parts.scheme == "http" and not _this_machine(host):
        yield "url is http:// to another machine; it must be https://, so that nobody on the way reads or changes it."
    if parts.username is not None or parts.password is not None:
        yield "url holds a name or password; the signature says who sends, so leave them out."


def _this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _open_to_others(path: str) -> bool:
    try:
        return bool(os.stat(path).st_mode & (stat.S_IRWXG | stat.S_IRWXO))
    except OSError:
        return False  # its absence is a fault already
