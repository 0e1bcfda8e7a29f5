"""The messages of a fault run.

Message ``n`` of a seed is always the same. Most are reports; some append to or correct an earlier report,
repeat one under a new control id, are not for us, cannot be read, name no patient, or reuse a control id. One
in four of those that both doors take comes by FHIR, an addendum or a repetition as often by the other door.
"""

import hashlib
import json
import random
from dataclasses import dataclass
from functools import lru_cache

import sample_fhir
from sample_reports import macro, oru

FAMILY, GIVEN, NUMBER = "QUILLFEATHER", "SYNTHIA", "ZQMRN"  # must never be seen in a log or in a mail
LANES = ("emergent", "urgent", "expedited", "routine")
OFTEN = (5, 6, 9, 80)  # of a hundred; each worse lane sends a ladder of messages
BACK = 40  # how far back a follow-up's report may lie; so some are still under way
KINDS = {
    "report": 68, "addendum": 10, "repeat": 6, "outside": 6, "unreadable": 3, "nameless": 4, "reused": 3,
}  # fmt: skip
BOTH = frozenset({"report", "addendum", "repeat", "nameless"})  # kinds that come by FHIR as well
CLASH = "This control id came before with another content."
BY_FHIR = 0.25


@dataclass(frozen=True)
class Sent:
    """One message and what must become of it."""

    n: int
    kind: str
    raw: bytes
    control: str  # empty where the receiver gives the message its name
    codes: frozenset[str]  # answers that may come: MSA-1 or an HTTP status
    door: str = "mllp"
    accession: str = ""
    lane: str = ""
    status: str = "F"
    reported: str = ""
    mrn: str = ""

    @property
    def hash(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()


class Script:
    """All messages of one seed."""

    def __init__(self, seed: int):
        self.seed = seed
        self.message = lru_cache(maxsize=None)(self._message)
        self._kind = lru_cache(maxsize=None)(self._kind_of)

    def _chance(self, n: int, what: str) -> random.Random:
        return random.Random(f"{self.seed}/{n}/{what}")

    def _kind_of(self, n: int) -> tuple[str, int]:
        """The kind of message ``n``, and the earlier report it is about."""
        chance = self._chance(n, "kind")
        kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
        about = n
        if kind in ("addendum", "repeat", "reused"):
            about = n - chance.randint(1, BACK)
            if about < 0 or self._kind(about)[0] != "report":
                return "report", n
        return kind, about

    def _message(self, n: int) -> Sent:
        kind, about = self._kind(n)
        return getattr(self, f"_{kind}")(n, about)

    def _lane(self, n: int) -> str:
        return self._chance(n, "lane").choices(LANES, OFTEN)[0]

    def _report(self, n: int, about: int, **changed) -> Sent:
        """A report of patient ``about``; ``text`` and ``procedure`` stand in the message alone."""
        lane = self._lane(n)
        fields = {
            "kind": "report", "control": f"C{n:06d}", "codes": frozenset({"AA", "AE"}), "lane": lane,
            "accession": f"F{about:06d}", "reported": "20260310130500-0400", "mrn": f"{NUMBER}{about:06d}",
        } | changed  # fmt: skip
        text, options = fields.pop("text", macro(lane)), {}
        if "procedure" in fields:
            options["procedure"] = fields.pop("procedure")
        if fields["kind"] in BOTH and self._chance(n, "door").random() < BY_FHIR:
            return self._by_fhir(n, about, text, fields)
        raw = oru(
            text, n=n, control=fields["control"], accession=fields["accession"],
            status=fields.get("status", "F"), name=f"{FAMILY}{about}^{GIVEN}",
            reported=fields["reported"], mrn=fields["mrn"], **options,
        )  # fmt: skip
        return Sent(n=n, raw=raw, **fields)

    def _by_fhir(self, n: int, about: int, text: str, fields: dict) -> Sent:
        at = fields["reported"]
        status = {"F": "final", "A": "appended", "C": "corrected"}[fields.get("status", "F")]
        issued = f"{at[:4]}-{at[4:6]}-{at[6:8]}T{at[8:10]}:{at[10:12]}:{at[12:14]}-04:00"
        who = sample_fhir.patient(mrn=fields["mrn"], family=f"{FAMILY}{about}", given=GIVEN)
        resource = sample_fhir.report(
            text, accession=fields["accession"], who=who, status=status, issued=issued, id=f"engine-{n}"
        )
        if not fields["mrn"]:
            del resource["subject"]
        codes = frozenset({"201" if fields["mrn"] else "422"})
        raw = json.dumps(resource).encode()
        return Sent(n=n, raw=raw, door="fhir", **fields | {"control": "", "codes": codes})

    def _addendum(self, n: int, about: int) -> Sent:
        lane, status = self._lane(n), self._chance(n, "status").choice("AC")
        return self._report(
            n, about, kind="addendum", status=status, lane=lane,
            text=f"{macro(lane)}\nVersion {n} of this report.",
            reported=f"202603101306{(n - about):02d}-0400",
        )  # fmt: skip

    def _repeat(self, n: int, about: int) -> Sent:
        lane = self._lane(about)
        return self._report(n, about, kind="repeat", lane=lane, text=macro(lane))

    def _outside(self, n: int, about: int) -> Sent:
        return self._report(n, about, kind="outside", procedure="24558-9^MR Abdomen^LN")

    def _nameless(self, n: int, about: int) -> Sent:
        return self._report(n, about, kind="nameless", mrn="", codes=frozenset({"AE"}))

    def _reused(self, n: int, about: int) -> Sent:
        return self._report(n, n, kind="reused", control=f"C{about:06d}")

    def _unreadable(self, n: int, about: int) -> Sent:
        raw = f"PID|1||{NUMBER}{n:06d}||{FAMILY}{n}^{GIVEN}\rOBX|1|TX|||no header before this\r".encode()
        return Sent(n=n, kind="unreadable", raw=raw, control="", codes=frozenset({"AR"}))
