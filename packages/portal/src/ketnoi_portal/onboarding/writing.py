"""What each step of the process writes: the facts behind the Case, one function a step.

Every function gets the application (locked), the unit, the actor and what the step was given; it writes rows and no
more. Whether the step may be taken was judged before; that the rows agree with the process is checked after.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet

from ketnoi_pages import clock
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import certificate_history
from ketnoi_portal.onboarding.asking import as_der, ask_operator, put_server
from ketnoi_portal.onboarding.certificate_models import NextCertificate
from ketnoi_portal.onboarding.models import (
    Application,
    Assessment,
    Decision,
    IntegrationAccount,
    ListedAccount,
    Paper,
    PlatformRegistration,
    Question,
    Survey,
    TestCall,
)
from ketnoi_portal.onboarding.reasons import SERVER_NOT_NAMED
from ketnoi_portal.onboarding.registration import ServerEntry, entries
from ketnoi_portal.process.case import Confirmation, PaperState, Stage
from ketnoi_portal.process.effects import call_of, paper_of, platform_of
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import Environment, System


@dataclass(frozen=True, slots=True)
class Given:
    """What comes with a step beside its unit; each step reads what it needs."""

    reason: str = ""
    number: str = ""
    dated: date | None = None
    scope: str = ""
    valid_until: date | None = None
    conditions: str = ""
    text: str = ""
    file: Blob | None = None
    file_name: str = ""
    verdict: dict[str, Any] = field(default_factory=dict)
    scan: bool = False
    public_key: str = ""
    full_name: str = ""
    position: str = ""
    email: str = ""
    organisation: Organisation | None = None
    services: tuple[str, ...] = ()
    evidence: ProvedCall | None = None
    server: ServerEntry | None = None
    certificate: bytes = b""
    replaces: bytes = b""
    compromised: bool = False


@dataclass(frozen=True, slots=True)
class ProvedCall:
    """The verified evidence of one test call: both containers, and what they prove."""

    message_id: str
    code: str
    signed_at: datetime
    request: Blob
    response: Blob


Write = Callable[[Application, str, Actor, Given], None]
WRITES: dict[str, Write] = {}


def _writes(*steps: str) -> Callable[[Write], Write]:
    def keep(write: Write) -> Write:
        WRITES.update(dict.fromkeys(steps, write))
        return write

    return keep


@_writes("claim")
def _claim(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.claimed = True


@_writes("submit")
def _submit(application: Application, unit: str, actor: Actor, given: Given) -> None:
    """Each platform's operator is asked (again) to register what the form names, in both environments."""
    form = application.registration
    application.platform_registrations.update(state=PlatformRegistration.REMOVED)
    for environment in Environment:
        for entry in entries(System(application.system), application.services, environment, application.profile):
            server = form.server(entry.platform, environment)
            if server is None or not server.server:
                continue
            ask_operator(application, server)


def rows_of(application: Application, unit: str) -> QuerySet[PlatformRegistration]:
    """The registration in a place, to be changed. Raises StepRefused where the agency has named no server."""
    platform, environment = platform_of(unit)
    found = application.platform_registrations.filter(platform=platform, environment=environment)
    if not found.exists():
        raise StepRefused([SERVER_NOT_NAMED])
    return found


def forget_the_test(application: Application) -> None:
    """What was shown under another certificate no longer counts, unless the test lies behind or before it."""
    if Stage(application.stage) in (Stage.LIVE, Stage.SUSPENDED, Stage.SUBMITTED):
        return
    application.connection_checked = application.test_confirmed = False
    application.test_calls.update(counts=False)
    application.decisions.update(standing=False)


@_writes("accept")
def _accept(application: Application, unit: str, actor: Actor, given: Given) -> None:
    _issue_account(application, Environment.TEST)


def _issue_account(application: Application, environment: Environment) -> None:
    """C06 issues the account; the agency's representative takes it, with a key that only the agency has."""
    code = application.organisation_id.lower().replace(".", "-")
    IntegrationAccount.objects.get_or_create(
        application=application,
        environment=environment,
        defaults={
            "name": f"{code}-{application.number.lower()}-{environment}"[:60],
            "issued_at": clock.now(),
        },
    )


@_writes("take_account")
def _take_account(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.integration_accounts.filter(environment=unit).update(
        public_key=given.public_key, taken_at=clock.now(), taken_by=actor.person
    )


@_writes("pass_connection_check")
def _pass_check(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.connection_checked = True


@_writes("fail_connection_check")
def _fail_check(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.connection_checked = False


@_writes("record_test_call")
def _record_call(application: Application, unit: str, actor: Actor, given: Given) -> None:
    service, outcome = call_of(unit)
    proved = given.evidence
    assert proved is not None
    TestCall.objects.create(
        application=application,
        service=service,
        outcome=outcome,
        message_id=proved.message_id,
        code=proved.code,
        signed_at=proved.signed_at,
        request=proved.request,
        response=proved.response,
        recorded_at=clock.now(),
    )


@_writes("confirm_test")
def _confirm_test(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.test_confirmed = True


@_writes("reopen_test")
def _reopen_test(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.test_confirmed = False


@_writes("send_survey")
def _send_survey(application: Application, unit: str, actor: Actor, given: Given) -> None:
    Survey.objects.update_or_create(application=application, defaults={"sent_at": clock.now()})
    application.survey_sent = True


@_writes("ask_agency")
def _ask(application: Application, unit: str, actor: Actor, given: Given) -> None:
    Question.objects.create(
        application=application, assessor=unit, text=given.reason, asked_at=clock.now(), asked_by=actor.person
    )


@_writes("answer_assessor")
def _answer(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.questions.filter(assessor=unit, answered_at=None).update(
        answer=given.reason, answered_at=clock.now(), answered_by=actor.person
    )


@_writes("confirm_security")
def _confirm_security(application: Application, unit: str, actor: Actor, given: Given) -> None:
    _say(application, unit, Confirmation.VALID, actor, given)


@_writes("deny_security")
def _deny_security(application: Application, unit: str, actor: Actor, given: Given) -> None:
    _say(application, unit, Confirmation.DENIED, actor, given)


def _say(application: Application, assessor: str, said: Confirmation, actor: Actor, given: Given) -> None:
    at = clock.now()
    application.assessments.filter(assessor=assessor, current=True).update(current=False)
    Assessment.objects.create(
        application=application,
        assessor=assessor,
        said=said,
        number=given.number,
        dated=given.dated,
        scope=given.scope,
        valid_until=given.valid_until,
        conditions=given.conditions,
        findings=given.reason,
        file=given.file,
        said_at=at,
        said_by=actor.person,
    )
    application.questions.filter(assessor=assessor, answered_at=None).update(answered_at=at, answered_by=actor.person)


@_writes("declare_change")
def _declare_change(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.assessments.filter(current=True, said=Confirmation.VALID).update(said=Confirmation.STALE)


@_writes("lapse_confirmation")
def _lapse(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.assessments.filter(current=True, assessor=unit).update(said=Confirmation.STALE)


@_writes("replace_certificate")
def _replace_certificate(application: Application, unit: str, actor: Actor, given: Given) -> None:
    """The platform's operator is asked again, for the new certificate; the old one is to be taken off then."""
    certificate_history.keep(application)
    asked = {"state": PlatformRegistration.ASKED, "asked_at": clock.now(), "decided_at": None, "note": given.reason}
    if given.server is not None:
        put_server(application, given.server)
        asked["certificate"] = as_der(given.server.certificate)
    rows_of(application, unit).update(**asked)
    NextCertificate.end(application, unit)
    if platform_of(unit)[1] is Environment.TEST:
        forget_the_test(application)


@_writes("file_paper")
def _file_paper(application: Application, unit: str, actor: Actor, given: Given) -> None:
    number, account = paper_of(unit)
    assert given.file is not None
    application.papers.filter(number=number, unit=account, current=True).update(current=False)
    Paper.objects.create(
        application=application,
        number=number,
        unit=account,
        file=given.file,
        file_name=given.file_name,
        verdict=given.verdict,
        scan=given.scan,
        filed_at=clock.now(),
        filed_by=actor.person,
    )


@_writes("list_account")
def _list_account(application: Application, unit: str, actor: Actor, given: Given) -> None:
    ListedAccount.objects.create(
        application=application,
        key=unit,
        full_name=given.full_name,
        position=given.position,
        email=given.email,
        unit=given.organisation,
        services=list(given.services),
        listed_at=clock.now(),
    )
    _take_out(application, "2", given)


@_writes("unlist_account")
def _unlist_account(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.listed_accounts.filter(key=unit, removed_at=None).update(removed_at=clock.now())
    _take_out(application, "2", given)
    _take_out(application, f"4/{unit}", given)


@_writes("accept_paper")
def _accept_paper(application: Application, unit: str, actor: Actor, given: Given) -> None:
    number, account = paper_of(unit)
    application.papers.filter(number=number, unit=account, current=True).update(
        state=PaperState.ACCEPTED, accepted_at=clock.now(), accepted_by=actor.person, scan=given.scan
    )


@_writes("reject_paper", "withdraw_commitment")
def _remove_paper(application: Application, unit: str, actor: Actor, given: Given) -> None:
    _take_out(application, unit, given)


def _take_out(application: Application, unit: str, given: Given) -> None:
    number, account = paper_of(unit)
    application.papers.filter(number=number, unit=account, current=True).update(current=False, removed_for=given.reason)


@_writes("return_dossier", "submit_to_leadership")
def _no_decisions(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.decisions.update(standing=False)


@_writes("decide")
def _decide(application: Application, unit: str, actor: Actor, given: Given) -> None:
    Decision.objects.create(
        application=application,
        level=int(unit),
        agreed=True,
        number=given.number,
        dated=given.dated,
        reason=given.reason,
        decided_at=clock.now(),
        decided_by=actor.person,
    )


@_writes("decline")
def _decline(application: Application, unit: str, actor: Actor, given: Given) -> None:
    application.decisions.update(standing=False)
    Decision.objects.create(
        application=application,
        level=int(unit),
        agreed=False,
        reason=given.reason,
        decided_at=clock.now(),
        decided_by=actor.person,
        standing=False,
    )


@_writes("go_live")
def _go_live(application: Application, unit: str, actor: Actor, given: Given) -> None:
    today = clock.today()
    application.valid_from = today
    application.valid_until = _months_later(today, application.registration.months)


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    # The last day of a short month stands for the days that it does not have.
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def issue_production_account(application: Application) -> None:
    """With leadership's last decision C06 issues the account for production as well."""
    _issue_account(application, Environment.PRODUCTION)
