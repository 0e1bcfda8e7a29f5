"""A stored report as a resource again, for the machine that brought it. Pure, but for the one query's text."""

import json
import re
from typing import Any

from soar2.exchange.fhir.outcome import as_bytes
from soar2.exchange.fhir.receipt import REPORT, receipt_of
from soar2.exchange.fhir.references import Json, Message, Placed, message_of

ID = re.compile(r"([0-9a-f]{32})(?:-(\d{1,4}))?\Z")
# By the token's feed, not by its name: a token that replaced another reads what the other brought.
STORED_BODY = """
    SELECT id, raw, state, answer FROM exchange_inboundmessage
    WHERE sending_application IN (SELECT name FROM exchange_apitoken WHERE feed = %s)
      AND sending_facility = '' AND control_id = %s AND door = 'fhir'"""
STATES = {
    "stored": "Stored, not yet read",
    "applied": "Read and filed",
    "filtered": "Not a procedure this programme follows",
    "quarantined": "Held for a person",
}
_NUMBER = re.compile(r'"\\u0000([^"]+)"')


def resource_in(raw: bytes, answer: bytes, name: str, state: str, address: str) -> bytes | None:
    """The DiagnosticReport called ``name`` in a stored body; None when that body holds no such.

    What the report of a transaction refers to comes back contained in it, so that it can stand alone.
    """
    receipt, found = receipt_of(answer), ID.match(name)
    if receipt.status not in (200, 201) or found is None:
        return None
    body = _read(raw)
    if (receipt.status == 200) != (found[2] is not None):
        return None
    if found[2] is not None:
        report = _entry(body, int(found[2]))
        if report is None:
            return None
        body = _standing_alone(report, message_of(body))
    return _written({"resourceType": REPORT, "id": name, "meta": _meta(body, state, address), **_rest(body)})


def _read(raw: bytes) -> Json:
    """Numbers stay the characters they were: 2.50 must not come back as 2.5. The mark cannot be in a body."""
    found: Json = json.loads(raw.decode("utf-8-sig"), parse_float=lambda digits: f"\0{digits}")
    return found


def _written(resource: Json) -> bytes:
    return _NUMBER.sub(lambda found: found[1], as_bytes(resource).decode()).encode()


def _entry(bundle: Json, number: int) -> Placed | None:
    entries = bundle.get("entry", [])
    resource = entries[number].get("resource", {}) if number < len(entries) else {}
    place = f"Bundle.entry[{number}].resource"
    return Placed(resource, place) if resource.get("resourceType") == REPORT else None


def _rest(body: Json) -> Json:
    return {key: value for key, value in body.items() if key not in ("resourceType", "id", "meta")}


def _meta(body: Json, state: str, address: str) -> Json:
    tag = {"system": f"{address}/state", "code": state, "display": STATES.get(state, state)}
    stated = {key: value for key, value in body.get("meta", {}).items() if key not in ("versionId", "tag")}
    return {**stated, "versionId": "1", "tag": [*body.get("meta", {}).get("tag", ()), tag]}


def _standing_alone(report: Placed, message: Message) -> Json:
    """The report with the entries it refers to, and those they refer to, contained."""
    names: dict[str, str] = {}
    kept: list[tuple[Placed, Json]] = []

    def local(value: Any) -> Any:
        if isinstance(value, list):
            return [local(item) for item in value]
        if not isinstance(value, dict):
            return value
        found = message.find(value, report) if isinstance(value.get("reference"), str) else None
        if found is None or found.home is not None or found.resource is report.resource:
            return {key: local(item) for key, item in value.items()}
        if found.where not in names:
            names[found.where] = f"entry-{found.where.split('[')[1].split(']')[0]}"
            kept.append((found, {}))
            kept[-1][1].update(local({**_rest(found.resource)}))
        return {**value, "reference": f"#{names[found.where]}"}

    alone: Json = local(report.resource)
    inner = [{"resourceType": top.kind, "id": names[top.where], **rest} for top, rest in kept]
    return {**alone, "contained": [*alone.get("contained", ()), *inner]} if inner else alone
