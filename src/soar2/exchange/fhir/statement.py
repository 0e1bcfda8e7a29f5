"""The CapabilityStatement of ``GET /fhir/metadata``: what this door does, and nothing it does not. Pure."""

from importlib.metadata import version
from typing import Any

from soar2.exchange.fhir.outcome import as_bytes

SINCE = "2026-11-29"  # when the door last changed what it can do
SECURITY = (
    "Every request but this one needs a bearer token, made with `soar2 token create` for one feed, with the"
    " scopes DiagnosticReport.create, DiagnosticReport.read and Bundle.create. A token is sent in the"
    " Authorization header and nowhere else."
)
CREATE = (
    "The body is stored and committed before 201 is sent, then read by the same rules as an HL7 v2 report of the"
    " feed. A body that is sent again unchanged is answered as the first time and stored once. Each version of a"
    " report is created anew; the accession number (an identifier of type ACSN, of the report, its order or its"
    " study) and the status join them. If-None-Exist is not heeded."
)
READ = (
    "Any token of the feed with the scope may read back what came in by FHIR, by the address given in Location."
    " meta.tag says what became of it. A report of a transaction comes back with what it refers to contained."
)
TRANSACTION = (
    "POST of a transaction Bundle with one or more DiagnosticReports and the Patient, Practitioner, ServiceRequest,"
    " ImagingStudy, Encounter and Observation resources they refer to, by urn:uuid. Only the reports get an"
    " address; the others are read as parts of them. batch is not supported."
)


def capability_statement(address: str) -> bytes:
    """The resource; ``address`` is the base URL of the door."""
    return as_bytes(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": SINCE,
            "kind": "instance",
            "software": {"name": "SOaR2", "version": version("soar2")},
            "implementation": {"description": "Takes imaging reports.", "url": address},
            "fhirVersion": "4.0.1",
            "format": ["json", "application/fhir+json"],
            "rest": [_rest()],
        }
    )


def _rest() -> dict[str, Any]:
    return {
        "mode": "server",
        "documentation": "JSON in UTF-8, gzip if need be, at most 16 MiB.",
        "security": {"cors": False, "description": SECURITY},
        "resource": [
            {
                "type": "DiagnosticReport",
                "interaction": [
                    {"code": "create", "documentation": CREATE},
                    {"code": "read", "documentation": READ},
                    {"code": "vread", "documentation": "There is one version of each: 1."},
                ],
                "versioning": "versioned",
                "readHistory": False,
                "updateCreate": False,
                "conditionalCreate": False,
                "conditionalUpdate": False,
                "conditionalDelete": "not-supported",
                "referencePolicy": ["literal", "logical", "local"],
            }
        ],
        "interaction": [{"code": "transaction", "documentation": TRANSACTION}],
    }
