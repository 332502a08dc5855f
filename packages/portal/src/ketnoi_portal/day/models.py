"""What the day's pages read: derived from the process with every step, and made anew at any time."""

from __future__ import annotations

from django.db import models

from ketnoi_portal.onboarding.models import Application, PlatformRegistration


class Waiting(models.Model):
    """An application waits for one office: its next act there, since when, until when.

    `office` is the office's key (`desk:c06`, `agency:H55`), empty where no desk is in charge. `level` is the level of
    leadership whose turn it is, 0 elsewhere. The marks say who has been told that time is running out.
    """

    application = models.ForeignKey(Application, models.CASCADE, related_name="waiting")
    office = models.CharField(max_length=60)
    step = models.CharField(max_length=50)
    unit = models.CharField(max_length=60, blank=True)
    level = models.PositiveSmallIntegerField(default=0)
    since = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "office"], name="one_turn_per_office")]
        indexes = [models.Index(fields=["office", "due_at", "since"]), models.Index(fields=["due_at"])]


class StageSpan(models.Model):
    """How long an application stood in one stage; open while it stands there."""

    application = models.ForeignKey(Application, models.CASCADE, related_name="stage_spans")
    stage = models.CharField(max_length=20)
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["stage", "ended_at"])]
        constraints = [
            models.UniqueConstraint(
                fields=["application"], condition=models.Q(ended_at=None), name="one_open_span_per_application"
            )
        ]


class SearchText(models.Model):
    """What an application is found by, in small letters without accents: number, code and name of the organisation."""

    application = models.OneToOneField(Application, models.CASCADE, primary_key=True, related_name="search_text")
    text = models.CharField(max_length=500)


class CertificateEnd(models.Model):
    """When the certificate of a registered security server ends.

    `reminded` is the last of the reminders that the agency has had (so many days before), None before the first.
    """

    registration = models.OneToOneField(PlatformRegistration, models.CASCADE, primary_key=True, related_name="end")
    at = models.DateTimeField(db_index=True)
    reminded = models.PositiveSmallIntegerField(null=True)
