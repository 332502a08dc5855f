"""The publisher against a real database and over HTTP: what is decided is published, and versions never go back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import connection, transaction

from ketnoi_pages import clock
from ketnoi_portal.onboarding import actions
from ketnoi_portal.onboarding.writing import Given
from ketnoi_portal.process.roles import Actor, Role
from ketnoi_portal.publication.directory_publisher import DirectoryPublisher, SettingsMissing
from ketnoi_portal.publication.models import PublishedDirectory
from ketnoi_portal.publication.revisions import next_revision, present_revision
from ketnoi_portal.settings import Directory, Settings
from ketnoi_protocol.directory import Grant, IntegrationAccount, Manifest
from ketnoi_protocol.services import Environment
from ketnoi_runtime.clock import SystemClock
from ketnoi_trust.directory import read_bucket, verify_manifest

from .applications import an_application
from .offices import at_desk, found

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def signer(authority: Any) -> Any:
    return authority.issue_authentication("Unsafe Directory")


@pytest.fixture
def own(tmp_path: Path, signer: Any) -> Settings:
    pem = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "certificate.pem").write_bytes(signer.pem)
    told = Directory(environment=Environment.TEST, certificate="certificate.pem", key="key.pem", interval=0.2)
    return Settings(database="", secret_key_file="", base=str(tmp_path), rehearsal=True, directories=(told,))


@pytest.fixture
def c06(committed: str) -> Actor:
    found()
    return at_desk("c06", Role.HANDLER)


class Reader:
    """As the registry reads."""

    def __init__(self, session: aiohttp.ClientSession, url: str, certificate: bytes) -> None:
        self._session, self._url, self._certificate = session, url, certificate

    async def manifest(self) -> Manifest:
        async with self._session.get(f"{self._url}/manifest.jws") as answer:
            return verify_manifest(await answer.read(), self._certificate, clock.now())

    async def bucket(self, digest: str, kind: type) -> list[Any]:
        async with self._session.get(f"{self._url}/bucket/{digest}") as answer:
            assert answer.status == 200
            return read_bucket(await answer.read(), digest, kind)

    async def grants(self) -> list[Grant]:
        return await self.bucket((await self.manifest()).grants, Grant)

    async def until(self, is_so: Callable[[], Awaitable[bool]], within: float = 5.0) -> float:
        began = time.monotonic()
        while not await is_so():
            assert time.monotonic() - began < within, "it did not come to pass"
            await asyncio.sleep(0.05)
        return time.monotonic() - began


@asynccontextmanager
async def publishing(own: Settings, signer: Any) -> Any:
    publisher = DirectoryPublisher(own, Environment.TEST)
    await publisher.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield publisher, Reader(session, publisher.server.url, signer.der)
    finally:
        await publisher.stop()


def in_thread(work: Callable[[], Any]) -> Awaitable[Any]:
    def run() -> Any:
        try:
            return work()
        finally:
            connection.close()

    return asyncio.to_thread(run)


def test_a_revocation_is_published_within_seconds(own: Settings, signer: Any, c06: Actor) -> None:
    one = an_application("H55", number="KN-2026-000001")

    async def act() -> None:
        async with publishing(own, signer) as (_, reader):
            assert [each.active for each in await reader.grants()] == [True]
            accounts = await reader.bucket((await reader.manifest()).accounts, IntegrationAccount)
            assert [each.active for each in accounts] == [True]
            old = (await reader.manifest()).grants
            await in_thread(lambda: actions.take(c06, one, "revoke", given=Given(reason="lạm dụng")))

            async def closed() -> bool:
                return [each.active for each in await reader.grants()] == [False]

            assert await reader.until(closed) < 4
            assert await reader.bucket(old, Grant), "whoever still holds the manifest before can read it"

    asyncio.run(act())


def test_versions_grow_over_restarts_and_over_a_database_that_comes_back_older(own: Settings, signer: Any) -> None:
    found()
    seen = []

    async def look() -> None:
        async with publishing(own, signer) as (_, reader):
            for _ in range(3):
                before = seen[-1] if seen else 0

                async def signed_again(before: int = before) -> bool:
                    version = (await reader.manifest()).version
                    assert version >= before
                    return version > before

                await reader.until(signed_again)
                seen.append((await reader.manifest()).version)

    asyncio.run(look())
    asyncio.run(look())
    PublishedDirectory.objects.update(version=3)
    clock_before = clock.use(Ahead())
    try:
        asyncio.run(look())
    finally:
        clock.use(clock_before)
    assert seen == sorted(set(seen))
    assert len(seen) == 9


class Ahead:
    """Some seconds later."""

    def now(self) -> Any:
        return SystemClock().now() + timedelta(seconds=30)


def test_whoever_starts_last_signs_and_the_other_ends(own: Settings, signer: Any) -> None:
    found()

    async def act() -> None:
        async with publishing(own, signer) as (first, reader), publishing(own, signer) as (second, other):
            await asyncio.wait_for(first.until_replaced(), 5)
            last = (await reader.manifest()).version
            await asyncio.sleep(0.5)
            assert (await reader.manifest()).version == last
            assert (await other.manifest()).version > last
            assert not second.server.ended.is_set()

    asyncio.run(act())


def test_a_publisher_without_its_key_or_with_a_wrong_mark_does_not_start(own: Settings) -> None:
    with pytest.raises(SettingsMissing):
        DirectoryPublisher(own, Environment.PRODUCTION)
    with pytest.raises(SettingsMissing):
        DirectoryPublisher(msgspec.structs.replace(own, rehearsal=False), Environment.TEST)


def test_every_step_raises_the_revision_and_no_step_does_so_outside_its_transaction(c06: Actor) -> None:
    one, before = an_application("H55", number="KN-2026-000001"), present_revision()
    actions.take(c06, one, "suspend", given=Given(reason="kiểm tra"))
    assert present_revision() == before + 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        next_revision()
        _ = 1 // 0
    assert present_revision() == before + 1
    with pytest.raises(RuntimeError):
        next_revision()
