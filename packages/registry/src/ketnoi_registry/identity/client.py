"""Asking the identity system over kept TLS connections, with deadlines; uses that wait go out as one request.

Whatever is wrong with it is one refusal, `44`: what cannot be decided is refused.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp
import msgspec

from ketnoi_protocol.consent import IDENTITY_UNAVAILABLE, Ask, Begin, Begun, Standing, Use, Uses, Verdicts
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.officer_token import KEYS_PATH, OfficerKeys

from ..store.upstream.breaker import Breaker, State
from .settings import Identity

_log = logging.getLogger(__name__)

T = TypeVar("T")

CONSENTS_PATH: Final = "/v1/consents"
STATE_PATH: Final = "/v1/consents/state"
USES_PATH: Final = "/v1/uses"

_KEPT_SECONDS: Final = 30.0
"""How long an idle connection is used again."""
_LARGEST: Final = 1_048_576
"""Octets of an answer, at most."""

MALFORMED: Final = "10"
"""What is asked is itself the reason why it is refused."""
_BAD_REQUEST: Final = 400

Verdict = tuple[str, tuple[str, ...]]
"""The code of one use, and the fields that were agreed to."""


class IdentityClient:
    """The identity system of one environment. Made within the running loop; `close` it."""

    def __init__(self, settings: Identity, base: Path) -> None:
        """Raises IdentityError when a file of the settings cannot be used."""
        self._url = settings.url.rstrip("/")
        self._most = settings.most_uses
        self._waiting: list[tuple[Use, asyncio.Future[Verdict]]] = []
        self._using: asyncio.Task[None] | None = None
        self.requests = 0
        self.breaker = Breaker(
            settings.breaker_failures,
            settings.breaker_window_seconds,
            settings.breaker_pause_seconds,
            settings.breaker_share,
            told=_tell,
        )
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=settings.tls(base), limit=32, keepalive_timeout=_KEPT_SECONDS),
            timeout=aiohttp.ClientTimeout(
                total=settings.timeout_seconds, sock_connect=settings.connect_timeout_seconds
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            skip_auto_headers=("User-Agent",),
        )

    async def close(self) -> None:
        """Let the uses that wait be answered, and close the connections."""
        while self._using is not None:
            await asyncio.shield(self._using)
        await self._session.close()

    async def begin(self, begin: Begin) -> Begun:
        """Ask for a consent. Raises Refusal `44`, and `10` for what the identity system does not take."""
        return await self._ask("POST", CONSENTS_PATH, Begun, begin)

    async def standing(self, ask: Ask) -> Standing:
        """How a consent stands. Raises Refusal `44`, `10`."""
        return await self._ask("POST", STATE_PATH, Standing, ask)

    async def keys(self) -> OfficerKeys:
        """The keys of officers' cards, and the current terms. Raises Refusal `44`."""
        return await self._ask("GET", KEYS_PATH, OfficerKeys)

    async def use(self, use: Use) -> Verdict:
        """Use a consent once; it is durable there before this returns. Raises Refusal `44`.

        While one request is on its way, uses gather for the next; nobody waits for a timer.
        """
        done: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting.append((use, done))
        if self._using is None:
            self._using = asyncio.create_task(self._use_waiting())
        return await done

    def health(self) -> dict[str, Any]:
        """State of the breaker, and how many requests were sent since the start."""
        return {"state": self.breaker.state.value, "failures": self.breaker.failures, "requests": self.requests}

    async def _use_waiting(self) -> None:
        try:
            while self._waiting:
                batch = self._take()
                try:
                    verdicts = await self._verdicts([use for use, _ in batch])
                except BaseException as error:
                    failure = error if isinstance(error, Refusal) else Refusal(IDENTITY_UNAVAILABLE)
                    for _, done in batch:
                        if not done.done():
                            done.set_exception(Refusal(failure.code, failure.detail, retry_after=failure.retry_after))
                    if not isinstance(error, Exception):
                        raise
                else:
                    for (_, done), verdict in zip(batch, verdicts, strict=True):
                        if not done.done():
                            done.set_result(verdict)
        finally:
            self._using = None

    def _take(self) -> list[tuple[Use, asyncio.Future[Verdict]]]:
        """Those that go out now: each message once, so that what one request says is never about itself."""
        batch: dict[tuple[str, str], tuple[Use, asyncio.Future[Verdict]]] = {}
        left = []
        for waiting in self._waiting:
            key = (waiting[0].organisation, waiting[0].message_id)
            if len(batch) < self._most and key not in batch:
                batch[key] = waiting
            else:
                left.append(waiting)
        self._waiting = left
        return list(batch.values())

    async def _verdicts(self, uses: Sequence[Use]) -> list[Verdict]:
        told = await self._ask("POST", USES_PATH, Verdicts, Uses(uses=tuple(uses)))
        if not len(told.codes) == len(told.fields) == len(uses):
            raise self._wrong("verdicts for other uses")
        return list(zip(told.codes, told.fields, strict=True))

    async def _ask(self, method: str, path: str, kind: type[T], question: msgspec.Struct | None = None) -> T:
        passed = self.breaker.try_pass()
        if passed is None:
            raise Refusal(IDENTITY_UNAVAILABLE, retry_after=max(1, math.ceil(self.breaker.seconds_left)))
        try:
            octets = await self._exchange(method, path, None if question is None else msgspec.json.encode(question))
            answer = msgspec.json.decode(octets, type=kind)
        except _RefusedError as refused:
            # It answers: an odd call does not take it away from the others.
            self.breaker.succeeded(passed)
            if refused.status == _BAD_REQUEST and path != USES_PATH:
                raise Refusal(MALFORMED, "the identity system does not take this message") from None
            raise self._wrong(f"it refused with {refused.status}") from None
        except _TROUBLES as error:
            self.breaker.failed(passed)
            # Not its text, which may quote what was asked.
            raise self._wrong(type(error).__name__) from None
        except BaseException:
            self.breaker.failed(passed)
            raise
        self.breaker.succeeded(passed)
        return answer

    async def _exchange(self, method: str, path: str, body: bytes | None) -> bytes:
        try:
            return await self._send(method, path, body)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError):
            # A kept connection that the other side had just closed. A message that is sent twice counts once there.
            return await self._send(method, path, body)

    async def _send(self, method: str, path: str, body: bytes | None) -> bytes:
        self.requests += 1
        async with self._session.request(method, self._url + path, data=body, allow_redirects=False) as response:
            octets = bytearray()
            async for piece in response.content.iter_any():
                octets += piece
                if len(octets) > _LARGEST:
                    raise _WrongError
            if 400 <= response.status < 500:
                raise _RefusedError(response.status)
            if response.status not in (200, 201) or response.content_type != "application/json":
                raise _WrongError
            return bytes(octets)

    def _wrong(self, why: str) -> Refusal:
        _log.error("the identity system could not be asked: %s", why)
        return Refusal(IDENTITY_UNAVAILABLE)


class _RefusedError(Exception):
    """The identity system would not take what was asked."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _WrongError(Exception):
    """An answer that is none."""


_TROUBLES: Final = (
    aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError, UnicodeDecodeError, _WrongError,
)  # fmt: skip


def _tell(state: State) -> None:
    _log.warning("the circuit to the identity system is %s", state.value)
