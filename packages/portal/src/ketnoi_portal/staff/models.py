"""People, their roles, and who stands in for whom."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import connection, models
from django.db.models import Q

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.process.roles import ROLES, Actor, DeskKind, Role


class People(BaseUserManager["Person"]):
    """Finds and makes people; e-mail addresses are compared without case."""

    def get_by_natural_key(self, username: str | None) -> Person:
        """Sign-in by e-mail address."""
        return self.get(email__iexact=username)

    def create_user(self, email: str, password: str | None = None, **extra: Any) -> Person:
        """A person who may sign in; without a password not until one is set."""
        person = self.model(email=email.strip().lower(), joined_at=clock.now(), **extra)
        person.set_password(password)
        person.save()
        return person


class Person(AbstractBaseUser):
    """Somebody who signs in. What they may do stands in their assignments alone; nobody is a superuser."""

    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=100)
    position = models.CharField(max_length=100, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, blank=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]
    objects = People()

    def __str__(self) -> str:
        return self.full_name

    def get_full_name(self) -> str:
        """For whoever greets."""
        return self.full_name

    def get_short_name(self) -> str:
        """For whoever greets."""
        return self.full_name

    # What Django's templates and allauth ask; permissions are roles here.
    is_staff = False
    is_superuser = False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Nobody has Django's own permissions."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """Nobody has Django's own permissions."""
        return False


def running(at: datetime) -> Q:
    """Assignments that hold at a moment."""
    return Q(since__lte=at) & (Q(until=None) | Q(until__gt=at))


class Assignment(models.Model):
    """One role of one person: at a desk, or (desk empty) at an organisation that applies. Never deleted, only ended."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="assignments")
    role = models.CharField(max_length=20, choices=[(role, ROLES[role].title.vi) for role in Role])
    desk = models.ForeignKey(Desk, models.PROTECT, null=True, blank=True, related_name="assignments")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="assignments")
    leadership_level = models.PositiveSmallIntegerField(default=0)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    given_by = models.CharField(max_length=100)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(desk=None) ^ Q(organisation=None), name="an_assignment_is_at_a_desk_or_an_agency"
            )
        ]
        indexes = [models.Index(fields=["person", "until"])]

    @property
    def hat(self) -> str:
        """The office it belongs to, as a key: `desk:c06`, `agency:H55`."""
        return f"desk:{self.desk_id}" if self.desk_id else f"agency:{self.organisation_id}"

    @property
    def role_title(self) -> Text:
        """The role in words."""
        return ROLES[Role(self.role)].title

    @property
    def place_title(self) -> str:
        """Where it is."""
        return str(self.desk.title if self.desk else self.organisation.name if self.organisation else "")


class Delegation(models.Model):
    """For a fixed time somebody else may act by an assignment; the audit names who acted."""

    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="delegations")
    person = models.ForeignKey(Person, models.PROTECT, related_name="delegated")
    since = models.DateTimeField()
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    ended_at = models.DateTimeField(null=True, blank=True)


class Invitation(models.Model):
    """A person is asked to take a role. The link holds a secret; here only its SHA-256 is kept. Used once, in time."""

    email = models.EmailField()
    full_name = models.CharField(max_length=100)
    position = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=20, choices=[(role, ROLES[role].title.vi) for role in Role])
    desk = models.ForeignKey(Desk, models.PROTECT, null=True, blank=True, related_name="+")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="+")
    leadership_level = models.PositiveSmallIntegerField(default=0)
    secret_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.CharField(max_length=100)
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(desk=None) ^ Q(organisation=None), name="an_invitation_is_to_a_desk_or_an_agency"
            )
        ]

    @property
    def role_title(self) -> Text:
        """The role in words."""
        return ROLES[Role(self.role)].title

    @property
    def place_title(self) -> str:
        """Where to."""
        return str(self.desk.title if self.desk else self.organisation.name if self.organisation else "")

    def is_open(self, at: datetime) -> bool:
        """Whether it can still be taken."""
        return self.used_at is None and self.withdrawn_at is None and at < self.expires_at


class Admission(models.Model):
    """An organisation asks by a signed letter that its representative be let in; its desk admits or refuses."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="admissions")
    full_name = models.CharField(max_length=100)
    position = models.CharField(max_length=100)
    email = models.EmailField()
    phone = models.CharField(max_length=20, blank=True)
    letter_number = models.CharField(max_length=50)
    letter_date = models.DateField()
    letter = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    admitted = models.BooleanField(null=True, default=None)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=100, blank=True)
    reason = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["decided_at", "asked_at"])]


class Office(NamedTuple):
    """One office in which a person may act: its key (`desk:c06`, `agency:H55`), its name, and the actor there."""

    key: str
    title: str
    actor: Actor


# Asked on every request; as text it costs a tenth of what putting it together each time does. What holds is `running`.
_OFFICES: Final = """
SELECT held.role, held.leadership_level, desk.slug, desk.title, desk.kind, desk.organisation, desk.area, body.code,
       body.name
  FROM staff_assignment held
  LEFT JOIN agencies_desk desk ON desk.slug = held.desk_id
  LEFT JOIN agencies_organisation body ON body.code = held.organisation_id
 WHERE held.since <= %(at)s AND (held.until IS NULL OR held.until > %(at)s)
   AND (held.person_id = %(person)s OR held.id IN (
       SELECT assignment_id FROM staff_delegation
        WHERE person_id = %(person)s AND since <= %(at)s AND until > %(at)s AND ended_at IS NULL))
 ORDER BY held.id
"""


def offices_of(person: Person, at: datetime | None = None) -> list[Office]:
    """Every office in which a person may act at a moment (by default the present one), own and delegated."""
    moment = at or clock.now()
    if not person.is_active:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_OFFICES, {"person": person.pk, "at": moment})
        rows = cursor.fetchall()
    found: dict[str, Office] = {}
    for role, leadership, slug, desk_title, kind, body, area, code, name in rows:
        key = f"agency:{code}" if slug is None else f"desk:{slug}"
        known = found[key].actor if key in found else None
        roles = (known.roles if known else frozenset()) | {Role(role)}
        if slug is None:
            found[key] = Office(key, name, Actor(str(person.pk), DeskKind.AGENCY, code, roles))
        else:
            level = leadership or (known.leadership_level if known else 0)
            found[key] = Office(key, desk_title, Actor(str(person.pk), DeskKind(kind), body, roles, area, level))
    return list(found.values())


def hats_of(person: Person, at: datetime | None = None) -> dict[str, Actor]:
    """The same as actors by their office's key."""
    return {office.key: office.actor for office in offices_of(person, at)}
