"""A wire, its database and its pinned callers, all real, inside one test."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import msgspec

from ketnoi_identity.initialise import initialise
from ketnoi_identity.settings import Consents, Register, Settings, Wire
from ketnoi_identity.wire.app import Wire as RunningWire
from ketnoi_runtime.clock import AdjustableClock
from ketnoi_runtime.database import open_pool
from ketnoi_testbed.parts.premises import write_settings
from packages.registry.tests.certificates import self_signed

from .site import COMMAND

NUMBER = "990089000001"
ANOTHER = "990089000002"
ORGANISATION = "H55"
PROCEDURE = "1.001"


def settings(folder: Path, database: str, **changes: Any) -> Settings:
    """Settings with certificates that lie in `folder`; `changes` are of the whole or of the wire."""
    wire = {"certificate": "wire.crt", "key": "wire.key", "registry": "registry.crt", "portal": "portal.crt", "port": 0}
    known = {field for field in Settings.__struct_fields__ if field != "wire"}
    told = {name: value for name, value in changes.items() if name in known}
    wire |= {name: value for name, value in changes.items() if name not in known}
    return Settings(
        **{
            "base": str(folder),
            "environment": "test",
            "rehearsal": True,
            "database": database,
            "secret_key_file": "secret",
            "wire": Wire(**wire),
            "register": Register(
                url="https://127.0.0.1:1", certificate="registry.crt", client_certificate="i.crt", client_key="i.key"
            ),
            "consents": Consents(),
        }
        | told
    )


def tls(folder: Path, caller: str | None) -> ssl.SSLContext:
    """The TLS context of a caller that trusts this wire; None comes without a certificate."""
    context = ssl.create_default_context(cafile=str(folder / "wire.crt"))
    context.check_hostname = False
    context.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    if caller is not None:
        context.load_cert_chain(folder / f"{caller}.crt", folder / f"{caller}.key")
    return context


class Answer:
    """Status, headers and the decoded body of one HTTP answer."""

    def __init__(self, status: int, headers: Any, raw: bytes) -> None:
        self.status = status
        self.headers = headers
        self.raw = raw
        self.body = json.loads(raw) if raw else None


class World:
    """One started wire with its database."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        self.clock = AdjustableClock()
        self.settings: Settings
        self.wire: RunningWire
        self.pool: asyncpg.Pool
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    async def start(self, stack: AsyncExitStack, **changes: Any) -> None:
        """Start everything; `changes` are of the settings."""
        for name in ("wire", "registry", "portal", "stranger"):
            if not (self.folder / f"{name}.crt").exists():
                self_signed(self.folder, name)
        self.settings = settings(self.folder, self.database, **changes)
        self.pool = await open_pool(self.database)
        stack.push_async_callback(self.pool.close)
        await self._empty()
        await initialise(self.settings, self.clock)
        self.wire = await RunningWire.start(self.settings, self.clock)
        stack.push_async_callback(self.wire.stop)
        for name in ("registry", "portal"):
            connector = aiohttp.TCPConnector(ssl=tls(self.folder, name), limit=100)
            self._sessions[name] = aiohttp.ClientSession(connector=connector)
            stack.push_async_callback(self._sessions[name].close)

    async def _empty(self) -> None:
        """What an earlier test left in this database."""
        rows = await self.pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = sorted({row["tablename"] for row in rows} - {"schema_version"})
        if tables:
            await self.pool.execute(f"TRUNCATE {', '.join(tables)}")

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.wire.port}"

    async def send(
        self, method: str, path: str, body: Any = None, *, by: str = "registry", headers: dict[str, str] | None = None
    ) -> Answer:
        """One exchange. A body that is not octets goes as JSON."""
        raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        told = ({"Content-Type": "application/json"} if raw is not None else {}) | (headers or {})
        async with self._sessions[by].request(method, self.url + path, data=raw, headers=told) as response:
            return Answer(response.status, response.headers, await response.read())

    async def begin(self, **changes: Any) -> dict[str, Any]:
        """Begin a consent as the registry does; what was answered."""
        answer = await self.send("POST", "/v1/consents", begin(**changes))
        assert answer.status == 200, answer.raw
        return answer.body

    async def agreed(self, *, lasts: int = 3_600, **changes: Any) -> str:
        """A consent that its citizen has agreed to; its code."""
        code = (await self.begin(lasts_seconds=lasts, **changes))["consent"]
        now = self.clock.now()
        await self.pool.execute(
            "UPDATE consent SET decided_at = $2, agreed = true, decided_by = 'test', valid_until = $3 WHERE id = $1",
            code,
            now,
            now + timedelta(seconds=lasts),
        )
        return code

    async def refused(self, code: str) -> None:
        """Its citizen refuses."""
        await self.pool.execute(
            "UPDATE consent SET decided_at = $2, agreed = false, decided_by = 'test' WHERE id = $1",
            code,
            self.clock.now(),
        )

    async def taken_back(self, code: str) -> None:
        """Its citizen takes it back."""
        await self.pool.execute(
            "UPDATE consent SET revoked_at = $2, revoked_by = 'test' WHERE id = $1", code, self.clock.now()
        )

    async def state(self, code: str, organisation: str = ORGANISATION) -> dict[str, Any]:
        """How it stands, as the registry is told."""
        answer = await self.send("POST", "/v1/consents/state", {"organisation": organisation, "consent": code})
        assert answer.status == 200, answer.raw
        return answer.body

    async def use(self, *uses: dict[str, Any]) -> list[str]:
        """The codes of the verdicts on these uses."""
        answer = await self.send("POST", "/v1/uses", {"uses": uses})
        assert answer.status == 200, answer.raw
        return answer.body["codes"]


def begin(**changes: Any) -> dict[str, Any]:
    """What the registry says when an agency asks for a consent."""
    return {
        "organisation": ORGANISATION,
        "unit": "H55.1",
        "officer": "cb.lan",
        "message_id": f"m-{secrets.token_hex(8)}",
        "service": "look_up_citizen",
        "fields": ["HoVaTen", "ThuongTru"],
        "procedure_code": PROCEDURE,
        "purpose": "Cấp giấy phép xây dựng",
        "one_time": False,
        "lasts_seconds": 3_600,
        "personal_number": NUMBER,
        "about": "ab" * 32,
    } | changes


def use(consent: str, **changes: Any) -> dict[str, Any]:
    """What the registry says before it reads."""
    return {
        "consent": consent,
        "organisation": ORGANISATION,
        "message_id": f"m-{secrets.token_hex(8)}",
        "question": secrets.token_hex(32),
        "unit": "H55.1",
        "officer": "cb.lan",
        "procedure_code": PROCEDURE,
        "service": "look_up_citizen",
        "fields": ["HoVaTen"],
        "personal_number": NUMBER,
    } | changes


def run(folder: Path, database: str, act: Callable[[World], Awaitable[Any]], **changes: Any) -> Any:
    """`await act(world)` in a fresh world; returns what it returned. `changes` are of the settings."""

    async def inside() -> Any:
        async with AsyncExitStack() as stack:
            world = World(folder, database)
            await world.start(stack, **changes)
            return await act(world)

    return asyncio.run(inside())


class Node:
    """`ketnoi-identity wire` as a process of its own; started before, it answers at `port`."""

    def __init__(self, folder: Path, told: Settings) -> None:
        self._file = folder / "identity.toml"
        write_settings(self._file, msgspec.to_builtins(told))
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        """Returns when it answers."""
        self._process = subprocess.Popen(
            [*COMMAND, str(self._file), "wire"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        line = json.loads(self._process.stdout.readline())
        assert line["ready"] == "wire"
        self.port = line["port"]

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._reap()

    def stop(self) -> int:
        """End it as an operator would; its exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._reap()

    def _reap(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        status = self._process.wait(timeout=30)
        self._process.stdout.close()
        return status
