"""Platforms for tests: an authority, settings on an address of their own, a reader who believes only what is signed."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ketnoi_exchange.app import Exchange
from ketnoi_exchange.initialisation import initialise
from ketnoi_exchange.settings import Listen, Publish, Settings
from ketnoi_protocol.identifiers import MemberId, SecurityServerId
from ketnoi_runtime.clock import AdjustableClock, Clock
from ketnoi_trust import profiles
from ketnoi_trust.configuration import (
    Anchor,
    ApprovedAuthority,
    AuthorityCertificate,
    Configuration,
    DirectoryListing,
    OcspResponder,
    SignedDirectory,
    TimestampAuthority,
)

INSTANCE = "XX-TEST"
MINISTRY = MemberId(INSTANCE, "GOV", "G15")
PROVINCE = MemberId(INSTANCE, "GOV", "H55")
SERVER = SecurityServerId(INSTANCE, "GOV", "G15", "SS01")
DESK = MINISTRY.subsystem("MOTCUA")
GUEST = PROVINCE.subsystem("MOTCUA")
ADDRESS = "127.0.0.9"
BY = "nguyen van an"

_hosts = itertools.count(1)


def own_host() -> str:
    """A loopback address that no other test of any process listens on."""
    number = next(_hosts)
    return f"127.88.{os.getpid() % 250 + 1}.{number % 250 + 1}"


class Authority:
    """A certification authority that issues authentication certificates."""

    def __init__(self, name: str = "Unsafe CA") -> None:
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self._issue(name, self._key.public_key(), authority=True)

    def issue(
        self,
        name: str = "ss01.example",
        *,
        tls: bool = True,
        begins: timedelta = timedelta(days=-1),
        lasts: timedelta = timedelta(days=365),
        authority: bool = False,
    ) -> bytes:
        """A certificate (DER) with a key that nobody keeps."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._issue(name, key.public_key(), tls=tls, begins=begins, lasts=lasts, authority=authority)

    def _issue(
        self,
        name: str,
        key: ec.EllipticCurvePublicKey,
        *,
        tls: bool = False,
        begins: timedelta = timedelta(days=-1),
        lasts: timedelta = timedelta(days=365),
        authority: bool = False,
    ) -> bytes:
        at = datetime.now(UTC) + begins
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name(self.name))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(at)
            .not_valid_after(at + lasts)
            .add_extension(x509.BasicConstraints(authority, None), critical=True)
        )
        if tls:
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    @property
    def approved(self) -> ApprovedAuthority:
        """What the governing side approves."""
        responders = (OcspResponder("http://127.0.0.1:9/ocsp", None, "FREE"),)
        return ApprovedAuthority(self.name, AuthorityCertificate(self.certificate, responders), profiles.FIVRK)

    @property
    def stamps(self) -> TimestampAuthority:
        """Its time stamps, as the governing side approves them."""
        return TimestampAuthority(f"{self.name} TSA", "http://127.0.0.1:9/tsa", self.certificate)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def settings_of(database: str, folder: Path, **more: Any) -> Settings:
    """A rehearsed platform that publishes quickly, on an address of its own."""
    more.setdefault("rehearsal", True)
    more.setdefault("publish", Publish(poll=0.1, gather=0.01))
    more.setdefault("listen", Listen(own_host()))
    return Settings(more.pop("instance", INSTANCE), database, base=str(folder), **more)


@asynccontextmanager
async def running(settings: Settings, clock: Clock | None = None, **more: Any) -> AsyncIterator[Exchange]:
    """A started node, stopped at the end."""
    exchange = await Exchange.start(settings, clock or AdjustableClock(), **more)
    try:
        yield exchange
    finally:
        await exchange.stop()


@asynccontextmanager
async def fresh(database: str, folder: Path, clock: Clock | None = None, **more: Any) -> AsyncIterator[Exchange]:
    """A node of a platform that was made just now."""
    settings = settings_of(database, folder, **more)
    await initialise(settings, clock or AdjustableClock())
    async with running(settings, clock) as exchange:
        yield exchange


async def register(exchange: Exchange, authority: Authority) -> bytes:
    """A ministry with a server and a subsystem, a province as its guest; the authentication certificate (DER)."""
    actions = exchange.actions
    await actions.add_member_class(BY, "GOV", "Cơ quan nhà nước")
    await actions.add_member(BY, MINISTRY, "Bộ Tư pháp")
    await actions.add_member(BY, PROVINCE, "Tỉnh Thái Nguyên & <các sở>")
    await actions.add_subsystem(BY, DESK, "Một cửa")
    await actions.add_authority(BY, authority.approved)
    await actions.add_timestamp_authority(BY, authority.stamps)
    await actions.set_management_provider(BY, DESK)
    certificate = authority.issue()
    await actions.add_security_server(BY, SERVER, ADDRESS, certificate, [DESK, GUEST])
    return certificate


async def get(url: str) -> tuple[int, bytes]:
    """Status and body."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.read()


async def read(
    anchor: Anchor,
    at: datetime | None = None,
    *,
    version: int = 6,
    newest_seen: datetime | None = None,
) -> tuple[DirectoryListing, Configuration, dict[str, bytes]]:
    """What a reader with that anchor gets: everything verified, or an exception."""
    url = anchor.sources[0].url
    status, directory = await get(f"{url}?version={version}")
    assert status == 200, directory
    moment = at or datetime.now(UTC)
    listing = SignedDirectory.verify(
        directory, anchor.certificates, moment, instance=anchor.instance, newest_seen=newest_seen
    )
    files = {}
    for part in listing.parts:
        status, files[part.content_identifier] = await get(urljoin(url, part.location))
        assert status == 200, part.location
    return listing, Configuration.from_signed_directory(listing, files), files


async def rows(exchange: Exchange, statement: str, *values: object) -> list[dict[str, Any]]:
    """What the database says."""
    return [dict(row) for row in await exchange.actions.pool.fetch(statement, *values)]
