"""A registry with its directory, people and a pinned caller, all real, inside one test."""

from __future__ import annotations

import asyncio
import json
import ssl
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from ketnoi_protocol.directory import Organisation
from ketnoi_protocol.http_signature import SignatureInput, content_digest, format_signature
from ketnoi_protocol.services import Catalogue, Environment, Service, System
from ketnoi_registry.access_log import Pseudonyms
from ketnoi_registry.app import Registry
from ketnoi_registry.loading import load_people, load_units
from ketnoi_registry.settings import Caller, DirectorySource, Settings
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_runtime.database import migrate, open_pool

from .certificates import self_signed
from .directories import Content, Publisher, account, grant, officer
from .population import PEOPLE, UNITS

MEMBER = "H55"
ACCOUNT = "tk-h55"
OFFICER = "cb.lan"


class Answer:
    """Status, headers and the decoded body of one HTTP answer."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.raw = body
        self.body = json.loads(body) if body else None

    @property
    def code(self) -> str:
        """The code of the refusal, or MaKetQua."""
        return self.body.get("code") or self.body["MaKetQua"]


class World:
    """One started registry; made by `run`."""

    def __init__(self, folder: Path, database: str, *, rehearsal: bool = True) -> None:
        self.rehearsal = rehearsal
        self.signer = "UnsafeDirectory" if rehearsal else "Directory"
        self.folder = folder
        self.database = database
        self.clock = AdjustableClock()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.content: Content
        self.set_up()
        self.changed = False
        self.version = 1
        self.catalogue = Catalogue.load()
        self.registry: Registry
        self.publisher: Publisher
        self.settings: Settings
        self.pool: asyncpg.Pool
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def set_up(self) -> None:
        """The directory's content as every test finds it."""
        self.content = Content(
            organisations=[Organisation(MEMBER, "UBND tỉnh Thái Nguyên")],
            accounts=[account(ACCOUNT, MEMBER, self.key)],
            grants=[grant(MEMBER, service) for service in Service],
            officers=[officer(OFFICER, MEMBER)],
            rehearsal=self.rehearsal,
        )

    async def start(
        self, stack: AsyncExitStack, poll_seconds: float = 0.05, observer: Any = None, **changes: Any
    ) -> None:
        """Start everything; `changes` are of the settings."""
        for name in ("registry", self.signer, "ss-vdxp", "ss-ndxp", "ss-stranger"):
            self_signed(self.folder, name)
        Pseudonyms.make(self.folder / "keys.json", "k1")
        key = load_pem_private_key((self.folder / f"{self.signer}.key").read_bytes(), None)
        der = ssl.PEM_cert_to_DER_cert((self.folder / f"{self.signer}.crt").read_text())
        self.publisher = Publisher(der, key)
        url = await self.publisher.start()
        stack.push_async_callback(self.publisher.stop)
        self.publish()
        self.settings = Settings(
            **{
                "base": str(self.folder),
                "environment": "test",
                "node_id": "n1",
                "database": self.database,
                "certificate": "registry.crt",
                "key": "registry.key",
                "callers": [Caller("VDXP-TEST", "ss-vdxp.crt"), Caller("NDXP-TEST", "ss-ndxp.crt")],
                "directory": DirectorySource(url=url, certificate=f"{self.signer}.crt", poll_seconds=poll_seconds),
                "pseudonym_keys": "keys.json",
                "port": 0,
            }
            | changes
        )
        self.pool = await open_pool(self.database)
        stack.push_async_callback(self.pool.close)
        await migrate(self.pool, "ketnoi_registry")
        await load_units(self.pool, UNITS)
        await load_people(self.pool, PEOPLE)
        self.registry = await Registry.start(self.settings, self.clock, observer)
        stack.push_async_callback(self.registry.stop)
        for name in ("ss-vdxp", "ss-ndxp"):
            session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self.tls(name), limit=200))
            self._sessions[name] = session
            stack.push_async_callback(session.close)

    def publish(self, **changes: Any) -> None:
        """Serve the directory as `content` now says it, under the next version."""
        self.version += 1
        self.publisher.publish(self.content, **{"version": self.version, "at": self.clock.now()} | changes)

    async def publish_and_poll(self, **changes: Any) -> None:
        """The same, and have the registry take it over now."""
        self.changed = True
        self.publish(**changes)
        await self.registry.directory.poll()

    def tls(self, caller: str) -> ssl.SSLContext:
        """The TLS context of a security server that trusts this registry."""
        context = ssl.create_default_context(cafile=str(self.folder / "registry.crt"))
        context.check_hostname = False
        context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        context.load_cert_chain(self.folder / f"{caller}.crt", self.folder / f"{caller}.key")
        return context

    def session(self, caller: str) -> aiohttp.ClientSession:
        """The HTTP client of a pinned server."""
        return self._sessions[caller]

    @property
    def url(self) -> str:
        port = self.registry.port
        return f"https://127.0.0.1:{port}"

    def entry(self, service: Service) -> Any:
        return self.catalogue.entry(System.POPULATION, service, Environment.TEST)

    def body(self, service: Service, **fields: Any) -> dict[str, Any]:
        """A message of `service` about Nguyễn Văn An; a field given as None is left out."""
        found = {
            "MaYeuCau": str(uuid.uuid4()),
            "MaDVC": "1.001",
            "MaTichHop": self.entry(service).ma_tich_hop,
            "MaDonVi": MEMBER,
            "MaCanBo": OFFICER,
            "SoDinhDanh": "990089000001",
            "HoVaTen": "Nguyễn Văn An",
            "NgayThangNamSinh": "1989-03-02",
        } | fields
        return {name: value for name, value in found.items() if value is not None}

    def signed(self, body: bytes, **changes: Any) -> dict[str, str]:
        """The headers that a security server hands on, with the account's signature; changes by argument."""
        told = {
            "message_id": str(uuid.uuid4()),
            "client": f"VDXP-TEST/GOV/{MEMBER}/MOTCUA",
            "user": OFFICER,
            "key": self.key,
            "key_id": ACCOUNT,
            "created": int(self.clock.now().timestamp()),
        } | changes
        digest = content_digest(body)
        parameters = SignatureInput.of(told["created"], told["key_id"])
        der = told["key"].sign(parameters.base(digest, told["message_id"]), ec.ECDSA(SHA256()))
        value = b"".join(part.to_bytes(32, "big") for part in decode_dss_signature(der))
        return {
            "X-Road-Client": told["client"],
            "X-Road-Id": told["message_id"],
            "X-Road-UserId": told["user"],
            "Content-Digest": digest,
            "Signature-Input": str(parameters),
            "Signature": format_signature(value),
            "Content-Type": "application/json",
        }

    async def send(self, method: str, path: str, body: Any, headers: dict[str, str], caller: str = "ss-vdxp") -> Answer:
        """One HTTP exchange as the pinned server `caller`."""
        async with self._sessions[caller].request(method, self.url + path, data=body, headers=headers) as response:
            return Answer(response.status, response.headers, await response.read())

    async def ask(self, service: Service, *, sign: dict[str, Any] | None = None, **fields: Any) -> Answer:
        """One question, signed as it should be."""
        entry = self.entry(service)
        caller = "ss-ndxp" if entry.instance == "NDXP-TEST" else "ss-vdxp"
        body = json.dumps(self.body(service, **fields), ensure_ascii=False).encode()
        client = f"{entry.instance}/GOV/{MEMBER}/MOTCUA"
        return await self.send(
            "POST", f"/v1/{entry.service_code}", body, self.signed(body, **{"client": client} | (sign or {})), caller
        )

    async def logged(self) -> list[asyncpg.Record]:
        """All rows of the access log, oldest first."""
        return await self.pool.fetch("SELECT * FROM access_log ORDER BY sequence")


def run(
    folder: Path, database: str, act: Callable[[World], Awaitable[Any]], *, rehearsal: bool = True, **changes: Any
) -> Any:
    """`await act(world)` in a fresh world; returns what it returned. `changes` are of the settings."""

    async def inside() -> Any:
        async with AsyncExitStack() as stack:
            world = World(folder, database, rehearsal=rehearsal)
            await world.start(stack, **changes)
            return await act(world)

    return asyncio.run(inside())
