"""The door in real processes: the same exam by both doors, a bad network, and every request a machine can think up."""

import gzip
import json
import socket
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from sample_fhir import raw, report, whole_transaction
from sample_reports import macro, oru
from schemathesis.checks import load_all_checks
from whole_system import WholeSystem

FEED = "Radiology results"
ALL = ("DiagnosticReport.create", "DiagnosticReport.read", "Bundle.create")
TYPE = {"Content-Type": "application/fhir+json"}


@pytest.fixture(scope="module")
def system():
    whole = WholeSystem()
    whole.start(parts=("listen", "work", "web"))
    yield whole
    whole.stop()


@pytest.fixture(scope="module")
def token(system):
    scopes = [word for scope in ALL for word in ("--scope", scope)]
    return system.command("token", "create", "whole", "--feed", FEED, *scopes).stdout.strip()


@pytest.fixture(scope="module")
def client(system, token):
    with httpx.Client(
        base_url=system.url(""), headers={"Authorization": f"Bearer {token}"} | TYPE, timeout=60
    ) as found:
        yield found


def applied(system, accession, rows):
    """Wait until the worker is done with everything; what is on file of one exam."""
    system.wait_until(
        lambda: (
            system.one("SELECT count(*) FROM exchange_inboundmessage WHERE state = 'stored'") == 0
            and system.one("SELECT count(*) FROM exchange_inboundmessage") >= rows
        ),
        "everything stored is read",
    )
    reports = system.query(
        "SELECT status, lane, patient_id FROM reports_report WHERE accession = %s", accession
    )
    notices = system.query(
        "SELECT DISTINCT notice.id FROM notices_notice AS notice"
        " JOIN reports_report AS report ON report.patient_id = notice.patient_id WHERE report.accession = %s",
        accession,
    )
    return reports, notices


@pytest.mark.parametrize("first", ["hl7", "fhir", "transaction"])
def test_one_report_by_both_doors_is_one_report_and_one_notice(system, client, first):
    number = {"hl7": 1, "fhir": 2, "transaction": 3}[first]
    words, accession, mrn = macro("emergent"), f"BOTH{number}", f"T00000{number}"
    by_hl7 = oru(words, mrn=mrn, accession=accession, control=accession)
    by_fhir = {"fhir": report, "hl7": report, "transaction": whole_transaction}[first](
        words, accession=accession
    )
    by_fhir = json.loads(json.dumps(by_fhir).replace("T000001", mrn))
    path = "/fhir" if first == "transaction" else "/fhir/DiagnosticReport"
    before = system.one("SELECT count(*) FROM exchange_inboundmessage")
    doors = [lambda: system.send(by_hl7), lambda: client.post(path, json=by_fhir).raise_for_status()]
    for door in doors if first == "hl7" else doors[::-1]:
        door()
        before += 1
        reports, notices = applied(system, accession, before)
        assert len(reports) == 1
        assert reports[0][:2] == ("F", "emergent")
        assert len(notices) == 1
    states = system.query("SELECT state FROM exchange_inboundmessage ORDER BY id DESC LIMIT 2")
    assert states == [("applied",)] * 2


def test_an_addendum_by_the_other_door_is_a_second_version(system, client):
    words = macro("urgent")
    before = system.one("SELECT count(*) FROM exchange_inboundmessage")
    system.send(oru(words, mrn="T000009", accession="ADD1", control="ADD1"))
    applied(system, "ADD1", before + 1)
    amended = report(words.replace("ESCC 1c", "ESCC 3"), accession="ADD1", status="amended")
    answer = client.post(
        "/fhir/DiagnosticReport", json=json.loads(json.dumps(amended).replace("T000001", "T000009"))
    )
    assert answer.status_code == 201
    reports, _ = applied(system, "ADD1", before + 2)
    assert sorted(row[:2] for row in reports) == [("C", "emergent"), ("F", "urgent")]
    assert len({row[2] for row in reports}) == 1


def test_a_report_without_a_patient_is_held_and_its_urgent_words_are_told(system, client):
    before = system.one("SELECT count(*) FROM exchange_inboundmessage")
    answer = client.post(
        "/fhir/DiagnosticReport", json=report(macro("emergent"), accession="NOBODY", subject=None)
    )
    assert answer.status_code == 422
    reports, _ = applied(system, "NOBODY", before + 1)
    assert reports == [("F", "emergent", None)]
    state = system.query('SELECT state, "where" FROM exchange_inboundmessage ORDER BY id DESC LIMIT 1')
    assert state == [("quarantined", "DiagnosticReport.subject")]


def test_a_machine_that_reads_a_report_back_is_on_the_chart(system, client):
    before = system.one("SELECT count(*) FROM exchange_inboundmessage")
    body = json.loads(
        json.dumps(report("MRI spine. Nothing.", accession="BACK")).replace("T000001", "T000042")
    )
    place = client.post("/fhir/DiagnosticReport", json=body).headers["Location"]
    reports, _ = applied(system, "BACK", before + 1)
    found = client.get(place).json()
    assert found["meta"]["tag"][0]["code"] == "applied"
    assert system.query(
        "SELECT username, page, kind FROM record_chartaccess WHERE patient_id = %s", reports[0][2]
    ) == [("whole", "fhir", "opened")]


def test_a_revoked_token_is_worthless_to_a_running_door(system):
    key = system.command("token", "create", "short-lived", "--feed", FEED).stdout.strip()
    ask = {"url": system.url("/fhir/DiagnosticReport"), "headers": TYPE | {"Authorization": f"Bearer {key}"}}
    assert httpx.post(content=raw(report(accession="REV1")), **ask).status_code == 201
    system.command("token", "revoke", "short-lived")
    system.wait_until(
        lambda: httpx.post(content=raw(report(accession="REV2")), **ask).status_code == 401,
        "it is refused",
        10,
    )


# ------------------------------------------------------------------------------------------ on the wire


def wire(system, token, *parts, length=None, chunked=False, seconds=40, path="/fhir/DiagnosticReport"):
    """The bytes of one answer to a request sent piece by piece; empty when the door hung up without one."""
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/fhir+json"]
    head += [f"Authorization: Bearer {token}"] if token else []
    head += [f"Content-Length: {length}"] if length is not None else []
    head += ["Transfer-Encoding: chunked"] if chunked else []
    with socket.create_connection(("127.0.0.1", system.web_port), timeout=seconds) as line:
        try:
            line.sendall("\r\n".join([*head, "", ""]).encode())
            for part in parts:
                line.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has answered already, and takes no more
        try:
            return line.recv(65536)
        except ConnectionResetError:
            return b""


def peak_memory(pid):
    """The most each process of a tree has ever held, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    yield next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from peak_memory(int(child))


def test_a_hundred_megabytes_are_refused_while_they_come(system, token):
    piece = b" " * (1 << 20)
    assert wire(system, token, *[piece] * 100, length=100 << 20).startswith(b"HTTP/1.1 413")
    [process] = system.processes["web"]
    grown = max(peak_memory(process.pid))
    assert grown < 400_000  # kB


def test_chunks_without_an_end_are_cut_off_at_the_limit(system, token):
    chunk = b"100000\r\n" + b" " * (1 << 20) + b"\r\n"
    assert wire(system, token, *[chunk] * 40, chunked=True).startswith(b"HTTP/1.1 413")


def test_chunks_that_end_are_a_body(system, token):
    body = raw(report(accession="CHUNKS"))
    parts = [b"%x\r\n%b\r\n" % (len(part), part) for part in (body[:100], body[100:])]
    assert wire(system, token, *parts, b"0\r\n\r\n", chunked=True).startswith(b"HTTP/1.1 201")


def test_a_body_that_breaks_off_is_not_kept(system, token):
    """Chunks without the last one, and what is no chunk: the server tells them from the end of a body."""
    before = system.one("SELECT count(*) FROM exchange_inboundmessage")
    whole = b"%x\r\n%b\r\n" % (len(raw(report())), raw(report()))
    for parts in ((whole,), (whole, b"no size\r\n"), (whole, b"5\r\nab")):
        head = f"POST /fhir/DiagnosticReport HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        kind = "Content-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n"
        with socket.create_connection(("127.0.0.1", system.web_port), timeout=60) as line:
            line.sendall((head + kind).encode() + b"".join(parts))
            line.shutdown(socket.SHUT_WR)
            said = heard(line)
        assert said.startswith(b"HTTP/1.1 400")
    assert system.one("SELECT count(*) FROM exchange_inboundmessage") == before


def slow_sender(system, path, headers, begun=b"{"):
    """A connection on which a body was announced and begun, and that then stands still."""
    line = socket.create_connection(("127.0.0.1", system.web_port), timeout=60)
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Length: 100", *headers, "", ""]
    line.sendall("\r\n".join(head).encode() + begun)
    return line


def heard(line):
    """What a connection is told, to its end."""
    found = b""
    try:
        while more := line.recv(65536):
            found += more
    except ConnectionResetError:
        pass
    return found


def test_slow_senders_hold_up_neither_pages_nor_reports_and_are_given_up(system, token):
    """More bodies that never come than the web process has threads, for the door and for a page."""
    known = [f"Authorization: Bearer {token}", "Content-Type: application/fhir+json"]
    form = ["Content-Type: application/x-www-form-urlencoded"]
    lines = []
    try:
        for number in range(128):
            path, headers = ("/accounts/login/", form) if number % 2 else ("/fhir/DiagnosticReport", known)
            lines.append(slow_sender(system, path, headers))
        for number in range(3):
            assert httpx.get(system.url("/health/"), timeout=60).status_code == 200
            assert httpx.get(system.url("/accounts/login/"), timeout=60).status_code in (200, 302)
            answer = httpx.post(
                system.url("/fhir/DiagnosticReport"), json=report(accession=f"PAST{number}"),
                headers=TYPE | {"Authorization": f"Bearer {token}"}, timeout=60,
            )  # fmt: skip
            assert answer.status_code == 201
        lines[-1].setblocking(False)
        with pytest.raises(BlockingIOError):  # all of it happened while they hung
            lines[-1].recv(1)
        lines[-1].settimeout(60)
        for number, line in enumerate(lines):
            said = heard(line)
            assert said.startswith(b"HTTP/1.1 408")
            assert number % 2 or b"OperationOutcome" in said
    finally:
        for line in lines:
            line.close()


def test_connections_that_never_get_to_the_point_are_hung_up_on(system):
    """One that says nothing, one whose headers never end, one that stays open after its answer."""
    begun = (
        b"",
        b"POST /fhir HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    )
    lines = [socket.create_connection(("127.0.0.1", system.web_port), timeout=60) for _ in begun]
    for line, words in zip(lines, begun, strict=True):
        line.sendall(words)
    nothing, headers, answered = [heard(line) for line in lines]
    assert (nothing, headers) == (b"", b"")
    assert answered.startswith(b"HTTP/1.1")
    for line in lines:
        line.close()


def test_while_the_database_is_away_a_report_is_told_to_come_again(system, token):
    """The token is known for a second more, then not even that can be asked. Afterwards it is taken as ever."""
    ask = {
        "url": system.url("/fhir/DiagnosticReport"), "json": report(accession="AWAY"), "timeout": 60,
        "headers": TYPE | {"Authorization": f"Bearer {token}"},
    }  # fmt: skip
    assert httpx.post(**ask | {"json": report(accession="BEFORE")}).status_code == 201
    system.kill_database()
    try:
        for _ in range(3):
            answer = httpx.post(**ask)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.json()["issue"][0]["code"] == "transient"
    finally:
        system.revive_database()
    system.wait_until(lambda: httpx.post(**ask).status_code == 201, "the door takes reports again")
    accession = "SELECT count(*) FROM exchange_inboundmessage WHERE convert_from(raw, 'UTF8') LIKE %s"
    assert system.one(accession, "%AWAY%") == 1


def test_a_gzip_bomb_on_the_wire(system, token):
    bomb = gzip.compress(b" " * (64 << 20))
    answer = httpx.post(
        system.url("/fhir/DiagnosticReport"),
        content=bomb,
        headers=TYPE | {"Authorization": f"Bearer {token}", "Content-Encoding": "gzip"},
        timeout=60,
    )
    assert answer.status_code == 413


# ---------------------------------------------------------------------------------------- anything at all


def test_no_request_a_machine_can_think_up_is_answered_otherwise_than_is_written(system, token):
    """schemathesis against the running door: documented answers only, each an OperationOutcome or what was asked."""
    load_all_checks()
    schema = schemathesis.openapi.from_url(system.url("/fhir/openapi.json"))
    checks = [
        schemathesis.checks.not_a_server_error, *schemathesis.checks.CHECKS.get_by_names(
            ["status_code_conformance", "content_type_conformance", "response_schema_conformance"]
        ),
    ]  # fmt: skip
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()

        @settings(
            max_examples=60, deadline=None, suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        )  # fmt: skip
        @schemathesis_given(operation)
        def ask(case):
            nonlocal asked
            case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
            response = case.call(timeout=25)
            case.validate_response(response, checks=checks)
            asked += 1

        ask()
    assert asked > 100


def schemathesis_given(operation):
    from hypothesis import given

    return given(case=operation.as_strategy())
