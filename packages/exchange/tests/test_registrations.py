"""Members, servers and trust services: what may be registered, and what is refused with its code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ketnoi_exchange.actions import Actions
from ketnoi_exchange.app import Exchange
from ketnoi_exchange.refusals import TABLE, ChangeRefused
from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_trust import profiles
from ketnoi_trust.configuration import ApprovedAuthority, AuthorityCertificate, OcspResponder, TimestampAuthority

from .platforms import ADDRESS, BY, DESK, GUEST, INSTANCE, MINISTRY, PROVINCE, SERVER, Authority, fresh, read, register

STRANGER = MemberId(INSTANCE, "GOV", "G99")
ELSEWHERE = MemberId("OTHER", "GOV", "G15")
OTHER_SERVER = SecurityServerId(INSTANCE, "GOV", "H55", "SS01")

Act = Callable[[Actions, Authority], Awaitable[Any]]

REFUSED: list[tuple[str, Act]] = [
    ("member_class_exists", lambda do, ca: do.add_member_class(BY, "GOV", "Again")),
    ("member_class_not_found", lambda do, ca: do.remove_member_class(BY, "COM")),
    ("member_class_is_in_use", lambda do, ca: do.remove_member_class(BY, "GOV")),
    ("validation_failure", lambda do, ca: do.add_member_class(BY, "G/V", "A slash")),
    ("validation_failure", lambda do, ca: do.add_member_class(BY, "..", "Two dots")),
    ("member_exists", lambda do, ca: do.add_member(BY, MINISTRY, "Again")),
    ("member_class_not_found", lambda do, ca: do.add_member(BY, MemberId(INSTANCE, "COM", "1"), "Công ty")),
    ("invalid_member_id", lambda do, ca: do.add_member(BY, ELSEWHERE, "Of another platform")),
    ("validation_failure", lambda do, ca: do.add_member(BY, STRANGER, "  ")),
    ("validation_failure", lambda do, ca: do.add_member(BY, STRANGER, "Bộ\x00Tư pháp")),
    ("validation_failure", lambda do, ca: do.add_member(BY, STRANGER, "n" * 256)),
    ("member_not_found", lambda do, ca: do.rename_member(BY, STRANGER, "A name")),
    ("member_not_found", lambda do, ca: do.remove_member(BY, STRANGER)),
    ("member_in_use", lambda do, ca: do.remove_member(BY, MINISTRY)),
    ("subsystem_exists", lambda do, ca: do.add_subsystem(BY, DESK)),
    ("member_not_found", lambda do, ca: do.add_subsystem(BY, STRANGER.subsystem("X"))),
    ("invalid_subsystem_id", lambda do, ca: do.add_subsystem(BY, ELSEWHERE.subsystem("X"))),
    ("subsystem_registered_and_cannot_be_deleted", lambda do, ca: do.remove_subsystem(BY, GUEST)),
    ("subsystem_not_found", lambda do, ca: do.remove_subsystem(BY, PROVINCE.subsystem("X"))),
    ("security_server_exists", lambda do, ca: do.add_security_server(BY, SERVER, ADDRESS)),
    ("management_request_server_owner_not_found",
     lambda do, ca: do.add_security_server(BY, SecurityServerId(INSTANCE, "GOV", "G99", "SS01"), ADDRESS)),
    ("invalid_server_id", lambda do, ca: do.add_security_server(BY, SecurityServerId("OTHER", "GOV", "G15", "S"), "x")),
    ("management_request_invalid_server_address", lambda do, ca: do.add_security_server(BY, OTHER_SERVER, "a b")),
    ("management_request_invalid_server_address", lambda do, ca: do.add_security_server(BY, OTHER_SERVER, "x:5500")),
    ("management_request_invalid_server_address", lambda do, ca: do.set_server_address(BY, SERVER, "../etc")),
    ("security_server_not_found", lambda do, ca: do.set_server_address(BY, OTHER_SERVER, ADDRESS)),
    ("security_server_not_found", lambda do, ca: do.remove_security_server(BY, OTHER_SERVER)),
    ("management_request_client_already_registered", lambda do, ca: do.add_server_client(BY, SERVER, DESK)),
    ("management_request_member_not_found",
     lambda do, ca: do.add_server_client(BY, SERVER, STRANGER.subsystem("X"))),
    ("management_request_client_registration_not_found",
     lambda do, ca: do.remove_server_client(BY, SERVER, PROVINCE.subsystem("X"))),
    ("ss_auth_certificate_not_found", lambda do, ca: do.remove_authentication_certificate(BY, SERVER, bytes(32))),
    ("management_request_server_not_in_maintenance_mode", lambda do, ca: do.set_maintenance(BY, SERVER, False)),
    ("management_request_invalid_auth_certificate",
     lambda do, ca: do.add_authentication_certificate(BY, SERVER, b"no certificate")),
    ("management_request_invalid_auth_certificate",
     lambda do, ca: do.add_authentication_certificate(BY, SERVER, ca.issue(tls=False))),
    ("management_request_invalid_auth_certificate",
     lambda do, ca: do.add_authentication_certificate(BY, SERVER, ca.issue(authority=True))),
    ("management_request_invalid_auth_certificate",
     lambda do, ca: do.add_authentication_certificate(BY, SERVER, ca.issue(begins=timedelta(days=-9),
                                                                          lasts=timedelta(days=8)))),
    ("management_request_invalid_auth_certificate",
     lambda do, ca: do.add_authentication_certificate(BY, SERVER, ca.issue(begins=timedelta(days=1)))),
    ("management_request_invalid_auth_certificate",
     lambda do, ca: do.add_authentication_certificate(BY, SERVER, Authority("Unsafe CA").issue())),
    ("certificate_already_exists", lambda do, ca: do.add_authority(BY, ca.approved)),
    ("certificate_already_exists", lambda do, ca: do.add_timestamp_authority(BY, ca.stamps)),
    ("rehearsal_mark_violated", lambda do, ca: do.add_authority(BY, Authority("Real CA").approved)),
    ("rehearsal_mark_violated",
     lambda do, ca: do.add_timestamp_authority(BY, TimestampAuthority("Real", "http://x/", ca.certificate))),
    ("not_a_certification_authority", lambda do, ca: do.add_authority(
        BY, ApprovedAuthority("Unsafe leaf", AuthorityCertificate(ca.issue()), profiles.FIVRK))),
    ("cannot_read_certificate", lambda do, ca: do.add_authority(
        BY, ApprovedAuthority("Unsafe", AuthorityCertificate(b"-----BEGIN CERTIFICATE-----"), profiles.FIVRK))),
    ("certificate_profile_info_class_not_found", lambda do, ca: do.add_authority(
        BY, ApprovedAuthority("Unsafe", AuthorityCertificate(Authority().certificate), "ee.Unknown"))),
    ("invalid_url", lambda do, ca: do.add_ocsp_responder(BY, OcspResponder("file:///etc/passwd"), service=1)),
    ("invalid_url", lambda do, ca: do.add_ocsp_responder(BY, OcspResponder("http://user@host/"), service=1)),
    ("invalid_url", lambda do, ca: do.add_ocsp_responder(BY, OcspResponder("http://"), service=1)),
    ("certification_service_not_found", lambda do, ca: do.add_ocsp_responder(BY, OcspResponder("http://x"), service=9)),
    ("intermediate_ca_not_found",
     lambda do, ca: do.add_ocsp_responder(BY, OcspResponder("http://x"), intermediate=9)),
    ("validation_failure",
     lambda do, ca: do.add_ocsp_responder(BY, OcspResponder("http://x", cost="CHEAP"), service=1)),
    ("certification_service_not_found", lambda do, ca: do.remove_authority(BY, 9)),
    ("intermediate_ca_not_found", lambda do, ca: do.remove_intermediate(BY, 9)),
    ("ocsp_responder_not_found", lambda do, ca: do.remove_ocsp_responder(BY, 9)),
    ("timestamping_authority_not_found", lambda do, ca: do.remove_timestamp_authority(BY, 9)),
    ("global_group_not_found", lambda do, ca: do.add_to_group(BY, "nobody", [DESK])),
    ("validation_failure", lambda do, ca: do.set_times(BY, ocsp_freshness=0)),
    ("validation_failure", lambda do, ca: do.set_times(BY, timestamp_interval=10**9)),
    ("validation_failure", lambda do, ca: do.set_addresses(BY, [])),
    ("invalid_url", lambda do, ca: do.set_addresses(BY, ["a b"])),
    ("subsystem_not_found", lambda do, ca: do.set_management_provider(BY, PROVINCE.subsystem("X"))),
    ("invalid_role", lambda do, ca: do.make_api_key(BY, ["ROOT"])),
    ("invalid_role", lambda do, ca: do.make_api_key(BY, [])),
    ("api_key_not_found", lambda do, ca: do.remove_api_key(BY, 99)),
]  # fmt: skip


def test_what_cannot_be_done_is_refused_with_its_code_and_changes_nothing(
    database: str, folder: Path, unsafe: Authority
) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            await exchange.until_published()
            anchor = await exchange.actions.anchor()
            _, _, before = await read(anchor)
            version = await exchange.actions.version()
            for number, (code, act) in enumerate(REFUSED):
                with pytest.raises(ChangeRefused) as refused:
                    await act(exchange.actions, unsafe)
                assert refused.value.code == code, number
            assert await exchange.actions.version() == version
            _, _, after = await read(anchor)
            assert before == after

    asyncio.run(story())


def test_every_refusal_speaks_both_languages() -> None:
    for code, (status, vietnamese, english) in TABLE.items():
        assert status in {400, 401, 403, 404, 405, 409, 413, 503}, code
        assert vietnamese != english
        assert vietnamese.strip()
        assert english.isascii(), code
        assert ChangeRefused(code, "which").status == status


def test_a_certificate_belongs_to_one_server_only(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            certificate = await register(exchange, unsafe)
            with pytest.raises(ChangeRefused) as refused:
                await exchange.actions.add_security_server(BY, OTHER_SERVER, ADDRESS, certificate)
            assert refused.value.code == "management_request_security_server_exists"
            assert refused.value.metadata == (str(SERVER),)
            # All or nothing: the server without its certificate is not there either.
            await exchange.until_published()
            _, configuration, _ = await read(await exchange.actions.anchor())
            assert set(configuration.servers) == {SERVER}

    asyncio.run(story())


async def taken_away(exchange: Exchange) -> None:
    """Everything that `register` has put there, in the order that is needed."""
    do = exchange.actions
    await do.add_group(BY, "opened", "Opened agencies")
    await do.add_to_group(BY, "opened", [PROVINCE, GUEST])
    await do.remove_security_server(BY, SERVER)
    await do.remove_subsystem(BY, GUEST)
    await do.remove_member(BY, PROVINCE)
    await do.remove_authority(BY, 1)
    await do.remove_timestamp_authority(BY, 1)


def test_what_is_taken_away_is_published_no_more(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            await taken_away(exchange)
            await exchange.until_published()
            _, configuration, _ = await read(await exchange.actions.anchor())
            assert set(configuration.members) == {MINISTRY}
            assert set(configuration.subsystems) == {DESK}
            assert not configuration.servers
            assert not configuration.authorities
            assert not configuration.tsa_certificates
            # Whoever leaves is in no group any more, and can come back as somebody new.
            (group,) = configuration.shared.groups
            assert group.members == ()
            await exchange.actions.add_member(BY, PROVINCE, "Tỉnh Thái Nguyên")

    asyncio.run(story())


def test_intermediate_authorities_count_like_the_top(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            do, top, beneath = exchange.actions, Authority("Unsafe top"), Authority("Unsafe beneath")
            id_ = await do.add_authority(BY, top.approved)
            added = await do.add_intermediate(BY, id_, AuthorityCertificate(beneath.certificate))
            await do.add_ocsp_responder(BY, OcspResponder("http://127.0.0.1:9/"), intermediate=added)
            await do.add_member_class(BY, "GOV", "Cơ quan nhà nước")
            await do.add_member(BY, MINISTRY, "Bộ Tư pháp")
            await do.add_security_server(BY, SERVER, ADDRESS, beneath.issue())
            await exchange.until_published()
            _, configuration, _ = await read(await do.anchor())
            assert configuration.ocsp_urls(beneath.certificate) == ("http://127.0.0.1:9/",)
            await do.change_authority(BY, id_, profile=profiles.BASIC, authentication_only=True)
            await do.remove_intermediate(BY, added)
            await exchange.until_published()
            _, configuration, _ = await read(await do.anchor())
            (authority,) = configuration.authorities
            assert (authority.profile, authority.authentication_only) == (profiles.BASIC, True)
            assert authority.intermediates == ()

    asyncio.run(story())


def test_maintenance_groups_times_and_addresses_are_published(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            do = exchange.actions
            await register(exchange, unsafe)
            await do.set_maintenance(BY, SERVER, True, "Nâng cấp đến 18 giờ")
            await do.add_group(BY, "opened", "Opened agencies")
            await do.add_to_group(BY, "opened", [DESK])
            await do.set_times(BY, ocsp_freshness=600, timestamp_interval=5)
            await exchange.until_published()
            _, configuration, _ = await read(await do.anchor())
            maintenance = configuration.server(SERVER).maintenance
            assert maintenance is not None
            assert maintenance.message == "Nâng cấp đến 18 giờ"
            assert DESK in configuration.groups["opened"]
            assert configuration.ocsp_freshness == timedelta(minutes=10)
            assert configuration.timestamp_interval == timedelta(seconds=5)
            fingerprint = (await do.anchor()).fingerprint
            assert (await do.anchor()).fingerprint == fingerprint
            await do.set_addresses(BY, ["cs1.example", "cs2.example:8080"])
            anchor = await do.anchor()
            assert [source.url for source in anchor.sources] == [
                "http://cs1.example/internalconf",
                "http://cs2.example:8080/internalconf",
            ]

    asyncio.run(story())
