"""What the rules ask about an account, read for many accounts at once with a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ketnoi_pages import clock
from ketnoi_portal.accounts.models import Account, PersonalCommitment, UnitCommitment
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.process.account_case import AccountCase, AccountState, UnitCase, UnitCommitmentState
from ketnoi_portal.process.case import PaperState, Stage
from ketnoi_portal.process.charts import Level
from ketnoi_portal.process.roles import DeskKind
from ketnoi_portal.process.step import RUNNING
from ketnoi_portal.staff.models import Person
from ketnoi_protocol.services import Service, System


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What a unit's accounts rest on."""

    granted: frozenset[Service] = frozenset()
    live: frozenset[Service] = frozenset()
    commitment: PaperState | None = None


def upwards(code: str) -> Iterator[str]:
    """A code, then those of the organisations above it."""
    while code:
        yield code
        code = code.rpartition(".")[0]


def facts_of(units: Iterable[str]) -> dict[str, UnitFacts]:
    """The facts of each unit: two queries, however many there are.

    As in the registry, the nearest organisation with a grant for a service counts alone: a suspended grant of a unit
    is not mended by the ministry's.
    """
    wanted = set(units)
    above = {code for unit in wanted for code in upwards(unit)}
    grants: dict[tuple[str, Service], bool] = {}
    applications = Application.objects.filter(
        organisation__in=above, system=System.POPULATION, stage__in=[str(stage) for stage in RUNNING]
    ).only("organisation", "form", "stage", "valid_until")
    for application in applications:
        over = application.valid_until is not None and clock.today() > application.valid_until
        is_live = application.stage == Stage.LIVE and not over
        for service in application.services:
            key = (application.organisation_id, service)
            grants[key] = grants.get(key, False) or is_live
    commitments = dict(
        UnitCommitment.objects.filter(
            unit__in=wanted, current=True, state__in=[UnitCommitmentState.FILED, UnitCommitmentState.ACCEPTED]
        ).values_list("unit_id", "state")
    )
    return {unit: _facts(unit, grants, commitments.get(unit)) for unit in wanted}


def _facts(unit: str, grants: dict[tuple[str, Service], bool], commitment: str | None) -> UnitFacts:
    found = {
        service: next((grants[code, service] for code in upwards(unit) if (code, service) in grants), None)
        for service in Service
    }
    return UnitFacts(
        frozenset(service for service, live in found.items() if live is not None),
        frozenset(service for service, live in found.items() if live),
        PaperState(commitment) if commitment else None,
    )


def cases_of(accounts: Sequence[Account]) -> dict[Account, AccountCase]:
    """Each account as the rules see it: at most four queries, however many there are."""
    facts = facts_of(account.unit_id for account in accounts)
    commitments = dict(
        PersonalCommitment.objects.filter(account__in=accounts, current=True).values_list("account_id", "state")
    )
    invited = _invited(accounts)
    return {
        account: _case(
            account,
            facts[account.unit_id],
            commitments.get(account.pk),
            person=str(account.person_id or invited.get(account.email, "")),
        )
        for account in accounts
    }


def _invited(accounts: Sequence[Account]) -> dict[str, int]:
    """The people who took the invitation that accounts of their address wait with, by that address."""
    addresses = [account.email for account in accounts if account.person_id is None and account.code]
    if not addresses:
        return {}
    return dict(Person.objects.filter(email__in=addresses, is_active=True).values_list("email", "pk"))


def case_of(account: Account) -> AccountCase:
    """One account as the rules see it."""
    return cases_of([account])[account]


def written_case(account: Account, known: AccountCase) -> AccountCase:
    """An account that was just written, with what is known of its unit already."""
    standing = account.commitments.filter(current=True).values_list("state", flat=True).first()
    return _case(account, UnitFacts(known.granted, known.live, known.unit_commitment), standing)


def draft_case(account: Account, system: System) -> AccountCase:
    """An account that is not kept yet, as the rules see it."""
    return _case(account, UnitFacts(), None, system)


def _case(
    account: Account, facts: UnitFacts, commitment: str | None, system: System = System.POPULATION, person: str = ""
) -> AccountCase:
    return AccountCase(
        system=system,
        unit=account.unit_id,
        level=Level(account.level),
        chart_name=account.chart,
        state=AccountState(account.state),
        position=account.route_position,
        services=account.service_set,
        granted=facts.granted,
        live=facts.live,
        commitment=PaperState(commitment) if commitment else None,
        unit_commitment=facts.commitment,
        person=person or str(account.person_id or ""),
        suspended_by=DeskKind(account.suspended_by) if account.suspended_by else None,
        activated=account.activated,
        reviewed=account.review_due is None,
        ended=account.valid_until is not None and account.valid_until <= clock.now(),
    )


def unit_case(unit: str, level: str, chart: str, standing: UnitCommitment | None) -> UnitCase:
    """A unit's own commitment as the rules see it: under the chart of the one that stands, else the present one."""
    if standing is None:
        return UnitCase(unit, Level(level), chart)
    return UnitCase(unit, Level(standing.level), standing.chart, UnitCommitmentState(standing.state))
