"""Notices and letters."""

from __future__ import annotations

from django.db import models

from ketnoi_pages import clock


class Letter(models.Model):
    """One e-mail to one address, kept until the worker has sent it. It carries no data, only what happened and a link.

    `key` names what it is about, so that the same thing is not told twice. `body` is empty once the letter was sent, or
    was given up some time ago.
    """

    address = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    key = models.CharField(max_length=200, blank=True)
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    try_after = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=300, blank=True)

    class Meta:
        indexes = [models.Index(fields=["sent_at", "try_after"])]
        constraints = [
            models.UniqueConstraint(
                fields=["address", "key"], condition=~models.Q(key=""), name="nobody_is_told_a_thing_twice"
            )
        ]

    @classmethod
    def write(cls, address: str, subject: str, body: str, *, key: str = "") -> Letter | None:
        """Put a letter into the outbox; None when this address has been told already."""
        if key and cls.objects.filter(address=address, key=key).exists():
            return None
        return cls.objects.create(address=address, subject=subject[:200], body=body, key=key, written_at=clock.now())


class Notice(models.Model):
    """One thing that an office is told in the portal: what happened to which application.

    `act` is a step, `turn:` and a step (it is this office's turn), `soon:` or `late:` and a step (time runs out),
    `ends:30:` and a step (a certificate ends within so many days).
    """

    office = models.CharField(max_length=60)
    application = models.ForeignKey("onboarding.Application", models.CASCADE, related_name="+")
    act = models.CharField(max_length=60)
    unit = models.CharField(max_length=60, blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["office", "-at"])]


class Read(models.Model):
    """Up to when somebody has read the notices of an office."""

    person = models.ForeignKey("staff.Person", models.CASCADE, related_name="+")
    office = models.CharField(max_length=60)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "office"], name="one_mark_per_office")]
