"""Small things fetched over HTTP in the background: configurations, OCSP responses, time stamps.

Nothing that comes this way is believed because of where it came from; all of it is signed.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import aiohttp

TIMEOUT = 10.0
MOST_OCTETS = 128 * 1024


class Outcome(NamedTuple):
    """How asking an address went last: when, and what was wrong (empty when nothing was)."""

    at: datetime
    problem: str


class Fetching:
    """An HTTP client for the background. Redirects are not followed, certificates of https addresses not judged."""

    def __init__(self, *, timeout: float = TIMEOUT) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    async def get(self, url: str, *, most: int = MOST_OCTETS) -> tuple[int, bytes]:
        """Status and body, of at most `most` octets. Raises OSError."""
        return await self._exchange("GET", url, most, None, {})

    async def post(self, url: str, content_type: str, data: bytes, *, most: int = MOST_OCTETS) -> bytes:
        """The body of a 200 answer. Raises OSError, also for any other status."""
        status, body = await self._exchange("POST", url, most, data, {"Content-Type": content_type})
        if status != 200:
            raise OSError(f"status {status}")
        return body

    async def ask_ocsp(self, url: str, question: bytes) -> bytes:
        """An OCSP response (RFC 6960, appendix A). Raises OSError."""
        return await self.post(url, "application/ocsp-request", question)

    async def ask_timestamp(self, url: str, query: bytes) -> bytes:
        """A time-stamp response (RFC 3161, 3.4). Raises OSError."""
        return await self.post(url, "application/timestamp-query", query)

    async def _exchange(
        self, method: str, url: str, most: int, data: bytes | None, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        try:
            # X-Road asks for no valid TLS certificate here either; the signature within decides.
            async with self._session.request(
                method, url, data=data, headers=headers, allow_redirects=False, ssl=False
            ) as answer:
                pieces = bytearray()
                async for piece in answer.content.iter_any():
                    pieces += piece
                    if len(pieces) > most:
                        raise OSError(f"longer than {most} octets")
                return answer.status, bytes(pieces)
        except TimeoutError:
            raise OSError("no answer in time") from None
        except (aiohttp.ClientError, ValueError) as error:
            raise OSError(type(error).__name__) from error

    async def stop(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None
