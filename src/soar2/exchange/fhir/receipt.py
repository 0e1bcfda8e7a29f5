"""What is stored with a row as the answer its sender was given, so that an exact retry is given the same. Pure."""

import hashlib
import json
import re
from dataclasses import astuple, dataclass

from soar2.exchange.arrival import QUARANTINED, STORED, Arrival, key_of, storable
from soar2.exchange.fhir.http import Environ, Headers, Reply, wanted_return
from soar2.exchange.fhir.keys import Holder
from soar2.exchange.fhir.outcome import Issue, Refusal, as_bytes, operation_outcome
from soar2.exchange.fhir.reading import Told

KEPT = Issue(
    "informational", "The body was stored; it waits for a person, not for another try.", "", "information"
)
KEPT_AND_READ = Issue(
    "informational",
    "The body was stored and its words will be read, but a person must say whose they are.",
    "",
    "information",
)
TAKEN = Issue("informational", "Stored.", "", "information")
PART = Issue(
    "informational",
    "Read as a part of the report that refers to it; it has no address here.",
    "",
    "information",
)
STORED_OUTCOME = as_bytes(operation_outcome([TAKEN]))
REPORT = "DiagnosticReport"
_CREATED = re.compile(rb'\[201,"([0-9a-f]{32})",\[\],\[\]\]\Z')


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to one body: the id it has here, the types of its entries, or why it was refused."""

    status: int
    id: str
    entries: tuple[str, ...] = ()
    issues: tuple[Issue, ...] = ()

    def stored(self) -> bytes:
        """As it stands in the row."""
        if self.status == 201:
            return b'[201,"%b",[],[]]' % self.id.encode()
        issues = [astuple(issue) for issue in self.issues]
        return json.dumps([self.status, self.id, self.entries, issues], separators=(",", ":")).encode()

    def reply(self, environ: Environ, address: str, representation: "bytes | None" = None) -> Reply:
        """As it goes to the sender. ``representation`` is the resource where Prefer asked for it."""
        if self.status == 200:
            return Reply(200, as_bytes(self._transaction_response(address)))
        if self.status != 201:
            return Reply(self.status, as_bytes(operation_outcome(self.issues)))
        where: Headers = (("Location", f"{address}/{self._location(REPORT, self.id)}"), ("ETag", 'W/"1"'))
        if wanted_return(environ) == "minimal":
            return Reply(201, b"", where)
        return Reply(201, representation or STORED_OUTCOME, where)

    def _transaction_response(self, address: str) -> dict[str, object]:
        entries = [
            {"response": self._entry_response(number, kind)} for number, kind in enumerate(self.entries)
        ]
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}

    def _entry_response(self, number: int, kind: str) -> dict[str, object]:
        if kind != REPORT:
            return {"status": "202 Accepted", "outcome": operation_outcome([PART])}
        where = self._location(kind, f"{self.id}-{number}")
        return {"status": "201 Created", "location": where, "etag": 'W/"1"'}

    @staticmethod
    def _location(kind: str, name: str) -> str:
        return f"{kind}/{name}/_history/1"


def receipt_of(stored: bytes) -> Receipt:
    """The receipt in a row."""
    if created := _CREATED.match(stored):  # nearly always
        return Receipt(201, created[1].decode())
    status, name, entries, issues = json.loads(stored)
    return Receipt(status, name, tuple(entries), tuple(Issue(*issue) for issue in issues))


def accepted(raw: bytes, read: Told, holder: Holder, peer: str) -> Arrival:
    """The row of a body that could be read; its sender hears 422 when patient or exam cannot be told.

    Its words are read all the same, as those of an HL7 message without a patient are: they may be urgent.
    """
    digest = hashlib.sha256(raw).hexdigest()
    name = id_of(digest, holder, read.kind)
    if read.issues:
        receipt = Receipt(422, name, (), (*read.issues, KEPT_AND_READ))
    else:
        receipt = Receipt(200 if read.kind == "Bundle" else 201, name, read.entries)
    return _arrival(raw, digest, holder, peer, read.kind, receipt, STORED)


def refused(raw: bytes, fault: Refusal, holder: Holder, peer: str, kind: str) -> Arrival:
    """The row of a body that cannot be read, kept for a person."""
    digest = hashlib.sha256(raw).hexdigest()
    receipt = Receipt(fault.status, id_of(digest, holder, kind), (), (*fault.issues, KEPT))
    return _arrival(raw, digest, holder, peer, kind, receipt, QUARANTINED)


def id_of(body_hash: str, holder: Holder, kind: str) -> str:
    """The id of a body that one holder brought to the address for ``kind``.

    The same for an exact retry; another when a body that went to the wrong address is brought to the right one;
    it tells nothing to anybody else.
    """
    return hashlib.blake2b(
        f"{kind} {body_hash}".encode(), key=holder.key.encode(), digest_size=16
    ).hexdigest()


def _arrival(
    raw: bytes, body_hash: str, holder: Holder, peer: str, kind: str, receipt: Receipt, state: str
) -> Arrival:
    first = receipt.issues[0] if receipt.issues else Issue("", "")
    return Arrival(
        raw=raw,
        body_hash=body_hash,
        door="fhir",
        format="fhir",
        feed=holder.feed,
        peer=peer,
        sending_application=holder.name,
        control_id=receipt.id,
        message_type=kind,
        answer_code="AA" if receipt.status < 300 else "AE",
        answer=receipt.stored(),
        state=state,
        reason=storable(first.words) if first.words else "",
        where=key_of(first.where) if first.where else "",
    )
