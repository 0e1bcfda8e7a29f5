"""Each role at each address: the URL tree on one side, the table of rights on the other.

The two tables here are written by hand, so that a right given or taken is a change somebody made on purpose.
"""

from dataclasses import replace

import pytest
from addresses import addresses
from django.conf import settings
from sample_reports import macro, oru

from soar2.exchange.models import InboundMessage
from soar2.pathway.reports.models import Report
from soar2.record import rights
from soar2.record.models import ChartAccess, LedgerEntry, Person, Role
from soar2.record.programme import RoleEntry

SEE, FEEDS, HELD, AUDIT = "patients.see", "feeds.see", "messages.see", "audit.see"
ASKED = {
    "worklist": (SEE,), "worklist-pulse": (SEE,), "worklist-pane": (SEE,), "patient": (SEE,), "report": (SEE,),
    "report-read": (SEE, "reports.mark-read"),
    "compose": (SEE, "reports.compose"), "composed": (SEE, "reports.compose"),
    "composed-filed": (SEE, "reports.compose"), "own-reports": ("reports.compose",),
    "notice": (SEE,), "notice-pulse": (SEE,),
    "notice-answer": (SEE, "notices.answer"), "notice-step-done": (SEE, "notices.hand-tasks"),
    "feeds": (FEEDS,),
    "held": (HELD,), "held-bytes": (HELD,), "held-file": (HELD,), "held-take": (HELD,), "held-settle": (HELD,),
    "held-settle-cause": (HELD,),
    "held-replay": ("messages.replay",), "held-replay-cause": ("messages.replay",), "replayed": ("messages.replay",),
    "mapping": ("mappings.edit",), "mapping-new": ("mappings.edit",),
    "audit": (AUDIT,), "audit-patient": (AUDIT,), "audit-patient-csv": (AUDIT,), "audit-person": (AUDIT,),
    "audit-person-csv": (AUDIT,),
    "demo:clock": ("demo.control",), "demo:mail": ("demo.control",),
}  # fmt: skip
OPEN = {
    "health": "says whether traffic flows, nothing of patients",
    "live": "says that a process answers",
    "metrics": "counts; asks for its own token",
    "account_login": "before anybody is anybody",
    "account_logout": "of one's own session",
    "account_change_password": "of one's own account",
    "account_reauthenticate": "of one's own session",
    "demo:personas": "the sign-in of a demonstration, from its own machine",
    "demo:be": "the same",
}
LED_ON = {"worklist"}
"""Where those who may not are led to the page of their work, if they have one, instead of being refused."""
CARE = {SEE, "notices.answer", "notices.hand-tasks", "reports.mark-read", FEEDS}
INTERFACE = {FEEDS, HELD, "messages.replay", "mappings.edit"}
HOLDS = {
    **dict.fromkeys((
        "navigator", "lead-navigator", "spine-on-call", "spine-backup", "neurosurgery-on-call", "neurosurgery-backup",
        "neurosurgery-chief", "radiation-oncology-on-call", "attending-on-call", "service-chief", "nursing-supervisor",
        "director",
    ), CARE),
    "neuroradiology": CARE - {"notices.answer"} | {"reports.compose"},
    "operator": {SEE, "notices.hand-tasks"},
    "board-coordinator": {SEE, FEEDS},
    "home-care-coordinator": {SEE},
    "mri-scheduler": {SEE},
    "interface-desk": INTERFACE,
    "security-officer": {AUDIT},
    "administrator": INTERFACE,
    "a-role-that-no-table-knows": {FEEDS},
    "nobody in the programme": set(),
    "left the programme": set(),
}  # fmt: skip
TREE = addresses()


def test_each_address_asks_for_a_right_or_is_open_for_a_reason():
    assert {one.name: one.permissions for one in TREE if one.name not in OPEN} == ASKED
    assert {one.name for one in TREE if one.permissions is None} == set(OPEN)


def test_each_right_opens_something_and_each_role_of_the_table_is_tried():
    assert {right for asked in ASKED.values() for right in asked} == set(rights.PERMISSIONS)
    assert set(rights.TABLE) <= set(HOLDS)


@pytest.fixture
def values(filed, settings, tmp_path):
    """A value for each parameter of any address; behind it stands something that is really there."""
    settings.HOME = tmp_path
    notice = filed("emergent", mrn="M1", name="Ilse Quarrel")
    held = InboundMessage.objects.create(
        received_at=notice.opened_at, raw=oru(macro("urgent"), status="ZZ"), body_hash="h", control_id="C1",
        message_type="ORU^R01", sending_application="DEMO-RIS", answer_code="AE", answer=b"MSH|^~\\&|\r",
        state="quarantined", reason="OBR-25 is not a result status known here.", where="OBR-25",
    )  # fmt: skip
    return {
        "case_code": notice.case_code, "patient": notice.patient_id, "report": Report.objects.get().id,
        "kind": "mine", "step": notice.steps.order_by("n").first().id, "message": held.id,
        "feed": "Radiology results", "person": Person.objects.get(key="bell").id, "key": "bell",
    }  # fmt: skip


@pytest.fixture
def holder(people, signed_in, settings):
    """A browser session of somebody who holds one role and no other."""

    def session(role):
        if role == "administrator":
            return signed_in("root", is_staff=True)
        if role == "nobody in the programme":
            return signed_in("stranger")
        person = people["bell"]
        if role == "left the programme":
            person.active = False  # saved with the account
        else:
            settings.PROGRAMME = replace(
                settings.PROGRAMME,
                roles=(*settings.PROGRAMME.roles, RoleEntry(role, role)),
            )
            person.roles.set([Role.objects.get_or_create(key=role, defaults={"name": role})[0]])
        return signed_in("bell")

    return session


def ask(client, address, values):
    """By GET, and by POST where a page is only for verbs; from the machine itself, as a demonstration wants it."""
    path, here = address.path(values), {"host": "127.0.0.1"}
    answer = client.get(path, headers=here)
    return client.post(path, headers=here) if answer.status_code == 405 else answer


@pytest.mark.parametrize("role", HOLDS)
def test_a_role_opens_what_it_holds_and_is_refused_the_rest_by_a_row(role, holder, values):
    """In a demonstration everybody of the programme holds the clock."""
    client, held = holder(role), HOLDS[role] | ({"demo.control"} if HOLDS[role] else set())
    for address in (one for one in TREE if one.name in ASKED):
        before = refusals()
        answer = ask(client, address, values)
        may = set(ASKED[address.name]) <= held
        led = address.name in LED_ON and not may and held & {AUDIT, FEEDS}
        assert (answer.status_code == 403) == (not may and not led), f"{role} at {address.name}: {answer}"
        assert answer.status_code < 500
        quiet = address.name.endswith("-pulse")
        assert refusals() - before == (answer.status_code == 403 and not quiet), address.name
        if answer.status_code == 403:
            assert b"Quarrel" not in answer.content


def refusals():
    seen = ChartAccess.objects.filter(kind="refused").count()
    return seen + LedgerEntry.objects.filter(kind="access.refused").count()


def test_nobody_gets_anywhere_without_signing_in(values, client):
    for address in (one for one in TREE if one.name in ASKED and not one.name.startswith("demo:")):
        answer = ask(client, address, values)
        assert answer.status_code == 302, address.name
        assert answer.url.startswith("/accounts/login/"), address.name


def test_what_is_open_shows_no_patient(values, client):
    for address in (one for one in TREE if one.name in OPEN):
        answer = ask(client, address, values)
        for secret in (b"Quarrel", b"M1^", str(values["patient"]).encode()):
            assert secret not in answer.content, address.name


def test_what_the_settings_say_a_role_may_counts_before_the_table(people, signed_in, values, settings):
    others = tuple(one for one in settings.PROGRAMME.roles if one.key != "navigator")
    settings.PROGRAMME = replace(
        settings.PROGRAMME, roles=(*others, RoleEntry("navigator", "Nurse navigator", may=(AUDIT,)))
    )
    client = signed_in("bell")
    assert client.get("/audit/").status_code == 200
    assert client.get(f"/patients/{values['patient']}/").status_code == 403


def test_the_table_in_the_settings_is_the_table_in_force():
    assert {role.key for role in settings.PROGRAMME.roles} <= set(HOLDS)
