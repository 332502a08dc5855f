"""What is registered is what members read, in every version, believed by signature alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha1, sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from ketnoi_trust.configuration import Configuration, SharedParams
from ketnoi_trust.parsed_certificate import ParsedCertificate

from .platforms import ADDRESS, DESK, GUEST, INSTANCE, MINISTRY, SERVER, Authority, fresh, get, read, register


def test_every_version_says_what_is_registered(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            certificate = await register(exchange, unsafe)
            await exchange.until_published()
            anchor = await exchange.actions.anchor()
            for version in (2, 3, 6):
                listing, configuration, _ = await read(anchor, version=version)
                assert listing.version == version
                judge(configuration, certificate, unsafe)
                registered = configuration.server(SERVER).authentication_certificate_hashes[0]
                digest = registered.sha1 if version == 2 else registered.sha256
                assert digest == (sha1 if version == 2 else sha256)(certificate).digest()
            left = listing.expires_at - datetime.now(UTC)
            assert timedelta(seconds=590) < left < timedelta(seconds=620)

    asyncio.run(story())


def judge(configuration: Configuration, certificate: bytes, unsafe: Authority) -> None:
    """It is what `register` has registered."""
    assert configuration.rehearsal
    assert configuration.instance == INSTANCE
    assert configuration.members[MINISTRY].name == "Bộ Tư pháp"
    assert set(configuration.subsystems) == {DESK, GUEST}
    assert configuration.server(SERVER).address == ADDRESS
    assert configuration.server_by_authentication_certificate(certificate) == SERVER
    assert [server.id for server in configuration.servers_of(GUEST)] == [SERVER]
    assert configuration.authorities[0].top.certificate == unsafe.certificate
    assert configuration.ocsp_urls(unsafe.certificate) == ("http://127.0.0.1:9/ocsp",)
    assert configuration.tsa_certificates == (unsafe.certificate,)
    assert configuration.private is not None
    assert configuration.private.management.provider == DESK


def test_federated_platforms_get_no_private_parameters(database: str, folder: Path, unsafe: Authority) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            await exchange.until_published()
            anchor = await exchange.actions.anchor(external=True)
            assert anchor.sources[0].url.endswith("/externalconf")
            listing, configuration, _ = await read(anchor)
            assert configuration.private is None
            assert {part.content_identifier for part in listing.parts} == {"SHARED-PARAMETERS", "KETNOI-REHEARSAL"}
            assert configuration.members[MINISTRY].name == "Bộ Tư pháp"

    asyncio.run(story())


UNKNOWN = ["1", "4", "7", "06", "", "x", "6&version=6", "%EF%BC%96", "-6", "6%00"]


def test_an_unknown_version_is_not_there(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            host = exchange.settings.listen.host
            for version in UNKNOWN:
                status, body = await get(f"http://{host}:8080/internalconf?version={version}")
                assert status == 404, version
                code, vietnamese, english = body.decode().strip().split("\n")
                assert (code, english) == ("configuration_not_found", "There is no configuration of this version")
                assert vietnamese == "Không có cấu hình phiên bản này"
            # Who names none gets the oldest: only X-Road's oldest do not.
            _, unnamed = await get(f"http://{host}:8080/internalconf")
            assert b"\r\nVersion: 2\r\n" in unnamed

    asyncio.run(story())


OUTSIDE = ["/state", "/../state", "/V6/../state", "/V6/x/../../state", "/V6/x/shared-params.xml", "/V6/%2e%2e/state",
           "/", "/internalconf/x", "/V6//etc/passwd", "/V6/../../keys/admin/key.pem"]  # fmt: skip


def test_nothing_but_what_is_published_can_be_fetched(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            assert (folder / "published" / "state").exists()
            assert (folder / "keys" / "admin" / "key.pem").exists()
            for path in OUTSIDE:
                reader, writer = await asyncio.open_connection(exchange.settings.listen.host, 8080)
                # As it stands: an HTTP library would tidy the path up before it sends it.
                writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                answer = await reader.read()
                writer.close()
                assert int(answer.split()[1]) == 404, path

    asyncio.run(story())


@pytest.mark.parametrize(("profile", "kind"), [("ketnoi", EllipticCurvePublicKey), ("xroad-7.4", RSAPublicKey)])
def test_the_profile_chooses_the_kind_of_key(database: str, folder: Path, profile: str, kind: type) -> None:
    async def story() -> None:
        async with fresh(database, folder, profile=profile) as exchange:
            listing, _, _ = await read(await exchange.actions.anchor(), version=3)
            assert isinstance(ParsedCertificate.parse(listing.signer).public_key, kind)

    asyncio.run(story())


def test_a_platform_that_is_no_rehearsal_carries_no_mark(database: str, folder: Path) -> None:
    async def story() -> None:
        async with fresh(database, folder, rehearsal=False) as exchange:
            _, configuration, files = await read(await exchange.actions.anchor())
            assert not configuration.rehearsal
            assert "KETNOI-REHEARSAL" not in files

    asyncio.run(story())


def test_what_two_nodes_read_of_one_state_is_byte_for_byte_the_same(
    database: str, folder: Path, unsafe: Authority
) -> None:
    async def story() -> None:
        async with fresh(database, folder) as exchange:
            await register(exchange, unsafe)
            await exchange.until_published()
            anchor = await exchange.actions.anchor()
            _, _, first = await read(anchor)
            await exchange.actions.set_times("test", timestamp_interval=60)  # a change that changes nothing
            await exchange.until_published()
            _, _, second = await read(anchor)
            assert first == second
            assert SharedParams.read(first["SHARED-PARAMETERS"]).instance == INSTANCE

    asyncio.run(story())
