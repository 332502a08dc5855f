"""Applications and everything that belongs to one."""

from __future__ import annotations

import uuid
from datetime import date

import msgspec
from django.db import models
from django.db.models import Q

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.agencies.models import Desk, Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding.case_facts import facts_of
from ketnoi_portal.onboarding.registration import Registration, defects, platforms_of
from ketnoi_portal.process.case import OVER, STAGE_TITLES, Case, Confirmation, Outcome, PaperState, Rotation, Stage
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import DESK_TITLES, DeskKind
from ketnoi_protocol.services import Environment, Platform, Service, System

SYSTEM_TITLES = {
    System.POPULATION: Text("CSDLQG về dân cư", "National Population Database"),
    System.IDENTITY: Text("Định danh và xác thực điện tử", "Electronic identification and authentication"),
}


def _choices(kind: type) -> list[tuple[str, str]]:
    return [(str(each), str(each)) for each in kind]  # type: ignore[attr-defined]


class Application(models.Model):
    """One application of an organisation to use one system, with the facts that the rules ask about.

    `stage` and the facts change through onboarding.actions alone. `chart` is the hierarchy under which it was begun.
    `form` holds a Registration. What came by e-mail is nobody's until it is `claimed`.
    `revision` grows with every change, so that two people at once are noticed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=30, unique=True)
    system = models.CharField(max_length=20, choices=_choices(System))
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="applications")
    level = models.CharField(max_length=20, choices=_choices(Level))
    chart = models.CharField(max_length=30)
    profile = models.CharField(max_length=30)
    stage = models.CharField(max_length=20, choices=_choices(Stage), default=Stage.DRAFT)
    stage_since = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    form = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=0)
    began_at = models.DateTimeField()
    began_by = models.CharField(max_length=100)
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="superseded_by")
    valid_from = models.DateField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    connection_checked = models.BooleanField(default=False)
    test_confirmed = models.BooleanField(default=False)
    survey_sent = models.BooleanField(default=False)
    claimed = models.BooleanField(default=True)

    class Meta:
        indexes = [
            models.Index(fields=["stage", "due_at"]),
            models.Index(fields=["organisation", "stage"]),
            models.Index(fields=["-began_at"]),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def registration(self) -> Registration:
        """The form."""
        return msgspec.convert(self.form, Registration)

    @property
    def services(self) -> frozenset[Service]:
        """The services that are asked for."""
        return frozenset(each.service for each in self.registration.services)

    @property
    def platforms(self) -> frozenset[Platform]:
        """The platforms that those services go over."""
        return platforms_of(System(self.system), self.services, self.profile)

    @property
    def stage_title(self) -> Text:
        """The stage in words."""
        return STAGE_TITLES[Stage(self.stage)]

    @property
    def system_title(self) -> Text:
        """The system in words."""
        return SYSTEM_TITLES[System(self.system)]

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of it."""
        return Stage(self.stage) in OVER

    def case(self) -> Case:
        """The application as the rules see it."""
        system = System(self.system)
        form = self.registration
        services = frozenset(each.service for each in form.services)
        found = defects(form, system, self.organisation_id, self.profile, clock.now())
        facts = facts_of(self.pk)
        said = {
            DeskKind(assessor): says(Confirmation(said), date.fromisoformat(until) if until else None)
            for assessor, said, until in facts["assessment"]
        }
        return Case(
            system=system,
            applicant=self.organisation_id,
            level=Level(self.level),
            chart_name=self.chart,
            services=services,
            platforms=platforms_of(system, services, self.profile),
            stage=Stage(self.stage),
            defects=sum(not each.warning for each in found),
            registered=frozenset((Platform(where), Environment(which)) for where, which, _ in facts["registered"]),
            accounts_taken=frozenset(Environment(each) for each, *_ in facts["account"]),
            connection_checked=self.connection_checked,
            calls=frozenset((Service(service), Outcome(outcome)) for service, outcome, _ in facts["call"]),
            test_confirmed=self.test_confirmed,
            survey_sent=self.survey_sent,
            open_questions=frozenset(DeskKind(each) for each, *_ in facts["question"]),
            confirmations=tuple(sorted(said.items())),
            papers=tuple(
                sorted(((int(number), unit), PaperState(state)) for number, unit, state in facts["paper"]),
            ),
            listed=frozenset(each for each, *_ in facts["listed"]),
            decisions=len(facts["decision"]),
            expired=self.valid_until is not None and clock.today() > self.valid_until,
            claimed=self.claimed,
            rotations=tuple(
                sorted(
                    ((Platform(where), Environment(which)), Rotation(state))
                    for where, which, state in facts["rotation"]
                )
            ),
        )

    def waits_for(self) -> Desk | None:
        """The desk whose act it waits for, when that is a desk."""
        kinds = [kind for kind in self.case().waits_for() if kind is not DeskKind.AGENCY]
        return Desk.responsible(kinds[0], self.organisation_id) if kinds else None


class _OfApplication(models.Model):
    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"


class PlatformRegistration(_OfApplication):
    """What a platform's operator is asked to register: member, subsystem, server and certificate."""

    ASKED, REGISTERED, REFUSED, REMOVED = "asked", "registered", "refused", "removed"

    application = models.ForeignKey(Application, models.PROTECT, related_name="platform_registrations")
    platform = models.CharField(max_length=10, choices=_choices(Platform))
    environment = models.CharField(max_length=20, choices=_choices(Environment))
    server = models.CharField(max_length=150)
    subsystem = models.CharField(max_length=150)
    address = models.CharField(max_length=255)
    certificate = models.BinaryField(blank=True)
    state = models.CharField(max_length=20, default=ASKED)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=100, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "platform", "environment"], name="one_registration_per_platform_and_environment"
            )
        ]


class IntegrationAccount(_OfApplication):
    """The account by which the organisation's information system proves itself; only its public key is kept."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="integration_accounts")
    environment = models.CharField(max_length=20, choices=_choices(Environment))
    name = models.CharField(max_length=60, unique=True)
    public_key = models.TextField(blank=True)
    issued_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["application", "environment"], name="one_account_per_environment")
        ]


class ConnectionCheck(_OfApplication):
    """One run of the connection check, in both directions; `items` has each finding with its mend."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="connection_checks")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    asked_by = models.CharField(max_length=100)
    passed = models.BooleanField(null=True)
    items = models.JSONField(default=list)


class TestCall(_OfApplication):
    """A test call that is proved by evidence. `counts` ends when the certificate it was made under is replaced."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="test_calls")
    service = models.CharField(max_length=30, choices=_choices(Service))
    outcome = models.CharField(max_length=10, choices=_choices(Outcome))
    message_id = models.CharField(max_length=255)
    code = models.CharField(max_length=10)
    signed_at = models.DateTimeField()
    request = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    response = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    counts = models.BooleanField(default=True)


class ListedAccount(_OfApplication):
    """One of the first accounts, as paper 2 names it. `key` names it within the application."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="listed_accounts")
    key = models.CharField(max_length=30)
    full_name = models.CharField(max_length=100)
    position = models.CharField(max_length=100)
    unit = models.ForeignKey(Organisation, models.PROTECT, related_name="+")
    email = models.EmailField()
    services = models.JSONField(default=list)
    listed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "key"], name="one_listed_account_per_key")]


class Paper(_OfApplication):
    """One paper of the dossier as it was handed over. `current` is the one that stands for its number and unit.

    `verdict` is what the check of its signatures found; `scan` marks an unsigned scan that a named officer accepted.
    """

    application = models.ForeignKey(Application, models.PROTECT, related_name="papers")
    number = models.PositiveSmallIntegerField()
    unit = models.CharField(max_length=30, blank=True)
    file = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=_choices(PaperState), default=PaperState.FILED)
    current = models.BooleanField(default=True)
    verdict = models.JSONField(default=dict)
    scan = models.BooleanField(default=False)
    filed_at = models.DateTimeField()
    filed_by = models.CharField(max_length=100)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.CharField(max_length=100, blank=True)
    removed_for = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["application", "number", "unit"], condition=Q(current=True), name="one_current_paper_of_a_kind"
            )
        ]


class Survey(_OfApplication):
    """The survey form of 490/KH-BCA-A05: answers by question, attachments by question."""

    application = models.OneToOneField(Application, models.PROTECT, related_name="survey")
    answers = models.JSONField(default=dict)
    sent_at = models.DateTimeField(null=True, blank=True)


class SurveyAttachment(_OfApplication):
    """A file that supports one answer of the survey."""

    survey = models.ForeignKey(Survey, models.PROTECT, related_name="attachments")
    question = models.CharField(max_length=30)
    file = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    added_at = models.DateTimeField()


class Question(_OfApplication):
    """A question of an assessor, and the agency's answer."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="questions")
    assessor = models.CharField(max_length=20)
    text = models.TextField()
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=100)
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=100, blank=True)


def says(said: Confirmation, until: date | None) -> Confirmation:
    """What an assessment says today: one that is past has lapsed, whether or not the worker has written it down."""
    past = until is not None and clock.today() > until
    return Confirmation.STALE if said is Confirmation.VALID and past else said


class Assessment(_OfApplication):
    """What A05 or A06 has said: number, date, scope, validity and conditions of the confirmation (paper 5)."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="assessments")
    assessor = models.CharField(max_length=20)
    said = models.CharField(max_length=10, choices=_choices(Confirmation))
    number = models.CharField(max_length=50, blank=True)
    dated = models.DateField(null=True, blank=True)
    scope = models.TextField(blank=True)
    valid_until = models.DateField(null=True, blank=True)
    conditions = models.TextField(blank=True)
    findings = models.TextField(blank=True)
    file = models.ForeignKey(Blob, models.PROTECT, null=True, blank=True, related_name="+")
    said_at = models.DateTimeField()
    said_by = models.CharField(max_length=100)
    current = models.BooleanField(default=True)

    @property
    def assessor_title(self) -> Text:
        """Who it was."""
        return DESK_TITLES[DeskKind(self.assessor)]

    @property
    def says_now(self) -> Confirmation:
        """What it says today."""
        return says(Confirmation(self.said), self.valid_until)


class Decision(_OfApplication):
    """One level of leadership's decision. `standing` ends when the dossier goes back."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="decisions")
    level = models.PositiveSmallIntegerField()
    agreed = models.BooleanField()
    number = models.CharField(max_length=50, blank=True)
    dated = models.DateField(null=True, blank=True)
    reason = models.TextField(blank=True)
    decided_at = models.DateTimeField()
    decided_by = models.CharField(max_length=100)
    standing = models.BooleanField(default=True)

    @property
    def level_title(self) -> Text:
        """Which level it was."""
        return CHARTS[self.application.chart].leadership[self.level - 1].title


class Note(_OfApplication):
    """A note that one desk keeps for itself on an application."""

    application = models.ForeignKey(Application, models.PROTECT, related_name="notes")
    desk = models.ForeignKey(Desk, models.PROTECT, related_name="+")
    text = models.TextField()
    written_at = models.DateTimeField()
    written_by = models.CharField(max_length=100)


def live_applications() -> models.QuerySet[Application]:
    """Everything that is in production now."""
    return Application.objects.filter(stage=Stage.LIVE, valid_until__gte=clock.today())
