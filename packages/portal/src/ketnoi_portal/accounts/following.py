"""What accounts do when an application takes a step: the first ones come with going live."""

from __future__ import annotations

from ketnoi_pages import clock
from ketnoi_portal.accounts.actions import leave
from ketnoi_portal.accounts.facts import facts_of
from ketnoi_portal.accounts.models import Account, PersonalCommitment
from ketnoi_portal.accounts.taking import keep
from ketnoi_portal.accounts.unit_actions import accept_from_dossier
from ketnoi_portal.accounts.writing import begin_turn, make
from ketnoi_portal.audit.models import record
from ketnoi_portal.onboarding.actions import after_every_step
from ketnoi_portal.onboarding.models import Application, ListedAccount
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.case import PaperState
from ketnoi_portal.process.charts import CHARTS, Level
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.settings import current
from ketnoi_portal.staff.handing_over import when_a_role_ends
from ketnoi_portal.staff.models import Assignment, Person
from ketnoi_portal.staff.places import works_on_another_desk_of_the_route
from ketnoi_protocol.services import System


@after_every_step
def follow(application: Application, step_name: str, unit: str, actor: Actor) -> None:
    """Called in the transaction of every step of an application."""
    if application.system != System.POPULATION:
        return
    if step_name == "go_live":
        create_listed(actor, application)


def create_listed(actor: Actor, application: Application) -> list[Account]:
    """The accounts that paper 2 lists, with the commitments of papers 3 and 4 that the dossier's desks accepted.

    They wait for their officers. One whose unit (beneath the applicant) has handed over no commitment of its own yet
    becomes a draft of that unit: there is no account without it. So does that of somebody who decides at a desk.
    """
    papers = {(each.number, each.unit): each for each in application.papers.filter(current=True)}
    accept_from_dossier(actor, application.organisation, papers[3, ""])
    listed = list(application.listed_accounts.filter(removed_at=None, account=None).select_related("unit"))
    facts = facts_of(each.unit_id for each in listed)
    made = []
    for each in listed:
        email = each.email.strip().lower()
        known = Account.objects.filter(unit=each.unit, email=email).exclude(state=AccountState.CLOSED)
        # A renewal lists who is there already. A level that the present chart lacks leads to no desk.
        if known.exists() or Level(each.unit.level) not in CHARTS[current().chart].account_routes:
            continue
        account = _account(actor, each, email)
        accepted = papers[4, each.key]
        PersonalCommitment.objects.create(
            account=account,
            file=accepted.file,
            file_name=accepted.file_name,
            verdict=accepted.verdict,
            scan=accepted.scan,
            state=PaperState.ACCEPTED,
            filed_at=accepted.filed_at,
            filed_by=accepted.filed_by,
            accepted_at=accepted.accepted_at,
            accepted_by=accepted.accepted_by,
        )
        decides = works_on_another_desk_of_the_route(email, each.unit)
        if facts[each.unit_id].commitment is PaperState.ACCEPTED and not decides:
            account.state = AccountState.CREATED
            begin_turn(account, AccountState.CREATED)
            make(actor, account)
        else:
            account.commitments.update(state=PaperState.FILED)
        record(actor, "create_listed", "account", account.pk, after={"state": account.state, "unit": account.unit_id})
        keep(account)
        made.append(account)
    return made


def _account(actor: Actor, listed: ListedAccount, email: str) -> Account:
    at = clock.now()
    services = listed.services or [str(service) for service in sorted(listed.application.services)]
    return Account.objects.create(
        unit=listed.unit,
        level=listed.unit.level,
        chart=current().chart,
        full_name=listed.full_name,
        position=listed.position,
        email=email,
        services=services,
        state_since=at,
        asked_at=at,
        asked_by=actor.person,
        listed=listed,
    )


@when_a_role_ends
def close_of_whoever_left(actor: Actor, person: Person, office: str, reason: str) -> None:
    """Whoever is no officer of a unit any more has no account there."""
    kind, _, unit = office.partition(":")
    still = Assignment.objects.filter(person=person, role=Role.OFFICER, organisation=unit, until=None)
    if kind == "agency" and not still.exists():
        leave(actor, person, unit, reason)
