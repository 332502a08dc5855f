"""What each identity system was told, and what it has told."""

from __future__ import annotations

from django.db import models

from ketnoi_pages.text import Text


class IdentitySource(models.Model):
    """One identity system, by its name in the settings: how far one has come with it, and what went wrong.

    `version` is that of the list of clients it was sent last, `digest` what stood in it. `last_made_at` is when the
    objection `last_objection` was made: where it is not there any more, the system's database was restored.
    """

    name = models.CharField(primary_key=True, max_length=50)
    version = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    send_trouble = models.CharField(max_length=200, blank=True)
    send_trouble_vi = models.CharField(max_length=200, blank=True)
    last_objection = models.PositiveBigIntegerField(default=0)
    last_made_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(null=True)
    ask_trouble = models.CharField(max_length=200, blank=True)
    ask_trouble_vi = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]

    @property
    def troubles(self) -> list[Text]:
        """What went wrong, in words."""
        both = ((self.send_trouble_vi, self.send_trouble), (self.ask_trouble_vi, self.ask_trouble))
        return [Text(vi, en) for vi, en in both if en]


class Objection(models.Model):
    """A citizen's objection to one look: never who the citizen is; the message's id finds the look.

    After an identity system's database was restored it may give a `number` again; `made_at` tells the two apart.

    C06 and the agency answer once each. `…_sent_at`: the identity system has the answer.
    """

    source = models.CharField(max_length=50)
    number = models.PositiveBigIntegerField()
    organisation = models.CharField(max_length=100)
    unit = models.CharField(max_length=100, blank=True)
    message_id = models.CharField(max_length=255)
    system = models.CharField(max_length=20)
    service = models.CharField(max_length=50)
    procedure = models.CharField(max_length=100, blank=True)
    looked_at = models.DateTimeField()
    reason = models.TextField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField()
    fetched_at = models.DateTimeField()

    class Meta:
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["source", "number", "made_at"], name="an_objection_is_kept_once")
        ]
        indexes = [models.Index(fields=["organisation", "due_at"])]


class ObjectionAnswer(models.Model):
    """What C06 (`c06`) or the agency (`agency`) answered; `refused`: the identity system has another answer."""

    C06 = "c06"
    AGENCY = "agency"
    SIDES = (C06, AGENCY)

    objection = models.ForeignKey(Objection, models.PROTECT, related_name="answers")
    by = models.CharField(max_length=6, choices=[(C06, "C06"), (AGENCY, "agency")])
    words = models.TextField()
    person = models.CharField(max_length=100)
    at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    refused = models.BooleanField(default=False)

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["objection", "by"], name="each_side_answers_once")]


class AcceptedTerms(models.Model):
    """Which terms hold at an identity system, and which ones an organisation's officers have accepted.

    `acceptances` are rows of officer (a pairwise code), version, sha256, accepted_at, closed_at (None while the
    officer's account is open). None ever leaves.
    """

    source = models.CharField(max_length=50)
    organisation = models.CharField(max_length=100)
    version = models.CharField(max_length=100)
    sha256 = models.CharField(max_length=64)
    valid_from = models.DateTimeField()
    acceptances = models.JSONField(default=list)
    fetched_at = models.DateTimeField()

    class Meta:
        ordering = ["organisation", "source"]
        constraints = [models.UniqueConstraint(fields=["source", "organisation"], name="terms_of_one_organisation")]
