"""What this room keeps: messages handed in as proof, which of them counted, what the platforms have said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import models

from ketnoi_pages.text import Text
from ketnoi_portal.onboarding.certificate_models import NextCertificate
from ketnoi_portal.onboarding.models import Application, ConnectionCheck, TestCall

WAITING: Final = timedelta(minutes=10)
"""How long evidence is looked for before the agency is told that it is not there: a time stamp may take a while."""


class AskedCheck(models.Model):
    """What came with a request for a connection check: the id of a message that was sent, by platform."""

    check_run = models.OneToOneField(ConnectionCheck, models.PROTECT, related_name="asked")
    messages = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"AskedCheck {self.pk}"


class HandedIn(models.Model):
    """One message that an agency names as a test call. `unit` is the step's, such as `look_up_citizen/answered`.

    `passed` is None while its evidence is being fetched. `reason` says why it does not count (code, vi, en, mend_vi,
    mend_en). Neither holds anything of a message's content.
    """

    application = models.ForeignKey(Application, models.PROTECT, related_name="handed_in")
    unit = models.CharField(max_length=60)
    message_id = models.CharField(max_length=255)
    uploaded = models.BooleanField(default=False)
    handed_at = models.DateTimeField(db_index=True)
    handed_by = models.CharField(max_length=100)
    settled_at = models.DateTimeField(null=True, blank=True)
    passed = models.BooleanField(null=True)
    reason = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["application", "-id"])]

    def __str__(self) -> str:
        return f"HandedIn {self.pk}"

    @property
    def why(self) -> Text:
        """Why it does not count."""
        return Text(self.reason.get("vi", ""), self.reason.get("en", ""))

    @property
    def mend(self) -> Text:
        """What to do about it."""
        return Text(self.reason.get("mend_vi", ""), self.reason.get("mend_en", ""))

    def is_overdue(self, at: datetime) -> bool:
        """Whether its evidence has been looked for long enough."""
        return at - self.handed_at > WAITING


class CountedMessage(models.Model):
    """A message that has counted as a test call, once and for all applications.

    `client` is the information system (colon form) under which the id is one of its own. The digests (hexadecimal
    SHA-256) are those of the whole containers as they came, with the bodies that are not kept.
    """

    client = models.CharField(max_length=255)
    message_id = models.CharField(max_length=255)
    call = models.OneToOneField(TestCall, models.PROTECT, related_name="counted", null=True)
    request_digest = models.CharField(max_length=64)
    response_digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "message_id"], name="a_message_counts_once")]

    def __str__(self) -> str:
        return f"CountedMessage {self.pk}"


class SeenConfiguration(models.Model):
    """The newest expiry that an instance's signed configuration has had: an older one is refused."""

    instance = models.CharField(primary_key=True, max_length=50)
    expires_at = models.DateTimeField()
    digest = models.CharField(max_length=64)
    read_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.instance


class KnownCertificate(models.Model):
    """A certificate that an instance's configuration approves or registers, as long as it does."""

    AUTHORITY, RESPONDER, STAMPER, SIGNER, SERVER = "authority", "responder", "stamper", "signer", "server"
    KINDS: Final = {
        AUTHORITY: Text("Tổ chức chứng thực", "Certification authority"),
        RESPONDER: Text("Trả lời trạng thái chứng thư (OCSP)", "OCSP responder"),
        STAMPER: Text("Dấu thời gian", "Time-stamping authority"),
        SIGNER: Text("Ký cấu hình chung", "Signer of the global configuration"),
        SERVER: Text("Xác thực máy chủ bảo mật", "Security server's authentication"),
    }

    instance = models.CharField(max_length=50)
    kind = models.CharField(max_length=20)
    owner = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    not_after = models.DateTimeField(db_index=True)
    certificate = models.BinaryField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["instance", "kind", "sha256"], name="one_row_per_certificate")]

    def __str__(self) -> str:
        return f"{self.instance} {self.kind} {self.owner}"

    @property
    def kind_title(self) -> Text:
        """What it is for."""
        return self.KINDS[self.kind]


class RotationCheck(models.Model):
    """One run of the connection check under a server's next certificate; `items` has each finding with its mend.

    `asked_by` is empty for one that the worker made by itself.
    """

    coming = models.ForeignKey(NextCertificate, models.PROTECT, related_name="checks")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.CharField(max_length=100, blank=True)
    passed = models.BooleanField(null=True)
    items = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["coming", "-id"])]

    def __str__(self) -> str:
        return f"RotationCheck {self.pk}"
