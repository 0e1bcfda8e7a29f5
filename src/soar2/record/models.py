"""What is known, whoever asks: patients, people, rota, ledger, audit, outbox, the clock of a demonstration."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class Patient(models.Model):
    """A person with a record here. ``provisional`` until an admission system has confirmed who it is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    family = models.TextField(blank=True)
    given = models.TextField(blank=True)
    birth_date = models.DateField(null=True)
    sex = models.CharField(max_length=8, blank=True)
    diagnosis = models.TextField(blank=True)
    provisional = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.given, self.family) if part) or "Name not known"


class PatientIdentifier(models.Model):
    """One number of one issuing authority (PID-3); it points to exactly one patient."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="identifiers")
    authority = models.TextField()
    value = models.TextField()
    kind = models.CharField(max_length=16, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["authority", "value"], name="one_patient_per_identifier")
        ]


class Role(models.Model):
    """A function somebody holds by the rota; notices are addressed to it, never to a person."""

    key = models.SlugField(max_length=64, primary_key=True)
    name = models.TextField()
    phone = models.TextField(blank=True)


class Person(models.Model):
    """Somebody who can be on a rota, own a notice or open a chart."""

    key = models.SlugField(max_length=64, unique=True)
    name = models.TextField()
    short = models.TextField(blank=True)
    email = models.EmailField(blank=True)
    phone = models.TextField(blank=True)
    active = models.BooleanField(default=True)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="person"
    )
    roles = models.ManyToManyField(Role, related_name="people", blank=True)

    @property
    def label(self) -> str:
        return self.short or self.name


class RotaRule(models.Model):
    """A weekly pattern: on these weekdays, from this local time to that, this person holds this role.

    ``until`` at or before ``since`` means the turn ends on the next day; equal times mean 24 hours.
    """

    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="rules")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="rules")
    weekdays = models.JSONField()  # [0..6], Monday is 0
    since = models.TimeField()
    until = models.TimeField()
    order = models.PositiveIntegerField(default=0)


class LedgerEntry(models.Model):
    """One attributed fact. Append-only: the database refuses to change or delete a row."""

    at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=64, db_index=True)
    patient = models.ForeignKey(
        Patient, null=True, on_delete=models.PROTECT, related_name="facts", db_index=False
    )
    subject = models.CharField(max_length=64, blank=True, db_index=True)
    person = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="facts", db_index=False
    )
    actor = models.TextField(blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["patient", "at"], name="facts_of_patient"),
            models.Index(fields=["person", "at"], name="facts_of_person"),
        ]

    about: object = None  # the row that a new fact is about, for whoever follows it; not a column


class ChartAccess(models.Model):
    """Who opened which patient, when, and where in the product. Append-only; never feeds features."""

    at = models.DateTimeField(db_index=True)
    recorded_at = models.DateTimeField(db_default=Now())
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="accesses", db_index=False)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, db_index=False)
    username = models.TextField(blank=True)
    page = models.CharField(max_length=64)
    kind = models.CharField(max_length=12, db_default="opened")  # opened, listed, searched, exported, refused
    detail = models.TextField(db_default="")

    class Meta:
        indexes = [
            models.Index(fields=["patient", "at"], name="accesses_of_patient"),
            models.Index(fields=["person", "at"], name="accesses_by_person"),
            models.Index(fields=["at"], condition=models.Q(kind="refused"), name="accesses_refused"),
        ]


class AuditSeal(models.Model):
    """One link of the chain that shows whether ledger or access rows were changed behind the product's back.

    Rows ``first`` to ``last`` of ``table`` were hashed together with the digest of the link before it.
    Append-only.
    """

    table = models.CharField(max_length=32)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    count = models.PositiveIntegerField()
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()  # machine time


class OutboxMessage(models.Model):
    """A delivery owed. Written in the transaction that owes it; a worker leases and sends it.

    The role becomes a person when it is sent, not before: between the two a rota may change.
    ``about`` is the notice's id, carried in every copy so that a second copy is recognised as one.
    """

    QUEUED, SENT, FAILED, DROPPED = "queued", "sent", "failed", "dropped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    about = models.UUIDField(db_index=True)
    kind = models.CharField(max_length=24)  # notice, digest, finding, settled
    channel = models.CharField(max_length=24)
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    lane = models.CharField(max_length=16, blank=True)
    case_code = models.CharField(max_length=12, blank=True)
    words = models.TextField(blank=True)  # of the rung, free of patient data like all that a sender is given
    count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    state = models.CharField(max_length=12, default=QUEUED)
    not_before = models.DateTimeField(db_default=Now())  # machine time: back-off does not follow a demo clock
    leased_until = models.DateTimeField(null=True)
    leased_by = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT)
    failure = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["not_before"], condition=models.Q(state="queued"), name="outbox_owed"),
        ]


class DeliveryAttempt(models.Model):
    """One try to deliver: when, to whom, and how it ended."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    person = models.ForeignKey(Person, null=True, on_delete=models.PROTECT)
    outcome = models.CharField(max_length=12)  # sent, retry, failed, dropped
    detail = models.TextField(blank=True)


class DemoClock(models.Model):
    """The clock of a demonstration: hospital time runs from an anchor at a rate. At most one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    real = models.DateTimeField()
    hospital = models.DateTimeField()
    rate = models.FloatField(default=1.0)
    running = models.BooleanField(default=True)


class Heartbeat(models.Model):
    """The last sign of life of one process, so that silence can be seen."""

    name = models.CharField(max_length=64, primary_key=True)
    kind = models.CharField(max_length=16)
    seen = models.DateTimeField()
    words = models.TextField(blank=True)
