"""What an application's steps do to accounts: the first ones come with going live, and nobody before."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ketnoi_portal.accounts.actions import take
from ketnoi_portal.accounts.directory_view import bucket_names, officers_in
from ketnoi_portal.accounts.models import Account, UnitCommitment
from ketnoi_portal.accounts.unit_actions import take_for_unit
from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.files.models import Blob
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.models import Application
from ketnoi_portal.onboarding.writing import Given, ProvedCall
from ketnoi_portal.process.account_case import AccountState
from ketnoi_portal.process.roles import SYSTEM_ACTOR, Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication.desired import directory_content
from ketnoi_portal.publication.reading import approved_applications
from ketnoi_protocol.directory import Officer
from ketnoi_protocol.services import Environment, System

from .account_helpers import comes_in, commitment
from .forms import a_form
from .offices import at_agency, at_desk, found

pytestmark = pytest.mark.django_db


def officers(environment: Environment) -> list[Officer]:
    return [each for some in officers_in(environment, bucket_names()).values() for each in some]


class Walk:
    """An application of H55 on its way, with everybody whom it needs."""

    def __init__(self) -> None:
        found()
        self.rep, self.c06 = at_agency("H55"), at_desk("c06", Role.HANDLER)
        self.pc06, self.vpcp = at_desk("pc06-h55", Role.HANDLER), at_desk("vdxp", Role.OPERATOR)
        self.blob = Blob.keep(b"proof", "application/zip")
        self.application = actions.begin(self.rep, Organisation.objects.get(pk="H55"), System.POPULATION)

    def take(self, actor: Actor, step: str, unit: str = "", given: Given | None = None) -> Application:
        self.application = actions.take(actor, self.application, step, unit, given)
        return self.application

    def to_the_test(self) -> None:
        actions.save_form(self.rep, self.application, a_form())
        self.take(self.rep, "submit")
        self.take(self.vpcp, "register_on_platform", "VDXP/test")
        self.take(self.c06, "accept")
        self.take(self.rep, "take_account", "test", Given(public_key="PEM"))
        self.take(SYSTEM_ACTOR, "pass_connection_check")

    def list(self, key: str, unit: str, name: str) -> None:
        organisation = Organisation.objects.get(pk=unit)
        told = Given(full_name=name, position="CV", email=f"{name}@example.vn", organisation=organisation)
        self.take(self.rep, "list_account", key, told)

    def to_production(self, *keys: str) -> None:
        a05, a06 = at_desk("a05", Role.ASSESSOR), at_desk("a06", Role.ASSESSOR)
        leaders = [at_desk("lanh-dao", Role.LEADER, level=level) for level in (1, 2)]
        proof = ProvedCall("id", "00", datetime(2026, 1, 1, tzinfo=UTC), self.blob, self.blob)
        for outcome in ("answered", "refused"):
            self.take(SYSTEM_ACTOR, "record_test_call", f"look_up_citizen/{outcome}", Given(evidence=proof))
        self.take(self.rep, "send_survey")
        for assessor, unit in ((a05, "a05"), (a06, "a06")):
            self.take(assessor, "confirm_security", unit, Given(number="1/XN", dated=date(2026, 1, 1)))
        self.take(self.rep, "confirm_test")
        self.take(self.c06, "complete_test")
        units = ["1", "2", "3", *(f"4/{key}" for key in keys)]
        for unit in units:
            signed = {"state": "valid", "checked_at": "2026-01-01T00:00:00Z"}
            given = Given(file=self.blob, file_name=f"{unit[0]}.pdf", verdict=signed)
            self.take(self.rep, "file_paper", unit, given)
        self.take(self.rep, "hand_in_to_pc06")
        for unit in units:
            self.take(self.pc06, "accept_paper", unit)
        self.take(self.pc06, "forward")
        self.take(self.c06, "submit_to_leadership")
        for level, leader in enumerate(leaders, 1):
            self.take(leader, "decide", str(level), Given(number=str(level)))
        self.take(self.vpcp, "register_on_platform", "VDXP/production")
        self.take(self.c06, "go_live")


def test_a_listed_account_is_nobodys_before_going_live() -> None:
    walk = Walk()
    walk.to_the_test()
    walk.list("TK1", "H55", "an")
    assert [officers(environment) for environment in Environment] == [[], []]
    assert Account.objects.count() == 0
    # Test calls are made in the name of the information system, from before anybody is listed.
    told = directory_content(approved_applications(), [], Environment.TEST)
    assert [(each.code[:4], each.unit, each.active) for each in told.stand_ins] == [("THU.", "H55", True)]
    walk.take(walk.rep, "withdraw", given=Given(reason="thôi"))
    told = directory_content(approved_applications(), [], Environment.TEST)
    assert [each.active for each in told.stand_ins] == [False]


def test_going_live_creates_the_accounts_that_paper_2_lists() -> None:
    walk = Walk()
    walk.to_the_test()
    walk.list("TK1", "H55", "an")
    walk.list("TK2", "H55.02", "binh")
    walk.to_production("TK1", "TK2")
    assert UnitCommitment.objects.get().unit_id == "H55"
    first, second = Account.objects.order_by("full_name")
    assert (first.state, first.code) == (AccountState.CREATED, "H55.CB.0001")
    assert first.commitments.get(current=True).state == "accepted"
    # Its unit has handed over no commitment of its own: there is no account without it.
    assert (second.state, second.code, second.unit_id) == (AccountState.DRAFT, None, "H55.02")
    assert second.commitments.get(current=True).state == "filed"
    take(comes_in(first), first, "activate")
    assert [each.code for each in officers(Environment.PRODUCTION)] == ["H55.CB.0001"]
    assert first_broken() is None
    rep = at_agency("H55.02")
    with pytest.raises(StepRefused, match="missing:unit_commitment_accepted"):
        take(rep, second, "hand_over_to_pc06")
    unit = Organisation.objects.get(pk="H55.02")
    take_for_unit(rep, unit, "file_unit_commitment", commitment("so"))
    take_for_unit(walk.pc06, unit, "accept_unit_commitment")
    assert take(rep, second, "hand_over_to_pc06").state == AccountState.WITH_DESK
    # Accounts stay when the organisation is suspended; the directory's grants are what closes.
    walk.take(walk.c06, "suspend", given=Given(reason="kiểm tra"))
    first.refresh_from_db()
    assert first.state == AccountState.ACTIVE
