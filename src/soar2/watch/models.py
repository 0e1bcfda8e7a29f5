"""What the watcher found and when it was settled."""

from django.db import models


class Finding(models.Model):
    """One fault of the system itself, open until the question it answers is answered well again."""

    key = models.CharField(max_length=64)
    words = models.TextField()
    opened_at = models.DateTimeField()  # machine time
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(closed_at=None), name="one_open_finding_a_key"
            )
        ]
