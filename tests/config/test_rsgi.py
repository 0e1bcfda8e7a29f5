"""Everything that comes in by HTTP: what the server says of a request, and who gets it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from request_body import Body

from soar2.config import rsgi
from soar2.exchange.fhir.bodies import Bodies


class Headers:
    """As the server gives them: lower case, one pair for each line."""

    def __init__(self, pairs):
        self._pairs = pairs

    def items(self):
        return self._pairs


def scope(method="GET", path="/health/live", *headers, client="10.1.2.3:50000", query=""):
    return SimpleNamespace(
        method=method, path=path, query_string=query, client=client, server="127.0.0.1:8000", scheme="http",
        http_version="1.1", headers=Headers([("host", "127.0.0.1"), *headers]),
    )  # fmt: skip


class Connection(Body):
    """The way to one body and back."""

    def response_bytes(self, status, headers, body):
        self.status, self.headers, self.body = status, dict(headers), body


class Stuck(Connection):
    async def __call__(self):
        await asyncio.Event().wait()


@pytest.fixture
def site(monkeypatch):
    """The site, over pages that say what they were asked."""
    found = rsgi.Site()
    found.asked = []

    class Answer(list):
        closed = 0

        def close(self):
            Answer.closed += 1

    def page(environ, start_response):
        found.asked.append(environ | {"body": environ["wsgi.input"].read()})
        start_response("200 OK", [("Content-Type", "text/plain")])(b"written, ")
        return Answer([b"a ", b"page"])

    found.answer = Answer
    monkeypatch.setattr(rsgi, "pages", page)
    return found


def ask(site, asked, connection=None):
    connection = connection or Connection()
    with ThreadPoolExecutor(1) as thread:  # a browser's tests may have left a loop running in this one
        thread.submit(asyncio.run, site.__rsgi__(asked, connection)).result()
    return connection


def test_a_page_is_asked_as_by_any_wsgi_server_and_its_answer_is_closed(site):
    body = b"name=x"
    headers = [("content-type", "application/x-www-form-urlencoded"), ("content-length", str(len(body)))]
    answer = ask(site, scope("POST", "/f\u00fc/", *headers, query="a=1"), Connection(body))
    assert (answer.status, answer.headers, answer.body) == (
        200,
        {"Content-Type": "text/plain"},
        b"written, a page",
    )
    [asked] = site.asked
    wanted = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/f\u00c3\u00bc/", "QUERY_STRING": "a=1", "SCRIPT_NAME": "",
        "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": "6", "body": body,
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1",
        "REMOTE_ADDR": "10.1.2.3", "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
    }  # fmt: skip
    assert {key: asked[key] for key in wanted} == wanted
    assert site.answer.closed == 1


def test_a_body_in_chunks_comes_to_a_page_with_its_length(site):
    ask(site, scope("POST", "/x", ("transfer-encoding", "chunked")), Connection(b"abc", piece=1))
    assert (site.asked[0]["body"], site.asked[0]["CONTENT_LENGTH"]) == (b"abc", "3")


@pytest.mark.parametrize(
    ("headers", "name", "value"),
    [
        ([("cookie", "a=1"), ("cookie", "b=2")], "HTTP_COOKIE", "a=1; b=2"),
        ([("accept", "x/y"), ("accept", "*/*")], "HTTP_ACCEPT", "x/y,*/*"),
        ([("x-forwarded-for", "1.1.1.1"), ("x_forwarded_for", "9.9.9.9")], "HTTP_X_FORWARDED_FOR", "1.1.1.1"),
        ([("x_forwarded_proto", "https")], "HTTP_X_FORWARDED_PROTO", None),
        ([("content_length", "5")], "CONTENT_LENGTH", None),
    ],
)
def test_headers_have_the_names_of_wsgi_and_none_passes_for_another(headers, name, value):
    assert rsgi.environ_of(scope("GET", "/", *headers)).get(name) == value


@pytest.mark.parametrize(
    ("client", "address"), [("10.1.2.3:5", "10.1.2.3"), ("[2001:db8::1]:443", "2001:db8::1")]
)
def test_the_origin_of_a_request_has_no_port(client, address):
    assert rsgi.environ_of(scope(client=client))["REMOTE_ADDR"] == address


def test_a_page_that_is_sent_too_much_or_too_slowly_is_not_asked(site):
    site._bodies = Bodies(seconds=0.05)
    for length, status in ((rsgi.LARGEST_FORM + 1, 413), (9, 408)):
        answer = ask(site, scope("POST", "/x", ("content-length", str(length))), Stuck())
        assert answer.status == status
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert site.asked == []


@pytest.mark.parametrize("path", ["/fhir", "/fhir/", "/fhir/nothing"])
def test_the_door_has_its_own_addresses_and_no_others(site, path):
    assert b"OperationOutcome" in ask(site, scope("GET", path)).body
    assert site.asked == []
    ask(site, scope("GET", "/fhirs" + path))
    assert len(site.asked) == 1
