"""The admin API of a running node over real HTTP, with a key for every role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import aiohttp
import pytest

from ketnoi_runtime.web import Listener
from ketnoi_securityserver.admin import Admin
from ketnoi_securityserver.admin.api_keys import ROLES
from ketnoi_securityserver.state import State


@dataclass
class Api:
    """Calls one node's admin API; `key` is sent unless another is given ("" for none)."""

    session: aiohttp.ClientSession
    url: str
    key: str
    state: State
    instance: Any
    admin: Admin

    async def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, data: bytes | None = None
    ) -> tuple[int, Any]:
        """Status and JSON (None for nothing, octets for a file)."""
        key = self.key if key is None else key
        headers = {"Authorization": f"X-Road-ApiKey token={key}"} if key else {}
        how: dict[str, Any] = {"data": data} if data is not None else {"json": body} if body is not None else {}
        async with self.session.request(method, f"{self.url}/api/v1{path}", headers=headers, **how) as answer:
            content = await answer.read()
            if answer.content_type == "application/json":
                return answer.status, await answer.json()
            return answer.status, content or None

    async def get(self, path: str, **how: Any) -> Any:
        """The JSON of a GET that must succeed."""
        status, told = await self.call("GET", path, **how)
        assert status == 200, told
        return told

    async def do(self, method: str, path: str, body: Any = None, **how: Any) -> Any:
        """The JSON of an act that must succeed."""
        status, told = await self.call(method, path, body, **how)
        assert 200 <= status < 300, (status, told)
        return told

    async def refused(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, str]:
        """Status and code of an act that must be refused, in X-Road's form."""
        status, told = await self.call(method, path, body, **how)
        assert status >= 400
        assert (told["status"], set(told)) == (status, {"status", "error"})
        return status, told["error"]["code"]

    async def audit(self) -> list[tuple[str, str, str]]:
        """Actor, action and subject of every row of the ledger, in order."""
        rows = await self.state.pool.fetch("SELECT actor, action, subject FROM audit ORDER BY id")
        return [tuple(row) for row in rows]


@asynccontextmanager
async def _api(kit: Any, instance: Any, database: str, node: str = "node0") -> AsyncIterator[Api]:
    async with kit.state(instance, database, node) as state:
        admin = Admin(state, kit.server, kit.clock)
        _, key = await admin.keys.make("test", ROLES)
        listener = Listener(admin.application(), "127.0.0.1", 0, drain=0.1)
        await listener.start()
        try:
            async with aiohttp.ClientSession() as session:
                yield Api(session, f"http://127.0.0.1:{listener.port}", key, state, instance, admin)
        finally:
            await listener.stop()


@pytest.fixture
def api(kit: Any, database: str) -> Callable[..., Any]:
    """`async with api() as one:` or, for several nodes on one database, `api(instance, node=…)`."""

    @asynccontextmanager
    async def opened(instance: Any = None, node: str = "node0") -> AsyncIterator[Api]:
        if instance is not None:
            async with _api(kit, instance, database, node) as one:
                yield one
        else:
            async with kit.instance() as made, _api(kit, made, database, node) as one:
                yield one

    return opened


DANCU = "XX-TEST:GOV:G01.C06:DANCU"
MOTCUA = "XX-TEST:GOV:G15:MOTCUA"
THEIRS = "XX-TEST:GOV:G15:SS01"


@dataclass(frozen=True)
class Names:
    """The identifiers in use, and bodies that create what later acts need."""

    dancu = DANCU
    motcua = MOTCUA
    theirs = THEIRS
    client: ClassVar = {"client": {"member_class": "GOV", "member_code": "G01.C06", "subsystem_code": "DANCU"}}
    service: ClassVar = {"url": "https://dancu.example:9443/v1", "type": "REST", "rest_service_code": "TraCuu"}

    async def opened(self, one: Api) -> str:
        """DANCU with the service TraCuu, enabled; the id of its description."""
        await one.do("POST", "/clients", self.client)
        made = await one.do("POST", f"/clients/{DANCU}/service-descriptions", self.service)
        await one.do("PUT", f"/service-descriptions/{made['id']}/enable")
        return str(made["id"])


@pytest.fixture
def names() -> Names:
    return Names()
