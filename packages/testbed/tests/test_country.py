"""A country comes up whole: two environments under the portal's directory, and newcomers who have nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ketnoi_client.problems import SettingsError
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_testbed.asking import person_of
from ketnoi_testbed.country import Country
from ketnoi_testbed.forms import registration
from ketnoi_testbed.visitor import PageRefused, Visitor

from ketnoi_protocol.services import Environment, Platform, Service  # isort: skip


@pytest.fixture(scope="module")
def country() -> Iterator[Country]:
    with Country(people=300, production_people=300, durable=False) as up:
        yield up


@pytest.mark.parametrize("environment", list(Environment))
def test_who_was_connected_before_is_answered_under_the_portals_directory(
    country: Country, environment: Environment
) -> None:
    world = country.worlds[environment]
    for code in ("G15", "H55"):
        assert world.agency(code).look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua == "00"
    assert not hasattr(world, "directory")


def test_the_environments_have_nothing_in_common(country: Country) -> None:
    test, production = country.test, country.production
    assert {each.host for each in test.servers.values()}.isdisjoint({each.host for each in production.servers.values()})
    assert {each.settings.database for each in test.servers.values()}.isdisjoint(
        {each.settings.database for each in production.servers.values()}
    )
    assert test.authority.ca.der != production.authority.ca.der
    assert test.directory_signer.der != production.directory_signer.der


def test_no_platform_knows_a_newcomer_and_c06_gives_it_nothing(country: Country) -> None:
    for world in country.worlds.values():
        newcomers = {each.code for each in world.plan.newcomers}
        assert newcomers == {"H30", "H38", "G03", "G17", "G18"}
        for exchange in world.exchanges.values():
            globalconf = world.server(exchange.part.platform, "G15").hosted.running.state.globalconf
            known = {server.member_code for server in globalconf.current().servers}
            assert known & newcomers == set()
            assert "G15" in known
        with pytest.raises(SettingsError):
            world.agency("H38").look_up_citizen(person_of(world.people.full), officer="H38.CB.0001")


def test_a_newcomers_form_names_its_own_servers(country: Country) -> None:
    form = registration(list(country.worlds.values()), "H38", [Service.LOOK_UP_CITIZEN])
    found = {(each.platform, each.environment): each for each in form.servers}
    assert set(found) == {(Platform.VDXP, environment) for environment in Environment}
    entry = found[Platform.VDXP, Environment.PRODUCTION]
    assert SecurityServerId.from_slash(entry.server) in country.production.servers
    ministry = registration(list(country.worlds.values()), "G03", list(Service))
    assert len(ministry.servers) == 4


def test_everybody_has_a_card_and_strangers_have_none(country: Country) -> None:
    with Visitor(country.portal.url, "Phan Anh Dũng") as handler:
        assert "Phan Anh Dũng" in handler.open("/nhan-su/toi/").text
    with pytest.raises(LookupError), Visitor(country.portal.url, "Không Có Ai"):
        pass
    with Visitor(country.portal.url) as nobody, pytest.raises(PageRefused) as refused:
        nobody.open("/khong-co-trang-nay/")
    assert refused.value.status == 404


def test_a_staged_country_hands_its_directory_over_and_nothing_stays() -> None:
    with Country(people=200, production_people=200, durable=False, staged=True) as up:
        world, folders = up.test, [up.test.folder, up.portal.folder]
        assert not up.portal.processes
        assert world.agency("G15").look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua == "00"
        before = world.registry.hosted.running.directory.current(world.clock.now()).manifest.version
        up.complete()
        processes = [each.pid for each in up.portal.processes.values()]
        assert len(processes) == 4
        newest = lambda: world.registry.hosted.running.directory.current(world.clock.now()).manifest.version  # noqa: E731
        world.until(lambda: newest() > before + 1_000, within=60)
        assert world.agency("G15").look_up_citizen(person_of(world.people.full)).answer.ma_ket_qua == "00"
    assert not any(folder.exists() for folder in folders)
    assert not [pid for pid in processes if Path(f"/proc/{pid}/cmdline").exists()]
