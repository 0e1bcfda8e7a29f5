"""The inbox: every message that reached a door, as it came, and what became of it."""

from django.db import models
from django.db.models.functions import Now

from soar2.record.models import Person


class InboundMessage(models.Model):
    """One received message. The row is committed before the sender is answered.

    States: ``stored`` (undone), ``applied``, ``filtered`` (outside the feed file), ``quarantined``.
    A resend of the same bytes under the same control id is counted on the first row, never stored again.
    """

    STORED, APPLIED, FILTERED, QUARANTINED = "stored", "applied", "filtered", "quarantined"

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
        ]
