"""Bad input by HTTP: for each its answer to the sender, and the row a person can see, or none."""

import gzip
import io
import json
import threading
import time
from dataclasses import replace

import pytest
from sample_fhir import patient, raw, report, transaction

from soar2.exchange.fhir.bodies import Bodies
from soar2.exchange.fhir.door import LIMIT
from soar2.exchange.fhir.holders import FAILURES
from soar2.exchange.fhir.http import NotTaken
from soar2.exchange.fhir.keys import BUNDLE, CREATE, READ, new_key

GOOD = raw(report())
HELD = [("quarantined",)]


def deep(levels):
    return (
        b'{"resourceType":"DiagnosticReport","extension":'
        + b'[{"extension":' * levels
        + b"[]"
        + b"}]" * levels
        + b"}"
    )


BODIES = {
    "empty": (b"", 400, "structure"),
    "not JSON": (b"MSH|^~\\&|RIS", 400, "structure"),
    "XML": (b"<DiagnosticReport/>", 400, "structure"),
    "an array": (b"[" + GOOD + b"]", 400, "structure"),
    "half a body": (GOOD[: len(GOOD) // 2], 400, "structure"),
    "two bodies": (GOOD + GOOD, 400, "structure"),
    "NUL": (GOOD + b"\0", 400, "structure"),
    "NUL written as an escape": (GOOD.replace(b"MR Cervical", rb"\u0000"), 400, "structure"),
    "half a surrogate pair": (GOOD.replace(b"MR Cervical", rb"\ud800"), 400, "structure"),
    "Latin-1": (raw(report(conclusion="x")).replace(b'"x"', b'"\xfc"'), 400, "structure"),
    "UTF-16": (json.dumps(report()).encode("utf-16"), 400, "structure"),
    "deep nesting": (deep(100_000), 400, "structure"),
    "a number without end": (GOOD[:-1] + b', "x": ' + b"9" * 100_000 + b"}", 400, "structure"),
    "not a number": (GOOD[:-1] + b', "x": NaN}', 400, "structure"),
    "no resourceType": (b"{}", 400, "structure"),
    "an unknown resourceType": (b'{"resourceType": "Rapport"}', 422, "invalid"),
    "another resourceType": (raw(patient()), 422, "invalid"),
    "a Bundle at the wrong address": (raw(transaction(report())), 422, "invalid"),
    "a key given twice": (GOOD.replace(b'"status"', b'"status": "final", "status"', 1), 422, "structure"),
    "an unknown status": (raw(report(status="done")), 422, "code-invalid"),
    "a status that says nothing": (raw(report(status="unknown")), 422, "business-rule"),
    "no status": (raw(report(status=None)), 422, "required"),
    "no words": (raw(report(presentedForm=None)), 422, "required"),
    "an unknown element": (raw(report(verdict="bad")), 422, "structure"),
    "an unknown modifier": (raw(report(modifierExtension=[{"url": "urn:x"}])), 422, "extension"),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_answered_and_kept_for_a_person(visitor, token, name):
    body, status, code = BODIES[name]
    answer = visitor.post(body, token=token)
    assert answer.said[:2] == (status, code)
    assert visitor.inbox("state, raw, feed, sending_application, format, reason") == [
        ("quarantined", body, "Radiology results", "ris", "fhir", answer.issue["diagnostics"])
    ]
    assert visitor.post(body, token=token).body == answer.body  # told again alike, counted, not kept twice
    assert visitor.inbox("resent") == [(1,)]


def test_a_missing_subject_is_answered_422_and_the_words_go_on_to_be_read(visitor, token):
    answer = visitor.post(report(subject=None), token=token)
    assert answer.said == (422, "business-rule", "DiagnosticReport.subject")
    assert visitor.inbox('state, "where"') == [("stored", "DiagnosticReport.subject")]


def test_a_byte_order_mark_is_no_fault(visitor, token):
    body = b"\xef\xbb\xbf" + GOOD
    assert visitor.post(body, token=token).status == 201
    assert visitor.inbox("state, raw") == [("stored", body)]


def test_gzip_is_taken_and_kept_unpacked(visitor, token):
    answer = visitor.post(gzip.compress(GOOD), token=token, HTTP_CONTENT_ENCODING="gzip")
    assert answer.status == 201
    assert visitor.inbox("raw") == [(GOOD,)]


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(visitor, token):
    bomb = gzip.compress(b" " * (LIMIT + 1))
    assert len(bomb) < LIMIT / 500
    answer = visitor.post(bomb, token=token, HTTP_CONTENT_ENCODING="gzip")
    assert answer.said[:2] == (413, "too-long")
    assert visitor.inbox("id") == []


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (GOOD, "gzip", 400),
        (gzip.compress(GOOD)[:-9], "gzip", 400),
        (gzip.compress(GOOD) + b"more", "gzip", 400),
        (GOOD, "br", 415),
        (GOOD, "gzip, gzip", 415),
    ],
    ids=["not gzip", "cut short", "something behind it", "brotli", "twice"],
)
def test_a_body_packed_otherwise_is_refused(visitor, token, body, encoding, status):
    answer = visitor.post(body, token=token, HTTP_CONTENT_ENCODING=encoding)
    assert answer.status == status
    assert visitor.inbox("id") == []


class Endless(io.RawIOBase):
    """A body that never ends, and counts what was taken of it."""

    taken = 0

    def read(self, size=-1):
        self.taken += size
        return b" " * size


def test_a_body_announced_as_too_large_is_not_read_at_all(visitor, token):
    body = Endless()
    answer = visitor.ask(
        "POST", "/fhir/DiagnosticReport", token=token, CONTENT_LENGTH=str(100 << 20), **{"wsgi.input": body}
    )
    assert answer.said[:2] == (413, "too-long")
    assert body.taken == 0


def test_a_body_without_a_length_is_read_to_the_limit_and_no_further(visitor, token):
    body = Endless()
    answer = visitor.ask(
        "POST", "/fhir/DiagnosticReport", token=token, CONTENT_LENGTH=None, **{"wsgi.input": body}
    )
    assert answer.said[:2] == (413, "too-long")
    assert body.taken == LIMIT + 1
    assert visitor.inbox("id") == []


def test_a_body_without_a_length_is_taken(visitor, token):
    assert visitor.post(GOOD, token=token, CONTENT_LENGTH=None).status == 201


def test_a_body_shorter_than_announced_is_not_taken_for_the_whole(visitor, token):
    answer = visitor.post(GOOD, token=token, CONTENT_LENGTH=str(len(GOOD) + 1))
    assert answer.said[:2] == (400, "incomplete")
    assert visitor.inbox("id") == []


def test_a_body_of_the_largest_size_is_taken(visitor, token):
    body = GOOD + b" " * (LIMIT - len(GOOD))
    assert visitor.post(body, token=token).status == 201
    assert visitor.post(body + b" ", token=token).status == 413


def test_a_body_that_does_not_come_holds_only_its_own_turn(visitor, token):
    """The others get theirs; when all turns are held, a request is told when to come again."""
    end, bodies = threading.Event(), Bodies(at_once=2, patience=0.2)

    class Stuck:
        def read(self, size):
            end.wait(60)
            return b""

    def hang():
        with pytest.raises(NotTaken, match="shorter"):
            bodies.read({"wsgi.input": Stuck(), "CONTENT_LENGTH": "9"}, LIMIT)

    held = [threading.Thread(target=hang) for _ in range(2)]
    door, usual = visitor.door, visitor.door._bodies
    door._bodies = bodies
    try:
        for count, status in ((1, 201), (0, 503)):
            held[count].start()
            while bodies._turns.qsize() != count:
                time.sleep(0.01)
            answer = visitor.post(GOOD, token=token)
            assert answer.status == status
        assert answer.headers["Retry-After"]
    finally:
        door._bodies = usual
        end.set()
        for thread in held:
            thread.join()


# ------------------------------------------------------------------------------------------ who comes


def turned_away(visitor, answer, status, code):
    assert answer.said[:2] == (status, code)
    assert visitor.inbox("id") == []


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        (None, 'Bearer realm="SOaR2"'),
        ("", 'Bearer realm="SOaR2"'),
        ("Bearer", 'Bearer realm="SOaR2", error="invalid_token"'),
        ("Basic dXNlcjpwYXNz", 'Bearer realm="SOaR2", error="invalid_token"'),
        ("Bearer soar2_guess", 'Bearer realm="SOaR2", error="invalid_token"'),
        ("Bearer " + "x" * 100_000, 'Bearer realm="SOaR2", error="invalid_token"'),
        ("Bearer \xff\xfe", 'Bearer realm="SOaR2", error="invalid_token"'),
    ],
    ids=["none", "empty", "no token", "Basic", "a guess", "very long", "odd bytes"],
)
def test_without_a_good_token_nothing_is_kept(visitor, header, challenge):
    body = Endless()
    answer = visitor.ask(
        "POST", "/fhir/DiagnosticReport", HTTP_AUTHORIZATION=header, REMOTE_ADDR=repr(challenge),
        **{"wsgi.input": body},
    )  # fmt: skip
    turned_away(visitor, answer, 401, "login")
    assert answer.headers["WWW-Authenticate"] == challenge
    assert body.taken == 0


@pytest.mark.parametrize(
    ("given", "words"),
    [({"days": -1}, "The token expired on"), ({"revoked": True}, "The token was revoked.")],
    ids=["expired", "revoked"],
)
def test_a_token_that_is_over_opens_nothing(visitor, given, words):
    answer = visitor.post(GOOD, token=visitor.token(**given))
    turned_away(visitor, answer, 401, "login")
    assert answer.issue["diagnostics"].startswith(words)


def test_a_token_of_somebody_else_opens_nothing(visitor):
    turned_away(visitor, visitor.post(GOOD, token=new_key()), 401, "login")


@pytest.mark.parametrize(
    ("scopes", "method", "path"),
    [
        ([READ, BUNDLE], "POST", "/fhir/DiagnosticReport"),
        ([READ, CREATE], "POST", "/fhir"),
        ([CREATE, BUNDLE], "GET", "/fhir/DiagnosticReport/" + "0" * 32),
    ],
)
def test_a_token_opens_only_what_it_names(visitor, scopes, method, path):
    answer = visitor.ask(method, path, GOOD, token=visitor.token(scopes=scopes))
    turned_away(visitor, answer, 403, "forbidden")
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]


def test_a_token_of_a_feed_that_is_gone_opens_nothing(visitor):
    turned_away(visitor, visitor.post(GOOD, token=visitor.token(feed="Closed")), 403, "forbidden")


@pytest.mark.parametrize("query", ["access_token={}", "token={}", "x={}", "Authorization=Bearer+{}"])
def test_a_token_in_the_address_is_refused_even_beside_a_good_one(visitor, token, query):
    answer = visitor.post(GOOD, token=token, path="/fhir/DiagnosticReport?" + query.format(token))
    turned_away(visitor, answer, 400, "security")
    assert token not in answer.body.decode()


def test_a_guesser_waits_and_a_good_token_from_the_same_address_does_not(visitor, token):
    visitor.door._failures._since.clear()
    guesses = [visitor.post(GOOD, token=new_key()).status for _ in range(FAILURES + 1)]
    assert guesses == [401] * FAILURES + [429]
    assert int(visitor.post(GOOD, token="guess").headers["Retry-After"]) > 0
    assert visitor.post(GOOD, token=token).status == 201


# ------------------------------------------------------------------------------------- what is asked for


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/fhir+json", 201),
        ("application/json; charset=UTF-8", 201),
        ("application/fhir+json; fhirVersion=4.0", 201),
        ("application/fhir+json; fhirVersion=5.0", 415),
        ("application/fhir+json; charset=iso-8859-1", 415),
        ("application/fhir+xml", 415),
        ("text/xml", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("", 415),
        (";;;=", 415),
    ],
)
def test_only_fhir_json_is_taken(visitor, token, media, status):
    answer = visitor.post(GOOD, token=token, CONTENT_TYPE=media)
    assert answer.status == status
    assert len(visitor.inbox("id")) == (1 if status == 201 else 0)


@pytest.mark.parametrize(
    ("accept", "query", "status"),
    [
        ("*/*", "", 201),
        ("application/fhir+json", "", 201),
        ("text/html, application/json;q=0.5", "", 201),
        ("application/fhir+xml", "", 406),
        ("application/fhir+xml, application/json;q=0", "", 406),
        ("application/fhir+json; fhirVersion=3.0", "", 406),
        ("application/fhir+xml", "?_format=json", 201),
        ("", "?_format=xml", 406),
        ("", "?_format=json&_pretty=true", 201),
    ],
)
def test_only_fhir_json_is_given(visitor, token, accept, query, status):
    answer = visitor.post(GOOD, token=token, path="/fhir/DiagnosticReport" + query, HTTP_ACCEPT=accept)
    assert answer.status == status


def test_a_token_that_came_unencrypted_is_refused(visitor, token):
    place = visitor.door._place
    visitor.door._place = replace(place, plain=lambda environ: True)
    try:
        turned_away(visitor, visitor.post(GOOD, token=token), 403, "security")
    finally:
        visitor.door._place = place


def test_logs_name_the_sender_and_neither_patient_nor_token(visitor, token, caplog):
    body = report(who=patient(family="Quillian", gender="Rosamund"), verdict="Thessaly")
    for path in ("/fhir/DiagnosticReport", "/fhir/DiagnosticReport?x=Quillian", "/fhir"):
        visitor.post(body, token=token, path=path)
        visitor.post(body, token=token, path=path, CONTENT_TYPE="text/Quillian")
    said = caplog.text
    assert "token=ris" in said
    for word in ("Quillian", "Rosamund", "Thessaly", "verdict", token):
        assert word not in said
