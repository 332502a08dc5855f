"""Officers for the signed directory: what stands there from when to when, in which bucket, under which code."""

from __future__ import annotations

import pytest

from ketnoi_portal.accounts import codes, list_actions
from ketnoi_portal.accounts.actions import take
from ketnoi_portal.accounts.codes import BUCKETS, LONGEST, new_codes
from ketnoi_portal.accounts.directory_view import (
    bucket_names,
    changes_since,
    officers_changed_since,
    officers_in,
)
from ketnoi_portal.accounts.models import Account, Numbering
from ketnoi_portal.accounts.writing import AccountGiven
from ketnoi_portal.process.roles import Actor
from ketnoi_portal.publication.directory_board import BUCKETS as BUCKETS_OF_THE_BOARD
from ketnoi_protocol.directory import Officer
from ketnoi_protocol.personal_number import holds_personal_number
from ketnoi_protocol.services import Environment, Service

from .account_helpers import comes_in, commune_with_commitment, ready_to_hand_over
from .applications import an_application
from .offices import found

pytestmark = pytest.mark.django_db

COMMUNE, MANY = "H55.30.12", 200_000


def officers(environment: Environment = Environment.PRODUCTION) -> dict[str, Officer]:
    return {each.code: each for some in officers_in(environment, bucket_names()).values() for each in some}


def active() -> tuple[Account, Actor, Actor]:
    an_application("H55")
    rep, *desks = commune_with_commitment()
    account = ready_to_hand_over(rep, COMMUNE, "an")
    list_actions.hand_over(rep, [account])
    take(desks[0], account, "accept_commitment")
    for desk in desks[:2]:
        list_actions.forward(desk, [account])
    account = take(desks[2], account, "create")
    assert officers() == {}
    account = take(comes_in(account), account, "activate")
    return account, rep, desks[0]


def test_an_officer_stands_there_from_activation_on() -> None:
    found()
    account, rep, team = active()
    assert account.code is not None
    first = officers()[account.code]
    assert first == Officer(account.code, COMMUNE, True, (Service.LOOK_UP_CITIZEN,), account.valid_from)
    why = AccountGiven(reason="kiểm tra")
    take(team, account, "suspend", "district_police", why)
    assert officers()[account.code].active is False
    take(team, account, "resume", given=why)
    assert officers()[account.code].active is True
    take(rep, account, "close", given=why)
    assert officers() == {}


def test_each_act_moves_the_revision_and_names_its_bucket() -> None:
    found()
    account, rep, _ = active()
    seen = changes_since(Environment.PRODUCTION, 0)
    assert seen.buckets == {codes.bucket(account.code or "")}
    assert changes_since(Environment.PRODUCTION, seen.revision).buckets == frozenset()
    take(rep, account, "withdraw_commitment", given=AccountGiven(reason="rút"))
    changed, revision = officers_changed_since(Environment.PRODUCTION, seen.revision)
    assert list(changed) == [account.bucket]
    assert [each.active for each in changed[account.bucket]] == [False]
    assert revision > seen.revision


def test_the_board_has_as_many_buckets() -> None:
    assert BUCKETS == BUCKETS_OF_THE_BOARD == len(bucket_names())


LONG = "H55.ABCDEFGHIJ.KLMNOPQRST"


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("G15", "G15.CB.0001"),
        (COMMUNE, "H55.30.12.CB.0001"),
        ("H55.30.12.45", "H55.30.12.45.CB.0001"),
        ("H55.30.12.456", "H55.30.12.CB.0001"),
        (LONG, "H55.CB.0001"),
    ],
)
def test_a_code_never_exceeds_the_fields_length(unit: str, code: str) -> None:
    assert new_codes(unit, 1) == [code]


def test_codes_are_never_given_twice_and_climb_when_a_unit_is_full() -> None:
    given = new_codes("H55.30.12.456", 1) + new_codes(COMMUNE, 2)
    Numbering.objects.filter(prefix="H55.30.12.CB.").update(last=9_999_998)
    given += new_codes(COMMUNE, 3)
    assert given[-3:] == ["H55.30.12.CB.9999999", "H55.30.CB.0001", "H55.30.CB.0002"]
    assert len(set(given)) == len(given)
    assert all(len(each) <= LONGEST and not holds_personal_number(each) for each in given)


def test_a_code_stays_clear_of_twelve_digits() -> None:
    Numbering.objects.create(prefix="H55.CB.", last=2_000_000_000)
    assert all(not holds_personal_number(each) for each in new_codes("H55", 50))
