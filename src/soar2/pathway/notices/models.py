"""Notices, their frozen plan and what people answered. Private to this stage."""

import uuid

from django.db import models

from soar2.record.models import OutboxMessage, Patient, Person, Role


class Notice(models.Model):
    """One finding that one named person must own and act on.

    Acknowledged, owned and acted on are three facts with three times. ``plan`` is the ladder and the
    clocks of the pack as they stood when the notice opened; a later pack does not change it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    case_code = models.CharField(max_length=12, unique=True)
    patient = models.ForeignKey(Patient, null=True, on_delete=models.PROTECT, related_name="notices")
    accession = models.TextField(blank=True)
    lane = models.CharField(max_length=16)
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    headline = models.TextField()
    reasons = models.JSONField(default=list)
    rise = models.TextField(blank=True)
    review = models.BooleanField(default=False)
    identity_unresolved = models.BooleanField(default=False)
    score_min = models.PositiveSmallIntegerField(null=True)
    score_max = models.PositiveSmallIntegerField(null=True)
    exam_end = models.DateTimeField(null=True)
    opened_at = models.DateTimeField()
    plan = models.JSONField()
    pack_name = models.TextField()
    pack_version = models.TextField()
    acknowledge_due = models.DateTimeField()
    action_due = models.DateTimeField(null=True)  # runs from ownership; null until owned
    visit_due = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        Person, null=True, on_delete=models.PROTECT, related_name="acknowledged_notices"
    )
    owned_at = models.DateTimeField(null=True)
    owner = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="owned_notices")
    acted_at = models.DateTimeField(null=True)
    acted_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="acted_notices")
    action = models.CharField(max_length=24, blank=True)  # called, booked, seen, no-action
    action_detail = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=24, blank=True)  # acted, superseded, withdrawn
    supersedes = models.OneToOneField(
        "self", null=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    changed_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["opened_at"], condition=models.Q(closed_at=None), name="notice_open")]


class NoticeReport(models.Model):
    """Which report versions a notice speaks for. A report belongs to exactly one notice."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="reports")
    report = models.UUIDField(unique=True)
    accession = models.TextField(db_index=True)
    exam_end = models.DateTimeField(null=True)
    added_at = models.DateTimeField()
    note = models.TextField(blank=True)


class Step(models.Model):
    """One rung of one notice's ladder, with its due time. Rows are re-derived from the plan when missing."""

    WAITING, SENT, HAND, DONE, STOPPED = "waiting", "sent", "hand", "done", "stopped"

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="steps")
    n = models.PositiveIntegerField()
    due_at = models.DateTimeField()
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    channel = models.CharField(max_length=24)
    words = models.TextField(blank=True)
    state = models.CharField(max_length=12, default=WAITING)
    fired_at = models.DateTimeField(null=True)
    message = models.ForeignKey(OutboxMessage, null=True, on_delete=models.PROTECT, related_name="steps")
    hand_why = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT)
    done_note = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["notice", "n"], name="one_step_per_rung")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(state="waiting"), name="step_due")]


class Reply(models.Model):
    """What one person answered to one notice. Append-only."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="replies")
    at = models.DateTimeField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT)
    kind = models.CharField(max_length=24)  # mine, not-me, already-known, acted
    detail = models.TextField(blank=True)


class Digest(models.Model):
    """One working day's list for one role. The row exists even when nothing was sent, so that a
    missing digest is told from an empty one."""

    day = models.DateField()
    role = models.ForeignKey(Role, on_delete=models.PROTECT)
    made_at = models.DateTimeField()
    count = models.PositiveIntegerField()
    message = models.ForeignKey(OutboxMessage, null=True, on_delete=models.PROTECT)
    notices = models.ManyToManyField(Notice, related_name="digests")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "role"], name="one_digest_per_day_and_role")]
