"""The door as an OpenAPI document, for those who generate clients and for tests that try everything. Pure.

.venv/bin/python -m soar2.exchange.fhir.openapi > docs/reference/fhir-openapi.json
"""

import json
from typing import Any

from soar2.exchange.fhir.codes import REPORT_STATUS
from soar2.exchange.fhir.outcome import as_bytes
from soar2.exchange.fhir.statement import SINCE

FHIR_JSON = "application/fhir+json"
EXAMPLE = "https://soar2.hospital.example/fhir"
WORDS = {
    200: "Taken; a transaction-response Bundle.",
    201: "Stored and committed. Location says where it can be read back.",
    400: "The body is no FHIR JSON, or a token stands in the address.",
    401: "No good token.",
    403: "The token does not open this.",
    404: "No such report of this feed.",
    406: "Accept takes no FHIR JSON.",
    408: "The body did not come whole or not in time; send it again.",
    413: "The body is larger than 16 MiB, unpacked.",
    415: "The body is not FHIR JSON in UTF-8, plain or gzip.",
    422: "FHIR JSON that breaks a rule; it was kept for a person.",
    429: "Too many wrong tokens came from this address.",
    503: "The store is away; nothing was kept. Retry-After says when to try again.",
}
REFUSALS = (400, 401, 403, 406, 408, 413, 415, 422, 429, 503)


def openapi(address: str) -> bytes:
    """The document; ``address`` is the base URL of the door."""
    return as_bytes(_document(address))


def _document(address: str) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "info": {"title": "SOaR2 FHIR R4 door", "version": SINCE},
        "servers": [{"url": address}],
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Outcome": _typed("OperationOutcome"),
                "Report": _report(),
                "Transaction": _bundle(),
            },
        },
        "paths": {
            "/metadata": {"get": _get("What the door does.", "CapabilityStatement", (400, 406), [])},
            "/DiagnosticReport": {"post": _post("Bring one report.", "Report", 201)},
            "/": {"post": _post("Bring reports and what they refer to.", "Transaction", 200)},
            "/DiagnosticReport/{id}": {"get": _read()},
        },
    }


def _typed(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"type": "string", "enum": [kind]}},
    }


def _report() -> dict[str, Any]:
    schema = _typed("DiagnosticReport")
    schema["required"] = ["resourceType", "status", "code"]
    schema["properties"] |= {
        "status": {"type": "string", "enum": list(REPORT_STATUS)},
        "code": {"type": "object", "properties": {"text": {"type": "string"}}},
        "conclusion": {"type": "string"},
        "subject": {"type": "object", "properties": {"reference": {"type": "string"}}},
    }
    return schema


def _bundle() -> dict[str, Any]:
    schema = _typed("Bundle")
    entry = {
        "type": "object",
        "required": ["resource", "request"],
        "properties": {
            "fullUrl": {"type": "string"},
            "resource": {"$ref": "#/components/schemas/Report"},
            "request": {
                "type": "object",
                "required": ["method", "url"],
                "properties": {"method": {"type": "string", "enum": ["POST"]}, "url": {"type": "string"}},
            },
        },
    }
    schema["required"] = ["resourceType", "type", "entry"]
    schema["properties"] |= {
        "type": {"type": "string", "enum": ["transaction"]},
        "entry": {"type": "array", "minItems": 1, "items": entry},
    }
    return schema


def _post(summary: str, schema: str, good: int) -> dict[str, Any]:
    body = {"required": True, "content": {FHIR_JSON: {"schema": _ref(schema)}}}
    return {
        "summary": summary,
        "security": [{"token": []}],
        "requestBody": body,
        "responses": _answers(good, {} if good == 201 else _typed("Bundle"), REFUSALS),
    }


def _get(summary: str, kind: str, refusals: tuple[int, ...], security: list[Any]) -> dict[str, Any]:
    return {"summary": summary, "security": security, "responses": _answers(200, _typed(kind), refusals)}


def _read() -> dict[str, Any]:
    found = _get(
        "Read a report back.", "DiagnosticReport", (400, 401, 403, 404, 406, 429, 503), [{"token": []}]
    )
    schema = {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"}
    return {**found, "parameters": [{"name": "id", "in": "path", "required": True, "schema": schema}]}


def _answers(good: int, schema: dict[str, Any], refusals: tuple[int, ...]) -> dict[str, Any]:
    answers = {str(good): {"description": WORDS[good], "content": {FHIR_JSON: {"schema": schema}}}}
    for status in refusals:
        answers[str(status)] = {
            "description": WORDS[status],
            "content": {FHIR_JSON: {"schema": _ref("Outcome")}},
        }
    return answers


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


if __name__ == "__main__":
    print(json.dumps(_document(EXAMPLE), indent=1, ensure_ascii=False))
