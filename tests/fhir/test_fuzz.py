"""Bodies that nobody would write: the door and the worker read them alike, and neither fails.

A seed makes a body, so that what failed once can be had again. The mutator knows JSON (it puts other values where
values stand) and bytes (it cuts, doubles, overwrites), and starts from reports of every kind.
"""

import json
import logging
import random
from copy import deepcopy
from functools import partial

import fhirkit
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sample_fhir import patient, plain_text, raw, report, transaction, whole_transaction

from soar2.errors import Unreadable
from soar2.exchange.feeds import Feed
from soar2.exchange.fhir.keys import Holder
from soar2.exchange.fhir.outcome import Refusal, operation_outcome
from soar2.exchange.fhir.reading import read_resource, told
from soar2.exchange.fhir.receipt import accepted, receipt_of

FEED = Feed(
    name="Radiology results", identifier_authority="DEMO", assume_authority=True, time_zone="America/New_York",
    identifier_systems=(("urn:oid:1.2.3", "DEMO"),),
)  # fmt: skip
HOLDER = Holder("0" * 64, "ris", FEED.name, frozenset())
OF_THE_PATIENT = ("T000001", "TEST", "1960-01-01", "compressed", "A000001", "Hale")
RTF = r"{\rtf1\ansi Cord \'e9 compressed.\par T8.}"
BODIES = (
    raw(report("Cord compressed.")),
    raw(report(presentedForm=[plain_text(RTF, "text/rtf"), plain_text("<p>T8</p>", "text/html")])),
    raw(report(presentedForm=None, conclusion="Cord compressed.", subject={"identifier": {"value": "T1"}})),
    raw(report(presentedForm=None, text={"status": "generated", "div": "<div>T8<br/>T9</div>"})),
    raw(
        report(who=patient(link=[{"other": {"reference": "Patient/2"}, "type": "refer"}]), status="cancelled")
    ),
    raw(whole_transaction()),
    raw(transaction(report(), report(accession="A2"), patient())),
)
VALUES = (
    None, True, 0, -1, 1e308, 2.50, "", " ", "x", "#patient", "#", "#x", "urn:uuid:0", "Patient/patient", "\u00fc\U0001f9b4",
    "9" * 4400, "2026-02-30", "2026-13", "0000-00-00T00:00:00Z", "9999-12-31T23:59:59-23:59", "2026-03-10T12:15:00.1234567890Z",
    "text/plain; charset=utf-16", "text/rtf", "text/html", "AAAA", "!!!!", "=", "final", "unknown", "Bundle", "replaced-by",
    [], {}, [[]], [{}], [None], {"reference": "#patient"}, {"reference": "#"}, {"resourceType": "Patient"}, {"value": "1"},
    {"resourceType": "DiagnosticReport", "status": "final", "code": {}}, [{"url": "urn:x"}], {"coding": [{}]},
)  # fmt: skip
TOKENS = (
    b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\\u0000", b"\\ud800", b"\\", b'"', b"{", b"}", b"[", b"]", b",", b":",
    b"NaN", b"1e999", b"-", b"null", b"//", b"\r\n", b'"status":"final",', b'"modifierExtension":[{}],', b"[" * 5000,
)  # fmt: skip


def places(value, found):
    """Every (container, key) below a JSON value."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, child in children:
        found.append((value, key))
        places(child, found)
    return found


def mutated(seed):
    """One body; the same seed makes the same."""
    dice = random.Random(seed)
    body = dice.choice(BODIES)
    found = json.loads(body)
    for _ in range(dice.choice((0, 1, 1, 1, 2, 3, 8))):
        container, key = dice.choice(places(found, []))
        move = dice.randrange(4)
        if move == 0:
            del container[key]
        elif move == 1 and isinstance(container, dict):
            container[
                dice.choice(("id", "status", "value", "reference", "extension", "contained", "ünbekannt"))
            ] = container[key]
        elif move == 2 and isinstance(container, list):
            container.append(container[key])
        else:
            container[key] = deepcopy(dice.choice(VALUES))
        if not places(found, []):
            break
    body = json.dumps(found, ensure_ascii=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    for _ in range(dice.choice((0, 0, 0, 1, 1, 2, 5))):
        at, size = dice.randrange(len(body) + 1), dice.choice((1, 1, 2, 30))
        middle = dice.choice((b"", dice.randbytes(size), dice.choice(TOKENS), body[at : at + size] * 2))
        body = body[:at] + middle + body[at + size :]
    return body


def by(reader):
    """What a reader makes of a body: what it refuses it for, or what it returns. Anything else is a bug."""
    try:
        return None, reader()
    except Refusal as fault:
        return fault, None


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**48))
def test_door_and_worker_refuse_the_same_bodies_for_the_same_reasons(seed):
    body = mutated(seed)
    refusal, found = by(lambda: told(body, FEED))
    again, results = by(lambda: read_resource(body, FEED))
    if refusal is not None:
        assert (refusal.status, refusal.issues) == (again.status, again.issues)
        said = json.dumps(operation_outcome(refusal.issues), ensure_ascii=False)
        assert fhirkit.validate(said) == []
        assert [word for word in OF_THE_PATIENT if word in said] == []
        return
    assert again is None
    assert [issue.words for issue in found.issues] == [
        result.identity_fault for result in results if result.identity_fault
    ]
    arrival = accepted(body, found, HOLDER, "")
    assert receipt_of(arrival.answer).stored() == arrival.answer


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200))
@example(b"")
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
def test_bytes_that_are_no_report_are_refused(body):
    with pytest.raises(Unreadable):
        read_resource(body, FEED)


def test_the_mutator_reaches_every_kind_of_answer():
    seen = {}
    for seed in range(2000):
        refusal, found = by(partial(told, mutated(seed), FEED))
        code = (refusal.status, refusal.issues[0].code) if refusal else (201, bool(found.issues))
        seen[code] = seen.get(code, 0) + 1
    assert {
        (400, "structure"),
        (422, "required"),
        (422, "value"),
        (422, "code-invalid"),
        (201, False),
        (201, True),
    } <= seen.keys()


HEADERS = (
    "HTTP_ACCEPT",
    "CONTENT_TYPE",
    "HTTP_PREFER",
    "HTTP_CONTENT_ENCODING",
    "QUERY_STRING",
    "HTTP_AUTHORIZATION",
)
VISIBLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=60)


def test_the_door_answers_any_body_and_keeps_it(visitor, token, caplog):
    caplog.set_level(logging.ERROR)
    bodies = {mutated(seed) for seed in range(250)}
    statuses = set()
    for body in bodies:
        for path in ("/fhir/DiagnosticReport", "/fhir"):
            answer = visitor.post(body, token=token, path=path)
            assert answer.status in (200, 201, 400, 422), (path, body)
            assert fhirkit.validate(answer.body) == []
            statuses.add(answer.status)
    assert {200, 201, 400, 422} == statuses
    assert caplog.text == ""
    assert {body for (body,) in visitor.inbox("raw")} == bodies


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(HEADERS), value=VISIBLE)
def test_no_header_makes_the_door_fail(shared_door, fuzz_token, name, value):
    answer = shared_door.post(BODIES[0], token=fuzz_token, **{name: value})
    assert answer.status in (201, 400, 401, 406, 415, 429)
    assert answer.status == 201 or answer.issue["severity"] == "error"


@pytest.fixture
def fuzz_token(visitor):
    return visitor.token("fuzz")


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS", "PATCH", "DELETE", "X"]),
    path=st.text(max_size=40).map(lambda tail: f"/fhir/{tail}") | st.from_regex(r"/fhir(/DiagnosticReport)?(/[A-Za-z0-9.-]{1,70}){0,3}", fullmatch=True),
)  # fmt: skip
def test_no_address_makes_the_door_fail(shared_door, fuzz_token, method, path):
    shared_door.door._failures._since.clear()
    answer = shared_door.ask(method, path.replace("?", ""), BODIES[0], token=fuzz_token)
    assert answer.status in (200, 201, 204, 400, 403, 404, 405, 422)
