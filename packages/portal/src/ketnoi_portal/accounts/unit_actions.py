"""What a unit's own commitment goes through; without an accepted one none of its people has an account."""

from __future__ import annotations

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_portal.accounts.facts import cases_of, unit_case
from ketnoi_portal.accounts.models import Account, UnitCommitment
from ketnoi_portal.accounts.taking import REASON_MISSING, locked_all, system_step
from ketnoi_portal.accounts.writing import AccountGiven, check_signed
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import record
from ketnoi_portal.onboarding.models import Paper
from ketnoi_portal.papers import verdicts
from ketnoi_portal.process.account_case import AccountState, UnitCase, UnitCommitmentState
from ketnoi_portal.process.account_steps import ACCOUNT_STEP
from ketnoi_portal.process.accounts import apply_account_step, check_account_step
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.process.unit_commitments import UNIT_STEP
from ketnoi_portal.settings import current


def standing(unit: Organisation) -> UnitCommitment | None:
    """The commitment of a unit that stands, or the last word on it."""
    return UnitCommitment.objects.filter(unit=unit, current=True).first()


def case_of_unit(unit: Organisation) -> UnitCase:
    """A unit's own commitment as the rules see it."""
    return unit_case(unit.code, unit.level, current().chart, standing(unit))


def take_for_unit(
    actor: Actor, unit: Organisation, step_name: str, given: AccountGiven | None = None
) -> UnitCommitment:
    """Take one step with a unit's commitment. Raises StepRefused.

    When it is withdrawn or handed in anew, the unit's accounts are suspended in the same transaction.
    """
    step, told = UNIT_STEP[step_name], given or AccountGiven()
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=unit.pk)
        # All of its accounts: whoever acts on one of them now has ended, or waits until this is done.
        open_accounts = Account.objects.filter(unit=unit).exclude(state=AccountState.CLOSED)
        accounts = locked_all(list(open_accounts.values_list("pk", flat=True)))
        found = standing(unit)
        before = unit_case(unit.code, unit.level, current().chart, found)
        check_account_step(step, before, "", actor)
        if step.needs_reason and not told.reason.strip():
            raise StepRefused([REASON_MISSING])
        after = apply_account_step(step, before, "")
        if step_name == "file_unit_commitment":
            written = _file(actor, unit, after, told)
        else:
            assert found is not None
            if after.state is UnitCommitmentState.ACCEPTED:
                check_signed(found.verdict, told)
                found.scan = verdicts.needs_a_scan(found.verdict)
            written = _decide(actor, found, after, told)
        record(
            actor,
            step_name,
            "unit_commitment",
            unit.code,
            before={"state": before.state},
            after={"state": after.state, "file": written.file_id},
            note=told.reason,
        )
        _suspend_where_it_is_gone(accounts)
    return written


def accept_from_dossier(actor: Actor, unit: Organisation, paper: Paper) -> None:
    """Take over paper 3 of a dossier that went live as the applicant's commitment, unless one stands already."""
    found = standing(unit)
    if found is not None and found.state == UnitCommitmentState.ACCEPTED:
        return
    case = unit_case(unit.code, unit.level, current().chart, None)
    given = AccountGiven(
        file=paper.file,
        file_name=paper.file_name,
        verdict=paper.verdict,
        scan=paper.scan,
    )
    written = _file(actor, unit, case.but(state=UnitCommitmentState.ACCEPTED), given)
    written.decided_at, written.decided_by = clock.now(), actor.person
    written.save(update_fields=["decided_at", "decided_by"])
    record(actor, "accept_from_dossier", "unit_commitment", unit.code, after={"file": written.file_id})


def _file(actor: Actor, unit: Organisation, after: UnitCase, given: AccountGiven) -> UnitCommitment:
    assert given.file is not None
    UnitCommitment.objects.filter(unit=unit, current=True).update(current=False)
    return UnitCommitment.objects.create(
        unit=unit,
        chart=after.chart_name,
        level=after.level,
        desk=after.desk,
        file=given.file,
        file_name=given.file_name,
        verdict=given.verdict,
        scan=given.scan,
        state=after.state,
        filed_at=clock.now(),
        filed_by=actor.person,
    )


def _decide(actor: Actor, found: UnitCommitment, after: UnitCase, given: AccountGiven) -> UnitCommitment:
    found.state = after.state
    found.decided_at, found.decided_by, found.reason = clock.now(), actor.person, given.reason
    found.save()
    return found


def _suspend_where_it_is_gone(accounts: list[Account]) -> None:
    step = ACCOUNT_STEP["suspend_for_unit"]
    cases = cases_of(accounts)
    for account in accounts:
        case = cases[account]
        if case.state in step.sources and step.when(case):
            system_step(account, case, step.name, "Cam kết của đơn vị không còn hiệu lực")
