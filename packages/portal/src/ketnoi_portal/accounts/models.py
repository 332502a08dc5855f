"""Accounts, commitments and consolidated lists."""

from __future__ import annotations

import uuid

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Collate, Upper

from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding.models import ListedAccount
from ketnoi_portal.process.account_case import (
    ACCOUNT_STATE_TITLES,
    UNIT_COMMITMENT_TITLES,
    AccountState,
    UnitCommitmentState,
)
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_portal.staff.models import Person
from ketnoi_protocol.services import Service


def _choices(kind: type) -> list[tuple[str, str]]:
    return [(str(each), str(each)) for each in kind]  # type: ignore[attr-defined]


class Batch(models.Model):
    """A consolidated list: the accounts that one desk forwarded to the next at one time. It never changes."""

    number = models.CharField(max_length=30, unique=True)
    from_desk = models.CharField(max_length=20, choices=_choices(DeskKind))
    from_body = models.CharField(max_length=35)
    area = models.CharField(max_length=35, blank=True)
    to_desk = models.CharField(max_length=20, choices=_choices(DeskKind))
    count = models.PositiveIntegerField()
    sent_at = models.DateTimeField()
    sent_by = models.CharField(max_length=100)

    class Meta:
        ordering = ["-sent_at", "-pk"]

    def __str__(self) -> str:
        return self.number

    @property
    def from_title(self) -> Text:
        """Which desk sent it."""
        return DESK_TITLES[DeskKind(self.from_desk)]

    @property
    def to_title(self) -> Text:
        """Which desk it was sent to."""
        return DESK_TITLES[DeskKind(self.to_desk)]


class Account(models.Model):
    """One officer's account. It changes through accounts.actions alone.

    `code` (MaCanBo) is given once, when C06 creates it, and never again to anybody. `desk` is the kind of desk that
    has it (empty when none has). `services` are the codes of the services. `bucket` and `revision` are for the signed
    directory: where it stands there, and the change that touched it last. `version` grows with every change, so that
    two people at once are noticed. No personal number stands here.

    `due_at` is until when somebody is waited for; the marks beside it say who has been told of this turn, and
    `end_told_at` that the end date (`valid_until`) is near.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=20, null=True, blank=True, unique=True)
    unit = models.ForeignKey(Organisation, models.PROTECT, related_name="accounts")
    level = models.CharField(max_length=20, choices=_choices(Level))
    chart = models.CharField(max_length=30)
    full_name = models.CharField(max_length=100)
    position = models.CharField(max_length=100)
    email = models.EmailField()
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="accounts")
    services = models.JSONField(default=list)
    state = models.CharField(max_length=20, choices=_choices(AccountState), default=AccountState.DRAFT)
    route_position = models.PositiveSmallIntegerField(default=0)
    desk = models.CharField(max_length=20, blank=True)
    state_since = models.DateTimeField()
    suspended_by = models.CharField(max_length=20, blank=True)
    suspended_for = models.CharField(max_length=300, blank=True)
    activated = models.BooleanField(default=False)
    review_due = models.DateField(null=True, blank=True)
    valid_from = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)
    end_told_at = models.DateTimeField(null=True, blank=True)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, blank=True, related_name="accounts")
    listed = models.OneToOneField(ListedAccount, models.PROTECT, null=True, blank=True, related_name="account")
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=100)
    version = models.PositiveIntegerField(default=0)
    bucket = models.CharField(max_length=4, blank=True)
    revision = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["desk", "state", "unit"]),
            models.Index(fields=["unit", "state"]),
            models.Index(fields=["bucket"]),
            models.Index(fields=["revision"]),
            models.Index(fields=["review_due"], condition=~Q(review_due=None), name="accounts_waiting_for_review"),
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False, escalated_at=None), name="accounts_waited_for"
            ),
            models.Index(fields=["desk", "due_at"], condition=~Q(desk=""), name="accounts_due_at_desks"),
            models.Index(fields=["asked_at"], condition=Q(due_at__isnull=False, told_at=None), name="accounts_untold"),
            models.Index(fields=["valid_until"], condition=~Q(valid_until=None), name="accounts_ending"),
            # In the order of pages, and with all that their counts ask.
            models.Index(Collate("unit", "C"), "full_name", "id", name="accounts_as_listed"),
            models.Index(Collate("unit", "C"), "state", "chart", "level", name="accounts_as_counted"),
            *(
                GinIndex(OpClass(Upper(field), "gin_trgm_ops"), name=f"accounts_found_by_{field}")
                for field in ("full_name", "code", "email")
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "email"],
                condition=~Q(state=AccountState.CLOSED),
                name="one_open_account_per_person_and_unit",
            )
        ]

    def __str__(self) -> str:
        return self.code or f"{self.full_name} ({self.unit_id})"

    @property
    def state_title(self) -> Text:
        """The state in words; while under review, the desk that has it."""
        if self.state != AccountState.WITH_DESK:
            return ACCOUNT_STATE_TITLES[AccountState(self.state)]
        title = DESK_TITLES[DeskKind(self.desk)]
        return Text(f"Đang ở {title.vi}", f"With {title.en}")

    @property
    def tone(self) -> str:
        """How pages colour the state."""
        return _TONES.get(self.state, "")

    @property
    def service_set(self) -> frozenset[Service]:
        """The services."""
        return frozenset(Service(each) for each in self.services)

    @property
    def service_numbers(self) -> str:
        """The services by the guidance's numbers: `(1), (3)`."""
        return ", ".join(f"({number})" for number, each in enumerate(Service, 1) if each in self.services)

    @property
    def route(self) -> tuple[DeskKind, ...]:
        """The desks that it passes."""
        return CHARTS[self.chart].account_routes[Level(self.level)]


_TONES = {
    AccountState.WITH_DESK: "info",
    AccountState.RETURNED: "warn",
    AccountState.CREATED: "info",
    AccountState.ACTIVE: "good",
    AccountState.SUSPENDED: "bad",
    AccountState.EXPIRED: "bad",
}


class UnitCommitment(models.Model):
    """The commitment of a unit itself, handed to the desk that manages it. `current` is the one that stands."""

    unit = models.ForeignKey(Organisation, models.PROTECT, related_name="commitments")
    chart = models.CharField(max_length=30)
    level = models.CharField(max_length=20, choices=_choices(Level))
    desk = models.CharField(max_length=20, choices=_choices(DeskKind))
    file = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    verdict = models.JSONField(default=dict)
    scan = models.BooleanField(default=False)
    state = models.CharField(max_length=20, choices=_choices(UnitCommitmentState))
    current = models.BooleanField(default=True)
    filed_at = models.DateTimeField()
    filed_by = models.CharField(max_length=100)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=100, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["unit"], condition=Q(current=True), name="one_current_commitment_per_unit")
        ]
        indexes = [models.Index(fields=["desk", "state", "unit"])]

    def __str__(self) -> str:
        return f"{self.unit_id}: {self.state}"

    @property
    def state_title(self) -> Text:
        """The state in words."""
        return UNIT_COMMITMENT_TITLES[UnitCommitmentState(self.state)]


class PersonalCommitment(models.Model):
    """The one commitment of an account's officer. `current` is the one that stands."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="commitments")
    file = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    verdict = models.JSONField(default=dict)
    scan = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=_choices(PaperState), default=PaperState.FILED)
    current = models.BooleanField(default=True)
    filed_at = models.DateTimeField()
    filed_by = models.CharField(max_length=100)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.CharField(max_length=100, blank=True)
    removed_for = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(current=True), name="one_current_commitment_per_account"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.state}"


class BatchLine(models.Model):
    """One account on a consolidated list, as it was forwarded."""

    batch = models.ForeignKey(Batch, models.PROTECT, related_name="lines")
    account = models.ForeignKey(Account, models.PROTECT, related_name="lines")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["batch", "account"], name="one_line_per_account_and_list")]


class Numbering(models.Model):
    """The last number given under a prefix of account codes."""

    prefix = models.CharField(primary_key=True, max_length=20)
    last = models.PositiveIntegerField(default=0)
