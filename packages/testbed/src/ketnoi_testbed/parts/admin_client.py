"""A security server's admin API, spoken as its operator does."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import aiohttp


class AdminRefused(Exception):  # noqa: N818
    """The admin API said no: its status and code."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(f"{status} {code}: {text}")
        self.status = status
        self.code = code


class AdminClient:
    """One server's admin API at `url` (`https://host:4000/api/v1`), whose certificate is pinned."""

    def __init__(self, url: str, certificate: Path, key: str) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.load_verify_locations(certificate)
        self._url = url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=context),
            headers={"Authorization": f"X-Road-ApiKey token={key}"},
            timeout=aiohttp.ClientTimeout(total=30),
        )

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request with a JSON value or octets; what it answers, if anything. Raises AdminRefused."""
        told: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        async with self._session.request(method, self._url + path, **told) as response:
            data = await response.read()
            is_json = response.content_type == "application/json"
            answer = await response.json() if is_json and data else data or None
            if response.status >= 300:
                code = answer["error"]["code"] if isinstance(answer, dict) and "error" in answer else "unknown"
                raise AdminRefused(response.status, code, data.decode(errors="replace")[:500])
            return answer

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()
