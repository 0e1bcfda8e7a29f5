"""Rows written and read by statements built once: the same rows as Django's own way leaves, whatever the values."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from soar2.pathway.notices.models import Notice
from soar2.record import rows
from soar2.record.models import DeliveryAttempt, LedgerEntry, OutboxMessage, Patient, PatientIdentifier, Role

NOW = datetime(2026, 3, 10, 18, 5, tzinfo=UTC)
# What a sender may write, and what would end a statement, a string or a place of a value.
WORDS = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.sampled_from(["'; DROP TABLE record_role; --", "%s", "%%", "%(a)s", "\\'", "$1", '"', "NULL", ";"]),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


def whole(row):
    """Everything a row says, as Django reads it."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


class TestWhatDjangoWouldWrite(TestCase):
    @given(
        family=WORDS,
        born=st.none() | st.dates(),
        at=TIMES,
        data=st.dictionaries(WORDS, JSON, max_size=3),
        kind=WORDS,
    )
    def test_the_same(self, family, born, at, data, kind):
        """A patient, a number and a fact: what either way leaves is what was said, and is read alike."""
        patient = Patient(family=family, birth_date=born, provisional=False, created_at=at)
        fact = LedgerEntry(at=at, kind="test", patient=patient, subject=str(patient.id), data=data)
        rows.run(
            rows.insert(
                patient,
                PatientIdentifier(patient=patient, authority="A", value=str(patient.id), kind=kind[:16]),
            ),
            rows.insert(fact),
        )
        assert whole(Patient.objects.get(id=patient.id)) == whole(patient)
        [read] = rows.read(Patient, "WHERE r.id = %s", [patient.id])
        assert whole(read) == whole(patient)
        assert patient.identifiers.get().kind == kind[:16]
        plain = LedgerEntry.objects.create(at=at, kind="test", data=data)
        ours = LedgerEntry.objects.get(subject=str(patient.id))
        assert (ours.data, ours.at, ours.patient) == (plain.data, at, patient)
        assert ours.recorded_at is not None
        again = rows.read(LedgerEntry, "WHERE r.id = %s", [ours.id])[0]
        assert whole(again) == whole(ours)

    @given(reasons=st.lists(JSON, max_size=3), headline=WORDS, closed=st.none() | TIMES)
    def test_an_update_writes_the_named_fields_alone(self, reasons, headline, closed):
        role, _ = Role.objects.get_or_create(key="r", defaults={"name": "R"})
        notice = Notice(
            case_code=str(uuid4())[:12], lane="urgent", role=role, headline="before", opened_at=NOW,
            changed_at=NOW, plan={}, pack_name="p", pack_version="1", acknowledge_due=NOW,
        )  # fmt: skip
        rows.run(rows.insert(notice))
        notice.headline, notice.reasons, notice.closed_at, notice.lane = (
            headline,
            reasons,
            closed,
            "not written",
        )
        rows.run(rows.update(notice, "headline", "reasons", "closed_at"))
        kept = Notice.objects.get(id=notice.id)
        assert (kept.headline, kept.reasons, kept.closed_at, kept.lane) == (
            headline,
            reasons,
            closed,
            "urgent",
        )


@pytest.fixture
def role(db):
    return Role.objects.create(key="navigator", name="Navigator")


def message(role):
    return OutboxMessage(about=uuid4(), kind="notice", channel="email", role=role, created_at=NOW)


def test_rows_of_several_tables_leave_as_one_message_to_the_server(role):
    some = [message(role), message(role)]
    tries = [DeliveryAttempt(message=one, at=NOW, outcome="sent") for one in some]
    with CaptureQueriesContext(connection) as spent:
        rows.run(rows.insert(*some, *tries))
    assert len(spent) == 1
    assert OutboxMessage.objects.count() == DeliveryAttempt.objects.count() == 2
    assert set(OutboxMessage.objects.values_list("not_before", flat=True)) - {None}, (
        "the database's own default"
    )


def test_a_row_written_so_can_be_saved_again(role):
    one = message(role)
    rows.run(rows.insert(one))
    one.refresh_from_db()
    one.words = "changed"
    one.save()
    assert OutboxMessage.objects.get().words == "changed"


def test_one_bad_row_takes_the_others_with_it(role):
    one = message(role)
    with pytest.raises(DataError), transaction.atomic():
        rows.run(rows.insert(one, Role(key="x" * 65, name="too long")))
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.run(rows.insert(one), rows.insert(Role(key=role.key, name="twice")))
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_statements_sent_together_outside_a_transaction_are_one():
    with pytest.raises(IntegrityError):
        rows.run(rows.insert(Role(key="a", name="A")), rows.insert(Role(key="a", name="again")))
    assert not Role.objects.exists()


def test_fields_left_out_are_read_when_they_are_asked_for(role):
    rows.run(rows.insert(message(role)))
    [found] = rows.read(OutboxMessage, "WHERE r.channel = %s", ["email"], but=("words", "failure"))
    assert found.get_deferred_fields() == {"words", "failure"}
    assert found.words == ""


def test_what_goes_in_front_is_seen_by_the_question(role):
    found = rows.read(Role, "WHERE r.key = %s", ["desk"], first=[rows.insert(Role(key="desk", name="Desk"))])
    assert [one.name for one in found] == ["Desk"]
    assert rows.ask("SELECT count(*) FROM record_role", ()) == [(2,)]


def test_what_nobody_waits_for_is_so_for_its_own_transaction_only(db):
    def setting():
        return rows.ask("SELECT current_setting('synchronous_commit')", ())[0][0]

    usual = setting()
    with transaction.atomic():
        assert rows.ask("SELECT current_setting('synchronous_commit')", (), first=[rows.UNHURRIED]) == [
            ("off",)
        ]
        rows.run(rows.HURRIED)
        assert setting() == usual


@pytest.mark.django_db(transaction=True)
def test_a_setting_of_one_message_ends_with_it():
    usual = rows.ask("SELECT current_setting('synchronous_commit')", ())
    assert rows.ask("SELECT current_setting('synchronous_commit')", (), first=[rows.UNHURRIED]) == [("off",)]
    assert rows.ask("SELECT current_setting('synchronous_commit')", ()) == usual
