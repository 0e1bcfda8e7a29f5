"""The signature of the Standard Webhooks specification, and the file its secrets stand in. Pure but for that file.

A receiver computes the same over ``id.timestamp.body`` and compares: so it knows who sent a message, that
nothing in it was changed, when it was sent, and by its id whether it has it already.
"""

import base64
import binascii
import hashlib
import hmac
from pathlib import Path

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64  # bytes of a secret, by the specification
AT_ONCE = 2  # the old secret and the new one, while the receiver changes over


class SecretFault(Exception):
    """Why a secret file cannot be used: a sentence that holds nothing of the secret."""


def headers(secrets: tuple[bytes, ...], message_id: str, at: int, body: bytes) -> dict[str, str]:
    """The three headers. ``at`` is this attempt's machine time in seconds; a signature for each secret."""
    signed = f"{message_id}.{at}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{_digest(secret, signed)}" for secret in secrets),
    }


def _digest(secret: bytes, signed: bytes) -> str:
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def read_secrets(path: str) -> tuple[bytes, ...]:
    """The one or two secrets of a file, a line each; raises ``SecretFault``."""
    try:
        lines = [line.strip() for line in Path(path).read_text(encoding="ascii").splitlines() if line.strip()]
    except OSError as fault:
        raise SecretFault(f"secret_file {path} cannot be read ({fault.strerror}).") from None
    except UnicodeDecodeError:
        raise SecretFault(f"secret_file {path} holds something that is no text.") from None
    if not 1 <= len(lines) <= AT_ONCE:
        raise SecretFault(
            f"secret_file {path} has {len(lines)} lines; write one secret, or two while it is being changed."
        )
    return tuple(_secret(line, f"secret_file {path}, line {n}") for n, line in enumerate(lines, 1))


def _secret(line: str, place: str) -> bytes:
    if not line.startswith(PREFIX):
        raise SecretFault(f"{place}: a secret begins with {PREFIX}.")
    text = line.removeprefix(PREFIX)
    try:
        secret = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        raise SecretFault(f"{place}: what follows {PREFIX} is not base64.") from None
    if not SHORTEST <= len(secret) <= LONGEST:
        raise SecretFault(f"{place}: the secret has {len(secret)} bytes; {SHORTEST} to {LONGEST} are needed.")
    return secret
