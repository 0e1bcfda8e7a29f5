"""The MLLP door with TLS, client certificates and allowed networks, over real sockets."""

import contextlib
import os
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from soar2.exchange.mllp import frame
from soar2.exchange.send import Client, NoAnswer, run_send
from soar2.exchange.tls import (
    certificate_expiry,
    client_context,
    faults,
    names_in,
    networks,
    server_context,
    within,
)
from soar2.record.programme import Mllp

SETTINGS = """
[mllp]
certificate = "{home}/door.pem"
key = "{home}/door.key"
client_ca = "{home}/ca.pem"
client_names = ["ris.hospital.example"]
"""


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def files(authority, tmp_path_factory):
    """Certificates as files: the door's, and those of senders by what is right or wrong with them."""
    home = tmp_path_factory.mktemp("tls")
    stranger = trustme.CA()
    past = datetime.now(UTC) - timedelta(days=1)
    made = {
        "door": authority.issue_cert("127.0.0.1", "localhost"),
        "ris": authority.issue_cert("ris.hospital.example"),
        "by-common-name": authority.issue_cert("other.example", common_name="ris.hospital.example"),
        "other-name": authority.issue_cert("lab.hospital.example"),
        "other-authority": stranger.issue_cert("ris.hospital.example"),
        "expired": authority.issue_cert("ris.hospital.example", not_after=past),
    }
    authority.cert_pem.write_to_path(home / "ca.pem")
    for name, cert in made.items():
        write(cert, home, name)
    return home


def write(cert, home, name) -> None:
    cert.private_key_pem.write_to_path(home / f"{name}.key")
    (home / f"{name}.pem").write_bytes(b"".join(pem.bytes() for pem in cert.cert_chain_pems))


def shown(files, name: str = "") -> ssl.SSLContext:
    """A sender's context with one of the certificates, or with none."""
    if not name:
        return client_context(str(files / "ca.pem"))
    return client_context(str(files / "ca.pem"), str(files / f"{name}.pem"), str(files / f"{name}.key"))


@pytest.fixture(scope="session")
def tls_listener(door_database, files, tmp_path_factory, running_listener):
    """One listener that demands a client certificate."""
    config = tmp_path_factory.mktemp("config") / "soar2.toml"
    config.write_text(SETTINGS.format(home=files))
    listener = running_listener(door_database, {"SOAR2_CONFIG": str(config)})
    yield listener
    listener.kill()


def said(answer: bytes) -> bytes:
    return answer.split(b"\rMSA|")[1][:2]


def logged(listener, words: str) -> bool:
    """Whether the listener's log comes to hold the words."""
    deadline = time.monotonic() + 20
    while words not in listener.log and time.monotonic() < deadline:
        time.sleep(0.05)
    return words in listener.log


@pytest.mark.parametrize("certificate", ["ris", "by-common-name"])
def test_a_sender_with_the_right_certificate_is_answered(database, tls_listener, files, oru, certificate):
    with Client("127.0.0.1", tls_listener.port, 20, context=shown(files, certificate)) as client:
        for number in range(3):
            assert said(client.send(oru(f"T{number}"))) == b"AA"
    assert database.inbox("control_id") == [("T0",), ("T1",), ("T2",)]


def test_one_connection_carries_many_messages(database, tls_listener, files, oru):
    """A session ticket that TLS 1.3 sends by itself must not look like the end of the connection."""
    with Client("127.0.0.1", tls_listener.port, 20, context=shown(files, "ris")) as client:
        links = set()
        for number in range(5):
            client.send(oru(f"K{number}"))
            links.add(id(client._link))
    assert len(links) == 1


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ("", "peer-did-not-return-a-certificate"),
        ("other-authority", "certificate-verify-failed"),
        ("expired", "certificate-verify-failed"),
        ("other-name", "certificate-name"),
    ],
    ids=["no certificate", "wrong authority", "expired", "name not allowed"],
)
def test_others_are_ended_unread_and_logged_without_content(
    database, tls_listener, files, oru, certificate, reason
):
    with (
        Client("127.0.0.1", tls_listener.port, 20, context=shown(files, certificate)) as client,
        pytest.raises(NoAnswer),
    ):
        client.send(oru("X1"))
    assert logged(tls_listener, reason)
    assert database.inbox("id") == []
    assert "Sample" not in tls_listener.log


def test_plain_text_to_a_tls_door_is_ended_and_harms_nobody(database, tls_listener, files, oru):
    with Client("127.0.0.1", tls_listener.port, 20, context=shown(files, "ris")) as good:
        assert said(good.send(oru("G1"))) == b"AA"
        with socket.create_connection(("127.0.0.1", tls_listener.port), 20) as plain:
            plain.sendall(frame(oru("P1")))
            with contextlib.suppress(ConnectionResetError):
                while plain.recv(4096):
                    pass
        assert said(good.send(oru("G2"))) == b"AA"
    assert logged(tls_listener, "reason=tls-")
    assert database.inbox("control_id") == [("G1",), ("G2",)]


def test_a_sender_that_does_not_trust_the_door_sends_nothing(database, tls_listener, oru, capsys, tmp_path):
    path = tmp_path / "one.hl7"
    path.write_bytes(oru("N1"))
    assert run_send([str(path)], "127.0.0.1", tls_listener.port, attempts=1, context=client_context()) == 1
    assert "the receiver's certificate is not trusted" in capsys.readouterr().err
    assert database.inbox("id") == []


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_the_versions_spoken(tls_listener, files, version):
    context = shown(files, "ris")
    context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
    with (
        socket.create_connection(("127.0.0.1", tls_listener.port), 20) as link,
        context.wrap_socket(link, server_hostname="127.0.0.1") as wrapped,
    ):
        assert wrapped.version() == version.replace("_", ".")


def test_nothing_older_is_spoken(files):
    door = server_context(Mllp(certificate=f"{files}/door.pem", key=f"{files}/door.key"))
    assert door.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_renewed_certificate_is_used_without_a_restart(database, files, tmp_path, running_listener, oru):
    old, new = trustme.CA(), trustme.CA()
    write(old.issue_cert("127.0.0.1"), tmp_path, "door")
    config = tmp_path / "soar2.toml"
    config.write_text(f'[mllp]\ncertificate = "{tmp_path}/door.pem"\nkey = "{tmp_path}/door.key"\n')
    contexts = []
    for name, authority in (("old", old), ("new", new)):
        authority.cert_pem.write_to_path(tmp_path / f"{name}.pem")
        contexts.append(client_context(str(tmp_path / f"{name}.pem")))
    listener = running_listener(database, {"SOAR2_CONFIG": str(config)})
    try:
        with Client("127.0.0.1", listener.port, 20, context=contexts[0]) as client:
            assert said(client.send(oru("R1"))) == b"AA"
            (tmp_path / "door.key").write_text("half a file")
            os.kill(listener.process.pid, 1)  # SIGHUP, as a service manager's reload sends it
            assert logged(listener, "cannot be used")
            with Client("127.0.0.1", listener.port, 20, context=contexts[0]) as another:
                assert said(another.send(oru("R2"))) == b"AA"
            write(new.issue_cert("127.0.0.1"), tmp_path, "door")
            os.kill(listener.process.pid, 1)
            assert logged(listener, "INFO soar2.listen certificate files read again")
            with Client("127.0.0.1", listener.port, 20, context=contexts[1]) as fresh:
                assert said(fresh.send(oru("R3"))) == b"AA"
            assert said(client.send(oru("R4"))) == b"AA"  # a connection from before goes on
    finally:
        listener.kill()


def test_an_address_outside_the_allowed_networks_is_closed_at_once(
    database, tmp_path, running_listener, oru, wire
):
    config = tmp_path / "soar2.toml"
    config.write_text('[mllp]\nallow = ["127.0.0.2/32", "10.0.0.0/8"]\n')
    listener = running_listener(database, {"SOAR2_CONFIG": str(config)})
    try:
        with wire(listener.port) as refused:
            with contextlib.suppress(OSError):
                refused.write(frame(oru("Q1", "Secret words.")))
            with contextlib.suppress(ConnectionResetError):
                assert refused.answer() is None
        with socket.create_connection(("127.0.0.1", listener.port), 20, ("127.0.0.2", 0)) as link:
            link.sendall(frame(oru("Q2")))
            assert b"MSA|AA|Q2" in link.recv(4096)
        assert logged(listener, "reason=address")
        assert "Secret" not in listener.log
        assert database.inbox("control_id") == [("Q2",)]
        seen = "SELECT words FROM record_heartbeat WHERE words LIKE %s"
        deadline = time.monotonic() + 20
        while not database.rows(seen, "%1 refused%") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert database.rows(seen, "%1 refused%")
    finally:
        listener.kill()


# Settings


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"certificate": "{home}/none.pem", "key": "{home}/door.key"}, "cannot be read by the account"),
        ({"key": "{home}/door.key"}, "has a key but no certificate"),
        ({"certificate": "{home}/door.pem", "key": "{home}/ris.key"}, "key values mismatch"),
        ({"certificate": "{home}/door.key", "key": "{home}/door.key"}, "do not make a TLS door"),
        ({"client_ca": "{home}/ca.pem"}, "client_ca needs certificate"),
        ({"client_names": ("ris",)}, "client_names needs client_ca"),
        ({"allow": ("10.0.0.0/8", "hospital")}, "'hospital' is no network"),
        ({"allow": ("10.0.0.7/8",)}, "'10.0.0.7/8' is no network"),
    ],
)
def test_settings_with_which_the_door_cannot_open(files, given, sentence):
    mllp = Mllp(**{
        key: value.format(home=files) if isinstance(value, str) else value for key, value in given.items()
    })  # fmt: skip
    [fault] = faults(mllp)
    assert sentence in fault
    assert fault.startswith("[mllp] ")


def test_settings_in_order(files):
    whole = Mllp(
        certificate=f"{files}/door.pem",
        key=f"{files}/door.key",
        client_ca=f"{files}/ca.pem",
        client_names=("ris",),
        allow=("10.0.0.0/8", "fd00::/8", "192.0.2.7"),
    )
    assert faults(whole) == faults(Mllp()) == []


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("10.1.2.3", True), ("11.1.2.3", False), ("::ffff:10.1.2.3", True), ("fd00::1", True),
        ("fe80::1%eth0", False), ("192.0.2.7", True), ("192.0.2.8", False), ("", False), ("hospital", False),
    ],
)  # fmt: skip
def test_addresses_in_networks(host, inside):
    assert within(host, networks(("10.0.0.0/8", "fd00::/8", "192.0.2.7"))) is inside


@pytest.mark.parametrize("year", [2031, 2049, 2050, 2199])  # from 2050 on certificates write four digits
def test_the_day_a_certificate_expires(authority, tmp_path, year):
    until = datetime(year, 3, 4, 5, 6, 7, tzinfo=UTC)
    write(authority.issue_cert("door.example", not_after=until), tmp_path, "one")
    assert certificate_expiry(tmp_path / "one.pem") == until


@pytest.mark.parametrize(
    "text",
    ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
)
def test_a_file_without_a_certificate_has_no_day(tmp_path, text):
    (tmp_path / "x.pem").write_text(text)
    with pytest.raises(ValueError, match="certificate"):
        certificate_expiry(tmp_path / "x.pem")


def test_no_name_without_a_certificate():
    assert names_in(None) == names_in({}) == frozenset()
