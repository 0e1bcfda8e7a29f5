"""The feed file: which senders are known, which of their messages are ours, and how they are read.

One ``[[feed]]`` table a sender. A key with a spelling mistake would silently let spine reports by, so
every fault is found before anything starts.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from soar2.errors import Refused
from soar2.exchange.hl7v2.charsets import codec_for
from soar2.exchange.hl7v2.envelope import Envelope

if TYPE_CHECKING:  # results.py needs Feed; only the name of its value is needed here
    from soar2.exchange.hl7v2.types import ImagingResult

ANY = "*"
TEXT_TYPES = ("TX", "FT", "ST")
REJECT, ACCEPT = "reject", "accept"
STATUS_CODES = frozenset("OISPRMFCAXDW")  # HL7 table 0123, as far as results.STANDINGS reads it
ACCESSION_FIELDS = ("OBR-2", "OBR-3", "OBR-18", "OBR-19", "OBR-20", "ORC-2", "ORC-3", "IPC-1", "ZDS-1")


@dataclass(frozen=True, slots=True)
class Feed:
    """One sender and how to read it.

    ``sending_applications`` and ``sending_facilities`` name MSH-3 and MSH-4 (``*``, or no facility: any).
    A result is inside when OBR-4.1 or OBR-4.4 is one of ``procedure_codes``, or when every word of one of
    ``procedure_words`` stands in OBR-4.2 or OBR-4.5. ``identifier_authority`` is the CX.4 of the record
    numbers to trust (``*``: of any that is stated); ``assume_authority`` says that numbers without one are
    its, or names the authority whose they are. ``accession_field``
    fixes where the accession stands; when empty OBR-3, ORC-3, IPC-1, OBR-18, OBR-2 and ORC-2 are tried in
    this order. ``time_zone`` is used where a timestamp has no offset; when empty, the offset of MSH-7,
    else UTC. By FHIR ``identifier_systems`` says which authority an
    Identifier.system stands for, and ``accession_systems`` whose identifier is the accession number (none: the
    one of type ACSN). ``status_words`` translates the sender's own result statuses (OBR-25, OBX-11) to codes
    of HL7 table 0123. ``other_messages`` is the answer to types other than ORU, which are never read: ``reject``
    (AR) or ``accept`` (AA). ``expected_gap_minutes``: the longest silence that is normal; None when none is watched.
    """

    name: str
    sending_applications: tuple[str, ...] = (ANY,)
    sending_facilities: tuple[str, ...] = ()
    procedure_codes: tuple[str, ...] = ()
    procedure_words: tuple[str, ...] = ()
    identifier_authority: str = ""
    assume_authority: bool | str = False
    text_types: tuple[str, ...] = TEXT_TYPES
    time_zone: str = ""
    default_charset: str = ""
    accession_field: str = ""
    identifier_systems: tuple[tuple[str, str], ...] = ()
    accession_systems: tuple[str, ...] = ()
    status_words: tuple[tuple[str, str], ...] = ()
    other_messages: str = REJECT
    expected_gap_minutes: int | None = None

    @property
    def assumed_authority(self) -> str:
        """Whose a number is that does not say who issued it; empty: nobody's."""
        named = self.identifier_authority if self.assume_authority is True else self.assume_authority or ""
        return "" if named == ANY else named

    def status(self, word: str) -> str:
        """The code of HL7 table 0123 that this sender means by a word in capitals; the word itself if none."""
        return next((code for taught, code in self.status_words if taught == word), word)

    @property
    def zone(self) -> ZoneInfo | None:
        """The feed's time zone, if it names one."""
        return ZoneInfo(self.time_zone) if self.time_zone else None


def feeds_from(tables: Sequence[dict[str, Any]], time_zone: str = "") -> tuple[Feed, ...]:
    """The feeds of the ``[[feed]]`` tables; ``time_zone`` is the hospital's, for feeds that name none.

    Raises Refused with every fault of ``check`` in one text.
    """
    faults = check(tables)
    if faults:
        raise Refused("\n".join(faults))
    return tuple(_feed({"time_zone": time_zone, **table}) for table in tables)


def check(tables: Sequence[dict[str, Any]]) -> list[str]:
    """One sentence per fault in the ``[[feed]]`` tables; an empty list when all is well."""
    faults: list[str] = []
    names: list[str] = []
    for number, table in enumerate(tables, 1):
        name = table.get("name")
        place = f"feed {name!r}" if isinstance(name, str) and name else f"feed {number}"
        faults += [f"{place}: {fault}" for fault in _table_faults(table)]
        if name in names:
            faults.append(f"{place}: another feed has the same name.")
        names.append(str(name))
    return faults + _shadowed(tables)


def select(feeds: Sequence[Feed], envelope: Envelope) -> Feed | None:
    """The feed a message belongs to: the first that names its sender, else the first that takes any."""
    willing = [feed for feed in feeds if _sends(feed, envelope)]
    named = [feed for feed in willing if ANY not in feed.sending_applications]
    return next(iter(named or willing), None)


def name_of(feeds: Sequence[Feed], noted: str, application: str, facility: str) -> str:
    """The feed a message is counted and read under: the one noted with it, else that of its sender; empty for none.

    A message held at the door has none noted yet.
    """
    found = None if noted else select(feeds, Envelope(application, facility))
    return found.name if found else noted


def inside(feed: Feed, result: "ImagingResult") -> bool:
    """Whether a result is of a procedure this programme follows."""
    procedure = result.procedure
    codes = {procedure.code.casefold(), procedure.alternate_code.casefold()} - {""}
    if codes & {code.casefold() for code in feed.procedure_codes}:
        return True
    names = f"{procedure.name}\n{procedure.alternate_name}"
    return any(all(_word(word).search(names) for word in words.split()) for words in feed.procedure_words)


def chosen(feed: Feed, results: "Sequence[ImagingResult]") -> "list[ImagingResult]":
    """The results to follow: those inside, and where such an order has its text under another one, that one."""
    holders = {result.text_at for result in results if result.text_at and inside(feed, result)}
    return [result for result in results if inside(feed, result) or result.accession in holders]


def why_outside(feed: Feed, result: "ImagingResult") -> str:
    """A sentence, free of patient data, why a result is outside the feed; empty when it is inside."""
    if inside(feed, result):
        return ""
    code = result.procedure.code or result.procedure.alternate_code
    named = f"Procedure code {code} (OBR-4)" if code else "A result without a procedure code (OBR-4)"
    return f"{named} is not among the spine procedures of feed {feed.name}."


@lru_cache(maxsize=1024)
def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)


def _sends(feed: Feed, envelope: Envelope) -> bool:
    return _names(feed.sending_applications, envelope.sending_application) and (
        not feed.sending_facilities or _names(feed.sending_facilities, envelope.sending_facility)
    )


def _names(wanted: tuple[str, ...], found: str) -> bool:
    return ANY in wanted or found.casefold() in {name.casefold() for name in wanted}


def _feed(table: dict[str, Any]) -> Feed:
    values: dict[str, Any] = dict(table)
    values |= {key: tuple(value) for key, value in table.items() if isinstance(value, list)}
    if "identifier_systems" in values:
        values["identifier_systems"] = tuple(table["identifier_systems"].items())
    if "status_words" in values:
        words = table["status_words"].items()
        values["status_words"] = tuple((word.strip().upper(), code.strip().upper()) for word, code in words)
    if "text_types" in values:
        values["text_types"] = tuple(kind.upper() for kind in values["text_types"])
    return Feed(**values)


def _table_faults(table: dict[str, Any]) -> list[str]:
    faults = []
    for key, value in table.items():
        if key not in _CHECKS:
            near = get_close_matches(key, _CHECKS, 1)
            faults.append(f"{key!r} is not a setting" + (f"; did you mean {near[0]!r}?" if near else "."))
        elif fault := _CHECKS[key](value):
            faults.append(f"{key} {fault}")
    for key in ("name", "sending_applications"):
        if key not in table:
            faults.append(f"{key} is missing.")
    if not table.get("procedure_codes") and not table.get("procedure_words"):
        faults.append(
            "procedure_codes and procedure_words are both missing, so every report would be filtered out."
        )
    if not table.get("identifier_authority"):
        faults.append(
            "identifier_authority is missing: name who issues the record numbers to trust (PID-3.4)."
        )
    if table.get("identifier_authority") == ANY and table.get("assume_authority") is True:
        faults.append(
            "assume_authority cannot be true where identifier_authority is *: name the authority that numbers "
            "without one belong to."
        )
    return faults


def _shadowed(tables: Sequence[dict[str, Any]]) -> list[str]:
    """A second feed for the same senders would never get a message."""
    faults, seen = [], []
    for number, table in enumerate(tables, 1):
        senders = tuple(
            sorted(str(name).casefold() for name in value)
            if isinstance(value := table.get(key, []), list)
            else []
            for key in ("sending_applications", "sending_facilities")
        )
        if senders[0] and senders in seen:
            faults.append(f"feed {number}: an earlier feed already takes every message of these senders.")
        seen.append(senders)
    return faults


def _words_fault(value: Any) -> str:
    good = isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)
    return "" if good else 'must be a list of words, such as ["A", "B"].'


def _word_fault(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else "must be a word in quotation marks."


def _assumed_fault(value: Any) -> str:
    if isinstance(value, bool):
        return ""
    named = value.strip().casefold() if isinstance(value, str) else ""
    good = named and named not in (ANY, "yes", "no", "true", "false")
    return "" if good else "must be true, false or the name of an authority."


def _minutes_fault(value: Any) -> str:
    good = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return "" if good else "must be a whole number of minutes above 0."


def _zone_fault(value: Any) -> str:
    if fault := _word_fault(value):
        return fault
    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):  # a folder, a path out of the tree, an unknown name
        return f"{value!r} is not a time zone; write it like 'America/New_York'."
    return ""


def _charset_fault(value: Any) -> str:
    return _word_fault(value) or (
        "" if codec_for(value) else f"{value!r} is not a character set of HL7 table 0211."
    )


def _types_fault(value: Any) -> str:
    if fault := _words_fault(value):
        return fault
    good = value and all(kind.upper() in TEXT_TYPES for kind in value)
    return "" if good else "must name one or more of TX, FT and ST."


def _accession_fault(value: Any) -> str:
    return _word_fault(value) or (
        "" if value in ACCESSION_FIELDS else f"{value!r} is not one of {', '.join(ACCESSION_FIELDS)}."
    )


def _systems_fault(value: Any) -> str:
    good = isinstance(value, dict) and all(
        system.strip() and isinstance(named, str) and named.strip() for system, named in value.items()
    )
    return "" if good else 'must be a table such as { "urn:oid:1.2.3" = "SITEA" }.'


def _status_fault(value: Any) -> str:
    good = isinstance(value, dict) and all(
        word.strip() and isinstance(code, str) and code.strip().upper() in STATUS_CODES
        for word, code in value.items()
    )
    codes = ", ".join(sorted(STATUS_CODES))
    return "" if good else f'must be a table such as {{ FINAL = "F" }} with codes of {codes}.'


def _answer_fault(value: Any) -> str:
    return "" if value in (REJECT, ACCEPT) else f'must be "{REJECT}" or "{ACCEPT}".'


_CHECKS: dict[str, Callable[[Any], str]] = {
    "name": _word_fault,
    "sending_applications": _words_fault,
    "sending_facilities": _words_fault,
    "procedure_codes": _words_fault,
    "procedure_words": _words_fault,
    "identifier_authority": _word_fault,
    "assume_authority": _assumed_fault,
    "text_types": _types_fault,
    "time_zone": _zone_fault,
    "default_charset": _charset_fault,
    "accession_field": _accession_fault,
    "identifier_systems": _systems_fault,
    "accession_systems": _words_fault,
    "status_words": _status_fault,
    "other_messages": _answer_fault,
    "expected_gap_minutes": _minutes_fault,
}
