"""One act stops an organisation, and all beneath it; another officer lifts the stop."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ketnoi_portal.agencies.models import Organisation
from ketnoi_portal.audit.models import Event
from ketnoi_portal.notices.models import Letter
from ketnoi_portal.onboarding.actions import begin
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.process.rules import StepRefused
from ketnoi_portal.publication.desired import directory_content, wanted_rights
from ketnoi_portal.publication.inherited import Inherited, beside
from ketnoi_portal.publication.models import Stop
from ketnoi_portal.publication.revisions import present_revision
from ketnoi_portal.publication.stops import close, going_on, is_stopped, lift_stop, stop_agency, stopped_codes
from ketnoi_portal.staff.models import Person
from ketnoi_protocol.directory import Grant, IntegrationAccount
from ketnoi_protocol.services import Environment, Service, System

from .browsing import as_person
from .offices import at_agency, at_desk, found
from .test_desired import BODIES, LOOK_UP, PRODUCTION, approved

WHY = "Lượt tra cứu bất thường"


def test_whoever_is_beneath_a_stopped_organisation_is_stopped() -> None:
    assert is_stopped("H55", {"H55"})
    assert is_stopped("H55.30.12", {"H55.30"})
    assert not is_stopped("H551", {"H55"})
    assert not is_stopped("H55", {"H55.30"})


@pytest.mark.parametrize("environment", list(Environment))
def test_the_directory_lets_nobody_who_is_stopped_ask_anything(environment: Environment) -> None:
    both = [approved(), approved("H38", number=2), approved("H55.02", number=3)]
    inherited = Inherited(
        accounts=(IntegrationAccount("old", "H55.02", System.IDENTITY, environment, "PEM", True),),
        grants=(Grant("H55.02", System.IDENTITY, LOOK_UP, environment, ("X",), (), (), True),),
    )
    before = beside(directory_content(both, BODIES, environment), inherited, set())
    assert {each.organisation for each in before.grants if each.active} == {"H38", "H55", "H55.02"}
    after = close(before, environment, {"H55"})
    assert {each.organisation for each in after.grants if each.active} == {"H38"}
    assert {each.organisation for each in after.accounts if each.active} == {"H38"}
    assert after.organisations == before.organisations
    assert close(before, environment, set()) == before


def test_a_stopped_unit_does_not_ask_under_the_licence_above_it() -> None:
    parts = close(directory_content([approved()], BODIES, PRODUCTION).parts, PRODUCTION, {"H55.02"})
    closed = {(each.system, each.service) for each in parts.grants if each.organisation == "H55.02"}
    assert closed == {(system, service) for system in System for service in Service}
    assert not any(each.active for each in parts.grants if each.organisation == "H55.02")
    assert any(each.active for each in parts.grants if each.organisation == "H55")


def test_rights_on_the_servers_end_as_well() -> None:
    both = [approved(), approved("H38", number=2)]
    left = wanted_rights(going_on(both, {"H55"}), "VDXP")
    assert {right.organisation for right in left.values()} == {"H38"}


@pytest.fixture
def province(db: None) -> Organisation:
    found()
    return Organisation.objects.get(pk="H55")


def officer(role: Role = Role.HANDLER) -> Actor:
    return at_desk("c06", role)


def test_one_stops_and_another_lifts(province: Organisation) -> None:
    first, second = officer(), officer(Role.PUBLISHER)
    revision = present_revision()
    province.email = "van-thu@thai-nguyen.example"
    province.save()
    rep = at_agency("H55")
    stop_agency(first, province, WHY)
    assert stopped_codes() == {"H55"}
    assert present_revision() > revision
    letters = Letter.objects.filter(subject__contains="dừng mọi lượt khai thác")
    assert {each.address for each in letters} == {province.email, Person.objects.get(pk=rep.person).email}
    assert all(WHY in each.body for each in letters)
    with pytest.raises(StepRefused) as again:
        stop_agency(second, province, WHY)
    with pytest.raises(StepRefused) as own:
        lift_stop(first, province, "nhầm")
    assert [each.code for each in (*again.value.reasons, *own.value.reasons)] == ["stopped_already", "same_person"]
    revision = present_revision()
    lift_stop(second, province, "Đã làm rõ")
    assert stopped_codes() == frozenset()
    assert present_revision() > revision
    assert list(Event.objects.filter(kind="organisation").order_by("pk").values_list("act", "note")) == [
        ("stop_agency", WHY), ("lift_stop", "Đã làm rõ"),
    ]  # fmt: skip
    with pytest.raises(StepRefused):
        lift_stop(second, province, "lần nữa")
    stop_agency(second, province, "lại")
    assert Stop.objects.count() == 2


@pytest.mark.parametrize(("desk", "role"), [("pc06-h55", Role.HANDLER), ("c06", Role.AUDITOR), ("a05", Role.HANDLER)])
def test_nobody_else_stops_anybody(province: Organisation, desk: str, role: Role) -> None:
    for actor in (at_desk(desk, role), at_agency("H55")):
        with pytest.raises(StepRefused) as refused:
            stop_agency(actor, province, WHY)
        assert [each.code for each in refused.value.reasons] == ["not_your_role"]
    assert not Stop.objects.exists()


def test_whoever_is_stopped_reads_it_on_the_applications_page(province: Organisation) -> None:
    handler, rep = officer(), at_agency("H55.02")
    unit = Organisation.objects.get(pk="H55.02")
    page = reverse("onboarding:application", args=[begin(rep, unit, System.POPULATION).pk])
    told = "C06 đã dừng mọi lượt khai thác của Tỉnh Thái Nguyên"
    assert told not in as_person(rep).get(page).content.decode()
    stop_agency(handler, province, WHY)
    shown = as_person(rep).get(page).content.decode()
    assert told in shown
    assert WHY in shown
    lift_stop(officer(Role.PUBLISHER), province, "Rõ")
    assert told not in as_person(rep).get(page).content.decode()


def test_the_page_of_stops(province: Organisation) -> None:
    first, second = officer(), officer(Role.PUBLISHER)
    browser, address = as_person(first), reverse("publication:stops")
    assert "Chưa dừng cơ quan nào" in browser.get(address).content.decode()
    wrong = browser.post(address, {"code": "X99", "reason": ""})
    assert wrong.status_code == 422
    assert "Không có cơ quan nào mang mã này" in wrong.content.decode()
    told = browser.post(address, {"code": "h55", "reason": WHY}, follow=True).content.decode()
    assert WHY in told
    assert "Một cán bộ khác của C06 bỏ lệnh dừng" in told
    assert "Đang dừng khai thác" in browser.get(reverse("publication:overview")).content.decode()
    lift = reverse("publication:lift_stop", args=["H55"])
    assert "Người đã dừng không tự bỏ" in browser.post(lift, {"reason": "x"}, follow=True).content.decode()
    assert "Đã bỏ lệnh dừng" in as_person(second).post(lift, {"reason": "Rõ"}, follow=True).content.decode()
    assert stopped_codes() == frozenset()
    for stranger in (at_agency("H55"), at_desk("pc06-h55", Role.HANDLER)):
        assert as_person(stranger).get(address).status_code == 404
        assert as_person(stranger).post(address, {"code": "H55", "reason": WHY}).status_code == 404
