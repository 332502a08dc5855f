"""The admin API over HTTPS, in the manner of X-Road's central server."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_exchange.actions.api_keys import ROLES
from ketnoi_exchange.admin.api import LONGEST_BODY
from ketnoi_exchange.app import Exchange
from ketnoi_trust import profiles
from ketnoi_trust.configuration import Anchor

from .operators import Operator, operator
from .platforms import BY, DESK, INSTANCE, MINISTRY, SERVER, Authority, fresh, read, register, rows


@asynccontextmanager
async def at_work(database: str, folder: Path, *roles: str) -> AsyncIterator[tuple[Exchange, Operator]]:
    """A node, and somebody with a key of these roles (all, unless named)."""
    async with fresh(database, folder) as exchange:
        _, key = await exchange.actions.make_api_key(BY, roles or ROLES)
        async with operator(exchange, key) as somebody:
            yield exchange, somebody


def pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def test_a_platform_is_set_up_by_the_recipe_of_the_central_server(
    database: str, folder: Path, unsafe: Authority
) -> None:
    async def story() -> None:
        async with at_work(database, folder) as (exchange, centre):
            ask = centre.ask
            status, _ = await ask("POST", "/member-classes", {"code": "GOV", "description": "Cơ quan nhà nước"})
            assert status == 201
            member = {"member_id": {"member_class": "GOV", "member_code": "G15"}, "member_name": "Bộ Tư pháp"}
            status, told = await ask("POST", "/members", member)
            assert status == 201
            assert told["client_id"]["encoded_id"] == str(MINISTRY)
            assert told["member_name"] == "Bộ Tư pháp"
            subsystem = {"member_class": "GOV", "member_code": "G15", "subsystem_code": "MOTCUA"}
            status, told = await ask("POST", "/subsystems", {"subsystem_id": subsystem})
            assert status == 201
            assert (told["client_id"]["type"], told["client_id"]["encoded_id"]) == ("SUBSYSTEM", str(DESK))
            provider = {"service_provider_id": str(DESK)}
            assert (await ask("PATCH", "/management-services-configuration", provider))[0] == 200

            form = {
                "certificate_profile_info": profiles.FIVRK,
                "tls_auth": "false",
                "default_csr_format": "DER",
                "acme_server_directory_url": "http://127.0.0.1:9/acme",
                "certificate": pem(unsafe.certificate),
            }
            status, told = await ask("POST", "/certification-services", form=form)
            assert status == 201
            assert (told["name"], told["tls_auth"], told["certificate_profile_info"]) == (
                "Unsafe CA",
                False,
                profiles.FIVRK,
            )
            responders = f"/certification-services/{told['id']}/ocsp-responders"
            form = {"url": "http://127.0.0.1:9/ocsp", "cost_type": "FREE", "certificate": pem(unsafe.certificate)}
            status, told = await ask("POST", responders, form=form)
            assert status == 201
            assert told["has_certificate"]
            form = {"url": "http://127.0.0.1:9/tsa", "cost_type": "FREE", "certificate": pem(unsafe.certificate)}
            assert (await ask("POST", "/timestamping-services", form=form))[0] == 201

            status, anchor = await ask("GET", "/configuration-sources/INTERNAL/anchor/download")
            assert status == 200
            assert Anchor.parse(anchor) == await exchange.actions.anchor()
            _, told = await ask("GET", "/configuration-sources/INTERNAL/anchor")
            assert told["anchor"]["hash"] == Anchor.parse(anchor).fingerprint

            # The server asks for its registration, then for its client's.
            certificate = unsafe.issue()
            request = {
                "type": "AUTH_CERT_REGISTRATION_REQUEST",
                "origin": "SECURITY_SERVER",
                "security_server_id": str(SERVER),
                "server_address": "127.0.0.9",
                "authentication_certificate": b64encode(certificate).decode(),
            }
            assert (await ask("POST", "/management-requests", request))[0] == 202
            _, told = await ask("GET", "/management-requests?sort=id&desc=true&status=WAITING")
            waiting = told["items"][0]["id"]
            _, told = await ask("GET", f"/management-requests/{waiting}")
            assert told["status"] == "WAITING"
            assert told["certificate_details"]["subject_common_name"] == "ss01.example"
            status, told = await ask("POST", f"/management-requests/{waiting}/approval")
            assert (status, told["status"]) == (200, "APPROVED")
            request = {
                "type": "CLIENT_REGISTRATION_REQUEST",
                "origin": "SECURITY_SERVER",
                "security_server_id": str(SERVER),
                "client_id": str(DESK),
                "subsystem_name": "Một cửa",
            }
            _, told = await ask("POST", "/management-requests", request)
            assert (await ask("POST", f"/management-requests/{told['id']}/approval"))[0] == 200

            await exchange.until_published()
            _, configuration, _ = await read(Anchor.parse(anchor))
            assert configuration.server_by_authentication_certificate(certificate) == SERVER
            assert [server.id for server in configuration.servers_of(DESK)] == [SERVER]
            assert configuration.subsystems[DESK].name == "Một cửa"
            (authority,) = configuration.authorities
            assert authority.acme is not None
            assert authority.acme.directory_url == "http://127.0.0.1:9/acme"

            _, told = await ask("GET", "/security-servers?q=SS01")
            assert told["items"][0]["server_address"] == "127.0.0.9"
            assert told["paging_metadata"] == {"total_items": 1, "items": 1, "limit": 25, "offset": 0}
            _, (told,) = await ask("GET", f"/members/{MINISTRY}/subsystems")
            assert told["used_security_servers"][0]["encoded_id"] == str(SERVER)
            _, told = await ask("GET", "/health")
            assert told["served_version"] == told["platform_version"] == await exchange.actions.version()
            assert told["problem"] == ""
            _, told = await ask("GET", "/system/version")
            assert told["info"].startswith("Ketnoi exchange")
            _, told = await ask("GET", "/history?after=0")
            assert {row["actor"] for row in told} == {"init", BY, "api-key 2"}

    asyncio.run(story())


def test_nobody_comes_in_without_a_key_that_counts(database: str, folder: Path) -> None:
    async def story() -> None:
        async with at_work(database, folder) as (exchange, centre):
            _, told = await centre.ask("POST", "/api-keys", ["XROAD_REGISTRATION_OFFICER"])
            for key in (None, "", "x", told["key"].upper(), "0" * 36, told["key"] + "x"):
                async with operator(exchange, key) as stranger:
                    assert await stranger.refused("GET", "/security-servers") == (401, "unauthorized")
            async with operator(exchange, told["key"]) as officer:
                assert (await officer.ask("GET", "/security-servers"))[0] == 200
                assert (await centre.ask("DELETE", f"/api-keys/{told['id']}"))[0] == 204
                assert await officer.refused("GET", "/security-servers") == (401, "unauthorized")
            # What was shown once is nowhere kept.
            assert told["key"] not in str(
                await rows(exchange, "SELECT encode(key_sha256, 'escape'), roles FROM api_key")
            )

    asyncio.run(story())


ONLY = {
    "XROAD_REGISTRATION_OFFICER": ("POST", "/members"),
    "XROAD_SECURITY_OFFICER": ("POST", "/member-classes"),
    "XROAD_SYSTEM_ADMINISTRATOR": ("POST", "/timestamping-services"),
    "XROAD_MANAGEMENT_SERVICE": ("GET", "/certification-services"),
}


def test_a_role_opens_its_own_doors_only(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            for role in ROLES:
                _, key = await exchange.actions.make_api_key(BY, [role])
                async with operator(exchange, key) as somebody:
                    for whose, (method, path) in ONLY.items():
                        status, told = await somebody.ask(method, path)
                        if whose == role:
                            assert status in {200, 400}, path
                        elif (whose, role) != ("XROAD_MANAGEMENT_SERVICE", "XROAD_SYSTEM_ADMINISTRATOR"):
                            assert (status, told["error"]["code"]) == (403, "forbidden"), path

    asyncio.run(story())


def test_a_key_gives_no_role_that_it_does_not_have(database: str, folder: Path) -> None:
    async def story() -> None:
        async with at_work(database, folder, "XROAD_SYSTEM_ADMINISTRATOR") as (_, administrator):
            refused = administrator.refused
            assert await refused("POST", "/api-keys", ["XROAD_SECURITY_OFFICER"]) == (400, "invalid_role")
            assert await refused("POST", "/api-keys", []) == (400, "invalid_role")
            status, told = await administrator.ask("POST", "/api-keys", ["XROAD_SYSTEM_ADMINISTRATOR"])
            assert status == 200
            path = f"/api-keys/{told['id']}"
            assert await refused("PUT", path, ["XROAD_REGISTRATION_OFFICER"]) == (400, "invalid_role")
            _, listed = await administrator.ask("GET", path)
            assert listed == {"id": told["id"], "roles": ["XROAD_SYSTEM_ADMINISTRATOR"]}

    asyncio.run(story())


def test_the_same_again_is_409_and_what_is_missing_is_404(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with at_work(database, folder) as (exchange, centre):
            await register(exchange, unsafe)
            refused = centre.refused
            member = {"member_id": {"member_class": "GOV", "member_code": "G15"}, "member_name": "Bộ Tư pháp"}
            assert await refused("POST", "/members", member) == (409, "member_exists")
            again = {"code": "GOV", "description": "x"}
            assert await refused("POST", "/member-classes", again) == (409, "member_class_exists")
            form = {"certificate_profile_info": profiles.FIVRK, "certificate": unsafe.certificate}
            assert await refused("POST", "/certification-services", form=form) == (409, "certificate_already_exists")
            for path in (f"/members/{INSTANCE}:GOV:G99", f"/subsystems/{MINISTRY}:X", f"/security-servers/{SERVER}X",
                         "/management-requests/9", "/certification-services/9", "/intermediate-cas/9",
                         "/ocsp-responders/9", "/timestamping-services/9", "/global-groups/x",
                         "/member-classes/x", "/api-keys/9", "/signing-keys/x"):  # fmt: skip
                status, code = await refused("DELETE", path)
                assert (status, code.endswith("_not_found")) == (404, True), path
            assert (await centre.ask("DELETE", f"/security-servers/{SERVER}"))[0] == 204
            assert await refused("DELETE", f"/security-servers/{SERVER}") == (404, "security_server_not_found")

    asyncio.run(story())


BAD: list[tuple[str, str, dict[str, object], tuple[int, str]]] = [
    ("POST", "/members", {"data": b"{"}, (400, "validation_failure")),
    ("POST", "/members", {"data": b"\xff\xfe"}, (400, "validation_failure")),
    ("POST", "/members", {"data": b""}, (400, "validation_failure")),
    ("POST", "/members", {"json": []}, (400, "validation_failure")),
    ("POST", "/members", {"json": {"member_id": {"member_class": "GOV"}}}, (400, "validation_failure")),
    ("POST", "/members", {"data": b"[" * 20_000}, (400, "validation_failure")),
    ("POST", "/members", {"data": b"x" * (LONGEST_BODY + 1)}, (413, "request_too_large")),
    ("GET", "/members/XX-TEST:GOV", {}, (400, "invalid_member_id")),
    ("GET", "/members/..%2f..%2fetc", {}, (400, "invalid_member_id")),
    ("GET", "/management-requests/1x", {}, (404, "management_request_not_found")),
    ("GET", "/management-requests/99999999999999999999", {}, (404, "management_request_not_found")),
    ("GET", "/management-requests?sort=1;DROP TABLE member", {}, (400, "invalid_sort_properties")),
    ("GET", "/security-servers?limit=0", {}, (400, "invalid_pagination_properties")),
    ("GET", "/security-servers?limit=x", {}, (400, "invalid_pagination_properties")),
    ("GET", "/security-servers?offset=-1", {}, (400, "invalid_pagination_properties")),
    ("GET", "/history?after=x", {}, (400, "invalid_pagination_properties")),
    ("GET", "/configuration-sources/OTHER/anchor", {}, (404, "not_found")),
    ("POST", "/configuration-sources/EXTERNAL/signing-keys", {"json": {}}, (405, "method_not_allowed")),
    ("GET", "/nothing", {}, (404, "not_found")),
    ("PUT", "/members", {"json": {}}, (405, "method_not_allowed")),
    ("POST", "/certification-services", {"form": {"certificate": b"x"}}, (400, "cannot_read_certificate")),
    ("POST", "/certification-services", {"form": {"tls_auth": "true"}}, (400, "validation_failure")),
    ("POST", "/timestamping-services", {"form": {"certificate": b"x" * 60_000}}, (413, "request_too_large")),
]


def test_bad_input_is_refused_clearly_and_changes_nothing(database: str, folder: Path) -> None:
    async def story() -> None:
        async with at_work(database, folder) as (exchange, centre):
            before = await exchange.actions.version()
            for method, path, sent, expected in BAD:
                assert await centre.refused(method, path, **sent) == expected, (method, path)
            assert await exchange.actions.version() == before

    asyncio.run(story())


def test_a_broken_form_is_refused(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            _, key = await exchange.actions.make_api_key(BY, ROLES)
            pinned = ssl.create_default_context(cafile=str(folder / "keys" / "admin" / "certificate.pem"))
            address = f"https://{exchange.settings.listen.host}:{exchange.admin_port}/api/v1/timestamping-services"
            async with aiohttp.ClientSession() as session:
                for kind, body in (
                    ("multipart/form-data; boundary=x", b"no form at all"),
                    ("multipart/form-data", b"--x\r\n\r\n--x--"),
                    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="url"\r\n\r\n'),
                ):
                    headers = {"Authorization": f"X-Road-ApiKey token={key}", "Content-Type": kind}
                    async with session.post(address, data=body, headers=headers, ssl=pinned) as answer:
                        assert answer.status == 400, kind
                        assert (await answer.json())["error"]["code"] == "validation_failure"

    asyncio.run(story())
