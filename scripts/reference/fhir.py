"""docs/reference/fhir.md: what the FHIR door takes and answers, the answers found by asking it."""

import asyncio
import base64
import gzip
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

from reference.tables import table

from soar2.exchange.arrival import Arrival
from soar2.exchange.feeds import Feed
from soar2.exchange.fhir.bodies import AT_ONCE, BUDGET, BYTES_A_SECOND, SECONDS
from soar2.exchange.fhir.codes import ANY_RESOURCE, REQUIRED
from soar2.exchange.fhir.door import LIMIT, Door, Place
from soar2.exchange.fhir.holders import FAILURES, FRESH, WINDOW
from soar2.exchange.fhir.keys import BUNDLE, CREATE, READ, SCOPES, digest, new_key
from soar2.exchange.fhir.lookups import DatabaseAway
from soar2.exchange.fhir.outcome import MOST_ISSUES
from soar2.exchange.fhir.reading import STATUS
from soar2.exchange.fhir.strict_json import DEEPEST
from soar2.exchange.fhir.transaction import MOST_ENTRIES

ADDRESS = "https://soar2.hospital.example/fhir"
FEED = Feed(
    "Radiology results", identifier_authority="HOSPITAL", identifier_systems=(("urn:oid:1.2.3", "HOSPITAL"),)
)
REPORT = {
    "resourceType": "DiagnosticReport",
    "contained": [
        {"resourceType": "Patient", "id": "p", "identifier": [{"system": "urn:oid:1.2.3", "value": "4711"}]}
    ],
    "identifier": [{"value": "A-1"}],
    "status": "final",
    "code": {"text": "MR thoracic spine"},
    "subject": {"reference": "#p"},
    "conclusion": "No metastasis.",
}
ENTRY = {"resource": REPORT, "request": {"method": "POST", "url": "DiagnosticReport"}}
TRANSACTION = {"resourceType": "Bundle", "type": "transaction", "entry": [ENTRY]}
POST, GET, ROOT = "POST /fhir/DiagnosticReport", "GET /fhir/DiagnosticReport/<id>", "POST /fhir"
GZIP = {"HTTP_CONTENT_ENCODING": "gzip"}
ATTACHED = {"contentType": "application/pdf", "data": base64.b64encode(b"%PDF").decode()}


def changed(**more: Any) -> bytes:
    found = {**REPORT, **more}
    return json.dumps({key: value for key, value in found.items() if value is not None}).encode()


GOOD = changed()
CASES: tuple[tuple[str, str, bytes, dict[str, str]], ...] = (
    ("a report in order", POST, GOOD, {}),
    ("a transaction in order", ROOT, json.dumps(TRANSACTION).encode(), {}),
    ("a PDF and no words", POST, changed(conclusion=None, presentedForm=[ATTACHED]), {}),
    ("no subject", POST, changed(subject=None), {}),
    ("a patient whose identifier is of nobody known", POST, GOOD.replace(b"1.2.3", b"9.9.9"), {}),
    ("no accession number", POST, changed(identifier=None), {}),
    ("no status", POST, changed(status=None), {}),
    ("a status that is no FHIR code", POST, changed(status="done"), {}),
    ("the status unknown", POST, changed(status="unknown"), {}),
    ("no words and no document", POST, changed(conclusion=None), {}),
    ("an element FHIR R4 does not have", POST, changed(verdict="bad"), {}),
    ("a modifierExtension", POST, changed(modifierExtension=[{"url": "urn:x", "valueCode": "x"}]), {}),
    ("a Bundle of type batch", ROOT, json.dumps({**TRANSACTION, "type": "batch"}).encode(), {}),
    ("a transaction at /fhir/DiagnosticReport", POST, json.dumps(TRANSACTION).encode(), {}),
    ("not JSON", POST, b"MSH|^~", {}),
    ("not UTF-8", POST, GOOD.replace(b"No metastasis", b"Gro\xdf"), {}),
    ("more than the largest body", POST, GOOD, {"CONTENT_LENGTH": str(LIMIT + 1)}),
    ("gzip that unpacks to more than the largest body", POST, gzip.compress(b" " * (LIMIT + 1)), GZIP),
    ("a body that ends early", POST, GOOD, {"CONTENT_LENGTH": str(len(GOOD) + 1)}),
    ("a body that does not come", POST, b"", {"CONTENT_LENGTH": "1000", "stops": "yes"}),
    ("XML", POST, b"<DiagnosticReport/>", {"CONTENT_TYPE": "application/fhir+xml"}),
    ("an Accept without JSON", POST, GOOD, {"HTTP_ACCEPT": "application/fhir+xml"}),
    ("no token", POST, GOOD, {"HTTP_AUTHORIZATION": ""}),
    ("a token that was revoked", POST, GOOD, {"token": "revoked"}),
    ("a token that expired", POST, GOOD, {"token": "expired"}),
    ("a token that nobody made", POST, GOOD, {"token": "unknown"}),
    ("a token without the scope", POST, GOOD, {"token": "reader"}),
    ("a token of a feed that is gone", POST, GOOD, {"token": "foreign"}),
    ("a token in the address", POST + "?access_token=x", GOOD, {}),
    ("an id of no report of this feed", GET.replace("<id>", "0" * 32), b"", {}),
    ("another type of resource", "POST /fhir/Patient", GOOD, {}),
    ("another method", "PUT /fhir/DiagnosticReport", GOOD, {}),
    ("the database is away", POST, GOOD, {"away": "yes"}),
)  # fmt: skip
KEPT = {"stored": "yes, and read", "quarantined": "yes, held for a person", "": "no"}
ELEMENTS = (
    ("`status`", "required; see below"),
    ("`subject`", "the record number, of a Patient that is contained or an entry of the transaction, or of a logical"
     " reference with an identifier"),
    ("`identifier`", "the accession number: by `accession_systems` of the feed, else of type ACSN or FILL, else the only"
     " one without a type; an identifier of `basedOn` or `imagingStudy` will do"),
    ("`presentedForm`", "the words: `text/plain`, else RTF, else HTML; a PDF or picture is kept for a person to open"),
    ("`result`", "the `valueString` of Observations, when there is no attached text"),
    ("`conclusion`", "words, when there is no attached text and it does not stand in the Observations already"),
    ("`text`", "the narrative, when there are no other words"),
    ("`code`", "the procedure: the first two codings, those the feed names before others"),
    ("`effective[x]`, `issued`", "when the exam began and ended, when the report was released"),
    ("`resultsInterpreter`, `performer`", "who read the images"),
    ("`basedOn`", "the ServiceRequest: placer number, who asked, why"),
    ("`imagingStudy`, `encounter`", "the study's UID and start; where the patient is"),
)  # fmt: skip


class Body:
    """A request's body; one that stops never comes."""

    def __init__(self, data: bytes, stops: bool):
        self.data, self.stops = data, stops

    async def __call__(self) -> bytes:
        if self.stops:
            raise TimeoutError
        return self.data

    async def __aiter__(self) -> Any:
        yield await self()


class Kept:
    """Stands where the database stands: the tokens, and what became of the last body."""

    def __init__(self) -> None:
        self.keys = {
            name: new_key() for name in ("good", "revoked", "expired", "reader", "foreign", "unknown")
        }
        self.state, self.away = "", False

    def rows(self, _: str, values: Any) -> list[tuple[Any, ...]]:
        now = datetime.now(UTC)
        for name, key in self.keys.items():
            if digest(key) == values[0] and name != "unknown":
                feed = "Closed" if name == "foreign" else FEED.name
                scopes = [READ] if name == "reader" else [CREATE, READ, BUNDLE]
                expires = datetime(2026, 3, 1, tzinfo=UTC) if name == "expired" else now + timedelta(days=1)
                return [(digest(key), name, feed, scopes, expires, now if name == "revoked" else None, now)]
        return []

    async def store(self, arrival: Arrival) -> bytes | None:
        if self.away:
            raise DatabaseAway
        self.state = arrival.state
        return arrival.answer


def page() -> str:
    parts = [
        "# The FHIR door",
        "`soar2 web` takes imaging reports by FHIR R4 (4.0.1) beside its pages. They go into the same inbox as"
        " HL7 v2 reports, are read by the same rules and open the same notice: an exam that comes by both doors"
        " is one exam, joined by its accession number and status. Setting it up: [how to send by FHIR]"
        "(../how-to/send-by-fhir.md). For programs: [fhir-openapi.json](fhir-openapi.json), which the door serves"
        " as `GET /fhir/openapi.json`, and the CapabilityStatement at `GET /fhir/metadata`.",
        "## What is taken",
        "JSON in UTF-8, plain or gzip. Every resource must be valid base FHIR R4; profiles are neither asked for"
        " nor checked, and extensions are ignored, except those that may change the meaning (`modifierExtension`,"
        " `implicitRules`), which are refused. References are followed inside the body only.",
        table(["element of DiagnosticReport", "what it is read for"], ELEMENTS),
        "### Status",
        table(["DiagnosticReport.status", "HL7 table 0123"], [(f"`{name}`", code) for name, code in STATUS.items()]),
        "`unknown` is a FHIR code and is refused all the same: nobody may act on it.",
        "### Required codes",
        "A code outside its FHIR value set is refused, in the report and in whatever comes with it.",
        table(["element", "one of"], _codes()),
        "## What is answered",
        "The rows below were found by asking the door. Every refusal is an OperationOutcome that names the place"
        f" (`expression`), at most {MOST_ISSUES} issues, and never repeats words or numbers of the report.",
        table(["request", "status", "issue", "words", "kept"], asyncio.run(_answers())),
        "`201` and `200` mean that the body is on disk. A 422 at the patient or the exam is stored and its words are"
        " read, since they may be urgent; a person says whose they are. After 429 and 503 try again when `Retry-After`"
        " says so; after no answer send the same bytes again. All else needs another request.",
        "A body that is sent again unchanged, with the same token and to the same address, is answered as the first"
        " time and stored once. A new version of a report is a new POST. `If-None-Exist` and conditional requests are"
        " not heeded, since nothing is ever made twice. `Prefer: return=minimal` and `representation` are.",
        "## Tokens and scopes",
        table(["scope", "opens"], [(f"`{scope}`", f"`{what}`") for scope, what in SCOPES.items()]),
        "`soar2 token create NAME --feed FEED --scope SCOPE` makes a token for one feed and shows it once; only a digest"
        f" is kept. It goes into the `Authorization` header, and nowhere else. A process believes what it knows of a"
        f" token for {FRESH:g} s, so that is how long a revoked one can still open the door. {FAILURES} wrong tokens"
        f" from one address within {WINDOW:g} s, and it must wait; good tokens from the same address are not slowed.",
        "## Limits",
        table(
            ["limit", "value"],
            (
                ("one body, unpacked", f"{LIMIT >> 20} MiB"),
                ("time for a body to come", f"{SECONDS:g} s, and 1 s for each {BYTES_A_SECOND >> 10} KiB that have come"),
                (f"bodies above {AT_ONCE >> 10} KiB held at a time", f"{BUDGET >> 20} MiB"),
                ("time for the head of a request", "15 s"),
                ("entries of a transaction", f"{MOST_ENTRIES:,}"),
                ("levels of JSON", str(DEEPEST)),
                ("patience with a database that is away", "5 s"),
            ),
        ),
        "A sender that is slow holds neither a thread nor a page: bodies are collected beside the pages and given up"
        " when their time is over.",
    ]  # fmt: skip
    return "\n\n".join(parts)


def _codes() -> list[tuple[str, str]]:
    named: dict[tuple[str, ...], list[str]] = {}
    for kind, rules in REQUIRED.items():
        for path, codes in rules.items():
            if path not in ANY_RESOURCE:
                named.setdefault(codes, []).append(f"`{kind}.{path}`")
    for path, codes in ANY_RESOURCE.items():
        named.setdefault(codes, []).append(f"`{path}` of any resource")
    return [(", ".join(dict.fromkeys(paths)), ", ".join(codes)) for codes, paths in named.items()]


async def _answers() -> list[tuple[str, ...]]:
    kept = Kept()
    door = Door(Place(ADDRESS, lambda environ: "10.1.2.3"), lambda: (FEED,), kept, kept, lambda *_: None)  # type: ignore[arg-type]
    before = logging.root.manager.disable
    logging.disable()
    try:
        return [await _row(door, kept, *case) for case in CASES]
    finally:
        logging.disable(before)


async def _row(
    door: Door, kept: Kept, what: str, line: str, body: bytes, given: dict[str, str]
) -> tuple[str, ...]:
    method, _, address = line.partition(" ")
    path, _, query = address.partition("?")
    kept.state, kept.away = "", "away" in given
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_TYPE": "application/fhir+json",
        "CONTENT_LENGTH": str(len(body)), "HTTP_AUTHORIZATION": f"Bearer {kept.keys[given.get('token', 'good')]}",
        **given,
    }  # fmt: skip
    reply = await door(environ, Body(body, "stops" in given))
    issue = json.loads(reply.body).get("issue", [{}])[0]
    refused = reply.status >= 400
    return (
        what if line.split("?")[0] in (POST, ROOT, GET) else f"{what}: `{line.replace('0' * 32, '<id>')}`",
        f"**{reply.status}**",
        issue["code"] if refused else "",
        issue["diagnostics"].replace("|", "\\|") if refused else "",
        KEPT[kept.state],
    )
