"""Asking the service behind over HTTP: pooled connections, time-outs, a bound on calls at once, and a breaker."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
import math
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import aiohttp

from ketnoi_protocol.soap_envelope import CONTENT_TYPE, FAULT_STATUS, MEDIA_TYPES
from ketnoi_runtime.clock import Clock

from .answers import AWAY, BUSY, LATE, LEFT_ALONE, WRONG, Trouble, check_media
from .breaker import Breaker
from .settings import Upstream

_log = logging.getLogger(__name__)

T = TypeVar("T")

_ANSWERED: Final = (200, FAULT_STATUS)
_KEPT_SECONDS: Final = 15.0
"""How long an idle connection is used again."""


class UpstreamClient:
    """One service behind, at one address, with a circuit of its own: another that is away says nothing about this one.

    Made within the running loop; `close` it.
    """

    def __init__(self, settings: Upstream, url: str, base: Path, clock: Clock) -> None:
        """Raises UpstreamError when a file of the settings cannot be used."""
        self._settings = settings
        self._url = url
        self._secret = settings.secret(base)
        self._clock = clock
        self._free = asyncio.Semaphore(settings.max_in_flight)
        self.in_flight = 0
        self.answered = 0
        self.unlike = 0
        """Answers that told somebody and yet mean nobody: without a name, or of another than was asked about."""
        self.troubles: Counter[str] = Counter()
        self.breaker = Breaker(
            settings.breaker_failures,
            settings.breaker_window_seconds,
            settings.breaker_pause_seconds,
            settings.breaker_share,
            told=lambda state: _log.warning("the circuit to %s behind is %s", urlsplit(url).path, state.value),
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                ssl=settings.tls(base), limit=settings.max_in_flight, keepalive_timeout=_KEPT_SECONDS
            ),
            timeout=aiohttp.ClientTimeout(
                total=settings.connect_timeout_seconds + settings.read_timeout_seconds,
                sock_connect=settings.connect_timeout_seconds,
                sock_read=settings.read_timeout_seconds,
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            # A compressed answer could be a small one that becomes large.
            headers={"Content-Type": CONTENT_TYPE, "SOAPAction": '""', "Accept-Encoding": "identity"},
            skip_auto_headers=("User-Agent",),
        )

    async def close(self) -> None:
        """Close its connections."""
        await self._session.close()

    async def ask(self, question: bytes, about: str, read: Callable[[int, bytes], T]) -> T:
        """What `read` makes of status and octets of the answer to one question. Raises Trouble.

        `about` is the number that is asked about. Only its hash is kept, and only of what failed.
        """
        if self.breaker.seconds_left > 0:
            # At once: nobody waits for a place behind calls that are being waited for in vain.
            raise self._left_alone()
        async with self._place():
            passed = self.breaker.try_pass()
            if passed is None:
                raise self._left_alone()
            try:
                answer = read(*await self._exchange(question))
            except Trouble as trouble:
                self._judge(passed, hash(about), self._counted(trouble))
                raise
            except BaseException:
                # Whoever asked has given up waiting.
                self.troubles["given_up"] += 1
                self.breaker.failed(passed, hash(about))
                raise
        self.breaker.succeeded(passed)
        self.answered += 1
        return answer

    def health(self) -> dict[str, Any]:
        """State of the breaker, and counts since the start by reason."""
        return {
            "state": self.breaker.state.value,
            "failures": self.breaker.failures,
            "retry_after_seconds": math.ceil(self.breaker.seconds_left),
            "in_flight": self.in_flight,
            "answered": self.answered,
            "unlike": self.unlike,
            "troubles": dict(self.troubles),
        }

    def _counted(self, trouble: Trouble) -> Trouble:
        self.troubles[trouble.reason] += 1
        return trouble

    def _left_alone(self) -> Trouble:
        return self._counted(Trouble(AWAY, LEFT_ALONE, retry_after=_whole(self.breaker.seconds_left)))

    def _judge(self, passed: int, about: int, trouble: Trouble) -> None:
        if not trouble.of_service:
            self.breaker.succeeded(passed)
            return
        self.breaker.failed(passed, about)
        if trouble.code == AWAY and trouble.retry_after is None:
            trouble.retry_after = _whole(self.breaker.seconds_left)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """One of the places for questions at once. Raises Trouble when none is free in time."""
        try:
            async with asyncio.timeout(self._settings.connect_timeout_seconds):
                await self._free.acquire()
        except TimeoutError:
            raise self._counted(Trouble(BUSY, "in_flight", retry_after=1)) from None
        self.in_flight += 1
        try:
            yield
        finally:
            self.in_flight -= 1
            self._free.release()

    async def _exchange(self, question: bytes) -> tuple[int, bytes]:
        try:
            try:
                return await self._post(question)
            except (aiohttp.ServerDisconnectedError, ConnectionResetError):
                # A kept connection that the other side had just closed. To ask once more changes nothing there.
                return await self._post(question)
        except aiohttp.ConnectionTimeoutError:
            raise Trouble(AWAY, "connect_timeout") from None
        except TimeoutError:
            raise Trouble(LATE, "slow") from None
        except aiohttp.ClientPayloadError:
            raise Trouble(WRONG, "cut_off") from None
        except aiohttp.ClientResponseError:
            raise Trouble(WRONG, "http") from None
        except (aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError):
            raise Trouble(AWAY, "tls") from None
        except (aiohttp.ClientError, OSError):
            raise Trouble(AWAY, "connection") from None

    async def _post(self, question: bytes) -> tuple[int, bytes]:
        async with self._session.post(
            self._url, data=question, headers=self._credentials(), allow_redirects=False
        ) as response:
            if response.status not in _ANSWERED:
                raise Trouble(AWAY, f"http_{response.status}", retry_after=_later(response.headers))
            encoding = response.headers.get("Content-Encoding")
            if response.status == FAULT_STATUS and response.content_type not in MEDIA_TYPES:
                raise Trouble(AWAY, f"http_{response.status}")
            check_media(response.content_type, response.charset, encoding)
            octets = bytearray()
            async for piece in response.content.iter_any():
                octets += piece
                if len(octets) > self._settings.max_answer_bytes:
                    raise Trouble(WRONG, "oversized")
            return response.status, bytes(octets)

    def _credentials(self) -> dict[str, str]:
        """As callers of today's service prove who they are: a hash over address, account, moment (ms) and secret."""
        account = self._settings.account
        if not account:
            return {}
        stamp = str(int(self._clock.now().timestamp() * 1000))
        proof = hashlib.sha256(f"{self._url}{account}{stamp}{self._secret}".encode()).hexdigest()
        return {
            "Timestamp": stamp,
            "Authorization": "Basic " + base64.b64encode(f"{account}:{proof}".encode()).decode("ascii"),
        }


def _whole(seconds: float) -> int:
    return math.ceil(max(1.0, seconds))


def _later(headers: Mapping[str, str]) -> int | None:
    told = headers.get("Retry-After", "")
    return int(told) if re.fullmatch("[0-9]{1,4}", told) else None
