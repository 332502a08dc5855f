"""Organisations and desks."""

from __future__ import annotations

from datetime import date

from django.db import models

from ketnoi_pages.text import Text
from ketnoi_portal.files.models import Blob
from ketnoi_portal.process.charts import LEVEL_TITLES, Level
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_protocol.identifiers import OrganisationCode


class Organisation(models.Model):
    """A body with an organisation code (QĐ 20/2020/QĐ-TTg), kept when it closes.

    `code` is the normalised form. `parent` is the organisation of which it is a unit.
    """

    code = models.CharField(primary_key=True, max_length=35)
    name = models.CharField(max_length=300)
    level = models.CharField(max_length=20, choices=[(level, LEVEL_TITLES[level].vi) for level in Level])
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="units")
    address = models.CharField(max_length=300, blank=True)
    email = models.EmailField(blank=True)
    opened_on = models.DateField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="predecessors")

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def level_title(self) -> Text:
        """The level's title."""
        return LEVEL_TITLES[Level(self.level)]

    def is_open(self, on: date) -> bool:
        """Whether it exists on a day."""
        return (self.opened_on is None or self.opened_on <= on) and (self.closed_on is None or on < self.closed_on)

    @classmethod
    def find(cls, code: str) -> Organisation | None:
        """The organisation of a code in either form, or of a former code; None when there is none.

        Raises InvalidIdentifier for what is no organisation code.
        """
        normalised = str(OrganisationCode.parse(code))
        found = cls.objects.filter(code=normalised).first()
        if found is None:
            former = FormerCode.objects.select_related("organisation").filter(code=normalised).first()
            found = former.organisation if former is not None else None
        return found


class FormerCode(models.Model):
    """A code that an organisation had before; it stays readable and is never given to another."""

    code = models.CharField(primary_key=True, max_length=35)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="former_codes")
    until = models.DateField(null=True, blank=True)


class Desk(models.Model):
    """A place that receives: C06, one PC06, one police team, A05, A06, leadership, a platform's operator.

    `organisation` is the code of the body it belongs to, `area` the organisation code of what a police desk manages
    (empty: everything).
    """

    slug = models.SlugField(primary_key=True, max_length=50)
    kind = models.CharField(max_length=20, choices=[(kind, DESK_TITLES[kind].vi) for kind in DeskKind])
    title = models.CharField(max_length=200)
    organisation = models.CharField(max_length=35)
    area = models.CharField(max_length=35, blank=True)
    email = models.EmailField(blank=True)
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["kind", "area"]

    def __str__(self) -> str:
        return self.title

    @classmethod
    def responsible(cls, kind: DeskKind, applicant: str) -> Desk | None:
        """The desk of a kind that manages an applicant: the one with the narrowest area; None when there is none."""
        code = OrganisationCode.parse(applicant)
        fitting = [
            desk
            for desk in cls.objects.filter(kind=kind, closed_on=None)
            if not desk.area or OrganisationCode.parse(desk.area).covers(code)
        ]
        return max(fitting, key=lambda desk: len(desk.area), default=None)


class Import(models.Model):
    """One table of organisations that was taken, and the lines of it that were not."""

    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    at = models.DateTimeField()
    by = models.CharField(max_length=100)
    added = models.PositiveIntegerField()
    changed = models.PositiveIntegerField()
    same = models.PositiveIntegerField()
    rejected = models.PositiveIntegerField()
    rejects = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["-pk"]
