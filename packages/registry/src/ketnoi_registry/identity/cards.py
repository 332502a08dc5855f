"""Officers' cards (TheCanBo): verified with the identity system's keys, which are asked for every few seconds."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import ECKey

from ketnoi_protocol.consent import IDENTITY_UNAVAILABLE, NOT_PROVED_OFFICER
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.officer_token import ALGORITHM, LEVEL, LONGEST_SECONDS, TYPE, OfficerClaims, OfficerKeys, audience
from ketnoi_protocol.services import Environment
from ketnoi_runtime.clock import Clock

from .client import IdentityClient
from .settings import Identity

_log = logging.getLogger(__name__)

SKEW_SECONDS: Final = 30
"""How far the identity system's clock may be from ours, either way [our choice]."""
_MOST_KEYS: Final = 10


@dataclass(frozen=True, slots=True)
class _Known:
    keys: dict[str, ECKey]
    terms: str
    at: datetime


class OfficerCards:
    """The keys of one identity system, as far as they are known, and the judgement about one card."""

    def __init__(
        self, settings: Identity, environment: Environment | str, client: IdentityClient, clock: Clock
    ) -> None:
        self._issuer = settings.issuer.rstrip("/")
        self._audience = audience(environment)
        self._client = client
        self._clock = clock
        self._every = settings.poll_seconds
        self._good = timedelta(seconds=settings.good_seconds)
        self._known: _Known | None = None
        self._hurry = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Ask once, then every few seconds. Keys that cannot be had yet are no error: calls are refused."""
        await self._poll_safely()
        self._task = asyncio.create_task(self._poll_for_ever())

    async def stop(self) -> None:
        """Stop asking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def poll(self) -> None:
        """Take over the keys and terms of this moment. Raises Refusal `44`."""
        told = await self._client.keys()
        self._known = _Known(_readable(told), told.terms, self._clock.now())

    def check(self, card: str, at: datetime, *, organisation: str, message_id: str, officer: str) -> None:
        """That the identity system says of this message that this officer of this organisation sends it.

        Raises Refusal `27`, whose detail quotes nothing of the card, and `44` when no keys are known that count.
        """
        known = self._known
        if known is None or at - known.at > self._good:
            raise Refusal(IDENTITY_UNAVAILABLE, "the keys of officers' cards are not known")
        claims = self._claims(card, known)
        if claims.iss.rstrip("/") != self._issuer or claims.aud != self._audience:
            raise _not_proved("it is another system's or for another environment")
        if not claims.iat < claims.exp <= claims.iat + LONGEST_SECONDS:
            raise _not_proved("it holds for longer than a card may")
        now = at.timestamp()
        if not claims.iat - SKEW_SECONDS <= now < claims.exp + SKEW_SECONDS:
            raise _not_proved("it is not valid at this moment")
        if claims.mid != message_id:
            raise _not_proved("it is for another message")
        if claims.org != organisation:
            raise _not_proved("it is another organisation's")
        if claims.sub != officer:
            raise _not_proved("it is another officer's than MaCanBo")
        if claims.acr != LEVEL:
            raise _not_proved("the officer's account is not of level 2")
        if claims.terms != known.terms:
            raise _not_proved("the officer has not accepted the current terms")

    def _claims(self, card: str, known: _Known) -> OfficerClaims:
        def key_of(signed: Any) -> ECKey:
            header = signed.headers()
            if header.get("typ") != TYPE:
                raise _not_proved("it is no officer's card")
            key = known.keys.get(str(header.get("kid")))
            if key is None:
                self._hurry.set()
                raise _not_proved("its key is not, or no longer, the identity system's")
            return key

        try:
            signed = jws.deserialize_compact(card, key_of, algorithms=[ALGORITHM])
            return msgspec.json.decode(signed.payload, type=OfficerClaims)
        except BadSignatureError:
            raise _not_proved("its signature is wrong") from None
        except (JoseError, ValueError, msgspec.MsgspecError):
            raise _not_proved("it cannot be read") from None

    async def _poll_for_ever(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._hurry.wait(), self._every)
                # A card may name any key, so that an unknown one makes us ask once a second at most.
                await asyncio.sleep(min(1.0, self._every))
            except TimeoutError:
                pass
            self._hurry.clear()
            await self._poll_safely()

    async def _poll_safely(self) -> None:
        try:
            await self.poll()
        except Refusal:
            pass  # the client has logged it


def _not_proved(why: str) -> Refusal:
    return Refusal(NOT_PROVED_OFFICER, f"TheCanBo: {why}")


def _readable(told: OfficerKeys) -> dict[str, ECKey]:
    """The P-256 keys that sign, by their id."""
    keys = {}
    for each in told.keys[:_MOST_KEYS]:
        if each.get("kty") == "EC" and each.get("crv") == "P-256" and isinstance(each.get("kid"), str):
            try:
                keys[each["kid"]] = ECKey.import_key({name: each[name] for name in ("kty", "crv", "x", "y")})
            except (JoseError, ValueError, KeyError):
                _log.error("the identity system tells a key that is none")
    return keys
