"""What security servers ask for: it waits, it is approved or declined, once."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from ketnoi_exchange.actions import Actions, ManagementRequest
from ketnoi_exchange.actions.requests import (
    ADDRESS_CHANGE,
    CERTIFICATE_DELETION,
    CERTIFICATE_REGISTRATION,
    CLIENT_DELETION,
    CLIENT_REGISTRATION,
    MAINTENANCE_ON,
)
from ketnoi_exchange.app import Exchange
from ketnoi_exchange.refusals import ChangeRefused
from ketnoi_protocol.identifiers import SecurityServerId
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_trust.configuration import Configuration

from .operators import operator
from .platforms import BY, DESK, INSTANCE, MINISTRY, PROVINCE, SERVER, Authority, fresh, read, register, rows

SECOND = SecurityServerId(INSTANCE, "GOV", "H55", "SS01")
TAX = PROVINCE.subsystem("THUE")


async def published(exchange: Exchange) -> Configuration:
    await exchange.until_published()
    return (await read(await exchange.actions.anchor()))[1]


async def refused_code(awaited: object) -> str:
    with pytest.raises(ChangeRefused) as refused:
        await awaited  # type: ignore[misc]
    return refused.value.code


def wants_server(certificate: bytes, server: SecurityServerId = SECOND) -> ManagementRequest:
    return ManagementRequest(
        CERTIFICATE_REGISTRATION, "SECURITY_SERVER", server, address="127.0.0.10", certificate=certificate
    )


def wants_client(**more: object) -> ManagementRequest:
    return ManagementRequest(CLIENT_REGISTRATION, "SECURITY_SERVER", SERVER, TAX, **more)  # type: ignore[arg-type]


async def status_of(exchange: Exchange, id_: int) -> str:
    (row,) = await rows(exchange, "SELECT status FROM management_request WHERE id = $1", id_)
    return str(row["status"])


def test_a_registration_counts_once_it_is_approved(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            do: Actions = exchange.actions
            await register(exchange, unsafe)
            certificate = unsafe.issue("ss.h55.example")
            server, status = await do.ask("ss", wants_server(certificate))
            assert status == "WAITING"
            client, _ = await do.ask("ss", wants_client(subsystem_name="Thuế"))
            before = await published(exchange)
            assert SECOND not in before.servers
            assert before.servers_of(TAX) == ()

            await do.approve(BY, server)
            await do.approve(BY, client)
            after = await published(exchange)
            assert after.server(SECOND).address == "127.0.0.10"
            assert after.server_by_authentication_certificate(certificate) == SECOND
            assert after.subsystems[TAX].name == "Thuế"
            assert [each.id for each in after.servers_of(TAX)] == [SERVER]
            assert await status_of(exchange, server) == "APPROVED"

    asyncio.run(story())


def test_a_request_is_decided_once(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            do = exchange.actions
            await register(exchange, unsafe)
            first, _ = await do.ask("ss", wants_client())
            await do.decline(BY, first)
            assert await status_of(exchange, first) == "DECLINED"
            assert await refused_code(do.approve(BY, first)) == "management_request_invalid_state_for_approval"
            assert await refused_code(do.decline(BY, first)) == "management_request_invalid_state"
            assert (await published(exchange)).servers_of(TAX) == ()

            second, _ = await do.ask("ss", wants_client())
            decided = await asyncio.gather(*(do.approve(BY, second) for _ in range(5)), return_exceptions=True)
            assert sorted(isinstance(each, ChangeRefused) for each in decided) == [False, True, True, True, True]
            assert await refused_code(do.decline(BY, second)) == "management_request_invalid_state"
            assert await refused_code(do.approve(BY, 99)) == "management_request_not_found"

    asyncio.run(story())


def test_the_same_does_not_wait_twice(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            do = exchange.actions
            registered = await register(exchange, unsafe)
            await do.ask("ss", wants_client())
            assert await refused_code(do.ask("ss", wants_client())) == "management_request_exists"
            certificate = unsafe.issue()
            await do.ask("ss", wants_server(certificate))
            assert await refused_code(do.ask("ss", wants_server(certificate))) == "management_request_exists"
            # A certificate proves one server: another cannot ask for it, and what is registered already is refused.
            assert await refused_code(do.ask("ss", wants_server(certificate, SERVER))) == "management_request_exists"
            code = await refused_code(do.ask("ss", wants_server(registered)))
            assert code == "management_request_security_server_exists"
            client = ManagementRequest(CLIENT_REGISTRATION, "SECURITY_SERVER", SERVER, DESK)
            assert await refused_code(do.ask("ss", client)) == "management_request_client_already_registered"

    asyncio.run(story())


def test_what_only_takes_away_is_done_at_once(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            do = exchange.actions
            certificate = await register(exchange, unsafe)
            for request in (
                ManagementRequest(CLIENT_DELETION, "SECURITY_SERVER", SERVER, DESK),
                ManagementRequest(CERTIFICATE_DELETION, "SECURITY_SERVER", SERVER, certificate=certificate),
                ManagementRequest(ADDRESS_CHANGE, "SECURITY_SERVER", SERVER, address="127.0.0.77"),
                ManagementRequest(MAINTENANCE_ON, "SECURITY_SERVER", SERVER, comments="Nâng cấp"),
            ):
                assert (await do.ask("ss", request))[1] == "APPROVED"
            after = await published(exchange)
            assert after.servers_of(DESK) == ()
            assert after.server_by_authentication_certificate(certificate) is None
            assert after.server(SERVER).address == "127.0.0.77"
            assert after.server(SERVER).maintenance is not None
            again = ManagementRequest(CLIENT_DELETION, "SECURITY_SERVER", SERVER, DESK)
            assert await refused_code(do.ask("ss", again)) == "management_request_client_registration_not_found"

    asyncio.run(story())


def test_a_registration_can_be_taken_back_before_it_is_decided(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            do = exchange.actions
            await register(exchange, unsafe)
            asked, _ = await do.ask("ss", wants_client())
            await do.ask("ss", ManagementRequest(CLIENT_DELETION, "SECURITY_SERVER", SERVER, TAX))
            assert await status_of(exchange, asked) == "DECLINED"
            waiting, _ = await do.ask("ss", wants_client())
            await do.remove_security_server(BY, SERVER)
            assert await status_of(exchange, waiting) == "DECLINED"

    asyncio.run(story())


def test_an_approval_that_has_become_impossible_is_refused_and_still_waits(
    database: str, folder: Path, unsafe: Authority
) -> None:
    async def story() -> None:
        clock = AdjustableClock()
        async with fresh(database, folder, clock) as exchange:
            do = exchange.actions
            await register(exchange, unsafe)
            asked, _ = await do.ask("ss", wants_server(unsafe.issue(lasts=timedelta(days=2))))
            clock.advance(timedelta(days=3))
            assert await refused_code(do.approve(BY, asked)) == "management_request_invalid_auth_certificate"
            assert await status_of(exchange, asked) == "WAITING"
            stranger = SecurityServerId(INSTANCE, "GOV", "G99", "SS01")
            asked, _ = await do.ask("ss", wants_server(unsafe.issue(lasts=timedelta(days=9)), stranger))
            assert await refused_code(do.approve(BY, asked)) == "management_request_server_owner_not_found"

    asyncio.run(story())


def test_bad_requests_are_refused(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            elsewhere = SecurityServerId("OTHER", "GOV", "G15", "SS01")
            for code, request in (
                ("management_request_not_supported", ManagementRequest("OWNER_CHANGE_REQUEST", "CENTER", SERVER)),
                ("invalid_server_id", wants_server(unsafe.issue(), elsewhere)),
                ("management_request_invalid_auth_certificate", wants_server(b"")),
                ("management_request_invalid_auth_certificate", wants_server(Authority().issue())),
                ("management_request_invalid_server_address",
                 ManagementRequest(CERTIFICATE_REGISTRATION, "SECURITY_SERVER", SERVER, certificate=unsafe.issue())),
                ("management_request_cannot_register_owner",
                 ManagementRequest(CLIENT_REGISTRATION, "CENTER", SERVER, MINISTRY)),
                ("invalid_subsystem_id", ManagementRequest(CLIENT_REGISTRATION, "CENTER", SERVER, PROVINCE)),
                ("invalid_subsystem_id", ManagementRequest(CLIENT_REGISTRATION, "CENTER", SERVER)),
                ("management_request_server_not_found",
                 ManagementRequest(CLIENT_REGISTRATION, "CENTER", SECOND, DESK)),
            ):  # fmt: skip
                assert await refused_code(exchange.actions.ask("ss", request)) == code
            assert await rows(exchange, "SELECT * FROM management_request") == []

    asyncio.run(story())


def test_the_management_service_speaks_for_servers_and_decides_nothing(
    database: str, folder: Path, unsafe: Authority
) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            _, key = await exchange.actions.make_api_key(BY, ["XROAD_MANAGEMENT_SERVICE"])
            request = {"type": CLIENT_REGISTRATION, "security_server_id": str(SERVER), "client_id": str(TAX)}
            async with operator(exchange, key) as service:
                central, own = {**request, "origin": "CENTER"}, {**request, "origin": "SECURITY_SERVER"}
                assert await service.refused("POST", "/management-requests", central) == (403, "forbidden")
                status, told = await service.ask("POST", "/management-requests", own)
                assert (status, told["status"]) == (202, "WAITING")
                approval = f"/management-requests/{told['id']}/approval"
                assert await service.refused("POST", approval) == (403, "forbidden")

    asyncio.run(story())
