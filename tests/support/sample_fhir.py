"""Synthetic FHIR reports made to measure. Nobody in them exists."""

import base64
import json

ACSN = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]}
MR = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MR"}]}
SPINE = {
    "coding": [
        {
            "system": "http://loinc.org",
            "code": "30855-1",
            "display": "MR Cervical and thoracic and lumbar spine",
        }
    ]
}


def plain_text(words, media="text/plain; charset=utf-8", codec="utf-8"):
    """One presentedForm."""
    return {"contentType": media, "data": base64.b64encode(words.encode(codec)).decode()}


def patient(mrn="T000001", family="TEST", given="PATIENT", born="1960-01-01", **more):
    identifiers = [{"type": MR, "value": mrn}] if mrn else []
    found = {
        "resourceType": "Patient",
        "id": "patient",
        "name": [{"family": family, "given": [given]}],
        "gender": "female",
        "birthDate": born,
    }
    return {**found, **({"identifier": identifiers} if identifiers else {}), **more}


def report(words="MRI spine. No epidural disease.", *, accession="A000001", who=None, **more):
    """A DiagnosticReport as JSON values, its patient contained; ``None`` as a value leaves an element out."""
    found = {
        "resourceType": "DiagnosticReport",
        "contained": [
            who or patient(),
            {
                "resourceType": "Practitioner",
                "id": "reader",
                "name": [{"family": "Hale", "given": ["Simon"]}],
            },
        ],
        "identifier": [{"type": ACSN, "value": accession}],
        "status": "final",
        "code": SPINE,
        "subject": {"reference": "#patient"},
        "effectivePeriod": {"start": "2026-03-10T12:40:00-04:00", "end": "2026-03-10T12:40:00-04:00"},
        "issued": "2026-03-10T14:05:00-04:00",
        "resultsInterpreter": [{"reference": "#reader"}],
        "presentedForm": [plain_text(words)],
        **more,
    }
    return {key: value for key, value in found.items() if value is not None}


def transaction(*resources, kind="transaction", method="POST"):
    """A Bundle; each resource may be a pair (fullUrl, resource)."""
    pairs = [item if isinstance(item, tuple) else (None, item) for item in resources]
    entries = [
        {
            **({"fullUrl": url} if url else {}),
            "resource": resource,
            "request": {"method": method, "url": resource.get("resourceType", "X")},
        }
        for url, resource in pairs
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def whole_transaction(words="MRI spine. No epidural disease.", accession="A000001", **more):
    """A report whose patient, order, study and reader are entries of their own."""
    names = {kind: f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n, kind in enumerate("rpsio")}
    order = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "identifier": [{"type": ACSN, "value": accession}],
        "subject": {"reference": names["p"]},
        "requester": {"display": "A Referrer"},
        "reasonCode": [{"text": "Back pain, known cancer"}],
    }
    study = {
        "resourceType": "ImagingStudy",
        "status": "available",
        "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:2.25.1"}],
        "subject": {"reference": names["p"]},
        "started": "2026-03-10T12:15:00-04:00",
    }
    reader = {"resourceType": "Practitioner", "name": [{"family": "Hale", "given": ["Simon"]}]}
    who = {key: value for key, value in patient().items() if key != "id"}
    found = report(
        words, contained=None, identifier=None, subject={"reference": names["p"]},
        resultsInterpreter=[{"reference": names["i"]}], basedOn=[{"reference": names["o"]}],
        imagingStudy=[{"reference": names["s"]}], **more,
    )  # fmt: skip
    return transaction(
        (names["r"], found), (names["p"], who), (names["o"], order), (names["s"], study), (names["i"], reader)
    )


def raw(resource):
    return json.dumps(resource).encode()
