"""The certificates of registered servers: the one that is to come, and all that have been."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from django.db import models
from django.db.models import Q

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.process.case import Rotation


class NextCertificate(models.Model):
    """A certificate (DER) that is to take the place of a registered server's present one.

    `state` is a Rotation while it is under way, then DONE or DROPPED. `replaces` is the certificate that stood when it
    was handed in, empty where none was known; of one that was named after a removal, the one that was removed.
    `compromised`: handed in because a key or an authority is no longer to be trusted.
    """

    DONE, DROPPED = "done", "dropped"
    UNDER_WAY: Final = tuple(each.value for each in Rotation)
    STANDING: Final = (Rotation.OFFERED.value, Rotation.BESIDE.value, Rotation.CHECKED.value)
    STATES: Final = {
        Rotation.OFFERED.value: Text("Chờ đơn vị vận hành đăng ký", "Waiting for the operator"),
        Rotation.BESIDE.value: Text("Đã đăng ký bên cạnh, chờ kiểm tra", "Registered beside, to be checked"),
        Rotation.CHECKED.value: Text("Kiểm tra đạt, chờ gỡ chứng thư cũ", "Checked; the old one is to be retired"),
        Rotation.NAMED.value: Text("Thay chứng thư đã gỡ, chờ đăng ký", "Replaces what was removed; to be registered"),
        Rotation.ALONE.value: Text("Đã đăng ký, chờ kiểm tra mới mở lại", "Registered; opened once it is checked"),
        DONE: Text("Đã thay", "Done"),
        DROPPED: Text("Không nhận", "Turned down"),
    }

    application = models.ForeignKey("onboarding.Application", models.PROTECT, related_name="next_certificates")
    platform = models.CharField(max_length=10)
    environment = models.CharField(max_length=20)
    certificate = models.BinaryField()
    replaces = models.BinaryField(blank=True)
    state = models.CharField(max_length=10, default=Rotation.OFFERED.value)
    offered_at = models.DateTimeField()
    offered_by = models.CharField(max_length=100)
    registered_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True)
    compromised = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "platform", "environment"],
                condition=Q(state__in=("offered", "beside", "checked", "named", "alone")),
                name="one_next_certificate_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"NextCertificate {self.pk}"

    @classmethod
    def end(cls, application: models.Model, unit: str) -> None:
        """A server that is no longer registered has no next certificate."""
        platform, _, environment = unit.partition("/")
        under_way = cls.objects.filter(application=application.pk, state__in=cls.UNDER_WAY)
        under_way.filter(platform=platform, environment=environment).update(state=cls.DROPPED, ended_at=clock.now())

    @property
    def unit(self) -> str:
        """As the process names its place: `VDXP/production`."""
        return f"{self.platform}/{self.environment}"

    @property
    def state_title(self) -> Text:
        """How far it has come, in words."""
        return self.STATES[self.state]

    @property
    def fingerprint(self) -> str:
        """Its SHA-256, as people compare it."""
        return fingerprint(self.certificate)

    @property
    def not_after(self) -> datetime:
        """When it ends."""
        return end_of(self.certificate)

    @property
    def ends_earlier(self) -> bool:
        """Whether it ends before the one whose place it takes."""
        return bool(self.replaces) and self.not_after < end_of(self.replaces)


class CertificateSpan(models.Model):
    """From when until when a certificate was registered for an application's server; open while it is.

    Only the fingerprint (SHA-256 in hexadecimal) and the end are kept: two people compare no more. `removed`: it ended
    because the platform's operator took the server off, and is not registered again.
    """

    application = models.ForeignKey("onboarding.Application", models.PROTECT, related_name="certificate_spans")
    platform = models.CharField(max_length=10)
    environment = models.CharField(max_length=20)
    server = models.CharField(max_length=150)
    sha256 = models.CharField(max_length=64)
    not_after = models.DateTimeField()
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    removed = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "platform", "environment", "sha256"],
                condition=Q(ended_at=None),
                name="one_open_span_per_certificate",
            )
        ]

    def __str__(self) -> str:
        return f"CertificateSpan {self.pk}"

    @property
    def fingerprint(self) -> str:
        """As people compare it."""
        return _in_pairs(self.sha256)


def fingerprint(der: bytes) -> str:
    """The SHA-256 of a certificate in pairs of hexadecimal digits; empty where there is none."""
    return _in_pairs(sha256(bytes(der)).hexdigest()) if der else ""


def end_of(der: bytes) -> datetime:
    """When a certificate (DER) ends."""
    return x509.load_der_x509_certificate(bytes(der)).not_valid_after_utc


def _in_pairs(digits: str) -> str:
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))
