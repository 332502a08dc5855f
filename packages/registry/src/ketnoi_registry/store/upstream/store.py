"""The store that asks: a question becomes a look-up (037) of the service behind, or a yes or no of it (033)."""

from __future__ import annotations

import asyncio
import logging
import unicodedata
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ketnoi_protocol.envelope import Claimed, ConfirmRequest, ExistsAnswer, LookUpAnswer, LookUpRequest
from ketnoi_protocol.errors import Refusal
from ketnoi_protocol.names import key_legacy
from ketnoi_protocol.services import AnswerShape, Service
from ketnoi_protocol.soap_dialect import SoapOperation
from ketnoi_protocol.soap_requests import encode_request
from ketnoi_runtime.clock import Clock

from ..interface import Asking, Found
from .answers import LEFT_ALONE, Trouble, read_answer
from .client import UpstreamClient
from .people import found_in
from .settings import Upstream

_log = logging.getLogger(__name__)

T = TypeVar("T")


class UpstreamStore:
    """An existing service as a store. Made within the running loop; `close` it."""

    def __init__(self, settings: Upstream, base: Path, clock: Clock) -> None:
        """Raises UpstreamError when a file of the settings cannot be used."""
        settings.check()
        self._settings = settings
        operations = settings.operations(base)
        self._look_up_operation = operations[Service.LOOK_UP_CITIZEN.value]
        self._confirm_operation = operations[Service.CONFIRM_IDENTITY_NUMBER.value]
        self._looking_up = UpstreamClient(settings, settings.url, base, clock)
        self._confirming = UpstreamClient(settings, settings.confirm_url, base, clock) if settings.confirm_url else None

    async def close(self) -> None:
        """Close its connections."""
        for client in self._clients:
            await client.close()

    @property
    def _clients(self) -> list[UpstreamClient]:
        return [client for client in (self._looking_up, self._confirming) if client is not None]

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

    async def confirm(self, claim: Claimed, asking: Asking) -> str | None:
        """As Store says. Without a birth date the service is asked for yes or no, and compares the name itself."""
        number, client = claim.personal_number, self._confirming
        if claim.birth_text is not None or number is None or client is None:
            found = await self.find(claim, asking)
            return found.personal_number if found is not None else None
        plain = asking.matching.legacy_names and self._settings.names == "plain"
        asked = ConfirmRequest(
            personal_number=number,
            old_number=claim.old_number,
            name=_written(claim.name, plain),
            ma_tich_hop=self._settings.ma_dich_vu,
            **self._header(),
        )
        operation = self._confirm_operation

        def read(status: int, octets: bytes) -> bool:
            answer = read_answer(operation, AnswerShape.EXISTS, status, octets)
            assert isinstance(answer, ExistsAnswer), "its shape is that"
            return answer.exists

        return number if await self._ask(client, asked, operation, read) else None

    async def has_held(self, old_number: str, claim: Claimed, found: Found | None, asking: Asking) -> bool:
        """As Store says: whether the old number leads the service to the same person."""
        holder = await self._look_up(claim, asking, old_number=old_number)
        return found is not None and holder is not None and holder.personal_number == found.personal_number

    async def old_numbers(self, claim: Claimed, asking: Asking) -> tuple[str, ...]:
        """As Store says; the service tells of the newest alone, and not whether somebody else has held it too."""
        found = await self.find(claim, asking)
        old = found.citizen.old_number if found is not None else None
        return (old,) if old is not None else ()

    def health(self) -> dict[str, Any]:
        """The circuit's state, and counts since the start; those of service 033, which has its own, beneath."""
        beneath = {"confirm": self._confirming.health()} if self._confirming is not None else {}
        return {"kind": "upstream", **self._looking_up.health(), **beneath}

    async def _look_up(
        self, claim: Claimed, asking: Asking, *, personal_number: str | None = None, old_number: str | None = None
    ) -> Found | None:
        if claim.birth_text is None:
            raise Refusal("10", "NgayThangNamSinh is needed: the database behind asks for it")
        asked = LookUpRequest(
            personal_number=personal_number,
            old_number=old_number,
            name=_written(claim.name, self._settings.names == "plain"),
            birth_text=claim.birth_text,
            ma_tich_hop=self._settings.ma_tich_hop,
            **self._header(),
        )
        operation = self._look_up_operation

        def read(status: int, octets: bytes) -> Found | None:
            answer = read_answer(operation, AnswerShape.C06_037, status, octets)
            assert isinstance(answer, LookUpAnswer), "its shape is that"
            found = found_in(answer, asked, claim.name, asking, self._settings.relations)
            if found is None and answer.citizen is not None:
                self._looking_up.unlike += 1
            return found

        return await self._ask(self._looking_up, asked, operation, read)

    def _header(self) -> dict[str, str]:
        """As whom the registry asks, under a MaYeuCau that nobody has used."""
        settings = self._settings
        return {
            "ma_yeu_cau": uuid.uuid4().hex,
            "ma_dvc": settings.ma_dvc,
            "ma_don_vi": settings.ma_don_vi,
            "ma_can_bo": settings.ma_can_bo,
        }

    async def _ask(
        self,
        client: UpstreamClient,
        asked: ConfirmRequest | LookUpRequest,
        operation: SoapOperation,
        read: Callable[[int, bytes], T],
    ) -> T:
        about = asked.personal_number or asked.old_number or ""
        try:
            return await client.ask(encode_request(operation, asked), about, read)
        except Trouble as trouble:
            if trouble.reason != LEFT_ALONE:  # of which the circuit has told once
                _log.warning("the database behind did not answer: %s %s", trouble.code, trouble.reason)
            raise


def _written(name: str, plain: bool) -> str:
    return key_legacy(name) if plain else unicodedata.normalize("NFC", name).upper()
