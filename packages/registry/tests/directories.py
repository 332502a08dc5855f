"""A signed directory and a place that serves it, good or spoilt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ketnoi_protocol.directory import Grant, IntegrationAccount, Manifest, Officer, Organisation
from ketnoi_protocol.services import Environment, Service, System
from ketnoi_registry.disclosure import FIELDS
from ketnoi_registry.reading import ATTRIBUTES
from ketnoi_runtime.web import Listener
from ketnoi_trust.directory import bucket_of, write_bucket, write_manifest

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def account(account_id, organisation, key, **changes):
    pem = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return IntegrationAccount(
        **{
            "id": account_id,
            "organisation": organisation,
            "system": System.POPULATION,
            "environment": Environment.TEST,
            "public_key": pem.decode(),
            "active": True,
        }
        | changes
    )


def grant(organisation, service, **changes):
    return Grant(
        **{
            "organisation": organisation,
            "system": System.POPULATION,
            "service": service,
            "environment": Environment.TEST,
            "procedures": ("1.001",),
            "fields": tuple(FIELDS),
            "match_fields": tuple(ATTRIBUTES),
            "active": True,
        }
        | changes
    )


def officer(code, unit, **changes):
    return Officer(
        **{"code": code, "unit": unit, "active": True, "services": tuple(Service), "valid_from": LONG_AGO} | changes
    )


@dataclass
class Content:
    """What a directory says."""

    organisations: list[Organisation] = field(default_factory=list)
    accounts: list[IntegrationAccount] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    officers: Iterable[Officer] = ()
    buckets: int = 4
    rehearsal: bool = True
    environment: Environment = Environment.TEST


class Publisher:
    """Signs states of the directory and serves them over HTTP on a port of its own."""

    def __init__(self, certificate: bytes, key: ec.EllipticCurvePrivateKey) -> None:
        self._certificate = certificate
        self._key = key
        self.manifest = b""
        self.parts: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self._listener: Listener | None = None

    async def start(self) -> str:
        """Begin to serve; returns the address."""
        self._listener = Listener(web.Server(self._serve), "127.0.0.1", 0)
        await self._listener.start()
        return f"http://127.0.0.1:{self._listener.port}"

    async def stop(self) -> None:
        assert self._listener is not None
        await self._listener.stop()

    def publish(self, content: Content, version: int, at: datetime, validity: float = 600.0) -> None:
        """Make this the state that is served."""
        buckets: dict[str, list[Officer]] = {f"{number:04x}": [] for number in range(content.buckets)}
        for each in content.officers:
            buckets[bucket_of(each.code, content.buckets)].append(each)
        self.manifest = write_manifest(
            Manifest(
                content.environment,
                version,
                at,
                at + timedelta(seconds=validity),
                content.rehearsal,
                self._part(content.organisations),
                self._part(content.grants),
                self._part(content.accounts),
                {name: self._part(officers) for name, officers in buckets.items()},
            ),
            self._key,
            self._certificate,
        )

    def _part(self, items) -> str:
        digest, data = write_bucket(items)
        self.parts[digest] = data
        return digest

    async def _serve(self, request: web.BaseRequest) -> web.Response:
        self.fetched.append(request.path)
        if request.path == "/manifest.jws":
            return web.Response(body=self.manifest)
        data = self.parts.get(request.path.removeprefix("/bucket/"))
        return web.Response(status=404) if data is None else web.Response(body=data)
