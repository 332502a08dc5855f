"""Several people at once: one wins, nothing is lost, nobody waits for ever, no revision is passed over."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from ketnoi_portal.accounts import list_actions
from ketnoi_portal.accounts.actions import Changed, take
from ketnoi_portal.accounts.directory_view import changes_since
from ketnoi_portal.accounts.models import Account, Batch
from ketnoi_portal.accounts.unit_actions import take_for_unit
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.rules import StepRefused
from ketnoi_protocol.services import Environment

from .account_helpers import comes_in, commune_with_commitment, ready_to_hand_over
from .applications import an_application
from .offices import found

pytestmark = pytest.mark.usefixtures("committed")

COMMUNE = "H55.30.12"


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Run these in threads of their own, begun together; what each came to."""
    together = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        together.wait(10)
        try:
            act()
        except (StepRefused, Changed) as refused:
            return type(refused).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(run, acts))


def test_two_officers_of_one_desk_act_on_the_same_account() -> None:
    found()
    an_application("H55")
    rep, team, *_ = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, "an")
    list_actions.hand_over(rep, [account])
    account = take(team, account, "accept_commitment")
    seen = account.version
    came = at_once(
        lambda: take(team, account, "forward", version=seen),
        lambda: take(team, account, "return_request", given=AccountGiven(reason="x"), version=seen),
    )
    assert sorted(came) == ["Changed", "done"]
    account.refresh_from_db()
    assert account.version == seen + 1


def test_lists_sent_at_once_have_numbers_of_their_own_and_each_account_goes_once() -> None:
    found()
    an_application("H55")
    rep, team, *_ = commune_with_commitment()
    accounts = [ready_to_hand_over(rep, COMMUNE, f"n{number}") for number in range(6)]
    list_actions.hand_over(rep, accounts)
    for each in accounts:
        take(team, each, "accept_commitment")
    before = Batch.objects.count()
    came = at_once(
        lambda: list_actions.forward(team, accounts[:4]),
        lambda: list_actions.forward(team, list(reversed(accounts[2:]))),
        lambda: list_actions.forward(team, accounts[4:]),
    )
    assert came == ["done"] * 3
    batches = list(Batch.objects.all())[: Batch.objects.count() - before]
    assert sum(batch.count for batch in batches) == 6
    assert len({batch.number for batch in batches}) == len(batches)
    assert set(Account.objects.values_list("desk", flat=True)) == {"pc06"}
    assert first_broken() is None


def test_a_withdrawn_unit_and_a_resumed_account_leave_nothing_open() -> None:
    found()
    an_application("H55")
    rep, team, pc06, c06 = commune_with_commitment()
    unit, why = Organisation.objects.get(pk=COMMUNE), AccountGiven(reason="x")
    accounts = [ready_to_hand_over(rep, COMMUNE, f"n{number}") for number in range(4)]
    list_actions.hand_over(rep, accounts)
    for each in accounts:
        take(team, each, "accept_commitment")
        for desk in (team, pc06):
            list_actions.forward(desk, [each])
        made = take(c06, each, "create")
        made = take(comes_in(made), made, "activate")
        take(team, made, "suspend", "district_police", why)
    at_once(
        *(lambda each=each: take(team, each, "resume", given=why) for each in accounts),  # type: ignore[misc]
        lambda: take_for_unit(rep, unit, "withdraw_unit_commitment", why),
    )
    assert set(Account.objects.values_list("state", flat=True)) == {AccountState.SUSPENDED}
    newest = max(Account.objects.values_list("revision", flat=True))
    assert changes_since(Environment.PRODUCTION, 0).revision == newest
    assert len(set(Account.objects.values_list("code", flat=True))) == 4
    assert first_broken() is None
