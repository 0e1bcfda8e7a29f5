"""Reports as they were filed and read. Private to this stage; others use its queries and actions."""

import uuid

from django.db import models

from soar2.record.models import Patient, Person


class Report(models.Model):
    """One version of one report, its reading and the score as they stood when it was filed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, null=True, on_delete=models.PROTECT, related_name="reports")
    identity_fault = models.TextField(blank=True)
    feed = models.TextField()
    accession = models.TextField(db_index=True)
    status = models.CharField(max_length=2)  # HL7 table 0123: P, R, F, C, A, X, W, D
    version = models.PositiveIntegerField(default=1)
    current = models.BooleanField(default=True)
    content_hash = models.CharField(max_length=64)
    inbound = models.BigIntegerField(null=True, db_index=True)
    procedure_code = models.TextField(blank=True)
    procedure = models.TextField(blank=True)
    exam_start = models.DateTimeField(null=True)
    exam_end = models.DateTimeField(null=True)
    exam_end_is_start = models.BooleanField(default=False)
    reported_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    author = models.TextField(blank=True)
    ordering = models.TextField(blank=True)
    location = models.TextField(blank=True)
    patient_class = models.CharField(max_length=8, blank=True)
    text = models.TextField()

    source = models.CharField(max_length=16)
    tumour = models.CharField(max_length=16)
    lane = models.CharField(max_length=16)
    rule = models.PositiveSmallIntegerField(null=True)
    worst_escc = models.CharField(max_length=2, blank=True)
    score_min = models.PositiveSmallIntegerField(null=True)
    score_max = models.PositiveSmallIntegerField(null=True)
    pack_name = models.TextField()
    pack_version = models.TextField()
    review = models.BooleanField(default=False)
    outside = models.JSONField(default=list)
    reasons = models.JSONField(default=list)
    reading = models.JSONField(default=dict)
    rise = models.TextField(blank=True)  # "T8 1b to 1c in 98 days"

    read_wanted = models.BooleanField(default=False)
    read_why = models.TextField(blank=True)
    read_at = models.DateTimeField(null=True)
    read_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT)
    read_outcome = models.TextField(blank=True)

    class Meta:
        constraints = [
            # The clinical layer of duplicate detection: the same words with the same status are one report.
            models.UniqueConstraint(
                fields=["feed", "accession", "status", "content_hash"], name="one_report_per_content"
            )
        ]
        indexes = [
            models.Index(fields=["patient", "-exam_end"], name="report_by_patient"),
            models.Index(
                fields=["received_at"],
                condition=models.Q(read_wanted=True, read_at=None),
                name="report_to_read",
            ),
        ]
