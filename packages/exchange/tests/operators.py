"""Somebody who works with the admin API: over real HTTPS, with the node's own certificate pinned."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from ketnoi_exchange.app import Exchange


class Operator:
    """One API key in use."""

    def __init__(self, session: aiohttp.ClientSession, address: str, key: str | None) -> None:
        self._session = session
        self._address = address
        self._headers = {"Authorization": f"X-Road-ApiKey token={key}"} if key is not None else {}

    async def ask(
        self, method: str, path: str, json: Any = None, *, form: dict[str, Any] | None = None, data: bytes | None = None
    ) -> tuple[int, Any]:
        """Status, and what was answered: JSON, octets, or None for nothing."""
        body: Any = data
        if form is not None:
            body = aiohttp.FormData()
            for name, value in form.items():
                more = {"filename": f"{name}.pem"} if isinstance(value, bytes) else {}
                body.add_field(name, value, **more)
        async with self._session.request(
            method, f"{self._address}/api/v1{path}", json=json, data=body, headers=self._headers
        ) as answer:
            if answer.content_type == "application/json":
                return answer.status, await answer.json()
            return answer.status, await answer.read() or None

    async def refused(self, method: str, path: str, json: Any = None, **more: Any) -> tuple[int, str]:
        """Status and code of a refusal, which must have X-Road's form."""
        status, told = await self.ask(method, path, json, **more)
        assert set(told) == {"status", "error"}, told
        assert told["status"] == status
        assert isinstance(told["error"]["metadata"], list)
        assert told["error"]["vi"] != told["error"]["en"]
        return status, told["error"]["code"]


@asynccontextmanager
async def operator(exchange: Exchange, key: str | None) -> AsyncIterator[Operator]:
    """Whoever holds that key."""
    pinned = Path(exchange.settings.base) / "keys" / "admin" / "certificate.pem"
    context = ssl.create_default_context(cafile=str(pinned))
    address = f"https://{exchange.settings.listen.host}:{exchange.admin_port}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield Operator(session, address, key)
