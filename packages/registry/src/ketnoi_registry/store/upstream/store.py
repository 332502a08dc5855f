"""The store that asks: every question about a person becomes a look-up (037) of the service behind."""

from __future__ import annotations

import asyncio
import logging
import unicodedata
import uuid
from typing import Any

from ketnoi_protocol.envelope import Claimed, LookUpRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.names import key_legacy
from ketnoi_protocol.services import Service
from ketnoi_protocol.soap_dialect import load_dialect
from ketnoi_protocol.soap_requests import encode_request

from ..interface import Asking, Found
from .answers import Trouble, read_answer
from .client import UpstreamClient
from .people import found_in
from .settings import Upstream

_log = logging.getLogger(__name__)


class UpstreamStore:
    """An existing service as a store."""

    def __init__(self, settings: Upstream, client: UpstreamClient) -> None:
        self._settings = settings
        self._client = client
        self._operation = load_dialect(settings.dialect)[Service.LOOK_UP_CITIZEN.value]

    async def find(self, claim: Claimed, asking: Asking) -> Found | None:
        """As Store says. The service compares one number only, so with two it is asked about each, always.

        Raises Refusal `10` without a birth date, for which the service asks.
        """
        if claim.personal_number is None:
            return await self._look_up(claim, asking, old_number=claim.old_number)
        if claim.old_number is None:
            return await self._look_up(claim, asking, personal_number=claim.personal_number)
        found, holder = await asyncio.gather(
            self._look_up(claim, asking, personal_number=claim.personal_number),
            self._look_up(claim, asking, old_number=claim.old_number),
        )
        same = found is not None and holder is not None and found.personal_number == holder.personal_number
        return found if same else None

    async def has_held(self, old_number: str, claim: Claimed, found: Found | None, asking: Asking) -> bool:
        """As Store says: whether the old number leads the service to the same person."""
        holder = await self._look_up(claim, asking, old_number=old_number)
        return found is not None and holder is not None and holder.personal_number == found.personal_number

    def health(self) -> dict[str, Any]:
        """The breaker's state, and counts since the start."""
        return {"kind": "upstream", **self._client.health()}

    async def _look_up(self, claim: Claimed, asking: Asking, **number: str | None) -> Found | None:
        if claim.birth_text is None:
            raise Refusal("10", "NgayThangNamSinh is needed: the database behind asks for it")
        settings = self._settings
        plain = settings.names == "plain"
        asked = LookUpRequest(
            **number,
            name=key_legacy(claim.name) if plain else unicodedata.normalize("NFC", claim.name).upper(),
            birth_text=claim.birth_text,
            ma_yeu_cau=uuid.uuid4().hex,
            ma_dvc=settings.ma_dvc,
            ma_tich_hop=settings.ma_tich_hop,
            ma_don_vi=settings.ma_don_vi,
            ma_can_bo=settings.ma_can_bo,
        )
        operation = self._operation

        def read(status: int, octets: bytes) -> Found | None:
            answer = read_answer(operation, status, octets)
            return found_in(answer, asked, claim.name, asking, settings.relations)

        try:
            return await self._client.ask(encode_request(operation, asked), read)
        except Trouble as trouble:
            _log.warning("the database behind did not answer: %s %s", trouble.code, trouble.reason)
            raise
