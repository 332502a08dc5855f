"""What came by e-mail, and how the mailboxes fare."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from django.db import models

from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.mailroom.refusals import reason_of
from ketnoi_portal.onboarding.models import SYSTEM_TITLES, Application
from ketnoi_portal.onboarding.registration import Registration
from ketnoi_portal.process.rules import Reason
from ketnoi_protocol.services import System

FORM, SCAN, LETTER, OTHER = "form", "scan", "letter", "other"
KIND_TITLES: Final = {
    FORM: Text("Phiếu đã điền", "Filled form"),
    SCAN: Text("Bản quét", "Scan"),
    LETTER: Text("Thư thường", "Free letter"),
    OTHER: Text("Khác", "Other"),
}
WAITING, OPENED, REFUSED, AUTOMATIC = "waiting", "opened", "refused", "automatic"
STATE_TITLES: Final = {
    WAITING: Text("Chờ C06 xác định cơ quan", "Waits for C06 to name the organisation"),
    OPENED: Text("Đã lập bản đăng ký", "Draft opened"),
    REFUSED: Text("Không tiếp nhận", "Refused"),
    AUTOMATIC: Text("Thư tự động, chỉ đếm", "Automatic, only counted"),
}


class Mail(models.Model):
    """One letter. `message_id` and `digest` (of its body, hexadecimal SHA-256) tell whether it came before.

    The sender and the subject are what the letter says of itself, and prove nothing. `form` is the Registration that
    came with it ({}: none); `claimed_code` the organisation's code as it was written. `refusal` is a code of the table
    of refusals, `problems` are codes of what in it was not taken. Only what is taken keeps its original here, until
    `dropped_at`; the rest stays in a folder of the mailbox.
    """

    mailbox = models.CharField(max_length=254)
    system = models.CharField(max_length=20, choices=[(str(each), str(each)) for each in System])
    message_id = models.CharField(max_length=300)
    digest = models.CharField(max_length=64)
    sender = models.CharField(max_length=254, blank=True)
    sender_name = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    size = models.PositiveBigIntegerField()
    received_at = models.DateTimeField()
    kind = models.CharField(max_length=10, default=OTHER)
    state = models.CharField(max_length=10)
    refusal = models.CharField(max_length=40, blank=True)
    problems = models.JSONField(default=list)
    text = models.TextField(blank=True)
    form = models.JSONField(default=dict)
    claimed_code = models.CharField(max_length=40, blank=True)
    original = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="+")
    dropped_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["mailbox", "message_id", "digest"], name="a_letter_is_registered_once")
        ]
        indexes = [
            models.Index(fields=["state", "-received_at"]),
            models.Index(fields=["-received_at"]),
            models.Index(fields=["received_at"], condition=~models.Q(original=None), name="originals_by_age"),
        ]

    def __str__(self) -> str:
        return f"Mail {self.pk}"

    @property
    def registration(self) -> Registration:
        """The form that came with it, or an empty one."""
        return msgspec.convert(self.form, Registration)

    @property
    def system_title(self) -> Text:
        """The system in words."""
        return SYSTEM_TITLES[System(self.system)]

    @property
    def kind_title(self) -> Text:
        """What it holds, in words."""
        return KIND_TITLES[self.kind]

    @property
    def state_title(self) -> Text:
        """Where it stands, in words."""
        return STATE_TITLES[self.state]

    @property
    def reasons(self) -> list[Reason]:
        """Everything that was not taken, each with its mend."""
        return [reason_of(code) for code in dict.fromkeys([self.refusal, *self.problems]) if code]

    def draft(self) -> MailDraft | None:
        """Its latest draft."""
        return self.drafts.select_related("application__organisation").order_by("-pk").first()


class Enclosure(models.Model):
    """Something enclosed that was let in, under a harmless name."""

    mail = models.ForeignKey(Mail, models.PROTECT, related_name="enclosures")
    name = models.CharField(max_length=200)
    file = models.ForeignKey(Blob, models.PROTECT, related_name="+")


class MailDraft(models.Model):
    """The draft that was opened for a letter. A letter has several when the first organisation was not the right one.

    Whether it has been claimed stands in the application, where the process's rules ask for it.
    """

    mail = models.ForeignKey(Mail, models.PROTECT, related_name="drafts")
    application = models.OneToOneField(Application, models.PROTECT, related_name="came_by_mail")
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=100)
    claimed_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.CharField(max_length=100, blank=True)

    @property
    def organisation(self) -> Organisation:
        """Whose draft it is said to be."""
        return self.application.organisation


class Answer(models.Model):
    """One answer that was written, for the measure of how many an address gets a day. The letter has its words."""

    address = models.CharField(max_length=254)
    written_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["address", "written_at"]), models.Index(fields=["written_at"])]


class BoxHealth(models.Model):
    """When a mailbox was last read, and what is wrong with it now (a kind of error, never its text)."""

    address = models.CharField(primary_key=True, max_length=254)
    asked_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=100, blank=True)
    trouble_vi = models.CharField(max_length=100, blank=True, default="")
    failures = models.PositiveIntegerField(default=0)

    @property
    def trouble_title(self) -> Text:
        """What is wrong, in words."""
        return Text(self.trouble_vi or self.trouble, self.trouble)


def plain_form(form: Registration | None) -> dict[str, Any]:
    """A form as the table keeps it."""
    told = {} if form is None else msgspec.to_builtins(form)
    assert isinstance(told, dict)
    return told
