"""Every look at a patient and every change is a row: which one, by whom, and that no page is without it.

The pages are walked from the URL tree: one added later that shows a patient and writes nothing fails here.
"""
# ruff: noqa: S608 - the statements of these tests are written here

import json
from datetime import timedelta

import pytest
from addresses import addresses
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.utils import timezone
from sample_reports import at, macro, oru

from soar2.exchange.fhir.holders import Holder
from soar2.exchange.models import InboundMessage
from soar2.pathway.notices.models import Notice
from soar2.pathway.reports.actions import file_report
from soar2.pathway.reports.models import Report
from soar2.pathway.reports.types import IncomingReport
from soar2.record import audit, clock
from soar2.record.models import ChartAccess, LedgerEntry, Patient, Person
from soar2.record.patients import PatientIdentity, find_or_create

NOW = at("10 14:05")
NAME, NUMBER, WORDS = "Quarrelstone", "MRN-77001", "Posterolateral"
ALL = ("navigator", "interface-desk", "security-officer")
HOST = {"host": "127.0.0.1"}
FACTS_ARE_LOOKS = (
    "message.opened",
    "report.opened",
    "mapping.checked",
    "audit.person-opened",
    "audit.person-exported",
)


def identity(number=NUMBER, family=NAME, given="Ilse", **more):
    return PatientIdentity((("DEMO", number, "MR"),), family, given, **more)


def file(text, *, number=NUMBER, fault="", accession="A1", **more):
    who = None if fault else identity(number)
    incoming = IncomingReport(
        feed="Radiology results", accession=accession, status="F", text=text, identity=who,
        exam_end=at("10 12:40"), reported_at=at("10 14:00"), **({"identity_fault": fault} if fault else {}), **more,
    )  # fmt: skip
    return Report.objects.get(id=file_report(incoming, now=at("10 14:00")).report)


@pytest.fixture
def programme(people, settings, tmp_path):
    """A report with a notice, one in free text, one of nobody known, and a held message, all of one name."""
    settings.HOME, settings.TIME_ZONE = tmp_path, str(settings.PROGRAMME.zone)
    clock.start(NOW, running=False)
    scored = file(macro("emergent"))
    free = file("MRI lumbar spine. Compression at L1 in known myeloma.", accession="A2")
    lost = file(macro("urgent"), fault="The message names no patient.", accession="A3", inbound=1)
    raw = oru(macro("urgent"), status="ZZ", name=f"{NAME}^ILSE", mrn=NUMBER)
    held = InboundMessage.objects.create(
        received_at=NOW, raw=raw, body_hash="h", control_id="C1", message_type="ORU^R01",
        sending_application="DEMO-RIS", answer_code="AE", answer=b"MSH|^~\\&|\r", state="quarantined",
        reason="OBR-25 is not a result status known here.", where="OBR-25",
    )  # fmt: skip
    return {"scored": scored, "free": free, "lost": lost, "held": held, "patient": Patient.objects.get()}


@pytest.fixture
def reader(people):
    """A session of somebody whose roles open every page, and the person."""
    user = get_user_model().objects.create_user("bell")
    people["bell"].user = user
    people["bell"].save()
    people["bell"].roles.add(*ALL)
    client = Client(headers=HOST)
    client.force_login(user)
    return client


def values(programme, case=None):
    return {
        "case_code": case or Notice.objects.get(patient=programme["patient"]).case_code,
        "patient": programme["patient"].id, "report": programme["scored"].id, "kind": "mine", "step": 0,
        "message": programme["held"].id, "feed": "Radiology results",
        "person": Person.objects.get(key="bell").id, "key": "bell",
    }  # fmt: skip


def rows():
    """How many rows say that somebody looked."""
    return ChartAccess.objects.count() + LedgerEntry.objects.filter(kind__in=FACTS_ARE_LOOKS).count()


def shows(answer):
    """Whether an answer tells of the patient: a name, a number, or words of the report."""
    said = b"".join(answer) if answer.streaming else answer.content
    return any(secret.encode() in said for secret in (NAME, NUMBER, WORDS))


READS = [one for one in addresses() if not one.name.startswith("account_")]
LOOKING = {
    "worklist": "listed", "worklist-pulse": "listed", "worklist-pane": "opened", "patient": "opened",
    "report": "opened", "notice": "opened", "notice-answer": "opened", "audit-patient": "opened",
    "audit-patient-csv": "exported", "audit-person": "listed", "audit-person-csv": "listed",
}  # fmt: skip
"""What a look at each of these writes of the patient."""
HELD = {"held", "held-bytes", "held-file"}
"""These show a patient whom nobody knows yet: facts of their own, tested below."""


@pytest.mark.parametrize("address", READS, ids=[one.name for one in READS])
def test_an_address_that_shows_a_patient_writes_a_row(programme, reader, people, address):
    patient = programme["patient"]
    audit.opened(patient, person=people["bell"], username="bell", page="patient", at=NOW)
    before, kinds = rows(), kinds_of(patient)
    answer = reader.get(address.path(values(programme)))
    assert shows(answer) == (address.name in {*LOOKING, *HELD}), (
        "is a page that shows a patient not named above?"
    )
    assert (rows() > before) == shows(answer)
    fresh = kinds_of(patient)[len(kinds) :]
    assert fresh == ([(LOOKING[address.name], "bell")] if address.name in LOOKING else [])


def kinds_of(patient):
    return list(ChartAccess.objects.filter(patient=patient).order_by("id").values_list("kind", "username"))


@pytest.mark.parametrize(
    ("path", "kind", "subject"),
    [
        ("/reports/{lost}/", "report.opened", "{lost}"),
        ("/notices/{case}/", "report.opened", "{case}"),
        ("/worklist/pane/{case}/", "report.opened", "{case}"),
        ("/feeds/held/{held}/", "message.opened", "inbound {held}"),
        ("/feeds/held/{held}/bytes", "message.opened", "inbound {held}"),
        ("/feeds/held/{held}/file", "message.opened", "inbound {held}"),
        ("/feeds/mapping/new/?held={held}", "message.opened", "inbound {held}"),
    ],
)
def test_what_has_no_patient_yet_is_a_fact_of_its_own(programme, reader, path, kind, subject):
    ids = {
        "lost": programme["lost"].id, "held": programme["held"].id,
        "case": Notice.objects.get(identity_unresolved=True).case_code,
    }  # fmt: skip
    assert reader.get(path.format(**ids)).status_code == 200
    fact = LedgerEntry.objects.get(kind=kind, subject=subject.format(**ids))
    assert (fact.person.key, fact.actor, fact.patient) == ("bell", "bell", None)


def test_a_look_before_the_patient_was_known_stands_in_the_patients_trail(programme, reader):
    from soar2.worklists import trail

    reader.get(f"/reports/{programme['lost'].id}/")
    reader.get(f"/feeds/held/{programme['held'].id}/")
    asked = trail.Asked(patient=programme["patient"])
    assert not [
        row for row in trail.page(asked)[0] if row.what.startswith(("Read a report", "Opened a held"))
    ]
    Report.objects.filter(id=programme["lost"].id).update(
        patient=programme["patient"], inbound=programme["held"].id
    )
    found = [row.what for row in trail.page(asked)[0]]
    assert "Read a report whose patient was not known" in found
    assert "Opened a held message" in found
    assert trail.page(trail.Asked(patient=programme["patient"], what=trail.LOOKS))[0]


# changes

CHANGES = {
    # name: (address, what is posted, the fact)
    "own": ("/notices/{case}/mine", {}, "notice.mine"),
    "not me": ("/notices/{case}/not-me", {"role": "spine-on-call"}, "notice.not-me"),
    "already known": ("/notices/{case}/already-known", {"plan": "surgery-planned"}, "notice.already-known"),
    "read": ("/reports/{free}/read", {"outcome": "Nothing for this programme"}, "report.read"),
    "take a message": ("/feeds/held/{held}/take", {}, "message.taken"),
    "settle a message": ("/feeds/held/{held}/settle", {"note": "Sent again by hand."}, "message.settled"),
    "read a message again": ("/feeds/held/{held}/replay", {}, "message.replayed"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_a_fact_with_its_person(programme, reader, what):
    address, fields, kind = CHANGES[what]
    case = Notice.objects.get(patient=programme["patient"]).case_code
    if what == "already known":
        from soar2.pathway.notices.forms import AlreadyKnown

        fields = {"plan": next(key for key, _ in AlreadyKnown().fields["plan"].choices if key)}
    reader.post(address.format(case=case, free=programme["free"].id, held=programme["held"].id), fields)
    fact = LedgerEntry.objects.get(kind=kind)
    assert (fact.person.key, fact.at) == ("bell", NOW)
    if "{held}" not in address:
        assert fact.patient == programme["patient"]


def test_putting_a_patient_on_record_and_completing_it_are_facts(people):
    patient = find_or_create(identity(), now=NOW)
    find_or_create(identity(), now=NOW)
    more = PatientIdentity(
        (("DEMO", NUMBER, "MR"), ("STATE", "S-9", "NI")), NAME, "Ilse", at("10 00:00").date(), "F"
    )
    find_or_create(more, now=NOW + timedelta(minutes=1))
    made, completed = patient.facts.order_by("id")
    assert (made.kind, completed.kind) == ("patient.provisional", "patient.completed")
    assert completed.at == NOW + timedelta(minutes=1)
    assert completed.data == {"fields": ["birth_date", "sex"], "authorities": ["STATE"]}
    for secret in (NAME, "S-9", "2026"):
        assert secret not in json.dumps(completed.data), "names of fields, not what stands in them"


# machines


def test_a_machine_that_reads_a_report_back_is_a_row(programme, monkeypatch):
    from soar2.exchange.fhir import wiring

    monkeypatch.setattr(wiring, "close_old_connections", lambda: None)  # of the test's own transaction
    Report.objects.filter(id=programme["scored"].id).update(inbound=77)
    wiring.note_opened(77, holder("bench"))
    row = ChartAccess.objects.get(page="fhir")
    assert (row.patient, row.username, row.person) == (programme["patient"], "bench", None)
    wiring.note_opened(78, holder("bench"))
    assert LedgerEntry.objects.get(kind="report.opened", actor="bench").subject == "message 78"


def holder(name):
    from dataclasses import fields

    given = {one.name: None for one in fields(Holder)}
    return Holder(**given | {"name": name})


# lists


def test_a_list_that_stays_open_is_one_row_a_patient_and_shift(programme, reader):
    for minutes in (0, 1, 60, 11 * 60):
        clock.start(NOW + timedelta(minutes=minutes), running=False)
        reader.get("/")
    assert kinds_of(programme["patient"]) == [("listed", "bell")]
    clock.start(NOW + audit.SHIFT + timedelta(minutes=1), running=False)
    reader.get("/")
    assert kinds_of(programme["patient"]) == [("listed", "bell")] * 2


def test_a_list_is_one_statement_however_long(people, django_assert_num_queries):
    ids = [Patient.objects.create(family=f"P{n}", created_at=NOW).id for n in range(30)]
    with django_assert_num_queries(1):
        audit.listed(ids, person=people["bell"], username="bell", page="worklist", at=NOW)
    assert ChartAccess.objects.count() == 30
    with django_assert_num_queries(0):
        audit.listed([], person=people["bell"], username="bell", page="worklist", at=NOW)


# rows that nobody may change


@pytest.mark.parametrize("model", [ChartAccess, LedgerEntry])
def test_the_database_refuses_to_change_or_delete_a_row(programme, reader, model):
    from django.db import DatabaseError, transaction

    reader.get("/")
    for change in (lambda rows: rows.update(at=NOW), lambda rows: rows.delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(model.objects.all())


# in seconds, however many rows

MANY = 100_000


@pytest.fixture(scope="module")
def crowd(django_db_setup, django_db_blocker):
    """A hundred thousand looks and as many facts: 2,000 patients, 40 people, a year; taken away again."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for statement in (*FILL, "ANALYZE record_chartaccess", "ANALYZE record_ledgerentry"):
            cursor.execute(statement)
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE record_chartaccess, record_ledgerentry, record_patient, record_person CASCADE"
        )


SPREAD = (
    "SELECT timestamptz '2026-01-01' + n * interval '5 minutes', p.id, q.id{more}"
    f" FROM generate_series(1, {MANY}) AS n"
    " JOIN (SELECT id, row_number() OVER (ORDER BY id) AS r FROM record_patient) p ON p.r = 1 + n % 2000"
    " JOIN (SELECT id, row_number() OVER (ORDER BY id) AS r FROM record_person) q ON q.r = 1 + (n / 7) % 40"
)
FILL = (
    "INSERT INTO record_patient (id, family, given, sex, diagnosis, provisional, created_at)"
    " SELECT gen_random_uuid(), 'Crowd' || n, '', '', '', true, now() FROM generate_series(1, 2000) AS n",
    "INSERT INTO record_person (key, name, short, email, phone, active)"
    " SELECT 'crowd-' || n, 'Crowd ' || n, '', '', '', true FROM generate_series(1, 40) AS n",
    "INSERT INTO record_chartaccess (at, patient_id, person_id, username, page)"
    + SPREAD.format(more=", 'user', 'patient'"),
    "INSERT INTO record_ledgerentry (at, patient_id, person_id, kind, subject, actor, data)"
    + SPREAD.format(more=", 'notice.mine', '', '', '{}'::jsonb"),
)  # fmt: skip


def plan(queryset):
    """The nodes of PostgreSQL's plan, and how many rows it looked at on the way."""
    found = json.loads(queryset.explain(format="json", analyze=True))[0]["Plan"]
    nodes, looked = [], 0
    open_nodes = [found]
    while open_nodes:
        node = open_nodes.pop()
        nodes.append((node["Node Type"], node.get("Index Name", node.get("Relation Name", ""))))
        looked = max(looked, node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        open_nodes += node.get("Plans", [])
    return nodes, looked


PAGE = slice(0, 201)
DAY = timedelta(days=1)


def asked_of(what):
    from soar2.worklists.trail import Asked

    patient, person = Patient.objects.filter(family="Crowd7").get(), Person.objects.get(key="crowd-7")
    middle = at("10 14:05") + timedelta(days=90)
    return {
        "a patient": Asked(patient=patient),
        "a patient on one day": Asked(patient=patient, since=middle, until=middle + DAY),
        "a person": Asked(person=person),
        "a person on one day": Asked(person=person, since=middle, until=middle + DAY),
    }[what]


@pytest.mark.parametrize("what", ["a patient", "a patient on one day", "a person", "a person on one day"])
def test_who_opened_this_chart_is_read_from_an_index(crowd, db, what):
    asked = asked_of(what)
    for rows, index in ((asked.accesses(), "accesses"), (asked.facts(), "facts")):
        nodes, looked = plan(rows[PAGE])
        whole = {name for kind, name in nodes if kind == "Seq Scan"}
        assert not whole & {"record_chartaccess", "record_ledgerentry"}, (what, nodes)
        by_time = what.startswith("a person")  # of one in forty, time alone may be as short a way
        used = [name for _, name in nodes if name.startswith(index) or (by_time and "_at_" in name)]
        assert used, (what, nodes)
        assert looked < (20_000 if by_time else 3_000), f"{what}: {looked} of {MANY} rows were looked at"


def test_the_latest_refusals_are_read_from_an_index(crowd, db):
    rows = ChartAccess.objects.filter(kind="refused").order_by("-at")[:12]
    nodes, looked = plan(rows)
    assert ("Index Scan", "accesses_refused") in nodes or ("Bitmap Index Scan", "accesses_refused") in nodes
    assert looked == 0


def test_a_list_looks_for_its_own_rows_by_an_index(crowd, db):
    """The statement of an open list runs once a second for each screen."""
    patient = Patient.objects.get(family="Crowd7")
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN (FORMAT JSON) SELECT 1 FROM record_chartaccess WHERE patient_id = %s AND at > %s",
            [patient.id, timezone.now() - audit.SHIFT],
        )
        said = json.dumps(cursor.fetchone()[0])
    assert "accesses_of_patient" in said
