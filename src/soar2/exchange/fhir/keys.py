"""What a token looks like, and what is known of whoever holds one. Pure.

256 random bits behind a prefix that secret scanners can be taught, and a checksum, so that a slip of the hand
is told from a token without asking the database.
"""

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from datetime import datetime

CREATE, READ, BUNDLE = "DiagnosticReport.create", "DiagnosticReport.read", "Bundle.create"
SCOPES = {
    CREATE: "POST /fhir/DiagnosticReport",
    READ: "GET /fhir/DiagnosticReport/<id>, of the same feed",
    BUNDLE: "POST /fhir, a transaction",
}
PREFIX = "soar2_"
_BODY, _SUM = 43, 8  # characters: 32 bytes in base64url, a CRC-32 in hex


@dataclass(frozen=True, slots=True)
class Holder:
    """A machine that may come in, as its token says. ``key`` is the token's digest."""

    key: str
    name: str
    feed: str
    scopes: frozenset[str]
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    def fault(self, now: datetime) -> str:
        """Why the token opens nothing; empty when it does."""
        if self.revoked_at is not None:
            return "The token was revoked."
        if self.expires_at is not None and self.expires_at <= now:
            return f"The token expired on {self.expires_at:%d %b %Y}."
        return ""


def new_key() -> str:
    """A new token; it is shown once and kept nowhere."""
    body = secrets.token_urlsafe(32)
    return f"{PREFIX}{body}{_checksum(body)}"


def well_formed(key: str) -> bool:
    """Whether ``key`` can be a token of ours at all."""
    body, checksum = key[len(PREFIX) : -_SUM], key[-_SUM:]
    return (
        key.startswith(PREFIX)
        and len(body) == _BODY
        and key.isascii()
        and secrets.compare_digest(checksum, _checksum(body))
    )


def digest(key: str) -> str:
    """The only thing kept of a token."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
