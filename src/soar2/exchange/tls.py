"""TLS at the MLLP door and on the way out of it: contexts, names in certificates, the day one expires.

TLS 1.2 and 1.3 only. Whoever is asked for a certificate and has none, or one that its authority did not sign
or whose time is over, is ended in the handshake by OpenSSL.
"""

import ipaddress
import os
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from soar2.record.programme import Mllp

UTC_TIME, GENERALIZED_TIME, VERSION = 0x17, 0x18, 0xA0  # DER tags

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def server_context(mllp: Mllp) -> ssl.SSLContext | None:
    """The door's context; None when the settings name no certificate. Raises OSError (``ssl.SSLError``)."""
    if not mllp.certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(mllp.certificate, mllp.key or None, password=_no_password)
    if mllp.client_ca:
        context.load_verify_locations(mllp.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def client_context(ca: str = "", certificate: str = "", key: str = "") -> ssl.SSLContext:
    """For a sender: ``ca`` is the file the door's certificate is checked by (the system's when empty).

    ``certificate`` and ``key`` are shown to a door that asks. Raises OSError (``ssl.SSLError``).
    """
    context = ssl.create_default_context(cafile=ca or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificate:
        context.load_cert_chain(certificate, key or None, password=_no_password)
    return context


def faults(mllp: Mllp) -> list[str]:
    """A sentence for each setting of ``[mllp]`` with which the door cannot open."""
    return [*_file_faults(mllp), *_joint_faults(mllp), *_network_faults(mllp.allow)] or _context_faults(mllp)


def networks(allow: tuple[str, ...]) -> tuple[Network, ...]:
    """The networks that may come; none named means all. Raises ValueError."""
    return tuple(ipaddress.ip_network(text) for text in allow)


def within(host: str, allowed: tuple[Network, ...]) -> bool:
    """Whether an address is in one of the networks. An IPv4 address may come dressed as an IPv6 one."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in allowed)


def names_in(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """The common name and the DNS names of a certificate as ``SSLSocket.getpeercert`` gives it."""
    found = certificate or {}
    common = {value for part in found.get("subject", ()) for name, value in part if name == "commonName"}
    return frozenset(common | {value for kind, value in found.get("subjectAltName", ()) if kind == "DNS"})


def certificate_expiry(path: str | Path) -> datetime:
    """When the first certificate of a PEM file stops being valid.

    Raises OSError, or ValueError when the file holds no certificate.
    """
    text = Path(path).read_text("ascii", "replace")
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    start, stop = text.find(begin), text.find(end)
    if not 0 <= start < stop:
        raise ValueError("The file holds no PEM certificate.")
    try:
        return _not_after(ssl.PEM_cert_to_DER_cert(text[start : stop + len(end)]))
    except (IndexError, ValueError):
        raise ValueError("The file holds no certificate that can be read.") from None


def _no_password() -> str:
    """A key with a password would make OpenSSL ask on a terminal that a service does not have."""
    raise ssl.SSLError("the key is protected by a password")


def _file_faults(mllp: Mllp) -> list[str]:
    files = {"certificate": mllp.certificate, "key": mllp.key, "client_ca": mllp.client_ca}
    return [
        f"[mllp] {name} {path} cannot be read by the account SOaR2 runs as."
        for name, path in files.items()
        if path and not os.access(path, os.R_OK)
    ]


def _joint_faults(mllp: Mllp) -> list[str]:
    said = []
    if mllp.key and not mllp.certificate:
        said.append("[mllp] has a key but no certificate.")
    if mllp.client_ca and not mllp.certificate:
        said.append("[mllp] client_ca needs certificate and key: without TLS nobody shows a certificate.")
    if mllp.client_names and not mllp.client_ca:
        said.append("[mllp] client_names needs client_ca: only a checked certificate proves a name.")
    return said


def _network_faults(allow: tuple[str, ...]) -> list[str]:
    said = []
    for text in allow:
        try:
            networks((text,))
        except ValueError:
            said.append(f"[mllp] allow: '{text}' is no network such as 10.20.0.0/16 or 10.20.1.7.")
    return said


def _context_faults(mllp: Mllp) -> list[str]:
    try:
        server_context(mllp)
    except OSError as fault:
        why = (getattr(fault, "reason", None) or fault.strerror or str(fault)).lower().replace("_", " ")
        return [f"[mllp] certificate, key and client_ca do not make a TLS door: {why}."]
    return []


def _not_after(der: bytes) -> datetime:
    """X.509, RFC 5280 section 4.1: Certificate > TBSCertificate > validity > notAfter."""
    _, certificate, _ = _element(der, 0)
    _, body, _ = _element(certificate, 0)
    at = 0
    tag, _, after = _element(body, at)
    at = after if tag == VERSION else at
    for _ in range(3):  # serial number, algorithm, issuer
        _, _, at = _element(body, at)
    _, validity, _ = _element(body, at)
    _, _, at = _element(validity, 0)
    tag, written, _ = _element(validity, at)
    if tag not in (UTC_TIME, GENERALIZED_TIME):
        raise ValueError("no time")
    text = written.decode("ascii")
    if tag == UTC_TIME:  # two digits of the year: 50 to 99 are 19.., the rest 20..
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _element(data: bytes, at: int) -> tuple[int, bytes, int]:
    """The DER element at ``at``: its tag, its content, and where the next one begins."""
    tag, size, start = data[at], data[at + 1], at + 2
    if size >= 0x80:
        digits = size & 0x7F
        size, start = int.from_bytes(data[start : start + digits]), start + digits
    if start + size > len(data):
        raise ValueError("cut off")
    return tag, data[start : start + size], start + size
