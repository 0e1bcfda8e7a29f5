"""HTTP as the door needs it: what a request asks for, what an answer is made of. Pure.

Source: FHIR R4 RESTful API (content types, Prefer, Location, ETag); RFC 9110; RFC 6750 (bearer tokens).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

from soar2.errors import Refused
from soar2.exchange.fhir.keys import PREFIX
from soar2.exchange.fhir.outcome import Issue, as_bytes, operation_outcome

JSON = "application/fhir+json; charset=utf-8"
TAKEN = ("application/fhir+json", "application/json")
OFFERED = (*TAKEN, "application/*", "*/*")
FORMATS = ("json", *TAKEN)
UTF8 = ("utf-8", "utf8", "us-ascii")
CREDENTIALS = frozenset({"access_token", "token", "bearer", "authorization", "key", "apikey", "api_key"})
_RETURN = re.compile(r"\breturn\s*=\s*\"?(minimal|representation|OperationOutcome)\b", re.IGNORECASE)
_VERSIONS = ("4.0", "4.0.0", "4.0.1")

Headers = tuple[tuple[str, str], ...]
Environ = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer, without the headers that every answer has."""

    status: int
    body: bytes = b""
    headers: Headers = ()


class NotTaken(Refused):
    """A request that goes no further, with the status and the issue its sender is told."""

    def __init__(self, status: int, code: str, words: str, headers: Headers = (), where: str = ""):
        super().__init__(words)
        self.status = status
        self.issue = Issue(code, words, where)
        self.headers = headers

    @property
    def reply(self) -> Reply:
        return outcome(self.status, self.issue, headers=self.headers)


def outcome(status: int, *issues: Issue, headers: Headers = ()) -> Reply:
    """An answer that is an OperationOutcome."""
    return Reply(status, as_bytes(operation_outcome(issues)), headers)


def bearer(environ: Environ) -> str:
    """The token of the Authorization header; empty when there is none. Raises ``NotTaken``."""
    kind, _, key = environ.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
    if not kind:
        return ""
    if kind.lower() != "bearer" or not key.strip():
        raise unauthorised("The Authorization header must be: Bearer, a space, the token.")
    return str(key).strip()


def unauthorised(words: str) -> NotTaken:
    """401, with the challenge that RFC 6750 asks for."""
    return NotTaken(
        401, "login", words, (("WWW-Authenticate", 'Bearer realm="SOaR2", error="invalid_token"'),)
    )


def check_address(environ: Environ) -> None:
    """A token in an address is in the logs of every machine on its way. Raises ``NotTaken``."""
    query = environ.get("QUERY_STRING", "")
    if not query:
        return
    if PREFIX in query or any(name.lower() in CREDENTIALS for name, _ in parse_qsl(query, True)):
        words = (
            "A token does not belong into an address, where it is logged. Revoke it and send a new one in the"
            " Authorization header."
        )
        raise NotTaken(400, "security", words)


def check_accept(environ: Environ) -> None:
    """406 for a sender that takes no JSON. Raises ``NotTaken``."""
    query = environ.get("QUERY_STRING", "")
    wanted = dict(parse_qsl(query)).get("_format", "") if "_format" in query else ""
    if wanted and wanted.split(";")[0].strip().lower() not in FORMATS:
        raise NotTaken(406, "not-supported", "Answers are FHIR JSON; _format asks for something else.")
    accept = environ.get("HTTP_ACCEPT", "")
    if wanted or not accept or accept == "*/*":
        return
    if not _accepts(accept):
        raise NotTaken(406, "not-supported", "Answers are application/fhir+json; Accept takes no such.")


@lru_cache(maxsize=256)
def _accepts(accept: str) -> bool:
    return any(_acceptable(*_media(part)) for part in accept.split(","))


def _acceptable(media: str, parameters: dict[str, str]) -> bool:
    none = re.fullmatch(r"0(\.0*)?", parameters.get("q", "1")) is not None
    return media in OFFERED and not none and parameters.get("fhirversion", "4.0") in _VERSIONS


def check_content_type(environ: Environ) -> None:
    """415 for anything but FHIR JSON in UTF-8. Raises ``NotTaken``."""
    _check_content_type(environ.get("CONTENT_TYPE", ""))


@lru_cache(maxsize=256)  # a refusal is not kept
def _check_content_type(text: str) -> None:
    media, parameters = _media(text)
    if media not in TAKEN:
        raise NotTaken(415, "not-supported", f"The body must be {' or '.join(TAKEN)}.", _ACCEPTED)
    if parameters.get("charset", "utf-8").lower() not in UTF8:
        raise NotTaken(415, "not-supported", "JSON is taken in UTF-8 only.", _ACCEPTED)
    if parameters.get("fhirversion", "4.0") not in _VERSIONS:
        raise NotTaken(415, "not-supported", "Only FHIR R4 (fhirVersion=4.0) is taken.", _ACCEPTED)


_ACCEPTED = (("Accept", ", ".join(TAKEN)),)


def _media(text: str) -> tuple[str, dict[str, str]]:
    kind, *rest = text.split(";")
    pairs = (part.partition("=") for part in rest)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


def wanted_return(environ: Environ) -> str:
    """What Prefer asks for after a create: minimal, representation or operationoutcome (the default)."""
    prefer = environ.get("HTTP_PREFER", "")
    found = _RETURN.search(prefer) if prefer else None
    return found[1].lower() if found else "operationoutcome"
