"""Repeated questions: the same MaYeuCau with the same content is answered with the same octets, for a time.

The register may have changed since the first answer, so an answer made again would be another one; the first answer
is kept, in the same commit as its row in the access log. It holds personal data, so it is encrypted (AES-256-GCM), and
not under one key: each answer's is made of the registry's secret and of the whole question, which the database does
not have. So neither the database nor the key file nor both open a kept answer; whoever asks the same question does.
After the window nothing of it is left and the MaYeuCau is free again.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ketnoi_protocol.consent_messages import RequestConsent
from ketnoi_protocol.envelope import Request
from ketnoi_runtime.clock import Clock
from ketnoi_runtime.database import DATABASE_ERRORS

from .access_log import Earlier, Pseudonyms, Subject
from .store.lookups import Lookups

_log = logging.getLogger(__name__)
_CONTENT = msgspec.json.Encoder(order="deterministic")
_NONCE_BYTES = 12
_AT_ONCE = 5_000

_TAKEN = """
SELECT request_digest, content_digest, first_used_at, answer FROM used_request WHERE request_digest = any($1)
"""
_FORGET = """
DELETE FROM used_request WHERE request_digest IN (
    SELECT request_digest FROM used_request WHERE first_used_at <= $1 LIMIT $2 FOR UPDATE SKIP LOCKED)
"""


class UnreadableAnswerError(Exception):
    """A kept answer cannot be opened; nothing is told of it."""


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """An answer as it left, and what the access log said of it."""

    body: bytes
    result_code: str
    released_fields: tuple[str, ...]
    subject_key_id: str
    subjects: tuple[Subject, ...]
    consent: str | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """One use of a MaYeuCau: keyed digests of it and of the content, and the key of its answer.

    The officer's card is no part of the content, since it is made anew for each message. The consent is: a question
    under another consent is another question.
    """

    request_digest: bytes
    content_digest: bytes
    key: bytes

    @classmethod
    def of(
        cls, pseudonyms: Pseudonyms, organisation: str, service: str, dialect: str, request: Request | RequestConsent
    ) -> Claim:
        """The claim of a question. Service and dialect are part of its content, since the answer's octets depend on
        them and a profile may give two services one MaTichHop."""
        if request.officer_token is not None:
            request = msgspec.structs.replace(request, officer_token=None)
        content = f"{service}\0{dialect}\0".encode() + _CONTENT.encode(request)
        return cls(
            pseudonyms.of_request(organisation, request.ma_yeu_cau),
            pseudonyms.of_content(content),
            pseudonyms.answer_key(organisation, request.ma_yeu_cau, content),
        )

    @property
    def question(self) -> str:
        """What the identity system knows the question by: the same for a repetition, and it tells nothing."""
        return hashlib.sha256(self.request_digest + self.content_digest).hexdigest()

    def seal(self, kept: Kept) -> bytes:
        """The answer, encrypted."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + AESGCM(self.key).encrypt(nonce, msgspec.msgpack.encode(kept), self.request_digest)

    def open(self, sealed: bytes) -> Kept:
        """The answer again. Raises UnreadableAnswerError."""
        try:
            plain = AESGCM(self.key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self.request_digest)
            return msgspec.msgpack.decode(plain, type=Kept)
        except (InvalidTag, ValueError, msgspec.MsgspecError):
            raise UnreadableAnswerError from None


class Taken:
    """Which MaYeuCau are taken, read for many callers at a time; `timeout` of one statement in seconds.

    Asked before the quota and before the look-up: a repetition costs neither, and is answered though the people cannot
    be read at the moment. Two that come at the same time both find nothing here; the access log's statement judges.
    """

    def __init__(self, pool: asyncpg.Pool, window: timedelta, timeout: float) -> None:
        self._pool = pool
        self._window = window
        self._timeout = timeout
        self._taken: Lookups[bytes, asyncpg.Record] = Lookups(self._read)

    async def by(self, claim: Claim, at: datetime) -> Earlier | None:
        """The earlier use of a claim's MaYeuCau, None where there is none within the window. Raises DATABASE_ERRORS,
        TimeoutError."""
        row = await self._taken.get(claim.request_digest)
        if row is None or row["first_used_at"] <= at - self._window:
            return None
        same = row["content_digest"] == claim.content_digest
        return Earlier(same, row["answer"] if same else None)

    async def _read(self, digests: list[bytes]) -> dict[bytes, asyncpg.Record]:
        rows = await self._pool.fetch(_TAKEN, digests, timeout=self._timeout)
        return {row["request_digest"]: row for row in rows}


class Forgetting:
    """Removes what is older than the window, on every node, in small steps."""

    def __init__(self, pool: asyncpg.Pool, clock: Clock, window: timedelta) -> None:
        self._pool = pool
        self._clock = clock
        self._window = window
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin: at once, and then ten times in each window, but every ten minutes at the least."""
        self._task = asyncio.create_task(self._for_ever())

    async def stop(self) -> None:
        """End. What is left to be forgotten is forgotten after the next start."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def forget(self, at: datetime) -> int:
        """Remove what is older than the window at this moment; how many that were."""
        total = 0
        while True:
            told = await self._pool.execute(_FORGET, at - self._window, _AT_ONCE)
            count = int(told.removeprefix("DELETE "))
            total += count
            if count < _AT_ONCE:
                return total

    async def _for_ever(self) -> None:
        while True:
            try:
                await self.forget(self._clock.now())
            except DATABASE_ERRORS as error:
                _log.warning("kept answers could not be forgotten yet: %s", type(error).__name__)
            await asyncio.sleep(min(self._window.total_seconds() / 10, 600.0))
