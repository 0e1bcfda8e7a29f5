"""The inbox: every message that reached a door, as it came, and what became of it; who may come by HTTP."""

from django.db import models
from django.db.models.functions import Now

from soar2.exchange.hl7v2.clocks import CLOCK
from soar2.record.models import Person


class InboundMessage(models.Model):
    """One received message. The row is committed before the sender is answered.

    States: ``stored`` (undone), ``applied``, ``filtered`` (outside the feed file), ``quarantined``.
    A resend of the same bytes under the same control id is counted on the first row, never stored again.
    """

    STORED, APPLIED, FILTERED, QUARANTINED = "stored", "applied", "filtered", "quarantined"
    HL7V2, FHIR = "hl7v2", "fhir"

    received_at = models.DateTimeField()  # hospital clock
    stored_at = models.DateTimeField(db_default=Now())
    door = models.CharField(max_length=16, default="mllp")
    peer = models.TextField(blank=True)
    feed = models.TextField(blank=True)
    raw = models.BinaryField()
    body_hash = models.CharField(max_length=64)
    sending_application = models.TextField(blank=True)
    sending_facility = models.TextField(blank=True)
    control_id = models.TextField(blank=True)
    message_type = models.TextField(blank=True)
    answer_code = models.CharField(max_length=2)
    answer = models.BinaryField()
    resent = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=12, default=STORED)
    reason = models.TextField(blank=True)
    where = models.TextField(blank=True)
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)  # a person dealt with the quarantined message
    settled_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT)
    settled_note = models.TextField(blank=True)
    format = models.CharField(max_length=8, db_default=HL7V2)
    event_at = models.DateTimeField(
        null=True
    )  # when its report was made; messages are replayed in this order
    notes = models.JSONField(db_default=[])  # [kind, words] of what had to be put right to read it
    mapping = models.TextField(db_default="")  # name and version of the mapping that read it
    replays = models.PositiveIntegerField(db_default=0)
    taken_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    taken_at = models.DateTimeField(null=True)  # since when that person looks after the held message

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sending_application", "sending_facility", "control_id", "body_hash"],
                name="one_row_per_message",
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(state="stored"), name="inbox_undone"),
            models.Index(
                fields=["id"], condition=models.Q(state="quarantined", settled_at=None), name="inbox_held"
            ),
            models.Index(fields=["received_at"], name="inbox_by_time"),
            models.Index(
                fields=["id"], condition=models.Q(notes__contains=[[CLOCK]]), name="inbox_odd_clocks"
            ),
        ]


class SenderSequence(models.Model):
    """The last sequence number (MSH-13) heard from one sender, and the numbers that never came.

    ``gaps`` is a list of [first, last, seen]: both ends missing too, and when the gap was seen (ISO time).
    """

    sending_application = models.TextField()
    sending_facility = models.TextField()
    last = models.BigIntegerField()
    gaps = models.JSONField(db_default=[])

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["sending_application", "sending_facility"], name="one_sequence_a_sender"
            )
        ]


class ApiToken(models.Model):
    """A machine's right to come in by HTTP. Only a digest of the token is kept; it belongs to one feed."""

    name = models.CharField(max_length=64, unique=True)
    feed = models.TextField()
    scopes = models.JSONField()  # ["DiagnosticReport.create", ...]
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()  # machine time, like all times of a token
    created_by = models.TextField()
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
