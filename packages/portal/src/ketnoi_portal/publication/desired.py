"""What the approved applications make of C06's security servers and of the signed directory. Pure.

`process.case.opened` says in which environments an application is answered; everything here follows from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ketnoi_portal.onboarding.registration import Registration, offered
from ketnoi_portal.process.case import Case, Stage, opened
from ketnoi_portal.publication.directory_board import Parts
from ketnoi_protocol.directory import Grant, IntegrationAccount, Officer, Organisation, Quota
from ketnoi_protocol.identifiers import InvalidIdentifier, SecurityServerId, SubsystemId
from ketnoi_protocol.services import Environment, Platform, Service, System

# An organisation whose own licence was taken away does not ask under that of the body above it.
_CLOSED_FOR_ALL: Final = frozenset({Stage.SUSPENDED, Stage.REVOKED, Stage.EXPIRED})


OFFICERS_CALLS: Final = 600
"""One officer's calls of one service in an hour: one every six seconds, without a pause [our choice]."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What a platform's operator has registered for an application: server and subsystem in colon form."""

    platform: Platform
    environment: Environment
    server: str
    subsystem: str


@dataclass(frozen=True, slots=True)
class Taken:
    """An integration account that its owner has taken."""

    environment: Environment
    name: str
    public_key: str
    taken_at: datetime


@dataclass(frozen=True, slots=True)
class Approved:
    """An application as far as publication needs it. `case` need not hold what `opened` does not ask about."""

    number: str
    case: Case
    profile: str
    form: Registration
    registered: tuple[Registered, ...]
    accounts: tuple[Taken, ...]
    began_at: datetime

    @property
    def environments(self) -> frozenset[Environment]:
        """Where it is answered."""
        return opened(self.case)


@dataclass(frozen=True, slots=True)
class WantedRight:
    """A right that should stand on a server: of whom, to what, from which security servers (colon form), and why."""

    subject: str
    service_code: str
    servers: frozenset[str]
    organisation: str
    applications: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What names it on its server."""
        return self.subject, self.service_code


def wanted_rights(applications: Iterable[Approved], instance: str) -> dict[tuple[str, str], WantedRight]:
    """Every right that should stand on the security server that provides in one instance, by subject and service."""
    found: dict[tuple[str, str], WantedRight] = {}
    for each in sorted(applications, key=lambda known: known.number):
        for right in _rights_of(each, instance):
            known = found.get(right.key)
            if known is not None:
                right = WantedRight(
                    *right.key, known.servers | right.servers, right.organisation, (*known.applications, each.number)
                )
            found[right.key] = right
    return found


def _rights_of(application: Approved, instance: str) -> Iterable[WantedRight]:
    for environment in sorted(application.environments):
        for entry in offered(
            application.case.system, (each.service for each in application.form.services), environment,
            application.profile,
        ):  # fmt: skip
            if entry.instance != instance:
                continue
            for registered in application.registered:
                if (registered.platform, registered.environment) == (entry.platform, environment) and _is_own(
                    registered, application.case.applicant, instance
                ):
                    yield WantedRight(
                        registered.subsystem,
                        entry.service_code,
                        frozenset({registered.server}),
                        application.case.applicant,
                        (application.number,),
                    )


def _is_own(registered: Registered, applicant: str, instance: str) -> bool:
    """Nothing is ever opened for another organisation's server, whatever a form says."""
    try:
        server = SecurityServerId.from_colon(registered.server)
        subsystem = SubsystemId.from_colon(registered.subsystem)
    except InvalidIdentifier:
        return False
    return {(each.instance, each.member_code) for each in (server, subsystem)} == {(instance, applicant)}


# The directory


@dataclass(frozen=True, slots=True)
class Content:
    """One environment's directory, but for the officers whom the accounts room knows.

    `conflicts` names organisations with two applications in force for one service: only the newer one counts.
    """

    parts: Parts
    stand_ins: tuple[Officer, ...]
    conflicts: tuple[str, ...]


def directory_content(
    applications: Sequence[Approved],
    bodies: Sequence[Organisation],
    environment: Environment,
    officers_calls: int = OFFICERS_CALLS,
) -> Content:
    """What the directory of an environment says of organisations, accounts and grants.

    `bodies` are all organisations that exist today; `officers_calls` are one officer's of one service in an hour, 0 for
    as many as are approved for the organisation.
    """
    ordered = sorted(applications, key=lambda each: each.number)
    grants, conflicts = _grants(ordered, environment, officers_calls)
    concerned = {grant.organisation for grant in grants}
    named = {body.code: body for body in bodies if any(code in concerned for code in _upwards(body.code))}
    return Content(
        Parts(tuple(named[code] for code in sorted(named)), tuple(_accounts(ordered, environment)), tuple(grants)),
        tuple(officer for each in ordered if (officer := stand_in(each, environment)) is not None),
        tuple(conflicts),
    )


def _upwards(code: str) -> Iterable[str]:
    """A normalised organisation code and those of the bodies above it."""
    while code:
        yield code
        code = code.rpartition(".")[0]


def _grants(
    applications: Sequence[Approved], environment: Environment, officers_calls: int
) -> tuple[list[Grant], list[str]]:
    """One for each organisation, system and service; of several the newest, an open one before a closed one."""
    found: dict[tuple[str, System, Service], Grant] = {}
    conflicts = []
    for each in applications:
        active = environment in each.environments
        if not active and not (each.case.stage in _CLOSED_FOR_ALL and _was_open(each, environment)):
            continue
        for asked in each.form.services:
            key = (each.case.applicant, each.case.system, asked.service)
            known = found.get(key)
            if known is not None and known.active and not active:
                continue
            if known is not None and known.active and environment is Environment.PRODUCTION:
                conflicts.append(f"{each.case.applicant} {asked.service}: {each.number}")
            found[key] = Grant(
                *key,
                environment,
                tuple(sorted({code.strip() for code in asked.procedures})),
                tuple(asked.fields),
                tuple(asked.match_fields),
                active,
                _quotas(each.form, each.case.system, environment, officers_calls),
            )
    return [found[key] for key in sorted(found)], conflicts


def _quotas(form: Registration, system: System, environment: Environment, officers_calls: int) -> tuple[Quota, ...]:
    """The volumes that were applied for and approved, and what one officer can ask with their own hands.

    In the test environment and on the identity side one account stands for everybody's.
    """
    own = system is System.POPULATION and environment is Environment.PRODUCTION
    asked = (
        Quota("organisation", form.per_day, 86_400),
        Quota("organisation", form.peak_per_second * 60, 60),
        Quota("officer", officers_calls if own else 0, 3_600),
    )
    return tuple(each for each in asked if each.calls > 0)


def _was_open(application: Approved, environment: Environment) -> bool:
    return any(taken.environment is environment for taken in application.accounts)


def _accounts(applications: Sequence[Approved], environment: Environment) -> Iterable[IntegrationAccount]:
    """Of each organisation and system the account that was taken last is the one that counts.

    The account of an application that was replaced goes on counting until that of the new one is taken.
    """
    groups: dict[tuple[str, System], list[Approved]] = {}
    for each in applications:
        groups.setdefault((each.case.applicant, each.case.system), []).append(each)
    for (organisation, system), group in sorted(groups.items()):
        is_open = any(environment in each.environments for each in group)
        usable = [
            taken
            for each in group
            if environment in each.environments or each.case.stage is Stage.SUPERSEDED
            for taken in each.accounts
            if taken.environment is environment
        ]
        newest = max(usable, key=lambda taken: taken.taken_at, default=None)
        for each in group:
            for taken in each.accounts:
                if taken.environment is environment:
                    active = is_open and taken is newest
                    yield IntegrationAccount(taken.name, organisation, system, environment, taken.public_key, active)


def stand_in(application: Approved, environment: Environment) -> Officer | None:
    """An account of the information system itself, where there can be no officer's account. Our choice.

    The test environment has these and no others. The connection check needs an answered call before anybody can be
    listed in paper 2; and whoever is listed there has no account anywhere before their personal commitment is accepted
    (seed §2.2, 2 and 4). Real callers do the same: their tests go out under the name of a platform. The identity system
    has no officers' accounts at all (the commitment stands in the terms of the eID account).
    """
    code = stand_in_code(application.number, application.case.system, environment)
    if code is None or not _was_open(application, environment):
        return None
    return Officer(
        code,
        application.case.applicant,
        environment in application.environments,
        tuple(sorted(each.service for each in application.form.services)),
        application.began_at,
        of_system=True,
    )


def stand_in_code(number: str, system: System, environment: Environment) -> str | None:
    """MaCanBo for calls of an application that no officer makes: `THU.2026-000123`; None where officers ask."""
    serial = number.removeprefix("KN-")
    if environment is Environment.TEST:
        return f"THU.{serial}"
    return f"HT.{serial}" if system is System.IDENTITY else None
