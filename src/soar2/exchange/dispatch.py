"""From a stored message to filed reports: read it, ask the feed file, hand it on, or hold it."""

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from soar2.criteria.packs import PackRefused
from soar2.errors import Unreadable
from soar2.exchange.arrival import key_of, storable
from soar2.exchange.feeds import Feed, chosen, select
from soar2.exchange.fhir.reading import read_resource
from soar2.exchange.hl7v2.charsets import Note
from soar2.exchange.hl7v2.clocks import trusted
from soar2.exchange.hl7v2.documents import named
from soar2.exchange.hl7v2.envelope import envelope
from soar2.exchange.hl7v2.message import parse
from soar2.exchange.hl7v2.results import read_results
from soar2.exchange.hl7v2.types import ImagingResult
from soar2.exchange.mappings import active_feeds, version_of
from soar2.exchange.models import InboundMessage
from soar2.exchange.practice import TEST_PATIENT, is_test
from soar2.pathway.reports.actions import file_in_turn, take_turns
from soar2.pathway.reports.types import WITHDRAWN, IncomingReport
from soar2.record import rows
from soar2.record.patients import PatientIdentity

log = logging.getLogger("soar2.dispatch")

CLASS_LENGTH, KIND_LENGTH = 8, 16  # as wide as their columns; a sender's longer words must not stop a report

# Patient, exam and procedure in a sender's own terms.
PLACES = {
    InboundMessage.HL7V2: ("PID-3", "OBR-3", "OBR-4"),
    InboundMessage.FHIR: ("DiagnosticReport.subject", "DiagnosticReport.identifier", "DiagnosticReport.code"),
}
PATIENCE = 5  # tries before a message that breaks the reader is held for a person
# Classes of SQLSTATE in which the server or a rival is at fault and not the message: connection, rollback
# (deadlock), resources, lock, operator, system. Any other fault would come again with every try.
PASSING = ("08", "40", "53", "55", "57", "58")


def apply_undone(now: datetime, limit: int = 50, *, after_each: Callable[[], None] = lambda: None) -> int:
    """Work through stored messages in order of arrival, one transaction each. Returns how many were done.

    ``after_each`` is called when one was committed: what it owes may leave before the next is read.
    """
    done = 0
    for message_id in list(_undone().values_list("id", flat=True)[:limit]):
        if apply_one(message_id, now):
            done += 1
            after_each()
    return done


def _undone():
    return InboundMessage.objects.filter(state=InboundMessage.STORED, attempts__lt=PATIENCE).order_by("id")


def apply_one(message_id: int, now: datetime) -> bool:
    """Bring one message to its end, unless another worker has it. A fault of ours leaves it undone and counted."""
    try:
        return _settle(message_id, now)
    except Exception as fault:
        if _passing(fault):
            raise  # the database is away, or the pack does not load: not this message's fault
        _count_failure(message_id, fault, now)
        return False


def _passing(fault: Exception) -> bool:
    if isinstance(fault, (InterfaceError, PackRefused)):
        return True
    state = getattr(fault.__cause__, "sqlstate", None) if isinstance(fault, OperationalError) else ""
    return state is None or state[:2] in PASSING


def _settle(message_id: int, now: datetime) -> bool:
    """Apply it or hold it; a message that turns out unreadable leaves nothing of itself behind but its row."""
    row = None
    try:
        with transaction.atomic():
            row = _taken(message_id)
            if row is None:
                return False
            row.notes = []
            _end(row, _apply(row, now), now)
    except Unreadable as fault:
        with transaction.atomic():
            if row is None or _taken(message_id) is None:
                return False
            _end(row, (InboundMessage.QUARANTINED, fault.reason, fault.where, row.feed), now)
    return True


def _taken(message_id: int) -> InboundMessage | None:
    """The message, locked; None when it is done, or another worker has it."""
    mine = "WHERE r.id = %s AND r.state = %s FOR UPDATE SKIP LOCKED"
    return next(
        iter(rows.read(InboundMessage, mine, [message_id, InboundMessage.STORED], but=("answer",))), None
    )


def _end(row: InboundMessage, ended: tuple[str, str, str, str], now: datetime) -> None:
    row.state, row.reason, row.where, row.feed = ended
    row.done_at, row.mapping = now, version_of(row.feed) if row.feed else ""
    rows.run(rows.update(row, "state", "reason", "where", "feed", "done_at", "mapping", "notes", "event_at"))


def _apply(row: InboundMessage, now: datetime) -> tuple[str, str, str, str]:
    raw = bytes(row.raw)
    if row.format == InboundMessage.FHIR:
        mine = next((feed for feed in feeds() if feed.name == row.feed), None)
        if mine is None:
            raise Unreadable("The feed that this sender's token names is not in the feed file.")
        return _file_all(read_resource(raw, mine), mine, row, now)
    feed = select(feeds(), envelope(raw))
    message = parse(raw, feed.default_charset or None if feed else None)
    _note(row, message.notes)
    if feed is None:  # what cannot be read was held by now, whoever sent it
        return (
            InboundMessage.FILTERED,
            "No feed in the feed file is for this sending application.",
            "MSH-3",
            "",
        )
    return _file_all(read_results(message, feed), feed, row, now)


def _file_all(
    results: tuple[ImagingResult, ...], feed: Feed, row: InboundMessage, now: datetime
) -> tuple[str, str, str, str]:
    _note(row, [note for result in results for note in result.notes])
    _note(
        row, [Note("time", f"{fault.where}: {fault.words}") for result in results for fault in result.faults]
    )
    row.event_at = next((at for one in results if (at := one.reported_at or one.sent_at)), None)
    wanted = chosen(feed, results)
    if not wanted:
        return (
            InboundMessage.FILTERED,
            "Not a spine procedure of this feed.",
            PLACES[row.format][2],
            feed.name,
        )
    wanted = [one for one in wanted if not is_test(one.patient, settings.PROGRAMME.test_patients)]
    if not wanted:
        return InboundMessage.FILTERED, TEST_PATIENT, PLACES[row.format][0], feed.name
    take_turns(feed.name, [_accession(result, row) for result in wanted], map(_identity, wanted))
    faults = [fault for result in wanted if (fault := _file(result, feed, row, now))]
    if faults:
        return InboundMessage.QUARANTINED, faults[0].reason, faults[0].where, feed.name
    return InboundMessage.APPLIED, "", "", feed.name


def feeds() -> tuple[Feed, ...]:
    """The feed file with the mappings in force at this moment; a mended mapping counts from the next message."""
    return active_feeds(settings.PROGRAMME)


def _note(row: InboundMessage, notes: Iterable[Note]) -> None:
    """Keep what had to be put right, each once, also where the reading fails later."""
    row.notes = list({tuple(note): list(note) for note in [*row.notes, *notes]}.values())


def _file(result: ImagingResult, feed: Feed, row: InboundMessage, now: datetime) -> Unreadable | None:
    """File one result; what a person must mend is returned, after the words were kept and read."""
    if result.text_at or result.standing == "pending":
        return None  # filed once, where its text stands; or there is no report yet
    if not result.text.strip() and result.status not in WITHDRAWN:
        return _without_words(result)
    result, doubts = trusted(result, now)
    _note(row, doubts)
    filed = file_in_turn(_incoming(result, feed, row), now=now)
    fault = filed.identity_fault or result.identity_fault
    return Unreadable(fault, PLACES[row.format][0 if result.accession else 1]) if fault else None


def _without_words(result: ImagingResult) -> Unreadable:
    if not result.attachments:
        return Unreadable("The report has no text.", result.where or "OBX-5")
    document = result.attachments[0]
    kind = f" ({name})" if (name := named(document.media)) else ""
    return Unreadable(f"The report is a document{kind}, not text; a person must open it.", document.where)


def _accession(result: ImagingResult, row: InboundMessage) -> str:
    return key_of(result.accession) or _placeholder(result, row)


def _incoming(result: ImagingResult, feed: Feed, row: InboundMessage) -> IncomingReport:
    return IncomingReport(
        feed=feed.name,
        accession=_accession(result, row),
        status=result.status,
        text=storable(result.text),
        identity=_identity(result),
        identity_fault=result.identity_fault,
        procedure_code=key_of(result.procedure.code or result.procedure.alternate_code),
        procedure=storable(result.procedure.name or result.procedure.alternate_name),
        exam_start=result.exam_start,
        exam_end=result.exam_end,
        exam_end_is_start=result.exam_time_is_start,
        reported_at=result.reported_at or result.sent_at,
        reported_at_is_sent=result.reported_at is None,
        author=storable(result.author.name),
        ordering=storable(result.ordering.name),
        location=storable(result.location),
        patient_class=storable(result.patient_class)[:CLASS_LENGTH],
        inbound=row.id,
    )


def _placeholder(result: ImagingResult, row: InboundMessage) -> str:
    """What stands for an accession that is not stated: each such report of a message is one of its own."""
    order = "" if result.where in ("", "OBR[1]") else f", {result.where}"
    return f"not stated (message {row.id}{order})"


def _identity(result: ImagingResult) -> PatientIdentity | None:
    patient = result.patient
    if result.identity_fault or not patient.identifiers:
        return None
    return PatientIdentity(
        identifiers=tuple(
            (key_of(i.authority), key_of(i.value), storable(i.type)[:KIND_LENGTH])
            for i in patient.identifiers
        ),
        family=storable(patient.family),
        given=storable(patient.given),
        birth_date=patient.birth_date,
        sex=storable(patient.sex),
    )


def _count_failure(message_id: int, fault: Exception, now: datetime) -> None:
    """A bug of ours must not lose the message nor stop the ones behind it: count, and in the end hold it."""
    log.error(
        "message %s could not be applied: %s",
        message_id,
        type(fault).__name__,
        exc_info=not isinstance(fault, DatabaseError),
    )
    with transaction.atomic():
        row = InboundMessage.objects.select_for_update().get(id=message_id)
        if row.state != InboundMessage.STORED:
            return
        row.attempts += 1
        if row.attempts >= PATIENCE:
            row.state, row.done_at = InboundMessage.QUARANTINED, now
            row.reason = f"The reader failed ({type(fault).__name__}). Kept; tell the maintainers its number."
        row.save(update_fields=["attempts", "state", "reason", "done_at"])
