"""What the door answers, what it keeps, and what it gives back."""

import json
import threading
from pathlib import Path

import fhirkit
import pytest
from fhir.resources.R4B import get_fhir_model_class
from sample_fhir import patient, raw, report, transaction, whole_transaction

from soar2.config.supervise import free_port
from soar2.exchange.dispatch import feeds
from soar2.exchange.fhir.door import Door, Place
from soar2.exchange.fhir.inbox import BodyInbox
from soar2.exchange.fhir.keys import BUNDLE, CREATE, READ, Holder, new_key
from soar2.exchange.fhir.lookups import Lookups
from soar2.exchange.fhir.reading import Told
from soar2.exchange.fhir.receipt import accepted
from soar2.exchange.fhir.writer import Writer

ADDRESS = "https://soar2.hospital.example/fhir"
HOLDER = Holder("0" * 64, "ris", "Radiology results", frozenset({CREATE}))
ALWAYS = {
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer", "Strict-Transport-Security": "max-age=31536000",
}  # fmt: skip


def is_fhir(body):
    """By the door's own checker and by one that has nothing in common with it."""
    assert [str(issue) for issue in fhirkit.validate(body)] == []
    found = json.loads(body)
    get_fhir_model_class(found["resourceType"]).model_validate(found)
    return found


def path_of(location):
    assert location.startswith(ADDRESS)
    return location.removeprefix("https://soar2.hospital.example")


def test_a_report_is_a_row_before_it_is_answered(visitor, token):
    body = raw(report("Cord compressed."))
    answer = visitor.post(body, token=token)
    assert answer.status == 201
    assert answer.headers["Location"].startswith(f"{ADDRESS}/DiagnosticReport/")
    assert answer.headers["ETag"] == 'W/"1"'
    assert ALWAYS.items() <= answer.headers.items()
    assert is_fhir(answer.body)["issue"][0]["severity"] == "information"
    names = "raw, door, format, feed, sending_application, message_type, answer_code, state, peer, resent"
    assert visitor.inbox(names) == [
        (body, "fhir", "fhir", "Radiology results", "ris", "DiagnosticReport", "AA", "stored", "10.1.2.3", 0)
    ]


def test_an_exact_retry_is_answered_alike_and_counted(visitor, token):
    first, again = (visitor.post(report(), token=token) for _ in range(2))
    assert (again.status, again.headers["Location"], again.body) == (
        first.status,
        first.headers["Location"],
        first.body,
    )
    assert visitor.inbox("resent") == [(1,)]


def test_a_body_that_went_to_the_wrong_address_can_be_brought_to_the_right_one(visitor, token):
    bundle = whole_transaction()
    assert visitor.post(bundle, token=token).said == (422, "invalid", "resourceType")
    assert visitor.post(bundle, token=token, path="/fhir").status == 200
    assert visitor.inbox("state, resent") == [("quarantined", 0), ("stored", 0)]


def test_a_new_version_under_the_same_identifiers_is_a_row_of_its_own(visitor, token):
    bundles = []
    for status in ("preliminary", "final", "amended"):
        bundle = whole_transaction(f"The words, {status}.", status=status)
        bundles.append(bundle | {"identifier": {"system": "urn:x", "value": "always the same"}})
    answers = [visitor.post(bundle, token=token, path="/fhir") for bundle in bundles]
    assert {answer.status for answer in answers} == {200}
    assert visitor.inbox("state") == [("stored",)] * 3


def test_the_same_body_from_two_senders_is_two_rows(visitor, token):
    other = visitor.token("pacs")
    places = {visitor.post(report(), token=key).headers["Location"] for key in (token, other)}
    assert len(places) == 2


def test_many_at_once_share_commits_and_each_gets_its_own_answer(visitor, token):
    bodies = [raw(report(f"Report {n}.", accession=f"M{n}")) for n in range(60)]
    answers = [None] * len(bodies)

    def send(n):
        answers[n] = visitor.post(bodies[n], token=token)

    threads = [threading.Thread(target=send, args=(n,)) for n in range(len(bodies))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status for answer in answers} == {201}
    for body, answer in zip(bodies, answers, strict=True):
        back = visitor.ask("GET", path_of(answer.headers["Location"]), token=token).json
        assert back["presentedForm"] == json.loads(body)["presentedForm"]
    [(commits,)] = visitor.rows("SELECT count(DISTINCT xmin::text) FROM exchange_inboundmessage")
    assert commits < 60


@pytest.mark.parametrize(
    ("prefer", "kind"),
    [
        ("return=minimal", None),
        ("return=representation", "DiagnosticReport"),
        ("return=OperationOutcome", "OperationOutcome"),
        ("respond-async", "OperationOutcome"),
    ],
)
def test_the_sender_says_what_it_wants_back(visitor, token, prefer, kind):
    answer = visitor.post(report(), token=token, HTTP_PREFER=prefer)
    assert answer.status == 201
    assert (is_fhir(answer.body)["resourceType"] if answer.body else None) == kind


def test_a_report_can_be_read_back_by_its_feed_and_the_look_is_noted(visitor, token):
    sent = report(extension=[{"url": "urn:x", "valueDecimal": 2.5}], meta={"source": "urn:ris"})
    body = raw(sent).replace(b"2.5}", b"2.50}")
    place = path_of(visitor.post(body, token=token).headers["Location"])
    for path in (place, place.removesuffix("/_history/1")):
        answer = visitor.ask("GET", path, token=visitor.token(f"reader{len(path)}", scopes=[READ]))
        found = is_fhir(answer.body)
        assert answer.status == 200
        assert b"2.50" in answer.body
        assert found["id"] in path
        assert found["meta"]["source"] == "urn:ris"
        assert [tag["code"] for tag in found["meta"]["tag"]] == ["stored"]
        assert {key: found[key] for key in sent if key not in ("meta", "extension")} == {
            key: sent[key] for key in sent if key not in ("meta", "extension")
        }
    [(row,)] = visitor.inbox("id")
    assert {number for number, _ in visitor.opened} == {row}
    assert len(visitor.opened) == 2


def test_what_became_of_a_report_can_be_seen(visitor, token):
    place = path_of(visitor.post(report(), token=token).headers["Location"])
    visitor.rows("UPDATE exchange_inboundmessage SET state = 'filtered' RETURNING id")
    assert visitor.ask("GET", place, token=token).json["meta"]["tag"][0]["code"] == "filtered"


def test_nobody_else_can_read_it(visitor, token):
    place = path_of(visitor.post(report(), token=token).headers["Location"])
    other = visitor.token("other", scopes=[CREATE, BUNDLE])
    assert visitor.ask("GET", place, token=other).said[:2] == (403, "forbidden")
    assert visitor.ask("GET", place).status == 401
    visitor.rows("UPDATE exchange_apitoken SET feed = 'Another' WHERE name = 'ris' RETURNING id")
    assert visitor.ask("GET", place, token=visitor.token("third")).status == 404
    assert visitor.opened == []


@pytest.mark.parametrize("name", ["0" * 32, "0" * 32 + "-0", "x", "a.b-c", "0" * 64])
def test_an_id_that_is_none_is_not_found(visitor, token, name):
    assert visitor.ask("GET", f"/fhir/DiagnosticReport/{name}", token=token).said[:2] == (404, "not-found")


def test_what_was_refused_has_no_address(visitor, token):
    visitor.post(report(status="unknown"), token=token)
    [(name,)] = visitor.inbox("control_id")
    assert visitor.ask("GET", f"/fhir/DiagnosticReport/{name}", token=token).status == 404


def test_a_transaction_is_one_row_and_each_report_in_it_has_an_address(visitor, token):
    bundle = whole_transaction("First.")
    bundle["entry"].append(
        {
            "resource": report("Second.", accession="A2"),
            "request": {"method": "POST", "url": "DiagnosticReport"},
        }
    )
    answer = visitor.post(bundle, token=token, path="/fhir/")
    assert answer.status == 200
    found = is_fhir(answer.body)
    said = [entry["response"]["status"][:3] for entry in found["entry"]]
    assert said == ["201", "202", "202", "202", "202", "201"]
    assert visitor.inbox("message_type, state") == [("Bundle", "stored")]
    first, second = (f"/fhir/{found['entry'][n]['response']['location']}" for n in (0, 5))
    alone = is_fhir(visitor.ask("GET", first, token=token).body)
    kinds = {item["id"]: item["resourceType"] for item in alone["contained"]}
    assert kinds[alone["subject"]["reference"][1:]] == "Patient"
    assert kinds[alone["basedOn"][0]["reference"][1:]] == "ServiceRequest"
    assert b"urn:uuid" not in json.dumps(alone).encode()
    assert visitor.ask("GET", second, token=token).json["identifier"][0]["value"] == "A2"
    assert visitor.ask("GET", first.replace("-0/", "-1/"), token=token).status == 404
    assert visitor.post(bundle, token=token, path="/fhir").body == answer.body
    assert visitor.inbox("resent") == [(1,)]


def test_a_report_without_a_patient_is_refused_and_still_read(visitor, token):
    answer = visitor.post(report("Cord compressed.", subject=None), token=token)
    assert answer.said == (422, "business-rule", "DiagnosticReport.subject")
    assert is_fhir(answer.body)["issue"][1]["severity"] == "information"
    assert visitor.inbox('state, answer_code, "where"') == [("stored", "AE", "DiagnosticReport.subject")]


def test_the_statement_is_true(visitor):
    answer = visitor.ask("GET", "/fhir/metadata")
    found = is_fhir(answer.body)
    assert answer.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert found["fhirVersion"] == "4.0.1" == fhirkit.FHIR_VERSION
    [rest] = found["rest"]
    [kind] = rest["resource"]
    assert [item["code"] for item in kind["interaction"]] == ["create", "read", "vread"]
    assert [item["code"] for item in rest["interaction"]] == ["transaction"]
    assert found["implementation"]["url"] == ADDRESS


def test_the_openapi_document_in_the_reference_is_the_one_that_is_served(visitor):
    """Write it anew: .venv/bin/python -m soar2.exchange.fhir.openapi > docs/reference/fhir-openapi.json"""
    kept = Path(__file__).parents[2] / "docs/reference/fhir-openapi.json"
    assert visitor.ask("GET", "/fhir/openapi.json").json == json.loads(kept.read_text())


def test_a_head_is_an_answer_without_a_body(visitor):
    got, head = visitor.ask("GET", "/fhir/metadata"), visitor.ask("HEAD", "/fhir/metadata")
    assert head.body == b""
    assert head.headers == got.headers


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/fhir/DiagnosticReport", "OPTIONS, POST"),
        ("/fhir", "OPTIONS, POST"),
        ("/fhir/metadata", "GET, HEAD, OPTIONS"),
        ("/fhir/DiagnosticReport/x", "GET, HEAD, OPTIONS"),
    ],
)
def test_each_address_says_what_it_takes(visitor, path, allowed):
    assert visitor.ask("OPTIONS", path).headers["Allow"] == allowed
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "BREW"):
        answer = visitor.ask(method, path)
        assert answer.said[:2] == (405, "not-supported")
        assert answer.headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path",
    ["/fhir/Patient", "/fhir/DiagnosticReport/_search", "/fhir/DiagnosticReport/x/_history/2", "/fhir/.."],
)
def test_what_is_not_here_is_said_so(visitor, path):
    answer = visitor.ask("GET" if "history" in path else "POST", path)
    assert answer.status in (404, 405)
    assert is_fhir(answer.body)


def test_a_database_that_is_away_is_a_503_to_try_again_after(shared_door, loop):
    nowhere = {"host": "127.0.0.1", "port": free_port(), "connect_timeout": 1}
    door = Door(
        Place(ADDRESS, lambda environ: "10.1.2.3"),
        feeds,
        Lookups(nowhere, patience=0.2),
        Writer(lambda: BodyInbox(nowhere), patience=0.2),
        lambda number, holder: None,
    )
    answer = type(shared_door)(door, "", loop).post(report(), token=new_key())
    assert answer.said[:2] == (503, "transient")
    assert int(answer.headers["Retry-After"]) > 0
    stored = loop.run(door._writer.store(accepted(b"{}", Told("DiagnosticReport", (), ()), HOLDER, "")))
    assert stored is None  # never a 201 for what is not committed
    loop.run(door.close())


def test_a_bundle_with_a_wrong_report_is_kept_whole_for_a_person(visitor, token):
    bundle = transaction(report("Good."), report("Bad.", status="unknown"), patient())
    answer = visitor.post(bundle, token=token, path="/fhir")
    assert answer.said == (422, "business-rule", "Bundle.entry[1].resource.status")
    assert visitor.inbox("state, raw") == [("quarantined", raw(bundle))]
