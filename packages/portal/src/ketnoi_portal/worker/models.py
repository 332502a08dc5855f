"""How the tasks fare."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models


class TaskHealth(models.Model):
    """One task: when it began last, when it last came to its end, and what is wrong with it now.

    `trouble` names the kind of error and where it arose, never its text, which could quote what was worked on.
    """

    name = models.CharField(primary_key=True, max_length=60)
    began_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    runs = models.PositiveBigIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def is_late(self, at: datetime, every: float) -> bool:
        """Whether its last success lies so long back that something must be wrong."""
        return self.succeeded_at is None or at - self.succeeded_at > timedelta(seconds=max(60.0, 10 * every))
