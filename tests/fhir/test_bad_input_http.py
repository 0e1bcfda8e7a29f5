"""Bad input by HTTP: for each its answer to the sender, and the row a person can see, or none."""

import asyncio
import gzip
import json
import threading
from dataclasses import replace

import pytest
from request_body import Body
from sample_fhir import patient, raw, report, transaction

from soar2.exchange.fhir.bodies import Bodies
from soar2.exchange.fhir.door import LIMIT
from soar2.exchange.fhir.holders import FAILURES
from soar2.exchange.fhir.keys import BUNDLE, CREATE, READ, new_key

GOOD = raw(report())
REPORTS = "/fhir/DiagnosticReport"
CHUNKED = {"CONTENT_LENGTH": None, "HTTP_TRANSFER_ENCODING": "chunked"}


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


class Endless(Body):
    """A body that never ends, and counts what was taken of it."""

    async def __call__(self):
        raise AssertionError("without end")

    async def __aiter__(self):
        while True:
            self.taken += self.piece
            yield b" " * self.piece


def test_a_body_announced_as_too_large_is_not_read_at_all(visitor, token):
    body = Endless()
    answer = visitor.ask("POST", REPORTS, body, token=token, CONTENT_LENGTH=str(100 << 20))
    assert answer.said[:2] == (413, "too-long")
    assert body.taken == 0


def test_a_body_without_a_length_is_read_to_the_limit_and_no_further(visitor, token):
    body = Endless()
    answer = visitor.ask("POST", REPORTS, body, token=token, **CHUNKED)
    assert answer.said[:2] == (413, "too-long")
    assert body.taken == LIMIT + body.piece
    assert visitor.inbox("id") == []


def test_a_body_without_a_length_is_taken(visitor, token):
    assert visitor.post(GOOD, token=token, **CHUNKED).status == 201


def test_a_body_shorter_than_announced_is_not_taken_for_the_whole(visitor, token):
    answer = visitor.post(GOOD, token=token, CONTENT_LENGTH=str(len(GOOD) + 1))
    assert answer.said[:2] == (408, "incomplete")
    assert visitor.inbox("id") == []


def test_a_connection_that_ends_in_a_body_is_an_incomplete_body(visitor, token):
    class Cut(Body):
        async def __call__(self):
            raise RuntimeError("as the server says it")

        async def __aiter__(self):
            yield b"{"
            raise RuntimeError("as the server says it")

    class CutSilently(Body):
        async def __aiter__(self):
            for piece in (GOOD, b"", b""):
                yield piece

    for body, headers in (
        (Cut(), {"CONTENT_LENGTH": "9"}),
        (Cut(), {"CONTENT_LENGTH": str(1 << 20)}),
        (CutSilently(), {"CONTENT_LENGTH": str(1 << 20)}),
        (Cut(), CHUNKED),
        (CutSilently(), CHUNKED),
    ):
        answer = visitor.ask("POST", REPORTS, body, token=token, **headers)
        assert answer.said[:2] == (408, "incomplete")
    assert visitor.inbox("id") == []


def test_a_body_of_the_largest_size_is_taken(visitor, token):
    body = GOOD + b" " * (LIMIT - len(GOOD))
    assert visitor.post(body, token=token).status == 201
    assert visitor.post(body + b" ", token=token).status == 413


class Slow(Body):
    """A body of which so much comes, and then no more for ever."""

    def __init__(self, data=b""):
        super().__init__(data)
        self.waits = threading.Event()

    async def __call__(self):
        self.waits.set()
        await asyncio.Event().wait()

    async def __aiter__(self):
        for start in range(0, len(self.data), self.piece):
            yield self.data[start : start + self.piece]
        await self()


@pytest.fixture
def with_bodies(visitor):
    """The door with other limits for a while."""
    usual = visitor.door._bodies
    yield lambda **limits: setattr(visitor.door, "_bodies", Bodies(**limits))
    visitor.door._bodies = usual


@pytest.mark.parametrize(
    "headers", [{"CONTENT_LENGTH": "9"}, {"CONTENT_LENGTH": str(1 << 20)}, CHUNKED], ids=str
)
def test_a_body_that_does_not_come_is_given_up(visitor, token, with_bodies, headers):
    with_bodies(seconds=0.05)
    answer = visitor.ask("POST", REPORTS, Slow(), token=token, **headers)
    assert answer.said[:2] == (408, "timeout")
    assert visitor.inbox("id") == []


def test_what_has_come_buys_time_for_the_rest(visitor, token, with_bodies):
    """By the clock of the loop: 0.05 seconds for any body, and an hour more for the first 64 KiB."""
    with_bodies(seconds=0.05, bytes_a_second=(1 << 16) / 3600)
    waiting = Slow(b" " * (1 << 16))
    request = visitor.request("POST", REPORTS, waiting, token=token, CONTENT_LENGTH=str(1 << 20))
    answer = visitor.loop.start(visitor.door(*request))
    assert waiting.waits.wait(60)
    short = visitor.ask("POST", REPORTS, Slow(), token=token, CONTENT_LENGTH=str(1 << 20))
    assert short.status == 408  # came later, was given up earlier
    assert not answer.done()
    answer.cancel()


def test_large_bodies_share_a_budget_and_small_ones_need_none(visitor, token, with_bodies):
    with_bodies(budget=3 << 20)
    large = {"CONTENT_LENGTH": str(4 << 20)}
    held = [Slow(b" " * (1 << 20)) for _ in range(3)]
    answers = [
        visitor.loop.start(visitor.door(*visitor.request("POST", REPORTS, body, token=token, **large)))
        for body in held
    ]
    assert all(body.waits.wait(60) for body in held)
    answer = visitor.ask("POST", REPORTS, Slow(b" " * (1 << 20)), token=token, **large)
    assert answer.said[:2] == (503, "throttled")
    assert answer.headers["Retry-After"]
    assert visitor.post(GOOD, token=token).status == 201
    for waiting in answers:
        waiting.cancel()
    large_again = visitor.post(GOOD + b" " * (2 << 20), token=token)  # what was held is given back
    assert large_again.status == 201


def test_a_thousand_senders_that_stop_hold_up_nobody(visitor, token):
    held = [Slow() for _ in range(1000)]
    answers = [
        visitor.loop.start(
            visitor.door(*visitor.request("POST", REPORTS, body, token=token, CONTENT_LENGTH="9"))
        )
        for body in held
    ]
    assert all(body.waits.wait(60) for body in held)
    before = threading.active_count()
    assert visitor.post(GOOD, token=token).status == 201
    assert not any(answer.done() for answer in answers)
    assert threading.active_count() <= before
    for answer in answers:
        answer.cancel()


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
        "POST", REPORTS, body, HTTP_AUTHORIZATION=header, REMOTE_ADDR=repr(challenge), CONTENT_LENGTH="9"
    )
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
