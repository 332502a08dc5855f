"""What approved applications make of the directory and of the servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from ketnoi_portal.onboarding.registration import Registration, ServiceEntry, platforms_of
from ketnoi_portal.process.case import Case, Stage
from ketnoi_portal.process.charts import Level
from ketnoi_portal.publication.desired import (
    OFFICERS_CALLS,
    Approved,
    Registered,
    Taken,
    directory_content,
    stand_in,
    wanted_rights,
)
from ketnoi_portal.publication.inherited import Inherited, beside
from ketnoi_protocol.directory import Grant, IntegrationAccount, Organisation, Quota
from ketnoi_protocol.services import Catalogue, Environment, Platform, Service, System

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
TEST, PRODUCTION = Environment.TEST, Environment.PRODUCTION
BODIES = [Organisation(code, code) for code in ("G15", "H38", "H55", "H55.02", "H55.30", "H55.30.12", "H551")]
LOOK_UP, VERIFY = Service.LOOK_UP_CITIZEN, Service.VERIFY_CITIZEN


def approved(
    code: str = "H55",
    stage: Stage = Stage.LIVE,
    *,
    number: int = 1,
    services: tuple[Service, ...] = (LOOK_UP,),
    fields: tuple[str, ...] = ("HoVaTen",),
    server: str = "SS01",
    owner: str = "",
    system: System = System.POPULATION,
    expired: bool = False,
    taken: bool = True,
    registered: bool = True,
) -> Approved:
    platforms = platforms_of(system, services, "2022-seed")
    case = Case(
        system,
        code,
        Level.PROVINCE,
        "chart_2022",
        frozenset(services),
        platforms,
        stage=stage,
        registered=frozenset((platform, each) for platform in Platform for each in Environment if registered),
        expired=expired,
    )
    form = Registration(
        services=tuple(ServiceEntry(service=each, procedures=(" G15-TP110",), fields=fields) for each in services)
    )
    servers = tuple(
        Registered(
            platform,
            environment,
            f"{platform}{suffix}:GOV:{owner or code}:{server}",
            f"{platform}{suffix}:GOV:{owner or code}:MOTCUA",
        )
        for platform in Platform
        for environment, suffix in ((TEST, "-TEST"), (PRODUCTION, ""))
    )
    accounts = tuple(
        Taken(each, f"{code}-{number}-{each}", "PEM", AT + timedelta(days=number)) for each in Environment if taken
    )
    return Approved(f"KN-2026-{number:06d}", case, "2022-seed", form, servers, accounts, AT)


def test_a_live_application_has_its_rights_in_both_environments() -> None:
    for instance in ("VDXP-TEST", "VDXP"):
        (right,) = wanted_rights([approved()], instance).values()
        assert right.subject == f"{instance}:GOV:H55:MOTCUA"
        assert right.service_code == "TraCuuThongTinCongDan"
        assert right.servers == {f"{instance}:GOV:H55:SS01"}
    assert wanted_rights([approved()], "NDXP") == {}, "a look-up goes over VDXP"
    assert list(wanted_rights([approved(services=(VERIFY,))], "NDXP")) != []


def test_the_consent_operations_are_opened_with_the_first_identity_service_and_closed_with_the_last() -> None:
    def codes(*applications: Approved, instance: str = "NDXP") -> set[str]:
        return {code for _, code in wanted_rights(applications, instance)}

    one = approved(services=(VERIFY,), system=System.IDENTITY)
    consent = {each.service_code for each in Catalogue.load("2022-seed").consent_operations}
    assert len(consent) == 2
    assert consent < codes(one)
    assert len(codes(one) - consent) == 1
    assert consent < codes(one, instance="NDXP-TEST")
    for right in wanted_rights([one], "NDXP").values():
        assert (right.subject, right.servers) == ("NDXP:GOV:H55:MOTCUA", {"NDXP:GOV:H55:SS01"})
    other = approved(services=(LOOK_UP,), number=2, system=System.IDENTITY)
    ended = approved(stage=Stage.REVOKED, services=(VERIFY,), system=System.IDENTITY)
    assert consent < codes(ended, other)
    assert codes(ended, approved(stage=Stage.REVOKED, number=2, system=System.IDENTITY)) == set()
    assert not consent & codes(approved(services=(VERIFY,))), "the population services need no consent"


@pytest.mark.parametrize("stage", list(Stage))
def test_only_what_is_opened_has_rights(stage: Stage) -> None:
    in_test = bool(wanted_rights([approved(stage=stage)], "VDXP-TEST"))
    in_production = bool(wanted_rights([approved(stage=stage)], "VDXP"))
    assert in_production is (stage is Stage.LIVE)
    still = {Stage.OPENING, Stage.TESTING, Stage.TESTED, Stage.WITH_PC06, Stage.WITH_C06, Stage.WITH_LEADERSHIP}
    assert in_test is (stage in still | {Stage.APPROVED, Stage.LIVE})


def test_nothing_is_opened_for_another_organisations_server() -> None:
    assert wanted_rights([approved("H55", owner="H38")], "VDXP") == {}


def test_what_is_not_registered_has_no_right() -> None:
    assert wanted_rights([approved(registered=False)], "VDXP") == {}
    one = approved()
    unnamed = Approved(one.number, one.case, one.profile, one.form, (), one.accounts, one.began_at)
    assert wanted_rights([unnamed], "VDXP") == {}


def test_the_same_subsystem_on_two_servers_is_one_right() -> None:
    (right,) = wanted_rights([approved(), approved(number=2, server="SS02")], "VDXP").values()
    assert right.servers == {"VDXP:GOV:H55:SS01", "VDXP:GOV:H55:SS02"}
    assert right.applications == ("KN-2026-000001", "KN-2026-000002")


def test_the_directory_names_the_organisation_and_the_units_beneath() -> None:
    parts = directory_content([approved()], BODIES, PRODUCTION).parts
    assert [each.code for each in parts.organisations] == ["H55", "H55.02", "H55.30", "H55.30.12"]
    (grant,) = parts.grants
    assert (grant.procedures, grant.fields, grant.active) == (("G15-TP110",), ("HoVaTen",), True)
    (account,) = parts.accounts
    assert (account.id, account.active) == ("H55-1-production", True)


def test_a_suspended_unit_does_not_ask_under_the_body_above_it() -> None:
    parts = directory_content([approved(), approved("H55.02", Stage.SUSPENDED, number=2)], BODIES, PRODUCTION).parts
    assert {(each.organisation, each.active) for each in parts.grants} == {("H55", True), ("H55.02", False)}
    assert {(each.organisation, each.active) for each in parts.accounts} == {("H55", True), ("H55.02", False)}


def test_time_that_is_over_closes_by_itself() -> None:
    content = directory_content([approved(expired=True)], BODIES, PRODUCTION)
    assert not any(each.active for each in (*content.parts.grants, *content.parts.accounts))


def test_of_two_in_force_the_newer_counts_and_is_told() -> None:
    both = [approved(fields=("HoVaTen", "ThuongTru")), approved(number=2)]
    content = directory_content(both, BODIES, PRODUCTION)
    assert [each.fields for each in content.parts.grants] == [("HoVaTen",)]
    assert len(content.conflicts) == 1
    assert [each.id for each in content.parts.accounts if each.active] == ["H55-2-production"]


def test_the_replaced_account_counts_until_the_new_one_is_taken() -> None:
    old = approved(stage=Stage.SUPERSEDED)
    parts = directory_content([old, approved(number=2, taken=False)], BODIES, PRODUCTION).parts
    assert [(each.id, each.active) for each in parts.accounts] == [("H55-1-production", True)]


def test_a_test_has_an_account_for_its_calls_and_production_has_not() -> None:
    officer = stand_in(approved(), TEST)
    assert officer is not None
    assert (officer.code, officer.unit, officer.services) == ("THU.2026-000001", "H55", (LOOK_UP,))
    assert stand_in(approved(), PRODUCTION) is None
    identity = stand_in(approved(system=System.IDENTITY), PRODUCTION)
    assert identity is not None
    assert identity.code == "HT.2026-000001"
    assert officer.of_system
    assert identity.of_system
    assert stand_in(approved(stage=Stage.REVOKED), TEST).active is False  # type: ignore[union-attr]


def test_the_volumes_that_were_approved_are_quotas() -> None:
    def quotas(
        application: Approved, environment: Environment, officers_calls: int = OFFICERS_CALLS
    ) -> tuple[Quota, ...]:
        (grant,) = directory_content([application], BODIES, environment, officers_calls).parts.grants
        return grant.quotas

    def volumes(application: Approved) -> Approved:
        form = msgspec.structs.replace(application.form, per_day=3_000, peak_per_second=5)
        return replace(application, form=form)

    asked = (Quota("organisation", 3_000, 86_400), Quota("organisation", 300, 60))
    assert quotas(volumes(approved()), PRODUCTION) == (*asked, Quota("officer", 600, 3_600))
    assert quotas(volumes(approved()), PRODUCTION, 50) == (*asked, Quota("officer", 50, 3_600))
    assert quotas(volumes(approved()), PRODUCTION, 0) == asked
    # One account stands for everybody's there.
    assert quotas(volumes(approved()), TEST) == asked
    assert quotas(volumes(approved(system=System.IDENTITY)), PRODUCTION) == asked


def test_what_was_there_before_stands_until_an_application_replaces_it() -> None:
    def grant(code: str, service: Service) -> Grant:
        return Grant(code, System.POPULATION, service, PRODUCTION, ("X",), (), (), True)

    inherited = Inherited(
        organisations=(Organisation("H38", "Lào Cai"),),
        accounts=tuple(
            IntegrationAccount(f"old-{code}", code, System.POPULATION, PRODUCTION, "PEM", True)
            for code in ("H38", "H55")
        ),
        grants=(grant("H38", LOOK_UP), grant("H38", VERIFY), grant("H55", LOOK_UP)),
    )
    parts = beside(directory_content([approved()], BODIES, PRODUCTION), inherited, {("H38", VERIFY)})
    assert {(each.organisation, each.service): (each.active, each.procedures) for each in parts.grants} == {
        ("H38", LOOK_UP): (True, ("X",)),
        ("H38", VERIFY): (False, ("X",)),
        ("H55", LOOK_UP): (True, ("G15-TP110",)),
    }
    assert {each.id: each.active for each in parts.accounts} == {
        "H55-1-production": True,
        "old-H38": True,
        "old-H55": False,
    }
